//! How long to wait: for the first look, between looks, and in all.

use crate::config::ConfigZone;
use crate::{Family, Opcode};

/// The waits of a [`crate::session::Session`], in microseconds.
///
/// ```
/// use atecc::{Family, Opcode, Timing};
///
/// let timing = Timing::new(Some(Family::Atecc508));
/// assert!(timing.typical_us(Opcode::Sign) < timing.longest_us(Opcode::Sign));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// Whose typical execution times to expect, and whose commands to send.
    /// Unknown, every command is sent and the shorter times are expected,
    /// which costs polls but never an answer.
    pub family: Option<Family>,
    /// How much slower than at full clock the chip computes.
    pub divider: ClockDivider,
    /// Time after which a command is given up. Real parts exceed the tables
    /// (an ATECC608 took 129 ms for Sign against 115), so the tables only say
    /// when to look first. cryptoauthlib waits 2.5 s as well.
    pub give_up_us: u32,
    /// How long after a wake a command may still start. The watchdog fires
    /// 0.7 s after the wake at the earliest (ATECC508A datasheet, "Watchdog
    /// Failsafe"); the rest is left for the bus and the host. A command that
    /// takes longer than this starts right after a wake.
    pub awake_us: u32,
    /// A command whose longest time is more than this is refused before
    /// anything is sent: the watchdog would end it. It fires after 1.3 s
    /// typically; for a part that is known to have the earliest one give
    /// [`Timing::EARLIEST_WATCHDOG_US`].
    pub watchdog_us: u32,
    /// From the wake pulse to the first read: `tWHI`, 1500 us (ATECC508A
    /// datasheet, "AC Parameters"). A chip that tests itself at each wake takes
    /// 20 ms; the session keeps looking for that long.
    pub wake_high_us: u32,
    /// Wake pulses before a chip is declared absent, each followed by 25 ms
    /// of looking. A chip may miss one on a noisy bus.
    pub wake_pulses: u8,
    /// How long a silent address may be a chip, so that it is not declared
    /// absent before: one that executes what somebody else sent, or holds half a
    /// command and acknowledges no read before its watchdog fires.
    pub busy_us: u32,
}

/// Clock divider of an ATECC608: bits 7 to 3 of `ChipMode`. Source:
/// cryptoauthlib `calib_execution.c`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ClockDivider {
    /// Full clock, 0x00; every ATECC508A.
    #[default]
    M0,
    /// 0x28.
    M1,
    /// 0x68.
    M2,
}

impl ClockDivider {
    /// That of `config`. Values that no source lists count as [`Self::M0`].
    #[must_use]
    pub fn from_config(config: &ConfigZone) -> Self {
        match (config.revision().family(), config.chip_mode() & 0xF8) {
            (Some(Family::Atecc508), _) => Self::M0,
            (_, 0x28) => Self::M1,
            (_, 0x68) => Self::M2,
            _ => Self::M0,
        }
    }
}

impl Timing {
    /// The earliest watchdog, 0.7 s. Source: ATECC508A datasheet, "Watchdog
    /// Failsafe".
    pub const EARLIEST_WATCHDOG_US: u32 = 700_000;

    /// For a chip of `family`, if it is known, at full clock.
    #[must_use]
    pub const fn new(family: Option<Family>) -> Self {
        Self {
            family,
            divider: ClockDivider::M0,
            give_up_us: 2_500_000,
            awake_us: 650_000,
            watchdog_us: 1_300_000,
            wake_high_us: 1_500,
            wake_pulses: 4,
            busy_us: silent_us(family, ClockDivider::M0),
        }
    }

    /// For the chip that `config` was read from: its family, clock divider and
    /// watchdog.
    #[must_use]
    pub fn from_config(config: &ConfigZone) -> Self {
        let family = config.revision().family();
        let divider = ClockDivider::from_config(config);
        let mut timing = Self {
            divider,
            busy_us: silent_us(family, divider),
            ..Self::new(family)
        };
        // Nominally 10 s with bit 2 set (ATECC508A datasheet, "ChipMode"); half
        // of that, as the short one may be half of its nominal time.
        if config.chip_mode() & 0x04 != 0 {
            timing.awake_us = 5_000_000;
            timing.watchdog_us = 5_000_000;
        }
        timing
    }

