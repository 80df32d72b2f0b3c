//! Two chips on one bus: a command to one, a gap, a command to the other.
//!
//! Each wake pulse wakes both, so the second chip is somewhere in its watchdog
//! when its session begins. Nothing goes wrong here, so nothing may fail, but
//! for what a watchdog cannot hold.

mod report;

use std::num::NonZeroU32;
use std::time::Duration;

use atecc::command::Request;
use atecc::commands::InfoRevision;
use atecc::error::Cause;
use atecc::{BusAddress, ConfigZone, Device, Failure, Family, Opcode, Timing};
use atecc_emulator::{Bus, Chip, ExecutionTime, Power, Revision};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use crate::cases::{Case, typical};
use crate::checked::Checked;
use crate::chips::{Kit, chip};
use crate::figures::{Figures, Wrong};
use crate::pairs::Sequence;
use crate::wire::Wire;

pub use report::{Report, Times};

const FIRST: u8 = 0x60;
const SECOND: BusAddress = match BusAddress::new(0x61) {
    Ok(address) => address,
    Err(_) => panic!("an address"),
};
const SLOW_HZ: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
const FAST_HZ: NonZeroU32 = NonZeroU32::new(400_000).unwrap();
const LONGEST_GAP_MS: u32 = 1_400;
/// Revision and `ChipMode`: the dividers M0, M1 and M2, and M2 with the long
/// watchdog.
const CHIPS: [(&str, Revision, u8); 5] = [
    ("508A", Revision::Atecc508A, 0x00),
    ("608B M0", Revision::Atecc608B, 0x00),
    ("608B M1", Revision::Atecc608B, 0x28),
    ("608B M2", Revision::Atecc608B, 0x68),
    ("608B M2, 10 s", Revision::Atecc608B, 0x6C),
];
const MODELS: [ExecutionTime; 4] = [
    ExecutionTime::Typical,
    ExecutionTime::Uniform,
    ExecutionTime::Longest,
    ExecutionTime::Fast,
];

/// The watchdog of the second chip.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Watchdog {
    /// 1.3 s, as `Timing::from_config` takes it.
    Typical,
    /// 0.7 s, and the driver knows.
    Earliest,
}

/// What is varied beside the gap.
#[derive(Clone, Copy)]
struct Setting<'a> {
    name: &'a str,
    kit: &'a Kit,
    other: &'a Kit,
    model: ExecutionTime,
    scl_hz: NonZeroU32,
    watchdog: Watchdog,
}

/// Try gaps of 0 to 1400 ms in steps of `step_ms`, with everything else.
#[must_use]
pub fn run(step_ms: NonZeroU32) -> Report {
    let mut report = Report::default();
    let other = Kit::new(Revision::Atecc608B, 0x00);
    for (name, revision, chip_mode) in CHIPS {
        let family = match revision {
            Revision::Atecc508A => Family::Atecc508,
            _ => Family::Atecc608,
        };
        let mut kit = Kit::new(revision, chip_mode);
        kit.image = at_second_address(&kit);
        let cases = typical(family, &kit);
        for model in MODELS {
            for scl_hz in [SLOW_HZ, FAST_HZ] {
                for watchdog in [Watchdog::Typical, Watchdog::Earliest] {
                    let setting = Setting {
                        name,
                        kit: &kit,
                        other: &other,
                        model,
                        scl_hz,
                        watchdog,
                    };
                    for case in &cases {
                        setting.try_case(case, step_ms, &mut report);
                    }
                }
            }
        }
    }
    report
}

fn at_second_address(kit: &Kit) -> atecc_emulator::Image {
    let mut config = *kit.image.config();
    config[16] = SECOND.get() << 1;
    let image = kit.image.clone().with_config(config);
    image.expect("the same revision")
}

