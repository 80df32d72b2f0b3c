//! One process of ours beside another program: what it asks of the chip, and
//! whether the answers are true.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use atecc::commands::{Counter, CounterId, CounterMode, InfoRevision, ReadBlock};
use atecc::error::Executed;
use atecc::procedure::Once;
use atecc::procedures::{Confirmed, ReadConfig};
use atecc::{BlockAddress, Error as DeviceError, Failure, Region, Slot};
use atecc_x509::{PublicKey, SignatureBytes};
use data_encoding::HEXUPPER;
use nerves_key::{ReadSnapshot, SignVerified};
use nerves_key_device::{AnyDevice, BusFault, DeviceUri};
use serde::{Deserialize, Serialize};

use super::intruder::{add, named};
use xtask_support::error::Error;

/// Options of `cargo xtask intruder-user`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    device: String,
    /// What the chip holds.
    known: PathBuf,
    number: u32,
    commands: u32,
}

/// Slots whose first blocks are read.
const SLOTS: [u8; 3] = [10, 11, 12];
/// Where the counters are. Source: ATECC508A datasheet, "Configuration Zone".
const COUNTERS: std::ops::Range<usize> = 52..68;

/// The most that a counter counts to. Source: ATECC508A datasheet, "Counter
/// Command".
const MOST: u32 = 2_097_151;

/// What the chip holds, read when nobody else was there.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Known {
    config: String,
    public_key: String,
    blocks: Vec<String>,
    pub(super) counter: u32,
}

/// What a process reports, as JSON on its standard output.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Report {
    pub(super) kinds: BTreeMap<String, Tally>,
    pub(super) failures: BTreeMap<String, u64>,
    /// What was wrong.
    pub(super) wrong: Vec<String>,
    /// What the counter was after each increment.
    pub(super) increments: Vec<u32>,
    /// Increments that may have been.
    pub(super) uncertain: u64,
    pub(super) slowest: Duration,
}

/// Commands of one kind.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Tally {
    pub(super) right: u64,
    pub(super) wrong: u64,
    pub(super) failed: u64,
}

impl Report {
    pub(super) fn add(&mut self, other: Self) {
        for (kind, tally) in other.kinds {
            let sum = self.kinds.entry(kind).or_default();
            sum.right += tally.right;
            sum.wrong += tally.wrong;
            sum.failed += tally.failed;
        }
        add(&mut self.failures, other.failures);
        self.wrong.extend(other.wrong);
        self.increments.extend(other.increments);
        self.uncertain += other.uncertain;
        self.slowest = self.slowest.max(other.slowest);
    }

    /// One command: an answer, and what is wrong with it; or a failure.
    fn take<P: std::fmt::Display>(
        &mut self,
        kind: &str,
        outcome: Result<Option<String>, DeviceError<BusFault, P>>,
    ) {
        let tally = self.kinds.entry(kind.to_owned()).or_default();
        match outcome {
            Ok(None) => tally.right += 1,
            Ok(Some(wrong)) => {
                tally.wrong += 1;
                self.wrong.push(format!("{kind}: {wrong}"));
            }
            Err(error) => {
                let said = match error {
                    DeviceError::Bus { error, .. } => error.to_string(),
                    DeviceError::Failed(failure) => failure.to_string(),
                };
                self.fail(kind, &said);
            }
        }
    }

    fn fail(&mut self, kind: &str, said: &str) {
        self.kinds.entry(kind.to_owned()).or_default().failed += 1;
        *self.failures.entry(named(said)).or_default() += 1;
    }
}

impl Known {
    pub(super) fn read(device: &str) -> Result<Self, Error> {
        let mut device = open(device)?;
        let failed = |error: DeviceError<BusFault>| Error::Chip(error.to_string());
        let snapshot = device.run(ReadSnapshot::new()).map_err(failed)?;
        let key = snapshot.public_key;
        let key = key.ok_or_else(|| Error::Chip("it has no key".into()))?;
        let blocks: Result<Vec<_>, _> =
            SLOTS.iter().map(|slot| block(&mut device, *slot)).collect();
        let blocks = blocks.map_err(failed)?;
        Ok(Self {
            config: HEXUPPER.encode(&without_counters(snapshot.config.as_bytes())),
            public_key: HEXUPPER.encode(key.as_bytes()),
            blocks: blocks.iter().map(|it| HEXUPPER.encode(it)).collect(),
            counter: device.execute(counter(CounterMode::Read)).map_err(failed)?,
        })
    }
}

