//! Where a transcript comes from and what it needs to be judged.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Provenance;

/// What stands before the actions. Every text is one line; those that are not
/// optional are not empty.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// Unique name: lower-case letters, digits and `-`.
    pub id: String,
    /// The part, such as `ATECC508A` or `ATECC608B-TNGTLS`.
    pub chip: String,
    /// Answer of `Info`, if known: tells revisions of one part apart.
    pub revision: Option<[u8; 4]>,
    /// Seven-bit address of the chip.
    pub address: u8,
    /// Clock rate of the bus in hertz, if known.
    pub scl_hz: Option<u32>,
    /// How the bytes were obtained.
    pub provenance: Provenance,
    /// The program or library that was the host, with its version; it decides
    /// how to wake, poll, split reads, rewind and idle. `atecc` is ours.
    pub host: Option<String>,
    /// The name of the story that the host performed, if it is one that a
    /// driver can perform again.
    pub story: Option<String>,
    /// What the chip held before the first action.
    pub start: Start,
    /// Where the data were published, or who recorded them.
    pub origin: String,
    /// Licence of the data.
    pub licence: String,
    /// Day of the recording or of the publication, `YYYY-MM-DD`, if known.
    pub date: Option<String>,
    /// What else a reader should know.
    pub notes: Vec<String>,
}

/// What the chip held before the first action. Images are lines, each with its
/// end, in the format of the emulator's image files, and may be shorter: what is
/// not given is not known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Start {
    /// Not known.
    Unknown,
    /// Recorded from the same chip.
    Known(String),
    /// Made up to fit what the transcript says.
    Constructed(String),
}
