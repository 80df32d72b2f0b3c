//! Waking a chip: pulse, pause, look, again.
//!
//! A pulse is SDA low for 60 us or more; the chip then needs `tWHI` (1.5 ms)
//! before it answers, or 20 ms when it tests itself at each wake. An early look
//! gives a missing acknowledge or damaged bytes (a real ATECC508A answered
//! `FC 11 33 43`), so a bad frame counts as no answer. Pulses that meet an
//! awake or busy chip change nothing but its read pointer, so that a chip
//! found awake is put to sleep first: only then is the state of its watchdog
//! and of its volatile memory known.
//! Source: ATECC508A datasheet, "Wake-Up and Sleep"; recorded sessions.

use crate::{Failure, Status, Timing, parse_group};

/// How long to look after one pulse: `tWHIST`, 20 ms (Microchip's ATECC608
/// pages, "Wake-Up"), and a margin.
const LOOK_US: u32 = 25_000;
const BETWEEN_LOOKS_US: u32 = 2_500;
/// From a sleep token to the next pulse. Silicon is not asleep at once; the
/// time is not public, 1 ms is what the field allows for *(unconfirmed)*.
pub(crate) const REST_US: u32 = 1_500;

/// The state of one waking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waking {
    phase: Phase,
    pulses: u8,
    since_pulse_us: u32,
    /// How often something else was read.
    bad: u8,
    last_bad: Option<[u8; 4]>,
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
pub(crate) enum WakeStep {
    Pulse,
    Wait(u32),
    Look,
    Sleep,
}

/// Where the waking stands after a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    Going,
    Awake,
    Failed(Failure),
}

impl Waking {
    pub(crate) const fn new() -> Self {
        Self {
            phase: Phase::Pulse,
            pulses: 0,
            since_pulse_us: 0,
            bad: 0,
            last_bad: None,
        }
    }

    pub(crate) const fn step(&self) -> WakeStep {
        match self.phase {
            Phase::Pulse => WakeStep::Pulse,
            Phase::Pause(us) => WakeStep::Wait(us),
            Phase::Look => WakeStep::Look,
            Phase::Sleep => WakeStep::Sleep,
            Phase::Rest => WakeStep::Wait(REST_US),
        }
    }

    /// `seen`: the four bytes read, when the step was a look that was
    /// acknowledged.
    pub(crate) fn advance(&mut self, timing: &Timing, seen: Option<[u8; 4]>) -> Progress {
        match self.phase {
            Phase::Pulse => {
                self.pulses = self.pulses.saturating_add(1);
                self.since_pulse_us = 0;
                self.phase = Phase::Pause(timing.wake_high_us);
            }
            Phase::Pause(us) => {
                self.since_pulse_us = self.since_pulse_us.saturating_add(us);
                self.phase = Phase::Look;
            }
            Phase::Look => return self.looked(timing, seen),
            Phase::Sleep => self.phase = Phase::Rest,
            Phase::Rest => self.phase = Phase::Pulse,
        }
        Progress::Going
    }

    fn looked(&mut self, timing: &Timing, seen: Option<[u8; 4]>) -> Progress {
        let Some(bytes) = seen else {
            return self.unanswered(timing);
        };
        match parse_group(&bytes) {
            Ok(&[status]) if Status::from_byte(status) == Status::AfterWake => Progress::Awake,
            Ok(&[status]) if Status::from_byte(status) == Status::SelfTest => {
                Progress::Failed(Failure::SelfTestFailed)
            }
            Ok(_) | Err(_) => {
                self.last_bad = seen;
                self.bad = self.bad.saturating_add(1);
                // Who was busy until the last pulse has a right to one more.
                if self.pulses >= timing.wake_pulses && self.bad > 1 {
                    return self.give_up();
                }
                self.phase = Phase::Sleep;
                Progress::Going
            }
        }
    }

    fn unanswered(&mut self, timing: &Timing) -> Progress {
        self.phase = if self.since_pulse_us < LOOK_US {
            Phase::Pause(BETWEEN_LOOKS_US)
        } else if self.pulses < timing.wake_pulses {
            Phase::Pulse
        } else {
            return self.give_up();
        };
        Progress::Going
    }

    fn give_up(&self) -> Progress {
        Progress::Failed(match self.last_bad {
            Some(bytes) => Failure::BadWake(bytes),
            None => Failure::NoAnswer {
                pulses: self.pulses,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use core::cmp::Ordering;

    use super::*;

    fn drive(mut look: impl FnMut(u8) -> Option<[u8; 4]>) -> (Progress, u8, u8) {
        let (mut waking, timing) = (Waking::new(), Timing::default());
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
                _ => None,
            };
            match waking.advance(&timing, seen) {
                Progress::Going => {}
                end => return (end, looks, sleeps),
            }
        }
    }

    const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];

    #[test]
    fn one_pulse_when_that_is_what_is_wanted() {
        let timing = Timing {
            wake_pulses: 1,
            ..Timing::default()
        };
        let mut waking = Waking::new();
        let mut waited_us = 0;
        let end = loop {
            if let WakeStep::Wait(us) = waking.step() {
                waited_us += us;
            }
            match waking.advance(&timing, None) {
                Progress::Going => {}
                end => break end,
            }
        };
        assert_eq!(end, Progress::Failed(Failure::NoAnswer { pulses: 1 }));
        // 1.5 ms, then every 2.5 ms until 25 ms have gone by.
        assert_eq!(waited_us, 26_500);
    }

    #[test]
    fn at_once() {
        assert_eq!(drive(|_| Some(AWAKE)), (Progress::Awake, 1, 0));
    }

    #[test]
    fn a_chip_that_tests_itself_is_waited_for() {
        // Silent for 20 ms after the pulse: looks at 1.5, 4, 6.5 .. ms.
        let (end, looks, sleeps) = drive(|look| (look >= 9).then_some(AWAKE));
        assert_eq!((end, looks, sleeps), (Progress::Awake, 9, 0));
    }

    #[test]
    fn a_bad_frame_is_no_answer() {
        let early = [0xFC, 0x11, 0x33, 0x43];
        let (end, looks, sleeps) = drive(|look| Some(if look == 1 { early } else { AWAKE }));
        assert_eq!((end, looks, sleeps), (Progress::Awake, 2, 1));
        assert_eq!(
            drive(|_| Some(early)).0,
            Progress::Failed(Failure::BadWake(early))
        );
    }

    /// A killed process leaves a chip that is busy, and then has its answer.
    #[test]
    fn an_answer_to_somebody_else() {
        let answer = [0x43, 0x7C, 0xED, 0x7F];
        let (_, last, _) = drive(|_| None);
        let (end, looks, sleeps) = drive(|look| match look.cmp(&last) {
            Ordering::Less => None,
            Ordering::Equal => Some(answer),
            Ordering::Greater => Some(AWAKE),
        });
        assert_eq!((end, looks, sleeps), (Progress::Awake, last + 1, 1));
    }

    #[test]
    fn nobody_there() {
        let (end, looks, _) = drive(|_| None);
        assert_eq!(end, Progress::Failed(Failure::NoAnswer { pulses: 4 }));
        assert!(looks >= 4);
    }

    #[test]
    fn self_test_failure_is_said() {
        // The CRC that belongs to 04 07 is 40 C2.
        assert_eq!(
            drive(|_| Some([0x04, 0x07, 0x40, 0xC2])).0,
            Progress::Failed(Failure::SelfTestFailed)
        );
    }
}
