//! Transfers and exchanges as actions.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::BESIDE;
use super::schema::{Exchange, File};
use super::value::{MICROSECONDS, comment, hex, nanoseconds, seven_bits, time};
use crate::import::Malformed;
use crate::import::error::field;
use crate::import::value::{Since, scaled};
use crate::import::wire::{line, refused_write};
use crate::word_address::COMMAND;
use crate::{Ack, Action, Cause, Line};

impl File {
    pub(super) fn transfers(&self) -> Result<Vec<Line>, Malformed> {
        let mut since = Since::default();
        let mut exchanges = self.exchanges.iter();
        let mut lines = Vec::new();
        for transfer in &self.bus_transactions {
            let (address, bytes) = (seven_bits(&transfer.addr)?, hex(&transfer.data)?);
            let action = match (transfer.dir.as_str(), transfer.addr_ack) {
                ("write", true) => Action::Write {
                    address,
                    bytes,
                    ack: Ack::All,
                },
                ("write", false) => refused_write(address, bytes, Ack::NoAddress),
                ("read", true) => Action::Read {
                    address,
                    bytes,
                    ack: Ack::All,
                },
                ("read", false) => Action::Read {
                    address,
                    bytes: Vec::new(),
                    ack: Ack::NoAddress,
                },
                (other, _) => return Err(field("dir", other, "write or read")),
            };
            let mut line = line(time(&mut since, transfer.t_us.as_ref())?, action)?;
            line.comment = transfer.comment.as_deref().and_then(comment);
            // Exchanges are in the same order, and have comments more often.
            let mut rest = exchanges.clone();
            let same = |exchange: &&Exchange| {
                transfer.dir == "write" && exchange.tx.eq_ignore_ascii_case(&transfer.data)
            };
            if let Some(exchange) = rest.find(|exchange| same(exchange)) {
                exchanges = rest;
                let explained = exchange.comment.as_deref().and_then(comment);
                line.comment = line.comment.or(explained);
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// The exchanges that are in none of the transfers. Each command of the
    /// transfers is one exchange, that of its time where both have one.
    pub(super) fn apart(&self, transfers: &[Line]) -> Result<Vec<usize>, Malformed> {
        if transfers.is_empty() {
            return Ok(Vec::new());
        }
        let first = self
            .bus_transactions
            .iter()
            .find_map(|one| one.t_us.as_ref());
        let origin = first.map(nanoseconds).transpose()?;
        let mut passed: Vec<(u8, crate::Exchange)> = Vec::new();
        for exchange in &self.exchanges {
            let address = self.address_of(exchange)?;
            if passed.iter().all(|(known, _)| *known != address) {
                let all = crate::exchanges(address, transfers).into_iter();
                passed.extend(all.map(|one| (address, one)));
            }
        }
        let mut apart = Vec::new();
        for (index, exchange) in self.exchanges.iter().enumerate() {
            let address = self.address_of(exchange)?;
            let (tx, rx) = (hex(&exchange.tx)?, hex(&exchange.rx)?);
            let time = exchange.t_us.as_ref().map(nanoseconds).transpose()?;
            let time = time
                .zip(origin)
                .and_then(|(time, origin)| time.checked_sub(origin));
            let same = |(at, one): &(u8, crate::Exchange)| {
                let Cause::Command(command) = &one.cause else {
                    return false;
                };
                let sent = transfers.get(one.line).and_then(|line| line.at);
                let other_time = time
                    .zip(sent)
                    .is_some_and(|(time, sent)| time != i128::from(sent.0));
                let told = tx.strip_prefix(&[COMMAND]);
                *at == address
                    && told == Some(command)
                    && one.response() == Some(&rx)
                    && !other_time
            };
            match passed.iter().position(same) {
                Some(at) => {
                    passed.remove(at);
                }
                None => apart.push(index),
            }
        }
        Ok(apart)
    }

    /// The same as actions, marked as such. A time says nothing of where they
    /// belong.
    pub(super) fn beside(&self, transfers: &[Line]) -> Result<Vec<Line>, Malformed> {
        let apart = self.apart(transfers)?;
        let exchanges = apart.iter().filter_map(|index| self.exchanges.get(*index));
        let mut lines = self.exchanged(exchanges)?;
        for line in &mut lines {
            line.at = None;
            let said = line.comment.take().map(|said| format!(": {said}"));
            line.comment = Some(format!("{BESIDE}{}", said.unwrap_or_default()));
        }
        Ok(lines)
    }

    fn address_of(&self, exchange: &Exchange) -> Result<u8, Malformed> {
        let address = exchange.addr.as_deref().map(seven_bits);
        address.unwrap_or_else(|| self.address())
    }

    pub(super) fn exchanged<'e>(
        &self,
        exchanges: impl IntoIterator<Item = &'e Exchange>,
    ) -> Result<Vec<Line>, Malformed> {
        let mut since = Since::default();
        let mut lines = Vec::new();
        for exchange in exchanges {
            let address = self.address_of(exchange)?;
            let write = Action::Write {
                address,
                bytes: hex(&exchange.tx)?,
                ack: Ack::All,
            };
            let mut command = line(time(&mut since, exchange.t_us.as_ref())?, write)?;
            command.comment = exchange.comment.as_deref().and_then(comment);
            if exchange.tx_derived {
                let said = command.comment.take().unwrap_or_default();
                let derived = format!("{said} (the source names the command without its bytes)");
                command.comment = comment(&derived);
            }
            lines.push(command);
            if let Some(wait) = &exchange.wait_us {
                let ns = scaled(&wait.to_string(), MICROSECONDS);
                let ns = ns.and_then(|ns| u64::try_from(ns).ok());
                let wanted = "microseconds";
                let ns = ns.ok_or_else(|| field("wait_us", &wait.to_string(), wanted))?;
                lines.push(line(None, Action::Delay(ns))?);
            }
            let read = Action::Read {
                address,
                bytes: hex(&exchange.rx)?,
                ack: Ack::All,
            };
            lines.push(line(None, read)?);
        }
        Ok(lines)
    }
}
