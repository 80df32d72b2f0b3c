//! How long to wait: for the first look, between looks, and in all.

use crate::{Family, Opcode};

/// The waits of a [`crate::Session`], in microseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// Whose typical execution times to expect, and whose commands to send.
    /// Unknown, every command is sent and the shorter times are expected,
    /// which costs polls but never an answer.
    pub family: Option<Family>,
    /// Time after which a command is given up. Real parts exceed the tables
    /// (an ATECC608 took 129 ms for Sign against 115), so the tables only say
    /// when to look first. cryptoauthlib waits 2.5 s as well.
    pub give_up_us: u32,
    /// How long after a wake a command may still start. The watchdog fires
    /// 0.7 s after the wake at the earliest (ATECC508A datasheet, "Watchdog
    /// Failsafe"); the rest is left for the bus and the host.
    pub awake_us: u32,
    /// From the wake pulse to the first read: `tWHI`, 1500 us (ATECC508A
    /// datasheet, "AC Parameters"). A chip that tests itself at each wake takes
    /// 20 ms; the session keeps looking for that long.
    pub wake_high_us: u32,
    /// Wake pulses before a chip is declared absent, each followed by 25 ms
    /// of looking. A chip may miss one on a noisy bus.
    pub wake_pulses: u8,
}

impl Timing {
    /// For a chip of `family`, if it is known.
    #[must_use]
    pub const fn new(family: Option<Family>) -> Self {
        Self {
            family,
            give_up_us: 2_500_000,
            awake_us: 650_000,
            wake_high_us: 1_500,
            wake_pulses: 4,
        }
    }

    /// When to look for the first time, microseconds after the command.
    #[must_use]
    pub const fn typical_us(&self, opcode: Opcode) -> u32 {
        match self.family {
            Some(Family::Atecc508) | None => typical_508_us(opcode),
            // No typical times of the ATECC608 are public: 60 % of the longest.
            Some(Family::Atecc608) => longest_us(opcode) / 10 * 6,
        }
    }

    /// Between two looks: a quarter of the typical time, 0.25 to 2 ms.
    #[must_use]
    pub const fn poll_us(&self, opcode: Opcode) -> u32 {
        let quarter = self.typical_us(opcode) / 4;
        match quarter {
            0..=249 => 250,
            250..=2_000 => quarter,
            _ => 2_000,
        }
    }
}

/// For a chip that is not known yet.
impl Default for Timing {
    fn default() -> Self {
        Self::new(None)
    }
}

/// Typical execution time. Source: ATECC508A datasheet, "Command Opcodes,
/// Short Descriptions, and Execution Times"; commands that the ATECC508A lacks
/// as [`longest_us`].
const fn typical_508_us(opcode: Opcode) -> u32 {
    match opcode {
        Opcode::Info | Opcode::Nonce | Opcode::Pause | Opcode::Read => 100,
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
        Opcode::Aes | Opcode::Kdf | Opcode::SecureBoot | Opcode::SelfTest => longest_us(opcode),
    }
}

/// Longest execution time at full clock. Source: cryptoauthlib
/// `calib_execution.c`, the ATECC608 table for clock divider M0; HMAC and Pause
/// from its ATECC508A table.
pub(crate) const fn longest_us(opcode: Opcode) -> u32 {
    match opcode {
        Opcode::Pause => 3_000,
        Opcode::Info | Opcode::Read => 5_000,
        Opcode::UpdateExtra => 10_000,
        Opcode::Nonce => 20_000,
        Opcode::Hmac | Opcode::Random => 23_000,
        Opcode::Counter | Opcode::GenDig => 25_000,
        Opcode::Aes => 27_000,
        Opcode::Lock => 35_000,
        Opcode::Sha => 36_000,
        Opcode::CheckMac => 40_000,
        Opcode::Write => 45_000,
        Opcode::DeriveKey | Opcode::PrivWrite => 50_000,
        Opcode::Mac => 55_000,
        Opcode::Ecdh => 75_000,
        Opcode::SecureBoot => 80_000,
        Opcode::Verify => 105_000,
        Opcode::GenKey | Opcode::Sign => 115_000,
        Opcode::Kdf => 165_000,
        Opcode::SelfTest => 250_000,
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
                assert!(longest_us(opcode) < timing.awake_us, "{opcode}");
                assert!(timing.typical_us(opcode) <= longest_us(opcode), "{opcode}");
                assert!((250..=2_000).contains(&timing.poll_us(opcode)), "{opcode}");
            }
        }
    }
}
