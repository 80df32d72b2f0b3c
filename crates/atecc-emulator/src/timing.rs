//! How long a command keeps the chip busy.
//!
//! Two questions, two answers. How long a driver must be ready to wait is in
//! vendors' tables: the ATECC508A datasheet, Table 9-4 ("DS"), and
//! cryptoauthlib `calib_execution.c` ("CAL"). How long a chip takes is much
//! less, and nearly constant: measured example programs repeat within 0.3 %
//! over months. For the 508 DS has typical times. For the 608 nobody has
//! published any; these are inferred from hosts that are known to work:
//!
//! - typical: the fixed waits of Helium's `ecc608-linux`, a host tuned to the
//!   608 ("EL");
//! - up to: the fixed waits of `ArduinoECCX08`, whose boards carry a 608A and
//!   read once after them ("AX").
//!
//! That either is what silicon takes is unconfirmed. The models are choices of
//! this project, and a driver must be good on all of them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand_core::Rng;

use crate::command::Opcode;
use crate::entropy::Generator;
use crate::memory::Image;

/// How long commands take. What is refused takes the time of `Info`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ExecutionTime {
    /// Within 3 % of the typical time, from the chip's seed.
    #[default]
    Typical,
    /// Uniformly distributed, from the chip's seed: from the typical time to
    /// the longest that hosts in the field allow (608) or that the datasheet
    /// gives (508).
    Uniform,
    /// Always the time that a driver must be ready to wait.
    Longest,
    /// Always a third of the typical time.
    Fast,
    /// No time: the chip is never busy.
    Instant,
}

/// The name of no execution time.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is none of typical, uniform, longest and fast")]
pub struct UnknownExecutionTime(String);

impl fmt::Display for ExecutionTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Typical => "typical",
            Self::Uniform => "uniform",
            Self::Longest => "longest",
            Self::Fast => "fast",
            Self::Instant => "instant",
        })
    }
}

impl FromStr for ExecutionTime {
    type Err = UnknownExecutionTime;

    /// All names but `instant`, which is no model of a chip.
    fn from_str(name: &str) -> Result<Self, UnknownExecutionTime> {
        [Self::Typical, Self::Uniform, Self::Longest, Self::Fast]
            .into_iter()
            .find(|model| model.to_string() == name)
            .ok_or_else(|| UnknownExecutionTime(name.to_owned()))
    }
}

/// The execution times of one command on one chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Times {
    typical: Duration,
    /// Of [`ExecutionTime::Uniform`].
    up_to: Duration,
    /// What a driver must be ready to wait.
    bound: Duration,
}

impl Times {
    /// The times of `opcode` on the chip that `image` configures.
    pub(crate) fn of(opcode: Opcode, image: &Image) -> Self {
        let us = if image.revision().is_508() {
            atecc508_us(opcode)
        } else {
            let (typical, up_to) = atecc608_us(opcode);
            let bounds = atecc608_bound_ms(opcode);
            let bound = Divider::of(image).choose(bounds);
            // In the ratio in which the divider lengthens the bound.
            let [typical, up_to] = [typical, up_to].map(|us| us * bound / bounds[0]);
            (typical, up_to, bound * 1_000)
        };
        let (typical, up_to, bound) = us;
        Self {
            typical: Duration::from_micros(typical),
            up_to: Duration::from_micros(up_to),
            bound: Duration::from_micros(bound),
        }
    }

    /// The time that must be left on the watchdog, or the command is answered
    /// with 0xEE: the longest that any model takes. That is the bound, but for
    /// `Nonce` on the 608, for which AX waits longer than CAL. Which time real
    /// parts compare is not known (unconfirmed).
    pub(crate) fn longest(self) -> Duration {
        self.bound.max(self.up_to)
    }