impl Setting<'_> {
    fn try_case(&self, case: &Case, step_ms: NonZeroU32, report: &mut Report) {
        let expected = self.quiet(case);
        let mut longest = Duration::ZERO;
        for gap_ms in (0..=LONGEST_GAP_MS).step_by(step_ms.get() as usize) {
            report.runs += 1;
            let name = format!(
                "{} {} kHz {} {:?}, gap {gap_ms} ms, {}",
                self.name,
                self.scl_hz.get() / 1_000,
                self.model,
                self.watchdog,
                case.name
            );
            let (took, results) = self.session(case, gap_ms, &name, &mut report.figures);
            longest = longest.max(took);
            match results.last() {
                Some(Err(failure)) if self.cannot_hold(case.opcode) && is_refusal(failure) => {
                    let key = (self.name.into(), self.watchdog, case.opcode.to_string());
                    *report.refused.entry(key).or_default() += 1;
                }
                _ if results == expected && results.iter().all(Result::is_ok) => {}
                _ => report
                    .figures
                    .blame(Wrong::Failed, || format!("{name}: {results:02X?}")),
            }
        }
        let times = report.times.entry((self.name.into(), case.name.clone()));
        let key = (self.model.to_string(), self.scl_hz.get());
        let times = times.or_default().0.entry(key).or_default();
        times.0 = times.0.max(self.execution_time(case));
        times.1 = times.1.max(longest);
    }

    /// Whether the watchdog might end the command, whenever it starts.
    fn cannot_hold(&self, opcode: Opcode) -> bool {
        match (self.name, self.watchdog) {
            ("608B M2", Watchdog::Typical) => opcode == Opcode::SelfTest,
            ("608B M2", Watchdog::Earliest) => {
                matches!(opcode, Opcode::SelfTest | Opcode::Verify)
            }
            _ => false,
        }
    }

    fn second(&self) -> Chip {
        let budget = match self.watchdog {
            Watchdog::Typical => Duration::from_millis(1_300),
            Watchdog::Earliest => Duration::from_millis(700),
        };
        chip(&self.kit.image, 2)
            .with_execution_time(self.model)
            .with_watchdog(budget)
    }

    fn timing(&self) -> Timing {
        let timing = Timing::from_config(&ConfigZone(*self.kit.image.config()));
        let long = timing.watchdog_us > 1_300_000;
        match self.watchdog {
            Watchdog::Earliest if !long => Timing {
                watchdog_us: Timing::EARLIEST_WATCHDOG_US,
                ..timing
            },
            _ => timing,
        }
    }

    /// Info to the first chip, the gap, the command to the second: how long
    /// that session took, and its answers.
    fn session(
        &self,
        case: &Case,
        gap_ms: u32,
        name: &str,
        figures: &mut Figures,
    ) -> (Duration, Vec<Result<Vec<u8>, Failure>>) {
        let bus = Bus::with_chip(chip(&self.other.image, 1).with_execution_time(self.model));
        bus.attach(self.second());
        bus.set_scl_hz(self.scl_hz);
        let (first, second) = (Wire::new(&bus, 0, FIRST), Wire::new(&bus, 1, SECOND.get()));
        let pulse = |i2c: &mut Wire, _: &mut _| {
            bus.set_scl_hz(SLOW_HZ);
            // Nobody acknowledges it.
            let _ = i2c.write(0x00, &[0x00]);
            bus.set_scl_hz(self.scl_hz);
            Ok(())
        };
        let mut device = Device::new(first, bus.delay()).with_wake(pulse);
        if let Err(error) = device.execute(InfoRevision) {
            figures.blame(Wrong::Failed, || format!("{name}: first chip: {error:?}"));
        }
        bus.delay().delay_ms(gap_ms);
        let mut device = Device::new(second.clone(), bus.delay())
            .with_address(SECOND)
            .with_wake(pulse);
        device.set_timing(self.timing());
        let begin = bus.clock().now();
        let procedure = Checked::new(Sequence::new(requests(case)), &second, figures, name);
        let results = device.run(procedure).unwrap_or_default();
        (bus.clock().now().saturating_sub(begin), results)
    }

    /// The answers of the same chip alone, asleep, with the long way to wait.
    fn quiet(&self, case: &Case) -> Vec<Result<Vec<u8>, Failure>> {
        let bus = Bus::with_chip(self.second().with_execution_time(ExecutionTime::Fast));
        let mut device = Device::new(bus.i2c(), bus.delay()).with_address(SECOND);
        let sequence = Sequence::new(requests(case));
        device.run(sequence).unwrap_or_default()
    }

    /// How long the chip executes, without any driver.
    fn execution_time(&self, case: &Case) -> Duration {
        const STEP: Duration = Duration::from_micros(20);
        let bus = Bus::with_chip(self.second());
        let mut i2c = bus.i2c();
        let mut busy = Duration::ZERO;
        for request in requests(case) {
            // Nobody acknowledges the pulse. Idle keeps what the next needs.
            let _ = i2c.write(0x00, &[0x00]);
            bus.delay().delay_us(1_500);
            let _ = i2c.write(SECOND.get(), request.as_bytes());
            while bus.inspect(0, Chip::power) == Some(Power::Busy) {
                bus.clock().advance(STEP);
                busy += STEP;
            }
            let _ = i2c.write(SECOND.get(), &[0x02]);
        }
        busy
    }
}

fn requests(case: &Case) -> Vec<Request> {
    let last = std::iter::once(&case.request);
    case.before.iter().chain(last).cloned().collect()
}

fn is_refusal(failure: &Failure) -> bool {
    failure.not_executed() && matches!(failure.cause, Cause::TooSlow { .. })
}
