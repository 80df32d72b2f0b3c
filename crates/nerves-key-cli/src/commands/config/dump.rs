//! A configuration zone as text: hex in whatever separation, C arrays, YAML
//! lists.
//!
//! Digits are never joined across a separator: `4,F,23,42` is four bytes. Where
//! two readings are possible none is chosen.

use atecc::ConfigZone;
use atecc_config::{Shift, is_without_identity, shift};
use serde_json::Value;

/// The part's own bytes, which source code leaves out.
const IDENTITY: usize = 16;

/// Why a text is no zone.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum DumpError {
    #[error(
        "{0:?} is no hex; a configuration zone is given as 256 hex digits, with whatever between \
         the bytes, as a C array, or as a YAML list"
    )]
    Word(String),
    #[error("{0:?} has an odd number of digits: which byte is short cannot be told")]
    OddGroup(String),
    #[error("{0} is no byte: 0 to 255")]
    TooLarge(String),
    #[error("{0:?} stands among numbers with 0x: write 0x{0} when it is hex")]
    Mixed(String),
    #[error("{0} bytes; a configuration zone has 128, or 112 without its first 16")]
    Length(usize),
    #[error(
        "{count} bytes that begin as a configuration zone does: its last {missing} are missing",
        missing = 128_usize.saturating_sub(*count)
    )]
    CutOff { count: usize },
    #[error(
        "it begins as a zone of swapped bytes does ({0:02X} {1:02X} {2:02X} {3:02X}, where 01 23 \
         would stand): hexdump without -C and arrays of 16 or 32 bits print them so; give the \
         bytes one by one (xxd, hexdump -C)"
    )]
    Swapped(u8, u8, u8, u8),
    #[error("{count} bytes instead of 128: the dump {shift}")]
    Shifted { count: usize, shift: Shift },
}

/// The zone in `text`; without its first 16 bytes these are 0: not told.
pub(super) fn parse(text: &str) -> Result<ConfigZone, DumpError> {
    // As `config show --json` and `config explain --json` have it.
    let document: Option<Value> = serde_json::from_str(text).ok();
    let own = document
        .as_ref()
        .and_then(|document| document["configuration"].as_str());
    zone(&bytes(own.unwrap_or(text))?)
}

/// So much of a word that it is found again.
fn shorten(word: &str) -> String {
    match word.char_indices().nth(24) {
        Some((end, _)) => format!("{}..", &word[..end]),
        None => word.to_owned(),
    }
}

/// The zone of these bytes, when there are 128 or 112.
pub(super) fn zone(bytes: &[u8]) -> Result<ConfigZone, DumpError> {
    // Every serial number begins with 01 23.
    if let [a, b, c, d, ..] = *bytes
        && ([a, b] == [0x23, 0x01] || [c, d] == [0x23, 0x01])
    {
        return Err(DumpError::Swapped(a, b, c, d));
    }
    if let Ok(zone) = bytes.try_into() {
        return Ok(ConfigZone(zone));
    }
    if let Ok(rest) = <[u8; 112]>::try_from(bytes)
        && is_without_identity(&rest)
    {
        let mut zone = [0; 128];
        zone[IDENTITY..].copy_from_slice(&rest);
        return Ok(ConfigZone(zone));
    }
    let count = bytes.len();
    Err(match (bytes, shift(bytes)) {
        ([0x01, 0x23, ..], None) if (IDENTITY..128).contains(&count) => DumpError::CutOff { count },
        (_, Some(shift)) => DumpError::Shifted {
            count: bytes.len(),
            shift,
        },
        (_, None) => DumpError::Length(bytes.len()),
    })
}

/// How numbers are written.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Notation {
    /// Groups of hex digits, of one digit or an even number.
    Hex,
    /// Each with 0x.
    Prefixed,
    /// 0 to 255.
    Decimal,
}

