//! CRC and groups.

use atecc::crc::{Crc16, crc16};
use atecc::group::{GroupError, parse_group};
use serde::Deserialize;

use tests_vector_runner::{Checked, Hex, Verdict, holds, same};

#[derive(Deserialize)]
pub(super) struct Crc {
    message: Hex,
    crc: Hex,
}

#[derive(Deserialize)]
pub(super) struct Package {
    payload: Hex,
    bus_write: Hex,
}

#[derive(Deserialize)]
pub(super) struct Unpackage {
    bus_read: Hex,
    result: Unpacked,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unpacked {
    Ok(Hex),
    Error(String),
    #[serde(untagged)]
    Raised {
        #[serde(rename = "raises")]
        _raises: String,
    },
}

/// At once and in two pieces.
pub(super) fn crc(row: &Crc) -> Checked {
    let theirs = row.crc.array()?;
    same("CRC", crc16(&row.message.0).to_le_bytes(), theirs)?;
    let (head, tail) = row.message.0.split_at(row.message.0.len() / 2);
    let mut pieces = Crc16::new();
    pieces.update(head);
    pieces.update(tail);
    same("CRC of pieces", pieces.finish().to_le_bytes(), theirs)?;
    Ok(Verdict::Pass)
}

/// These payloads are random bytes, no commands, so that ours has nothing to
/// make them from: it reads the reference's group instead.
pub(super) fn package(row: &Package) -> Checked {
    let (word_address, group) = row.bus_write.0.split_first().ok_or("nothing was written")?;
    same("word address", 0x03, *word_address)?;
    same("payload", parse_group(group)?, &row.payload.0)?;
    same("length of the group", usize::from(group[0]), group.len())?;
    Ok(Verdict::Pass)
}

/// The same payload, or no group for both. Ours says more about what is wrong:
/// a count that no group has, fewer bytes than it says, or the CRC.
pub(super) fn unpackage(row: &Unpackage) -> Checked {
    let bytes = &row.bus_read.0;
    let ours = parse_group(bytes);
    match &row.result {
        Unpacked::Ok(payload) => same("payload", ours?, &payload.0)?,
        Unpacked::Error(_) | Unpacked::Raised { .. } => {
            let count = bytes.first().copied().unwrap_or_default();
            let fits = match ours {
                Ok(_) => false,
                Err(GroupError::Count(found)) => found == count && !(4..=155).contains(&count),
                Err(GroupError::Short { count: said, got }) => {
                    said == count && got == bytes.len() && got < usize::from(count)
                }
                Err(GroupError::Crc { got, computed }) => got != computed,
            };
            holds("the fault is named rightly", fits)?;
        }
    }
    if let Unpacked::Error(error) = &row.result {
        let is_crc = matches!(ours, Err(GroupError::Crc { .. }));
        let too_small = bytes.first().is_some_and(|count| *count < 4);
        same(
            "is the CRC wrong",
            is_crc || too_small,
            error == "bad_crc" || too_small,
        )?;
    }
    Ok(Verdict::Pass)
}
