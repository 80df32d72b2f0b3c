//! What the rows of the extra lists have in common.

use std::error::Error;

use atecc::host::CommandHeader;
use atecc::{SerialNumber, Slot};
use serde::Deserialize;

use tests_vector_runner::{Checked, Hex, Verdict, holds};

/// One call of the library.
#[derive(Deserialize)]
pub(super) struct Row<I, O> {
    pub(super) inputs: I,
    pub(super) status: Status,
    temp_key: Option<TempKey>,
    outputs: Option<O>,
}

/// What the library returned.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Success,
    /// A mode, slot or pointer that it does not take.
    BadParam,
    /// A `TempKey` that does not suit.
    ExecutionError,
}

/// The library's copy of the chip's `TempKey`, before the call.
#[derive(Deserialize)]
pub(super) struct TempKey {
    /// 64 bytes, of which 32 are in use.
    pub(super) value: Hex,
    pub(super) key_id: u8,
    pub(super) source_flag: u8,
    pub(super) gen_dig_data: u8,
    pub(super) gen_key_data: u8,
    pub(super) no_mac_flag: u8,
    pub(super) valid: u8,
}

impl TempKey {
    /// The 32 bytes in use.
    pub(super) fn bytes(&self) -> Result<[u8; 32], Box<dyn Error>> {
        let bytes = self.value.0.first_chunk();
        Ok(*bytes.ok_or("a TempKey of less than 32 bytes")?)
    }

    /// Whether a MAC may be made with it.
    pub(super) const fn is_usable(&self) -> bool {
        self.valid == 1 && self.no_mac_flag == 0
    }

    /// Whether it is usable and of the origin that bit 2 of `mode` states.
    pub(super) const fn suits(&self, mode: u8) -> bool {
        self.is_usable() && self.source_flag == mode >> 2 & 1
    }
}

impl<I, O> Row<I, O> {
    pub(super) fn temp_key(&self) -> Result<&TempKey, Box<dyn Error>> {
        self.temp_key
            .as_ref()
            .ok_or_else(|| "no TempKey in the row".into())
    }

    /// What the call returned, which was a success.
    pub(super) fn output(&self) -> Result<&O, Box<dyn Error>> {
        match (self.status, &self.outputs) {
            (Status::Success, Some(output)) => Ok(output),
            (status, _) => Err(format!("theirs is {status:?}").into()),
        }
    }
}

/// The library refuses parameters of `head`. Ours cannot be given them: no
/// command has that head, `typed` being the heads of all that come near.
pub(super) fn no_such_command(head: CommandHeader, typed: &[CommandHeader]) -> Checked {
    holds("there is such a command", !typed.contains(&head))?;
    Ok(Verdict::Differs("no-such-command"))
}

/// The library refuses a `TempKey` that does not suit. Ours are functions of
/// the bytes; what the chip knows of them is the caller's to ask.
pub(super) fn unsuited(suits: bool) -> Checked {
    holds("the TempKey would suit", !suits)?;
    Ok(Verdict::Differs("temp-key-is-the-callers"))
}

pub(super) fn serial(sn: &Hex) -> Result<SerialNumber, Box<dyn Error>> {
    sn.array().map(SerialNumber)
}

/// The slot that a key id names, if it names one.
pub(super) fn slot(key_id: u16) -> Option<Slot> {
    Slot::new(u8::try_from(key_id).ok()?).ok()
}

/// The OTP zone, of which a row has the first bytes.
pub(super) fn otp(first: &Hex) -> [u8; 64] {
    let mut zone = [0; 64];
    zone.iter_mut()
        .zip(&first.0)
        .for_each(|(to, from)| *to = *from);
    zone
}
