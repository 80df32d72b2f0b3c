//! Settings and auxiliary certificates, their writes disturbed at every
//! transaction: what is read afterwards is the last value, the new one or an
//! error, never a mixture.

use std::error::Error;

use atecc::Device;
use atecc_emulator::{Bus, Chip, Delay, Entropy, Faults, I2cHandle, Image, Revision};
use atecc_x509::{Certificate, DateTime};
use nerves_key::settings::{Area, ReadSettings, Settings, Stored, UpdateSettings, WriteSettings};
use nerves_key::{AuxiliarySlots, Identity, ReadAuxiliary, WriteAuxiliary};

use crate::{FAULTS, transactions};
use tests_station::{Station, issue_auxiliary};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the disturbed writes of one kind came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Torn {
    /// What was written over what.
    pub name: &'static str,
    /// Transactions of an undisturbed write, reading included; of looks at a busy chip
    /// those that are not like the ones around them.
    pub transactions: usize,
    /// Disturbed writes.
    pub runs: usize,
    /// After which the new value was read,
    pub new: usize,
    /// the last one,
    pub last: usize,
    /// or an error that says that it is lost.
    pub lost: usize,
    /// Anything else, or a write that said it was done and was not.
    pub wrong: Vec<String>,
}

/// What is read after a disturbed write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Found {
    New,
    Last,
    Lost,
    Other,
}

fn now() -> DateTime {
    DateTime::new(2026, 12, 6, 10, 20, 30).expect("a date")
}

/// A finished chip.
fn finished(revision: Revision) -> Result<Image> {
    let bus = Bus::with_chip(Chip::blank(revision));
    Station::new([0x42; 32], now(), Some("N1234")).provision(&bus)?;
    image(&bus)
}

fn image(bus: &Bus) -> Result<Image> {
    Ok(bus.image(0).ok_or("the bus has no chip")?)
}

fn bus(image: &Image) -> Result<Bus> {
    Ok(Bus::with_chip(Chip::new(
        image.clone(),
        Entropy::Seeded(1),
    )?))
}

/// Do `write` on a chip that is `before`, with each fault at each transaction.
fn each(
    name: &'static str,
    before: &Image,
    write: impl Fn(&mut Device<I2cHandle, Delay>) -> Result<()>,
    read: impl Fn(&mut Device<I2cHandle, Delay>) -> Result<Found>,
) -> Result<Torn> {
    let undisturbed = bus(before)?;
    let mut result = Ok(());
    let struck = transactions::of(&undisturbed, |bus| {
        result = write(&mut Station::device(bus));
    });
    result?;
    let mut torn = Torn {
        name,
        transactions: struck.len(),
        ..Torn::default()
    };
    for at in struck {
        for kind in FAULTS {
            let bus = bus(before)?;
            bus.set_faults(Faults::none().at(at, kind.fault));
            let done = write(&mut Station::device(&bus)).is_ok();
            bus.set_faults(Faults::none());
            bus.power_cycle();
            torn.runs += 1;
            match read(&mut Station::device(&bus))? {
                Found::New => torn.new += 1,
                Found::Last if !done => torn.last += 1,
                Found::Lost if !done => torn.lost += 1,
                found => torn
                    .wrong
                    .push(format!("{} at {at}: {found:?}, done: {done}", kind.name)),
            }
        }
    }
    Ok(torn)
}

/// Which settings replace which.
struct Change {
    name: &'static str,
    old: fn(&Settings) -> Result<WriteSettings>,
    new: fn(&Settings) -> Result<WriteSettings>,
}

fn typed<const LEN: usize, const BYTE: u8>(settings: &Settings) -> Result<WriteSettings> {
    Ok(settings.write_typed(&[BYTE; LEN])?)
}

/// A binary of `LEN` times `BYTE`, as Erlang stores it.
fn term<const LEN: usize, const BYTE: u8>(settings: &Settings) -> Result<WriteSettings> {
    let len = u32::try_from(LEN)?.to_be_bytes();
    let head = [131, 109].into_iter().chain(len);
    let bytes: Vec<u8> = head.chain([BYTE; LEN]).collect();
    Ok(settings.write_term(&bytes)?)
}