fn open(device: &str) -> Result<AnyDevice, Error> {
    let uri: DeviceUri = device.parse().map_err(|error| chip(&error))?;
    uri.open().map_err(|error| chip(&error))
}

fn chip(error: &dyn std::fmt::Display) -> Error {
    Error::Chip(error.to_string())
}

const fn counter(mode: CounterMode) -> Counter {
    let counter = CounterId::One;
    Counter { mode, counter }
}

fn without_counters(config: &[u8; 128]) -> [u8; 128] {
    let mut config = *config;
    config[COUNTERS].fill(0);
    config
}

fn block(device: &mut AnyDevice, slot: u8) -> Result<[u8; 32], DeviceError<BusFault>> {
    let place = Region::Slot(Slot::ALL[usize::from(slot)]);
    match BlockAddress::new(place, 0) {
        Ok(address) => device.run(Confirmed::new(Once(ReadBlock { address }))),
        Err(_) => unreachable!("every slot has a first block"),
    }
}

/// Use the chip and say what came of it.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let text = std::fs::read_to_string(&options.known).map_err(|error| Error::File {
        path: options.known.clone(),
        error,
    })?;
    let known: Known = serde_json::from_str(&text)?;
    let key = HEXUPPER.decode(known.public_key.as_bytes());
    let key = key.ok().and_then(|key| key.try_into().ok());
    let key = key.map(PublicKey::from_bytes);
    let key = key.ok_or_else(|| Error::Chip("no public key".into()))?;
    let mut device = open(&options.device)?;
    let mut report = Report::default();
    for round in 0..options.commands {
        let begun = Instant::now();
        once(
            &mut device,
            &known,
            &key,
            [options.number, round],
            &mut report,
        );
        report.slowest = report.slowest.max(begun.elapsed());
    }
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

fn once(
    device: &mut AnyDevice,
    known: &Known,
    key: &PublicKey,
    [number, round]: [u32; 2],
    report: &mut Report,
) {
    match round % 6 {
        0 => {
            let mut digest = [0xA5; 32];
            digest[..4].copy_from_slice(&number.to_be_bytes());
            digest[4..8].copy_from_slice(&round.to_be_bytes());
            let signed = device.run(SignVerified::new(digest));
            let judged = signed.map(|signature| {
                let signature = SignatureBytes::from_bytes(signature);
                let wrong = key.verify(&digest, &signature).err();
                wrong.map(|error| error.to_string())
            });
            report.take("sign", judged);
        }
        1 => {
            let read = device.run(Confirmed::new(ReadConfig::new()));
            let judged = read.map(|zone| {
                let read = HEXUPPER.encode(&without_counters(zone.as_bytes()));
                (read != known.config).then_some(read)
            });
            report.take("read the configuration", judged);
        }
        2 => {
            let which = (round / 6) as usize % SLOTS.len();
            let judged = block(device, SLOTS[which]).map(|block| {
                let read = HEXUPPER.encode(&block);
                (read != known.blocks[which]).then_some(read)
            });
            report.take("read a block", judged);
        }
        3 => {
            let read = device.run(Confirmed::new(Once(InfoRevision)));
            let judged = read.map(|revision| {
                let known = HEXUPPER.decode(&known.config.as_bytes()[8..16]);
                let said = revision.to_string();
                let right = known.is_ok_and(|known| said.contains(&HEXUPPER.encode(&known)));
                (!right).then_some(said)
            });
            report.take("info", judged);
        }
        4 => {
            let read = device.run(Confirmed::new(Once(counter(CounterMode::Read))));
            let least = report.increments.last().copied().unwrap_or(known.counter);
            let judged = read.map(|value| {
                let most = known.counter + 1_000_000;
                let right = (least..most).contains(&value);
                (!right).then(|| format!("{value} after {least}"))
            });
            report.take("read a counter", judged);
        }
        _ => {
            let counted = device.execute(counter(CounterMode::Increment));
            if let Err(
                DeviceError::Bus { executed, .. } | DeviceError::Failed(Failure { executed, .. }),
            ) = &counted
                && *executed != Executed::No
            {
                report.uncertain += 1;
            }
            let least = report.increments.last().copied().unwrap_or(known.counter);
            let judged = match counted {
                // An increment cannot be asked for again, but this is none.
                Ok(value) if value > MOST => {
                    report.uncertain += 1;
                    report.fail("count", "a value that no counter has");
                    return;
                }
                Ok(value) => {
                    report.increments.push(value);
                    Ok((value <= least).then(|| format!("{value} after {least}")))
                }
                Err(error) => Err(error),
            };
            report.take("count", judged);
        }
    }
}
