//! From when to when a certificate is valid, in what its compressed form can
//! say: a full hour, and a number of whole years.
//!
//! Source: compressed certificate application note (Atmel-8974). The existing
//! `NervesKey` libraries clamp what does not fit, and so make certificates whose
//! rebuilt form differs from the signed one; here it is an error.

use crate::date::Fields;
use crate::{DateError, DateTime, Format};

/// An hour of a day of the years 2000 to 2127, UTC.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IssueDate(DateTime);

impl IssueDate {
    /// The year that the encoding counts from.
    pub const FIRST_YEAR: u16 = 2000;

    /// # Errors
    /// [`DateError::NotADate`] when the calendar has no such date,
    /// [`DateError::IssueYear`] outside 2000 to 2127.
    pub const fn new(year: u16, month: u8, day: u8, hour: u8) -> Result<Self, DateError> {
        match DateTime::new(year, month, day, hour, 0, 0) {
            Ok(date) => Self::exactly(date),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// [`DateError::NotOnTheHour`] when minutes or seconds are not 0,
    /// [`DateError::IssueYear`] outside 2000 to 2127.
    pub const fn exactly(date: DateTime) -> Result<Self, DateError> {
        let Fields {
            year,
            minute,
            second,
            ..
        } = date.fields();
        if let Err(error) = fits_issue_year(year, Format::V1) {
            return Err(error);
        }
        if minute != 0 || second != 0 {
            return Err(DateError::NotOnTheHour(date));
        }
        Ok(Self(date))
    }

    /// 2000 to 2127.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.0.fields().year
    }

    /// 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.0.fields().month
    }

    /// 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.0.fields().day
    }

    /// 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.0.fields().hour
    }

    /// The same as a date and time.
    #[must_use]
    pub const fn date_time(self) -> DateTime {
        self.0
    }
}

/// Issue date and years until expiry. Both ends exist.
///
/// ```
/// use atecc_x509::{DateTime, Validity};
///
/// // Minutes and seconds have no place in the 72 bytes.
/// let now = DateTime::new(2026, 3, 15, 9, 15, 0)?;
/// let validity = Validity::issued_at(now, 10)?;
/// assert_eq!(validity.not_before(), DateTime::new(2026, 3, 15, 9, 0, 0)?);
/// assert_eq!(validity.not_after(), DateTime::new(2036, 3, 15, 9, 0, 0)?);
/// // In the first format the longest are 31 years.
/// assert!(Validity::issued_at(now, 32).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Validity {
    issue: IssueDate,
    expire_years: u8,
    not_after: DateTime,
}

impl Validity {
    /// `expire_years` is 1 to 127, or 0 for a certificate that never expires.
    ///
    /// # Errors
    /// [`DateError::Span`] above 127, [`DateError::NoLastDay`] when 29
    /// February plus that many years is no date.
    pub fn new(issue: IssueDate, expire_years: u8) -> Result<Self, DateError> {
        let longest = Format::V1.longest();
        if expire_years > longest {
            return Err(DateError::Span {
                years: expire_years.into(),
                format: Format::V1,
                longest,
            });
        }
        let not_before = issue.date_time();
        let last = Fields {
            year: issue.year() + u16::from(expire_years),
            ..not_before.fields()
        };
        let not_after = match expire_years {
            0 => DateTime::LAST,
            years => DateTime::from_fields(last).or(Err(DateError::NoLastDay {
                not_before,
                years,
                last,
            }))?,
        };
        Ok(Self {
            issue,
            expire_years,
            not_after,
        })
    }

    /// The validity of a certificate with these two dates, exactly, as far as
    /// `format` holds it. [`DateTime::LAST`] is no expiry.
    ///
    /// # Errors
    /// The first rule that the dates break; see [`DateError`].
    pub fn between(
        not_before: DateTime,
        not_after: DateTime,
        format: Format,
    ) -> Result<Self, DateError> {
        fits_issue_year(not_before.fields().year, format)?;
        let issue = IssueDate::exactly(not_before)?;
        if not_after == DateTime::LAST {
            return Self::new(issue, 0);
        }
        let years = i32::from(not_after.fields().year) - i32::from(issue.year());
        let expire_years = fits_span(years, format)?;
        match Self::new(issue, expire_years) {
            Ok(validity) if validity.not_after == not_after => Ok(validity),
            Ok(_) | Err(DateError::NoLastDay { .. }) => Err(DateError::NotWholeYears {
                not_before,
                not_after,
            }),
            Err(error) => Err(error),
        }
    }

    /// The validity of a `NervesKey` certificate issued now: from the hour that
    /// has begun, for 1 to 31 years, in format 0.
    ///
    /// 29 February becomes 28 February 23:00, because a certificate of 31 years
    /// from a leap day has no last day.
    ///
    /// # Errors
    /// [`DateError::Span`] unless `years` is 1 to 31, [`DateError::IssueYear`]
    /// outside 2000 to 2031.
    pub fn issued_at(now: DateTime, years: u16) -> Result<Self, DateError> {
        Self::issued_in(now, years, Format::V0)
    }