    /// What `opcode` takes typically, microseconds; of a chip whose family is not
    /// known the shorter time. Where a clock divider counts at all, M1 counts twice
    /// and M2 six times, about what the longest times say.
    #[must_use]
    pub fn typical_us(&self, opcode: Opcode) -> u32 {
        let times = Times::of(opcode);
        let [m0, _, m2] = times.longest;
        let slower = match self.divider {
            ClockDivider::M1 if m2 > m0 * 2 => 2,
            ClockDivider::M2 if m2 > m0 * 2 => 6,
            _ => 1,
        };
        let slower = if self.family == Some(Family::Atecc508) {
            1
        } else {
            slower
        };
        u32::from(times.typical(self.family) * slower) * 100
    }

    /// When to look for the first time for the answer to a command whose time was
    /// not observed yet: after a quarter of the typical time at full clock, since
    /// nobody has published what an ATECC608 takes.
    #[must_use]
    pub fn first_look_us(&self, opcode: Opcode) -> u32 {
        u32::from(Times::of(opcode).typical(self.family)) * 25
    }

    /// The longest that the tables allow `opcode`, microseconds.
    #[must_use]
    pub fn longest_us(&self, opcode: Opcode) -> u32 {
        let [m0, m1, m2] = Times::of(opcode).longest;
        let longest = match self.divider {
            ClockDivider::M0 => m0,
            ClockDivider::M1 => m1,
            ClockDivider::M2 => m2,
        };
        u32::from(longest) * 1_000
    }

    /// The longest that the tables allow `opcode` with any clock divider.
    pub(crate) fn slowest_us(&self, opcode: Opcode) -> u32 {
        let [m0, _, m2] = Times::of(opcode).longest;
        let slowest = match self.family {
            Some(Family::Atecc508) => m0,
            Some(Family::Atecc608) | None => m2,
        };
        u32::from(slowest) * 1_000
    }

    /// Between two looks: a sixty-fourth of the time waited, so that what an
    /// answer waits for is little beside what the command took; an eighth once a
    /// command takes longer than any table allows, so that the looks are bounded.
    #[must_use]
    pub fn poll_us(&self, opcode: Opcode, waited_us: u32) -> u32 {
        let slowest_us = self.slowest_us(opcode);
        let twice_us = self.longest_us(opcode).saturating_mul(2);
        if waited_us > slowest_us && waited_us > twice_us {
            return waited_us / 8;
        }
        (waited_us / 64).max(SHORTEST_PAUSE_US)
    }
}

/// For a chip that is not known yet.
impl Default for Timing {
    fn default() -> Self {
        Self::new(None)
    }
}

/// Between two looks at least: a third of what a look takes at 100 kHz.
const SHORTEST_PAUSE_US: u32 = 32;

/// The times of one command.
#[derive(Clone, Copy)]
struct Times {
    /// Typical, in units of 100 us.
    typical_508: u16,
    /// The same of an ATECC608 at full clock.
    typical_608: u16,
    /// Longest, in milliseconds, with each clock divider.
    longest: [u16; 3],
}

/// The tables below, one row for each of [`Opcode::ALL`]: a fifth of the code
/// that they would be.
static TIMES: [Times; Opcode::ALL.len()] = {
    let mut times = [Times::FOREIGN; Opcode::ALL.len()];
    let mut at = 0;
    #[expect(clippy::indexing_slicing, reason = "when compiling")]
    while at < times.len() {
        times[at] = Times::from_tables(Opcode::ALL[at]);
        at += 1;
    }
    times
};

static FOREIGN: Times = Times::FOREIGN;

impl Times {
    const FOREIGN: Self = Self::from_tables(Opcode::Foreign);

    #[expect(clippy::cast_possible_truncation, reason = "of at most 2,324")]
    const fn from_tables(opcode: Opcode) -> Self {
        let [m0, m1, m2] = longest_ms(opcode);
        Self {
            typical_508: (typical_508_us(opcode) / 100) as u16,
            typical_608: (typical_608_us(opcode) / 100) as u16,
            longest: [m0 as u16, m1 as u16, m2 as u16],
        }
    }

    fn of(opcode: Opcode) -> &'static Self {
        TIMES.get(opcode.row()).unwrap_or(&FOREIGN)
    }

    fn typical(&self, family: Option<Family>) -> u16 {
        match family {
            Some(Family::Atecc508) => self.typical_508,
            Some(Family::Atecc608) => self.typical_608,
            None => self.typical_508.min(self.typical_608),
        }
    }
}

