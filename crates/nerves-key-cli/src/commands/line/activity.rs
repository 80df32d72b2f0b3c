//! What `line status` says of how a batch is made: rate, stations, failures.

use std::time::Duration;

use nerves_key_line::{Activity, BatchStatus, Failures, Ledger, LedgerError, State};
use serde_json::{Value, json};

use crate::counted::counted;
use crate::output::one_line;

/// Causes that are named for people; a program gets all of them.
const CAUSES: usize = 5;
/// Digits that are a serial number, a key, a digest: alike in kind.
const HEX: usize = 8;

/// A section of text and a document for each of `batches`, and for chips that
/// came into none.
pub(super) fn of(
    ledger: &mut Ledger,
    batches: &[BatchStatus],
) -> Result<(String, Value), LedgerError> {
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    for batch in batches {
        let name = &batch.batch.name;
        let activity = ledger.activity(name)?;
        if activity.begun.is_some() {
            lines.push(format!("{name:?}:"));
            lines.extend(describe(batch, &activity));
        }
        documents.push(document(batch, &activity));
    }
    let outside = by_cause(&ledger.failures_outside()?);
    if !outside.is_empty() {
        lines.push("chips of no batch:".to_owned());
        lines.extend(causes(&outside));
    }
    let document = json!({ "batches": documents, "outside": cause_documents(&outside) });
    Ok((lines.join("\n"), document))
}

/// Units that were begun and are neither done nor failed, and those not begun.
fn in_work_and_left(batch: &BatchStatus, activity: &Activity) -> (u64, u64) {
    let begun = [State::Reserved, State::Keyed, State::Issued, State::Locked];
    let begun: u64 = begun.into_iter().map(|state| batch.of(state)).sum();
    let count = u64::from(batch.batch.count);
    (
        begun.saturating_sub(activity.failed),
        count.saturating_sub(batch.of(State::Verified)),
    )
}

fn describe(batch: &BatchStatus, activity: &Activity) -> Vec<String> {
    let (in_work, left) = in_work_and_left(batch, activity);
    let made = batch.of(State::Verified);
    let failed = activity.failed;
    let mut lines = vec![format!(
        "  {made} made, {failed} failed, {in_work} in work, {left} left"
    )];
    if let Some(rate) = activity.rate() {
        let estimate = activity.estimate(left);
        let estimate = estimate.map_or(String::new(), |it| format!("; {} for the rest", span(it)));
        lines.push(format!("  {rate:.0} an hour{estimate}"));
    }
    for station in &activity.stations {
        let since = activity.now.saturating_sub(station.last);
        let since = Duration::from_millis(u64::try_from(since).unwrap_or(0));
        lines.push(format!(
            "  station {:?}: {} made, {}, last seen {} ago",
            station.station,
            station.made,
            counted(station.failed, "failed run"),
            span(since)
        ));
    }
    lines.extend(causes(&by_cause(&activity.failures)));
    lines
}

fn causes(causes: &[(String, u64)]) -> impl Iterator<Item = String> {
    let lines = causes.iter().take(CAUSES);
    lines.map(|(cause, count)| format!("  failed {}: {}", counted(*count, "time"), one_line(cause)))
}

fn document(batch: &BatchStatus, activity: &Activity) -> Value {
    let (in_work, left) = in_work_and_left(batch, activity);
    let stations = activity.stations.iter().map(|station| {
        json!({
            "station": station.station,
            "made": station.made,
            "failed_runs": station.failed,
            "last": station.last,
        })
    });
    json!({
        "batch": batch.batch.name,
        "made": batch.of(State::Verified),
        "failed": activity.failed,
        "in_work": in_work,
        "left": left,
        "units_an_hour": activity.rate(),
        "seconds_left": activity.estimate(left).map(|it| it.as_secs()),
        "stations": stations.collect::<Vec<_>>(),
        "failures": cause_documents(&by_cause(&activity.failures)),
    })
}

fn cause_documents(causes: &[(String, u64)]) -> Vec<Value> {
    let causes = causes.iter();
    causes
        .map(|(cause, count)| json!({ "cause": cause, "runs": count }))
        .collect()
}

/// Causes that differ only in what they quote are one; the most frequent first.
fn by_cause(failures: &[Failures]) -> Vec<(String, u64)> {
    let mut causes: Vec<(String, u64)> = Vec::new();
    for failure in failures {
        let cause = kind_of(&failure.cause);
        match causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, count)) => *count += failure.count,
            None => causes.push((cause, failure.count)),
        }
    }
    causes.sort_by(|(one, count), (other, more)| more.cmp(count).then(one.cmp(other)));
    causes
}

/// The first line of a cause, with an ellipsis for what is one chip's: quoted
/// text, and numbers in hex.
fn kind_of(cause: &str) -> String {
    let line = cause.lines().next().unwrap_or_default();
    let quoted = line.split('"').enumerate();
    let parts = quoted.map(|(index, part)| if index % 2 == 1 { "…" } else { part });
    let line = parts.collect::<Vec<_>>().join("\"");
    let is_number = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.len() >= HEX && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let words = line.split(' ');
    let words = words.map(|word| if is_number(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// A time in words, to two places.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_that_differ_in_what_they_quote_are_one() {
        let causes = [
            "the chip 0123AABBCCDDEE01EE is locked as something else than a NervesKey",
            "the chip 01230000000000FFEE is locked as something else than a NervesKey\nadvice",
        ];
        let kind = "the chip … is locked as something else than a NervesKey";
        assert!(causes.iter().all(|cause| kind_of(cause) == kind));
        assert_eq!(
            kind_of("the serial \"A 1\" is in use, and \"B\" is"),
            "the serial \"…\" is in use, and \"…\" is"
        );
        assert_eq!(
            kind_of("no answer after 2500000 us"),
            "no answer after 2500000 us"
        );
    }

    #[test]
    fn a_time_is_said_in_words() {
        let texts = [59, 61, 3600, 90_000].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(texts, ["59 s", "1 min", "1 h 0 min", "1 d 1 h"]);
    }
}
