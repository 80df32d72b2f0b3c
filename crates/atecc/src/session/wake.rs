//! Waking a chip: pulse, pause, look, again.
//!
//! A pulse is SDA low for 60 us or more; the chip then needs `tWHI` (1.5 ms)
//! before it answers, or 20 ms when it tests itself at each wake. An early look
//! gives a missing acknowledge or damaged bytes (a real ATECC508A answered
//! `FC 11 33 43`). Pulses that meet an awake or busy chip change nothing but its
//! read pointer. So a chip with something else in its buffer was awake before:
//! it is put to sleep, or, when it is being renewed and what it holds is to be
//! kept, sent to idle once more.
//!
//! An address that acknowledges nothing may be a chip that still executes what
//! a killed process sent, or that has half a command: it is looked at until its
//! watchdog must have fired. On a host with a clock the time of the transfers
//! counts as well, so that a bus on which each takes its time until it fails is
//! not looked at for minutes. But a look counts from its beginning, and the last
//! pulse comes after all the silence, since a host may be stopped in the middle
//! of anything; and a pulse does not count, since the first may have had to wait
//! for the bus. Nothing is written to an address that has not
//! acknowledged a read, and a probe writes to none that has not given a sound
//! group, since it may be another device's.
//! Source: ATECC508A datasheet, "Wake-Up and Sleep"; recorded sessions.

use crate::error::Cause;
use crate::group::parse_group;
use crate::{Status, Timing};

/// How long to look after one pulse: `tWHIST`, 20 ms (Microchip's ATECC608
/// pages, "Wake-Up"), and a margin.
const LOOK_US: u32 = 25_000;
const BETWEEN_LOOKS_US: u32 = 2_500;
/// From a sleep token to the next pulse. Silicon is not asleep at once; the
/// time is not public, 1 ms is what the field allows for *(unconfirmed)*.
pub(super) const REST_US: u32 = 1_500;
/// Foreign answers before a waking is given up.
const FOREIGN_ANSWERS: u8 = 4;

/// The state of one waking.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waking {
    purpose: Purpose,
    phase: Phase,
    pulses: u8,
    since_pulse_us: u32,
    /// Up to the last pulse.
    silent_us: u32,
    /// How often something else was read.
    foreign: u8,
    last_foreign: Option<[u8; 4]>,
    slept: bool,
}

/// Why a chip is woken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// To begin, from whatever state; it is a chip's address.
    Begin,
    /// To find out whether the address is a chip's.
    Probe,
    /// After idle, to restart the watchdog; what the chip holds is kept.
    Renew,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Pulse,
    Pause(u32),
    Look,
    /// The chip was awake with something else in its buffer: let it sleep.
    Sleep,
    Rest,
}

/// What the waking wants next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum WakeStep {
    Pulse,
    Wait(u32),
    Look,
    Sleep,
}

/// Where the waking stands after a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Progress {
    Going,
    /// Awake, with this status in its buffer: 0x11, or 0x07 after a failed self
    /// test.
    Awake(Status),
    /// A chip that was to be renewed has not gone to idle.
    NotIdle,
    Failed(Cause),
}

