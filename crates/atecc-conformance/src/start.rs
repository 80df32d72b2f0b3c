//! What the chip held before the first action: what the transcript says, and
//! the rest constructed to fit it.
//!
//! Bytes are known when the transcript's image gives them, or when they were
//! read before anything could have changed them. The rest is a blank part's,
//! but for what the chip's answers imply: a command that succeeded needs locks
//! and slot configurations under which it can. Such bytes are supposed, not
//! known: where an answer differs because of one, it is not determined.

use std::collections::BTreeSet;
use std::ops::Range;

use atecc::Opcode;
use atecc::config::{LockState, offset};
use atecc::group::parse_group;
use atecc::parse::CommandGroup;
use atecc_emulator::{CONFIG_SIZE, Image, OTP_SIZE, Revision, Slot};
use atecc_transcript::{Cause, Exchange, Start, Transcript};

use crate::emulator::says_again;
use crate::knowledge::{Knowledge, StartError};
use crate::target::{Place, Target};
use crate::usage::Usage;

/// A chip at the beginning of a transcript.
#[derive(Clone, Debug)]
pub(crate) struct StartState {
    pub(crate) image: Image,
    pub(crate) known: Knowledge,
    /// What `Random` and `Nonce` answered, in order.
    pub(crate) randoms: Vec<[u8; 32]>,
    /// What anything in the transcript may have changed.
    pub(crate) changed: BTreeSet<(Place, usize)>,
}

/// Why there is no chip to begin with.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoStart {
    #[error("{0} is not emulated")]
    OtherChip(String),
    #[error(transparent)]
    Malformed(#[from] StartError),
}

/// Find the start of `transcript`; keys that are not known are `key`.
pub(crate) fn start(
    transcript: &Transcript,
    exchanges: &[Exchange],
    key: [u8; 32],
) -> Result<StartState, NoStart> {
    let header = &transcript.header;
    let mut known = match &header.start {
        Start::Unknown => Knowledge::nothing(),
        Start::Known(text) | Start::Constructed(text) => Knowledge::from_text(text)?,
    };
    if let Some(revision) = header.revision {
        known.tell(Place::Config, offset::REV_NUM, &revision);
    }
    let mut reader = Reader::new(known);
    for exchange in exchanges {
        if let Some((group, payload)) = answered(exchange) {
            reader.learn(&group, payload);
            reader.usage.add(&group, payload);
        }
        if exchange.cause == Cause::Unrecorded
            || says_again(&transcript.lines, header.address, exchange)
        {
            for (place, range) in may_have_changed(exchange) {
                reader.change(place, range);
            }
        }
    }
    let Reader {
        known,
        usage,
        changed,
        ..
    } = reader;
    let revision = part(&header.chip, &known);
    let revision = revision.ok_or_else(|| NoStart::OtherChip(header.chip.clone()))?;
    let image = construct(revision, header.address, &known, &usage, key);
    Ok(StartState {
        image,
        known,
        randoms: usage.randoms,
        changed,
    })
}

/// What the command behind a lone answer may have changed: a status may be that
/// of any Write or Lock, 64 bytes may be a new key, four the steps of a counter.
pub(crate) fn may_have_changed(lone: &Exchange) -> Vec<(Place, Range<usize>)> {
    let slots = || Slot::all().map(|slot| (slot.index(), slot.size()));
    let keys = slots().map(|(slot, _)| (Place::Slot(slot), 0..36));
    match lone.response().map(parse_group) {
        Some(Ok([0])) => slots()
            .map(|(slot, size)| (Place::Slot(slot), 0..size))
            .chain([(Place::Config, 0..CONFIG_SIZE), (Place::Otp, 0..OTP_SIZE)])
            .collect(),
        Some(Ok(payload)) if payload.len() == 64 => keys.collect(),
        Some(Ok(payload)) if payload.len() == 4 => {
            vec![(Place::Config, offset::COUNTERS..offset::COUNTERS + 16)]
        }
        _ => Vec::new(),
    }
}

