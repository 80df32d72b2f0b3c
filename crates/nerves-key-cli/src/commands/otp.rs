//! `nerves-key otp`.

use data_encoding::HEXUPPER;
use nerves_key::{ReadSnapshot, Snapshot};
use nerves_key_schema::{Otp, OtpFlags};
use serde_json::{Value, json};

use crate::causes;
use crate::cli::otp::OtpCommand;
use crate::error::{CliError, Exit};
use crate::missing_part::{self, Part};
use crate::output::{Output, escape};

pub(super) fn run(command: &OtpCommand, output: Output) -> Result<(), CliError> {
    let OtpCommand::Show(chip) = command;
    let snapshot = causes::run(&mut chip.open()?, ReadSnapshot::new())?;
    let bytes = snapshot.otp.ok_or_else(|| {
        let error = CliError::new(
            Exit::Stage,
            format!(
                "the chip does not show its OTP zone: data and OTP are {}, and it can be read once \
                 they are locked",
                snapshot.config.data_lock()
            ),
        );
        missing_part::explain(&snapshot, Part::OTP, error)
    })?;
    let (lines, mut document) = meaning(&snapshot, &bytes);
    document["otp"] = json!(HEXUPPER.encode(&bytes));
    let text: String = lines
        .into_iter()
        .chain(bytes.chunks(16).enumerate().map(|(row, chunk)| {
            let title = if row == 0 { "bytes" } else { "" };
            (title, HEXUPPER.encode(chunk))
        }))
        .fold(String::new(), |text, (name, value)| {
            format!("{text}{name:<12}{value}\n")
        });
    output.result(&text, &document)
}

fn meaning(snapshot: &Snapshot, bytes: &[u8; 64]) -> (Vec<(&'static str, String)>, Value) {
    if let Some(kind) = snapshot.trust_kind() {
        let code = String::from_utf8_lossy(&bytes[..8]).into_owned();
        let lines = vec![("code", format!("{}: {kind}", escape(&code)))];
        return (
            lines,
            json!({ "kind": "trust-part", "code": code, "part": kind.to_string() }),
        );
    }
    let otp = match Otp::from_bytes(*bytes) {
        Ok(otp) => otp,
        Err(error) => {
            let lines = vec![("contents", error.to_string())];
            return (lines, json!({ "kind": "unknown" }));
        }
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (serial, board) = (text(otp.manufacturer_serial()), text(otp.board_name()));
    let form = if otp.flags() == OtpFlags::LongSerial {
        "long: up to 48 bytes, no user area"
    } else {
        "short: up to 16 bytes, and a user area"
    };
    let mut lines = vec![
        ("board", escape(&board)),
        ("serial", escape(&serial)),
        ("form", format!("{form} (flags {:04X})", otp.flags().bits())),
    ];
    let user = otp.user().map(|user| HEXUPPER.encode(user));
    lines.extend(user.clone().map(|user| ("user area", user)));
    let document = json!({
        "kind": "nerves-key",
        "board_name": board,
        "manufacturer_serial": serial,
        "flags": otp.flags().bits(),
        "user": user,
    });
    (lines, document)
}
