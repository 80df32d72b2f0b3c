//! Numbers that are leased to a station in advance, and where the others are.
//!
//! What is done with a number is a row of its own, each of a further round:
//! `leased`, then `unit` or `returned`; after `returned` it is given again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde_json::json;

use super::database::Value;
use super::error::LedgerError;
use super::rows::numbers;
use super::work::{Number, Work, number_after};
use super::{Ledger, event_id};
use crate::batch::Batch;
use crate::event::{Event, EventKind};
use crate::serials::{SerialPattern, SerialScheme};

/// Where numbers come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// Those that were given back, then the next one.
    Counter,
    /// Those that were leased, and no other.
    Lease,
}

/// Numbers that a station has and has not used.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Lease {
    /// Whose.
    pub station: String,
    /// The batch for which it took them.
    pub batch: String,
    /// The spool that has them.
    pub spool: String,
    /// When it took the last of them: milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// The numbers, in order.
    pub numbers: Vec<i64>,
}

/// What became of the numbers of a batch's serial scheme. With the units they
/// are all of them: none is missing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Numbers {
    /// Those that stations have and have not used.
    pub leased: Vec<Lease>,
    /// Those that were given back, and are given or leased next.
    pub returned: Vec<i64>,
    /// Those that were left out, since their serials were another unit's.
    pub skipped: Vec<i64>,
    /// Those that nobody gets, since a later batch begins above them.
    pub passed: Vec<RangeInclusive<i64>>,
}

/// A number that is leased: itself, its round, and the event.
pub(super) struct LeasedNumber {
    pub(super) number: i64,
    round: i64,
    station: String,
    seq: i64,
}

/// Numbers that one event leased, each with its round, as far as they are not
/// used.
struct LeasedBlock {
    station: String,
    batch: String,
    spool: String,
    at: i64,
    numbers: Vec<(i64, i64)>,
}

impl Ledger {
    /// Take numbers of a batch in advance, so that `spool` has `units` of them.
    /// They are fewer where the scheme has no more, and at most half of the places
    /// that are free or this spool's, but one: the others are for whoever has a
    /// chip in hand.
    ///
    /// # Errors
    /// [`LedgerError::NoNumbers`] when serials are not given by number.
    pub fn lease(&mut self, batch: &str, spool: &str, units: u32) -> Result<(), LedgerError> {
        let id = event_id()?;
        self.run(|work| {
            if work.is_there(&id)? {
                return Ok(());
            }
            let batch = work.batch(batch)?;
            if !batch.serials.is_numbered() {
                return Err(LedgerError::NoNumbers(batch.name));
            }
            let unused = work.unused_numbers(&batch, spool)?.len();
            let unused = i64::try_from(unused).unwrap_or(i64::MAX);
            let free = work.places(&batch)?.free;
            let share = (unused.saturating_add(free) / 2).max(1);
            let wanted = i64::from(units).min(share).saturating_sub(unused).min(free);
            let block = work.numbers_to_lease(&batch, wanted)?;
            if block.is_empty() {
                return Ok(());
            }
            let body = json!({
                "batch": batch.name,
                "product": batch.product,
                "pool": batch.serials.pool(),
                "spool": spool,
                "numbers": numbers(block),
            });
            work.append(&id, None, EventKind::Leased, &body)
        })
    }

    /// How many places of a batch are free, those of leased numbers left out.
    ///
    /// # Errors
    /// What the database says.
    pub fn free_places(&mut self, batch: &str) -> Result<u64, LedgerError> {
        let free = self.run(|work| {
            let batch = work.batch(batch)?;
            Ok(work.places(&batch)?.free)
        })?;
        Ok(u64::try_from(free).unwrap_or(0))
    }

    /// The numbers that `spool` has and has not used, each with its round.
    pub(crate) fn unused_numbers(
        &mut self,
        batch: &str,
        spool: &str,
    ) -> Result<Vec<(i64, i64)>, LedgerError> {
        self.run(|work| {
            let batch = work.batch(batch)?;
            work.unused_numbers(&batch, spool)
        })
    }

