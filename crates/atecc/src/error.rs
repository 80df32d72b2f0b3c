//! What can go wrong, by layer.

use crate::command::{DecodeError, RequestTooLong};
use crate::group::{GroupError, parse_group};
use crate::{Family, Opcode, Status};

/// Why a command has no answer, and what became of it. Knows nothing of the
/// bus's own error type.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::InfoGpio;
/// use atecc::error::Executed;
/// use atecc::{Error, Status};
///
/// let Err(Error::Failed(failure)) = device.execute(InfoGpio { driver: 0 }) else {
///     panic!("a part for I2C has no GPIO");
/// };
/// assert_eq!(failure.refusal(), Some(Status::Execution));
/// assert_eq!(failure.executed, Executed::No);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{cause}{}{}", .executed.remark(), .cause.remark())]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Failure {
    /// What happened. When an earlier try of the same command is the one whose
    /// fate is unknown, what happened to that.
    pub cause: Cause,
    /// Whether the chip executed the command that failed. What its procedure
    /// sent before it had succeeded.
    pub executed: Executed,
}

/// What is known of a command that has no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Executed {
    /// Certainly not: the chip is as it was. (Where a program without the lock
    /// uses the chip, a refusal may be the answer to that one's command.)
    No,
    /// Certainly; only its answer is of no use.
    Yes,
    /// It may have been. Read the chip's state before sending it again.
    Unknown,
}

impl Executed {
    /// What an error message says of it.
    const fn remark(self) -> &'static str {
        match self {
            Self::No => "",
            Self::Yes => "; it was executed",
            Self::Unknown => "; it may have been executed",
        }
    }
}

/// Microseconds as people read them: `2604 ms`, and below 10 ms with a tenth.
struct Milliseconds(u32);

impl core::fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let tenths = self.0 / 100;
        match (tenths / 10, tenths % 10) {
            (ms @ 0..10, tenth @ 1..) => write!(f, "{ms}.{tenth} ms"),
            (ms, _) => write!(f, "{ms} ms"),
        }
    }
}

/// What happened to a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Cause {
    /// No chip acknowledged after any of the wake pulses.
    #[error("no chip answered {pulses} wake pulses")]
    NoAnswer {
        /// How many were sent.
        pulses: u8,
    },
    /// Something answered each wake, but not as a chip does that has just
    /// woken: another program has the chip awake, or this is no such chip.
    #[error(
        "wake answered by {:02X} {:02X} {:02X} {:02X}, not by 04 11 33 43: {}",
        .0[0], .0[1], .0[2], .0[3], stranger(*.0)
    )]
    BadWake([u8; 4]),
    /// The chip woke with status 0x07: its self test has failed. Only Info,
    /// Read and `SelfTest` are sent to it.
    #[error("the chip's self test has failed; SelfTest tells which engine")]
    SelfTestFailed,
    /// The chip refused.
    #[error("{opcode}: chip answered {status}")]
    Status {
        /// The command.
        opcode: Opcode,
        /// Param1, then Param2 low byte first: what was asked, and of which
        /// slot.
        parameters: [u8; 3],
        /// The answer.
        status: Status,
    },
    /// The command was not acknowledged.
    #[error("{opcode}: command not acknowledged")]
    NotTaken {
        /// The command.
        opcode: Opcode,
    },
    /// The chip fell asleep since the command before, so that `TempKey` or what
    /// else this one needs is lost. It was not sent; its sequence can begin
    /// again.
    #[error("{opcode}: the chip slept meanwhile and lost what the command needs")]
    StateLost {
        /// The command.
        opcode: Opcode,
    },
    /// The chip was reset after the command was sent: low supply, or the
    /// command did not reach it.
    #[error("{opcode}: chip was reset (status 0x11 instead of an answer)")]
    Reset {
        /// The command.
        opcode: Opcode,
    },
    /// No answer in time.
    #[error("{opcode}: no answer within {}", Milliseconds(*.waited_us))]
    Timeout {
        /// The command.
        opcode: Opcode,
        /// Time waited after the command, at least.
        waited_us: u32,
    },
    /// The answer was damaged each time it was read, or was none.
    #[error("{opcode}: answer damaged: {error}")]
    Damaged {
        /// The command.
        opcode: Opcode,
        /// What was wrong the last time.
        error: GroupError,
    },
    /// The answer is byte for byte the one before, and the chip was not seen to
    /// execute: it may never have heard the command.
    #[error("{opcode}: the answer is that of the command before")]
    Stale {
        /// The command.
        opcode: Opcode,
    },
    /// What was read was never the same twice.
    #[error(
        "what was read differs each time: another program uses the chip without this one's lock, \
         or a line is disturbed"
    )]
    Unlike,
    /// A sound answer of the wrong length.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// This generation of chips does not have the command; nothing was sent.
    #[error("{opcode}: only {has} chips have it, this is one of {is}")]
    NotOnThisChip {
        /// The command.
        opcode: Opcode,
        /// Who has it.
        has: Family,
        /// What the chip is said to be.
        is: Family,
    },
    /// The chip's watchdog would end the command; nothing was sent.
    #[error(
        "{opcode}: takes up to {} with this chip's clock divider, but the watchdog puts it to \
         sleep after {}; set the long watchdog (ChipMode bit 2)",
        Milliseconds(*.longest_us),
        Milliseconds(*.watchdog_us)
    )]
    TooSlow {
        /// The command.
        opcode: Opcode,
        /// Its longest time.
        longest_us: u32,
        /// [`crate::Timing::watchdog_us`].
        watchdog_us: u32,
    },
    /// The command does not fit a group; nothing was sent.
    #[error(transparent)]
    TooLong(#[from] RequestTooLong),
    /// The bus failed in a way that is no missing acknowledge; the device
    /// reports the bus's own error.
    #[error("the bus failed")]
    Bus,
    /// Transfers fail one after the other, each after a long time: a line is
    /// held low.
    #[error(
        "the bus is stuck: transfers failed for {}; look for a line that is held low",
        Milliseconds(*.spent_us)
    )]
    Stuck {
        /// Time spent in transfers that failed slowly.
        spent_us: u32,
    },
    /// The session has no answer: no command was begun, or it has ended.
    #[error("no command was sent")]
    NoCommand,
}