/// Typical execution time. Source: ATECC508A datasheet, "Command Opcodes,
/// Short Descriptions, and Execution Times"; commands that the ATECC508A lacks
/// as [`typical_608_us`].
const fn typical_508_us(opcode: Opcode) -> u32 {
    match opcode {
        Opcode::Foreign | Opcode::Info | Opcode::Nonce | Opcode::Pause | Opcode::Read => 100,
        Opcode::PrivWrite => 800,
        Opcode::Random => 1_000,
        Opcode::DeriveKey => 2_000,
        Opcode::CheckMac | Opcode::Counter | Opcode::GenDig | Opcode::Mac => 5_000,
        Opcode::Sha | Opcode::Write => 7_000,
        Opcode::Lock | Opcode::UpdateExtra => 8_000,
        Opcode::GenKey => 11_000,
        Opcode::Hmac => 13_000,
        Opcode::Ecdh | Opcode::Verify => 38_000,
        Opcode::Sign => 42_000,
        Opcode::Aes | Opcode::Kdf | Opcode::SecureBoot | Opcode::SelfTest => typical_608_us(opcode),
    }
}

/// Typical execution time at full clock. Source: the fixed waits of a host
/// tuned to the ATECC608, helium `ecc608-linux`; *(assumed)*: SHA, AES, Verify,
/// and 30 % of the longest time for the commands that it lacks.
const fn typical_608_us(opcode: Opcode) -> u32 {
    match opcode {
        Opcode::Foreign => 100,
        Opcode::Info => 500,
        Opcode::Read => 800,
        Opcode::Aes | Opcode::Sha => 4_000,
        Opcode::Nonce => 7_000,
        Opcode::Write => 8_000,
        Opcode::Random => 15_000,
        Opcode::Lock => 19_500,
        Opcode::Ecdh => 28_000,
        Opcode::Verify => 45_000,
        Opcode::GenKey => 59_000,
        Opcode::Sign => 62_000,
        Opcode::CheckMac
        | Opcode::Counter
        | Opcode::DeriveKey
        | Opcode::GenDig
        | Opcode::Hmac
        | Opcode::Kdf
        | Opcode::Mac
        | Opcode::Pause
        | Opcode::PrivWrite
        | Opcode::SecureBoot
        | Opcode::SelfTest
        | Opcode::UpdateExtra => longest_ms(opcode)[0] * 300,
    }
}

/// Longest execution time in milliseconds with clock dividers M0, M1 and M2.
/// Another chip's command is looked for from the beginning, and doubted after
/// the time of the slowest one of this family.
/// Source: cryptoauthlib `calib_execution.c`, the ATECC608 tables; HMAC and
/// Pause from its ATECC508A table.
const fn longest_ms(opcode: Opcode) -> [u32; 3] {
    match opcode {
        Opcode::Pause => [3, 3, 3],
        Opcode::Info | Opcode::Read => [5, 5, 5],
        Opcode::UpdateExtra => [10, 10, 10],
        Opcode::Nonce => [20, 20, 20],
        Opcode::Hmac | Opcode::Random => [23, 23, 23],
        Opcode::Counter => [25, 25, 25],
        Opcode::GenDig => [25, 35, 35],
        Opcode::Aes => [27, 27, 27],
        Opcode::Lock => [35, 35, 35],
        Opcode::Sha => [36, 42, 75],
        Opcode::CheckMac => [40, 40, 40],
        Opcode::Write => [45, 45, 45],
        Opcode::DeriveKey | Opcode::PrivWrite => [50, 50, 50],
        Opcode::Mac => [55, 55, 55],
        Opcode::Ecdh => [75, 172, 531],
        Opcode::SecureBoot => [80, 160, 480],
        Opcode::Verify => [105, 295, 1_085],
        Opcode::GenKey => [115, 215, 653],
        Opcode::Sign => [115, 220, 665],
        Opcode::Kdf => [165, 165, 165],
        Opcode::SelfTest => [250, 625, 2_324],
        Opcode::Foreign => [250, 250, 250],
    }
}

