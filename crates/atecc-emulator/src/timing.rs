//! How long a command keeps the chip busy.
//!
//! Sources: ATECC508A datasheet, Table 9-4 ("DS"), and cryptoauthlib
//! `calib_execution.c` ("CAL"). Where both give a longest time for the 508
//! the larger one stands here. No typical times of the 608 are public; this
//! project assumes 60 % of CAL's figure (unconfirmed).

use std::time::Duration;

use rand_core::Rng;

use crate::command::Opcode;
use crate::entropy::Generator;
use crate::memory::Image;

/// How execution times are chosen between a command's typical and longest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ExecutionTime {
    /// Uniformly distributed, from the chip's seed.
    #[default]
    Uniform,
    /// Always the typical time.
    Typical,
    /// Always the longest time.
    Longest,
    /// No time: the chip is never busy.
    Instant,
}

/// Typical and longest execution time of one command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Times {
    pub(crate) typical: Duration,
    pub(crate) longest: Duration,
}

impl Times {
    /// The times of `opcode` on the chip that `image` configures.
    pub(crate) fn of(opcode: Opcode, image: &Image) -> Self {
        if image.revision().is_508() {
            let (typical, longest) = atecc508_us(opcode);
            Self {
                typical: Duration::from_micros(typical),
                longest: Duration::from_micros(longest),
            }
        } else {
            let longest = Duration::from_millis(atecc608_ms(opcode, Divider::of(image)));
            Self {
                typical: longest * 3 / 5,
                longest,
            }
        }
    }

    pub(crate) fn choose(self, model: ExecutionTime, generator: &mut Generator) -> Duration {
        match model {
            ExecutionTime::Uniform => {
                let span = self.longest.saturating_sub(self.typical).as_nanos();
                let span = u64::try_from(span).unwrap_or(u64::MAX);
                let extra = generator.next_u64() % span.saturating_add(1);
                self.typical + Duration::from_nanos(extra)
            }
            ExecutionTime::Typical => self.typical,
            ExecutionTime::Longest => self.longest,
            ExecutionTime::Instant => Duration::ZERO,
        }
    }
}

/// Clock divider of a 608: bits 7-3 of `ChipMode`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Divider {
    M0,
    M1,
    M2,
}

impl Divider {
    /// Source: cryptoauthlib `calib_execution.c`. Other values are
    /// undocumented and count as M0.
    const fn of(image: &Image) -> Self {
        match image.chip_mode() & 0xF8 {
            0x28 => Self::M1,
            0x68 => Self::M2,
            _ => Self::M0,
        }
    }
}

/// Typical (DS) and longest (larger of DS and CAL), microseconds, 508.
const fn atecc508_us(opcode: Opcode) -> (u64, u64) {
    match opcode {
        Opcode::CheckMac => (5_000, 13_000),
        Opcode::Counter => (5_000, 20_000),
        Opcode::DeriveKey => (2_000, 50_000),
        Opcode::Ecdh => (38_000, 58_000),
        Opcode::GenDig => (5_000, 11_000),
        Opcode::GenKey => (11_000, 115_000),
        Opcode::Hmac => (13_000, 23_000),
        Opcode::Lock => (8_000, 32_000),
        Opcode::Mac => (5_000, 14_000),
        Opcode::Nonce => (100, 29_000),
        Opcode::Pause => (100, 3_000),
        Opcode::PrivWrite => (800, 48_000),
        Opcode::Random => (1_000, 23_000),
        Opcode::Read => (100, 5_000),
        Opcode::Sha => (7_000, 9_000),
        Opcode::Sign => (42_000, 60_000),
        Opcode::UpdateExtra => (8_000, 10_000),
        Opcode::Verify => (38_000, 72_000),
        Opcode::Write => (7_000, 26_000),
        // The last four are commands of the 608: refused at once.
        Opcode::Info | Opcode::Aes | Opcode::Kdf | Opcode::SecureBoot | Opcode::SelfTest => {
            (100, 2_000)
        }
    }
}

/// Longest (CAL), milliseconds, 608 with the clock divider.
const fn atecc608_ms(opcode: Opcode, divider: Divider) -> u64 {
    let [m0, m1, m2] = match opcode {
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
    };
    match divider {
        Divider::M0 => m0,
        Divider::M1 => m1,
        Divider::M2 => m2,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ExecutionTime, Image, Times};
    use crate::command::Opcode;
    use crate::entropy::Generator;
    use crate::revision::Revision;

    #[test]
    fn uniform_times_lie_between_typical_and_longest() {
        let times = Times::of(Opcode::Sign, &Image::blank(Revision::Atecc508A));
        let mut generator = Generator::seeded(1);
        let drawn: Vec<_> = (0..200)
            .map(|_| times.choose(ExecutionTime::Uniform, &mut generator))
            .collect();
        assert!(
            drawn
                .iter()
                .all(|time| (times.typical..=times.longest).contains(time))
        );
        assert!(drawn.iter().any(|time| *time < Duration::from_millis(45)));
        assert!(drawn.iter().any(|time| *time > Duration::from_millis(57)));
    }

    #[test]
    fn divider_slows_a_608() {
        let mut image = Image::blank(Revision::Atecc608B);
        for (chip_mode, longest) in [(0x00, 115), (0x28, 215), (0x68, 653), (0x6C, 653)] {
            image.config[19] = chip_mode;
            let times = Times::of(Opcode::GenKey, &image);
            assert_eq!(
                times.longest,
                Duration::from_millis(longest),
                "{chip_mode:02X}"
            );
            assert_eq!(times.typical * 5, times.longest * 3);
        }
    }
}
