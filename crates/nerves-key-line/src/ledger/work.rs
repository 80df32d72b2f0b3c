//! What is done within one transaction.

use atecc::SerialNumber;
use data_encoding::{HEXLOWER, HEXUPPER};
use nerves_key_schema::ManufacturerSerial;
use serde_json::{Value as Json, json};

use super::database::{DatabaseError, Rows, Statements, Value};
use super::error::LedgerError;
use super::numbers::Source;
use super::rows::{columns, numbers, rows};
use super::schema::Tables;
use super::{Author, BEHIND, BatchStatus, Facts, now};
use crate::batch::{self, Batch};
use crate::event::{self, Event, EventKind};
use crate::unit::{State, Unit};

/// A transaction.
pub(crate) struct Work<'a> {
    pub(super) statements: &'a mut dyn Statements,
    pub(super) tables: &'a Tables,
    pub(super) author: &'a Author,
    pub(super) source: Source,
}

/// A number to give, and how often it was in use before.
pub(super) struct Number {
    pub(super) number: i64,
    pub(super) round: i64,
}

/// The places of a batch.
pub(super) struct Places {
    /// The next one.
    pub(super) next: i64,
    /// How many are free.
    pub(super) free: i64,
    /// How many are kept for leased numbers.
    pub(super) leased: i64,
}

