//! An emulated chip is asked for every mode.

use std::fmt;

use atecc_emulator::{Bus, Chip, Entropy, ExecutionTime, Image, Revision};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use super::chip;
use super::row::Row;

/// The address of a new chip.
const ADDRESS: u8 = 0x60;
/// Longest response, bytes.
const LONGEST: usize = 155;

/// What a chip does with a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// Status 0x00, or data.
    Success,
    /// Any other status.
    Refused(u8),
    /// Nothing.
    Silent,
}

/// The status of an illegal opcode, length or parameter. Source: ATECC508A
/// datasheet, Table 9-3.
pub(super) const PARSE_ERROR: Answer = Answer::Refused(0x03);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Refused(status) => write!(f, "0x{status:02X}"),
            Self::Silent => f.write_str("silence"),
        }
    }
}

impl Answer {
    fn of(payload: Option<&[u8]>) -> Self {
        match payload {
            None => Self::Silent,
            Some([status]) if *status != 0x00 => Self::Refused(*status),
            Some(_) => Self::Success,
        }
    }
}

/// A chip on a bus, awake.
pub(super) struct Probe(Bus);

impl Probe {
    pub(super) fn new(image: Image) -> Self {
        let chip = Chip::new(image, Entropy::Seeded(0)).expect("no entropy needed");
        let bus = Bus::with_chip(chip.with_execution_time(ExecutionTime::Instant));
        // Nobody acknowledges the general call that wakes.
        let woken = bus.i2c().write(0x00, &[0x00]);
        debug_assert!(woken.is_err());
        bus.delay().delay_us(1_500);
        Self(bus)
    }

    /// The payload of the response to `write`.
    fn payload(&self, write: &[u8]) -> Option<Vec<u8>> {
        let mut i2c = self.0.i2c();
        i2c.write(ADDRESS, write).ok()?;
        let mut response = [0; LONGEST];
        i2c.read(ADDRESS, &mut response).ok()?;
        let count = usize::from(response[0]);
        response.get(1..count.checked_sub(2)?).map(<[u8]>::to_vec)
    }

    pub(super) fn answer(&self, write: &[u8]) -> Answer {
        Answer::of(self.payload(write).as_deref())
    }
}

/// Ask a chip for the mode of `row`. The error is a preparation that failed on
/// a chip that has the mode.
pub(super) fn ask(row: &Row, revision: Revision, has_it: bool) -> Result<Answer, String> {
    let probe = Probe::new(chip::image(revision, row.lock_state));
    let mut last = Vec::new();
    for before in &row.before {
        let payload = probe.payload(before.as_bytes());
        let answer = Answer::of(payload.as_deref());
        if has_it && answer != Answer::Success {
            let opcode = before.opcode();
            return Err(format!("{revision}: {opcode} before it: {answer}"));
        }
        last = payload.unwrap_or_default();
    }
    let request = row.answering.map(|request| request(&last));
    Ok(probe.answer(request.as_ref().unwrap_or(&row.request).as_bytes()))
}
