//! Dumps of the configuration zone, and what a source says of them.

use atecc::config::{LockState, offset};
use atecc::{ConfigZone, Opcode, Slot};
use atecc_emulator::{CONFIG_SIZE, Image, Revision};

use super::each;
use super::harness::Harness;
use crate::judgement::{Item, Judge, Judged, Verdict, hex};
use crate::reason::Reason;
use crate::recording::{Dump, Hex, Recording, State};

/// Bit 0: the part has I2C. Source: ATECC508A datasheet, Table 2-5.
const I2C_ENABLE: usize = 14;
/// What every serial number begins with. Source: as above, `SN<0:1>`.
const SERIAL: [u8; 2] = [0x01, 0x23];

pub(super) fn judge(recording: &Recording, judged: &mut Judged) {
    let data = &recording.data;
    let reads = recording.config_read();
    each("config_zones", &data.config_zones, judged, |dump, add| {
        add(Judge::Codec, "configuration", whole(dump));
        if dump.from_exchanges {
            add(Judge::Codec, "configuration as read", as_read(dump, &reads));
        }
        add(Judge::Emulator, "configuration", read_back(dump));
    });
    let partial = &data.config_partial;
    each("config_partial", partial, judged, |dump, add| {
        add(Judge::Codec, "configuration", judge_dump(dump));
    });
    if let Some(serial) = &recording.serial {
        let verdict = one_of(&serial.0, &recording.serials());
        let item = Item::Datum("serial".to_owned(), 0);
        judged.add(Judge::Codec, item, "serial number", verdict);
    }
}

/// What was read of it, as far as the recording has that.
fn as_read(dump: &Dump, reads: &[u8]) -> Verdict {
    match dump.hex.0.get(..reads.len()) {
        Some(begin) if begin == reads && reads.len() < CONFIG_SIZE => {
            Verdict::Skipped(Reason::HostPart)
        }
        begin => Verdict::equal(begin.unwrap_or(&dump.hex.0), reads),
    }
}

/// The serial number that a source gives by itself is one that it has elsewhere.
fn one_of(serial: &[u8], others: &[Vec<u8>]) -> Verdict {
    match others {
        [] => Verdict::Skipped(Reason::Alone),
        others if others.iter().any(|other| other == serial) => Verdict::Passed,
        [other, ..] => Verdict::differs(hex(other), hex(serial)),
    }
}

fn whole(dump: &Dump) -> Verdict {
    match dump.hex.0.len() {
        CONFIG_SIZE => judge_dump(dump),
        len => Verdict::differs("128 bytes", format!("{len}")),
    }
}

/// The bytes are those of a part, and what is said of them is in them.
fn judge_dump(dump: &Dump) -> Verdict {
    let end = dump.offset + dump.hex.0.len();
    if end > CONFIG_SIZE {
        return Verdict::differs("at most 128 bytes", format!("{end}"));
    }
    let no_state = State::default();
    let state = dump.state.as_ref().unwrap_or(&no_state);
    match impossible(dump).or_else(|| contradiction(dump, state)) {
        Some((what, expected, got)) => Verdict::differs(format!("{what} {expected}"), got),
        None => Verdict::Passed,
    }
}

