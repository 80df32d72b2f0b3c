//! What a command is, and a command made ready for the bus.

use zeroize::Zeroize;

use crate::group::MAX_GROUP;
use crate::group::seal;
use crate::{Family, Opcode, Status, word_address};

/// A command with typed parameters and a typed response.
///
/// One file of [`crate::commands`] holds one command: its encoding, its
/// decoding and its meaning. Other crates may define further ones.
///
/// ```
/// use atecc::Command;
/// use atecc::commands::{Counter, CounterId, CounterMode};
///
/// let read = Counter { mode: CounterMode::Read, counter: CounterId::Zero };
/// assert_eq!((read.param1(), read.param2()), (0, 0));
/// assert_eq!(read.decode(&[0x2A, 0, 0, 0]), Ok(42));
/// ```
pub trait Command {
    /// What the chip answers.
    type Response;

    /// The command.
    const OPCODE: Opcode;

    /// The command byte. It is for a command of another chip to say it, whose
    /// [`Command::OPCODE`] is [`Opcode::Foreign`]; what else it says does not
    /// compile.
    const BYTE: u8 = Self::OPCODE as u8;

    /// The chips that have the command, in this mode.
    fn chips(&self) -> Chips {
        Chips::All
    }

    /// The first parameter, usually a mode.
    fn param1(&self) -> u8;

    /// The second parameter; it travels low byte first.
    fn param2(&self) -> u16 {
        0
    }

    /// The bytes after the parameters.
    fn data(&self) -> Data<'_> {
        Data::NONE
    }

    /// The form of the response.
    fn expect(&self) -> ResponseKind;

    /// Whether the command may be sent again when nobody knows what became of
    /// it.
    fn repeat(&self) -> Retry;

    /// Whether it needs `TempKey` or another state that sleep erases, so that
    /// it is not sent to a chip that has slept since the command before.
    fn needs_volatile(&self) -> bool {
        self.repeat() == Retry::RestartSequence
    }

    /// Whether it leaves something new in `TempKey` or the like, that does not
    /// build on what was there: a sequence begins with it.
    fn loads_volatile(&self) -> bool {
        false
    }

    /// Read the payload of a response whose length, CRC and status are right.
    ///
    /// # Errors
    /// [`DecodeError`] when the payload does not fit the command.
    fn decode(&self, payload: &[u8]) -> Result<Self::Response, DecodeError>;
}

/// The data field of a command, in up to three parts that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a>(pub &'a [u8], pub &'a [u8], pub &'a [u8]);

impl<'a> Data<'a> {
    /// No data.
    pub const NONE: Self = Self(&[], &[], &[]);

    /// One part.
    #[must_use]
    pub const fn one(bytes: &'a [u8]) -> Self {
        Self(bytes, &[], &[])
    }
}

/// The chips that have a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Chips {
    /// Every chip of the family.
    All,
    /// One generation only.
    Only(Family),
}

/// The form of a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResponseKind {
    /// One status byte: 0x00 is success, anything else a failure.
    Status,
    /// One status byte: 0x00 and 0x01 (comparison failed) are both answers.
    Comparison,
    /// One byte with a bit for each engine that failed: 0x01, 0x04, 0x08, 0x10
    /// and 0x20. A byte with another bit is a status.
    Engines,
    /// This many bytes of payload, more than one.
    Bytes(u8),
    /// Status 0x00, or this many bytes of payload: the chip's configuration
    /// decides.
    StatusOr(u8),
    /// Status 0x00 or 0x01, or this many bytes of payload.
    ComparisonOr(u8),
    /// At most this many bytes of payload, more than one.
    UpTo(u8),
    /// Status 0x00, or no response at all.
    StatusOrSilence,
}

impl ResponseKind {
    /// The longest payload when the command succeeds.
    #[must_use]
    pub const fn payload_len(self) -> u8 {
        match self {
            Self::Status | Self::Comparison | Self::Engines | Self::StatusOrSilence => 1,
            Self::Bytes(len) | Self::StatusOr(len) | Self::ComparisonOr(len) | Self::UpTo(len) => {
                len
            }
        }
    }

