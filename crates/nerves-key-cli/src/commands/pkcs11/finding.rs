//! What a check found.

use serde_json::{Value, json};

use crate::output::one_line;

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Good,
    /// Programs can work; somebody may miss it.
    Note,
    Fault,
}

/// One thing that was looked at.
#[derive(Debug)]
pub(super) struct Finding {
    check: String,
    verdict: Verdict,
    /// What was seen, or the cause.
    said: String,
    /// What to do about it.
    next: Option<&'static str>,
}

impl Finding {
    pub(super) fn good(check: impl Into<String>, said: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            verdict: Verdict::Good,
            said: said.into(),
            next: None,
        }
    }

    pub(super) fn note(
        check: impl Into<String>,
        said: impl Into<String>,
        next: &'static str,
    ) -> Self {
        Self {
            verdict: Verdict::Note,
            next: Some(next),
            ..Self::good(check, said)
        }
    }

    pub(super) fn fault(
        check: impl Into<String>,
        said: impl Into<String>,
        next: &'static str,
    ) -> Self {
        Self {
            verdict: Verdict::Fault,
            ..Self::note(check, said, next)
        }
    }

    pub(super) fn is_fault(&self) -> bool {
        self.verdict == Verdict::Fault
    }

    pub(super) fn line(&self) -> String {
        let said = one_line(&self.said);
        let line = format!("{:<6}{}: {said}", self.verdict.name(), self.check);
        match self.next {
            Some(next) => format!("{line}\n      next: {next}"),
            None => line,
        }
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "check": self.check,
            "result": self.verdict.name(),
            "said": self.said,
            "next": self.next,
        })
    }
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Fault => "fault",
        }
    }
}
