//! Dates in 24 bits, or 28 with byte 71.
//!
//! Source: compressed certificate application note (Atmel-8974, now
//! 20006367A); formats 1 and 2: cryptoauthlib `atcacert_date.c`. Bytes 64 to
//! 66 of the compressed certificate are one big-endian number,
//! `year << 19 | month << 15 | day << 10 | hour << 5 | expire years`, years
//! counted from 2000. Formats 1 and 2 put bits 6 and 5 of the year into bits
//! 7 and 6 of byte 71, and those of the expire years into bits 5 and 4.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::{DateError, IssueDate, Validity};

/// The format version of a compressed certificate: byte 70, low half.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Format {
    /// Issue years 2000 to 2031, at most 31 years. The format of `NervesKey`.
    V0 = 0,
    /// Issue years 2000 to 2127, at most 127 years.
    V1 = 1,
    /// As 1, for larger curves; other chips only.
    V2 = 2,
}

impl Format {
    /// The last issue year that fits.
    #[must_use]
    pub const fn last_issue_year(self) -> u16 {
        match self {
            Self::V0 => 2031,
            Self::V1 | Self::V2 => 2127,
        }
    }

    /// The most years between issue and expiry that fit.
    #[must_use]
    pub const fn longest(self) -> u8 {
        match self {
            Self::V0 => 31,
            Self::V1 | Self::V2 => 127,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (*self as u8).fmt(f)
    }
}

/// Bytes 64 to 66 and 71 as they stand, and the format that gives them meaning.
///
/// They may say a date that does not exist: [`EncodedDates::decode`] tells.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EncodedDates {
    bits: [u8; 3],
    byte_71: u8,
    format: Format,
}

impl EncodedDates {
    /// `bits` are bytes 64 to 66. Bits 3 to 0 of `byte_71` are reserved, and
    /// in format 0 all of it: such bits are kept and mean nothing.
    #[must_use]
    pub const fn from_bytes(bits: [u8; 3], byte_71: u8, format: Format) -> Self {
        Self {
            bits,
            byte_71,
            format,
        }
    }

    /// # Errors
    /// [`DateError::IssueYear`] or [`DateError::Span`] when `format` cannot
    /// hold the dates. Nothing is clamped.
    pub fn encode(validity: Validity, format: Format) -> Result<Self, DateError> {
        let issue = validity.issue();
        let years = validity.expire_years();
        if issue.year() > format.last_issue_year() {
            return Err(DateError::IssueYear {
                year: issue.year(),
                format,
                last: format.last_issue_year(),
            });
        }
        if years > format.longest() {
            return Err(DateError::Span {
                years: years.into(),
                format,
                longest: format.longest(),
            });
        }
        let year = u32::from(issue.year() - IssueDate::FIRST_YEAR);
        let number = (year & 0x1F) << 19
            | u32::from(issue.month()) << 15
            | u32::from(issue.day()) << 10
            | u32::from(issue.hour()) << 5
            | u32::from(years & 0x1F);
        let [_, bits @ ..] = number.to_be_bytes();
        let [.., year_high] = ((year >> 5) << 6).to_be_bytes();
        Ok(Self {
            bits,
            byte_71: year_high | (years >> 5) << 4,
            format,
        })
    }

    /// # Errors
    /// [`DateError::NotADate`] when the issue date does not exist,
    /// [`DateError::NoLastDay`] when the expiry date does not.
    pub fn decode(self) -> Result<Validity, DateError> {
        let [high, middle, low] = self.bits;
        let number = u32::from_be_bytes([0, high, middle, low]);
        let [year, month, day, hour, years] =
            [19, 15, 10, 5, 0].map(|shift| (number >> shift).to_le_bytes()[0]);
        let extension = self.extension();
        let issue = IssueDate::new(
            IssueDate::FIRST_YEAR + u16::from(year & 0x1F | (extension >> 6) << 5),
            month & 0x0F,
            day & 0x1F,
            hour & 0x1F,
        )?;
        Validity::new(issue, years & 0x1F | (extension >> 4 & 0x03) << 5)
    }

    /// Bytes 64 to 66.
    #[must_use]
    pub const fn bits(self) -> [u8; 3] {
        self.bits
    }