impl Work<'_> {
    pub(crate) fn query(
        &mut self,
        text: &str,
        parameters: &[Value],
    ) -> Result<Rows, DatabaseError> {
        let statement = self.tables.statement(text);
        self.statements.query(&statement, parameters)
    }

    /// All rows of a table.
    pub(super) fn all(&mut self, table: &str) -> Result<Rows, DatabaseError> {
        let names = columns(table).join(", ");
        let order = match table {
            "event" => " ORDER BY station, seq",
            _ => "",
        };
        self.query(&format!("SELECT {names} FROM <{table}>{order}"), &[])
    }

    /// Whether the event of this identifier was written, by an attempt whose
    /// end was not seen.
    pub(crate) fn is_there(&mut self, id: &str) -> Result<bool, DatabaseError> {
        let rows = self.query("SELECT seq FROM <event> WHERE id = $1", &[id.into()])?;
        Ok(!rows.is_empty())
    }

    /// Write an event, and the rows that follow from it.
    pub(crate) fn append(
        &mut self,
        id: &str,
        chip: Option<SerialNumber>,
        kind: EventKind,
        body: &Json,
    ) -> Result<(), LedgerError> {
        let event = Event {
            station: self.author.station.clone(),
            seq: 0,
            id: id.to_owned(),
            at: now(),
            operator: self.author.operator.clone(),
            chip: chip.map(|chip| chip.to_string()),
            kind,
            body: body.to_string(),
            before: String::new(),
        };
        self.chain(event)
    }

    /// Write an event as the next one of its station's chain.
    pub(super) fn chain(&mut self, event: Event) -> Result<(), LedgerError> {
        let (last, before, _) = self.last()?;
        let event = Event {
            station: self.author.station.clone(),
            seq: number_after(last, || {
                format!("of the last event of {:?}", self.author.station)
            })?,
            before,
            ..event
        };
        for (table, values) in rows(&event) {
            let names = columns(table).join(", ");
            let places: Vec<_> = (1..=values.len()).map(|at| format!("${at}")).collect();
            let places = places.join(", ");
            self.query(
                &format!("INSERT INTO <{table}> ({names}) VALUES ({places})"),
                &values,
            )?;
        }
        Ok(())
    }

    /// Number, digest and time of the station's last event.
    fn last(&mut self) -> Result<(i64, String, i64), LedgerError> {
        let station = Value::from(&*self.author.station);
        let rows = self.query(
            "SELECT seq, digest, at FROM <event> WHERE station = $1 ORDER BY seq DESC LIMIT 1",
            &[station],
        )?;
        let Some(row) = rows.first() else {
            return Ok((0, event::beginning(), i64::MIN));
        };
        match &row[..] {
            [Value::Integer(seq), Value::Text(digest), Value::Integer(at)] => {
                Ok((*seq, digest.clone(), *at))
            }
            _ => Err(LedgerError::Row(format!(
                "of the last event of {:?}",
                self.author.station
            ))),
        }
    }

    /// That the clock did not jump back: before any chip is touched, since
    /// dates of certificates come from it.
    pub(super) fn check_clock(&mut self) -> Result<(), LedgerError> {
        // The latest, not the last: what is recorded of a clock that is behind
        // must not make it right.
        let station = Value::from(&*self.author.station);
        let statement = "SELECT MAX(at) FROM <event> WHERE station = $1";
        let rows = self.query(statement, &[station])?;
        let last = rows.first().and_then(|row| row.first()?.integer());
        let last = last.unwrap_or(i64::MIN);
        let now = now();
        let behind = i64::try_from(BEHIND.as_millis()).unwrap_or(i64::MAX);
        if now < last.saturating_sub(behind) {
            return Err(LedgerError::Clock { now, last });
        }
        Ok(())
    }

    /// A batch, as it was loaded.
    pub(super) fn batch(&mut self, name: &str) -> Result<Batch, LedgerError> {
        let found = self.find_batch(name)?;
        found.ok_or_else(|| LedgerError::NoBatch(name.to_owned()))
    }

    pub(super) fn find_batch(&mut self, name: &str) -> Result<Option<Batch>, LedgerError> {
        let statement = "SELECT name, document, digest FROM <batch> WHERE name = $1";
        let rows = self.query(statement, &[name.into()])?;
        rows.first().map(|row| stored_batch(row)).transpose()
    }

    /// What is known of a chip.
    pub(super) fn unit(&mut self, chip: SerialNumber) -> Result<Option<Unit>, LedgerError> {
        let name = chip.to_string();
        let statement = "SELECT batch, serial FROM <unit> WHERE chip = $1";
        let rows = self.query(statement, &[name.as_str().into()])?;
        let row = |what: &str| LedgerError::Row(format!("of {what} of {name}"));
        let Some(unit) = rows.first() else {
            return Ok(None);
        };
        let [Value::Text(batch), Value::Text(serial)] = &unit[..] else {
            return Err(row("the unit"));
        };
        let rows = self.query(
            "SELECT step, state FROM <step> WHERE chip = $1 ORDER BY step DESC LIMIT 1",
            &[name.as_str().into()],
        )?;
        let step = rows.first().ok_or_else(|| row("the step"))?;
        let [Value::Integer(step), Value::Text(state)] = &step[..] else {
            return Err(row("the step"));
        };
        let key = self.query(
            "SELECT key FROM <key> WHERE chip = $1 ORDER BY step DESC LIMIT 1",
            &[name.as_str().into()],
        )?;
        let key = key.first().and_then(|row| row.first()?.text());
        let decoded = |text: &str| HEXUPPER.decode(text.as_bytes()).ok();
        let key = key.map(|key| decoded(key).and_then(|key| key.try_into().ok()));
        let certificate = self.query(
            "SELECT certificate FROM <certificate> WHERE chip = $1 ORDER BY step DESC LIMIT 1",
            &[name.as_str().into()],
        )?;
        let certificate = certificate.first().and_then(|row| row.first()?.text());
        let certificate = certificate.map(|text| HEXLOWER.decode(text.as_bytes()).ok());
        Ok(Some(Unit {
            chip,
            batch: batch.clone(),
            serial: serial.clone(),
            state: state.parse().map_err(|_error| row("the state"))?,
            step: *step,
            public_key: key
                .map(|key| key.ok_or_else(|| row("the key")))
                .transpose()?,
            certificate: certificate
                .map(|der| der.ok_or_else(|| row("the certificate")))
                .transpose()?,
        }))
    }

    pub(super) fn units(&mut self, batch: &str) -> Result<Vec<Unit>, LedgerError> {
        let rows = self.query(
            "SELECT chip FROM <unit> WHERE batch = $1 ORDER BY place",
            &[batch.into()],
        )?;
        let mut units = Vec::new();
        for row in rows {
            let name = row.first().and_then(Value::text).unwrap_or_default();
            let chip = chip_of(name).ok_or_else(|| LedgerError::Row(format!("of {name:?}")))?;
            units.extend(self.unit(chip)?);
        }
        Ok(units)
    }

    /// A place and a serial for a chip that is not known yet.
    pub(super) fn reserve(
        &mut self,
        id: &str,
        chip: SerialNumber,
        batch: &str,
        given: Option<&ManufacturerSerial>,
    ) -> Result<Unit, LedgerError> {
        let batch = self.batch(batch)?;
        let (serial, number) = self.serial(&batch, given)?;
        let mut body = self.membership(&batch, chip, &serial)?;
        if let Some(Number { number, round }) = number {
            body["pool"] = batch.serials.pool().into();
            body["numbers"] = numbers([(number, round)]);
        }
        self.append(id, Some(chip), EventKind::Became(State::Reserved), &body)?;
        self.unit(chip)?.ok_or(LedgerError::NoUnit(chip))
    }

    pub(super) fn record_finished(
        &mut self,
        id: &str,
        chip: SerialNumber,
        batch: &str,
        serial: &ManufacturerSerial,
        facts: &Facts,
    ) -> Result<Unit, LedgerError> {
        let batch = self.batch(batch)?;
        let mut body = self.membership(&batch, chip, serial)?;
        self.add_facts(&mut body, chip, None, facts)?;
        body["recorded"] = true.into();
        self.append(id, Some(chip), EventKind::Became(State::Verified), &body)?;
        self.unit(chip)?.ok_or(LedgerError::NoUnit(chip))
    }

    /// The members of a body that make a unit.
    fn membership(
        &mut self,
        batch: &Batch,
        chip: SerialNumber,
        serial: &ManufacturerSerial,
    ) -> Result<Json, LedgerError> {
        let (product, text) = (batch.product.as_str(), serial.as_str());
        let statement = "SELECT chip FROM <serial> WHERE product = $1 AND serial = $2";
        let holder = self.query(statement, &[product.into(), text.into()])?;
        let holder = holder.first().and_then(|row| row.first()?.text());
        if let Some(holder) = holder.filter(|holder| *holder != chip.to_string()) {
            return Err(LedgerError::SerialTaken {
                serial: text.to_owned(),
                product: product.to_owned(),
                chip: holder.to_owned(),
            });
        }
        Ok(json!({
            "batch": batch.name,
            "place": self.place(batch)?,
            "product": product,
            "serial": text,
            "step": 0,
        }))
    }

    /// The next place of a batch.
    fn place(&mut self, batch: &Batch) -> Result<i64, LedgerError> {
        let places = self.places(batch)?;
        if places.free <= 0 {
            return Err(LedgerError::Full {
                batch: batch.name.clone(),
                count: batch.count,
                leased: places.leased,
            });
        }
        Ok(places.next)
    }

    /// The places of a batch. Those of scrapped units are filled again, those
    /// of leased numbers are kept for them.
    pub(super) fn places(&mut self, batch: &Batch) -> Result<Places, LedgerError> {
        let name = Value::from(&*batch.name);
        let statement = "SELECT COALESCE(MAX(place), 0) FROM <unit> WHERE batch = $1";
        let highest = self.query(statement, std::slice::from_ref(&name))?;
        let scrapped = self.query(
            "SELECT COUNT(*) FROM <unit> u JOIN <step> s ON s.chip = u.chip \
             WHERE u.batch = $1 AND s.state = 'scrapped'",
            &[name],
        )?;
        let described = || format!("of the places of {:?}", batch.name);
        let number = |rows: &Rows| {
            let number = rows.first().and_then(|row| row.first()?.integer());
            number.ok_or_else(|| LedgerError::Row(described()))
        };
        let (highest, scrapped) = (number(&highest)?, number(&scrapped)?);
        // A spool has as many places as numbers.
        let leased = match self.source {
            Source::Counter => self.count_leased(batch)?,
            Source::Lease => 0,
        };
        let taken = highest.checked_sub(scrapped);
        let free = taken.and_then(|taken| i64::from(batch.count).checked_sub(taken));
        let free = free.and_then(|free| free.checked_sub(leased));
        Ok(Places {
            next: number_after(highest, described)?,
            free: free.ok_or_else(|| LedgerError::Row(described()))?,
            leased,
        })
    }

    /// The serial for the next unit of a batch, and its number where it has one.
    fn serial(
        &mut self,
        batch: &Batch,
        given: Option<&ManufacturerSerial>,
    ) -> Result<(ManufacturerSerial, Option<Number>), LedgerError> {
        if !batch.serials.is_numbered() {
            let given = given.copied();
            let serial = given.ok_or_else(|| LedgerError::SerialWanted(batch.name.clone()))?;
            return Ok((serial, None));
        }
        if let Some(given) = given {
            return Err(LedgerError::SerialGiven {
                batch: batch.name.clone(),
                serial: given.as_str().to_owned(),
            });
        }
        let mut number = match self.source {
            Source::Counter => self.next_number(batch)?,
            Source::Lease => self.lowest(batch, "leased")?.ok_or(LedgerError::NoLease)?,
        };
        loop {
            let at = u64::try_from(number.number).map_err(|_negative| {
                LedgerError::Row(format!("of a number of {:?}", batch.name))
            })?;
            let serial = batch.serials.serial(at)?;
            let serial = serial.ok_or_else(|| LedgerError::SerialWanted(batch.name.clone()))?;
            let statement = "SELECT chip FROM <serial> WHERE product = $1 AND serial = $2";
            let parameters = [batch.product.as_str().into(), serial.as_str().into()];
            if self.query(statement, &parameters)?.is_empty() {
                return Ok((serial, Some(number)));
            }
            if self.source == Source::Lease {
                return Err(LedgerError::NoLease);
            }
            // Scanned, or of another scheme of the product: a number is lost.
            number = Number {
                number: number.number.saturating_add(1),
                round: 0,
            };
        }
    }

    /// The lowest number that was given back, or else the next one.
    pub(super) fn next_number(&mut self, batch: &Batch) -> Result<Number, LedgerError> {
        if let Some(number) = self.lowest(batch, "returned")? {
            return Ok(number);
        }
        Ok(Number {
            number: self.after_last(batch)?,
            round: 0,
        })
    }

    /// A unit's next state.
    pub(super) fn advance(
        &mut self,
        id: &str,
        seen: &Unit,
        state: State,
        facts: &Facts,
    ) -> Result<(), LedgerError> {
        let chip = seen.chip;
        let unit = self.unit(chip)?.ok_or(LedgerError::NoUnit(chip))?;
        if unit.step != seen.step {
            return Err(LedgerError::Overtaken {
                chip,
                seen: seen.state,
                state: unit.state,
            });
        }
        if !unit.state.may_become(state) {
            return Err(LedgerError::Order {
                chip,
                state: unit.state,
                next: state,
            });
        }
        let step = number_after(unit.step, || format!("of the step of {chip}"))?;
        let mut body = json!({ "from": unit.state.name(), "step": step });
        self.add_facts(&mut body, chip, Some(&unit), facts)?;
        self.append(id, Some(chip), EventKind::Became(state), &body)
    }

    /// What is recorded with a state. A key or certificate that the unit has
    /// already is not recorded twice.
    fn add_facts(
        &mut self,
        body: &mut Json,
        chip: SerialNumber,
        unit: Option<&Unit>,
        facts: &Facts,
    ) -> Result<(), LedgerError> {
        for (name, note) in &facts.notes {
            body[format!("note-{name}")] = note.clone();
        }
        let other = |what, rows: Rows| match rows.first().and_then(|row| row.first()?.text()) {
            Some(holder) if holder == chip.to_string() => Ok(true),
            Some(holder) => Err(LedgerError::Taken {
                what,
                chip,
                other: holder.to_owned(),
            }),
            None => Ok(false),
        };
        if let Some(key) = &facts.public_key {
            let key_text = HEXUPPER.encode(key);
            let statement = "SELECT chip FROM <key> WHERE key = $1";
            let rows = self.query(statement, &[key_text.as_str().into()])?;
            let is_known = other("public key", rows)?;
            let replaced = unit
                .and_then(|unit| unit.public_key)
                .filter(|old| old != key);
            if let Some(old) = replaced {
                body["replaced-key"] = HEXUPPER.encode(&old).into();
            }
            if !is_known {
                body["key"] = key_text.into();
            }
        }
        if let Some(issued) = &facts.certificate {
            let signer = HEXUPPER.encode(&issued.signer);
            let serial = HEXUPPER.encode(&issued.serial);
            let statement = "SELECT chip FROM <certificate> WHERE signer = $1 AND serial = $2";
            let rows = self.query(statement, &[signer.as_str().into(), serial.as_str().into()])?;
            let is_known = other("certificate's serial number", rows)?;
            if !is_known {
                body["certificate"] = json!({
                    "signer": signer,
                    "serial": serial,
                    "der": HEXLOWER.encode(&issued.der),
                });
            }
        }
        Ok(())
    }
}