/// Who it is that answers a wake with this.
fn stranger(bytes: [u8; 4]) -> &'static str {
    if parse_group(&bytes).is_ok() {
        "the answer to another program, which uses the chip without this one's lock"
    } else {
        "another device at this address, another program's answer, or a disturbed line"
    }
}

impl Cause {
    /// Where the likely cause is that two programs do not know of each other.
    const fn remark(self) -> &'static str {
        match self {
            Self::Decode(_)
            | Self::Stale { .. }
            | Self::StateLost { .. }
            | Self::Status {
                status: Status::Success,
                ..
            } => "; another program uses the chip without this one's lock",
            Self::Reset { .. } | Self::Timeout { .. } => {
                "; low supply, or another program uses the chip without this one's lock"
            }
            _ => "",
        }
    }

    /// The failure of a command that was certainly not executed.
    #[must_use]
    pub const fn before_execution(self) -> Failure {
        Failure {
            cause: self,
            executed: Executed::No,
        }
    }

    /// The failure of a command that may have been executed.
    #[must_use]
    pub const fn of_unknown_fate(self) -> Failure {
        Failure {
            cause: self,
            executed: Executed::Unknown,
        }
    }
}

impl Failure {
    /// Whether the command certainly changed nothing in the chip.
    #[must_use]
    pub const fn not_executed(&self) -> bool {
        matches!(self.executed, Executed::No)
    }

    /// The status by which the chip has refused the command.
    #[must_use]
    pub const fn refusal(&self) -> Option<Status> {
        match (self.cause, self.executed) {
            (Cause::Status { status, .. }, Executed::No) if status.is_refusal() => Some(status),
            _ => None,
        }
    }

    /// Whether the reason may be that `TempKey` or another volatile state was
    /// lost: a sequence that begins by making it can start over, if its
    /// commands may be repeated. A chip that lacks it answers "execution
    /// error"; in the other cases nobody knows. An answer that is another host's
    /// may have come with another `TempKey`.
    #[must_use]
    pub const fn may_have_lost_state(&self) -> bool {
        matches!(
            self.cause,
            Cause::Status {
                status: Status::Execution | Status::Watchdog | Status::Success,
                ..
            } | Cause::NotTaken { .. }
                | Cause::Decode(_)
                | Cause::StateLost { .. }
                | Cause::Reset { .. }
                | Cause::Timeout { .. }
                | Cause::Damaged { .. }
                | Cause::Stale { .. }
        )
    }

    /// Whether the bus carries no further command.
    #[must_use]
    pub const fn is_of_the_bus(&self) -> bool {
        matches!(self.cause, Cause::Bus | Cause::Stuck { .. })
    }
}

/// A sound answer that does not fit its command: it was executed.
impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self {
            cause: Cause::Decode(error),
            executed: Executed::Yes,
        }
    }
}

/// Nothing was sent.
impl From<RequestTooLong> for Failure {
    fn from(error: RequestTooLong) -> Self {
        Cause::TooLong(error).before_execution()
    }
}

/// What a device reports: the bus's own error, or that of a command or
/// procedure.
// Exhaustive: whoever makes it an error of their own has to tell both apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error<B, P = Failure> {
    /// The I2C transfer failed, other than by a missing acknowledge.
    #[error("I2C transfer failed: {error:?}{}", .executed.remark())]
    Bus {
        /// The bus's own error.
        error: B,
        /// Whether the command under way was executed.
        executed: Executed,
    },
    /// The chip or the procedure.
    #[error("{0}")]
    Failed(P),
}
