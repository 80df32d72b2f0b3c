//! A model of the chip's true state, and all that can happen at one step.
//!
//! Time is not counted: a command may end at any look, or never. What is
//! nominal costs nothing; each event that is mischief costs one.
//! Sources: ATECC508A datasheet, "I2C Interface" and "Watchdog Failsafe".

use atecc::group::Group;
use atecc::session::Outcome;

/// How the chip is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Power {
    /// Registers lost.
    Asleep,
    /// Registers kept.
    Idle,
    /// Listening.
    Awake,
    /// Executing the command of this number.
    Busy(usize),
}

/// What differs between real parts and between transports.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Kind {
    /// A chip that waits for the rest of a command acknowledges no read;
    /// otherwise it sends ones.
    pub silent_when_half_told: bool,
    /// Separate reads start over after the last byte, as an ATECC508A's do;
    /// otherwise ones follow.
    pub starts_over: bool,
    /// The transport tells a missing acknowledge of the address from one of a
    /// byte.
    pub tells_address: bool,
}

/// A command as the chip sees it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Command {
    /// What it does.
    pub effect: Effect,
    /// Whether doing it twice changes nothing.
    pub is_harmless: bool,
}

/// What a command does, and answers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Effect {
    /// Answers these bytes, `len` times.
    Answer {
        /// The byte.
        byte: u8,
        /// How many.
        len: usize,
    },
    /// Counts, and answers the count in 4 bytes.
    Count,
    /// Answers 00 the first time, then refuses with 0F.
    Lock,
    /// Loads the volatile register and answers 00.
    Load,
    /// Needs the volatile register; answers 64 bytes that no other does.
    Use,
}

/// The chip.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Chip {
    /// How it is.
    pub power: Power,
    /// What a read gives, count to CRC.
    out: Vec<u8>,
    /// The answer has been read.
    consumed: bool,
    /// Half a command is in the buffer.
    partial: bool,
    /// The volatile register is loaded.
    loaded: bool,
    /// How often each command was executed.
    pub executions: Vec<u8>,
}

/// One thing that can happen at a step.
#[derive(Clone, Debug)]
pub struct Event {
    /// The chip afterwards.
    pub chip: Chip,
    /// What the host is told.
    pub outcome: Outcome,
    /// What a read gave; empty: nothing was filled.
    pub bytes: Vec<u8>,
    /// How many faults it took.
    pub faults: u8,
    /// The chip is awake for a reason that no host can see: it heard another
    /// token than sleep, the acknowledge of it was none, or a neighbour's pulse
    /// woke it.
    pub is_woken_unseen: bool,
}

/// A group around `payload`.
pub(super) fn group(payload: &[u8]) -> Vec<u8> {
    Group::new(payload).map_or_else(|_| Vec::new(), |group| group.as_bytes().to_vec())
}

impl Chip {
    /// A chip that will be sent `commands`, in this state.
    #[must_use]
    pub fn new(power: Power, commands: usize) -> Self {
        Self {
            power,
            out: group(&[0x11]),
            consumed: false,
            partial: false,
            loaded: false,
            executions: vec![0; commands],
        }
    }

    /// Whether a read gives something.
    pub(super) fn has_answer(&self, kind: Kind) -> bool {
        let spent = self.consumed && !kind.starts_over;
        self.power == Power::Awake && !self.partial && !spent
    }

    /// Half a command is in its buffer.
    pub(super) const fn is_half_told(&self) -> bool {
        self.partial
    }

    fn event(&self, outcome: Outcome, faults: u8) -> Event {
        Event {
            chip: self.clone(),
            outcome,
            bytes: Vec::new(),
            faults,
            is_woken_unseen: false,
        }
    }

    fn after(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut chip = self.clone();
        change(&mut chip);
        chip
    }

    fn wake(&mut self) {
        if matches!(self.power, Power::Asleep | Power::Idle) {
            self.power = Power::Awake;
            self.respond(&[0x11]);
            self.partial = false;
        }
        self.consumed = false;
    }

