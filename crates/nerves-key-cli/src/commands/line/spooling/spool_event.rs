//! What is told of a spool.

use std::fmt;
use std::path::PathBuf;

use nerves_key_line::Conflict;
use serde_json::{Value, json};

use crate::counted::counted;
use crate::output::{escape, escape_path, one_line};

/// What became of the ledger.
#[derive(Clone, Debug)]
pub(in crate::commands::line) enum SpoolEvent {
    /// It does not answer.
    Away { left: usize },
    /// It answers, and has what was spooled.
    Back { events: usize, left: usize },
    /// It did not take a unit.
    Conflict(Conflict),
    /// The station ends while it is away.
    Kept { path: PathBuf, events: usize },
    /// The spool cannot be brought to it.
    Failed(String),
}

impl SpoolEvent {
    pub(in crate::commands::line) const fn is_failure(&self) -> bool {
        matches!(self, Self::Conflict(_) | Self::Failed(_))
    }

    pub(in crate::commands::line) fn document(&self) -> Value {
        match self {
            Self::Away { left } => json!({ "event": "away", "serials": left }),
            Self::Back { events, left } => {
                json!({ "event": "back", "events": events, "serials": left })
            }
            Self::Conflict(conflict) => json!({
                "event": "conflict",
                "chip": conflict.chip.map(|chip| chip.to_string()),
                "serial": conflict.serial,
                "cause": conflict.cause,
            }),
            Self::Kept { events, .. } => json!({ "event": "kept", "events": events }),
            Self::Failed(cause) => json!({ "event": "spool-failed", "cause": cause }),
        }
    }
}

impl fmt::Display for SpoolEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { left } => {
                write!(
                    f,
                    "the ledger is away: going on with {}",
                    counted(*left, "leased serial")
                )
            }
            Self::Back { events, left } => write!(
                f,
                "the ledger is back: it has {} of the spool; leased: {}",
                counted(*events, "event"),
                counted(*left, "serial")
            ),
            Self::Conflict(conflict) => {
                let chip = conflict.chip.map(|chip| chip.to_string());
                write!(
                    f,
                    "FAIL  spool  {}  {}  {}",
                    chip.as_deref().unwrap_or("no chip"),
                    escape(&conflict.serial),
                    one_line(&conflict.cause)
                )
            }
            Self::Kept { path, events } => write!(
                f,
                "the ledger is away: {} in {path}; run again with it, or nerves-key \
                 line reconcile {path}",
                counted(*events, "event"),
                path = escape_path(path)
            ),
            Self::Failed(cause) => write!(f, "FAIL  spool  {}", one_line(cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cause_quotes_is_escaped_once() {
        let failed = SpoolEvent::Failed(format!("the serial {:?} is\nnone", "\u{1b}"));
        assert_eq!(
            failed.to_string(),
            "FAIL  spool  the serial \"\\u{1b}\" is\\nnone"
        );
    }
}