impl Waking {
    pub(super) const fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            phase: Phase::Pulse,
            pulses: 0,
            since_pulse_us: 0,
            silent_us: 0,
            foreign: 0,
            last_foreign: None,
            slept: false,
        }
    }

    pub(super) const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Whether this waking has put the chip to sleep, which loses what it held
    /// and restarts its watchdog.
    pub(super) const fn has_slept(&self) -> bool {
        self.slept
    }

    /// The sleep token was acknowledged.
    pub(super) const fn note_sleep(&mut self) {
        self.slept = true;
    }

    pub(super) const fn step(&self) -> WakeStep {
        match self.phase {
            Phase::Pulse => WakeStep::Pulse,
            Phase::Pause(us) => WakeStep::Wait(us),
            Phase::Look => WakeStep::Look,
            Phase::Sleep => WakeStep::Sleep,
            Phase::Rest => WakeStep::Wait(REST_US),
        }
    }

    /// `seen`: the four bytes read, when the step was a look that was
    /// acknowledged. `took_us`: what the step took by the host's clock, 0 without
    /// one.
    pub(super) fn advance(
        &mut self,
        timing: &Timing,
        seen: Option<[u8; 4]>,
        took_us: u32,
    ) -> Progress {
        let progress = match self.phase {
            Phase::Pulse => {
                self.pulses = self.pulses.saturating_add(1);
                self.silent_us = self.silent_us.saturating_add(self.since_pulse_us);
                self.since_pulse_us = 0;
                self.phase = Phase::Pause(timing.wake_high_us);
                return Progress::Going;
            }
            Phase::Pause(us) => {
                self.since_pulse_us = self.since_pulse_us.saturating_add(us.max(took_us));
                self.phase = Phase::Look;
                return Progress::Going;
            }
            Phase::Look => match seen {
                Some(bytes) => self.looked(bytes),
                None => self.unanswered(timing),
            },
            Phase::Sleep => {
                self.phase = Phase::Rest;
                Progress::Going
            }
            Phase::Rest => {
                self.phase = Phase::Pulse;
                Progress::Going
            }
        };
        self.since_pulse_us = self.since_pulse_us.saturating_add(took_us);
        progress
    }

    fn looked(&mut self, bytes: [u8; 4]) -> Progress {
        let group = parse_group(&bytes);
        if let Ok(&[status]) = group {
            let status = Status::from_byte(status);
            if matches!(status, Status::AfterWake | Status::SelfTest) {
                return Progress::Awake(status);
            }
        }
        self.last_foreign = Some(bytes);
        self.foreign = self.foreign.saturating_add(1);
        if self.foreign >= FOREIGN_ANSWERS {
            return Progress::Failed(Cause::BadWake(bytes));
        }
        match self.purpose {
            Purpose::Renew => return Progress::NotIdle,
            // Not a chip, or one that was looked at too early.
            Purpose::Probe if group.is_err() => self.phase = Phase::Pause(BETWEEN_LOOKS_US),
            Purpose::Begin | Purpose::Probe => {
                self.silent_us = 0;
                self.since_pulse_us = 0;
                self.phase = Phase::Sleep;
            }
        }
        Progress::Going
    }

    fn unanswered(&mut self, timing: &Timing) -> Progress {
        let busy_us = match self.purpose {
            Purpose::Probe => 0,
            Purpose::Begin | Purpose::Renew => timing.busy_us,
        };
        // A chip that has answered was there, and gets one more pulse.
        let pulses = timing.wake_pulses.saturating_add(self.foreign);
        self.phase = if self.since_pulse_us < LOOK_US {
            Phase::Pause(BETWEEN_LOOKS_US)
        } else if self.pulses < pulses || self.silent_us.saturating_add(LOOK_US) < busy_us {
            Phase::Pulse
        } else {
            let pulses = self.pulses;
            let silence = Cause::NoAnswer { pulses };
            return Progress::Failed(self.last_foreign.map_or(silence, Cause::BadWake));
        };
        Progress::Going
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
    const WOKEN: Progress = Progress::Awake(Status::AfterWake);

    /// How a waking ends on a bus that answers each look by `look`: its end,
    /// the looks and the sleep tokens.
    fn drive(
        purpose: Purpose,
        mut look: impl FnMut(u32) -> Option<[u8; 4]>,
    ) -> (Progress, u32, u32) {
        let (mut waking, timing) = (Waking::new(purpose), Timing::default());
        let (mut looks, mut sleeps) = (0, 0);
        loop {
            let seen = match waking.step() {
                WakeStep::Look => {
                    looks += 1;
                    look(looks)
                }
                WakeStep::Sleep => {
                    sleeps += 1;
                    None
                }
                WakeStep::Pulse | WakeStep::Wait(_) => None,
            };
            match waking.advance(&timing, seen, 0) {
                Progress::Going => {}
                end => return (end, looks, sleeps),
            }
        }
    }

    #[test]
    fn answered_at_once() {
        for purpose in [Purpose::Begin, Purpose::Probe, Purpose::Renew] {
            assert_eq!(drive(purpose, |_| Some(AWAKE)), (WOKEN, 1, 0));
        }
    }

    #[test]
    fn a_probe_is_one_pulse_and_writes_to_no_stranger() {
        let timing = Timing {
            wake_pulses: 1,
            ..Timing::default()
        };
        let mut waking = Waking::new(Purpose::Probe);
        let mut waited = 0;
        let end = loop {
            if let WakeStep::Wait(us) = waking.step() {
                waited += us;
            }
            match waking.advance(&timing, None, 0) {
                Progress::Going => {}
                end => break end,
            }
        };
        assert_eq!(end, Progress::Failed(Cause::NoAnswer { pulses: 1 }));
        assert!((25_000..30_000).contains(&waited), "{waited}");
        for bytes in [[0; 4], [0xFF; 4], [0xFC, 0x11, 0x33, 0x43]] {
            let (end, _, sleeps) = drive(Purpose::Probe, |_| Some(bytes));
            assert_eq!((end, sleeps), (Progress::Failed(Cause::BadWake(bytes)), 0));
        }
    }

    #[test]
    fn a_slow_chip_is_looked_at_for_its_20_ms() {
        let (end, looks, _) = drive(Purpose::Begin, |look| (look == 9).then_some(AWAKE));
        assert_eq!((end, looks), (WOKEN, 9));
    }

    #[test]
    fn found_awake_it_sleeps_first() {
        let early = [0xFC, 0x11, 0x33, 0x43];
        let first = |look| Some(if look == 1 { early } else { AWAKE });
        assert_eq!(drive(Purpose::Begin, first), (WOKEN, 2, 1));
        assert_eq!(drive(Purpose::Probe, first), (WOKEN, 2, 0));
        // What it holds would be lost.
        assert_eq!(drive(Purpose::Renew, first), (Progress::NotIdle, 1, 0));
        let (end, looks, sleeps) = drive(Purpose::Begin, |_| Some(early));
        assert_eq!(end, Progress::Failed(Cause::BadWake(early)));
        assert_eq!((looks, sleeps), (4, 3));
    }

    /// A killed process leaves a chip that is busy, and then has its answer.
    #[test]
    fn a_chip_that_still_executes_what_somebody_sent() {
        let answer = [0x43, 0x7C, 0xED, 0x7F];
        for busy in [1, 40, 100] {
            let (end, _, sleeps) = drive(Purpose::Begin, |look| match look {
                look if look <= busy => None,
                look if look == busy + 1 => Some(answer),
                _ => Some(AWAKE),
            });
            assert_eq!((end, sleeps), (WOKEN, 1), "{busy}");
        }
    }

    #[test]
    fn nobody_there() {
        let (end, looks, sleeps) = drive(Purpose::Begin, |_| None);
        // Until the latest watchdog: 1.75 s, 26.5 ms a pulse.
        assert_eq!(end, Progress::Failed(Cause::NoAnswer { pulses: 67 }));
        assert_eq!(looks, 67 * 11);
        assert_eq!(sleeps, 0);
    }

    /// The chip was busy at every pulse before, and its watchdog fired since.
    #[test]
    fn a_host_that_was_stopped_gives_another_pulse() {
        for stopped_at in [WakeStep::Look, WakeStep::Wait(2_500)] {
            let (mut waking, timing) = (Waking::new(Purpose::Begin), Timing::default());
            let (mut pulses, mut at) = (0, None);
            let end = loop {
                let step = waking.step();
                pulses += u32::from(step == WakeStep::Pulse);
                let stops = at.is_none() && pulses == 6 && step == stopped_at;
                let took_us = if stops { 5_000_000 } else { 0 };
                at = at.or(stops.then_some(pulses));
                let awake = step == WakeStep::Look && at.is_some_and(|at| pulses > at);
                match waking.advance(&timing, awake.then_some(AWAKE), took_us) {
                    Progress::Going => {}
                    end => break end,
                }
            };
            assert_eq!((end, pulses), (WOKEN, 7), "{stopped_at:?}");
        }
    }

    #[test]
    fn the_wait_for_the_bus_is_no_silence() {
        let (mut waking, timing) = (Waking::new(Purpose::Begin), Timing::default());
        let mut pulses = 0;
        let end = loop {
            let step = waking.step();
            pulses += u32::from(step == WakeStep::Pulse);
            let took_us = if pulses == 1 && step == WakeStep::Pulse {
                10_000_000
            } else {
                0
            };
            let awake = step == WakeStep::Look && pulses == 67;
            match waking.advance(&timing, awake.then_some(AWAKE), took_us) {
                Progress::Going => {}
                end => break end,
            }
        };
        assert_eq!(end, WOKEN);
    }

    #[test]
    fn a_failed_self_test_is_awake() {
        // The CRC that belongs to 04 07 is 40 C2.
        let failed = [0x04, 0x07, 0x40, 0xC2];
        let (end, ..) = drive(Purpose::Begin, |_| Some(failed));
        assert_eq!(end, Progress::Awake(Status::SelfTest));
    }
}
