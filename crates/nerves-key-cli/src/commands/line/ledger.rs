//! The ledger that the arguments name.

use std::path::Path;

use atecc::SerialNumber;
use data_encoding::HEXUPPER_PERMISSIVE;
use nerves_key_line::{Author, Database, DatabaseError, Ledger, LedgerError, Sqlite, Tables};

use crate::cli::line::Place;
use crate::error::{CliError, Exit};
use crate::output::escape;

/// # Errors
/// Exit code 5 for names that are none.
pub(super) fn tables(place: &Place) -> Result<Tables, CliError> {
    Tables::new(place.schema.as_deref(), &place.prefix).map_err(CliError::refused)
}

/// Make the tables where there are none.
pub(super) fn create(place: &Place) -> Result<Ledger, CliError> {
    Ledger::create(database(place)?, tables(place)?, author(place)?).map_err(cli_error)
}

/// How long a server may take to answer while a chip waits.
#[cfg(feature = "line-postgres")]
const WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Open a ledger that is there.
pub(super) fn open(place: &Place) -> Result<Ledger, CliError> {
    match reach(place)? {
        Ok(ledger) => Ok(ledger),
        Err(error) => Err(cli_error(error)),
    }
}

/// Open a ledger that is there, or may be away.
///
/// # Errors
/// Exit code 5 where the arguments name none. What it says itself is within.
pub(super) fn reach(place: &Place) -> Result<Result<Ledger, LedgerError>, CliError> {
    if !is_server(&place.ledger) && !file(&place.ledger)?.exists() {
        let cause = "there is no such ledger: nerves-key line init makes one";
        return Err(CliError::refused(cause).about(display_name(&place.ledger)));
    }
    let (database, tables, author) = (database(place)?, tables(place)?, author(place)?);
    Ok(Ledger::open(database, tables, author))
}

/// Exit code 1 where the same may succeed later, 5 otherwise.
pub(super) fn cli_error(error: LedgerError) -> CliError {
    match error {
        LedgerError::Database(
            DatabaseError::Away(_) | DatabaseError::Busy(_) | DatabaseError::Replaced(_),
        ) => CliError::failed(error),
        LedgerError::NoUnit(_) | LedgerError::Scrapped(_) | LedgerError::Order { .. } => {
            CliError::new(Exit::Stage, error)
        }
        error => CliError::refused(error),
    }
}

/// The serial number of a chip, as it is typed.
pub(super) fn chip(text: &str) -> Result<SerialNumber, CliError> {
    let bytes = HEXUPPER_PERMISSIVE.decode(text.as_bytes()).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map(SerialNumber).ok_or_else(|| {
        CliError::refused(format!(
            "{text:?} is no serial number of a chip: 18 hex digits, as nerves-key info shows them"
        ))
    })
}

/// A URL, or words such as `host=.. user=..`: no name of a file, which may be
/// written `./a=b`.
fn is_server(ledger: &str) -> bool {
    let is_word = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
    let begins = |scheme: &str| {
        let begin = ledger.get(..scheme.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    begins("postgres:")
        || begins("postgresql:")
        || ledger
            .split_once('=')
            .is_some_and(|(name, _)| is_word(name))
}

/// The name of a file.
///
/// # Errors
/// Exit code 5 for what is meant as a URL.
fn file(ledger: &str) -> Result<&Path, CliError> {
    if ledger.contains("://") {
        return Err(CliError::refused(
            "--ledger has a URL that begins neither with postgres:// nor with postgresql://",
        ));
    }
    Ok(Path::new(ledger))
}

/// Whether a message may not show it: words of a server, mistyped, are taken for
/// the name of a file.
fn has_password(ledger: &str) -> bool {
    ledger.to_ascii_lowercase().contains("password")
}

/// What a message shows of it.
fn display_name(ledger: &str) -> String {
    if has_password(ledger) {
        "--ledger".to_owned()
    } else {
        escape(ledger)
    }
}

#[cfg(feature = "line-postgres")]
fn server(url: &str, ca: Option<&Path>) -> Result<Box<dyn Database>, CliError> {
    let mut server = nerves_key_line::Postgres::new(url, ca)
        .map_err(|error| CliError::refused(error).about("--ledger"))?;
    server.set_statement_limit(WAIT);
    Ok(Box::new(server))
}

#[cfg(not(feature = "line-postgres"))]
fn server(_: &str, _: Option<&Path>) -> Result<Box<dyn Database>, CliError> {
    Err(CliError::refused(
        "this program was built without PostgreSQL: build it with the feature line-postgres, or \
         name a file",
    ))
}

fn database(place: &Place) -> Result<Box<dyn Database>, CliError> {
    if is_server(&place.ledger) {
        return server(&place.ledger, place.ledger_ca.as_deref());
    }
    let of_servers = [
        ("--schema", place.schema.is_some()),
        ("--ledger-ca", place.ledger_ca.is_some()),
    ];
    if let Some((option, _)) = of_servers.iter().find(|(_, is_given)| *is_given) {
        return Err(CliError::refused(format!(
            "{option} is of a server; a file has none"
        )));
    }
    let file = Sqlite::open(file(&place.ledger)?).map_err(|error| {
        let is_away = matches!(error, DatabaseError::Away(_));
        let refused = if has_password(&place.ledger) {
            // The cause has the name in it.
            CliError::refused("it cannot be opened as a file")
        } else {
            CliError::refused(error)
        };
        let refused = refused.about(display_name(&place.ledger));
        if is_away {
            refused.with_advice("Its folder has to be there, with the right to write, and room.")
        } else {
            refused
        }
    })?;
    Ok(Box::new(file))
}

pub(super) fn author(place: &Place) -> Result<Author, CliError> {
    let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let user = || {
        std::env::var("USER")
            .or_else(|_| std::env::var("LOGNAME"))
            .ok()
    };
    let station = place.station.clone().or_else(host);
    let operator = place.operator.clone().or_else(user);
    let author = Author {
        station: station.unwrap_or_default().trim().to_owned(),
        operator: operator.unwrap_or_else(|| "unknown".to_owned()),
    };
    for (option, name) in [
        ("--station", &author.station),
        ("--operator", &author.operator),
    ] {
        let fits = (1..=64).contains(&name.chars().count());
        if !fits || atecc_text::hidden(name).is_some() {
            return Err(CliError::refused(format!(
                "{option} {name:?}: 1 to 64 characters that can be seen"
            )));
        }
    }
    Ok(author)
}