    fn sleep(&mut self) {
        self.power = Power::Asleep;
        self.loaded = false;
        self.partial = false;
    }

    fn respond(&mut self, payload: &[u8]) {
        self.out = group(payload);
        self.consumed = false;
    }

    /// The command under way ends.
    fn finish(&mut self, commands: &[Command]) {
        let Power::Busy(number) = self.power else {
            return;
        };
        self.power = Power::Awake;
        let before = self.executions[number];
        let answer = match commands[number].effect {
            Effect::Answer { byte, len } => vec![byte; len],
            Effect::Count => u32::from(before + 1).to_le_bytes().to_vec(),
            Effect::Lock if before == 0 => vec![0x00],
            Effect::Load => {
                self.loaded = true;
                vec![0x00]
            }
            Effect::Use if self.loaded => vec![0x80 + before; 64],
            Effect::Lock | Effect::Use => return self.respond(&[0x0F]),
        };
        self.executions[number] = before.saturating_add(1);
        self.respond(&answer);
    }

    /// What a wake pulse can do.
    #[must_use]
    pub fn pulsed(&self) -> Vec<Event> {
        let woken = self.after(Self::wake);
        vec![
            woken.event(Outcome::AddressNack, 0),
            self.event(Outcome::AddressNack, 1),
            self.event(Outcome::Fault, 1),
            woken.event(Outcome::Fault, 1),
        ]
    }

    /// What can happen while the host waits: nothing, the watchdog or a reset,
    /// before or after the command under way ended, or a neighbour's pulse.
    #[must_use]
    pub fn waited(&self, commands: &[Command]) -> Vec<Event> {
        let mut events = vec![self.event(Outcome::Done, 0)];
        let mut push = |chip: Self| {
            if chip != *self {
                events.push(chip.event(Outcome::Done, 1));
            }
        };
        push(self.after(Self::sleep));
        if matches!(self.power, Power::Busy(_)) {
            push(self.after(|chip| {
                chip.finish(commands);
                chip.sleep();
            }));
        }
        if matches!(self.power, Power::Asleep | Power::Idle) {
            events.push(Event {
                is_woken_unseen: true,
                ..self.after(Self::wake).event(Outcome::Done, 1)
            });
        }
        events
    }

    /// The watchdog fires.
    pub(super) fn expire_watchdog(&mut self) {
        self.sleep();
    }

    /// What can become of a write of one token.
    #[must_use]
    pub fn told(&self, kind: Kind, token: u8) -> Vec<Event> {
        let nack = kind.nack();
        if self.power != Power::Awake {
            return vec![
                self.event(nack, 0),
                Event {
                    is_woken_unseen: token == 0x01,
                    ..self.event(Outcome::Done, 1)
                },
                self.event(Outcome::Fault, 1),
            ];
        }
        let heard = |token: u8| {
            self.after(|chip| match token {
                0x00 => {
                    chip.partial = false;
                    chip.consumed = false;
                }
                0x01 => chip.sleep(),
                0x02 => {
                    chip.power = Power::Idle;
                    chip.partial = false;
                }
                _ => {}
            })
        };
        let mut events = vec![
            heard(token).event(Outcome::Done, 0),
            heard(token).event(Outcome::Nack, 1),
            heard(token).event(Outcome::Fault, 1),
            self.event(nack, 1),
            self.event(Outcome::Nack, 1),
            self.event(Outcome::Fault, 1),
            self.event(Outcome::ArbitrationLost, 1),
        ];
        // One bit of the token is heard otherwise.
        for flipped in (0..8).map(|bit| token ^ 1 << bit) {
            let mut event = heard(flipped).event(Outcome::Done, 1);
            event.is_woken_unseen = token == 0x01;
            events.push(event);
        }
        events
    }