    pub(crate) fn choose(self, model: ExecutionTime, generator: &mut Generator) -> Duration {
        match model {
            ExecutionTime::Typical => {
                let spread = self.typical * SPREAD_PERCENT / 100;
                let low = self.typical.saturating_sub(spread);
                let high = (self.typical + spread).min(self.longest());
                between(low, high, generator)
            }
            ExecutionTime::Uniform => between(self.typical, self.up_to, generator),
            ExecutionTime::Longest => self.bound,
            ExecutionTime::Fast => self.typical / 3,
            ExecutionTime::Instant => Duration::ZERO,
        }
    }
}

/// To both sides of the typical time (assumed).
const SPREAD_PERCENT: u32 = 3;

fn between(low: Duration, high: Duration, generator: &mut Generator) -> Duration {
    let span = high.saturating_sub(low).as_nanos();
    let span = u64::try_from(span).unwrap_or(u64::MAX);
    low + Duration::from_nanos(generator.next_u64() % span.saturating_add(1))
}

/// Clock divider of a 608: bits 7-3 of `ChipMode`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Divider {
    M0,
    M1,
    M2,
}

impl Divider {
    /// Source: CAL. Other values are undocumented and count as M0.
    const fn of(image: &Image) -> Self {
        match image.chip_mode() & 0xF8 {
            0x28 => Self::M1,
            0x68 => Self::M2,
            _ => Self::M0,
        }
    }

    const fn choose(self, [m0, m1, m2]: [u64; 3]) -> u64 {
        match self {
            Self::M0 => m0,
            Self::M1 => m1,
            Self::M2 => m2,
        }
    }
}

/// Microseconds on the 508: typical (DS), up to (the longest of DS), bound (the
/// larger one of DS and CAL).
const fn atecc508_us(opcode: Opcode) -> (u64, u64, u64) {
    match opcode {
        Opcode::CheckMac => (5_000, 13_000, 13_000),
        Opcode::Counter => (5_000, 20_000, 20_000),
        Opcode::DeriveKey => (2_000, 50_000, 50_000),
        Opcode::Ecdh => (38_000, 58_000, 58_000),
        Opcode::GenDig => (5_000, 11_000, 11_000),
        Opcode::GenKey => (11_000, 115_000, 115_000),
        Opcode::Hmac => (13_000, 23_000, 23_000),
        Opcode::Lock => (8_000, 32_000, 32_000),
        Opcode::Mac => (5_000, 14_000, 14_000),
        // CAL: 29.
        Opcode::Nonce => (100, 7_000, 29_000),
        Opcode::Pause => (100, 3_000, 3_000),
        Opcode::PrivWrite => (800, 48_000, 48_000),
        Opcode::Random => (1_000, 23_000, 23_000),
        // CAL: 5.
        Opcode::Read => (100, 1_000, 5_000),
        Opcode::Sha => (7_000, 9_000, 9_000),
        // CAL: 60.
        Opcode::Sign => (42_000, 50_000, 60_000),
        Opcode::UpdateExtra => (8_000, 10_000, 10_000),
        // CAL: 72.
        Opcode::Verify => (38_000, 58_000, 72_000),
        Opcode::Write => (7_000, 26_000, 26_000),
        // CAL: 2. The last four are commands of the 608: refused at once.
        Opcode::Info | Opcode::Aes | Opcode::Kdf | Opcode::SecureBoot | Opcode::SelfTest => {
            (100, 1_000, 2_000)
        }
    }
}