    /// Whether a payload of more than one byte has a right length.
    #[must_use]
    pub const fn takes(self, len: usize) -> bool {
        match self {
            Self::Status | Self::Comparison | Self::Engines | Self::StatusOrSilence => false,
            Self::Bytes(exactly) | Self::StatusOr(exactly) | Self::ComparisonOr(exactly) => {
                len == exactly as usize
            }
            Self::UpTo(most) => len <= most as usize,
        }
    }

    /// Whether a one-byte response is the answer rather than a failure.
    #[must_use]
    pub const fn is_answer(self, status: Status) -> bool {
        match self {
            Self::Status | Self::StatusOr(_) | Self::StatusOrSilence => {
                matches!(status, Status::Success)
            }
            Self::Comparison | Self::ComparisonOr(_) => {
                matches!(status, Status::Success | Status::Miscompare)
            }
            Self::Engines => status.byte() & !0x3D == 0,
            Self::Bytes(_) | Self::UpTo(_) => false,
        }
    }
}

/// What sending a command twice does, when the first outcome is unknown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retry {
    /// Nothing: the chip ends in the same state and answers the same.
    Idempotent,
    /// It uses up or needs `TempKey` or another volatile state, which sleep
    /// erases: its procedure has to start over, which does no harm.
    RestartSequence,
    /// It would change the chip a second time (a counter; a use of a slot's key,
    /// which may be limited), or be refused although it had succeeded: read the
    /// chip's state first.
    CheckStateFirst,
}

/// A payload that does not fit its command.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{opcode}: response of {got} bytes where {expected} belong")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct DecodeError {
    /// The command that was answered.
    pub opcode: Opcode,
    /// Length that belongs.
    pub expected: usize,
    /// Length received.
    pub got: usize,
}

impl DecodeError {
    /// Accept the one status byte of a command that answers nothing else.
    ///
    /// # Errors
    /// [`DecodeError`] when it is not one byte.
    pub fn done(opcode: Opcode, payload: &[u8]) -> Result<(), Self> {
        Self::exactly::<1>(opcode, payload).map(|_| ())
    }

    /// `payload` as an array, when it has just that length.
    ///
    /// # Errors
    /// [`DecodeError`] when it has another length.
    pub fn exactly<const N: usize>(opcode: Opcode, payload: &[u8]) -> Result<[u8; N], Self> {
        let wrong = Self {
            opcode,
            expected: N,
            got: payload.len(),
        };
        match payload.split_first_chunk::<N>() {
            Some((all, [])) => Ok(*all),
            _ => Err(wrong),
        }
    }
}

/// A data field that no group can hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{opcode}: {len} bytes of data, but a group holds {MAX_DATA}")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RequestTooLong {
    /// The command.
    pub opcode: Opcode,
    /// Length of its data.
    pub len: usize,
}

/// Count, opcode, two parameters (3 bytes) and CRC (2 bytes).
const OVERHEAD: usize = 7;
const MAX_DATA: usize = MAX_GROUP - OVERHEAD;

/// A command as bytes, with what an exchange has to know of it.
///
/// ```
/// use atecc::command::Request;
/// use atecc::commands::InfoRevision;
///
/// let request = Request::new(&InfoRevision)?;
/// // Word address, count, opcode, Param1, Param2, CRC.
/// assert_eq!(request.as_bytes(), [0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Request {
    /// Word address, then the group.
    bytes: [u8; 1 + MAX_GROUP],
    len: u8,
    opcode: Opcode,
    expect: ResponseKind,
    repeat: Retry,
    chips: Chips,
    needs_volatile: bool,
    loads_volatile: bool,
}

impl Request {
    /// Encode `command`.
    ///
    /// # Errors
    /// [`RequestTooLong`] when its data do not fit a group.
    pub fn new<C: Command>(command: &C) -> Result<Self, RequestTooLong> {
        let mut request = Self {
            bytes: [0; 1 + MAX_GROUP],
            len: 0,
            opcode: C::OPCODE,
            expect: command.expect(),
            repeat: command.repeat(),
            chips: command.chips(),
            needs_volatile: command.needs_volatile(),
            loads_volatile: command.loads_volatile(),
        };
        const {
            let is_foreign = matches!(C::OPCODE, Opcode::Foreign);
            assert!(
                is_foreign == (C::BYTE != C::OPCODE as u8),
                "a foreign command says its byte, and no other one does"
            );
        }
        request.fill(C::BYTE, command.param1(), command.param2(), command.data())?;
        Ok(request)
    }

