//! What can go wrong, by layer.

use crate::{DecodeError, Family, GroupError, Opcode, RequestTooLong, Status};

/// Why a command has no answer. Knows nothing of the bus's own error type.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Failure {
    /// No chip acknowledged after any of the wake pulses.
    #[error("no chip answered {pulses} wake pulses")]
    NoAnswer {
        /// How many were sent.
        pulses: u8,
    },
    /// Something answered the wake, but not as these chips do.
    #[error("wake answered by {0:02X?}, not by 04 11 33 43")]
    BadWake([u8; 4]),
    /// The chip woke with status 0x07: its self test has failed.
    #[error("the chip's self test has failed")]
    SelfTestFailed,
    /// The chip refused.
    #[error("{opcode}: chip answered {status}")]
    Status {
        /// The command.
        opcode: Opcode,
        /// The answer.
        status: Status,
    },
    /// The chip did not take the command. It was not executed.
    #[error("{opcode}: command not acknowledged")]
    NotTaken {
        /// The command.
        opcode: Opcode,
    },
    /// The chip was reset after the command was sent: low supply, or the
    /// command did not reach it. Whether it ran is unknown.
    #[error("{opcode}: chip was reset (status 0x11 instead of an answer)")]
    Reset {
        /// The command.
        opcode: Opcode,
    },
    /// No answer in time. Whether the command ran is unknown.
    #[error("{opcode}: no answer within {waited_us} us")]
    Timeout {
        /// The command.
        opcode: Opcode,
        /// Time waited after the command.
        waited_us: u32,
    },
    /// The answer was damaged each time it was read. Whether the command
    /// succeeded is unknown.
    #[error("{opcode}: answer damaged: {error}")]
    Damaged {
        /// The command.
        opcode: Opcode,
        /// What was wrong the last time.
        error: GroupError,
    },
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
    /// The command does not fit a group; nothing was sent.
    #[error(transparent)]
    TooLong(#[from] RequestTooLong),
    /// The bus failed in a way that is no missing acknowledge; the device
    /// reports the bus's own error.
    #[error("the bus failed")]
    Bus,
}

impl Failure {
    /// Whether the command certainly changed nothing in the chip.
    #[must_use]
    pub const fn not_executed(&self) -> bool {
        match self {
            Self::NoAnswer { .. }
            | Self::BadWake(_)
            | Self::SelfTestFailed
            | Self::NotTaken { .. }
            | Self::NotOnThisChip { .. }
            | Self::TooLong(_)
            | Self::Status { .. } => true,
            Self::Reset { .. }
            | Self::Timeout { .. }
            | Self::Damaged { .. }
            | Self::Decode(_)
            | Self::Bus => false,
        }
    }

    /// Whether the reason may be that `TempKey` or another volatile state was
    /// lost: a sequence that begins by making it can start over. A chip that
    /// lacks it answers "execution error"; in the other cases nobody knows.
    #[must_use]
    pub const fn may_have_lost_state(&self) -> bool {
        matches!(
            self,
            Self::Status {
                status: Status::Execution | Status::Watchdog,
                ..
            } | Self::NotTaken { .. }
                | Self::Reset { .. }
                | Self::Timeout { .. }
                | Self::Damaged { .. }
        )
    }
}

/// What a device reports: the bus's own error, or that of a command or
/// procedure.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error<B, P = Failure> {
    /// The I2C transfer failed, other than by a missing acknowledge.
    #[error("I2C transfer failed: {0:?}")]
    Bus(B),
    /// The chip or the procedure.
    #[error("{0}")]
    Failed(P),
}
