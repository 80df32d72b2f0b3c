//! Every procedure, with mischief at each transfer, and at two of them.
//!
//! Each run is of a fresh chip. What the procedure says is compared with the
//! chip's memory afterwards, and the next command must succeed.

use std::fmt;

use atecc::{ConfigZone, Timing};
use atecc_emulator::{Bus, ExecutionTime, PartialRead, Revision};
use embedded_hal::i2c::ErrorKind;

use crate::chips::{Kit, chip};
use crate::figures::{Figures, Wrong};
use crate::mischief::{Mischief, Moment, Transfer};
use crate::operations::{Harness, Operation};
use crate::wire::Adapter;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Procedures, each on each chip.
    pub procedures: u64,
    /// Runs with one mischief.
    pub singles: u64,
    /// Runs with two.
    pub pairs: u64,
    /// Most transfers of a run, without its repeats.
    pub longest: u64,
    /// Of all commands together.
    pub figures: Figures,
}

/// What can go wrong at a transfer: 45 kinds, of which some are a write's and
/// some a read's.
#[must_use]
pub fn mischief() -> Vec<Mischief> {
    let mut all = vec![
        Mischief::AckLost,
        Mischief::Refused,
        Mischief::Blank,
        Mischief::Lost(ErrorKind::Bus),
        Mischief::Lost(ErrorKind::Other),
        Mischief::Lost(ErrorKind::ArbitrationLoss),
        Mischief::Failed(ErrorKind::Bus),
        Mischief::Failed(ErrorKind::Other),
        Mischief::Half(ErrorKind::Bus),
        Mischief::Half(ErrorKind::ArbitrationLoss),
        Mischief::Reset,
        Mischief::Watchdog,
        Mischief::NoisyWake,
    ];
    // Word address or count; count or opcode; then data.
    for byte in [0, 1, 2, 5] {
        all.extend((0..8).map(|bit| Mischief::Flip { byte, bit }));
    }
    all
}

/// Mischief that two of make a pair: one of each sort.
fn of_each_sort() -> [Mischief; 9] {
    [
        Mischief::AckLost,
        Mischief::Refused,
        Mischief::Blank,
        Mischief::Failed(ErrorKind::Bus),
        Mischief::Half(ErrorKind::ArbitrationLoss),
        Mischief::Reset,
        Mischief::NoisyWake,
        Mischief::Flip { byte: 0, bit: 3 },
        Mischief::Flip { byte: 1, bit: 7 },
    ]
}

/// Chips and adapters that the procedures are run on.
const CHIPS: [(Revision, PartialRead, Adapter, ExecutionTime); 4] = [
    (
        Revision::Atecc508A,
        PartialRead::Blank,
        Adapter::Vague,
        ExecutionTime::Typical,
    ),
    (
        Revision::Atecc508A,
        PartialRead::Nack,
        Adapter::Exact,
        ExecutionTime::Fast,
    ),
    (
        Revision::Atecc608B,
        PartialRead::Blank,
        Adapter::Exact,
        ExecutionTime::Typical,
    ),
    (
        Revision::Atecc608B,
        PartialRead::Nack,
        Adapter::Vague,
        ExecutionTime::Longest,
    ),
];

/// Every `stride`-th run with one mischief, and every `pair_stride`-th with two.
/// What changes a chip for good, and must not do so twice, is tried with each.
#[must_use]
pub fn run(stride: u64, pair_stride: u64) -> Report {
    let mut report = Report::default();
    let (mut single, mut pair) = (0_u64, 0_u64);
    for chip in CHIPS {
        let kit = Kit::new(chip.0, 0x00);
        for operation in Operation::PROCEDURES {
            report.procedures += 1;
            let transfers = once(&kit, chip, operation, &[], &mut report.figures);
            report.longest = report.longest.max(transfers);
            let for_good = [
                Operation::CreateKey,
                Operation::LockAndConfirm,
                Operation::DeriveKey,
                Operation::IncrementCounter,
            ];
            let stride = if for_good.contains(&operation) {
                1
            } else {
                stride
            };
            for number in 0..transfers {
                for mischief in mischief() {
                    single += 1;
                    if single % stride == 0 {
                        let script = [(number, mischief)];
                        once(&kit, chip, operation, &script, &mut report.figures);
                        report.singles += 1;
                    }
                }
            }
            // The second may meet what the first has caused.
            for first in 0..transfers {
                for second in first + 1..transfers + 8 {
                    for one in of_each_sort() {
                        for other in of_each_sort() {
                            pair += 1;
                            if pair % pair_stride == 0 {
                                let script = [(first, one), (second, other)];
                                once(&kit, chip, operation, &script, &mut report.figures);
                                report.pairs += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    report
}

/// One run; how many transfers it took.
fn once(
    kit: &Kit,
    (revision, partial, adapter, time): (Revision, PartialRead, Adapter, ExecutionTime),
    operation: Operation,
    script: &[(u64, Mischief)],
    figures: &mut Figures,
) -> u64 {
    let chip = chip(&kit.image, 7)
        .with_execution_time(time)
        .with_partial_read(partial);
    let timing = Timing::from_config(&ConfigZone(*kit.image.config()));
    let mut harness = Harness::new(kit, Bus::with_chip(chip), timing);
    harness.wire.set_adapter(adapter);
    let planned = script.to_vec();
    harness.wire.set_mischief(move |moment: &Moment<'_>| {
        let due = planned.iter().find(|(number, _)| *number == moment.number);
        due.map(|(_, mischief)| *mischief)
            .filter(|mischief| fits(*mischief, moment))
    });
    let case = format!("{revision} {partial:?} {adapter:?} {operation:?} {script:?}");
    let succeeded = harness.perform(operation, 0x3C, &case);
    let transfers = harness.wire.transfers();
    if script.is_empty() && !succeeded {
        harness.figures.blame(Wrong::Failed, || case.clone());
    }
    harness.check_sync(&case);
    figures.add(harness.figures);
    transfers
}

/// Whether this can happen to such a transfer.
fn fits(mischief: Mischief, moment: &Moment<'_>) -> bool {
    let write = matches!(moment.transfer, Transfer::Write(_));
    match mischief {
        Mischief::AckLost | Mischief::Half(_) => write,
        Mischief::Blank => !write,
        Mischief::Flip { byte, .. } => byte < moment.len(),
        _ => true,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "procedures {}, runs with one mischief {}, with two {}, at most {} transfers",
            self.procedures, self.singles, self.pairs, self.longest
        )?;
        self.figures.fmt(f)
    }
}
