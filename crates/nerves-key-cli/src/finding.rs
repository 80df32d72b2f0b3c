//! What checks found, as `doctor` and `pkcs11 check` show it.

use serde_json::{Value, json};

use crate::paint::Painted;
use crate::paragraph::indent;

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Good,
    /// All is well; somebody may miss it.
    Note,
    Warning,
    Fault,
    /// Not looked at, because something before it is wrong or nothing says.
    Skipped,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Fault => "fault",
            Self::Skipped => "skipped",
        }
    }

    /// In the first column.
    const fn mark(self) -> &'static str {
        match self {
            Self::Fault => "FAULT",
            Self::Skipped => "-",
            status => status.name(),
        }
    }
}

/// What one check found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    check: String,
    pub(crate) status: Status,
    /// May quote anything.
    seen: String,
    cause: Option<String>,
    next: Option<String>,
}

impl Finding {
    pub(crate) fn new(check: impl Into<String>, status: Status, seen: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            status,
            seen: seen.into(),
            cause: None,
            next: None,
        }
    }

    pub(crate) fn good(check: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(check, Status::Good, seen)
    }

    /// Why it may be so.
    pub(crate) fn because(self, cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }

    /// What to do now.
    pub(crate) fn next(self, next: impl Into<String>) -> Self {
        Self {
            next: Some(next.into()),
            ..self
        }
    }

    pub(crate) fn is_fault(&self) -> bool {
        self.status == Status::Fault
    }

    fn text(&self, width: usize) -> Painted {
        let first = format!("{:<9}{:<width$}", self.status.mark(), self.check);
        let rest = " ".repeat(first.chars().count());
        let mut text = indent(&self.seen, &first, &rest);
        for (title, words) in [("cause", &self.cause), ("next", &self.next)] {
            if let Some(words) = words {
                text += &indent(words, &format!("{rest}{title}: "), &format!("{rest}  "));
            }
        }
        Painted::led(&text)
    }

    fn json(&self) -> Value {
        json!({
            "check": self.check,
            "status": self.status.name(),
            "seen": self.seen,
            "cause": self.cause,
            "next": self.next,
        })
    }
}

/// How many findings have this status.
pub(crate) fn count(findings: &[Finding], status: Status) -> usize {
    findings.iter().filter(|one| one.status == status).count()
}

/// The findings for people: status, check, and what was seen.
pub(crate) fn text(findings: &[Finding]) -> Painted {
    /// The width of the checks' names where none is longer.
    const WIDTH: usize = 14;
    let names = findings.iter().map(|one| one.check.chars().count() + 1);
    let width = names.max().unwrap_or(0).max(WIDTH);
    let texts = findings.iter().map(|one| one.text(width));
    texts.fold(Painted::default(), Painted::append)
}

/// The findings for programs. `exit_code` is the command's.
pub(crate) fn document(findings: &[Finding], exit_code: u8) -> Value {
    json!({
        "faults": count(findings, Status::Fault),
        "warnings": count(findings, Status::Warning),
        "findings": findings.iter().map(Finding::json).collect::<Vec<_>>(),
        "exit_code": exit_code,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Ink;

    #[test]
    fn what_was_seen_is_in_one_column() {
        let findings = [
            Finding::good("module", "it is there"),
            Finding::new("slot 16, certificates", Status::Fault, "none").next("look"),
        ];
        assert_eq!(
            text(&findings).render(Ink::Plain),
            "ok       module                it is there\n\
             FAULT    slot 16, certificates none\n\
             \u{20}                              next: look"
        );
    }

    #[test]
    fn faults_and_warnings_are_counted() {
        let findings = [Status::Fault, Status::Note, Status::Warning, Status::Fault]
            .map(|status| Finding::new("it", status, ""));
        let document = document(&findings, 1);
        assert_eq!(
            (&document["faults"], &document["warnings"]),
            (&json!(2), &json!(1))
        );
    }
}
