//! What was done on a batch: how fast, where, and what failed.

use std::time::Duration;

use serde_json::Value as Json;

use super::database::Value;
use super::work::Work;
use super::{Ledger, LedgerError, now};

/// What the rate is of.
const LATELY: Duration = Duration::from_secs(60 * 60);

/// What was done on a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Activity {
    /// When its first unit was begun, in milliseconds since 1970.
    pub begun: Option<i64>,
    /// When this was asked for, by the asker's clock.
    pub now: i64,
    /// Units verified within the last hour.
    pub made_lately: u64,
    /// Chips with a failure, neither verified nor scrapped since.
    pub failed: u64,
    /// By station, in the order of their names.
    pub stations: Vec<StationActivity>,
    /// Failed runs by cause, the most frequent first.
    pub failures: Vec<Failures>,
}

/// What a station has done on a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct StationActivity {
    /// Its name.
    pub station: String,
    /// Units that became verified there.
    pub made: u64,
    /// Runs that failed there.
    pub failed: u64,
    /// Its last event, in milliseconds since 1970 by its clock.
    pub last: i64,
}

/// How often a run failed of one cause.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Failures {
    /// As it was said.
    pub cause: String,
    /// How often.
    pub count: u64,
}

impl Activity {
    /// Units in an hour: of the last one, or of the time since the first unit was
    /// begun. None where none was made in it.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let since = self.now.saturating_sub(self.begun?);
        let since = Duration::from_millis(u64::try_from(since).unwrap_or(0));
        let window = since.clamp(Duration::from_secs(1), LATELY);
        // No line makes 2^32 units in an hour.
        let made = f64::from(u32::try_from(self.made_lately).unwrap_or(u32::MAX));
        (made > 0.0).then(|| made * LATELY.as_secs_f64() / window.as_secs_f64())
    }

    /// How long `left` units take at this rate.
    #[must_use]
    pub fn estimate(&self, left: u64) -> Option<Duration> {
        let left = f64::from(u32::try_from(left).unwrap_or(u32::MAX));
        let hours = left / self.rate()?;
        Duration::try_from_secs_f64(hours * LATELY.as_secs_f64()).ok()
    }
}

impl Ledger {
    /// What was done on a batch.
    ///
    /// # Errors
    /// What the database says.
    pub fn activity(&mut self, batch: &str) -> Result<Activity, LedgerError> {
        self.read(|work| {
            let now = now();
            let lately = i64::try_from(LATELY.as_millis()).unwrap_or(i64::MAX);
            let of_batch = "FROM <event> e JOIN <unit> u ON u.chip = e.chip WHERE u.batch =";
            let failed = work.query(
                &format!(
                    "SELECT COUNT(DISTINCT e.chip) {of_batch} $1 AND e.kind = 'failed' AND NOT EXISTS \
                     (SELECT 1 FROM <step> s WHERE s.chip = e.chip \
                     AND s.state IN ('verified', 'scrapped'))"
                ),
                &[batch.into()],
            )?;
            // All else in one look at the events, which are many.
            let rows = work.query(
                &format!(
                    "SELECT e.station, MIN(e.at), MAX(e.at), \
                     SUM(CASE WHEN e.kind = 'verified' THEN 1 ELSE 0 END), \
                     SUM(CASE WHEN e.kind = 'verified' AND e.at > $1 THEN 1 ELSE 0 END), \
                     SUM(CASE WHEN e.kind = 'failed' THEN 1 ELSE 0 END) {of_batch} $2 \
                     GROUP BY e.station ORDER BY e.station"
                ),
                &[now.saturating_sub(lately).into(), batch.into()],
            )?;
            let count = |number: i64| u64::try_from(number).unwrap_or(0);
            let failed = failed.first().and_then(|row| row.first()?.integer());
            let mut activity = Activity {
                begun: None,
                now,
                made_lately: 0,
                failed: failed.map_or(0, count),
                stations: Vec::new(),
                failures: failures(work, Some(batch))?,
            };
            for row in &rows {
                let [Value::Text(station), numbers @ ..] = &row[..] else {
                    continue;
                };
                let numbers = numbers.iter().map(Value::integer);
                let numbers: Option<Vec<_>> = numbers.collect();
                let Some([first, last, made, lately, failed]) = numbers.as_deref() else {
                    continue;
                };
                activity.begun = Some(activity.begun.map_or(*first, |it| it.min(*first)));
                activity.made_lately += count(*lately);
                activity.stations.push(StationActivity {
                    station: station.clone(),
                    made: count(*made),
                    failed: count(*failed),
                    last: *last,
                });
            }
            Ok(activity)
        })
    }

    /// Failures of chips that never came into a batch.
    ///
    /// # Errors
    /// What the database says.
    pub fn failures_outside(&mut self) -> Result<Vec<Failures>, LedgerError> {
        self.read(|work| failures(work, None))
    }
}

fn failures(work: &mut Work<'_>, batch: Option<&str>) -> Result<Vec<Failures>, LedgerError> {
    let statement = |which| {
        format!(
            "SELECT e.body, COUNT(*) FROM <event> e LEFT JOIN <unit> u ON u.chip = e.chip \
             WHERE e.kind = 'failed' AND u.batch {which} GROUP BY e.body ORDER BY 2 DESC, 1"
        )
    };
    let rows = match batch {
        Some(batch) => work.query(&statement("= $1"), &[batch.into()])?,
        None => work.query(&statement("IS NULL"), &[])?,
    };
    let failures = rows.iter().filter_map(|row| match &row[..] {
        [Value::Text(body), Value::Integer(count)] => {
            let body: Json = serde_json::from_str(body).ok()?;
            Some(Failures {
                cause: body.get("cause")?.as_str()?.to_owned(),
                count: u64::try_from(*count).ok()?,
            })
        }
        _ => None,
    });
    Ok(failures.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(minutes: i64, made_lately: u64) -> Activity {
        Activity {
            begun: Some(0),
            now: minutes * 60_000,
            made_lately,
            failed: 0,
            stations: Vec::new(),
            failures: Vec::new(),
        }
    }

    #[test]
    fn the_rate_is_that_of_the_last_hour_or_since_the_beginning() {
        // 30 units in the first quarter of an hour are 120 in one.
        assert_eq!(activity(15, 30).rate(), Some(120.0));
        assert_eq!(activity(600, 30).rate(), Some(30.0));
        assert_eq!(activity(600, 0).rate(), None);
        // A clock that is behind makes no rate of its own.
        assert_eq!(activity(-5, 1).rate(), Some(3600.0));
        let estimate = activity(600, 30).estimate(45);
        assert_eq!(estimate, Some(Duration::from_secs(90 * 60)));
        assert_eq!(activity(600, 0).estimate(45), None);
    }
}
