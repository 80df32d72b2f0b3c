//! Is everything as it was written?
//!
//! Events are chained, and every other row follows from one. So a row that was
//! altered, deleted, swapped or inserted differs from what its event says, and
//! an event from its digest. Only the end of a chain can be taken away with all
//! that follows from it: who has kept the [`ChainHead`] of a report notices that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::database::Value;
use super::error::LedgerError;
use super::numbers::find_out_of_turn;
use super::rows::{columns, rows};
use super::schema::TABLES;
use super::work::Work;
use crate::event::{self, Event, EventKind};
use crate::unit::State;

/// The last event of a station's chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainHead {
    /// Whose chain.
    pub station: String,
    /// Its length: the number of the last event.
    pub seq: i64,
    /// The digest of that event, 64 hex digits.
    pub digest: String,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// The table.
    pub table: &'static str,
    /// The row: its columns and their values.
    pub row: String,
    /// What is wrong with it.
    pub reason: FindingReason,
}

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FindingReason {
    /// An event is missing before this one.
    Gap,
    /// It does not follow the one before it.
    Chain,
    /// It was altered: its digest is another.
    Altered,
    /// It should be there and is not, or not so.
    Missing,
    /// No event says so.
    Unexplained,
    /// The state, or the use of a number, cannot follow the one before.
    Order,
    /// A report knows this end of the chain, and the ledger does not.
    HeadMissing,
    /// The tables of this version have it: a constraint, say.
    Lost,
    /// They do not have it: a trigger, say.
    Added,
}

impl fmt::Display for FindingReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gap => "events before it are missing",
            Self::Chain => "it does not follow the event before it",
            Self::Altered => "it was altered: its digest is another",
            Self::Missing => "the row that an event wrote is missing",
            Self::Unexplained => "no event wrote this row",
            Self::Order => "it cannot follow the one before it",
            Self::HeadMissing => "the end of the chain that a report knows is missing",
            Self::Lost => "the table should have it, and has not",
            Self::Added => "the table has it, and should not",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.table, self.row, self.reason)
    }
}

/// The last event of each chain.
pub(super) fn heads(work: &mut Work<'_>) -> Result<Vec<ChainHead>, LedgerError> {
    let rows = work.query(
        "SELECT e.station, e.seq, e.digest FROM <event> e JOIN \
         (SELECT station, MAX(seq) AS seq FROM <event> GROUP BY station) f \
         ON f.station = e.station AND f.seq = e.seq ORDER BY e.station",
        &[],
    )?;
    let heads = rows.iter().map(|row| match &row[..] {
        [
            Value::Text(station),
            Value::Integer(seq),
            Value::Text(digest),
        ] => Ok(ChainHead {
            station: station.clone(),
            seq: *seq,
            digest: digest.clone(),
        }),
        row => Err(LedgerError::Row(describe_row("event", row))),
    });
    heads.collect()
}

/// Compare all rows with the chains.
pub(super) fn audit(work: &mut Work<'_>, known: &[ChainHead]) -> Result<Vec<Finding>, LedgerError> {
    let mut findings = Vec::new();
    let mut expected: BTreeMap<&'static str, BTreeSet<Vec<Value>>> = BTreeMap::new();
    let mut ends: BTreeMap<String, (i64, String)> = BTreeMap::new();
    let mut digests = BTreeSet::new();
    let mut steps = BTreeMap::new();
    for row in work.all("event")? {
        let mut add = |reason| {
            findings.push(Finding {
                table: "event",
                row: describe_row("event", &row),
                reason,
            });
        };
        let Some((event, digest)) = Event::from_row(&row) else {
            add(FindingReason::Altered);
            continue;
        };
        let end = ends.get(&event.station);
        let beginning = (0, event::beginning());
        let (seq, before) = end.unwrap_or(&beginning);
        if Some(event.seq) != seq.checked_add(1) {
            add(FindingReason::Gap);
        } else if event.before != *before {
            add(FindingReason::Chain);
        }
        if event.digest() != digest {
            add(FindingReason::Altered);
        }
        ends.insert(event.station.clone(), (event.seq, digest.clone()));
        digests.insert((event.station.clone(), event.seq, digest));
        for (table, values) in rows(&event) {
            if table != "event" {
                expected.entry(table).or_default().insert(values);
            }
        }
        if let (EventKind::Became(state), Some(chip), Some(step)) =
            (event.kind, event.chip.clone(), event.number("step"))
        {
            steps.insert((chip, step), (state, event.text("from"), row));
        }
    }
    for table in TABLES.into_iter().filter(|table| *table != "event") {
        let rows = work.all(table)?;
        if table == "number" {
            findings.extend(find_out_of_turn(&rows).into_iter().map(|row| Finding {
                table,
                row: describe_row(table, row),
                reason: FindingReason::Order,
            }));
        }
        let stored: BTreeSet<Vec<Value>> = rows.into_iter().collect();
        let expected = expected.remove(table).unwrap_or_default();
        let mut compare = |rows: Vec<&Vec<Value>>, reason: &FindingReason| {
            findings.extend(rows.iter().map(|row| Finding {
                table,
                row: describe_row(table, row),
                reason: reason.clone(),
            }));
        };
        compare(
            expected.difference(&stored).collect(),
            &FindingReason::Missing,
        );
        compare(
            stored.difference(&expected).collect(),
            &FindingReason::Unexplained,
        );
    }
    findings.extend(find_out_of_order(&steps));
    let missing = known.iter().filter(|head| {
        let head = (head.station.clone(), head.seq, head.digest.clone());
        !digests.contains(&head)
    });
    findings.extend(missing.map(|head| Finding {
        table: "event",
        row: format!("station {:?}, seq {}", head.station, head.seq),
        reason: FindingReason::HeadMissing,
    }));
    Ok(findings)
}

/// By chip and step: state, the one before as recorded, and the event's row.
type Steps = BTreeMap<(String, i64), (State, Option<String>, Vec<Value>)>;

fn find_out_of_order(steps: &Steps) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ((chip, step), (state, from, row)) in steps {
        let before = step
            .checked_sub(1)
            .and_then(|step| steps.get(&(chip.clone(), step)))
            .map(|(state, ..)| *state);
        let fits = match before {
            None => *step == 0 && matches!(state, State::Reserved | State::Verified),
            Some(before) => before.may_become(*state) && from.as_deref() == Some(before.name()),
        };
        if !fits {
            findings.push(Finding {
                table: "event",
                row: describe_row("event", row),
                reason: FindingReason::Order,
            });
        }
    }
    findings
}

/// A row in words: its first columns, as many as tell it from others.
fn describe_row(table: &str, row: &[Value]) -> String {
    let named = columns(table).iter().zip(row);
    let texts = named.filter(|(name, _)| !matches!(**name, "body" | "document" | "certificate"));
    let texts = texts.map(|(name, value)| match value {
        Value::Null => format!("{name} nothing"),
        Value::Integer(number) => format!("{name} {number}"),
        Value::Text(text) => format!("{name} {text:?}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}
