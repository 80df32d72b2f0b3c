//! Nothing is left out: every opcode, every bit of Param1 that the chips'
//! documents allow, every Param1 that an emulated chip takes, and every typed
//! command has its row.

use std::collections::BTreeSet;

use atecc::Opcode;
use atecc_emulator::Revision;

use super::chip::{self, LockState};
use super::family;
use super::frame::Frame;
use super::probe::{PARSE_ERROR, Probe};
use super::row::Row;
use xtask_support::error::Error;
use xtask_support::run;

/// Bits of Param1 that a command may have: ATECC508A, ATECC608; `None` where
/// the chip lacks the command.
///
/// Sources: ATECC508A datasheet, chapter 9; cryptoauthlib `calib_command.h`,
/// also for the OTP bits of CheckMac, HMAC and MAC on the ATECC508A
/// (unconfirmed).
const MASKS: [(u8, Option<u8>, Option<u8>); 24] = [
    // Of the operations in bits 2 to 0 none sets bit 2.
    (0x51, None, Some(0xC3)),
    (0x28, Some(0x27), Some(0x27)),
    (0x24, Some(0x01), Some(0x01)),
    (0x1C, Some(0x04), Some(0x04)),
    (0x43, Some(0x00), Some(0x0F)),
    (0x15, Some(0x07), Some(0x07)),
    (0x40, Some(0x1C), Some(0x1C)),
    (0x11, Some(0x74), None),
    (0x30, Some(0x03), Some(0x07)),
    (0x56, None, Some(0x7F)),
    (0x17, Some(0xBF), Some(0xBF)),
    (0x08, Some(0x77), Some(0x77)),
    (0x16, Some(0x03), Some(0xE3)),
    (0x01, Some(0xFF), None),
    (0x46, Some(0x40), Some(0x40)),
    (0x1B, Some(0x01), Some(0x01)),
    (0x02, Some(0x83), Some(0x83)),
    (0x80, None, Some(0xC7)),
    (0x77, None, Some(0x3F)),
    (0x47, Some(0x07), Some(0xC7)),
    (0x41, Some(0xC1), Some(0xE1)),
    (0x20, Some(0x03), Some(0x03)),
    (0x45, Some(0x07), Some(0xA7)),
    (0x12, Some(0xC3), Some(0xC3)),
];

/// Whether a frame is one of those that are no mode.
type IsOne = fn(&Frame) -> bool;

/// Frames that are no mode of their own, although they are not refused as
/// illegal, or not before anything else is.
const NO_MODES: [(IsOne, &str); 5] = [
    (
        |frame| frame.opcode == 0x12 && frame.param1 & 0x43 == 0x40,
        "the configuration is never written encrypted",
    ),
    (
        |frame| frame.opcode == 0x12 && frame.param1 & 0xC0 == 0x40,
        "encrypted writes have 32 bytes",
    ),
    (
        |frame| {
            let with_mac = frame.data.len() == 64;
            frame.opcode == 0x12 && with_mac != (frame.param1 & 0x40 != 0)
        },
        "a MAC comes with encryption, which only a locked slot's configuration asks for as well",
    ),
    (
        |frame| frame.opcode == 0x11 && frame.param1 & 0x02 != 0,
        "bit 1 of HMAC is hashed and means nothing (unconfirmed)",
    ),
    (
        |frame| frame.opcode == 0x41 && frame.param1 & 0xA0 == 0x20,
        "bit 5 is where an external digest is",
    ),
];

/// Everything that has no row.
pub(super) fn gaps(rows: &[Row]) -> Result<Vec<String>, Error> {
    let mut gaps = opcodes(rows);
    gaps.extend(bits(rows));
    gaps.extend(types(rows)?);
    for revision in [
        Revision::Atecc508A,
        Revision::Atecc608A,
        Revision::Atecc608B,
    ] {
        gaps.extend(taken(rows, revision));
    }
    Ok(gaps)
}

