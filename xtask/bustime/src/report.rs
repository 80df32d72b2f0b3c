//! The figures for the terminal and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use crate::buses::Buses;
use crate::judge::Row;
use crate::wall::Wall;

pub(crate) const HEAD: [&str; 13] = [
    "operation",
    "chip",
    "kHz",
    "times",
    "ms",
    "floor",
    "ratio",
    "99 %",
    "wakes",
    "commands",
    "transactions",
    "bytes",
    "polls",
];

/// The run in the middle; in brackets what is needed.
pub(crate) fn line(row: &Row) -> [String; 13] {
    let run = row.median();
    [
        row.operation.to_owned(),
        row.setting.part.to_string(),
        row.setting.scl_khz.to_string(),
        row.setting.model.to_string(),
        ms(run.counts.time),
        ms(run.floor.time),
        ratio(run.ratio()),
        ratio(row.percentile_99()),
        beside(run.counts.wakes, run.floor.wakes),
        beside(run.counts.commands, run.floor.commands),
        beside(run.counts.transactions, run.floor.transactions),
        beside(run.counts.bytes, run.floor.bytes),
        run.counts.polls.to_string(),
    ]
}

/// All of a row; times in microseconds.
pub(crate) fn json(row: &Row) -> Value {
    let run = row.median();
    let us = |time: Duration| u64::try_from(time.as_nanos() / 1_000).unwrap_or(u64::MAX);
    json!({
        "operation": row.operation,
        "chip": row.setting.part.to_string(),
        "scl_khz": row.setting.scl_khz,
        "times": row.setting.model.to_string(),
        "runs": row.len(),
        "ratio_median": run.ratio(),
        "ratio_99": row.percentile_99(),
        "elapsed_us": us(run.counts.time),
        "wakes": run.counts.wakes,
        "commands": run.counts.commands,
        "transactions": run.counts.transactions,
        "bytes": run.counts.bytes,
        "polls": run.counts.polls,
        "besides": row.besides,
        "rest_us": {
            "commands": us(run.more_commands()),
            "sessions": us(run.more_sessions()),
            "looks": us(run.looks()),
        },
        "floor": {
            "elapsed_us": us(run.floor.time),
            "commands_us": us(run.floor.commands_time),
            "wakes": run.floor.wakes,
            "commands": run.floor.commands,
            "transactions": run.floor.transactions,
            "bytes": run.floor.bytes,
        },
    })
}

/// Milliseconds with one decimal.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}

pub(crate) fn ratio(ratio: f64) -> String {
    format!("{ratio:.3}")
}

/// What is, and what is needed.
pub(crate) fn beside(count: u64, needed: u64) -> String {
    format!("{count} ({needed})")
}

pub(crate) const WALL: [&str; 6] = ["operation", "chip", "kHz", "times", "virtual", "wall"];

/// Milliseconds, and by how much the one on the wall is longer.
pub(crate) fn wall(wall: &Wall) -> [String; 6] {
    [
        wall.operation.to_owned(),
        wall.setting.part.to_string(),
        wall.setting.scl_khz.to_string(),
        wall.setting.model.to_string(),
        ms(wall.virtual_time),
        format!("{} ({:.3})", ms(wall.wall_time), wall.ratio()),
    ]
}

/// The same; times in microseconds.
pub(crate) fn wall_json(wall: &Wall) -> Value {
    json!({
        "operation": wall.operation,
        "chip": wall.setting.part.to_string(),
        "khz": wall.setting.scl_khz,
        "times": wall.setting.model.to_string(),
        "virtual_us": wall.virtual_time.as_micros(),
        "wall_us": wall.wall_time.as_micros(),
    })
}

pub(crate) const BUSES: [&str; 3] = ["chip", "one bus", "all at once"];

/// Milliseconds, and by how much the many are longer.
pub(crate) fn buses(buses: &Buses) -> [String; 3] {
    [
        buses.part.to_string(),
        ms(buses.alone),
        format!("{} ({:.3})", ms(buses.together), buses.ratio()),
    ]
}

/// The same; times in microseconds.
pub(crate) fn buses_json(buses: &Buses) -> Value {
    json!({
        "chip": buses.part.to_string(),
        "alone_us": buses.alone.as_micros(),
        "together_us": buses.together.as_micros(),
    })
}
