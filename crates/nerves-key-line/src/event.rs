//! What happened: events, each chained to the one before it of its station.

use std::fmt;

use data_encoding::HEXLOWER;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::ledger::Value;
use crate::unit::State;

/// What an event says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A batch was loaded.
    Loaded,
    /// A unit came to a state.
    Became(State),
    /// A run on a chip failed.
    Failed,
    /// A station took a block of numbers.
    Leased,
    /// It gave back what it did not use.
    Returned,
}

impl EventKind {
    /// The word that stands in the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Became(state) => state.name(),
            Self::Failed => "failed",
            Self::Leased => "leased",
            Self::Returned => "returned",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let others = [Self::Loaded, Self::Failed, Self::Leased, Self::Returned];
        let other = others.into_iter().find(|kind| kind.name() == name);
        other.or_else(|| name.parse().ok().map(Self::Became))
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An event of the ledger.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The chain that it belongs to.
    pub station: String,
    /// Its place there, from 1.
    pub seq: i64,
    /// 32 hex digits that no other event has: a transaction whose end is not
    /// known is looked for by it.
    pub id: String,
    /// Milliseconds since 1970-01-01 UTC, by the station's clock.
    pub at: i64,
    /// Who worked there.
    pub operator: String,
    /// The chip's serial number in 18 upper-case hex digits, where it is about
    /// a unit.
    pub chip: Option<String>,
    /// What happened.
    pub kind: EventKind,
    /// The rest, by kind: JSON, compact.
    pub body: String,
    /// The [digest](Self::digest) of the event before; 64 zeros of the first.
    pub before: String,
}

/// What stands before the first event of a chain.
pub(crate) fn beginning() -> String {
    "0".repeat(64)
}

impl Event {
    /// SHA-256 of all its members, the digest of the event before among them,
    /// in lower-case hex. Each text stands behind its length in bytes, four
    /// bytes big-endian, each number in eight bytes big-endian, in the order
    /// before, station, seq, id, at, operator, chip (empty where there is
    /// none), kind, body.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let text = |digest: &mut Sha256, text: &str| {
            // No text of the ledger has 4 GiB.
            digest.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
            digest.update(text);
        };
        text(&mut digest, &self.before);
        text(&mut digest, &self.station);
        digest.update(self.seq.to_be_bytes());
        text(&mut digest, &self.id);
        digest.update(self.at.to_be_bytes());
        text(&mut digest, &self.operator);
        text(&mut digest, self.chip.as_deref().unwrap_or_default());
        text(&mut digest, self.kind.name());
        text(&mut digest, &self.body);
        HEXLOWER.encode(&digest.finalize())
    }

    /// A member of the body that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let body: Json = serde_json::from_str(&self.body).ok()?;
        Some(body.get(name)?.as_str()?.to_owned())
    }

    /// A member of the body that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        let body: Json = serde_json::from_str(&self.body).ok()?;
        body.get(name)?.as_i64()
    }

    /// Its row in the table of events.
    pub(crate) fn row(&self) -> Vec<Value> {
        vec![
            Value::from(&*self.station),
            Value::from(self.seq),
            Value::from(&*self.id),
            Value::from(self.at),
            Value::from(&*self.operator),
            self.chip.as_deref().map_or(Value::Null, Value::from),
            Value::from(self.kind.name()),
            Value::from(&*self.body),
            Value::from(&*self.before),
            Value::from(self.digest()),
        ]
    }

    /// From such a row, and the digest that stands in it. None when a value is
    /// of another type, or the kind unknown.
    pub(crate) fn from_row(row: &[Value]) -> Option<(Self, String)> {
        let [
            station,
            seq,
            id,
            at,
            operator,
            chip,
            kind,
            body,
            before,
            digest,
        ] = row
        else {
            return None;
        };
        let chip = match chip {
            Value::Null => None,
            chip => Some(chip.text()?.to_owned()),
        };
        let event = Self {
            station: station.text()?.to_owned(),
            seq: seq.integer()?,
            id: id.text()?.to_owned(),
            at: at.integer()?,
            operator: operator.text()?.to_owned(),
            chip,
            kind: EventKind::from_name(kind.text()?)?,
            body: body.text()?.to_owned(),
            before: before.text()?.to_owned(),
        };
        Some((event, digest.text()?.to_owned()))
    }
}
