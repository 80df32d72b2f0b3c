//! The OTP zone.

use std::error::Error;

use nerves_key_schema::{BoardName, ManufacturerSerial, NotNervesKey, Otp, OtpError};
use serde::Deserialize;

use tests_vector_runner::{Checked, Hex, Outcome, Verdict, holds, same};

#[derive(Deserialize)]
pub(super) struct Encode {
    board_name: Hex,
    manufacturer_sn: Hex,
    user: Option<Hex>,
    raw: Outcome<Hex>,
    decoded: Option<Decoded>,
}

#[derive(Deserialize)]
pub(super) struct EncodeStruct {
    flags: u16,
    board_name: Hex,
    manufacturer_sn: Hex,
    user: Hex,
    raw: Hex,
    decoded: Decoded,
}

#[derive(Deserialize)]
pub(super) struct Decode {
    raw: Hex,
    decoded: Decoded,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Decoded {
    Zone {
        flags: u16,
        board_name: Hex,
        board_name_text: Option<String>,
        manufacturer_sn: Hex,
        manufacturer_sn_text: Option<String>,
        user: Hex,
    },
    Error {
        error: String,
    },
}

/// Why ours writes no zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Refused {
    /// Its names are text.
    NotText,
    Otp(OtpError),
}

impl Refused {
    /// The reason in the data file, where the reference writes a zone.
    const fn reason(self) -> &'static str {
        match self {
            Self::Otp(OtpError::Empty(_)) => "empty",
            Self::Otp(OtpError::TooLong { .. } | OtpError::UserAreaTaken { .. }) => "never-cut",
            Self::NotText | Self::Otp(_) => "not-plain-text",
        }
    }
}

const BOARD: &str = "board name";
const SERIAL: &str = "manufacturer serial number";

/// What ours has to answer, from the layout alone.
fn refusal(board: &[u8], serial: &[u8], user: &[u8]) -> Result<(), Refused> {
    for (field, bytes, limit) in [(BOARD, board, 10), (SERIAL, serial, 48)] {
        let len = bytes.len();
        if std::str::from_utf8(bytes).is_err() {
            return Err(Refused::NotText);
        } else if bytes.is_empty() {
            return Err(Refused::Otp(OtpError::Empty(field)));
        } else if bytes.contains(&0) {
            return Err(Refused::Otp(OtpError::ZeroByte(field)));
        } else if len > limit {
            return Err(Refused::Otp(OtpError::TooLong { field, len, limit }));
        }
    }
    let field = "user data";
    match (serial.len(), user.len()) {
        (_, len @ 33..) => Err(Refused::Otp(OtpError::TooLong {
            field,
            len,
            limit: 32,
        })),
        (serial @ 17.., 1..) => Err(Refused::Otp(OtpError::UserAreaTaken { serial })),
        _ => Ok(()),
    }
}

fn ours(board: &[u8], serial: &[u8], user: &[u8]) -> Result<Otp, Refused> {
    let text = |bytes| std::str::from_utf8(bytes).or(Err(Refused::NotText));
    let board = BoardName::stored(text(board)?).map_err(Refused::Otp)?;
    let serial = ManufacturerSerial::stored(text(serial)?).map_err(Refused::Otp)?;
    Otp::new(&board, &serial, user).map_err(Refused::Otp)
}

pub(super) fn encode(row: &Encode) -> Checked {
    let (board, serial) = (&row.board_name.0, &row.manufacturer_sn.0);
    let user = row.user.as_ref().map_or(&[][..], |user| &user.0);
    let otp = ours(board, serial, user);
    same("refusal", otp.map(drop), refusal(board, serial, user))?;
    match (otp, &row.raw) {
        (Ok(otp), Outcome::Value(raw)) => {
            same("zone", otp.as_bytes(), &raw.array()?)?;
            let decoded = row.decoded.as_ref().ok_or("no decoded zone")?;
            same_fields(&otp, decoded)?;
            Ok(Verdict::Pass)
        }
        (Ok(otp), Outcome::Raised { .. }) => {
            let read = Otp::from_bytes(*otp.as_bytes())?;
            same("board name", read.board_name(), board)?;
            same("serial", read.manufacturer_serial(), serial)?;
            Ok(Verdict::Differs(if serial.len() > 32 {
                "long-serial"
            } else {
                holds("no user data beside a long serial", serial.len() > 16)?;
                "no-user-data"
            }))
        }
        (Err(refused), Outcome::Value(_)) => Ok(Verdict::Differs(refused.reason())),
        (Err(_), Outcome::Raised { .. }) => Ok(Verdict::Pass),
    }
}