    /// What can become of the command `number`.
    #[must_use]
    pub fn commanded(&self, kind: Kind, number: usize) -> Vec<Event> {
        let nack = kind.nack();
        if self.power != Power::Awake {
            return vec![
                self.event(nack, 0),
                self.event(Outcome::Done, 1),
                self.event(Outcome::Fault, 1),
            ];
        }
        // What was left of another command makes the group a bad one.
        let damaged = self.after(|chip| {
            chip.partial = false;
            chip.respond(&[0xFF]);
        });
        let heard = if self.partial {
            damaged.clone()
        } else {
            self.after(|chip| chip.power = Power::Busy(number))
        };
        let half = self.after(|chip| chip.partial = true);
        let idle = self.after(|chip| chip.power = Power::Idle);
        let asleep = self.after(Self::sleep);
        vec![
            heard.event(Outcome::Done, 0),
            heard.event(Outcome::Nack, 1),
            heard.event(Outcome::Fault, 1),
            damaged.event(Outcome::Done, 1),
            damaged.event(Outcome::Nack, 1),
            half.event(Outcome::Done, 1),
            half.event(Outcome::Nack, 1),
            half.event(Outcome::Fault, 1),
            half.event(Outcome::ArbitrationLost, 1),
            // The word address is heard as one that means nothing, or as idle
            // or sleep.
            self.event(Outcome::Done, 1),
            idle.event(Outcome::Done, 1),
            asleep.event(Outcome::Done, 1),
            self.event(nack, 1),
            self.event(Outcome::Nack, 1),
            self.event(Outcome::Fault, 1),
            self.event(Outcome::ArbitrationLost, 1),
        ]
    }

    /// What a read of `len` bytes can give.
    #[must_use]
    pub fn asked(&self, kind: Kind, commands: &[Command], len: usize) -> Vec<Event> {
        let nack = kind.nack();
        let mut events = vec![self.event(Outcome::Fault, 1)];
        // A missing acknowledge that reads as one, with nobody behind it.
        let nobody = |faults| Event {
            bytes: vec![0xFF; len],
            ..self.event(Outcome::Done, faults)
        };
        match self.power {
            Power::Asleep | Power::Idle => events.extend([self.event(nack, 0), nobody(1)]),
            Power::Busy(_) => {
                events.extend([self.event(nack, 0), nobody(1)]);
                let done = self.after(|chip| chip.finish(commands));
                events.extend(done.answers(nack, len));
            }
            Power::Awake if self.partial && kind.silent_when_half_told => {
                events.extend([self.event(nack, 0), nobody(1)]);
            }
            Power::Awake if self.partial => events.extend([nobody(0), self.event(nack, 1)]),
            Power::Awake if self.consumed && !kind.starts_over => {
                events.extend([nobody(0), self.event(nack, 1)]);
            }
            Power::Awake => events.extend(self.answers(nack, len)),
        }
        events
    }

    /// What a chip that has an answer gives.
    fn answers(&self, nack: Outcome, len: usize) -> Vec<Event> {
        let read = self.after(|chip| chip.consumed = true);
        let mut right = self.out.clone();
        right.resize(len.max(right.len()), 0xFF);
        right.truncate(len);
        let give = |bytes: Vec<u8>, faults| Event {
            bytes,
            ..read.event(Outcome::Done, faults)
        };
        let mut events = vec![
            give(right.clone(), 0),
            give(vec![0xFF; len], 1),
            give(Vec::new(), 1),
            self.event(nack, 1),
            self.event(Outcome::ArbitrationLost, 1),
        ];
        // A bit of the count, of the payload and of the CRC.
        let last = self.out.len().min(len).saturating_sub(1);
        for (at, mask) in [(0, 0x01), (0, 0x80), (1.min(last), 0x10), (last, 0x40)] {
            let mut bytes = right.clone();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= mask;
                events.push(give(bytes, 1));
            }
        }
        events
    }
}

impl Kind {
    /// Every combination.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let both = [false, true];
        let mut all = Vec::new();
        for silent_when_half_told in both {
            for starts_over in both {
                for tells_address in both {
                    all.push(Self {
                        silent_when_half_told,
                        starts_over,
                        tells_address,
                    });
                }
            }
        }
        all
    }

    /// What a missing acknowledge of the address is reported as.
    const fn nack(self) -> Outcome {
        if self.tells_address {
            Outcome::AddressNack
        } else {
            Outcome::Nack
        }
    }
}
