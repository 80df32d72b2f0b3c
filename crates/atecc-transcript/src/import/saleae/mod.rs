//! Tables that Saleae's programs export of their I2C analyzer.
//!
//! Logic 2 ("Export to TXT/CSV" of the analyzer) has a row for each START,
//! address, byte and STOP:
//!
//! ```text
//! name,type,start_time,duration,"ack","address","read","data"
//! "I2C","start",0.892847542,4.16666667e-08,,,,
//! "I2C","address",0.892855167,8.67916667e-05,true,0x60,false,
//! "I2C","data",0.894489042,8.67916667e-05,true,,,0x03
//! "I2C","stop",0.892949792,4.16666667e-08,,,,
//! ```
//!
//! Logic 1 has one for each byte, and for each address that is not
//! acknowledged:
//!
//! ```text
//! Time [s],Packet ID,Address,Data,Read/Write,ACK/NAK
//! 1.396227940000000,,0x60,,Write,NAK
//! 1.496450310000000,1,0x60,0x03,Write,ACK
//! ```
//!
//! Its list of decoded results has one for each address and byte; time and
//! analyzer may be missing:
//!
//! ```text
//! Time [s],Analyzer Name,Decoded Protocol Result
//! 0.231491000000000,I2C,Setup Write to [0xC0] + ACK
//! 0.231815200000000,I2C,0x03 + ACK
//! ```
//!
//! The terminal of Logic 2 has a line for each transfer, without times. Whether
//! the bytes were acknowledged it does not tell, the address alone: a refused
//! byte looks as any other.
//!
//! ```text
//! write to 0x00 nak
//! write to 0x60 ack data: 0x03 0x07 0x30 0x00 0x00 0x00 0x03 0x5D
//! read to 0x60 nak
//! ```
//!
//! Sources: `GenerateExportFile` and `GenerateFrameTabularText` of
//! saleae/i2c-analyzer; for the results with other settings, posts such as
//! espressif/arduino-esp32 issue 834 and olikraus/u8g2 issue 1044; for the
//! terminal, Lora-net/LoRaMac-node pull request 981, and for the refused byte
//! openipmi-developer, 16 June 2022, "i2c: aspeed: Assert NAK when slave is busy".
//!
//! Numbers must be hexadecimal. Logic 1 prints addresses with seven bits, with
//! their direction bit, or with a zero in its place, as the analyzer is set: the
//! addresses themselves tell, and if they do not, they have seven bits.

mod logic1;
mod logic2;
mod results;
mod terminal;

use alloc::vec::Vec;

use super::error::at;
use super::{ImportError, Malformed};
use crate::Line;

/// The actions. In a table of Logic 1 with a row for each byte the time is that
/// of the first byte, and an address that is acknowledged without a byte after
/// it is not in the table.
///
/// # Errors
/// [`ImportError`].
pub fn lines(text: &str) -> Result<Vec<Line>, ImportError> {
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or("");
    if let Some(columns) = logic2::Columns::of(header) {
        logic2::lines(&columns, text)
    } else if let Some(columns) = logic1::Columns::of(header) {
        logic1::lines(&columns, text)
    } else {
        let results = text.lines().any(results::is_line);
        match (results, text.lines().any(terminal::is_line)) {
            (true, true) => Err(at(1)(Malformed::Missing {
                what: "lines of the terminal and rows of decoded results, which say the same twice",
                remedy: "keep one of both",
            })),
            (true, false) => results::lines(text),
            (false, true) => terminal::lines(text),
            (false, false) => Err(at(1)(Malformed::Columns)),
        }
    }
}

/// Whether a line is the first one of a table, a decoded result or one of the
/// terminal.
pub(super) fn is_event(line: &str) -> bool {
    logic2::Columns::of(line).is_some()
        || logic1::Columns::of(line).is_some()
        || terminal::is_line(line)
        || results::is_line(line)
}

/// Seconds to nanoseconds.
const SECONDS: i32 = 9;
/// What a number must be.
const HEX: &str = "hexadecimal, such as 0x60: export it so";

#[cfg(test)]
mod tests;
