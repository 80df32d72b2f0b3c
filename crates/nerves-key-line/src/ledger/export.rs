//! What goes out: the units of a batch with the ends of the chains that they
//! stand in, read in one transaction.

use super::audit::{self, ChainHead};
use super::database::Value;
use super::error::LedgerError;
use super::work::Work;
use crate::unit::Unit;

/// The units of a batch, and how long the chains were when they were read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Export {
    /// In the order in which they were begun.
    pub units: Vec<ExportedUnit>,
    /// What the next export is to go on from.
    pub heads: Vec<ChainHead>,
}

/// A unit, and when it came to its state.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExportedUnit {
    /// The unit.
    pub unit: Unit,
    /// Milliseconds since 1970-01-01 UTC, by its station's clock.
    pub at: i64,
}

/// The units of `batch` that came to their state after `since`; all of them
/// where that is empty.
pub(super) fn export(
    work: &mut Work<'_>,
    batch: &str,
    since: &[ChainHead],
) -> Result<Export, LedgerError> {
    for head in since {
        let digest = work.query(
            "SELECT digest FROM <event> WHERE station = $1 AND seq = $2",
            &[head.station.as_str().into(), head.seq.into()],
        )?;
        if digest != [[Value::from(head.digest.as_str())]] {
            return Err(LedgerError::UnknownHead {
                station: head.station.clone(),
                seq: head.seq,
            });
        }
    }
    let mut units = Vec::new();
    for unit in work.units(batch)? {
        let rows = work.query(
            "SELECT s.station, s.seq, e.at FROM <step> s JOIN <event> e \
             ON e.station = s.station AND e.seq = s.seq WHERE s.chip = $1 AND s.step = $2",
            &[unit.chip.to_string().into(), unit.step.into()],
        )?;
        let row = rows.first().map(|row| &row[..]);
        let Some(
            [
                Value::Text(station),
                Value::Integer(seq),
                Value::Integer(at),
            ],
        ) = row
        else {
            return Err(LedgerError::Row(format!("of the step of {}", unit.chip)));
        };
        let known = since.iter().find(|head| head.station == *station);
        if known.is_none_or(|head| head.seq < *seq) {
            units.push(ExportedUnit { unit, at: *at });
        }
    }
    let heads = audit::heads(work)?;
    Ok(Export { units, heads })
}
