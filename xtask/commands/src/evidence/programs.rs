//! Commands that programs of others send to a served emulator.
//!
//! What the script sends by `i2ctransfer` is read from the script. What
//! adafruit-circuitpython-atecc sends is in a file that its run is compared
//! with.

use super::text;
use crate::frame::Frame;
use xtask_support::error::Error;
use xtask_support::run;

pub(super) fn frames() -> Result<[(&'static str, Vec<Frame>); 2], Error> {
    let folder = run::root().join("tests/interop");
    let script = text(&folder.join("i2c_tools.sh"))?;
    let heads = text(&folder.join("adafruit_frames.txt"))?;
    Ok([
        ("i2c-tools", script.lines().filter_map(transfer).collect()),
        (
            "adafruit-circuitpython-atecc",
            heads.lines().filter_map(head).collect(),
        ),
    ])
}

/// The bytes of a line such as `i2ctransfer -y 3 w8@0x60 0x03 0x07 ..`.
fn transfer(line: &str) -> Option<Frame> {
    let line = line.trim_start().strip_prefix("i2ctransfer ")?;
    let (_, written) = line.split_once("@0x60 ")?;
    let byte = |word: &str| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    let bytes: Vec<u8> = written.split_whitespace().map_while(byte).collect();
    Frame::from_write(&bytes)
}

/// Opcode, Param1 and Param2 in hexadecimal, the length of the data.
fn head(line: &str) -> Option<Frame> {
    let mut words = line.split_whitespace();
    let opcode = u8::from_str_radix(words.next()?, 16).ok()?;
    let param1 = u8::from_str_radix(words.next()?, 16).ok()?;
    let param2 = u16::from_str_radix(words.next()?, 16).ok()?;
    let len = words.next()?.parse().ok()?;
    Some(Frame::new(opcode, param1, param2, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let info = Frame::new(0x30, 0x00, 0x0000, 0);
        let sent = "i2ctransfer -y 3 w8@0x60 0x03 0x07 0x30 0x00 0x00 0x00 0x03 0x5d";
        assert_eq!(transfer(sent), Some(info.clone()));
        assert_eq!(transfer("i2ctransfer -y 3 w1@0x60 0x01"), None);
        assert_eq!(head("30 00 0000 0"), Some(info));
        assert_eq!(head("# what it sends"), None);
    }
}
