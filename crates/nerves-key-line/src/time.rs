//! Times of the ledger, for people.

use std::fmt;

const SECOND: i64 = 1000;
const DAY: i64 = 86_400 * SECOND;
/// Days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;
/// From 0000-03-01, with which an era begins, to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;

/// Milliseconds since 1970-01-01 as date and time, to the second. Years begin in March
/// here, so that a leap day is the last of one.
pub(crate) struct Utc(pub(crate) i64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(at) = *self;
        let days = at.div_euclid(DAY) + DAYS_BEFORE_1970;
        let seconds = at.rem_euclid(DAY) / SECOND;
        let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, later) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        let year = era * 400 + year + later;
        let [hour, minute, second] = [seconds / 3600, seconds / 60 % 60, seconds % 60];
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `date -u` of GNU's coreutils.
    #[test]
    fn a_time_is_said_as_others_say_it() {
        for (at, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59 UTC"),
            (951_868_799_000, "2000-02-29 23:59:59 UTC"),
            (1_796_057_270_984, "2026-11-30 16:47:50 UTC"),
            (1_813_337_270_950, "2027-06-18 16:47:50 UTC"),
            (4_102_444_800_000, "2100-01-01 00:00:00 UTC"),
            (i64::MAX, "292278994-08-17 07:12:55 UTC"),
            (i64::MIN, "-292275055-05-16 16:47:04 UTC"),
        ] {
            assert_eq!(Utc(at).to_string(), text);
        }
    }
}
