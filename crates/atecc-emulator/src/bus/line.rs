//! SDA as sleeping chips see it: how long it stays low.
//!
//! A chip wakes from any low pulse of 60 us or more, whatever was being
//! addressed. Source: ATECC508A datasheet, section 8.3 (tWLO); recorded hosts
//! that wake a 608A by a write to its own address, whose byte 0xC0 holds six
//! zero bits.

use std::num::NonZeroU32;
use std::time::Duration;

/// The level of SDA over the clocks of one transaction.
#[derive(Debug)]
pub(super) struct Line {
    period: Duration,
    now: Duration,
    low_bits: u32,
}

/// A low pulse that ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct LowPulse {
    pub(super) length: Duration,
    /// When SDA rose.
    pub(super) end: Duration,
}

impl Line {
    /// A line that is high at `now`, clocked at `scl_hz`.
    pub(super) fn idle(now: Duration, scl_hz: NonZeroU32) -> Self {
        let period = Duration::from_nanos(1_000_000_000 / u64::from(scl_hz.get()));
        Self {
            period,
            now,
            low_bits: 0,
        }
    }

    /// The time on the bus.
    pub(super) const fn now(&self) -> Duration {
        self.now
    }

    /// START or repeated START: one clock, during which SDA falls. The short
    /// low part of it does not count towards a wake pulse.
    pub(super) fn start(&mut self) -> Option<LowPulse> {
        self.clock(Level::High)
    }

    /// STOP: one clock, at whose end SDA is high.
    pub(super) fn stop(&mut self) -> Option<LowPulse> {
        self.clock(Level::High)
    }

    /// Eight data bits and the ninth clock. The longest pulse that ended.
    pub(super) fn byte(&mut self, byte: u8, ninth: Level) -> Option<LowPulse> {
        let mut longest: Option<LowPulse> = None;
        let bits = (0..8).rev().map(|bit| Level::of(byte >> bit & 1));
        for level in bits.chain([ninth]) {
            let pulse = self.clock(level);
            let length = |pulse: Option<LowPulse>| pulse.map(|pulse| pulse.length);
            if length(pulse) > length(longest) {
                longest = pulse;
            }
        }
        longest
    }

    fn clock(&mut self, level: Level) -> Option<LowPulse> {
        let ended = match level {
            Level::Low => {
                self.low_bits += 1;
                None
            }
            Level::High => {
                let bits = std::mem::take(&mut self.low_bits);
                (bits > 0).then(|| LowPulse {
                    length: self.period * bits,
                    end: self.now,
                })
            }
        };
        self.now += self.period;
        ended
    }
}

/// SDA during one clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Level {
    Low,
    High,
}

impl Level {
    const fn of(bit: u8) -> Self {
        if bit == 0 { Self::Low } else { Self::High }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::{Level, Line};

    fn longest_us(scl_khz: u32, byte: u8) -> u128 {
        let scl = NonZeroU32::new(scl_khz * 1_000).unwrap();
        let mut line = Line::idle(Duration::ZERO, scl);
        line.start();
        line.byte(byte, Level::High)
            .map_or(0, |pulse| pulse.length.as_micros())
    }

    /// The general call has eight zero bits, a write to address 0x60 six, a
    /// read from it five.
    #[test]
    fn low_time_of_address_bytes() {
        assert_eq!(longest_us(100, 0x00), 80);
        assert_eq!(longest_us(100, 0xC0), 60);
        assert_eq!(longest_us(100, 0xC1), 50);
        assert_eq!(longest_us(400, 0x00), 20);
        // 133 kHz is about the fastest clock at which the general call wakes.
        assert_eq!(longest_us(133, 0x00), 60);
        assert_eq!(longest_us(134, 0x00), 59);
    }

    #[test]
    fn acknowledged_zeros_run_on() {
        let scl = NonZeroU32::new(100_000).unwrap();
        let mut line = Line::idle(Duration::ZERO, scl);
        assert_eq!(line.start(), None);
        assert_eq!(line.byte(0x00, Level::Low), None);
        let pulse = line.byte(0x00, Level::High).unwrap();
        assert_eq!(pulse.length, Duration::from_micros(170));
        // One clock of START, nine, then eight.
        assert_eq!(pulse.end, Duration::from_micros(180));
        assert_eq!(line.now(), Duration::from_micros(190));
    }
}