fn bytes(text: &str) -> Result<Vec<u8>, DumpError> {
    let text = without_comments(&without_characters(text));
    if let Some(word) = text.split([' ', ',', '[', '{', '\n']).find(|word| {
        let digits = word.strip_prefix('-').map(str::trim_end);
        digits.is_some_and(|digits| !digits.is_empty() && is_decimal(digits))
    }) {
        return Err(DumpError::TooLarge(shorten(word.trim_end())));
    }
    let lines: Vec<_> = numbers_of(&text).lines().collect();
    let lines = without_offsets(&lines).unwrap_or(lines);
    let words: Vec<_> = lines
        .into_iter()
        .flat_map(|line| words(without_label(line)))
        .collect();
    let notation = notation(&words);
    let mut bytes = Vec::new();
    for word in words {
        match notation {
            Notation::Hex => push_hex(&mut bytes, word)?,
            Notation::Decimal => bytes.push(decimal(word)?),
            Notation::Prefixed => match prefix(word) {
                Some(digits) => push_hex(&mut bytes, digits)?,
                // The same in both notations.
                None if word.len() == 1 && is_decimal(word) => bytes.push(decimal(word)?),
                None => return Err(DumpError::Mixed(shorten(word))),
            },
        }
    }
    Ok(bytes)
}

/// Without the characters that `xxd` and `hexdump -C` have at the end of a line,
/// which may be anything: a line of theirs begins with an offset of seven digits
/// or more.
fn without_characters(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let (offset, rest) = line
            .trim_start()
            .split_once(char::is_whitespace)
            .unwrap_or((line, ""));
        let digits = offset.strip_suffix(':').unwrap_or(offset);
        if digits.len() < 7 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return line.to_owned();
        }
        let bytes = match rest.trim_start().split_once("  ") {
            Some((bytes, _)) if offset.ends_with(':') => bytes,
            _ => rest.split_once('|').map_or(rest, |(bytes, _)| bytes),
        };
        format!("{offset} {bytes}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Comments of C, and of YAML and scripts.
fn without_comments(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        plain += before;
        plain.push(' ');
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain += rest;
    let lines = plain.lines().map(|line| {
        let line = line.split_once("//").map_or(line, |(code, _)| code);
        line.split_once('#').map_or(line, |(code, _)| code)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands in braces, else in brackets, else everything; a C array has its
/// length in brackets before.
fn numbers_of(text: &str) -> &str {
    for (open, close) in [('{', '}'), ('[', ']'), ('<', '>')] {
        if let (Some(start), Some(end)) = (text.find(open), text.rfind(close))
            && start < end
        {
            return &text[start + 1..end];
        }
    }
    text
}

/// The lines of `hexdump`, which begins each with its offset: 0, 10, 20 and so
/// on, and of `xxd`, which has characters after two spaces.
fn without_offsets<'a>(lines: &[&'a str]) -> Option<Vec<&'a str>> {
    let filled = lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty());
    let mut bytes = Vec::new();
    for (row, line) in filled.enumerate() {
        let (offset, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (offset, is_xxd) = match offset.strip_suffix(':') {
            Some(offset) => (offset, true),
            None => (offset, false),
        };
        let value = usize::from_str_radix(offset, 16).ok()?;
        if !is_xxd && offset.len() < 4 || value != 16 * row {
            return None;
        }
        let rest = rest.trim_start();
        bytes.push(match rest.split_once("  ") {
            Some((bytes, _)) if is_xxd => bytes,
            _ => rest,
        });
    }
    (bytes.len() > 1).then_some(bytes)
}

/// Without the key of a YAML list, or another word before the numbers, and the
/// characters that `hexdump -C` has at the end.
fn without_label(line: &str) -> &str {
    let line = line.split_once('|').map_or(line, |(bytes, _)| bytes);
    match line.split_once(':') {
        Some((label, bytes))
            if bytes.is_empty() || bytes.starts_with(char::is_whitespace) && !is_byte(label) =>
        {
            bytes
        }
        _ => line,
    }
}

/// Two digits before a colon are a byte; more are an offset.
fn is_byte(label: &str) -> bool {
    label.trim().len() <= 2
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| {
        letter.is_whitespace() || !(letter.is_ascii_alphanumeric() || letter == '_')
    })
    .filter(|word| !word.is_empty())
}

