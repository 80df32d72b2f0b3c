//! Annotations of the I2C decoder as PulseView exports them ("Export all
//! annotations", with its default format):
//!
//! ```text
//! 1372485-1372485 I²C: Address/data: Start
//! 1373498-1373618 I²C: Address/data: Write
//! 1372658-1373498 I²C: Address/data: Address write: 60
//! 1373618-1373738 I²C: Address/data: ACK
//! 1373801-1374761 I²C: Address/data: Data write: 03
//! ```
//!
//! They come row by row, and within one not always in the order of time (issue
//! 114 of sigrokproject/pulseview): they are sorted by their samples. The row
//! may be missing, or spelled `Address/Data`; rows of bits and of other decoders
//! are passed over. Addresses have seven bits, which is the default, unless they
//! themselves show that they have eight.

use alloc::vec::Vec;
use core::num::NonZeroU64;

use super::address::Width;
use super::annotation::{self, Annotations, OneDecoder, is_repetition};
use super::error::at;
use super::value::{Samples, Since};
use super::{ImportError, Malformed};
use crate::Line;

/// The actions. Times come of the sample numbers and of the samples per second,
/// which PulseView does not print.
///
/// # Errors
/// [`ImportError`].
pub fn lines(text: &str, sample_rate_hz: Option<NonZeroU64>) -> Result<Vec<Line>, ImportError> {
    let mut found = Vec::new();
    let (mut last, mut bits) = (1, false);
    let mut decoder = OneDecoder::default();
    for (number, line) in (1..).zip(text.lines()) {
        last = number;
        let Some((name, samples, row, annotation)) = split(line) else {
            if names_decoder(line) {
                return Err(at(number)(Malformed::Event(line.trim().into())));
            }
            continue;
        };
        decoder.check(name).map_err(at(number))?;
        if row == Row::Other || is_repetition(annotation) {
            bits = true;
            continue;
        }
        let samples = Samples::parse(samples).map_err(at(number))?;
        found.push((samples, number, annotation));
    }
    if found.is_empty() && bits {
        return Err(at(last)(Malformed::Missing {
            what: "bits alone, without the row Address/data",
            remedy: "export all annotations of the decoder",
        }));
    }
    found.sort_by_key(|(samples, number, _)| (*samples, *number));
    let printed = found.iter().map(|(_, _, annotation)| *annotation);
    let width = annotation::width(printed, Width::Seven);
    let (mut annotations, mut since) = (Annotations::new(width), Since::default());
    for (samples, number, annotation) in found {
        let time = since.sample(samples, sample_rate_hz).map_err(at(number))?;
        annotations.push(time, annotation).map_err(at(number))?;
    }
    annotations.finish().map_err(at(last))
}

/// Whether a line is one of the I2C decoder's.
pub(super) fn is_event(line: &str) -> bool {
    split(line).is_some()
}

/// A line of the I2C decoder that is cut off or damaged would be missing unseen.
fn names_decoder(line: &str) -> bool {
    ["I²C", "I2C"].iter().any(|name| line.contains(name))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Row {
    AddressAndData,
    /// Bits and warnings.
    Other,
}

/// Decoder, sample numbers, row and annotation.
fn split(line: &str) -> Option<(&str, &str, Row, &str)> {
    let (samples, rest) = line.trim().split_once(' ')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (first, last) = samples.split_once('-')?;
    let (decoder, rest) = rest.split_once(": ")?;
    let is_i2c = decoder.starts_with("I²C") || decoder.starts_with("I2C");
    if !(digits(first) && digits(last) && is_i2c) {
        return None;
    }
    let (row, annotation) = match rest.split_once(": ") {
        Some((row, annotation)) if row.eq_ignore_ascii_case("address/data") => {
            (Row::AddressAndData, annotation)
        }
        Some(("Bits" | "Warnings", annotation)) => (Row::Other, annotation),
        _ => (Row::AddressAndData, rest),
    };
    Some((decoder, samples, row, annotation))
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    const SAMPLE: &str = include_str!("../../tests/captures/pulseview.txt");

    fn shown(text: &str, rate: Option<u64>) -> String {
        let lines = lines(text, rate.and_then(NonZeroU64::new)).expect("a capture");
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn annotations_become_actions_in_the_order_of_time() {
        let wanted = "0            wake\n\
                      2000         read 60 04 113343\n\
                      4000         write 60 03 07 30 00 0000 035d\n\
                      5000         read 60 nack\n\
                      6000         read 60 07 00006002 8038\n\
                      8000         sleep 60\n";
        assert_eq!(
            shown(SAMPLE, Some(1_000_000)).replace(' ', ""),
            wanted.replace(' ', "")
        );
        for text in [
            SAMPLE.replace("Address/data: ", "Address/Data: "),
            SAMPLE.replace("Address/data: ", ""),
            SAMPLE.replace("I²C", "I2C"),
            SAMPLE
                .replace("Address write: 60", "Address write: C0")
                .replace("Address read: 60", "Address read: C1"),
            SAMPLE.replace('\n', "\r\n"),
            format!("{SAMPLE}20-30 ATSHA204A: Wake\n"),
        ] {
            assert_eq!(
                shown(&text, Some(1_000_000)),
                shown(SAMPLE, Some(1_000_000))
            );
        }
        let untimed = shown(SAMPLE, None);
        assert!(untimed.starts_with("-            wake\n"), "{untimed}");
    }

    #[test]
    fn malformed_text_is_refused() {
        let first = |count| {
            SAMPLE
                .lines()
                .take(count)
                .map(|line| line.to_string() + "\n")
        };
        let bits: String = first(42).collect();
        for (text, line, part) in [
            (String::new(), 1, "nothing that passed"),
            (bits, 42, "export all annotations"),
            (
                SAMPLE.replacen("Address write: 60", "Address write: 96d", 1),
                63,
                "address \"96d\"",
            ),
            (
                SAMPLE.replace("Data write: 5D", "Data write: zz"),
                79,
                "data \"zz\": must be two hexadecimal",
            ),
            (
                SAMPLE.replace("Address/data: Stop", "Address/data: Halt"),
                47,
                "unknown event \"Halt\"",
            ),
            (
                SAMPLE.replace("Address/data: ACK", "Bits: 0"),
                52,
                "no ACK or NACK",
            ),
            (
                SAMPLE.replace("600-600", "99999999999999999999-600"),
                47,
                "two numbers",
            ),
            (
                SAMPLE.replacen("600-600", "6o0-600", 1),
                47,
                "unknown event \"6o0-600 I²C",
            ),
            (
                format!("{SAMPLE}9000-9100 I²C"),
                113,
                "unknown event \"9000-9100 I²C\"",
            ),
        ] {
            let error = lines(&text, None).expect_err(part);
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(error.line, line, "{error}");
        }
    }
}
