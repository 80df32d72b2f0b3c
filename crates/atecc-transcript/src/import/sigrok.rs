//! What sigrok-cli prints for its I2C decoder, `sigrok-cli -P i2c -A i2c`, with
//! `--protocol-decoder-samplenum` or without.
//!
//! ```text
//! 780-780 i2c-1: Start
//! 780-3300 i2c-1: Address write: 60
//! 3300-3660 i2c-1: ACK
//! 3660-6540 i2c-1: Data write: 03
//! ```
//!
//! Addresses have seven bits, which is the default, unless they themselves show
//! that they have eight (`address_format=unshifted`). Lines of other decoders, single bits and the words `Read` and
//! `Write` alone are passed over.

use alloc::vec::Vec;
use core::num::NonZeroU64;

use super::address::Width;
use super::annotation::{self, Annotations, OneDecoder, is_repetition};
use super::error::at;
use super::value::{Samples, Since};
use super::{ImportError, Malformed};
use crate::Line;

/// The actions. Times come of the sample numbers, where they are printed, and
/// of the samples per second, which sigrok-cli does not print.
///
/// # Errors
/// [`ImportError`].
pub fn lines(text: &str, sample_rate_hz: Option<NonZeroU64>) -> Result<Vec<Line>, ImportError> {
    let printed = text.lines().filter_map(|line| Some(split(line)?.2));
    let mut annotations = Annotations::new(annotation::width(printed, Width::Seven));
    let (mut since, mut decoder) = (Since::default(), OneDecoder::default());
    let mut last = 1;
    for (number, line) in (1..).zip(text.lines()) {
        last = number;
        let Some((name, samples, annotation)) = split(line) else {
            if names_decoder(line) {
                return Err(at(number)(Malformed::Event(line.trim().into())));
            }
            continue;
        };
        decoder.check(name).map_err(at(number))?;
        if is_repetition(annotation) {
            continue;
        }
        let time = match samples {
            Some(samples) => {
                let samples = Samples::parse(samples).map_err(at(number))?;
                since.sample(samples, sample_rate_hz).map_err(at(number))?
            }
            None => None,
        };
        annotations.push(time, annotation).map_err(at(number))?;
    }
    annotations.finish().map_err(at(last))
}

/// Whether a line is one of the I2C decoder's.
pub(super) fn is_event(line: &str) -> bool {
    split(line).is_some()
}

/// Decoder, sample numbers, and what follows `i2c-1: `.
fn split(line: &str) -> Option<(&str, Option<&str>, &str)> {
    let (source, event) = line.trim().split_once(": ")?;
    let (samples, name) = match source.split_once(' ') {
        Some((samples, name)) => (Some(samples), name),
        None => (None, source),
    };
    let number = name.strip_prefix("i2c-")?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some((name, samples, event))
}

/// A line of the I2C decoder that is cut off or damaged would be missing unseen.
fn names_decoder(line: &str) -> bool {
    line.split_whitespace().any(|word| {
        let number = word.strip_prefix("i2c-").unwrap_or("");
        number.starts_with(|first: char| first.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    const WITH_SAMPLES: &str = "\
1000-1000 i2c-1: Start
1000-1004 i2c-1: 0
1000-1040 i2c-1: Write
1000-1040 i2c-1: Address write: 00
1040-1045 i2c-1: NACK
1050-1050 i2c-1: Stop
1060-1070 atsha204a-1: Wake
1500-1500 i2c-1: Start
1500-1540 i2c-1: Address read: 60
1540-1545 i2c-1: ACK
1545-1585 i2c-1: Data read: 04
1585-1590 i2c-1: ACK
1590-1630 i2c-1: Data read: 11
1630-1635 i2c-1: NACK
1640-1640 i2c-1: Start repeat
1640-1680 i2c-1: Address write: 60
1680-1685 i2c-1: ACK
1685-1725 i2c-1: Data write: 03
1725-1730 i2c-1: ACK
1730-1770 i2c-1: Data write: 07
1770-1775 i2c-1: NACK
1780-1780 i2c-1: Stop
";

    fn shown(text: &str, rate: Option<u64>) -> String {
        let lines = lines(text, rate.and_then(NonZeroU64::new)).expect("a recording");
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn annotations_become_actions() {
        assert_eq!(
            shown(WITH_SAMPLES, Some(500_000)),
            "0            wake\n\
             1000         read 60 04 11\n\
             1280         write 60 03 07 nack after 1\n"
        );
        let without: String = WITH_SAMPLES
            .lines()
            .filter_map(|line| line.split_once(' '))
            .flat_map(|(_, line)| [line, "\n"])
            .collect();
        assert_eq!(
            shown(&without, Some(500_000)),
            "-            wake\n\
             -            read 60 04 11\n\
             -            write 60 03 07 nack after 1\n"
        );
        assert_eq!(shown(WITH_SAMPLES, None), shown(&without, None));
        let unshifted = WITH_SAMPLES
            .replace("Address write: 60", "Address write: C0")
            .replace("Address read: 60", "Address read: C1");
        assert_eq!(shown(&unshifted, None), shown(&without, None));
    }

    #[test]
    fn malformed_text_is_refused() {
        for (text, line, malformed) in [
            ("", 1, Malformed::Nothing),
            ("i2c-1: Start\ni2c-1: Stop", 2, Malformed::Nothing),
            ("i2c-1: ACK", 1, Malformed::Stray),
            ("i2c-1: Address write: 60", 1, Malformed::Unacknowledged),
            (
                "i2c-1: Address write: 60\ni2c-1: Data write: 03",
                2,
                Malformed::Unacknowledged,
            ),
            ("i2c-1: Data write: 03\ni2c-1: ACK", 2, Malformed::Stray),
            (
                "i2c-1: Start\ni2c-2: Start",
                2,
                Malformed::Decoders("i2c-1".into(), "i2c-2".into()),
            ),
            (
                "i2c-1: Waving: 03",
                1,
                Malformed::Event("Waving: 03".into()),
            ),
            (
                "i2c-1: Start\n780-3300 i2c-1 Address write: 60",
                2,
                Malformed::Event("780-3300 i2c-1 Address write: 60".into()),
            ),
            (
                "i2c-1: Start\n780-3300 i2c-1:",
                2,
                Malformed::Event("780-3300 i2c-1:".into()),
            ),
        ] {
            let error = lines(text, None).expect_err(text);
            assert_eq!(error, ImportError { line, malformed });
        }
        for (text, part) in [
            ("i2c-1: Address write: 96d", "two hexadecimal digits"),
            ("i2c-1: Data write: 3g", "two hexadecimal digits"),
            ("x-y i2c-1: Start", "780-3300"),
        ] {
            let error = lines(text, None).expect_err(text).to_string();
            assert!(error.contains(part), "{error}");
        }
        let back = "20-20 i2c-1: Start\n10-10 i2c-1: Stop";
        let error = lines(back, NonZeroU64::new(1)).expect_err("backwards");
        assert_eq!(error.malformed, Malformed::Backwards);
    }
}
