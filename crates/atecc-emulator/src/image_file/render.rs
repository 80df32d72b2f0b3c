//! An image as text.

use std::fmt::{self, Write};

use super::VERSION;
use crate::memory::{Image, Slot};

/// Bytes on one line of the configuration and OTP zones.
const ZONE_LINE: usize = 16;
/// Bytes on one line of a slot: a block.
const SLOT_LINE: usize = 32;

pub(super) fn text(image: &Image) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(image, &mut text);
    text
}

fn write(image: &Image, text: &mut String) -> fmt::Result {
    writeln!(text, "atecc-emulator-image {VERSION}")?;
    writeln!(
        text,
        "# An emulated chip. It contains the private key: keep it private."
    )?;
    writeln!(text, "chip {}", image.revision())?;
    lines(text, "config", image.config(), ZONE_LINE)?;
    lines(text, "otp", image.otp(), ZONE_LINE)?;
    for slot in Slot::all() {
        lines(
            text,
            &format!("slot {}", slot.index()),
            image.slot(slot),
            SLOT_LINE,
        )?;
    }
    Ok(())
}

fn lines(text: &mut String, field: &str, bytes: &[u8], width: usize) -> fmt::Result {
    for (index, line) in bytes.chunks(width).enumerate() {
        write!(text, "{field} {:#05x}", index * width)?;
        for group in line.chunks(4) {
            text.push(' ');
            group
                .iter()
                .try_for_each(|byte| write!(text, "{byte:02x}"))?;
        }
        text.push('\n');
    }
    Ok(())
}
