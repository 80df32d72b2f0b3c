//! An event of a spool, written into the ledger's chain of the station.

use atecc::SerialNumber;
use serde_json::Value as Json;

use super::Ledger;
use super::database::Value;
use super::error::LedgerError;
use super::work::{Work, chip_of, number_after};
use crate::event::{Event, EventKind};
use crate::unit::State;

impl Ledger {
    /// Write `event`, which happened while the ledger was away; once, however
    /// often it is called. It keeps its identifier, time and operator, and gets
    /// the digest that it has in the spool's chain.
    ///
    /// # Errors
    /// [`LedgerError::Database`] when it may be tried again; anything else is a
    /// conflict, and nothing is written.
    pub(crate) fn replay(&mut self, event: &Event) -> Result<(), LedgerError> {
        self.run(|work| {
            if work.is_there(&event.id)? {
                return Ok(());
            }
            let row = || LedgerError::Row(format!("of the event {} of the spool", event.seq));
            let mut body: Json = serde_json::from_str(&event.body).map_err(|_error| row())?;
            match (event.kind, event.chip.as_deref().and_then(chip_of)) {
                (EventKind::Became(State::Reserved), Some(chip)) if body["place"].is_i64() => {
                    work.check_new(chip, &body)?;
                    work.check_event_numbers(&body)?;
                    let batch = work.batch(body["batch"].as_str().unwrap_or_default())?;
                    body["place"] = work.places(&batch)?.next.into();
                }
                (EventKind::Became(state), Some(chip)) => {
                    work.check_step(chip, state, &body)?;
                    work.check_free(chip, &body)?;
                }
                (EventKind::Failed, Some(_)) => {}
                (EventKind::Returned, None) => work.check_event_numbers(&body)?,
                _ => return Err(row()),
            }
            body["spooled"] = event.digest().into();
            work.chain(Event {
                body: body.to_string(),
                ..event.clone()
            })
        })
    }
}

impl Work<'_> {
    /// That neither the chip nor its serial is known.
    fn check_new(&mut self, chip: SerialNumber, body: &Json) -> Result<(), LedgerError> {
        if let Some(unit) = self.unit(chip)? {
            return Err(LedgerError::KnownOtherwise {
                chip,
                batch: unit.batch,
                serial: unit.serial,
            });
        }
        let [product, serial] =
            ["product", "serial"].map(|name| body[name].as_str().unwrap_or_default());
        let statement = "SELECT chip FROM <serial> WHERE product = $1 AND serial = $2";
        let holder = self.query(statement, &[product.into(), serial.into()])?;
        match holder.first().and_then(|row| row.first()?.text()) {
            Some(holder) => Err(LedgerError::SerialTaken {
                serial: serial.to_owned(),
                product: product.to_owned(),
                chip: holder.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// That the numbers of a body are leased to this station.
    fn check_event_numbers(&mut self, body: &Json) -> Result<(), LedgerError> {
        let [product, pool] =
            ["product", "pool"].map(|name| body[name].as_str().unwrap_or_default());
        for entry in body["numbers"].as_array().into_iter().flatten() {
            let [number, round] =
                ["number", "round"].map(|name| entry[name].as_i64().unwrap_or(i64::MIN));
            let last = self.query(
                "SELECT use, station, round FROM <number> WHERE product = $1 AND pool = $2 \
                 AND number = $3 ORDER BY round DESC LIMIT 1",
                &[product.into(), pool.into(), number.into()],
            )?;
            let leased = [
                Value::from("leased"),
                Value::from(&*self.author.station),
                Value::from(round.saturating_sub(1)),
            ];
            if last.first().map(|row| &row[..]) != Some(&leased) {
                return Err(LedgerError::NotLeased {
                    number,
                    pool: pool.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// That the unit is in the state that the event goes on from.
    fn check_step(
        &mut self,
        chip: SerialNumber,
        state: State,
        body: &Json,
    ) -> Result<(), LedgerError> {
        let unit = self.unit(chip)?.ok_or(LedgerError::NoUnit(chip))?;
        let from = body["from"].as_str().and_then(|from| from.parse().ok());
        let step = number_after(unit.step, || format!("of the step of {chip}"))?;
        if body["step"].as_i64() != Some(step) || from != Some(unit.state) {
            return Err(LedgerError::Overtaken {
                chip,
                seen: from.unwrap_or(unit.state),
                state: unit.state,
            });
        }
        if unit.state.may_become(state) {
            return Ok(());
        }
        Err(LedgerError::Order {
            chip,
            state: unit.state,
            next: state,
        })
    }

    /// That key and certificate number are nobody's.
    fn check_free(&mut self, chip: SerialNumber, body: &Json) -> Result<(), LedgerError> {
        let taken_error = |what, other: &str| {
            Err(LedgerError::Taken {
                what,
                chip,
                other: other.to_owned(),
            })
        };
        if let Some(key) = body["key"].as_str() {
            let holder = self.query("SELECT chip FROM <key> WHERE key = $1", &[key.into()])?;
            if let Some(holder) = holder.first().and_then(|row| row.first()?.text()) {
                return taken_error("public key", holder);
            }
        }
        if let (Some(signer), Some(serial)) = (
            body["certificate"]["signer"].as_str(),
            body["certificate"]["serial"].as_str(),
        ) {
            let statement = "SELECT chip FROM <certificate> WHERE signer = $1 AND serial = $2";
            let holder = self.query(statement, &[signer.into(), serial.into()])?;
            if let Some(holder) = holder.first().and_then(|row| row.first()?.text()) {
                return taken_error("certificate's serial number", holder);
            }
        }
        Ok(())
    }
}
