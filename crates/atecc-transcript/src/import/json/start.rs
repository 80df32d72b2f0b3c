//! What the chip held at the beginning.

use alloc::format;
use core::fmt::Write;

use super::schema::File;
use super::value::hex;
use crate::import::Malformed;
use crate::import::error::field;
use crate::{Action, Line, Start};

/// Of the configuration zone on a line of an image.
const ROW: usize = 16;
/// Size of the configuration zone.
const CONFIG: usize = 128;

impl File {
    pub(super) fn start(&self, lines: &[Line]) -> Result<Start, Malformed> {
        let dumps = match self.config_zones.first() {
            Some(whole) => core::slice::from_ref(whole),
            None => self.config_partial.as_slice(),
        };
        let Some(chip) = ["ATECC508A", "ATECC608A", "ATECC608B"]
            .into_iter()
            .find(|chip| self.chip.starts_with(chip))
            .filter(|_| !dumps.is_empty())
        else {
            return Ok(Start::Unknown);
        };
        let mut image = format!("atecc-emulator-image 1\nchip {chip}\n");
        for dump in dumps {
            let bytes = hex(&dump.hex)?;
            if dump.offset.saturating_add(bytes.len()) > CONFIG {
                let wanted = "within the 128 bytes of the zone";
                return Err(field("dump of the configuration", &dump.hex, wanted));
            }
            for (row, bytes) in bytes.chunks(ROW).enumerate() {
                let offset = dump.offset + row * ROW;
                // Writing to a String cannot fail.
                let _ = write!(image, "config {offset:#05x}");
                for (index, byte) in bytes.iter().enumerate() {
                    let gap = if index % 4 == 0 { " " } else { "" };
                    let _ = write!(image, "{gap}{byte:02x}");
                }
                image.push('\n');
            }
        }
        Ok(if lines.iter().any(may_change) {
            Start::Constructed(image)
        } else {
            Start::Known(image)
        })
    }
}

/// Whether a command may change the configuration zone: Write, Lock,
/// UpdateExtra, Counter, DeriveKey and uses of limited keys count there.
/// Source: ATECC508A datasheet, section 9; Read, Random, Nonce, SHA and Info
/// cannot.
fn may_change(line: &Line) -> bool {
    let harmless = |opcode: &u8| matches!(opcode, 0x02 | 0x1B | 0x16 | 0x47 | 0x30);
    match &line.action {
        Action::Write { bytes, .. } if bytes.first() == Some(&0x03) => {
            !bytes.get(2).is_some_and(harmless)
        }
        _ => false,
    }
}