/// A sound command and the payload of its sound answer.
pub(crate) fn answered(exchange: &Exchange) -> Option<(CommandGroup<'_>, &[u8])> {
    let Cause::Command(group) = &exchange.cause else {
        return None;
    };
    let payload = parse_group(exchange.response()?).ok()?;
    Some((CommandGroup::parse(group).ok()?, payload))
}

/// The part, by what is known of its revision or by its name.
pub(crate) fn part(chip: &str, known: &Knowledge) -> Option<Revision> {
    let chip = chip.to_uppercase();
    if !chip.starts_with("ATECC") {
        return None;
    }
    let named = |part: &Revision| chip.starts_with(&part.to_string());
    let generation = || match () {
        () if chip.contains("508") => Some(Revision::Atecc508A),
        () if chip.contains("608") => Some(Revision::Atecc608A),
        () => None,
    };
    let named = || Revision::ALL.into_iter().find(named);
    known.revision().or_else(named).or_else(generation)
}

/// Reads a transcript for what it says about the start.
struct Reader {
    known: Knowledge,
    usage: Usage,
    /// Bytes that may have changed since.
    changed: BTreeSet<(Place, usize)>,
    /// Steps of each counter so far.
    steps: [u32; 2],
    /// The next read of a slot may be encrypted.
    digested: bool,
}

impl Reader {
    fn new(known: Knowledge) -> Self {
        Self {
            known,
            usage: Usage::default(),
            changed: BTreeSet::new(),
            steps: [0; 2],
            digested: false,
        }
    }

    fn learn(&mut self, group: &CommandGroup<'_>, payload: &[u8]) {
        let digested = std::mem::replace(&mut self.digested, group.opcode == Opcode::GenDig);
        let done = payload == [0];
        let slot = Place::Slot(group.slot().index());
        match (group.opcode, group.param1) {
            (Opcode::Read, _) => {
                let Some(target) = Target::from_group(group) else {
                    return;
                };
                let clear = !matches!(target.place, Place::Slot(_)) || !digested;
                if clear && payload.len() == target.len {
                    self.read(target.place, target.offset, payload);
                }
            }
            (Opcode::Info, 0x00) if payload.len() == 4 => {
                self.read(Place::Config, offset::REV_NUM, payload);
            }
            (Opcode::Counter, mode) => self.counter(group.param2, mode, payload),
            (Opcode::Write, _) if done => {
                if let Some(target) = Target::from_group(group) {
                    self.change(target.place, target.offset..target.offset + target.len);
                }
            }
            (Opcode::Lock, mode) if done => match mode & 0x03 {
                0 => self.change(Place::Config, offset::LOCK_CONFIG..offset::LOCK_CONFIG + 1),
                1 => self.change(Place::Config, offset::LOCK_VALUE..offset::LOCK_VALUE + 1),
                _ => self.change(Place::Config, offset::SLOT_LOCKED..offset::SLOT_LOCKED + 2),
            },
            (Opcode::UpdateExtra, _) if done => {
                self.change(Place::Config, offset::USER_EXTRA..offset::USER_EXTRA + 2);
            }
            (Opcode::GenKey, mode) if mode & 0x04 != 0 && payload.len() == 64 => {
                self.change(slot, 0..36);
            }
            (Opcode::DeriveKey | Opcode::PrivWrite, _) if done => self.change(slot, 0..36),
            _ => {}
        }
    }

    /// Bytes read: known, unless they were changed or are known already.
    fn read(&mut self, place: Place, offset: usize, bytes: &[u8]) {
        for (at, byte) in (offset..).zip(bytes) {
            if !self.changed.contains(&(place, at)) && !self.known.knows(place, at..at + 1) {
                self.known.tell(place, at, &[*byte]);
            }
        }
    }

    fn change(&mut self, place: Place, range: Range<usize>) {
        self.changed.extend(range.map(|at| (place, at)));
    }

