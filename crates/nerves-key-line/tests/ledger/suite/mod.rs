//! What a ledger promises, on whatever database it lives in.

mod activity;
mod audit;
mod cases;
mod export;
mod limits;
pub(crate) mod objects;
mod parameters;
mod race;
pub(crate) mod spool;

use std::process::ExitCode;
use std::sync::Arc;

use atecc::SerialNumber;
use libtest_mimic::{Arguments, Trial};
use nerves_key_line::{Author, Batch, Database, Ledger, SerialScheme, Tables};

/// A database that several can open.
pub(crate) trait Place: Sync {
    fn open(&self) -> Box<dyn Database>;

    fn tables(&self) -> Tables;

    fn ledger(&self, station: &str) -> Ledger {
        let author = Author {
            station: station.to_owned(),
            operator: "ada".to_owned(),
        };
        Ledger::create(self.open(), self.tables(), author).unwrap()
    }
}

/// In memory where that is possible: no power is cut here, and a disk is slow.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_none| tempfile::tempdir());
    folder.unwrap()
}

/// One promise.
type Case = fn(&dyn Place);

pub(crate) fn chip(index: u16) -> SerialNumber {
    let [high, low] = index.to_be_bytes();
    SerialNumber([0x01, 0x23, high, low, 0, 0, 0, 0, 0xEE])
}

pub(crate) fn batch(name: &str, serials: &SerialScheme) -> Batch {
    let document = serde_json::json!({
        "name": name,
        "product": "sensor",
        "count": 100,
        "board": "NervesKey",
        "layout": "standard",
        "format": 0,
        "signer": "3000",
        "serials": serials,
    });
    Batch::from_document(&document.to_string()).unwrap()
}

pub(crate) fn pattern(text: &str) -> SerialScheme {
    SerialScheme::Pattern(text.parse().unwrap())
}

/// All of them, by name, as tests or as rows of a table.
macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        const CASES: &[(&str, Case)] = &[$((stringify!($case), $module::$case)),*];
    };
}

cases! {
    cases::serials_are_given_in_order,
    cases::a_chip_keeps_its_serial,
    cases::a_unit_goes_from_state_to_state,
    cases::of_two_that_saw_one_state_one_wins,
    cases::a_key_is_one_units,
    cases::a_certificate_number_is_one_units,
    cases::a_replaced_key_stays_on_record,
    cases::a_batch_is_full_and_scrap_makes_room,
    cases::scanned_serials_are_unique_in_their_product,
    cases::a_batch_is_loaded_once,
    cases::a_chip_of_another_batch_is_named,
    cases::serials_run_out,
    cases::two_batches_go_on_with_one_counter,
    cases::numbers_below_a_later_first_are_a_range,
    cases::a_batch_that_finds_too_few_serials_is_not_loaded,
    cases::serials_of_other_schemes_are_missed_when_a_batch_is_loaded,
    cases::a_list_is_promised_once,
    cases::a_finished_chip_is_recorded,
    cases::tables_of_a_later_program_are_left_alone,
    cases::a_clock_that_jumped_back_stops_the_line,
    cases::a_failure_is_an_event,
    race::no_serial_is_given_twice,
    race::one_chip_at_two_stations,
    race::who_reads_holds_up_nobody,
    activity::what_was_done_is_counted_by_station_and_cause,
    audit::what_was_not_touched_is_sound,
    audit::every_change_is_noticed,
    audit::a_batch_that_was_altered_makes_nothing,
    audit::a_shortened_chain_is_noticed_by_its_head,
    limits::a_number_at_its_end_is_a_damaged_row,
    objects::a_table_that_was_rebuilt_is_named,
    export::what_is_new_since_an_export_goes_out_once,
    parameters::parameters_go_by_their_numbers,
    spool::what_was_spooled_is_brought_home,
    spool::a_conflict_is_named_and_nothing_is_overwritten,
    spool::a_key_or_number_of_another_stays_in_the_spool,
    spool::leased_numbers_are_nobody_elses_and_come_back,
    spool::serials_that_went_back_are_counted,
    spool::a_lease_leaves_half_of_the_free_places,
    spool::leases_take_no_more_places_than_there_are,
    spool::a_spool_of_something_else_is_refused,
    spool::a_spool_that_cannot_be_read_says_why,
    spool::a_chip_of_the_ledger_is_left_to_it,
    spool::a_copied_spool_gives_a_serial_once,
}

/// Run every case, each on a database of its own, and `more`.
pub(crate) fn run(
    place: impl Fn(&str) -> Box<dyn Place> + Sync + Send + 'static,
    more: Vec<Trial>,
) -> ExitCode {
    let arguments = Arguments::from_args();
    let place = Arc::new(place);
    let trials = CASES.iter().map(|&(name, case)| {
        let place = Arc::clone(&place);
        Trial::test(name, move || {
            case(&*place(name));
            Ok(())
        })
    });
    let trials = trials.chain(more).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
