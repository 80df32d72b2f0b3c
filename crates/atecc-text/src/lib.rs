#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

use core::fmt::{self, Write};

/// Whether `character` shows what it is and nothing else: it may be printed as
/// it is, within a line.
#[must_use]
pub fn is_visible(character: char) -> bool {
    match character {
        ' '..='~' => true,
        // Hangul fillers, the blank of Braille, a note without a head.
        '\u{115F}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}' | '\u{1D159}' => false,
        character => {
            let mut escaped = character.escape_debug();
            escaped.next() == Some(character) && escaped.next().is_none()
        }
    }
}

/// The first character of `text` that is not [visible](is_visible).
#[must_use]
pub fn hidden(text: &str) -> Option<char> {
    text.chars().find(|character| !is_visible(*character))
}

/// A value within a line. What is not visible is written as Rust writes it
/// (`\n`, `\u{202e}`), a backslash as two, so that no two values look alike.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(pub &'a str);

/// [`Shown`] of bytes that should be UTF-8; those that are not as `\xFF`.
#[derive(Clone, Copy, Debug)]
pub struct ShownBytes<'a>(pub &'a [u8]);

/// A whole text, whose lines are its own. What is in them is escaped; a
/// backslash stays, so that what was [`Shown`] before is not escaped twice.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a>(pub &'a str);

/// A JSON text, in which what is not visible is written as `\u202E`. Only
/// strings hold such characters, and parsed they are the same.
#[derive(Clone, Copy, Debug)]
pub struct JsonText<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                character => write_shown(f, character)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for ShownBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            Shown(chunk.valid()).fmt(f)?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02X}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\n' => f.write_char('\n')?,
                character => write_shown(f, character)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            // A line end within a string is escaped already.
            if character == '\n' || is_visible(character) {
                f.write_char(character)?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(f, "\\u{unit:04X}")?;
            }
        }
        Ok(())
    }
}

fn write_shown(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match character {
        character if is_visible(character) => f.write_char(character),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        character => write!(f, "{}", character.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last of each range. Source: `UnicodeData.txt` 16, categories
    /// Cc, Cf, Zl, Zp, Zs but the space, and `DerivedCoreProperties.txt`,
    /// `Default_Ignorable_Code_Point`.
    const HIDDEN: [(u32, u32); 48] = [
        (0x0000, 0x001F),
        (0x007F, 0x00A0),
        (0x00AD, 0x00AD),
        (0x034F, 0x034F),
        (0x0600, 0x0605),
        (0x061C, 0x061C),
        (0x06DD, 0x06DD),
        (0x070F, 0x070F),
        (0x0890, 0x0891),
        (0x08E2, 0x08E2),
        (0x115F, 0x1160),
        (0x1680, 0x1680),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2000, 0x200F),
        (0x2028, 0x202F),
        (0x205F, 0x206F),
        (0x2800, 0x2800),
        (0x3000, 0x3000),
        (0x3164, 0x3164),
        (0xE000, 0xF8FF),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFFB),
        (0xFFFE, 0xFFFF),
        (0x110BD, 0x110BD),
        (0x110CD, 0x110CD),
        (0x13430, 0x1343F),
        (0x1BCA0, 0x1BCA3),
        (0x1D159, 0x1D159),
        (0x1D173, 0x1D17A),
        (0x1FFFE, 0x1FFFF),
        (0xE0000, 0xE0FFF),
        (0xF0000, 0xFFFFD),
        (0x10_0000, 0x10_FFFD),
        // Marks that combine.
        (0x0300, 0x036F),
        (0x0483, 0x0489),
        (0x0591, 0x05BD),
        (0x064B, 0x065F),
        (0x1AB0, 0x1ACE),
        (0x1DC0, 0x1DFF),
        (0x200C, 0x200C),
        (0x20D0, 0x20F0),
        (0x302A, 0x302D),
        (0x3099, 0x309A),
        (0xFE20, 0xFE2F),
        (0xFF9E, 0xFF9F),
    ];

    #[test]
    fn what_is_hidden_is_never_visible() {
        for (first, last) in HIDDEN {
            for character in (first..=last).filter_map(char::from_u32) {
                assert!(!is_visible(character), "U+{:04X}", character as u32);
            }
        }
    }

    #[test]
    fn letters_of_every_script_are_visible() {
        for character in "Az09 ~\\\"'äßéĐłŻΩЖאعกあ漢한🙂€µ²→".chars() {
            assert!(is_visible(character), "{character}");
        }
    }

    /// Every character there is, in every form: nothing hidden is written, and
    /// what was escaped stays as it is when it passes again.
    #[test]
    fn nothing_hidden_is_written() {
        let visible = |text: &str| text.chars().all(|c| c == '\n' || is_visible(c));
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let text = character.to_string();
            let shown = Shown(&text).to_string();
            assert_eq!(hidden(&shown), None, "{character:?}");
            assert_eq!(Lines(&shown).to_string(), shown);
            assert!(visible(&Lines(&text).to_string()), "{character:?}");
            assert!(visible(&JsonText(&text).to_string()), "{character:?}");
        }
    }

    #[test]
    fn spellings() {
        let text = "a\u{1b}[2J\u{9b}\u{202e}\n\r\t\\é";
        assert_eq!(
            Shown(text).to_string(),
            "a\\u{1b}[2J\\u{9b}\\u{202e}\\n\\r\\t\\\\é"
        );
        assert_eq!(Lines("one\ntwo\r\\").to_string(), "one\ntwo\\r\\");
        assert_eq!(
            JsonText("{\n\"\u{9b}\u{e0001}\u{7f}é\"}").to_string(),
            "{\n\"\\u009B\\uDB40\\uDC01\\u007Fé\"}"
        );
        assert_eq!(
            ShownBytes(b"N\xE9\xFF\x1b1").to_string(),
            "N\\xE9\\xFF\\u{1b}1"
        );
    }
}