    /// The count at the start is the first that is told, less the steps since.
    fn counter(&mut self, which: u16, mode: u8, payload: &[u8]) {
        let Ok(bytes) = <[u8; 4]>::try_from(payload) else {
            return;
        };
        let which = usize::from(which & 1);
        self.steps[which] += u32::from(mode & 1);
        let count = u32::from_le_bytes(bytes).saturating_sub(self.steps[which]);
        let offset = offset::COUNTERS + 8 * which;
        self.read(Place::Config, offset, &stored(count));
        self.change(Place::Config, offset..offset + 8);
    }
}

/// The eight bytes that stand for `count`: two unary halves, then the
/// multiples of 32 that each has seen. Source: cryptoauthlib `calib_write.c`.
fn stored(count: u32) -> [u8; 8] {
    let unary = |ones: u32| 0xFFFF_u16.checked_shr(ones % 32).unwrap_or(0).to_be_bytes();
    let times = |count: u32| u16::try_from(count / 32).unwrap_or(u16::MAX).to_be_bytes();
    let late = count.saturating_sub(16);
    let mut bytes = [0; 8];
    for (to, from) in
        bytes
            .chunks_exact_mut(2)
            .zip([unary(count), unary(late), times(count), times(late)])
    {
        to.copy_from_slice(&from);
    }
    bytes
}

/// A chip with all that is known, and with what its answers imply.
fn construct(
    revision: Revision,
    address: u8,
    known: &Knowledge,
    usage: &Usage,
    key: [u8; 32],
) -> Image {
    let blank = Image::blank(revision);
    let mut config = *blank.config();
    config[offset::I2C_ADDRESS] = address << 1;
    let config_locked = usage.config_locked.unwrap_or(false);
    let data_locked = usage.data_locked.unwrap_or(config_locked);
    config[offset::LOCK_CONFIG] = if config_locked {
        0
    } else {
        LockState::Unlocked.byte()
    };
    config[offset::LOCK_VALUE] = if data_locked {
        0
    } else {
        LockState::Unlocked.byte()
    };
    for (slot, uses) in &usage.slots {
        let (slot_config, key_config) = uses.configuration();
        let at = 2 * usize::from(*slot);
        config[offset::SLOT_CONFIG + at..][..2].copy_from_slice(&slot_config.to_le_bytes());
        config[offset::KEY_CONFIG + at..][..2].copy_from_slice(&key_config.to_le_bytes());
    }
    let mut base = blank.clone().with_config(config).unwrap_or(blank);
    for (index, uses) in &usage.slots {
        let Some(slot) = Slot::new(*index) else {
            continue;
        };
        let bytes = base.slot_mut(slot);
        if uses.private {
            // Any valid scalar, after the four zeros of such a slot.
            bytes[4..36].fill(0x01);
        } else if uses.is_key() {
            bytes[..32].copy_from_slice(&key);
        }
    }
    known.image(&base).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the table of cryptoauthlib's counter tests.
    #[test]
    fn counts_as_stored() {
        for (count, bytes) in [
            (0, [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]),
            (1, [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]),
            (16, [0x00, 0x00, 0xFF, 0xFF, 0, 0, 0, 0]),
            (31, [0x00, 0x00, 0x00, 0x01, 0, 0, 0, 0]),
            (32, [0xFF, 0xFF, 0x00, 0x00, 0, 1, 0, 0]),
            (48, [0x00, 0x00, 0xFF, 0xFF, 0, 1, 0, 1]),
        ] {
            assert_eq!(stored(count), bytes, "{count}");
        }
    }

    #[test]
    fn parts_by_name_and_by_bytes() {
        let mut known = Knowledge::nothing();
        assert_eq!(part("ATECC108/508A", &known), Some(Revision::Atecc508A));
        let tng = part("atecc608b-tngtls", &known);
        assert_eq!(tng, Some(Revision::Atecc608B));
        assert_eq!(part("ATSHA204A", &known), None);
        known.tell(Place::Config, offset::REV_NUM, &[0, 0, 0x60, 3]);
        assert_eq!(part("ATECC608A", &known), Some(Revision::Atecc608B));
        assert_eq!(part("ATSHA204A", &known), None);
    }
}
