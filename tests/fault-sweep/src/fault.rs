//! The kinds of faults, and what they are called.

use atecc_emulator::{CutPoint, EepromEffect, Fault, LostReply};

/// One kind of fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FaultKind {
    /// In words.
    pub name: &'static str,
    /// What the emulator is told.
    pub fault: Fault,
}

const fn kind(name: &'static str, fault: Fault) -> FaultKind {
    FaultKind { name, fault }
}

/// Every kind. The count byte of a reply is its byte 0; its bit 6 makes a
/// status group look longer than the read.
pub const FAULTS: &[FaultKind] = &[
    kind("power cut before", Fault::PowerCut(CutPoint::Before)),
    kind(
        "power cut during, effect lost",
        Fault::PowerCut(CutPoint::During(EepromEffect::Lost)),
    ),
    kind(
        "power cut during, effect committed",
        Fault::PowerCut(CutPoint::During(EepromEffect::Committed)),
    ),
    kind("power cut after", Fault::PowerCut(CutPoint::After)),
    kind("reply lost, NACK", Fault::ReplyLost(LostReply::Nack)),
    kind("reply lost, blank", Fault::ReplyLost(LostReply::Blank)),
    kind(
        "reply corrupted, contents",
        Fault::ReplyCorrupted {
            byte: 1,
            mask: 0x04,
        },
    ),
    kind(
        "reply corrupted, count",
        Fault::ReplyCorrupted {
            byte: 0,
            mask: 0x40,
        },
    ),
    kind("3 NACKs", Fault::NackBurst { transactions: 3 }),
    kind("60 NACKs", Fault::NackBurst { transactions: 60 }),
    kind("early watchdog", Fault::EarlyWatchdog),
    kind("neighbour wakes the chip", Fault::NoisyWake),
];

/// The kinds that cut the supply.
pub(super) fn cuts() -> impl Iterator<Item = &'static FaultKind> {
    FAULTS
        .iter()
        .filter(|kind| matches!(kind.fault, Fault::PowerCut(_)))
}
