//! A refusal in words.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use atecc::config::LockState;
use atecc::error::{Cause as FailureCause, Executed};
use atecc::{ConfigZone, Failure, Opcode, Slot, Status};

use crate::cause::Known;
use crate::{Cause, Operation, asked, causes, zone_cause};

/// Why a chip answered a command with "execution error" (0x0F), or with "parse
/// error" (0x03) where a rule is in the way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// What the command asked of slots; nothing where it asked none.
    pub asked: Vec<(Operation, Slot)>,
    /// Each rule in the way, or what may have been missing; at least one.
    pub causes: Vec<Cause>,
    /// The configuration's lock at the time.
    pub config_lock: LockState,
    /// The lock of data and OTP.
    pub data_lock: LockState,
}

/// What a chip was asked that refused it: by "execution error"; or by "parse
/// error", which it answers as well to a form that the slot does not take.
pub(crate) fn refused(failure: &Failure) -> Option<(Opcode, u8, u16, Status)> {
    match failure {
        Failure {
            cause:
                FailureCause::Status {
                    opcode,
                    parameters: [param1, low, high],
                    status: status @ (Status::Execution | Status::Parse),
                },
            executed: Executed::No,
        } => Some((*opcode, *param1, u16::from_le_bytes([*low, *high]), *status)),
        _ => None,
    }
}

/// The remedy where no rule is in the way.
const AGAIN: &str = "run it again: what earlier commands had loaded may be lost, or another \
                     program uses the chip without this one's lock";

impl Explanation {
    /// Why a chip with this configuration failed so; `None` where it did not
    /// answer "execution error", or "parse error" against no rule.
    #[must_use]
    pub fn new(zone: &ConfigZone, failure: &Failure, known: Known) -> Option<Self> {
        let (opcode, param1, param2, status) = refused(failure)?;
        let asked = asked::operations(zone, opcode, param1, param2);
        let mut found = zone_cause::of(zone, opcode, param1, param2);
        for (operation, slot) in &asked {
            for cause in causes(zone, *operation, *slot, known) {
                if !found.contains(&cause) {
                    found.push(cause);
                }
            }
        }
        if status == Status::Parse {
            found.retain(|cause| cause.need.is_none());
            if found.is_empty() {
                return None;
            }
        }
        if found.is_empty() {
            found.push(Cause {
                text: format!("nothing in the configuration forbids {opcode} here"),
                remedy: Some(AGAIN),
                need: None,
            });
        }
        Some(Self {
            asked,
            causes: found,
            config_lock: zone.config_lock(),
            data_lock: zone.data_lock(),
        })
    }

    /// Whether nothing was found that forbids it, so that the same command may
    /// succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.causes.iter().all(|cause| cause.remedy == Some(AGAIN))
    }

    /// "cause: ..", "remedy: ..", "state: ..".
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for cause in &self.causes {
            lines.push(format!("cause: {}", cause.text));
            lines.extend(cause.remedy.map(|remedy| format!("remedy: {remedy}")));
        }
        let (config, data) = (self.config_lock, self.data_lock);
        lines.push(format!(
            "state: configuration {config}, data and OTP {data}"
        ));
        lines
    }
}

/// All of it in one line.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("; "))
    }
}
