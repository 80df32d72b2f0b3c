//! What a ledger promises, on each database that it can live in.

mod audit;
mod cases;
mod race;

use atecc::SerialNumber;
use nerves_key_line::{Author, Batch, Database, Ledger, SerialScheme, Sqlite, Tables};

/// A database that several can open.
trait Place: Sync {
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

/// A file.
struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Place for File {
    fn open(&self) -> Box<dyn Database> {
        Box::new(Sqlite::open(&self.0.path().join("line.db")).unwrap())
    }

    fn tables(&self) -> Tables {
        Tables::new(None, "line_").unwrap()
    }
}

fn chip(index: u16) -> SerialNumber {
    let [high, low] = index.to_be_bytes();
    SerialNumber([0x01, 0x23, high, low, 0, 0, 0, 0, 0xEE])
}

fn batch(name: &str, serials: SerialScheme) -> Batch {
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

fn pattern(text: &str) -> SerialScheme {
    SerialScheme::Pattern(text.parse().unwrap())
}

/// Every case on every database.
macro_rules! suite {
    ($($module:ident :: $case:ident),* $(,)?) => {
        mod on_sqlite {
            $(
                #[test]
                fn $case() {
                    super::$module::$case(&super::File::new());
                }
            )*
        }
    };
}

suite! {
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
    cases::a_finished_chip_is_recorded,
    cases::tables_of_a_later_program_are_left_alone,
    cases::a_clock_that_jumped_back_stops_the_line,
    cases::a_failure_is_an_event,
    race::no_serial_is_given_twice,
    race::one_chip_at_two_stations,
    audit::what_was_not_touched_is_sound,
    audit::every_change_is_noticed,
    audit::a_shortened_chain_is_noticed_by_its_head,
}
