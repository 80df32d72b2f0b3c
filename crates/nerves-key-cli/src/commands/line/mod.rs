//! `nerves-key line`: a manufacturing line above one `provision`.

mod activity;
mod audit;
mod batch;
mod chip;
mod confirmation;
mod export;
mod heads;
mod hook;
mod ledger;
mod manifest;
mod numbers;
mod reconcile;
mod reports;
mod run;
mod scan;
mod spooling;
mod station;

use nerves_key_line::{Facts, State};
use serde_json::json;

use crate::cli::line::{Line, Migrate, Place, Scrap};
use crate::error::{CliError, Exit};
use crate::output::Output;

pub(super) fn run(command: &Line, output: Output) -> Result<(), CliError> {
    match command {
        Line::Init(place) => init(place, output),
        Line::Migrate(arguments) => migrate(arguments, output),
        Line::Batch(arguments) => batch::run(arguments, output),
        Line::Run(arguments) => run::run(arguments, output),
        Line::Status(place) => status(place, output),
        Line::Audit(arguments) => audit::run(arguments, output),
        Line::Export(arguments) => export::run(arguments, output),
        Line::Reconcile(arguments) => reconcile::run(arguments, output),
        Line::Scrap(arguments) => scrap(arguments, output),
    }
}

fn init(place: &Place, output: Output) -> Result<(), CliError> {
    let ledger = ledger::create(place)?;
    let station = &ledger.author().station;
    output.result(
        &format!("the ledger is ready; this station is {station:?}"),
        &json!({ "ready": true, "station": station }),
    )
}

fn migrate(arguments: &Migrate, output: Output) -> Result<(), CliError> {
    if !arguments.print {
        return init(&arguments.place, output);
    }
    let tables = ledger::tables(&arguments.place)?;
    let role = arguments.role.as_str();
    nerves_key_line::Tables::new(Some(role), "").map_err(CliError::refused)?;
    let (migration, grants) = (tables.migration(0), tables.grants(&arguments.role));
    output.script(
        &format!("{migration}-- A station:\n{grants}"),
        &json!({ "migration": migration, "grants": grants }),
    )
}

fn status(place: &Place, output: Output) -> Result<(), CliError> {
    let mut ledger = ledger::open(place)?;
    let batches = ledger.status().map_err(ledger::cli_error)?;
    let heads = ledger.heads().map_err(ledger::cli_error)?;
    let numbers: Vec<_> = batches
        .iter()
        .map(|status| ledger.numbers(&status.batch.name))
        .collect::<Result<_, _>>()
        .map_err(ledger::cli_error)?;
    let lines = batches.iter().zip(&numbers).flat_map(|(status, numbers)| {
        let states = status.units.iter().filter(|(_, units)| **units > 0);
        let states: Vec<_> = states
            .map(|(state, units)| format!("{units} {state}"))
            .collect();
        let states = if states.is_empty() {
            "none begun".to_owned()
        } else {
            states.join(", ")
        };
        let (name, count) = (&status.batch.name, status.batch.count);
        let line = format!(
            "{name:?}: {} of {count} verified ({states})",
            status.of(State::Verified)
        );
        let numbers = numbers::lines(&status.batch, numbers);
        [line].into_iter().chain(numbers)
    });
    let text: Vec<String> = lines.collect();
    let text = if text.is_empty() {
        "no batch is loaded: nerves-key line batch FILE".to_owned()
    } else {
        text.join("\n")
    };
    let (more, activity) = activity::of(&mut ledger, &batches).map_err(ledger::cli_error)?;
    let text = format!("{text}\n{more}");
    let batches: Vec<_> = batches
        .iter()
        .zip(&numbers)
        .map(|(status, numbers)| {
            let states = status.units.iter();
            let states: serde_json::Map<_, _> = states
                .map(|(state, units)| (state.name().to_owned(), (*units).into()))
                .collect();
            json!({
                "name": status.batch.name,
                "product": status.batch.product,
                "count": status.batch.count,
                "digest": status.batch.digest(),
                "units": states,
                "numbers": numbers::document(&status.batch, numbers),
            })
        })
        .collect();
    output.result(
        &text,
        &json!({ "batches": batches, "heads": heads::document(&heads), "activity": activity }),
    )
}

fn scrap(arguments: &Scrap, output: Output) -> Result<(), CliError> {
    let chip = ledger::chip(&arguments.chip)?;
    let mut ledger = ledger::open(&arguments.place)?;
    let unit = ledger.unit(chip).map_err(ledger::cli_error)?;
    let unit =
        unit.ok_or_else(|| CliError::new(Exit::Stage, format!("the ledger knows no chip {chip}")))?;
    let mut facts = Facts::default();
    facts
        .notes
        .insert("reason".to_owned(), json!(arguments.reason));
    let unit = ledger
        .advance(&unit, State::Scrapped, &facts)
        .map_err(ledger::cli_error)?;
    output.result(
        &format!("{chip} ({:?}) is scrapped", unit.serial),
        &json!({ "chip": chip.to_string(), "serial": unit.serial, "state": unit.state.name() }),
    )
}
