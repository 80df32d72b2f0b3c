//! Programs for real chips, reduced to their waits: do they work on an emulated
//! chip?
//!
//! Most programs do not poll, or not for long: they wait as long as their
//! authors found enough, and read. That they work on every board they were sold
//! with is the best that is known of how long chips take. `hosts/hosts.json` has
//! such waits, each with its source; a run does with them what the program does,
//! and nothing else: wake, write, wait, read, idle.
#![forbid(unsafe_code)]

mod wire;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use atecc::command::Request;
use atecc::commands::{
    DigestSource, DigestTarget, GenKey, GenKeyMode, InfoRevision, LoadNonce, LockWithoutCrc,
    NonceTarget, Random, ReadBlock, ShaEnd, ShaPiece, ShaStart, Sign, Verify, VerifyAnswer,
    VerifyKey, WriteBlock,
};
use atecc::{BlockAddress, Command, PublicKey, Region, Slot, Status};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use wire::Wire;

/// Every host.
///
/// # Panics
/// When `hosts/hosts.json`, which is part of this crate, is damaged.
pub static HOSTS: LazyLock<Vec<Host>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../hosts.json"))
        .expect("hosts/hosts.json is a list of hosts")
});

/// A program, and how it waits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// Where its waits are published.
    pub source: String,
    /// How they are meant.
    pub about: String,
    /// The chips that it is for.
    pub chips: Vec<String>,
    /// From the wake pulse to the first read.
    wake_wait_us: u32,
    /// What it ends a wake with.
    after_each: End,
    /// From there to the next wake pulse.
    then_wait_us: u32,
    /// The commands of a signature.
    signature: Vec<Step>,
    /// What it stays awake for.
    #[serde(default)]
    awake_for: AwakeFor,
    /// Where it puts a digest.
    digest: Buffer,
    /// Between two reads of an answer.
    every_us: u32,
    /// From a command to the first read, in microseconds, and how many reads
    /// there are at most.
    waits: BTreeMap<Step, (u32, u32)>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
enum End {
    Idle,
    Sleep,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
enum AwakeFor {
    #[default]
    Command,
    Signature,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
enum Buffer {
    TempKey,
    MessageDigestBuffer,
}

/// A command.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
enum Step {
    Info,
    Read,
    Write,
    Lock,
    GenKey,
    Random,
    Nonce,
    Sign,
    Verify,
    Sha,
}

/// What became of a run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// Signatures that verify, or rounds of reading where the host makes none.
    pub rounds: u32,
    /// Commands that were answered.
    pub commands: u32,
    /// Of these the ones that the first read has found.
    pub at_first_read: u32,
    /// One line for each command or signature that failed.
    pub failures: Vec<String>,
}

/// What is signed does not matter.
const MESSAGE: &[u8] = b"abc";
const KEY: Slot = Slot::S0;
const SCRATCH: Slot = Slot::S8;

impl Host {
    /// Let the host make a key on a blank chip at 0x60, and then `rounds`
    /// signatures; with everything else that it has waits for.
    pub fn run(&self, i2c: impl I2c, delay: impl DelayNs, rounds: u32) -> Outcome {
        let mut run = Run {
            host: self,
            wire: Wire::new(self, i2c, delay),
            outcome: Outcome::default(),
        };
        if let Some(key) = run.prepare() {
            for round in 0..rounds {
                let digest = Sha256::digest(round.to_le_bytes());
                if run.round(&key, digest.into()).is_some() {
                    run.outcome.rounds += 1;
                }
            }
        }
        run.outcome
    }
}

struct Run<'a, B, D> {
    host: &'a Host,
    wire: Wire<'a, B, D>,
    outcome: Outcome,
}