const CHANGES: [Change; 6] = [
    Change {
        name: "typed, 60 bytes over 100: two copies",
        old: typed::<100, 0xA1>,
        new: typed::<60, 0xB2>,
    },
    Change {
        name: "typed, 284 over 208: two copies",
        old: typed::<208, 0xA1>,
        new: typed::<284, 0xB2>,
    },
    Change {
        name: "typed, 400 over 208: one place",
        old: typed::<208, 0xA1>,
        new: typed::<400, 0xB2>,
    },
    Change {
        name: "term, 500 over 300",
        old: term::<300, 0xA1>,
        new: term::<500, 0xB2>,
    },
    Change {
        name: "term, 100 over typed, 100",
        old: typed::<100, 0xA1>,
        new: term::<100, 0xB2>,
    },
    Change {
        name: "typed, 100 over term, 500",
        old: term::<500, 0xA1>,
        new: typed::<100, 0xB2>,
    },
];

/// The number of `CHANGES` that begin with the ones whose last value stays.
pub const KEPT_TWICE: usize = 2;

/// Settings of both formats over each other.
///
/// # Errors
/// When the undisturbed chip fails.
pub fn settings(revision: Revision) -> Result<Vec<Torn>> {
    let blank = finished(revision)?;
    CHANGES
        .iter()
        .map(|change| setting(&blank, change))
        .collect()
}

fn setting(blank: &Image, change: &Change) -> Result<Torn> {
    let begin = bus(blank)?;
    let mut device = Station::device(&begin);
    let read = || ReadSettings::new(Area::NervesKey);
    let old = (change.old)(&device.run(read())?)?;
    device.run(old.clone())?;
    let old = old.after().clone();
    let new = (change.new)(&old)?.after().clone();
    let (old, new) = (stored(&old)?, stored(&new)?);
    each(
        change.name,
        &image(&begin)?,
        |device| {
            device.run(UpdateSettings::new(Area::NervesKey, change.new))?;
            Ok(())
        },
        |device| {
            Ok(match stored(&device.run(read())?) {
                Ok(found) if found == new => Found::New,
                Ok(found) if found == old => Found::Last,
                Ok(_) => Found::Other,
                Err(_) => Found::Lost,
            })
        },
    )
}

/// Format and bytes of the value.
fn stored(settings: &Settings) -> Result<(bool, Vec<u8>)> {
    match settings.stored()? {
        Stored::Empty => Err("empty".into()),
        Stored::Term(bytes) => Ok((false, bytes.to_vec())),
        Stored::Typed(bytes) => Ok((true, bytes.to_vec())),
    }
}

/// Auxiliary certificates over others, and their removal.
///
/// # Errors
/// When the undisturbed chip fails.
pub fn auxiliary(revision: Revision) -> Result<Vec<Torn>> {
    let blank = finished(revision)?;
    let identity = Station::snapshot(&bus(&blank)?)?.identity()?;
    let [first, second] = [
        issue_auxiliary(&identity, [0x17; 32])?,
        issue_auxiliary(&identity, [0x18; 32])?,
    ];
    let changes = [
        ("first auxiliary certificates", AuxiliarySlots::EMPTY, first),
        ("auxiliary certificates of another signer", first, second),
        (
            "auxiliary certificates cleared",
            first,
            AuxiliarySlots::EMPTY,
        ),
    ];
    changes
        .into_iter()
        .map(|(name, old, new)| replaced(name, &blank, &identity, &old, &new))
        .collect()
}

fn replaced(
    name: &'static str,
    blank: &Image,
    identity: &Identity,
    old: &AuxiliarySlots,
    new: &AuxiliarySlots,
) -> Result<Torn> {
    let begin = bus(blank)?;
    let mut device = Station::device(&begin);
    device.run(WriteAuxiliary::new(identity, old))?;
    let shown = |slots: &AuxiliarySlots| -> Result<Option<[Certificate; 2]>> {
        let found = identity.auxiliary(slots)?;
        Ok(found.map(|found| [found.device_certificate, found.signer_certificate]))
    };
    let (last, wanted) = (shown(old)?, shown(new)?);
    each(
        name,
        &image(&begin)?,
        |device| {
            device.run(WriteAuxiliary::new(identity, new))?;
            Ok(())
        },
        |device| {
            Ok(match shown(&device.run(ReadAuxiliary::new())?) {
                Ok(found) if found == wanted => Found::New,
                Ok(found) if found == last => Found::Last,
                Ok(_) => Found::Other,
                Err(_) => Found::Lost,
            })
        },
    )
}