/// Microseconds on the 608 with an undivided clock: typical (EL), up to (AX).
const fn atecc608_us(opcode: Opcode) -> (u64, u64) {
    match opcode {
        // The last two are commands of the 508: refused at once.
        Opcode::Info | Opcode::Hmac | Opcode::Pause => (500, 2_000),
        Opcode::Read => (800, 5_000),
        Opcode::Write => (8_000, 26_000),
        Opcode::Lock => (19_500, 32_000),
        Opcode::Nonce => (7_000, 29_000),
        Opcode::Random => (15_000, 23_000),
        // Typical assumed: a 608B answers Start and End within 5 ms. Up to: AX,
        // and Microchip says significantly faster than on the 508.
        Opcode::Sha => (4_000, 9_000),
        // Both assumed: a 608B answers within 5 ms.
        Opcode::Aes => (4_000, 15_000),
        Opcode::GenKey => (59_000, 115_000),
        Opcode::Sign => (62_000, 70_000),
        // Up to: assumed to be the bound.
        Opcode::Ecdh => (28_000, 75_000),
        // Typical assumed.
        Opcode::Verify => (45_000, 72_000),
        // Both assumed: 30 and 60 % of the bound.
        Opcode::CheckMac
        | Opcode::Counter
        | Opcode::DeriveKey
        | Opcode::GenDig
        | Opcode::Kdf
        | Opcode::Mac
        | Opcode::PrivWrite
        | Opcode::SecureBoot
        | Opcode::SelfTest
        | Opcode::UpdateExtra => {
            let [bound_ms, ..] = atecc608_bound_ms(opcode);
            (bound_ms * 300, bound_ms * 600)
        }
    }
}

