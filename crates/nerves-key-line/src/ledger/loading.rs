//! What could go wrong with a batch, before it is loaded.

use std::collections::BTreeSet;

use super::database::Value;
use super::error::LedgerError;
use super::numbers::find_numbers;
use super::work::Work;
use crate::batch::Batch;
use crate::serials::SerialScheme;

impl Work<'_> {
    /// That a batch can be loaded. False when it is there already, the same.
    pub(super) fn check_batch(&mut self, batch: &Batch) -> Result<bool, LedgerError> {
        if let Some(there) = self.find_batch(&batch.name)? {
            let is_this = there == *batch;
            let other = || LedgerError::OtherBatch(batch.name.clone());
            return is_this.then_some(false).ok_or_else(other);
        }
        self.check_numbers(batch)?;
        Ok(true)
    }

    /// That there are as many serials as the batch has units: neither given to a
    /// unit of the product, whatever scheme gave them, nor leased, nor passed over
    /// by the counter, nor to come of a list for another batch.
    fn check_numbers(&mut self, batch: &Batch) -> Result<(), LedgerError> {
        let Some(last) = batch.serials.last() else {
            return Ok(());
        };
        let others = self.batches_of(&batch.product)?;
        let taken = self.taken_serials(batch, &others)?;
        let taken: BTreeSet<&str> = taken.iter().map(String::as_str).collect();
        let used = find_numbers(&batch.serials, &taken);
        let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
        let next = unsigned(self.after_last(batch)?);
        let mut left = (last + 1).saturating_sub(next);
        if next <= last {
            left = left.saturating_sub(used.range(next..=last).count() as u64);
        }
        let returned = self.numbers_last_used_as(batch, "returned", i64::MAX)?;
        let returned = returned.iter().map(|it| unsigned(it.number));
        left += returned.filter(|number| !used.contains(number)).count() as u64;
        let (promised, holder) = self.promised(batch, &others)?;
        let count = u64::from(batch.count);
        if left.saturating_sub(promised) >= count {
            return Ok(());
        }
        if let Some(other) = holder.filter(|_| left >= count) {
            return Err(LedgerError::ListPromised {
                batch: batch.name.clone(),
                count: batch.count,
                left: left.saturating_sub(promised),
                other,
            });
        }
        let mut used = used.range(batch.serials.first()..);
        // Where the counter only passed over some: the last that was given.
        let example = used.next().copied().unwrap_or(next.saturating_sub(1));
        let example = batch.serials.serial(example).ok().flatten();
        Err(LedgerError::NumbersUsed {
            batch: batch.name.clone(),
            count: batch.count,
            left: left.saturating_sub(promised),
            used: example.map(|serial| serial.as_str().to_owned()),
        })
    }

    /// Every batch of a product.
    fn batches_of(&mut self, product: &str) -> Result<Vec<Batch>, LedgerError> {
        let statement = "SELECT name FROM <batch> WHERE product = $1 ORDER BY name";
        let names = self.query(statement, &[product.into()])?;
        let names = names.iter().filter_map(|row| row.first()?.text());
        names.map(|name| self.batch(name)).collect()
    }

    /// The serials of the product that units have, and those that are leased by
    /// other schemes: those of its own are counted by number.
    fn taken_serials(
        &mut self,
        batch: &Batch,
        others: &[Batch],
    ) -> Result<BTreeSet<String>, LedgerError> {
        let statement = "SELECT serial FROM <serial> WHERE product = $1";
        let rows = self.query(statement, &[Value::from(&*batch.product)])?;
        let serials = rows.iter().filter_map(|row| row.first()?.text());
        let mut taken: BTreeSet<String> = serials.map(str::to_owned).collect();
        let mut pools = BTreeSet::from([batch.serials.pool()]);
        for other in others {
            if !other.serials.is_numbered() || !pools.insert(other.serials.pool()) {
                continue;
            }
            for leased in self.numbers_last_used_as(other, "leased", i64::MAX)? {
                let number = u64::try_from(leased.number).unwrap_or(u64::MAX);
                let serial = other.serials.serial(number).ok().flatten();
                taken.extend(serial.map(|serial| serial.as_str().to_owned()));
            }
        }
        Ok(taken)
    }

    /// How many serials of a list other batches are still to have, and one of
    /// them. A counter goes on for all, and nobody knows which batch it ends with.
    fn promised(
        &mut self,
        batch: &Batch,
        others: &[Batch],
    ) -> Result<(u64, Option<String>), LedgerError> {
        let SerialScheme::List(list) = &batch.serials else {
            return Ok((0, None));
        };
        let (mut promised, mut holder) = (0u64, None);
        for other in others {
            if !matches!(&other.serials, SerialScheme::List(same) if same == list) {
                continue;
            }
            let free = u64::try_from(self.places(other)?.free).unwrap_or_default();
            if free > 0 {
                promised = promised.saturating_add(free);
                holder.get_or_insert_with(|| other.name.clone());
            }
        }
        Ok((promised, holder))
    }
}
