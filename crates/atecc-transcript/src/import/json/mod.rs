//! The JSON of recordings, schema `atecc-recording/1`.
//!
//! One file is what one source says of one chip: `bus_transactions` of a
//! capture, or `exchanges` of a log, or both, and dumps of the chip. Both become
//! actions: an exchange that is one of the transactions once, others after them.
//! What else a source prints (`macs`, `digests`, `aes` ..) passed on no bus that
//! is known, and is left out.

mod actions;
mod schema;
mod start;
#[cfg(test)]
mod tests;
mod value;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schema::{File, Source, Transfer};
use value::{day, filled, identifier, seven_bits, single_line};

use super::error::{at, field};
use super::{ImportError, Malformed};
use crate::{Header, Provenance, Transcript};

const SCHEMA: &str = "atecc-recording/1";
/// Parts as delivered. Source: ATECC508A datasheet, Table 2-5, `I2C_Address`.
const ADDRESS: u8 = 0x60;

/// How the comment of an action begins that a source prints beside what passed
/// on its bus: when it passed is not known.
pub const BESIDE: &str = "beside the transfers";

/// A recording as a transcript. Its id, origin and provenance are those of the
/// file; the files state no licence, and this is said.
///
/// The start image is what the file's first dump of the configuration zone
/// says, or its parts. It is `known` when nothing in the recording can have
/// changed the zone, and `constructed` otherwise, since the dump may be older
/// or younger than that.
///
/// # Errors
/// [`ImportError`], with the line for what is no JSON alone;
/// [`Malformed::Nothing`] when no bus traffic is in the file.
pub fn recording(text: &str) -> Result<Transcript, ImportError> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| at(error.line().max(1))(Malformed::Json(error.to_string())))?;
    file.transcript().map_err(at(text.lines().count().max(1)))
}

/// Which exchanges of a recording are in none of its transfers, by their index.
/// [`recording`] has them after these, with [`BESIDE`] before their comments.
///
/// # Errors
/// As [`recording`].
pub fn exchanges_beside(text: &str) -> Result<Vec<usize>, ImportError> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| at(error.line().max(1))(Malformed::Json(error.to_string())))?;
    let beside = file.transfers().and_then(|lines| file.apart(&lines));
    beside.map_err(at(text.lines().count().max(1)))
}

impl File {
    fn transcript(&self) -> Result<Transcript, Malformed> {
        if self.schema != SCHEMA {
            return Err(field("schema", &self.schema, SCHEMA));
        }
        let mut lines = self.transfers()?;
        let mut notes: Vec<String> = self.notes.iter().map(|note| single_line(note)).collect();
        if lines.is_empty() {
            lines = self.exchanged(&self.exchanges)?;
            notes.push(
                "The source tells commands and responses alone: wakes, idles, polls and how reads \
                 are split are not in it."
                    .to_string(),
            );
        } else {
            let apart = self.beside(&lines)?;
            if let count @ 1.. = apart.len() {
                notes.push(format!(
                    "The last {count} actions are exchanges that the source prints {BESIDE}: when \
                     they passed is not in it."
                ));
            }
            lines.extend(apart);
        }
        if lines.is_empty() {
            return Err(Malformed::Nothing);
        }
        let header = Header {
            id: identifier(&self.id),
            chip: filled(&self.chip),
            revision: None,
            address: self.address()?,
            scl_hz: self.bus.scl_hz,
            provenance: self.provenance(),
            host: None,
            story: None,
            start: self.start(&lines)?,
            origin: self.source.origin(),
            licence: self.source.licence(),
            date: self.source.date.as_deref().and_then(day),
            notes: notes.into_iter().filter(|note| !note.is_empty()).collect(),
        };
        Ok(Transcript { header, lines })
    }

    /// Of the bus, of the first that is sent a command, of the first transfer at
    /// all or of the first exchange, or as delivered.
    fn address(&self) -> Result<u8, Malformed> {
        let transfers = || self.bus_transactions.iter().filter(|one| !one.is_pulse());
        let command = |one: &&Transfer| one.dir == "write" && one.data.starts_with("03");
        let transfer = transfers().find(command).or_else(|| transfers().next());
        let exchange = self.exchanges.iter().find_map(|one| one.addr.as_deref());
        let text = self.bus.addr.as_deref();
        let text = text.or(transfer.map(|one| one.addr.as_str())).or(exchange);
        text.map_or(Ok(ADDRESS), seven_bits)
    }

    /// The vendor's own, a capture, or whatever else a program printed.
    fn provenance(&self) -> Provenance {
        let says = |text: &Option<String>, word: &str| {
            text.as_ref()
                .is_some_and(|text| text.to_lowercase().contains(word))
        };
        let Source { author, kind, .. } = &self.source;
        if self.provenance.contains("emulat") {
            Provenance::Emulator
        } else if says(kind, "logic-analyzer") || says(kind, "logic analyzer") {
            Provenance::HardwareCapture
        } else if says(author, "microchip") || says(author, "atmel") || says(kind, "vendor") {
            Provenance::VendorDocument
        } else {
            Provenance::HardwareLog
        }
    }
}