    /// Write the group. It knows no command, so that it is compiled once for
    /// all of them.
    fn fill(
        &mut self,
        byte: u8,
        param1: u8,
        param2: u16,
        data: Data<'_>,
    ) -> Result<(), RequestTooLong> {
        let Data(a, b, c) = data;
        let data_len = a.len().saturating_add(b.len()).saturating_add(c.len());
        let too_long = RequestTooLong {
            opcode: self.opcode,
            len: data_len,
        };
        let [param2_low, param2_high] = param2.to_le_bytes();
        let head = [byte, param1, param2_low, param2_high];
        let [first, group @ ..] = &mut self.bytes;
        *first = word_address::COMMAND;
        let [_, body @ ..] = group;
        let mut len = 0;
        for part in [&head[..], a, b, c] {
            append(body, &mut len, part).ok_or(too_long)?;
        }
        let count = seal(group, len).ok_or(too_long)?;
        self.len = count.saturating_add(1);
        Ok(())
    }

    /// The bytes of the I2C write: word address 0x03, then the group.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        // `fill` has written that many; of none the chip would hear nothing.
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Wipe the bytes, which may be a secret.
    pub(crate) fn wipe(&mut self) {
        self.bytes.zeroize();
    }

    /// The command byte.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        self.opcode
    }

    /// Param1, then Param2 low byte first.
    #[must_use]
    pub const fn parameters(&self) -> [u8; 3] {
        let [_, _, _, param1, low, high, ..] = self.bytes;
        [param1, low, high]
    }

    /// The form of the response.
    #[must_use]
    pub const fn expect(&self) -> ResponseKind {
        self.expect
    }

    /// The chips that have the command.
    #[must_use]
    pub const fn chips(&self) -> Chips {
        self.chips
    }

    /// Whether it may be sent again after an unknown outcome.
    #[must_use]
    pub const fn repeat(&self) -> Retry {
        self.repeat
    }

    /// Whether a sequence begins with it.
    #[must_use]
    pub const fn loads_volatile(&self) -> bool {
        self.loads_volatile
    }

    /// Whether it needs what a sleep erases.
    #[must_use]
    pub const fn needs_volatile(&self) -> bool {
        self.needs_volatile
    }
}

fn append(bytes: &mut [u8], len: &mut usize, part: &[u8]) -> Option<()> {
    let end = len.checked_add(part.len())?;
    bytes.get_mut(*len..end)?.copy_from_slice(part);
    *len = end;
    Some(())
}

/// The data field may hold a key, so it is not shown.
impl core::fmt::Debug for Request {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Request")
            .field("opcode", &self.opcode)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Long(usize);

    impl Command for Long {
        type Response = ();
        const OPCODE: Opcode = Opcode::Write;

        fn param1(&self) -> u8 {
            0
        }
        fn data(&self) -> Data<'_> {
            const BYTES: [u8; 400] = [0xAB; 400];
            Data(&BYTES[..self.0], &[], &[])
        }
        fn expect(&self) -> ResponseKind {
            ResponseKind::Status
        }
        fn repeat(&self) -> Retry {
            Retry::Idempotent
        }
        fn decode(&self, _: &[u8]) -> Result<(), DecodeError> {
            Ok(())
        }
    }

    #[test]
    fn the_longest_group_fits_and_no_more() {
        let request = Request::new(&Long(148)).unwrap();
        assert_eq!(request.as_bytes().len(), 156);
        assert_eq!(request.as_bytes()[1], 155);
        for len in [149, 248, 249, 400] {
            let error = Request::new(&Long(len)).unwrap_err();
            assert_eq!(
                error,
                RequestTooLong {
                    opcode: Opcode::Write,
                    len
                }
            );
        }
    }
}
