//! What is sent in the sessions that are searched.

use atecc::command::Request;
use atecc::commands::{
    Counter, CounterId, CounterMode, DigestSource, InfoRevision, LoadNonce, Lock, LockTarget,
    NonceTarget, ReadBlock, Sign, WriteBlock,
};
use atecc::{BlockAddress, Region, Slot};

use super::{Command, Effect, request};

/// The commands of one session.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// As they are sent.
    pub requests: Vec<Request>,
    /// As the chip executes them.
    pub commands: Vec<Command>,
}

impl Effect {
    /// Whether `payload` is what the last of `executions` answered.
    pub(super) fn answers(self, payload: &[u8], executions: u8) -> bool {
        match self {
            Self::Answer { byte, len } => payload == vec![byte; len],
            Self::Count => payload == u32::from(executions).to_le_bytes(),
            Self::Lock | Self::Load => payload == [0x00],
            Self::Use => payload.len() == 64 && payload.iter().all(|byte| *byte >= 0x80),
        }
    }
}

/// A command in both views.
type Sent = (Request, Command);

fn read(block: u8, byte: u8) -> Sent {
    let address = BlockAddress::new(Region::Slot(Slot::S8), block).expect("slot 8 has 13");
    let effect = Effect::Answer { byte, len: 32 };
    (request(&ReadBlock { address }), harmless(effect))
}

fn write(block: u8) -> Sent {
    let address = BlockAddress::new(Region::Slot(Slot::S8), block).expect("slot 8 has 13");
    let effect = Effect::Answer { byte: 0x00, len: 1 };
    let data = [0x5A; 32];
    (request(&WriteBlock { address, data }), harmless(effect))
}

fn count() -> Sent {
    let command = Counter {
        mode: CounterMode::Increment,
        counter: CounterId::One,
    };
    (request(&command), harmful(Effect::Count))
}

fn load() -> Sent {
    let command = LoadNonce {
        target: NonceTarget::TempKey,
        value: [0xAA; 32],
    };
    (request(&command), harmless(Effect::Load))
}

fn sign() -> Sent {
    let command = Sign {
        source: DigestSource::TempKey,
        slot: Slot::S0,
    };
    (request(&command), harmful(Effect::Use))
}

fn lock() -> Sent {
    let target = LockTarget::Slot(Slot::S0);
    (request(&Lock { target }), harmful(Effect::Lock))
}

fn info() -> Sent {
    let effect = Effect::Answer { byte: 0x60, len: 4 };
    (request(&InfoRevision), harmless(effect))
}

const fn harmless(effect: Effect) -> Command {
    Command {
        effect,
        is_harmless: true,
    }
}

const fn harmful(effect: Effect) -> Command {
    Command {
        effect,
        is_harmless: false,
    }
}

/// Each kind of command first, and after each answer that it may be taken for.
#[must_use]
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |name, sent: Vec<Sent>| {
        let (requests, commands) = sent.into_iter().unzip();
        Scenario {
            name,
            requests,
            commands,
        }
    };
    vec![
        scenario("info", vec![info()]),
        scenario("counter", vec![count()]),
        scenario("two counts", vec![count(), count()]),
        scenario("two blocks", vec![read(0, 0xA1), read(1, 0xB2)]),
        scenario("two like blocks", vec![read(0, 0xA1), read(1, 0xA1)]),
        scenario("two writes", vec![write(0), write(1)]),
        scenario("a write and a lock", vec![write(0), lock()]),
        scenario("two locks", vec![lock(), lock()]),
        scenario("load and sign", vec![load(), sign()]),
        scenario("load, read, sign", vec![load(), read(0, 0xA1), sign()]),
        scenario(
            "load, read, read, sign",
            vec![load(), read(0, 0xA1), read(1, 0xB2), sign()],
        ),
        scenario("two signatures", vec![load(), sign(), sign()]),
    ]
}
