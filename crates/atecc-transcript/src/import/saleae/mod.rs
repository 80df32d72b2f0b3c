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
//! Numbers must be hexadecimal. Logic 1 prints addresses with seven bits, with
//! their direction bit, or with a zero in its place, as the analyzer is set: the
//! addresses themselves tell, and if they do not, they have seven bits.

mod logic1;
mod logic2;

use alloc::vec::Vec;

use super::error::at;
use super::{ImportError, Malformed};
use crate::Line;

/// The actions. In a table of Logic 1 the time is that of the first byte, and
/// an address that is acknowledged without a byte after it is not in the table.
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
        Err(at(1)(Malformed::Columns))
    }
}

/// Whether a table of either program begins so.
pub(super) fn is_header(line: &str) -> bool {
    logic2::Columns::of(line).is_some() || logic1::Columns::of(line).is_some()
}

/// Seconds to nanoseconds.
const SECONDS: i32 = 9;
/// What a number must be.
const HEX: &str = "hexadecimal, such as 0x60: export it so";

#[cfg(test)]
mod tests;