/// What, as it should be, as it is.
type Wrong = (&'static str, String, String);

/// What no part holds.
fn impossible(dump: &Dump) -> Option<Wrong> {
    let start = dump.bytes(0..2).filter(|start| *start != SERIAL);
    if let Some(start) = start {
        return Some(("serial number", hex(&SERIAL), hex(start)));
    }
    let lock = |at: usize| dump.bytes(at..at + 1).and_then(<[u8]>::first).copied();
    let (value, config) = (lock(offset::LOCK_VALUE), lock(offset::LOCK_CONFIG));
    for lock in [value, config].into_iter().flatten() {
        if lock != LockState::Locked.byte() && lock != LockState::Unlocked.byte() {
            return Some(("lock byte", "00 or 55".into(), hex(&[lock])));
        }
    }
    let order = value == Some(0x00) && config == Some(LockState::Unlocked.byte());
    order.then(|| {
        (
            "LockConfig",
            "00 where the data are locked".into(),
            hex(&[LockState::Unlocked.byte()]),
        )
    })
}

/// What the source says otherwise than the codec.
fn contradiction(dump: &Dump, state: &State) -> Option<Wrong> {
    let bytes = |at: usize, len: usize| dump.bytes(at..at + len).map(<[u8]>::to_vec);
    let zone = <[u8; CONFIG_SIZE]>::try_from(dump.hex.0.as_slice()).ok();
    let zone = zone.map(ConfigZone);
    let said = |text: &Option<Hex>| text.as_ref().map(|hex| hex.0.clone());
    let compared = [
        (
            "serial number",
            said(&state.serial),
            zone.map(|zone| zone.serial_number().0.to_vec()),
        ),
        (
            "revision",
            said(&state.revision),
            zone.map(|zone| zone.revision().to_bytes().to_vec()),
        ),
        ("revision", said(&state.revision), bytes(offset::REV_NUM, 4)),
        (
            "serial number",
            said(&state.serial),
            bytes(0, 4)
                .zip(bytes(8, 5))
                .map(|(begin, end)| [begin, end].concat()),
        ),
        (
            "LockValue",
            said(&state.lock_value),
            bytes(offset::LOCK_VALUE, 1),
        ),
        (
            "LockConfig",
            said(&state.lock_config),
            bytes(offset::LOCK_CONFIG, 1),
        ),
        (
            "SlotLocked",
            said(&state.slot_locked_bits),
            bytes(offset::SLOT_LOCKED, 2),
        ),
        (
            "I2C address",
            said(&state.i2c_address_byte),
            bytes(offset::I2C_ADDRESS, 1),
        ),
        (
            "seven-bit I2C address",
            said(&state.i2c_address_byte).map(|byte| byte.iter().map(|byte| byte >> 1).collect()),
            zone.map(|zone| vec![zone.i2c_address()]),
        ),
        (
            "I2C_Enable",
            state.i2c_enable.map(|enabled| vec![enabled.0]),
            bytes(I2C_ENABLE, 1).map(|byte| byte.iter().map(|byte| byte & 0x01).collect()),
        ),
        (
            "configuration locked",
            state.config_locked.map(|locked| vec![locked.into()]),
            zone.map(|zone| vec![zone.config_lock().is_locked().into()]),
        ),
        (
            "data locked",
            state.data_locked.map(|locked| vec![locked.into()]),
            zone.map(|zone| vec![zone.data_lock().is_locked().into()]),
        ),
        // Bit n is 1 while slot n is open.
        (
            "slot locks",
            said(&state.slot_locked_bits),
            zone.map(slot_locks),
        ),
    ];
    compared.into_iter().find_map(|(what, stated, ours)| {
        let (stated, ours) = (stated?, ours?);
        (stated != ours).then(|| (what, hex(&stated), hex(&ours)))
    })
}

fn slot_locks(zone: ConfigZone) -> Vec<u8> {
    let open = Slot::ALL
        .iter()
        .filter(|slot| !zone.slot_lock(**slot).is_locked());
    let bits = open.fold(0_u16, |bits, slot| bits | 1 << slot.index());
    bits.to_le_bytes().to_vec()
}

/// The emulated chip that holds the dump tells it again.
fn read_back(dump: &Dump) -> Verdict {
    let config = <[u8; CONFIG_SIZE]>::try_from(dump.hex.0.as_slice());
    let image = config.map(|config| Image::blank(Revision::Atecc608B).with_config(config));
    let Ok(Ok(image)) = image else {
        return Verdict::Skipped(Reason::OtherChip);
    };
    let harness = Harness::new(image);
    let blocks =
        [0x00, 0x08, 0x10, 0x18].map(|address| harness.say(Opcode::Read, 0x80, address, &[]));
    Verdict::equal(&dump.hex.0, &blocks.concat())
}
