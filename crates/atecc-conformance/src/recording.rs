//! Recordings in JSON: the data beside the bus traffic, which
//! [`atecc_transcript::import`] reads.

use atecc_transcript::{Header, Provenance, Start, import};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Number, Value};

use crate::group::Place;
use crate::knowledge::{Knowledge, from_hex};
use crate::source::Problem;

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
    exchanges: Vec<Frame>,
    #[serde(default)]
    bus_transactions: Vec<Frame>,
    /// Which exchanges are in none of the transfers.
    #[serde(skip)]
    beside: Vec<usize>,
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
}

/// An exchange, or a transfer.
#[derive(Clone, Debug, Deserialize)]
struct Frame {
    t_us: Option<Number>,
    /// The answer, or what was transferred.
    #[serde(alias = "rx")]
    data: Option<Hex>,
    #[serde(default)]
    expect_bad_crc: bool,
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
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let recording: Self = serde_json::from_str(text)?;
        let beside = import::exchanges_beside(text)?;
        Ok(Self {
            beside,
            ..recording
        })
    }

    /// The bytes that are marked as broken when they were recorded.
    pub(crate) fn broken(&self) -> Vec<Vec<u8>> {
        let frames = self.exchanges.iter().chain(&self.bus_transactions);
        let broken = frames.filter(|frame| frame.expect_bad_crc);
        broken
            .filter_map(|frame| Some(frame.data.as_ref()?.0.clone()))
            .collect()
    }

    /// Of the exchanges that are in none of the transfers, those that have the
    /// time of one.
    pub(crate) fn contradicted(&self) -> impl Iterator<Item = usize> + '_ {
        let at_a_transfer = |index: &usize| {
            let exchange = self.exchanges.get(*index);
            let time = exchange.and_then(|exchange| exchange.t_us.as_ref());
            let transfers = &self.bus_transactions;
            time.is_some() && transfers.iter().any(|one| one.t_us.as_ref() == time)
        };
        self.beside.iter().copied().filter(at_a_transfer)
    }

    /// The dumps are what the chip held, as far as they go.
    pub(crate) fn known(&self) -> Knowledge {
        let mut known = Knowledge::nothing();
        let whole = self.data.config_zones.iter().take(1);
        for dump in whole.chain(&self.data.config_partial) {
            known.tell(Place::Config, dump.offset, &dump.hex.0);
        }
        known
    }

    /// Where the data come from, when no bus traffic says so.
    pub(crate) fn header(&self) -> Header {
        let url = self.source.url.clone();
        Header {
            id: self.id.clone(),
            chip: self.chip.clone(),
            revision: None,
            address: 0x60,
            scl_hz: None,
            provenance: Provenance::HardwareLog,
            host: None,
            story: None,
            start: Start::Unknown,
            origin: url.unwrap_or_else(|| "not stated".to_owned()),
            licence: "not stated; facts and figures alone were taken".to_owned(),
            date: None,
            notes: Vec::new(),
        }
    }
}