/// Every opcode of either side has rows, and no other one.
fn opcodes(rows: &[Row]) -> Vec<String> {
    let declared: BTreeSet<u8> = rows.iter().map(|row| row.opcode).collect();
    let documented = MASKS.iter().map(|(opcode, ..)| *opcode).collect();
    let driver = Opcode::ALL.iter().map(|opcode| *opcode as u8).collect();
    let emulator = atecc_emulator::Opcode::ALL.iter();
    let emulator = emulator.map(|opcode| *opcode as u8).collect();
    let sides: [(&str, BTreeSet<u8>); 3] = [
        ("the documents", documented),
        ("atecc", driver),
        ("atecc-emulator", emulator),
    ];
    let differing = sides.iter().flat_map(|(side, opcodes)| {
        let differing = opcodes.symmetric_difference(&declared);
        differing.map(move |opcode| format!("opcode 0x{opcode:02X}: rows and {side} differ"))
    });
    differing.collect()
}

/// Every bit that a chip's documents allow belongs to a row of that chip, and
/// no row sets another one.
fn bits(rows: &[Row]) -> Vec<String> {
    let mut gaps = Vec::new();
    for (opcode, old, new) in MASKS {
        for (family, mask) in [
            (atecc::Family::Atecc508, old),
            (atecc::Family::Atecc608, new),
        ] {
            let rows = rows
                .iter()
                .filter(|row| row.opcode == opcode && row.is_on(family));
            let (mut set, mut any) = (0x00, false);
            for row in rows {
                any = true;
                set |= row.param1.value() | row.param1.free_bits();
            }
            if any != mask.is_some() || set != mask.unwrap_or(0) {
                gaps.push(format!(
                    "opcode 0x{opcode:02X} of {family:?}: rows for the bits {set:08b}, documented {mask:02X?}"
                ));
            }
        }
    }
    gaps
}

/// Every Param1 that an emulated chip does not answer with a parse error, with
/// Param2 and data of any row of its command, is made of rows.
fn taken(rows: &[Row], revision: Revision) -> Vec<String> {
    let mut gaps = Vec::new();
    let image = chip::image(revision, LockState::Open);
    for opcode in Opcode::ALL.iter().map(|opcode| *opcode as u8) {
        let own: Vec<_> = rows.iter().filter(|row| row.opcode == opcode).collect();
        let forms: BTreeSet<Frame> = own
            .iter()
            .filter_map(|row| Frame::from_write(row.request.as_bytes()))
            // An ATECC508A ignores the high bits of a slot number.
            .filter(|frame| !(revision == Revision::Atecc508A && frame.param2 == 0xFFFF))
            .map(|frame| Frame { param1: 0, ..frame })
            .collect();
        for param1 in 0..=u8::MAX {
            let probe = Probe::new(image.clone());
            let frames = forms.iter().map(|form| Frame {
                param1,
                ..form.clone()
            });
            let mut unknown = frames.filter(|frame| {
                !is_known(&own, frame, revision) && probe.answer(&frame.to_write()) != PARSE_ERROR
            });
            gaps.extend(unknown.next().map(|frame| {
                let (param2, len) = (frame.param2, frame.data.len());
                format!(
                    "{revision} takes opcode 0x{opcode:02X}, Param1 0x{param1:02X}, \
                     Param2 0x{param2:04X}, {len} bytes: no row"
                )
            }));
        }
    }
    gaps
}

/// Whether rows of the chip account for every bit of Param1.
fn is_known(rows: &[&Row], frame: &Frame, revision: Revision) -> bool {
    let here = rows
        .iter()
        .filter(|row| row.is_on(family(revision)) && row.looks_like(frame));
    let explained = here
        .map(|row| row.param1.explains())
        .reduce(|all, bits| all | bits);
    explained.is_some_and(|bits| frame.param1 & !bits == 0)
        || NO_MODES.iter().any(|(is, _)| is(frame))
}

/// Every type of `atecc` that is a command is in a row.
fn types(rows: &[Row]) -> Result<Vec<String>, Error> {
    let folder = run::root().join("crates/atecc/src/commands");
    let file = |error| Error::File {
        path: folder.clone(),
        error,
    };
    let mut gaps = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(file)? {
        let path = entry.map_err(file)?.path();
        // A command of several files has a folder.
        let path = if path.is_dir() {
            path.join("mod.rs")
        } else {
            path
        };
        let text = std::fs::read_to_string(path).map_err(file)?;
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("impl Command for "));
        for name in names {
            let name = name.split([' ', '<']).next().unwrap_or(name);
            if !rows.iter().any(|row| row.typed == name) {
                gaps.push(format!("{name} is a command: no row"));
            }
        }
    }
    Ok(gaps)
}
