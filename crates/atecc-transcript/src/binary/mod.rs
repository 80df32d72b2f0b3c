//! The binary form, for microcontrollers: frames of postcard, each with a
//! CRC-32 and packed by COBS, so that a zero byte ends it and nothing else.
//!
//! A [`Begin`] comes first, and a magic and a version in front of it. The rest
//! of a header, when there is more, follows it; then the [`Record`]s.

#[cfg(feature = "alloc")]
mod decode;
mod encode;
#[cfg(feature = "alloc")]
mod error;
mod sink;
#[cfg(test)]
mod tests;

use crc::{CRC_32_ISO_HDLC, Crc};

#[cfg(feature = "alloc")]
pub use error::{DecodeError, Fault};

pub use encode::{EncodeError, begin, encode};
pub use sink::BinarySink;

use crate::{Provenance, Record};

const MAGIC: [u8; 4] = *b"ATEC";
const VERSION: u8 = 1;

/// Of each frame, so that a byte lost on a serial line is noticed.
const CHECK: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// What a recording begins with: a [`Header`](crate::Header) in short.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Begin<'a> {
    /// As in a header.
    pub id: &'a str,
    /// As in a header.
    pub chip: &'a str,
    /// As in a header.
    pub revision: Option<[u8; 4]>,
    /// Seven-bit address of the chip.
    pub address: u8,
    /// As in a header, in hertz.
    pub scl_hz: Option<u32>,
    /// As in a header.
    pub provenance: Provenance,
    /// As in a header.
    pub host: Option<&'a str>,
    /// As in a header.
    pub story: Option<&'a str>,
    /// As in a header.
    pub origin: &'a str,
    /// As in a header.
    pub licence: &'a str,
    /// As in a header, `YYYY-MM-DD`.
    pub date: Option<&'a str>,
}

impl<'a> Begin<'a> {
    /// The least that has to be said: a capture of a real chip.
    #[must_use]
    pub const fn new(id: &'a str, chip: &'a str, address: u8) -> Self {
        Self {
            id,
            chip,
            revision: None,
            address,
            scl_hz: None,
            provenance: Provenance::HardwareCapture,
            host: None,
            story: None,
            origin: "not stated",
            licence: "not stated",
            date: None,
        }
    }
}

/// What a frame holds. The order of the variants is part of the format.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
enum Frame<'a> {
    /// The fields before `begin` are in every version.
    Begin {
        magic: [u8; 4],
        version: u8,
        #[serde(borrow)]
        begin: Begin<'a>,
    },
    /// What the chip held, as the lines of an image.
    Image(Image, &'a str),
    Note(&'a str),
    Record(Record<'a>),
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
enum Image {
    Known,
    Constructed,
}