impl<B: I2c, D: DelayNs> Run<'_, B, D> {
    /// Everything but signatures. The public key, unless the host got none.
    fn prepare(&mut self) -> Option<PublicKey> {
        self.optional(Step::Info, &InfoRevision);
        self.read_all();
        self.done(Step::Lock, &LockWithoutCrc::Config)?;
        let mode = GenKeyMode::Create;
        let key = self.done(Step::GenKey, &GenKey { mode, slot: KEY })?;
        let (address, data) = (block(Region::Slot(SCRATCH), 0), [0x5A; 32]);
        self.optional(Step::Write, &WriteBlock { address, data });
        if self.has(Step::Sha) {
            self.digest();
        }
        Some(key)
    }

    fn read_all(&mut self) {
        for number in 0..4 {
            let address = block(Region::Config, number);
            self.optional(Step::Read, &ReadBlock { address });
        }
    }

    fn digest(&mut self) -> Option<()> {
        let piece = ShaPiece::first_of(MESSAGE);
        self.done(Step::Sha, &ShaStart::Sha256)?;
        let target = DigestTarget::TempKey;
        let digest = self.done(Step::Sha, &ShaEnd { piece, target })?;
        let right = digest == <[u8; 32]>::from(Sha256::digest(MESSAGE));
        self.unless(right, "another digest than SHA-256's")
    }

    /// A signature, or where the host makes none a reading.
    fn round(&mut self, key: &PublicKey, digest: [u8; 32]) -> Option<()> {
        if self.host.signature.is_empty() {
            let failures = self.outcome.failures.len();
            self.read_all();
            self.optional(Step::Random, &Random::default());
            return (self.outcome.failures.len() == failures).then_some(());
        }
        let signature = self.sign(digest);
        self.wire.end();
        let signature = signature?;
        let right = verifies(key, &digest, &signature);
        self.unless(right, "a signature that does not verify")?;
        // As the boards' examples do, and not each time.
        if self.outcome.rounds == 0 && self.has(Step::Verify) {
            self.load(digest)?;
            let verify = Verify {
                key: VerifyKey::External(*key),
                source: self.source(),
                signature,
                answer: VerifyAnswer::Status,
            };
            self.done(Step::Verify, &verify)?;
        }
        Some(())
    }

    fn sign(&mut self, digest: [u8; 32]) -> Option<[u8; 64]> {
        let mut signature = None;
        self.wire.stay(self.host.awake_for);
        for step in &self.host.signature {
            match step {
                Step::Random => drop(self.done(Step::Random, &Random::default())?),
                Step::Nonce => self.load(digest)?,
                _ => {
                    let (source, slot) = (self.source(), KEY);
                    signature = Some(self.done(Step::Sign, &Sign { source, slot })?);
                }
            }
        }
        signature
    }

    fn load(&mut self, value: [u8; 32]) -> Option<()> {
        let target = match self.host.digest {
            Buffer::TempKey => NonceTarget::TempKey,
            Buffer::MessageDigestBuffer => NonceTarget::MessageDigestBuffer,
        };
        self.done(Step::Nonce, &LoadNonce { target, value })
    }

    const fn source(&self) -> DigestSource {
        match self.host.digest {
            Buffer::TempKey => DigestSource::TempKey,
            Buffer::MessageDigestBuffer => DigestSource::MessageDigestBuffer,
        }
    }

    fn has(&self, step: Step) -> bool {
        self.host.waits.contains_key(&step)
    }

    /// A command that the host may have no wait for.
    fn optional<C: Command>(&mut self, step: Step, command: &C) {
        if self.has(step) {
            self.done(step, command);
        }
    }

    /// The response, unless the host got none.
    fn done<C: Command>(&mut self, step: Step, command: &C) -> Option<C::Response> {
        let answered = match self.host.waits.get(&step) {
            Some(waits) => self.answered(*waits, command),
            None => Err("the host has no wait for it".to_owned()),
        };
        match answered {
            Ok((response, reads)) => {
                self.outcome.commands += 1;
                self.outcome.at_first_read += u32::from(reads == 1);
                Some(response)
            }
            Err(error) => {
                self.outcome.failures.push(format!("{step:?}: {error}"));
                self.wire.give_up();
                None
            }
        }
    }

    fn answered<C: Command>(
        &mut self,
        waits: (u32, u32),
        command: &C,
    ) -> Result<(C::Response, u32), String> {
        let request = Request::new(command).map_err(|error| error.to_string())?;
        let (payload, reads) = self.wire.exchange(&request, waits)?;
        if let [status] = payload.as_slice() {
            let status = Status::from_byte(*status);
            if !request.expect().is_answer(status) {
                return Err(format!("status {status}"));
            }
        }
        let response = command
            .decode(&payload)
            .map_err(|error| error.to_string())?;
        Ok((response, reads))
    }

    fn unless(&mut self, right: bool, wrong: &str) -> Option<()> {
        if !right {
            self.outcome.failures.push(wrong.to_owned());
        }
        right.then_some(())
    }
}

fn block(place: Region, number: u8) -> BlockAddress {
    BlockAddress::new(place, number).expect("a block of the zone or slot")
}

fn verifies(key: &PublicKey, digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    let sec1 = [&[0x04], key.as_bytes().as_slice()].concat();
    let key = VerifyingKey::from_sec1_bytes(&sec1);
    let signature = Signature::from_slice(signature);
    key.ok()
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.verify_prehash(digest, &signature).is_ok())
}
