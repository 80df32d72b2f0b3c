//! Dates as certificates have them: UTC, to the second, of the calendar.
//!
//! A compressed certificate can say 31 February or hour 27. Such fields stay
//! [`Fields`]; a [`DateTime`] in hand exists.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use crate::Format;

/// Year, month, day, hour, minute and second, not yet known to be a date.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fields {
    /// Full year, 0 to 9999.
    pub year: u16,
    /// 1 to 12 in a date.
    pub month: u8,
    /// 1 to the length of the month in a date.
    pub day: u8,
    /// 0 to 23 in a date.
    pub hour: u8,
    /// 0 to 59 in a date.
    pub minute: u8,
    /// 0 to 59 in a date: leap seconds are not expressible in DER.
    pub second: u8,
}

/// A UTC date and time that exists, years 0 to 9999.
///
/// ```
/// use atecc_x509::DateTime;
///
/// let date = DateTime::new(2026, 11, 24, 9, 30, 0)?;
/// assert_eq!(date.fields().year, 2026);
/// assert_eq!(DateTime::from_unix_seconds(0)?, DateTime::new(1970, 1, 1, 0, 0, 0)?);
/// assert!(DateTime::new(2026, 2, 29, 0, 0, 0).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DateTime(Fields);

/// Why dates are not those of a compressed certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {
    /// The fields name no day or no hour.
    #[error("{0} is no date of the calendar")]
    NotADate(Fields),
    /// A text that is no date.
    #[error("no date of the form 2026-03-15T09:15:00Z")]
    Text,
    /// Seconds since 1970 past the year 9999.
    #[error("{0} seconds after 1970 is past the year 9999")]
    PastLastYear(u64),
    /// The compressed form has no minutes and no seconds.
    #[error("{0} is not on the hour: minutes and seconds cannot be stored")]
    NotOnTheHour(DateTime),
    /// The issue year does not fit.
    #[error("issue year {year} cannot be stored: format {format} holds 2000 to {last}")]
    IssueYear {
        /// The year asked for.
        year: u16,
        /// The format of the compressed certificate.
        format: Format,
        /// The last year that the format holds.
        last: u16,
    },
    /// The number of years until expiry does not fit.
    #[error("{years} years of validity cannot be stored: format {format} holds 1 to {longest}")]
    Span {
        /// The years asked for; negative when expiry comes first.
        years: i32,
        /// The format of the compressed certificate.
        format: Format,
        /// The most years that the format holds.
        longest: u8,
    },
    /// Expiry is not on the same day and hour as issue.
    #[error("{not_after} is no whole number of years after {not_before}")]
    NotWholeYears {
        /// Issue date.
        not_before: DateTime,
        /// Expiry date.
        not_after: DateTime,
    },
    /// Issued on 29 February, the certificate would expire on one that does
    /// not exist.
    #[error("issued on {not_before} for {years} years, it has no last day: {last} does not exist")]
    NoLastDay {
        /// Issue date.
        not_before: DateTime,
        /// Years of validity.
        years: u8,
        /// The last day by rule.
        last: Fields,
    },
}

impl DateTime {
    /// The last second of 9999: in RFC 5280, section 4.1.2.5, "no expiry".
    pub const LAST: Self = Self(Fields {
        year: 9999,
        month: 12,
        day: 31,
        hour: 23,
        minute: 59,
        second: 59,
    });

    /// The date of the given UTC fields.
    ///
    /// # Errors
    /// [`DateError::NotADate`] when the calendar has no such date.
    pub const fn new(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Result<Self, DateError> {
        Self::from_fields(Fields {
            year,
            month,
            day,
            hour,
            minute,
            second,
        })
    }

    /// The date of the given UTC fields.
    ///
    /// # Errors
    /// [`DateError::NotADate`] when the calendar has no such date.
    pub const fn from_fields(fields: Fields) -> Result<Self, DateError> {
        let exists = fields.year <= 9999
            && fields.day >= 1
            && fields.day <= days_in_month(fields.year, fields.month)
            && fields.hour < 24
            && fields.minute < 60
            && fields.second < 60;
        if exists {
            Ok(Self(fields))
        } else {
            Err(DateError::NotADate(fields))
        }
    }

    /// The date `seconds` after 1970-01-01T00:00:00Z, without leap seconds.
    ///
    /// # Errors
    /// [`DateError::PastLastYear`] from the year 10000 on.
    pub fn from_unix_seconds(seconds: u64) -> Result<Self, DateError> {
        let Ok(date) = der::DateTime::from_unix_duration(Duration::from_secs(seconds)) else {
            return Err(DateError::PastLastYear(seconds));
        };
        Self::from_der(date)
    }

    fn from_der(date: der::DateTime) -> Result<Self, DateError> {
        Self::new(
            date.year(),
            date.month(),
            date.day(),
            date.hour(),
            date.minutes(),
            date.seconds(),
        )
    }

    /// The six fields.
    #[must_use]
    pub const fn fields(self) -> Fields {
        self.0
    }
}

/// 28 to 31, or 0 for a month that does not exist.
const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text that `Display` writes, from 1970 on.
impl FromStr for DateTime {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        match text.parse() {
            Ok(date) => Self::from_der(date),
            Err(_) => Err(DateError::Text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn texts() {
        let date = DateTime::new(2026, 3, 15, 9, 5, 0).unwrap();
        assert_eq!("2026-03-15T09:05:00Z".parse(), Ok(date));
        assert_eq!(date.to_string(), "2026-03-15T09:05:00Z");
        for text in [
            "",
            "2026-03-15",
            "2026-03-15T09:05:00",
            "2026-02-30T09:05:00Z",
            "2026-03-15T09:05:00Z ",
            "+026-03-15T09:05:00Z",
        ] {
            assert_eq!(text.parse::<DateTime>(), Err(DateError::Text), "{text:?}");
        }
    }

    #[test]
    fn the_calendar_decides() {
        for (year, month, day, hour, exists) in [
            (2000, 2, 29, 0, true),
            (2100, 2, 29, 0, false),
            (2024, 2, 29, 23, true),
            (2023, 2, 29, 0, false),
            (2023, 4, 31, 0, false),
            (2023, 0, 1, 0, false),
            (2023, 13, 1, 0, false),
            (2023, 1, 0, 0, false),
            (2023, 1, 1, 24, false),
            (10000, 1, 1, 0, false),
        ] {
            let date = DateTime::new(year, month, day, hour, 0, 0);
            assert_eq!(date.is_ok(), exists, "{year}-{month}-{day}T{hour}");
        }
    }

    #[test]
    fn hours_minutes_and_seconds_end_before_the_next() {
        let at = |hour, minute, second| DateTime::new(2026, 12, 31, hour, minute, second);
        let last = at(23, 59, 59).unwrap().fields();
        assert_eq!((last.hour, last.minute, last.second), (23, 59, 59));
        for (hour, minute, second) in [(24, 59, 59), (23, 60, 59), (23, 59, 60)] {
            let date = at(hour, minute, second);
            assert!(
                matches!(date, Err(DateError::NotADate(_))),
                "{hour}:{minute}:{second}"
            );
        }
    }

    #[test]
    fn unix_seconds_become_dates() {
        // `date -u -d @1543955467` says 2018-12-04T20:31:07Z.
        let date = DateTime::from_unix_seconds(1_543_955_467).unwrap();
        assert_eq!(date.to_string(), "2018-12-04T20:31:07Z");
        assert_eq!(
            DateTime::from_unix_seconds(u64::MAX),
            Err(DateError::PastLastYear(u64::MAX))
        );
    }
}
