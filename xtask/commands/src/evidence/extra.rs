//! Which modes the vectors of cryptoauthlib have.
//!
//! They are not part of this repository, so their modes are listed in
//! `xtask/commands/data/extra-modes.json`. Where `ATECC_EXTRA_VECTORS` names a folder
//! that has them, the list is made from them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::json;
use crate::frame::Frame;
use xtask_support::error::Error;
use xtask_support::run;

/// What a list says of the frame of one of its rows.
type Reading = fn(&Value) -> Option<Frame>;

/// The lists whose rows name opcode and mode. The others compute what every
/// mode shares.
const LISTS: [(&str, Reading); 14] = [
    ("atcah_nonce", |inputs| {
        let (mode, zero) = (byte(inputs, "mode")?, word(inputs, "zero")?);
        let len = match (mode & 0x03, mode & 0x20) {
            (0x03, 0x00) => 32,
            (0x03, _) => 64,
            _ => 20,
        };
        Some(Frame::new(0x16, mode, zero, len))
    }),
    ("atcah_mac", |inputs| {
        let mode = byte(inputs, "mode")?;
        let len = if mode & 0x01 == 0 { 32 } else { 0 };
        Some(Frame::new(0x08, mode, word(inputs, "key_id")?, len))
    }),
    ("atcah_check_mac", |inputs| of(inputs, 0x28, "mode", 77)),
    ("atcah_hmac", |inputs| of(inputs, 0x11, "mode", 0)),
    ("atcah_gen_dig", gen_dig),
    ("atcah_write_auth_mac", |inputs| {
        of(inputs, 0x12, "zone", 64)
    }),
    ("atcah_privwrite_auth_mac", |inputs| {
        // In the clear the chip ignores the MAC.
        of(inputs, 0x46, "zone", 68).filter(|frame| frame.param1 & 0x40 != 0)
    }),
    ("atcah_derive_key", |inputs| derive_key(inputs, 0)),
    ("atcah_derive_key_mac", |inputs| derive_key(inputs, 32)),
    ("atcah_decrypt", |_| {
        let state = Some("encrypted".to_owned());
        let frame = Frame::new(0x02, 0x82, 0, 0);
        Some(Frame { state, ..frame })
    }),
    ("atcah_gen_key_msg", |inputs| {
        let len = if byte(inputs, "mode")? & 0x10 == 0 {
            0
        } else {
            3
        };
        // Without a digest nothing is computed.
        of(inputs, 0x40, "mode", len).filter(|frame| frame.param1 & 0x18 != 0)
    }),
    ("atcah_sign_internal_msg", |inputs| {
        of(inputs, 0x41, "mode", 0)
    }),
    ("atcah_verify_mac", |inputs| {
        let mode = byte(inputs, "mode")?;
        let len = match mode & 0x07 {
            0x00 | 0x01 => 64,
            0x02 => 128,
            _ => 83,
        };
        // Without the bit the chip makes no MAC.
        of(inputs, 0x45, "mode", len).filter(|_| mode & 0x80 != 0)
    }),
    ("atcah_secureboot_mac", |inputs| {
        let mode = byte(inputs, "mode")?;
        let len = if mode & 0x07 == 0x06 { 32 } else { 96 };
        let frame = Frame::new(0x80, mode, word(inputs, "param2")?, len);
        (mode & 0x80 != 0).then_some(frame)
    }),
];

fn of(inputs: &Value, opcode: u8, param1: &str, len: usize) -> Option<Frame> {
    let (param1, param2) = (byte(inputs, param1)?, word(inputs, "key_id")?);
    Some(Frame::new(opcode, param1, param2, len))
}

fn derive_key(inputs: &Value, len: usize) -> Option<Frame> {
    let (mode, target) = (byte(inputs, "mode")?, word(inputs, "target_key_id")?);
    Some(Frame::new(0x1C, mode, target, len))
}

fn gen_dig(inputs: &Value) -> Option<Frame> {
    let (zone, key_id) = (byte(inputs, "zone")?, word(inputs, "key_id")?);
    let no_mac = inputs["is_key_nomac"].as_bool()?;
    let len = match (zone, no_mac) {
        (3, _) => 32,
        (_, true) => 4,
        _ => 0,
    };
    let state = no_mac.then(|| "NoMac".to_owned());
    let frame = Frame::new(0x15, zone, key_id, len);
    Some(Frame { state, ..frame })
}

fn byte(inputs: &Value, field: &str) -> Option<u8> {
    u8::try_from(inputs[field].as_u64()?).ok()
}

fn word(inputs: &Value, field: &str) -> Option<u16> {
    u16::try_from(inputs[field].as_u64()?).ok()
}

fn list() -> PathBuf {
    run::root().join("xtask/commands/data/extra-modes.json")
}

/// Without their data, of which the list has the lengths.
#[derive(serde::Deserialize, serde::Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    opcode: u8,
    param1: u8,
    param2: u16,
    len: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

pub(super) fn frames() -> Result<Vec<Frame>, Error> {
    let listed: Vec<Listed> = json(&list())?;
    let frame = |listed: Listed| Frame {
        state: listed.state,
        ..Frame::new(listed.opcode, listed.param1, listed.param2, listed.len)
    };
    Ok(listed.into_iter().map(frame).collect())
}

pub(super) fn refresh(compare: bool) -> Result<(), Error> {
    let Some(folder) = std::env::var_os("ATECC_EXTRA_VECTORS") else {
        return Ok(());
    };
    let modes = read(Path::new(&folder))?;
    let lines: Vec<_> = modes
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()?;
    let made = format!("[\n  {}\n]\n", lines.join(",\n  "));
    if compare {
        let same = super::text(&list())? == made;
        let finding = format!("{}: not as the vectors have it", list().display());
        return Error::unless_empty(
            "modes of the extra vectors",
            if same { vec![] } else { vec![finding] },
        );
    }
    std::fs::write(list(), made).map_err(|error| Error::File {
        path: list(),
        error,
    })
}

/// The rows that the library answered with success.
fn read(folder: &Path) -> Result<Vec<Listed>, Error> {
    let file: Value = json(&folder.join("host_crypto.json"))?;
    let mut modes = Vec::new();
    for (name, reading) in LISTS {
        let rows = file[name].as_array().into_iter().flatten();
        let answered = rows.filter(|row| row["status"] == "success");
        modes.extend(
            answered
                .filter_map(|row| reading(&row["inputs"]))
                .map(|frame| Listed {
                    opcode: frame.opcode,
                    param1: frame.param1,
                    param2: frame.param2,
                    len: frame.data.len(),
                    state: frame.state,
                }),
        );
    }
    modes.sort();
    Ok(modes)
}