    /// Byte 71, reserved bits included.
    #[must_use]
    pub const fn byte_71(self) -> u8 {
        self.byte_71
    }

    /// The format version.
    #[must_use]
    pub const fn format(self) -> Format {
        self.format
    }

    /// Bits 7 to 4 of byte 71 where the format gives them a meaning, else 0.
    const fn extension(self) -> u8 {
        match self.format {
            Format::V0 => 0,
            Format::V1 | Format::V2 => self.byte_71 & 0xF0,
        }
    }

    /// Add what the hashed serial numbers take of the dates: bytes 64 to 66,
    /// in formats 1 and 2 also byte 71 without its reserved bits.
    /// Source: cryptoauthlib `atcacert_def.c`, `atcacert_generate_sn`.
    pub(crate) fn hash_into(self, hash: &mut Sha256) {
        hash.update(self.bits);
        if self.format != Format::V0 {
            hash.update([self.extension()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dates(bits: [u8; 3], byte_71: u8, format: Format) -> EncodedDates {
        EncodedDates::from_bytes(bits, byte_71, format)
    }

    fn validity(issue: (u16, u8, u8, u8), years: u8) -> Validity {
        let (year, month, day, hour) = issue;
        Validity::new(IssueDate::new(year, month, day, hour).unwrap(), years).unwrap()
    }

    /// The application note's layout on worked examples.
    #[test]
    fn known_encodings() {
        for (issue, years, bits, byte_71, format) in [
            ((2018, 12, 14, 20), 31, [0x96, 0x3A, 0x9F], 0x00, Format::V0),
            ((2020, 11, 11, 4), 28, [0xA5, 0xAC, 0x9C], 0x00, Format::V0),
            ((2031, 12, 31, 23), 0, [0xFE, 0x7E, 0xE0], 0x00, Format::V0),
            ((2045, 6, 15, 12), 40, [0x6B, 0x3D, 0x88], 0x50, Format::V1),
            (
                (2127, 12, 31, 23),
                127,
                [0xFE, 0x7E, 0xFF],
                0xF0,
                Format::V2,
            ),
        ] {
            let encoded = dates(bits, byte_71, format);
            assert_eq!(
                EncodedDates::encode(validity(issue, years), format),
                Ok(encoded)
            );
            assert_eq!(encoded.decode(), Ok(validity(issue, years)));
        }
    }

    /// Messages name the version as byte 70 has it.
    #[test]
    fn formats_are_shown_by_their_numbers() {
        for (format, number) in [(Format::V0, "0"), (Format::V1, "1"), (Format::V2, "2")] {
            assert_eq!(std::format!("{format}"), number);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(
            EncodedDates::encode(validity((2032, 1, 1, 0), 1), Format::V0),
            Err(DateError::IssueYear {
                year: 2032,
                format: Format::V0,
                last: 2031
            })
        );
        assert_eq!(
            EncodedDates::encode(validity((2031, 1, 1, 0), 32), Format::V0),
            Err(DateError::Span {
                years: 32,
                format: Format::V0,
                longest: 31
            })
        );
    }

    #[test]
    fn reserved_bits_mean_nothing() {
        let clean = dates([0x96, 0x3A, 0x9F], 0x00, Format::V0).decode();
        assert_eq!(dates([0x96, 0x3A, 0x9F], 0xFF, Format::V0).decode(), clean);
        let extended = dates([0x6B, 0x3D, 0x88], 0x50, Format::V1).decode();
        assert_eq!(
            dates([0x6B, 0x3D, 0x88], 0x5F, Format::V1).decode(),
            extended
        );
    }

    proptest! {
        /// Whatever decodes encodes to the same bits, in every format.
        #[test]
        fn decoding_is_undone_by_encoding(bits: [u8; 3], byte_71: u8, version in 0..3) {
            let (format, meaning) = [(Format::V0, 0), (Format::V1, 0xF0), (Format::V2, 0xF0)]
                [usize::try_from(version).unwrap()];
            if let Ok(validity) = dates(bits, byte_71, format).decode() {
                let again = EncodedDates::encode(validity, format).unwrap();
                prop_assert_eq!(again, dates(bits, byte_71 & meaning, format));
            }
        }
    }
}
