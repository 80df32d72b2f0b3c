//! The lines before the first empty line.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Problem;
use super::number::{decimal, hex};
use crate::{Header, Provenance, Start};

/// What has been read so far.
#[derive(Default)]
pub(super) struct Draft {
    id: Option<String>,
    chip: Option<String>,
    revision: Option<[u8; 4]>,
    address: Option<u8>,
    scl_hz: Option<u32>,
    provenance: Option<Provenance>,
    host: Option<String>,
    story: Option<String>,
    date: Option<String>,
    origin: Option<String>,
    licence: Option<String>,
    notes: Vec<String>,
    start: Option<Start>,
}

impl Draft {
    /// A line `key: value` or `| line of an image`.
    pub(super) fn line(&mut self, line: &str) -> Result<(), Problem> {
        if let Some(image) = line.strip_prefix('|') {
            return self.image(image.strip_prefix(' ').unwrap_or(image));
        }
        let (key, value) = line
            .split_once(':')
            .ok_or_else(|| Problem::HeaderLine(line.to_string()))?;
        let value = value.trim();
        match key.trim() {
            "id" => put("id", &mut self.id, identifier(filled("id", value)?)?),
            "chip" => put("chip", &mut self.chip, filled("chip", value)?.into()),
            "revision" => put("revision", &mut self.revision, revision(value)?),
            "address" => put("address", &mut self.address, address(value)?),
            "scl-hz" => put("scl-hz", &mut self.scl_hz, scl_hz(value)?),
            "provenance" => put("provenance", &mut self.provenance, value.parse()?),
            "host" => put("host", &mut self.host, filled("host", value)?.into()),
            "story" => put("story", &mut self.story, filled("story", value)?.into()),
            "date" => put("date", &mut self.date, date(value)?),
            "origin" => put("origin", &mut self.origin, filled("origin", value)?.into()),
            "licence" => put(
                "licence",
                &mut self.licence,
                filled("licence", value)?.into(),
            ),
            "note" => {
                self.notes.push(filled("note", value)?.into());
                Ok(())
            }
            "start" => put("start", &mut self.start, start(value)?),
            key => Err(Problem::Key(key.to_string())),
        }
    }

    /// The header, when all that it needs is there.
    pub(super) fn finish(self) -> Result<Header, Problem> {
        Ok(Header {
            id: self.id.ok_or(Problem::Missing("id"))?,
            chip: self.chip.ok_or(Problem::Missing("chip"))?,
            revision: self.revision,
            address: self.address.ok_or(Problem::Missing("address"))?,
            scl_hz: self.scl_hz,
            provenance: self.provenance.ok_or(Problem::Missing("provenance"))?,
            host: self.host,
            story: self.story,
            start: self.start.unwrap_or(Start::Unknown),
            origin: self.origin.ok_or(Problem::Missing("origin"))?,
            licence: self.licence.ok_or(Problem::Missing("licence"))?,
            date: self.date,
            notes: self.notes,
        })
    }

    fn image(&mut self, line: &str) -> Result<(), Problem> {
        match &mut self.start {
            Some(Start::Known(image) | Start::Constructed(image)) => {
                image.push_str(line);
                image.push('\n');
                Ok(())
            }
            None | Some(Start::Unknown) => Err(Problem::Image),
        }
    }
}

fn put<T>(key: &'static str, place: &mut Option<T>, value: T) -> Result<(), Problem> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Problem::Twice(key)),
    }
}

const fn filled<'a>(key: &'static str, value: &'a str) -> Result<&'a str, Problem> {
    if value.is_empty() {
        Err(Problem::Empty(key))
    } else {
        Ok(value)
    }
}

fn wrong(key: &'static str, value: &str, wanted: &'static str) -> Problem {
    Problem::Value {
        key,
        value: value.to_string(),
        wanted,
    }
}

fn identifier(value: &str) -> Result<String, Problem> {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if value.bytes().all(fits) {
        Ok(value.to_string())
    } else {
        let wanted = "lower-case letters, digits and \"-\"";
        Err(wrong("id", value, wanted))
    }
}

fn revision(value: &str) -> Result<[u8; 4], Problem> {
    let bytes: Option<Vec<u8>> = (0..value.len())
        .step_by(2)
        .map(|at| hex(value.get(at..at + 2)?))
        .collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| wrong("revision", value, "four bytes, such as 00006003"))
}

fn address(value: &str) -> Result<u8, Problem> {
    let address = hex(value.strip_prefix("0x").unwrap_or(value));
    address
        .filter(|address| *address < 0x80)
        .ok_or_else(|| wrong("address", value, "a seven-bit address, such as 60"))
}

fn scl_hz(value: &str) -> Result<u32, Problem> {
    let rate = decimal(value).and_then(|rate| u32::try_from(rate).ok());
    rate.filter(|rate| *rate > 0)
        .ok_or_else(|| wrong("scl-hz", value, "a number above 0, such as 100000"))
}

fn date(value: &str) -> Result<String, Problem> {
    if is_day(value) {
        Ok(value.to_string())
    } else {
        Err(wrong(
            "date",
            value,
            "a day of the calendar, such as 2024-05-31",
        ))
    }
}

/// Whether `text` is a day of the calendar, as `2024-05-31`.
#[must_use]
pub fn is_day(text: &str) -> bool {
    let form = b"0000-00-00";
    let fits = text.len() == form.len()
        && text.bytes().zip(form).all(|(byte, form)| {
            (byte == b'-') == (*form == b'-') && (byte == b'-' || byte.is_ascii_digit())
        });
    let mut parts = text.split('-').map(|part| part.parse::<u16>().ok());
    let (Some(Some(year)), Some(Some(month)), Some(Some(day))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    fits && (1..=days).contains(&day)
}

fn start(value: &str) -> Result<Start, Problem> {
    match value {
        "unknown" => Ok(Start::Unknown),
        "known" => Ok(Start::Known(String::new())),
        "constructed" => Ok(Start::Constructed(String::new())),
        _ => Err(wrong("start", value, "unknown, known or constructed")),
    }
}