    /// The same in another format.
    ///
    /// # Errors
    /// [`DateError::Span`] or [`DateError::IssueYear`] when `format` does not
    /// hold the dates.
    pub fn issued_in(now: DateTime, years: u16, format: Format) -> Result<Self, DateError> {
        let expire_years = fits_span(years.into(), format)?;
        let fields = now.fields();
        fits_issue_year(fields.year, format)?;
        let (day, hour) = match (fields.month, fields.day) {
            (2, 29) => (28, 23),
            _ => (fields.day, fields.hour),
        };
        Self::new(
            IssueDate::new(fields.year, fields.month, day, hour)?,
            expire_years,
        )
    }

    /// The issue date.
    #[must_use]
    pub const fn issue(self) -> IssueDate {
        self.issue
    }

    /// Years until expiry, 1 to 127, or 0 for none.
    #[must_use]
    pub const fn expire_years(self) -> u8 {
        self.expire_years
    }

    /// The first second of validity.
    #[must_use]
    pub const fn not_before(self) -> DateTime {
        self.issue.date_time()
    }

    /// The last second of validity; [`DateTime::LAST`] for no expiry.
    #[must_use]
    pub const fn not_after(self) -> DateTime {
        self.not_after
    }
}

const fn fits_issue_year(year: u16, format: Format) -> Result<(), DateError> {
    let last = format.last_issue_year();
    if year >= IssueDate::FIRST_YEAR && year <= last {
        Ok(())
    } else {
        Err(DateError::IssueYear { year, format, last })
    }
}

fn fits_span(years: i32, format: Format) -> Result<u8, DateError> {
    let longest = format.longest();
    match u8::try_from(years) {
        Ok(expire_years @ 1..) if expire_years <= longest => Ok(expire_years),
        _ => Err(DateError::Span {
            years,
            format,
            longest,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: u16, month: u8, day: u8, hour: u8, minute: u8) -> DateTime {
        DateTime::new(year, month, day, hour, minute, 0).unwrap()
    }

    #[test]
    fn issuing_truncates_to_the_hour() {
        let validity = Validity::issued_at(date(2026, 3, 15, 9, 59), 31).unwrap();
        assert_eq!(validity.not_before(), date(2026, 3, 15, 9, 0));
        assert_eq!(validity.not_after(), date(2057, 3, 15, 9, 0));
    }

    #[test]
    fn a_leap_day_becomes_the_evening_before() {
        let validity = Validity::issued_at(date(2028, 2, 29, 13, 45), 31).unwrap();
        assert_eq!(validity.not_before(), date(2028, 2, 28, 23, 0));
        assert_eq!(validity.not_after(), date(2059, 2, 28, 23, 0));
    }

    #[test]
    fn issuing_refuses_what_format_0_cannot_hold() {
        for (now, years, error) in [
            (
                date(2032, 1, 1, 0, 0),
                1,
                DateError::IssueYear {
                    year: 2032,
                    format: Format::V0,
                    last: 2031,
                },
            ),
            (
                date(1999, 12, 31, 23, 59),
                1,
                DateError::IssueYear {
                    year: 1999,
                    format: Format::V0,
                    last: 2031,
                },
            ),
            (
                date(2026, 1, 1, 0, 0),
                0,
                DateError::Span {
                    years: 0,
                    format: Format::V0,
                    longest: 31,
                },
            ),
            (
                date(2026, 1, 1, 0, 0),
                300,
                DateError::Span {
                    years: 300,
                    format: Format::V0,
                    longest: 31,
                },
            ),
        ] {
            assert_eq!(Validity::issued_at(now, years), Err(error));
        }
    }

    #[test]
    fn a_leap_day_lasts_a_multiple_of_four_years() {
        let issue = IssueDate::new(2024, 2, 29, 5).unwrap();
        assert_eq!(
            Validity::new(issue, 28).map(Validity::not_after),
            Ok(date(2052, 2, 29, 5, 0))
        );
        assert!(matches!(
            Validity::new(issue, 31),
            Err(DateError::NoLastDay { years: 31, .. })
        ));
    }

    #[test]
    fn dates_must_be_whole_years_apart() {
        let issue = date(2024, 5, 6, 7, 0);
        assert!(Validity::between(issue, date(2034, 5, 6, 7, 0), Format::V0).is_ok());
        assert_eq!(
            Validity::between(issue, date(2034, 5, 6, 8, 0), Format::V0),
            Err(DateError::NotWholeYears {
                not_before: issue,
                not_after: date(2034, 5, 6, 8, 0)
            })
        );
        assert_eq!(
            Validity::between(date(2024, 5, 6, 7, 1), date(2034, 5, 6, 7, 1), Format::V0),
            Err(DateError::NotOnTheHour(date(2024, 5, 6, 7, 1)))
        );
        assert_eq!(
            Validity::between(issue, DateTime::LAST, Format::V0).map(Validity::expire_years),
            Ok(0)
        );
    }
}