/// Digits after 0x, or after the x of a C string.
fn prefix(word: &str) -> Option<&str> {
    ["0x", "0X", "x"]
        .into_iter()
        .find_map(|prefix| word.strip_prefix(prefix))
}

fn is_decimal(word: &str) -> bool {
    word.bytes().all(|digit| digit.is_ascii_digit())
}

fn notation(words: &[&str]) -> Notation {
    if words.iter().any(|word| prefix(word).is_some()) {
        Notation::Prefixed
    } else if words
        .iter()
        .all(|word| is_decimal(word) && (word.len() == 1 || !word.starts_with('0')))
        && words.iter().any(|word| word.len() == 3)
    {
        // No hex of a byte has three digits.
        Notation::Decimal
    } else {
        Notation::Hex
    }
}

fn decimal(word: &str) -> Result<u8, DumpError> {
    let number = word.parse().ok();
    number.ok_or_else(|| DumpError::TooLarge(shorten(word)))
}

fn push_hex(bytes: &mut Vec<u8>, word: &str) -> Result<(), DumpError> {
    let digits: Option<Vec<u8>> = word
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect();
    let digits = digits.ok_or_else(|| DumpError::Word(shorten(word)))?;
    match digits[..] {
        [] => return Err(DumpError::Word(shorten(word))),
        [one] => bytes.push(one),
        _ if digits.len() % 2 == 1 => return Err(DumpError::OddGroup(shorten(word))),
        _ => bytes.extend(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1])),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blank ATECC608A.
    const BLANK: &str = "0123FE1E00006002CBC3C08FEEC13900C0000000832087208F20C48F8F8F8F8F\
                         9F8FAF8F0000000000000000000000000000AF8FFFFFFFFF00000000FFFFFFFF\
                         000000000000000000000000000000000000000000005555FFFF000000000000\
                         3300330033001C001C001C001C001C003C003C003C003C003C003C003C001C00";

    fn blank() -> [u8; 128] {
        parse(BLANK).unwrap().0
    }

    fn joined(form: impl Fn(&u8) -> String, separator: &str) -> String {
        let words: Vec<_> = blank().iter().map(form).collect();
        words.join(separator)
    }

    /// Bytes with a sign are none; a line between bytes is none.
    #[test]
    fn a_minus_sign_is_not_dropped() {
        let signed = format!("[1, 35, 86, -15{}]", ", 0".repeat(124));
        let error = parse(&signed).unwrap_err();
        assert_eq!(error.to_string(), "-15 is no byte: 0 to 255");
        let dashes = vec!["5A"; 128].join("-");
        assert_eq!(parse(&dashes).unwrap().0, [0x5A; 128]);
    }

    /// `hexdump FILE` prints little-endian words, and so may arrays of words.
    #[test]
    fn swapped_bytes_are_no_zone() {
        let zone: [u8; 128] = core::array::from_fn(|at| match at {
            0 => 0x01,
            1 => 0x23,
            _ => u8::try_from(at).unwrap(),
        });
        let rows = |size: usize| -> String {
            let words = zone.chunks(size).map(|word| {
                let swapped: Vec<_> = word.iter().rev().map(|b| format!("{b:02x}")).collect();
                swapped.concat()
            });
            words.collect::<Vec<_>>().join(" ")
        };
        for size in [2, 4] {
            let error = parse(&rows(size)).unwrap_err();
            assert!(matches!(error, DumpError::Swapped(..)), "{error}");
        }
        let with_offsets: Vec<_> = zone
            .chunks(16)
            .enumerate()
            .map(|(row, bytes)| {
                let words = bytes
                    .chunks(2)
                    .map(|b| format!(" {:02x}{:02x}", b[1], b[0]));
                format!("{:07x}{}\n", 16 * row, words.collect::<String>())
            })
            .collect();
        let with_offsets = with_offsets.concat();
        let error = parse(&with_offsets).unwrap_err();
        assert!(matches!(error, DumpError::Swapped(..)), "{error}");
        assert_eq!(parse(&rows(1)).unwrap().0, zone);
    }

    #[test]
    fn spellings_of_a_dump() {
        let spaced = joined(|byte| format!("{byte:02x}"), " ");
        let array = format!(
            "/* byte 0: 0xAA */ static const uint8_t config[128] = {{ // 0x99\n{},\n}};",
            joined(|byte| format!("0x{byte:02X}"), ", ")
        );
        let commented = joined(|byte| format!("0x{byte:02X} /* 1 */"), ",\n");
        let rows = |end: &str, colon: &str, characters: &str| {
            let zone = blank();
            let rows = zone.chunks(16).enumerate().map(|(row, bytes)| {
                let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{:08x}{colon} {}{characters}\n", 16 * row, bytes.join(" "))
            });
            rows.collect::<String>() + end
        };
        let listed = format!(
            "config:\n  - {}",
            joined(|byte| format!("0x{byte:02X}"), "\n  - ")
        );
        for text in [
            spaced.as_str(),
            &joined(|byte| format!("{byte:02X}"), ":"),
            &joined(|byte| format!("{byte:X}"), ","),
            &joined(|byte| format!("\\x{byte:02x}"), ""),
            &joined(|byte| format!("0x{byte:x}"), ", "),
            &array,
            &commented,
            &format!(
                "{{\"configuration\": \"{}\"}}",
                joined(|byte| format!("{byte:02X}"), "")
            ),
            &rows("", ":", "  .#....ab...."),
            &rows("", ":", "  ./*..//..*/.."),
            &rows("00000080\n", " ", "  |./*..//..0x..|"),
            &rows("00000080\n", " ", "  |.#....ab....|"),
            &listed,
            &format!("config: [{}]", joined(u8::to_string, ", ")),
            &format!("<<{}>>", joined(u8::to_string, ", ")),
        ] {
            assert_eq!(parse(text), Ok(ConfigZone(blank())), "{text}");
        }
    }

    /// `4,F,23,42` is 04 0F 23 42, not 4F 23 42.
    #[test]
    fn digits_are_not_joined_across_a_separator() {
        assert_eq!(bytes("4,F,23,42"), Ok(vec![0x04, 0x0F, 0x23, 0x42]));
        assert_eq!(
            bytes("7 0 0 60 2 80 38"),
            Ok(vec![0x07, 0, 0, 0x60, 0x02, 0x80, 0x38])
        );
        assert_eq!(bytes("012 3"), Err(DumpError::OddGroup("012".into())));
        assert_eq!(bytes("0x01, 23"), Err(DumpError::Mixed("23".into())));
        assert_eq!(bytes("0x01, 0"), Ok(vec![1, 0]));
        assert_eq!(bytes("1, 300"), Err(DumpError::TooLarge("300".into())));
    }

    #[test]
    fn without_the_parts_own_bytes() {
        let rest = parse(BLANK).unwrap().0[16..].to_vec();
        let mut expected = [0; 128];
        expected[16..].copy_from_slice(&rest);
        assert_eq!(zone(&rest), Ok(ConfigZone(expected)));
        // Wherever the end is missing, it is no gap in the middle.
        for count in 16..128 {
            let error = zone(&blank()[..count]).unwrap_err();
            assert_eq!(error, DumpError::CutOff { count });
        }
        let message = zone(&blank()[..120]).unwrap_err().to_string();
        assert!(message.ends_with("its last 8 are missing"), "{message}");
    }

    #[test]
    fn what_is_no_zone() {
        assert_eq!(parse("5A"), Err(DumpError::Length(1)));
        assert_eq!(
            parse("configuration"),
            Err(DumpError::Word("configuration".into()))
        );
        let mut short = blank().to_vec();
        short.remove(30);
        let message = zone(&short).unwrap_err().to_string();
        assert!(
            message.contains("127 bytes instead of 128: the dump looks shifted by 1 from byte 51"),
            "{message}"
        );
    }
}
