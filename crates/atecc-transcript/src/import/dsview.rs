//! The table that DSView exports of its I2C decoder, as CSV or TXT:
//!
//! ```text
//! Id,Time[ns],1:I²C: Address/Data
//! 1,500000.00,Start
//! 2,505000.00,Address write: C0
//! 4,585000.00,ACK
//! ```
//!
//! Source: DSView/pv/dialogs/protocolexp.cpp of DreamSourceLab/DSView; its
//! decoders `0:I²C` and `1:I²C` are sigrok's. Columns of other rows are passed
//! over. Addresses have eight bits, which is the default, unless they themselves
//! show that they have seven.

use alloc::vec::Vec;

use super::address::Width;
use super::annotation::{self, Annotations, is_repetition};
use super::error::{at, field};
use super::table::{fields, place, rows};
use super::value::{Since, scaled};
use super::{ImportError, Malformed};
use crate::Line;

/// The actions, with times.
///
/// # Errors
/// [`ImportError`].
pub fn lines(text: &str) -> Result<Vec<Line>, ImportError> {
    let text = text.trim_start_matches('\u{feff}');
    let columns = Columns::of(text.lines().next().unwrap_or("")).map_err(at(1))?;
    let mut found = Vec::new();
    let mut last = 1;
    for (number, row) in rows(text) {
        last = number;
        let value = |place: usize| row.get(place).copied().unwrap_or("");
        if row.len() <= columns.annotation {
            let row = text.lines().nth(number - 1).unwrap_or("");
            return Err(at(number)(field("row", row, "as long as the first one")));
        }
        let annotation = value(columns.annotation);
        if annotation.is_empty() || is_repetition(annotation) {
            continue;
        }
        let time = value(columns.time);
        let ns = scaled(time, 0).ok_or_else(|| field("Time[ns]", time, "nanoseconds"));
        found.push((ns.map_err(at(number))?, number, annotation));
    }
    found.sort_by_key(|(ns, number, _)| (*ns, *number));
    let printed = found.iter().map(|(_, _, annotation)| *annotation);
    let width = annotation::width(printed, Width::Eight);
    let (mut annotations, mut since) = (Annotations::new(width), Since::default());
    for (ns, number, annotation) in found {
        let time = since.time(ns).ok_or(Malformed::Backwards);
        let time = time.map_err(at(number))?;
        annotations
            .push(Some(time), annotation)
            .map_err(at(number))?;
    }
    annotations.finish().map_err(at(last))
}

/// Whether a table of an I2C decoder begins so.
pub(super) fn is_header(line: &str) -> bool {
    let names = fields(line);
    place(&names, "Id").is_some()
        && place(&names, "Time[ns]").is_some()
        && names.iter().any(|name| is_column(name))
}

fn is_column(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with("address/data") && (name.contains("i²c") || name.contains("i2c"))
}

/// Where the columns are.
struct Columns {
    time: usize,
    annotation: usize,
}

impl Columns {
    fn of(header: &str) -> Result<Self, Malformed> {
        let names = fields(header);
        let mut decoders = (0..)
            .zip(&names)
            .filter(|(_, name)| is_column(name))
            .map(|(place, _)| place);
        match (place(&names, "Time[ns]"), decoders.next(), decoders.next()) {
            (Some(_), Some(_), Some(_)) => Err(Malformed::Missing {
                what: "columns of several I2C decoders",
                remedy: "export one at a time",
            }),
            (Some(time), Some(annotation), None) => Ok(Self { time, annotation }),
            _ => Err(Malformed::Missing {
                what: "no table of an I2C decoder: the columns must be Id, Time[ns] and one such \
                       as 1:I²C: Address/Data",
                remedy: "export the protocol list of that decoder with its row Address/Data",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    const SAMPLE: &str = include_str!("../../tests/captures/dsview.csv");

    fn shown(text: &str) -> String {
        let lines = lines(text).expect("a capture");
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rows_become_actions() {
        let wanted = "0            wake\n\
                      2000         read 60 04 113343\n\
                      4000         write 60 03 07 30 00 0000 035d\n\
                      5000         read 60 nack\n\
                      6000         read 60 07 00006002 8038\n\
                      8000         sleep 60\n";
        assert_eq!(shown(SAMPLE).replace(' ', ""), wanted.replace(' ', ""));
        let between = SAMPLE
            .replace("],1:I", "],0:SPI: MOSI,1:I")
            .replace(".00,", ".00,,")
            .replace("\r\n2,", "\r\n2,505000,FF,\r\n2,");
        let shifted = SAMPLE
            .replace("Address write: C0", "Address write: 60")
            .replace("Address read: C1", "Address read: 60");
        // What older versions print.
        let long = SAMPLE.replace(".00,", ".00000000000000000000,");
        for text in [between, shifted, long, SAMPLE.replace("I²C", "I2C")] {
            assert_eq!(shown(&text), shown(SAMPLE), "{text}");
        }
    }

    #[test]
    fn malformed_tables_are_refused() {
        for (text, line, part) in [
            (String::new(), 1, "the columns must be"),
            (
                SAMPLE.replace("Time[ns]", "Time[s]"),
                1,
                "the columns must be",
            ),
            (
                SAMPLE.replace("Address/Data", "Address/Data,2:I²C: Address/Data"),
                1,
                "export one at a time",
            ),
            (SAMPLE.lines().take(1).collect(), 1, "nothing that passed"),
            (SAMPLE.replace("505000.0", "soon"), 3, "must be nanoseconds"),
            (
                SAMPLE.replace("Address read: C1", "Address read: 193d"),
                8,
                "address \"193d\"",
            ),
            (
                SAMPLE.replace("Data write: 5D", "Data write: 93d"),
                38,
                "data \"93d\"",
            ),
            (
                SAMPLE.replace(",Stop", ",Halt"),
                6,
                "unknown event \"Halt\"",
            ),
            (SAMPLE.replace(",ACK", ","), 11, "no ACK or NACK"),
            (
                SAMPLE.replace(",Address read: C1", ""),
                8,
                "row \"7,2505000.00\": must be as long as",
            ),
        ] {
            let error = lines(&text).expect_err(part);
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(error.line, line, "{error}");
        }
    }
}