/// The reference cuts the fields of any struct to what the flags leave room
/// for; ours has one way to a zone, which refuses what does not fit and chooses
/// the flags by the length of the serial. What the reference wrote is read
/// alike, and ours writes the same when it is given the fields as they were cut.
pub(super) fn encode_struct(row: &EncodeStruct) -> Checked {
    let read = Otp::from_bytes(row.raw.array()?)?;
    same_fields(&read, &row.decoded)?;
    let (board, serial, user) = (&row.board_name.0, &row.manufacturer_sn.0, &row.user.0);
    let otp = ours(board, serial, user);
    same("refusal", otp.map(drop), refusal(board, serial, user))?;
    if otp == Ok(read) {
        return Ok(Verdict::Pass);
    }
    if let Ok(otp) = otp {
        holds("other flags", otp.flags().bits() != row.flags)?;
    }
    let (serial, user) = match row.flags {
        1 => (upto(serial, 48), &[][..]),
        _ => (upto(serial, 16), upto(user, 32)),
    };
    let cut = ours(upto(board, 10), serial, user);
    same(
        "refusal",
        cut.map(drop),
        refusal(upto(board, 10), serial, user),
    )?;
    if let Ok(cut) = cut {
        let (head, tail) = (&cut.as_bytes()[..4], &cut.as_bytes()[6..]);
        same("magic", head, &row.raw.0[..4])?;
        same("fields as cut", tail, &row.raw.0[6..])?;
    }
    Ok(Verdict::Differs("one-checked-way"))
}

fn upto(bytes: &[u8], limit: usize) -> &[u8] {
    bytes.get(..limit).unwrap_or(bytes)
}

/// A zone of another size cannot even be asked for here.
pub(super) fn decode(row: &Decode) -> Checked {
    match (<[u8; 64]>::try_from(row.raw.0.as_slice()), &row.decoded) {
        (Ok(raw), Decoded::Error { error }) => {
            same("error", error.as_str(), "not_nerves_key")?;
            let [a, b, c, d, ..] = raw;
            same(
                "zone",
                Otp::from_bytes(raw),
                Err(NotNervesKey([a, b, c, d])),
            )?;
        }
        (Ok(raw), decoded) => same_fields(&Otp::from_bytes(raw)?, decoded)?,
        (Err(_), Decoded::Error { .. }) => {}
        (Err(_), Decoded::Zone { .. }) => return Err("a zone of another size".into()),
    }
    Ok(Verdict::Pass)
}

fn same_fields(otp: &Otp, decoded: &Decoded) -> Result<(), Box<dyn Error>> {
    let Decoded::Zone {
        flags,
        board_name,
        board_name_text,
        manufacturer_sn,
        manufacturer_sn_text,
        user,
    } = decoded
    else {
        return Err("the reference does not read this zone".into());
    };
    let text = |bytes| std::str::from_utf8(bytes).ok();
    same("flags", otp.flags().bits(), *flags)?;
    same("board name", otp.board_name(), &board_name.0)?;
    same(
        "board name",
        text(otp.board_name()),
        board_name_text.as_deref(),
    )?;
    let serial = otp.manufacturer_serial();
    same("serial", serial, &manufacturer_sn.0)?;
    same("serial", text(serial), manufacturer_sn_text.as_deref())?;
    same(
        "user area",
        otp.user().map_or(&[][..], |user| user),
        &user.0,
    )
}