/// The bound (CAL) on the 608, milliseconds, by clock divider.
const fn atecc608_bound_ms(opcode: Opcode) -> [u64; 3] {
    match opcode {
        Opcode::Aes => [27, 27, 27],
        Opcode::CheckMac => [40, 40, 40],
        Opcode::Counter => [25, 25, 25],
        Opcode::DeriveKey | Opcode::PrivWrite => [50, 50, 50],
        Opcode::Ecdh => [75, 172, 531],
        Opcode::GenDig => [25, 35, 35],
        Opcode::GenKey => [115, 215, 653],
        Opcode::Kdf => [165, 165, 165],
        Opcode::Lock => [35, 35, 35],
        Opcode::Mac => [55, 55, 55],
        Opcode::Nonce => [20, 20, 20],
        Opcode::Random => [23, 23, 23],
        Opcode::SecureBoot => [80, 160, 480],
        Opcode::SelfTest => [250, 625, 2_324],
        Opcode::Sha => [36, 42, 75],
        Opcode::Sign => [115, 220, 665],
        Opcode::UpdateExtra => [10, 10, 10],
        Opcode::Verify => [105, 295, 1_085],
        Opcode::Write => [45, 45, 45],
        // The last two are commands of the 508: refused at once.
        Opcode::Info | Opcode::Read | Opcode::Hmac | Opcode::Pause => [5, 5, 5],
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ExecutionTime, Image, Times};
    use crate::command::Opcode;
    use crate::entropy::Generator;
    use crate::revision::Revision;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn drawn(model: ExecutionTime, opcode: Opcode, image: &Image) -> Vec<Duration> {
        let times = Times::of(opcode, image);
        let mut generator = Generator::seeded(1);
        (0..200)
            .map(|_| times.choose(model, &mut generator))
            .collect()
    }

    fn range(drawn: &[Duration]) -> (Duration, Duration) {
        let (low, high) = (drawn.iter().min(), drawn.iter().max());
        (*low.unwrap(), *high.unwrap())
    }

    /// Real parts are nearly constant.
    #[test]
    fn typical_times_have_little_spread() {
        for (revision, opcode, typical_us) in [
            (Revision::Atecc508A, Opcode::Sign, 42_000),
            (Revision::Atecc508A, Opcode::Read, 100),
            (Revision::Atecc608A, Opcode::Sign, 62_000),
            (Revision::Atecc608A, Opcode::Read, 800),
            (Revision::Atecc608B, Opcode::Info, 500),
            (Revision::Atecc608B, Opcode::Sha, 4_000),
            (Revision::Atecc608B, Opcode::Kdf, 49_500),
        ] {
            let typical = Duration::from_micros(typical_us);
            let image = Image::blank(revision);
            let (low, high) = range(&drawn(ExecutionTime::Typical, opcode, &image));
            assert!(low >= typical * 97 / 100 && low < typical * 98 / 100);
            assert!(high <= typical * 103 / 100 && high > typical * 102 / 100);
        }
    }

    /// On the 508 to the datasheet's longest, which CAL exceeds here.
    #[test]
    fn uniform_times_lie_between_the_columns() {
        for (revision, opcode, from, to) in [
            (Revision::Atecc508A, Opcode::Sign, 42, 50),
            (Revision::Atecc508A, Opcode::Verify, 38, 58),
            (Revision::Atecc608A, Opcode::Sign, 62, 70),
            (Revision::Atecc608B, Opcode::Nonce, 7, 29),
        ] {
            let image = Image::blank(revision);
            let (low, high) = range(&drawn(ExecutionTime::Uniform, opcode, &image));
            let tenth = ms(to - from) / 10;
            assert!(low >= ms(from) && low < ms(from) + tenth, "{low:?}");
            assert!(high <= ms(to) && high + tenth > ms(to), "{high:?}");
        }
    }

    #[test]
    fn constant_models() {
        for (revision, longest_ms, fast_ms) in [
            (Revision::Atecc508A, 60, 14),
            (Revision::Atecc608B, 115, 20),
        ] {
            let image = Image::blank(revision);
            for (model, range) in [
                (ExecutionTime::Longest, ms(longest_ms)..=ms(longest_ms)),
                (ExecutionTime::Fast, ms(fast_ms)..=ms(fast_ms + 1)),
                (ExecutionTime::Instant, ms(0)..=ms(0)),
            ] {
                let drawn = drawn(model, Opcode::Sign, &image);
                assert!(drawn.iter().all(|time| range.contains(time)), "{model}");
            }
        }
    }

    #[test]
    fn divider_slows_a_608() {
        let mut image = Image::blank(Revision::Atecc608B);
        for (chip_mode, m) in [(0x00, 0), (0x28, 1), (0x68, 2), (0x6C, 2)] {
            image.config[19] = chip_mode;
            for (opcode, bounds, typical, up_to) in [
                (Opcode::GenKey, [115, 215, 653], 59_000, 115_000),
                (Opcode::Sign, [115, 220, 665], 62_000, 70_000),
                (Opcode::Write, [45, 45, 45], 8_000, 26_000),
            ] {
                let times = Times::of(opcode, &image);
                let slower = |us: u64| Duration::from_micros(us * bounds[m] / bounds[0]);
                assert_eq!(times.bound, ms(bounds[m]), "{chip_mode:02X}");
                assert_eq!(times.typical, slower(typical), "{chip_mode:02X}");
                assert_eq!(times.up_to, slower(up_to), "{chip_mode:02X}");
            }
        }
    }

    /// What was begun ends before the watchdog expires.
    #[test]
    fn nothing_exceeds_what_the_watchdog_must_leave() {
        for revision in Revision::ALL {
            let mut image = Image::blank(revision);
            for chip_mode in [0x00, 0x28, 0x68] {
                image.config[19] = chip_mode;
                for opcode in Opcode::ALL {
                    let Times { typical, up_to, .. } = Times::of(opcode, &image);
                    assert!(typical > Duration::ZERO && typical < up_to, "{opcode:?}");
                    let longest = Times::of(opcode, &image).longest();
                    for model in [
                        ExecutionTime::Typical,
                        ExecutionTime::Uniform,
                        ExecutionTime::Longest,
                        ExecutionTime::Fast,
                    ] {
                        let (_, high) = range(&drawn(model, opcode, &image));
                        assert!(high <= longest, "{revision} {opcode:?} {model}");
                    }
                }
            }
        }
    }

    #[test]
    fn names() {
        for name in ["typical", "uniform", "longest", "fast"] {
            let model: ExecutionTime = name.parse().unwrap();
            assert_eq!(model.to_string(), name);
        }
        for name in ["", "Typical", "instant"] {
            assert!(name.parse::<ExecutionTime>().is_err());
        }
    }
}
