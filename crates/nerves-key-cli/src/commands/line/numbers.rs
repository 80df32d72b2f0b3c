//! Where the serial numbers of a batch are that no unit has.

use std::ops::RangeInclusive;

use nerves_key_line::{Batch, Lease, Numbers};
use serde_json::{Value, json};

use crate::output::escape;

/// A line for each of them.
pub(super) fn lines(batch: &Batch, numbers: &Numbers) -> Vec<String> {
    let leases = numbers.leased.iter().filter(|it| it.batch == batch.name);
    let leases = leases.map(|lease| {
        format!(
            "  {} leased to {:?}: {}",
            lease.numbers.len(),
            lease.station,
            ranges(batch, &lease.numbers)
        )
    });
    let others = [
        (&numbers.returned, "given back, and given or leased next"),
        (&numbers.skipped, "left out, since another unit has them"),
    ];
    let others = others
        .into_iter()
        .filter(|(numbers, _)| !numbers.is_empty());
    let others = others
        .map(|(numbers, what)| format!("  {} {what}: {}", numbers.len(), ranges(batch, numbers)));
    let lengths = numbers.passed.iter().map(length);
    let count = lengths.fold(0, i64::saturating_add);
    let passed = numbers.passed.iter().map(|range| {
        let [first, last] = ends(batch, range).map(|it| escape(&it));
        if first == last {
            first
        } else {
            format!("{first} to {last}")
        }
    });
    let passed = passed.collect::<Vec<_>>().join(", ");
    let passed = (count > 0)
        .then(|| format!("  {count} passed over, since a later batch begins above them: {passed}"));
    leases.chain(others).chain(passed).collect()
}

/// The same for a program.
pub(super) fn document(batch: &Batch, numbers: &Numbers) -> Value {
    let lease = |lease: &Lease| {
        json!({
            "station": lease.station,
            "batch": lease.batch,
            "spool": lease.spool,
            "at": lease.at,
            "serials": serials(batch, &lease.numbers),
        })
    };
    let passed = |range: &RangeInclusive<i64>| {
        let [first, last] = ends(batch, range);
        json!({ "first": first, "last": last, "count": length(range) })
    };
    json!({
        "leased": numbers.leased.iter().map(lease).collect::<Vec<_>>(),
        "returned": serials(batch, &numbers.returned),
        "skipped": serials(batch, &numbers.skipped),
        "passed": numbers.passed.iter().map(passed).collect::<Vec<_>>(),
    })
}

/// How many numbers a range has; it may have too many to list.
fn length(range: &RangeInclusive<i64>) -> i64 {
    let length = range.end().saturating_sub(*range.start());
    length.saturating_add(1)
}

fn ends(batch: &Batch, range: &RangeInclusive<i64>) -> [String; 2] {
    [range.start(), range.end()].map(|number| serial(batch, *number))
}

fn serials(batch: &Batch, numbers: &[i64]) -> Vec<String> {
    numbers
        .iter()
        .map(|number| serial(batch, *number))
        .collect()
}

fn serial(batch: &Batch, number: i64) -> String {
    let serial = u64::try_from(number)
        .ok()
        .and_then(|number| batch.serials.serial(number).ok().flatten());
    serial.map_or_else(|| number.to_string(), |it| it.as_str().to_owned())
}

/// Serials, those that follow each other as one.
fn ranges(batch: &Batch, numbers: &[i64]) -> String {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let ranges = ranges.into_iter().map(|(first, last)| {
        let name = |number| escape(&serial(batch, number));
        if first == last {
            name(first)
        } else {
            format!("{} to {}", name(first), name(last))
        }
    });
    ranges.collect::<Vec<_>>().join(", ")
}
