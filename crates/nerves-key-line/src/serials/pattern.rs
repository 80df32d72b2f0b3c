//! A counter in a text: `ACME-{:06}`.

use std::fmt;
use std::str::FromStr;

use nerves_key_schema::{ManufacturerSerial, OtpError};
use serde::{Deserialize, Serialize};

use super::SerialError;

/// A text with a counter of a fixed number of decimal digits, 1 to 18, which
/// begins with 0 or [`SerialPattern::starting_at`]. Written `ACME-{:06}`.
///
/// ```
/// use nerves_key_line::SerialPattern;
///
/// let pattern: SerialPattern = "ACME-{:06}".parse()?;
/// assert_eq!(pattern.serial(42)?.as_str(), "ACME-000042");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "PatternDocument", into = "PatternDocument")]
pub struct SerialPattern {
    before: String,
    digits: usize,
    after: String,
    first: u64,
}

/// As it stands in a file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PatternDocument {
    text: String,
    #[serde(default)]
    first: u64,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialPatternError {
    /// There is no counter.
    #[error("the pattern {0:?} has no counter: write one, such as {{:06}} for six digits")]
    NoCounter(String),
    /// There are two.
    #[error("the pattern {0:?} has a brace outside its one counter")]
    Brace(String),
    /// It is no count of digits.
    #[error(
        "the counter {{{counter}}} of the pattern {pattern:?} is none: write {{:0N}}, N from 1 to \
         18 digits"
    )]
    Digits {
        /// The pattern.
        pattern: String,
        /// What is between the braces.
        counter: String,
    },
    /// The first number does not fit.
    #[error("the first number {first} has more than the {digits} digits of the pattern")]
    First {
        /// The number.
        first: u64,
        /// Of the counter.
        digits: usize,
    },
    /// The serial would be none.
    #[error("a serial of the pattern {pattern:?} would be refused: {error}")]
    Serial {
        /// The pattern.
        pattern: String,
        /// Why the OTP zone does not take it.
        #[source]
        error: OtpError,
    },
}

impl SerialPattern {
    /// The same pattern with another first number.
    ///
    /// # Errors
    /// [`SerialPatternError::First`].
    pub fn starting_at(self, first: u64) -> Result<Self, SerialPatternError> {
        if first > self.last() {
            return Err(SerialPatternError::First {
                first,
                digits: self.digits,
            });
        }
        Ok(Self { first, ..self })
    }

    /// The first number.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The highest number that has room.
    #[must_use]
    pub fn last(&self) -> u64 {
        (0..self.digits).fold(0, |last, _| last * 10 + 9)
    }

    /// The serial of `number`.
    ///
    /// # Errors
    /// [`SerialError::PatternUsed`] above [`SerialPattern::last`].
    pub fn serial(&self, number: u64) -> Result<ManufacturerSerial, SerialError> {
        let used = || SerialError::PatternUsed {
            pattern: self.to_string(),
            number,
            last: self.last(),
        };
        if number > self.last() {
            return Err(used());
        }
        // Only its digits differ from the one that was tried when it was read.
        ManufacturerSerial::new(&self.text(number)).map_err(|_error| used())
    }

    fn text(&self, number: u64) -> String {
        let (before, after, digits) = (&self.before, &self.after, self.digits);
        format!("{before}{number:0digits$}{after}")
    }
}

impl FromStr for SerialPattern {
    type Err = SerialPatternError;

    fn from_str(text: &str) -> Result<Self, SerialPatternError> {
        let none = || SerialPatternError::NoCounter(text.to_owned());
        let (before, rest) = text.split_once('{').ok_or_else(none)?;
        let (counter, after) = rest.split_once('}').ok_or_else(none)?;
        if [before, counter, after]
            .iter()
            .any(|part| part.contains(['{', '}']))
        {
            return Err(SerialPatternError::Brace(text.to_owned()));
        }
        let digits = counter.strip_prefix(":0");
        // A sign would be parsed, too.
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let digits = digits.and_then(|digits| digits.parse().ok());
        let digits = digits.filter(|digits| (1..=18).contains(digits));
        let digits = digits.ok_or_else(|| SerialPatternError::Digits {
            pattern: text.to_owned(),
            counter: counter.to_owned(),
        })?;
        let pattern = Self {
            before: before.to_owned(),
            digits,
            after: after.to_owned(),
            first: 0,
        };
        match ManufacturerSerial::new(&pattern.text(0)) {
            Ok(_) => Ok(pattern),
            Err(error) => Err(SerialPatternError::Serial {
                pattern: text.to_owned(),
                error,
            }),
        }
    }
}

impl fmt::Display for SerialPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{:0{}}}{}", self.before, self.digits, self.after)
    }
}

impl TryFrom<PatternDocument> for SerialPattern {
    type Error = SerialPatternError;

    fn try_from(written: PatternDocument) -> Result<Self, SerialPatternError> {
        written.text.parse::<Self>()?.starting_at(written.first)
    }
}

impl From<SerialPattern> for PatternDocument {
    fn from(pattern: SerialPattern) -> Self {
        Self {
            text: pattern.to_string(),
            first: pattern.first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_its_digits_and_no_more() {
        let pattern: SerialPattern = "A{:02}-B".parse().unwrap();
        assert_eq!(pattern.serial(0).unwrap().as_str(), "A00-B");
        assert_eq!(pattern.serial(99).unwrap().as_str(), "A99-B");
        let error = pattern.serial(100).unwrap_err().to_string();
        assert!(
            error.contains("100 is above its last number, 99"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        for (text, part) in [
            ("ACME", "no counter"),
            ("ACME-{:06", "no counter"),
            ("{:06}{:06}", "brace outside"),
            ("{{:06}", "brace outside"),
            ("A{}", "N from 1 to 18"),
            ("A{:6}", "N from 1 to 18"),
            ("A{:00}", "N from 1 to 18"),
            ("A{:019}", "N from 1 to 18"),
            ("A{:0+3}", "N from 1 to 18"),
            ("A/{:06}", "would be refused"),
            (" A{:06}", "would be refused"),
            ("A\u{202E}{:06}", "would be refused"),
            (
                "0123456789012345678901234567890123456789012{:06}",
                "would be refused",
            ),
        ] {
            let error = text.parse::<SerialPattern>().unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
        let pattern: SerialPattern = "A{:02}".parse().unwrap();
        assert!(pattern.starting_at(100).is_err());
    }
}