    /// What became of the numbers of a batch's serial scheme; nothing where
    /// serials are not given by number.
    ///
    /// # Errors
    /// What the database says.
    pub fn numbers(&mut self, batch: &str) -> Result<Numbers, LedgerError> {
        self.read(|work| {
            let batch = work.batch(batch)?;
            work.numbers(&batch)
        })
    }
}

impl Work<'_> {
    /// The lowest number whose last use is `last`, for its next round.
    pub(super) fn lowest(
        &mut self,
        batch: &Batch,
        last: &str,
    ) -> Result<Option<Number>, LedgerError> {
        let numbers = self.numbers_last_used_as(batch, last, 1)?;
        let again = numbers.first().map(|used| {
            Ok(Number {
                number: used.number,
                round: round_after(used.number, used.round)?,
            })
        });
        again.transpose()
    }

    /// The numbers whose last use is `last`, in order, as many as `most`.
    pub(super) fn numbers_last_used_as(
        &mut self,
        batch: &Batch,
        last: &str,
        most: i64,
    ) -> Result<Vec<LeasedNumber>, LedgerError> {
        let rows = self.query(
            "SELECT n.number, n.round, n.station, n.seq FROM <number> n WHERE n.product = $1 \
             AND n.pool = $2 AND n.use = $3 AND NOT EXISTS (SELECT 1 FROM <number> m \
             WHERE m.product = n.product AND m.pool = n.pool AND m.number = n.number \
             AND m.round > n.round) ORDER BY n.number LIMIT $4",
            &[
                Value::from(&*batch.product),
                Value::from(batch.serials.pool()),
                Value::from(last),
                Value::from(most),
            ],
        )?;
        let numbers = rows.iter().map(|row| match &row[..] {
            [
                Value::Integer(number),
                Value::Integer(round),
                Value::Text(station),
                Value::Integer(seq),
            ] => Ok(LeasedNumber {
                number: *number,
                round: *round,
                station: station.clone(),
                seq: *seq,
            }),
            _ => Err(LedgerError::Row(format!("of a number of {:?}", batch.name))),
        });
        numbers.collect()
    }

    /// The leased numbers of a scheme, by the events that took them.
    fn leases(&mut self, batch: &Batch) -> Result<Vec<LeasedBlock>, LedgerError> {
        let mut numbers: BTreeMap<(String, i64), Vec<(i64, i64)>> = BTreeMap::new();
        for leased in self.numbers_last_used_as(batch, "leased", i64::MAX)? {
            let of_event = numbers.entry((leased.station, leased.seq)).or_default();
            of_event.push((leased.number, leased.round));
        }
        let mut blocks = Vec::new();
        for ((station, seq), numbers) in numbers {
            let event = self.event(&station, seq)?;
            let [batch, spool] =
                ["batch", "spool"].map(|name| event.text(name).unwrap_or_default());
            blocks.push(LeasedBlock {
                station,
                batch,
                spool,
                at: event.at,
                numbers,
            });
        }
        Ok(blocks)
    }

    /// How many numbers are leased for a batch.
    pub(super) fn count_leased(&mut self, batch: &Batch) -> Result<i64, LedgerError> {
        if !batch.serials.is_numbered() {
            return Ok(0);
        }
        let blocks = self.leases(batch)?;
        let of_it = blocks.iter().filter(|block| block.batch == batch.name);
        let count: usize = of_it.map(|block| block.numbers.len()).sum();
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The numbers that `spool` has and has not used, each with its round.
    pub(crate) fn unused_numbers(
        &mut self,
        batch: &Batch,
        spool: &str,
    ) -> Result<Vec<(i64, i64)>, LedgerError> {
        let blocks = self.leases(batch)?.into_iter();
        let of_it = blocks.filter(|block| block.spool == spool);
        let mut unused: Vec<_> = of_it.flat_map(|block| block.numbers).collect();
        unused.sort_unstable();
        Ok(unused)
    }

    /// An event.
    fn event(&mut self, station: &str, seq: i64) -> Result<Event, LedgerError> {
        let names = super::rows::columns("event").join(", ");
        let statement = format!("SELECT {names} FROM <event> WHERE station = $1 AND seq = $2");
        let rows = self.query(&statement, &[station.into(), seq.into()])?;
        let event = rows.first().and_then(|row| Event::from_row(row));
        let event = event.map(|(event, _)| event);
        event.ok_or_else(|| LedgerError::Row(format!("of the event {seq} of {station:?}")))
    }

    /// Numbers to lease: those that were given back, then the next ones whose
    /// serials are nobody's.
    fn numbers_to_lease(
        &mut self,
        batch: &Batch,
        wanted: i64,
    ) -> Result<Vec<(i64, i64)>, LedgerError> {
        if wanted <= 0 {
            return Ok(Vec::new());
        }
        let returned = self.numbers_last_used_as(batch, "returned", wanted)?;
        let mut block = returned
            .iter()
            .map(|it| Ok((it.number, round_after(it.number, it.round)?)))
            .collect::<Result<Vec<_>, LedgerError>>()?;
        let mut number = self.after_last(batch)?;
        while i64::try_from(block.len()).unwrap_or(i64::MAX) < wanted {
            let at = u64::try_from(number).unwrap_or(u64::MAX);
            let Ok(Some(serial)) = batch.serials.serial(at) else {
                // They run out: fewer is what there is.
                break;
            };
            let statement = "SELECT chip FROM <serial> WHERE product = $1 AND serial = $2";
            let parameters = [batch.product.as_str().into(), serial.as_str().into()];
            if self.query(statement, &parameters)?.is_empty() {
                block.push((number, 0));
            }
            number = number.saturating_add(1);
        }
        Ok(block)
    }

    /// The number after the highest that was ever given.
    pub(super) fn after_last(&mut self, batch: &Batch) -> Result<i64, LedgerError> {
        let of = [
            Value::from(&*batch.product),
            Value::from(batch.serials.pool()),
        ];
        let last = self.query(
            "SELECT MAX(number) FROM <number> WHERE product = $1 AND pool = $2",
            &of,
        )?;
        let last = last.first().and_then(|row| row.first()?.integer());
        let first = i64::try_from(batch.serials.first()).unwrap_or(i64::MAX);
        let Some(last) = last else {
            return Ok(first);
        };
        let next = number_after(last, || format!("of a number of {:?}", batch.name))?;
        Ok(first.max(next))
    }

    fn numbers(&mut self, batch: &Batch) -> Result<Numbers, LedgerError> {
        if !batch.serials.is_numbered() {
            return Ok(Numbers::default());
        }
        let mut leased: BTreeMap<_, Lease> = BTreeMap::new();
        for block in self.leases(batch)? {
            let key = (
                block.batch.clone(),
                block.station.clone(),
                block.spool.clone(),
            );
            let lease = leased.entry(key).or_insert(Lease {
                station: block.station,
                batch: block.batch,
                spool: block.spool,
                at: block.at,
                numbers: Vec::new(),
            });
            lease.at = lease.at.max(block.at);
            let numbers = block.numbers.into_iter().map(|(number, _)| number);
            lease.numbers.extend(numbers);
            lease.numbers.sort_unstable();
        }
        let returned = self.numbers_last_used_as(batch, "returned", i64::MAX)?;
        let of = [
            Value::from(&*batch.product),
            Value::from(batch.serials.pool()),
        ];
        let given = self.query(
            "SELECT DISTINCT number FROM <number> WHERE product = $1 AND pool = $2",
            &of,
        )?;
        let given: BTreeSet<i64> = given
            .iter()
            .filter_map(|row| row.first()?.integer())
            .collect();
        let skipped = self.find_skipped(batch, &given)?;
        let mut accounted = given;
        accounted.extend(&skipped);
        let next = accounted.iter().skip(1);
        let gaps = accounted.iter().zip(next);
        let gaps = gaps.map(|(before, after)| before.saturating_add(1)..=after.saturating_sub(1));
        let passed = gaps.filter(|gap| !gap.is_empty()).collect();
        Ok(Numbers {
            leased: leased.into_values().collect(),
            returned: returned.iter().map(|it| it.number).collect(),
            skipped,
            passed,
        })
    }

    /// The numbers between those that were given whose serials units have
    /// otherwise, in order. There are no more of them than units.
    fn find_skipped(
        &mut self,
        batch: &Batch,
        given: &BTreeSet<i64>,
    ) -> Result<Vec<i64>, LedgerError> {
        let (Some(&lowest), Some(&highest)) = (given.first(), given.last()) else {
            return Ok(Vec::new());
        };
        let serials = self.query(
            "SELECT serial FROM <serial> WHERE product = $1",
            &[Value::from(&*batch.product)],
        )?;
        let serials: BTreeSet<&str> = serials
            .iter()
            .filter_map(|row| row.first()?.text())
            .collect();
        let numbers = find_numbers(&batch.serials, &serials).into_iter();
        let numbers = numbers.filter_map(|it| i64::try_from(it).ok());
        let mut numbers: Vec<_> = numbers
            .filter(|it| (lowest..=highest).contains(it))
            .collect();
        numbers.retain(|number| !given.contains(number));
        Ok(numbers)
    }
}

