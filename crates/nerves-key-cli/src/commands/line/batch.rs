//! `nerves-key line batch`: a batch from its TOML file.

use std::fmt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use nerves_key_line::{Batch, BatchLayout, SerialList, SerialPattern, SerialScheme};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::ledger;
use crate::cli;
use crate::counted::counted;
use crate::error::CliError;
use crate::files;
use crate::output::Output;

/// More than a list of a million serials needs.
const LIMIT: u64 = 64 * 1024 * 1024;

/// The file. Paths are relative to its folder.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a batch")]
struct Description {
    name: String,
    product: String,
    count: Whole,
    #[serde(default = "board")]
    board: String,
    #[serde(default)]
    layout: BatchLayout,
    #[serde(default)]
    format: Whole,
    signer: PathBuf,
    serials: Serials,
}

/// Exactly one of `pattern`, `list`, `scanned` and `chip`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
struct Serials {
    pattern: Option<String>,
    first: Option<Whole>,
    list: Option<PathBuf>,
    column: Option<String>,
    #[serde(default)]
    scanned: bool,
    #[serde(default)]
    chip: bool,
}

/// A number of the file. Its range is told in words of the file, not in those of
/// a type.
#[derive(Clone, Copy, Debug, Default)]
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
        }

        deserializer.deserialize_i64(Number)
    }
}

impl Whole {
    /// # Errors
    /// Exit code 5 with `limits` for a number that is none of them.
    fn within<T: TryFrom<i64>>(self, file: &Path, name: &str, limits: &str) -> Result<T, CliError> {
        let Self(number) = self;
        T::try_from(number)
            .map_err(|_beyond| CliError::input(file, format!("{name} = {number}: {limits}")))
    }
}

fn board() -> String {
    "NervesKey".to_owned()
}

pub(super) fn run(arguments: &cli::line::Batch, output: Output) -> Result<(), CliError> {
    let batch = read(&arguments.file)?;
    let digest = batch.digest();
    let name = &batch.name;
    let mut ledger = ledger::open(&arguments.place)?;
    let is_new = if arguments.dry_run {
        ledger.check_load(&batch)
    } else {
        ledger.load(&batch)
    };
    let is_new = is_new.map_err(ledger::cli_error)?;
    let text = match (is_new, arguments.dry_run) {
        (true, true) => "can be loaded",
        (true, false) => "is loaded",
        (false, _) => "was loaded before, the same",
    };
    output.result(
        &format!(
            "{name:?} {text}: {}, digest {digest}",
            counted(batch.count, "unit")
        ),
        &json!({ "name": name, "digest": digest, "loaded": is_new && !arguments.dry_run }),
    )
}

fn read(path: &Path) -> Result<Batch, CliError> {
    let text = files::read_text(path)?;
    let description: Description =
        toml::from_str(&text).map_err(|error| CliError::input(path, describe(&error, &text)))?;
    let count: u32 = description
        .count
        .within(path, "count", "1 to 1000000 units")?;
    let format: u8 = description.format.within(path, "format", "0 or 1")?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let signer = folder.join(&description.signer);
    // What a chip could not give back is refused here, not at the first chip.
    files::signer(&signer)?;
    let certificate = files::certificate(&signer)?;
    let document = json!({
        "name": description.name,
        "product": description.product,
        "count": count,
        "board": description.board,
        "layout": description.layout,
        "format": format,
        "signer": HEXLOWER.encode(certificate.as_der()),
        "serials": scheme(&description.serials, folder, path)?,
    });
    Batch::from_document(&document.to_string()).map_err(|error| CliError::input(path, error))
}

/// An error of the file in one line, with the number of its own where it is about
/// one.
fn describe(error: &toml::de::Error, text: &str) -> String {
    let message: Vec<_> = error.message().lines().collect();
    let message = message.join(", ");
    // What is missing stands in no line: its span is empty, at the beginning.
    let span = error.span().filter(|span| *span != (0..0));
    match span.and_then(|span| text.get(..span.start)) {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            format!("line {line}: {message}")
        }
        None => message,
    }
}

fn scheme(serials: &Serials, folder: &Path, file: &Path) -> Result<SerialScheme, CliError> {
    let wrong = |text: &str| Err(CliError::input(file, text.to_owned()));
    let given = [
        serials.pattern.is_some(),
        serials.list.is_some(),
        serials.scanned,
        serials.chip,
    ];
    if given.iter().filter(|is_given| **is_given).count() != 1 {
        return wrong("[serials] has one of pattern, list, scanned = true and chip = true");
    }
    if serials.first.is_some() && serials.pattern.is_none() {
        return wrong("[serials] first belongs to pattern");
    }
    if serials.column.is_some() && serials.list.is_none() {
        return wrong("[serials] column belongs to list");
    }
    if let Some(text) = &serials.pattern {
        let pattern = text.parse::<SerialPattern>();
        let first = serials.first.unwrap_or_default();
        let first: u64 = first.within(file, "first", "0 or more")?;
        let pattern = pattern.and_then(|it| it.starting_at(first));
        let pattern = pattern.map_err(|error| CliError::input(file, error))?;
        return Ok(SerialScheme::Pattern(pattern));
    }
    if let Some(list) = &serials.list {
        return list_of(&folder.join(list), serials.column.as_deref()).map(SerialScheme::List);
    }
    Ok(if serials.scanned {
        SerialScheme::Scanned
    } else {
        SerialScheme::Chip
    })
}

/// A column of a CSV file, or each line of a file that is not named one.
fn list_of(path: &Path, column: Option<&str>) -> Result<SerialList, CliError> {
    let bytes = files::read_at_most(path, LIMIT)?;
    let of_file = |error: &dyn fmt::Display| CliError::input(path, error.to_string());
    let text = std::str::from_utf8(&bytes).map_err(|error| of_file(&error))?;
    let text = text.trim_start_matches('\u{FEFF}');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(column.is_some())
        .from_reader(text.as_bytes());
    let at = match column {
        None => 0,
        Some(column) => {
            let headers = reader.headers().map_err(|error| of_file(&error))?;
            let named = headers.iter().enumerate();
            let mut named = named.filter(|(_, header)| *header == column);
            match (named.next(), named.next()) {
                (Some((at, _)), None) => at,
                (Some((first, _)), Some((second, _))) => {
                    return Err(of_file(&format_args!(
                        "the column {column:?} stands in its head twice, as the {}. and the {}.: \
                         give one of them another name",
                        first + 1,
                        second + 1
                    )));
                }
                (None, _) => {
                    let headers: Vec<_> = headers.iter().collect();
                    return Err(of_file(&format_args!(
                        "no column {column:?}: it has {headers:?}"
                    )));
                }
            }
        }
    };
    let mut serials = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| of_file(&error))?;
        if column.is_none() && record.len() > 1 {
            return Err(of_file(&format_args!(
                "a line of {} columns: name the one of the serials by [serials] column",
                record.len()
            )));
        }
        serials.push(record.get(at).unwrap_or_default().to_owned());
    }
    SerialList::new(serials.iter().map(String::as_str)).map_err(|error| of_file(&error))
}
