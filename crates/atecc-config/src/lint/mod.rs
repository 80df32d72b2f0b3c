//! Combinations of bits that make a slot useless, or a secret none.
//!
//! Source: ATECC508A datasheet, sections 2.2 and 3.2; what strands a chip:
//! reports from the field.

mod boot;
mod chip;
mod counters;
mod slots;
#[cfg(test)]
mod tests;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use atecc::{ConfigZone, Slot};

use crate::{as_if_locked, is_608, shift};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// May be meant.
    Note,
    /// Works, but not as it seems.
    Warning,
    /// Something can never work.
    Fault,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Fault => "fault",
        })
    }
}

/// Something that a reader should know before the zone is locked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The rule's name, stable.
    pub rule: &'static str,
    /// Which slot it is about, if one.
    pub slot: Option<Slot>,
    /// What is so, and what follows.
    pub cause: String,
    /// What could be done about it before the lock.
    pub remedy: &'static str,
}

/// Every finding, the worst first.
#[must_use]
pub fn lint(zone: &ConfigZone) -> Vec<Finding> {
    let mut lint = Lint {
        zone,
        findings: Vec::new(),
    };
    // What follows from bytes in the wrong places is about no chip.
    if let Some(shift) = shift(zone.as_bytes()) {
        let remedy = "compare the dump with where it comes from";
        lint.find(
            Severity::Fault,
            "shifted",
            None,
            format!("this {shift}"),
            remedy,
        );
        return lint.findings;
    }
    lint.chip();
    lint.counters();
    if is_608(zone) {
        lint.secure_boot();
        lint.io_key();
        lint.latch();
    }
    for slot in Slot::ALL {
        lint.private_key(slot);
        lint.key_of_another(slot);
        lint.contents(slot);
        lint.uses(slot);
    }
    let mut findings = lint.findings;
    findings.sort_by_key(|finding| core::cmp::Reverse(finding.severity));
    findings
}

struct Lint<'a> {
    zone: &'a ConfigZone,
    findings: Vec<Finding>,
}

impl Lint<'_> {
    fn find(
        &mut self,
        severity: Severity,
        rule: &'static str,
        slot: Option<Slot>,
        cause: impl Into<String>,
        remedy: &'static str,
    ) {
        self.findings.push(Finding {
            severity,
            rule,
            slot,
            cause: cause.into(),
            remedy,
        });
    }

    fn is_private(&self, slot: Slot) -> bool {
        self.zone.key_config(slot).private()
    }

    /// As everything will be in the end.
    fn locked(&self) -> ConfigZone {
        as_if_locked(self.zone)
    }
}