/// The number after one that stands in the database. Behind the last of all there
/// is none, and no ledger writes that one.
pub(crate) fn number_after(number: i64, row: impl FnOnce() -> String) -> Result<i64, LedgerError> {
    number.checked_add(1).ok_or_else(|| LedgerError::Row(row()))
}

/// The batch of a row of name, document and digest. A chip is made as the document
/// says, so that it has to be the one that was loaded.
fn stored_batch(row: &[Value]) -> Result<Batch, LedgerError> {
    let [
        Value::Text(name),
        Value::Text(document),
        Value::Text(digest),
    ] = row
    else {
        return Err(LedgerError::Row("of a batch".to_owned()));
    };
    let altered = |cause| LedgerError::BatchAltered {
        batch: name.clone(),
        cause,
    };
    let found = batch::digest(document);
    if found != *digest {
        return Err(altered(format!(
            "its document has the digest {found}, and {digest} stands beside it"
        )));
    }
    let batch = Batch::from_document(document)?;
    if batch.name != *name {
        return Err(altered(format!("its document is of {:?}", batch.name)));
    }
    Ok(batch)
}

/// How far each batch is.
pub(super) fn status(work: &mut Work<'_>) -> Result<Vec<BatchStatus>, LedgerError> {
    let statement = "SELECT name, document, digest FROM <batch> ORDER BY name";
    let batches = work.query(statement, &[])?;
    let counted = work.query(
        "SELECT u.batch, s.state, COUNT(*) FROM <unit> u JOIN <step> s ON s.chip = u.chip \
         WHERE s.step = (SELECT MAX(t.step) FROM <step> t WHERE t.chip = u.chip) \
         GROUP BY u.batch, s.state",
        &[],
    )?;
    let batches = batches.iter().map(|row| {
        let batch = stored_batch(row)?;
        let units = State::ALL.into_iter().map(|state| {
            let of_it = counted.iter().filter_map(|row| match &row[..] {
                [Value::Text(name), Value::Text(one), Value::Integer(count)] => {
                    (*name == batch.name && one == state.name()).then_some(*count)
                }
                _ => None,
            });
            (state, u64::try_from(of_it.sum::<i64>()).unwrap_or(0))
        });
        let units = units.collect();
        Ok(BatchStatus { batch, units })
    });
    batches.collect()
}

/// The chip of 18 hex digits.
pub(crate) fn chip_of(text: &str) -> Option<SerialNumber> {
    let bytes = HEXUPPER.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok().map(SerialNumber)
}
