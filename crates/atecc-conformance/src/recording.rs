//! Recordings in JSON: exchanges and transfers, and data beside them.

use atecc_transcript::{Ack, Action, Header, Line, Provenance, Start, Time, Transcript};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use crate::knowledge::from_hex;

/// Bytes as pairs of digits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = from_hex(&text);
        bytes
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{text:?} are no pairs of digits")))
    }
}

/// One file.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Recording {
    pub(crate) id: String,
    pub(crate) chip: String,
    #[serde(default)]
    source: Source,
    #[serde(default)]
    notes: String,
    #[serde(default)]
    bus: Bus,
    #[serde(default)]
    exchanges: Vec<Exchange>,
    #[serde(default)]
    bus_transactions: Vec<Transfer>,
    #[serde(flatten)]
    pub(crate) data: Data,
    /// Lists that no bus carries: certificates and the like.
    #[serde(flatten)]
    pub(crate) others: serde_json::Map<String, Value>,
}

/// Single results that a source prints.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Data {
    pub(crate) config_zones: Vec<Dump>,
    pub(crate) config_partial: Vec<Dump>,
    pub(crate) macs: Vec<Mac>,
    pub(crate) signatures: Vec<Signature>,
    pub(crate) public_keys: Vec<PublicKey>,
    pub(crate) digests: Vec<Digest>,
    pub(crate) aes: Vec<Aes>,
    pub(crate) randoms: Vec<Random>,
    pub(crate) counters: Vec<Counter>,
    pub(crate) status_observations: Vec<Observation>,
    pub(crate) info_state: Vec<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Source {
    url: Option<String>,
    author: Option<String>,
    date: Option<String>,
    kind: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Bus {
    addr: Option<String>,
    scl_hz: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
struct Exchange {
    tx: Hex,
    rx: Hex,
    addr: Option<String>,
    #[serde(default)]
    expect_bad_crc: bool,
    comment: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Transfer {
    t_us: Option<f64>,
    dir: String,
    addr: String,
    addr_ack: bool,
    data: Hex,
    #[serde(default)]
    expect_bad_crc: bool,
    comment: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dump {
    #[serde(default)]
    pub(crate) offset: usize,
    pub(crate) hex: Hex,
    pub(crate) state: Option<State>,
}

/// What the collector decoded from a dump.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) serial: Option<Hex>,
    pub(crate) revision: Option<Hex>,
    pub(crate) config_locked: Option<bool>,
    pub(crate) data_locked: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mac {
    pub(crate) command: String,
    pub(crate) mode: u8,
    pub(crate) key_id: u16,
    pub(crate) key: Option<Hex>,
    pub(crate) parent_key: Option<Hex>,
    pub(crate) derive_mode: Option<u8>,
    pub(crate) gendig_zone: Option<u8>,
    pub(crate) gendig_key_id: Option<u16>,
    pub(crate) tempkey: Option<Hex>,
    pub(crate) challenge: Option<Hex>,
    pub(crate) expect: Hex,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Signature {
    pub(crate) public_key: Hex,
    pub(crate) digest: Hex,
    pub(crate) signature: Hex,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PublicKey {
    pub(crate) public_key: Hex,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Digest {
    pub(crate) message: Hex,
    pub(crate) digest: Hex,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Aes {
    pub(crate) key: Hex,
    pub(crate) plaintext: Hex,
    pub(crate) ciphertext: Hex,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Random {
    pub(crate) value: Hex,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Counter {
    pub(crate) id: u16,
    pub(crate) value: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Observation {
    pub(crate) command: String,
    pub(crate) status: Hex,
}

impl Recording {
    /// Read a file's text.
    ///
    /// # Errors
    /// When it is not JSON, or not of this form.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// What passed on the bus, when something did, and the lines that are
    /// marked as broken.
    pub(crate) fn transcript(&self) -> Option<(Transcript, Vec<usize>)> {
        let both = self.bus_transactions.iter().any(|one| one.dir == "write");
        let (lines, broken) = if both || self.exchanges.is_empty() {
            self.transfers()
        } else {
            self.pairs()
        };
        let first = self.exchanges.iter().find_map(|one| one.addr.as_deref());
        let address = self.bus.addr.as_deref().or(first).and_then(address);
        let header = self.header(address.unwrap_or(0x60));
        (!lines.is_empty()).then_some((Transcript { header, lines }, broken))
    }

    pub(crate) fn header(&self, address: u8) -> Header {
        let captured = self.bus_transactions.iter().any(|one| one.t_us.is_some());
        let from = &self.source;
        let vendor = from.author.as_deref().unwrap_or_default().contains("Microchip");
        let log = from.kind.as_deref().unwrap_or_default().contains("log of a chip");
        Header {
            id: self.id.clone(),
            chip: self.chip.clone(),
            revision: None,
            address,
            scl_hz: self.bus.scl_hz,
            provenance: match (captured, vendor && !log) {
                (true, _) => Provenance::HardwareCapture,
                (false, true) => Provenance::VendorDocument,
                (false, false) => Provenance::HardwareLog,
            },
            host: None,
            story: None,
            start: self.start(),
            origin: from.url.clone().unwrap_or_else(|| "not known".to_owned()),
            licence: "facts and figures".to_owned(),
            date: from.date.clone(),
            notes: Some(self.notes.clone()).filter(|notes| !notes.is_empty()).into_iter().collect(),
        }
    }

    /// The dumps are what the chip held, as far as they go.
    pub(crate) fn start(&self) -> Start {
        let dumps = self.data.config_zones.iter().take(1);
        let dumps = dumps.chain(&self.data.config_partial);
        let lines: Vec<_> = dumps
            .map(|dump| {
                let bytes = crate::judgement::hex(&dump.hex.0);
                format!("config {:#05x} {bytes}\n", dump.offset)
            })
            .collect();
        if lines.is_empty() {
            Start::Unknown
        } else {
            Start::Known(lines.concat())
        }
    }

    fn transfers(&self) -> (Vec<Line>, Vec<usize>) {
        let begin = self.bus_transactions.iter().find_map(|one| one.t_us);
        let broken = self.bus_transactions.iter().map(|one| one.expect_bad_crc);
        let lines = self.bus_transactions.iter().filter_map(|one| {
            let ack = if one.addr_ack { Ack::All } else { Ack::NoAddress };
            let (address, bytes) = (address(&one.addr)?, one.data.0.clone());
            let action = match (one.dir.as_str(), address) {
                ("write", 0) => Action::Wake,
                ("write", _) => Action::Write { address, bytes, ack },
                _ => Action::Read { address, bytes, ack },
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "microseconds since the begin, to the nanosecond"
            )]
            let at = one.t_us.zip(begin).map(|(t, begin)| Time(((t - begin) * 1e3) as u64));
            Some(line(action, at, one.comment.as_ref()))
        });
        (lines.collect(), marked(broken))
    }

    fn pairs(&self) -> (Vec<Line>, Vec<usize>) {
        let broken = self.exchanges.iter().flat_map(|one| [false, one.expect_bad_crc]);
        let lines = self.exchanges.iter().flat_map(|one| {
            let address = one.addr.as_deref().or(self.bus.addr.as_deref());
            let address = address.and_then(self::address).unwrap_or(0x60);
            let ack = Ack::All;
            let (tx, rx) = (one.tx.0.clone(), one.rx.0.clone());
            [
                line(Action::Write { address, bytes: tx, ack }, None, one.comment.as_ref()),
                line(Action::Read { address, bytes: rx, ack }, None, None),
            ]
        });
        (lines.collect(), marked(broken))
    }
}

fn line(action: Action<Vec<u8>>, at: Option<Time>, comment: Option<&String>) -> Line {
    Line {
        at,
        action,
        redacted: 0..0,
        comment: comment.cloned(),
    }
}

fn marked(broken: impl Iterator<Item = bool>) -> Vec<usize> {
    let marked = broken.enumerate().filter(|(_, broken)| *broken);
    marked.map(|(index, _)| index).collect()
}

fn address(text: &str) -> Option<u8> {
    u8::from_str_radix(text, 16).ok().filter(|address| *address < 0x80)
}