/// The numbers of a scheme whose serials are among `serials`.
pub(super) fn find_numbers(scheme: &SerialScheme, serials: &BTreeSet<&str>) -> BTreeSet<u64> {
    match scheme {
        SerialScheme::Pattern(pattern) => serials
            .iter()
            .filter_map(|serial| number_of(pattern, serial))
            .collect(),
        SerialScheme::List(list) => (0..)
            .take(list.len())
            .filter(|&number| {
                list.serial(number)
                    .is_ok_and(|serial| serials.contains(serial.as_str()))
            })
            .collect(),
        SerialScheme::Scanned | SerialScheme::Chip => BTreeSet::new(),
    }
}

/// The round after one of a number.
pub(crate) fn round_after(number: i64, round: i64) -> Result<i64, LedgerError> {
    number_after(round, || format!("of a round of the number {number}"))
}

/// The number of a pattern that has `serial`.
fn number_of(pattern: &SerialPattern, serial: &str) -> Option<u64> {
    let text = pattern.to_string();
    let (before, rest) = text.split_once('{')?;
    let (_, after) = rest.split_once('}')?;
    let number = serial.strip_prefix(before)?.strip_suffix(after)?;
    let number = number.parse().ok()?;
    let same = pattern.serial(number).ok()?;
    (same.as_str() == serial).then_some(number)
}

/// Rows of numbers that are out of turn: after a unit there is nothing more, and
/// what was leased is its station's until that gives it back.
pub(super) fn find_out_of_turn(rows: &[Vec<Value>]) -> Vec<&Vec<Value>> {
    let mut last: BTreeMap<_, (i64, &str, &str)> = BTreeMap::new();
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort();
    let mut wrong = Vec::new();
    for row in sorted {
        // Product, pool, number and round come first.
        let [
            product,
            pool,
            number,
            Value::Integer(round),
            Value::Text(using),
            Value::Text(station),
            _,
        ] = &row[..]
        else {
            continue;
        };
        let before = last.insert((product, pool, number), (*round, using, station));
        let fits = match before {
            None => *round == 0 && using != "returned",
            Some((before, "leased", holder)) => {
                Some(*round) == before.checked_add(1) && using != "leased" && holder == station
            }
            Some((before, "returned", _)) => {
                Some(*round) == before.checked_add(1) && using != "returned"
            }
            Some(_) => false,
        };
        if !fits {
            wrong.push(row);
        }
    }
    wrong
}