/// The latest watchdog, 1.7 s (ATECC508A datasheet, "Watchdog Failsafe"), or the
/// slowest command of the family, and a little more, microseconds.
const fn silent_us(family: Option<Family>, divider: ClockDivider) -> u32 {
    match (family, divider) {
        (Some(Family::Atecc608) | None, ClockDivider::M2) => 2_400_000,
        _ => 1_750_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_fits_an_awake_session() {
        for family in [None, Some(Family::Atecc508), Some(Family::Atecc608)] {
            let timing = Timing::new(family);
            for &opcode in Opcode::ALL {
                assert!(timing.longest_us(opcode) < timing.awake_us, "{opcode}");
                assert!(
                    timing.typical_us(opcode) <= timing.longest_us(opcode),
                    "{opcode}"
                );
                let first_us = timing.first_look_us(opcode);
                assert_eq!(first_us, timing.typical_us(opcode) / 4, "{opcode}");
            }
        }
    }

    #[test]
    fn dividers_slow_the_typical_time_too() {
        let m2 = Timing {
            divider: ClockDivider::M2,
            ..Timing::new(Some(Family::Atecc608))
        };
        assert_eq!(m2.longest_us(Opcode::Sign), 665_000);
        assert_eq!(m2.typical_us(Opcode::Sign), 6 * 62_000);
        assert_eq!(m2.typical_us(Opcode::Read), 800);
    }

    #[test]
    fn configuration_tells_divider_and_watchdog() {
        let mut config = ConfigZone([0; 128]);
        config.0[4..8].copy_from_slice(&[0x00, 0x00, 0x60, 0x02]);
        for (chip_mode, divider, watchdog_us) in [
            (0x00, ClockDivider::M0, 1_300_000),
            (0x28, ClockDivider::M1, 1_300_000),
            (0x6C, ClockDivider::M2, 5_000_000),
        ] {
            config.0[19] = chip_mode;
            let timing = Timing::from_config(&config);
            assert_eq!((timing.divider, timing.watchdog_us), (divider, watchdog_us));
        }
        // The same bits mean nothing on an ATECC508A.
        config.0[6] = 0x50;
        assert_eq!(Timing::from_config(&config).divider, ClockDivider::M0);
    }

    /// A silent chip is looked at a bounded number of times.
    #[test]
    fn looks_are_few() {
        for &opcode in Opcode::ALL {
            let timing = Timing::default();
            let (mut waited, mut looks) = (timing.first_look_us(opcode), 1);
            while waited < timing.give_up_us {
                waited += timing.poll_us(opcode, waited);
                looks += 1;
            }
            assert!(looks <= 400, "{opcode}: {looks}");
        }
    }

    /// Where the longest time with M2 is no more than twice that with M0, the
    /// divider does not count.
    #[test]
    fn which_commands_a_divider_slows() {
        for (divider, times) in [(ClockDivider::M1, 2), (ClockDivider::M2, 6)] {
            let timing = |family| Timing {
                divider,
                ..Timing::new(family)
            };
            let of_608 = timing(Some(Family::Atecc608));
            for (opcode, typical, slower) in [
                (Opcode::Sign, 62_000, times),
                (Opcode::Sha, 4_000, times),
                (Opcode::GenDig, 7_500, 1),
                (Opcode::Read, 800, 1),
                (Opcode::Write, 8_000, 1),
            ] {
                assert_eq!(of_608.typical_us(opcode), typical * slower, "{opcode}");
            }
            // An ATECC508A has none.
            let of_508 = timing(Some(Family::Atecc508));
            assert_eq!(of_508.typical_us(Opcode::Sign), 42_000);
        }
    }

    /// CheckMac takes 40 ms at the longest, Sign of an undivided clock 115 ms and of
    /// the slowest 665.
    #[test]
    fn looks_become_rarer() {
        let timing = Timing::new(None);
        for (opcode, waited_us, pause_us) in [
            (Opcode::CheckMac, 0, 32),
            (Opcode::CheckMac, 2_111, 32),
            (Opcode::CheckMac, 2_112, 33),
            (Opcode::CheckMac, 80_000, 1_250),
            (Opcode::CheckMac, 80_001, 10_000),
            (Opcode::CheckMac, 800_000, 100_000),
            (Opcode::Sign, 640_000, 10_000),
            (Opcode::Sign, 665_600, 83_200),
        ] {
            assert_eq!(timing.poll_us(opcode, waited_us), pause_us, "{waited_us}");
        }
    }

    /// Of a chip that is not known the shorter time is expected.
    #[test]
    fn an_unknown_chip_is_looked_at_in_time_for_either() {
        let of = |family, opcode| Timing::new(family).typical_us(opcode);
        for &opcode in Opcode::ALL {
            let known = [Family::Atecc508, Family::Atecc608].map(|it| of(Some(it), opcode));
            assert_eq!(Some(of(None, opcode)), known.into_iter().min(), "{opcode}");
        }
    }

    /// The latest watchdog is 1.7 s; SelfTest with M2 takes 2.324 s.
    #[test]
    fn how_long_a_chip_may_be_silent() {
        let mut config = ConfigZone([0; 128]);
        for (revision, chip_mode, busy_us) in [
            (0x60, 0x00, 1_750_000),
            (0x60, 0x28, 1_750_000),
            (0x60, 0x68, 2_400_000),
            (0x50, 0x68, 1_750_000),
        ] {
            config.0[6] = revision;
            config.0[19] = chip_mode;
            assert_eq!(Timing::from_config(&config).busy_us, busy_us);
        }
    }
}
