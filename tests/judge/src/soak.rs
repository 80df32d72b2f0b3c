//! Random commands and procedures on a bad bus.
//!
//! One transfer in a hundred has a flipped bit, in either direction, and one in
//! a hundred another fault. Each answer is compared with what the chip said,
//! each result with its memory, and after each failure a command on a quiet bus
//! must succeed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use atecc::timing::ClockDivider;
use atecc::{ConfigZone, Timing};
use atecc_emulator::{Bus, ExecutionTime, PartialRead, Revision};
use embedded_hal::i2c::ErrorKind;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::chips::{Kit, chip};
use crate::figures::Figures;
use crate::mischief::{Mischief, Moment, Transfer};
use crate::operations::{Harness, Operation};
use crate::wire::Adapter;

/// Sessions with one chip, before the next has its turn.
const SESSIONS: u64 = 100;
/// Faults of each kind, in a thousand transfers.
const RATE: u32 = 10;

/// What came of the soak.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Chips that were used.
    pub chips: u64,
    /// Sessions with them.
    pub sessions: u64,
    /// Transfers.
    pub transfers: u64,
    /// What was done to these, by name.
    pub mischief: BTreeMap<&'static str, u64>,
    /// On the simulated clock.
    pub time: Duration,
    /// Of all commands together.
    pub figures: Figures,
}

/// At least so many commands.
#[must_use]
pub fn run(commands: u64, seed: u64) -> Report {
    let mut report = Report::default();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let kits = [
        (Revision::Atecc508A, 0x00),
        (Revision::Atecc608A, 0x00),
        (Revision::Atecc608B, 0x00),
        (Revision::Atecc608B, 0x28),
        (Revision::Atecc608B, 0x68),
    ]
    .map(|(revision, chip_mode)| Kit::new(revision, chip_mode));
    let tested = kits[2].clone().testing_itself();
    let kits = [&kits[..], &[tested]].concat();
    while report.figures.commands < commands {
        let kit = &kits[below(&mut random, kits.len())];
        with_one_chip(kit, random.next_u64(), &mut report);
    }
    report
}

fn with_one_chip(kit: &Kit, seed: u64, report: &mut Report) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let models = [
        ExecutionTime::Typical,
        ExecutionTime::Uniform,
        ExecutionTime::Longest,
        ExecutionTime::Fast,
    ];
    let partial = pick(&mut random, [PartialRead::Blank, PartialRead::Nack]);
    let chip = chip(&kit.image, seed)
        .with_execution_time(pick(&mut random, models))
        .with_partial_read(partial)
        .with_wake_delay(Duration::from_micros(pick(&mut random, [300, 1_500])))
        .with_sleep_delay(Duration::from_micros(pick(&mut random, [0, 1_000])))
        .with_watchdog(Duration::from_millis(pick(
            &mut random,
            [700, 1_300, 1_700],
        )));
    let known = Timing::from_config(&ConfigZone(*kit.image.config()));
    // What is not known of a chip is taken to be full clock.
    let unknown = if known.divider == ClockDivider::M0 {
        Timing::default()
    } else {
        known
    };
    let timing = pick(&mut random, [known, unknown]);
    let mut harness = Harness::new(kit, Bus::with_chip(chip), timing);
    harness
        .wire
        .set_adapter(pick(&mut random, [Adapter::Exact, Adapter::Vague]));
    let done = Rc::new(RefCell::new(BTreeMap::new()));
    for session in 0..SESSIONS {
        let operation = if random.next_u32() % 2 == 0 {
            Operation::Case(below(&mut random, harness.cases()))
        } else {
            pick(&mut random, Operation::PROCEDURES)
        };
        let case = format!("chip {seed:016X}, session {session}, {operation:?}");
        harness.wire.set_mischief(bad_bus(random.next_u64(), &done));
        let data = random.next_u32().to_le_bytes()[0];
        if !harness.perform(operation, data, &case) {
            harness.check_sync(&case);
        }
        harness.wire.forget();
    }
    report.chips += 1;
    report.sessions += SESSIONS;
    report.transfers += harness.wire.transfers();
    report.time += harness.bus.clock().now();
    for (name, times) in done.borrow().iter() {
        *report.mischief.entry(name).or_default() += times;
    }
    report.figures.add(harness.figures);
}

type Done = Rc<RefCell<BTreeMap<&'static str, u64>>>;

fn bad_bus(seed: u64, done: &Done) -> impl FnMut(&Moment<'_>) -> Option<Mischief> + 'static {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let done = Rc::clone(done);
    move |moment| {
        let (name, mischief) = choose(&mut random, moment)?;
        *done.borrow_mut().entry(name).or_default() += 1;
        Some(mischief)
    }
}

/// What to do at this transfer, if anything.
fn choose(random: &mut ChaCha8Rng, moment: &Moment<'_>) -> Option<(&'static str, Mischief)> {
    let chance = random.next_u32() % 1_000;
    if chance < RATE {
        let bit = random.next_u32().to_le_bytes()[0] % 8;
        let byte = below(random, moment.len());
        return Some(("flipped bit", Mischief::Flip { byte, bit }));
    }
    if chance >= 2 * RATE {
        return None;
    }
    let [one, other] = match moment.transfer {
        Transfer::Write(_) => [
            ("lost acknowledge", Mischief::AckLost),
            ("broken off", Mischief::Half(ErrorKind::ArbitrationLoss)),
        ],
        Transfer::Read(_) => [("blank answer", Mischief::Blank); 2],
    };
    let all = [
        one,
        other,
        ("refused", Mischief::Refused),
        ("arbitration", Mischief::Lost(ErrorKind::ArbitrationLoss)),
        ("bus fault before", Mischief::Lost(ErrorKind::Bus)),
        ("bus fault after", Mischief::Failed(ErrorKind::Bus)),
        ("time-out after", Mischief::Failed(ErrorKind::Other)),
        ("reset", Mischief::Reset),
        ("early watchdog", Mischief::Watchdog),
        ("noisy wake", Mischief::NoisyWake),
    ];
    Some(pick(random, all))
}

fn pick<T: Copy, const N: usize>(random: &mut ChaCha8Rng, of: [T; N]) -> T {
    of[below(random, N)]
}

fn below(random: &mut ChaCha8Rng, end: usize) -> usize {
    usize::try_from(random.next_u32()).unwrap_or_default() % end.max(1)
}

/// Counts, and what was done.
impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "chips {}, sessions {}, transfers {}, {:.0} s of simulated time",
            self.chips,
            self.sessions,
            self.transfers,
            self.time.as_secs_f64()
        )?;
        for (name, times) in &self.mischief {
            writeln!(f, "    {times:>10}  {name}")?;
        }
        Ok(())
    }
}
