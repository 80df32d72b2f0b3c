//! What one check found, and how it is shown.

use serde_json::{Value, json};

use crate::paragraph::indented;

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Status {
    Good,
    Warning,
    Fault,
    /// Not looked at, because something before it is wrong or nothing says.
    Skipped,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Fault => "FAULT",
            Self::Skipped => "-",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) status: Status,
    pub(super) seen: String,
    cause: Option<String>,
    next: Option<String>,
}

impl Finding {
    pub(super) fn new(check: &'static str, status: Status, seen: impl Into<String>) -> Self {
        Self {
            check,
            status,
            seen: seen.into(),
            cause: None,
            next: None,
        }
    }

    pub(super) fn good(check: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Status::Good, seen)
    }

    /// Why it may be so.
    pub(super) fn because(self, cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }

    /// What to do now.
    pub(super) fn next(self, next: impl Into<String>) -> Self {
        Self {
            next: Some(next.into()),
            ..self
        }
    }

    pub(super) fn text(&self) -> String {
        let first = format!("{:<9}{:<14}", self.status.name(), self.check);
        let rest = " ".repeat(first.len());
        let mut text = indented(&self.seen, &first, &rest);
        for (title, words) in [("cause", &self.cause), ("next", &self.next)] {
            if let Some(words) = words {
                text += &indented(words, &format!("{rest}{title}: "), &format!("{rest}  "));
            }
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "check": self.check,
            "status": match self.status {
                Status::Good => "ok",
                Status::Warning => "warning",
                Status::Fault => "fault",
                Status::Skipped => "skipped",
            },
            "seen": self.seen,
            "cause": self.cause,
            "next": self.next,
        })
    }
}
