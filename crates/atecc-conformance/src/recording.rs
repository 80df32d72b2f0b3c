//! Recordings in JSON: the data beside the bus traffic, which
//! [`atecc_transcript::import`] reads.

use std::collections::BTreeMap;
use std::ops::Range;

use atecc::Opcode;
use atecc::group::parse_group;
use atecc::parse::CommandGroup;
use atecc_transcript::{Header, Provenance, Start, import};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Number, Value};

use crate::knowledge::{Knowledge, from_hex};
use crate::replay::Spoken;
use crate::source::Problem;
use crate::target::{Place, Target};

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
    /// All that was asked in transfers and exchanges.
    #[serde(skip)]
    pub(crate) asked: Vec<Spoken>,
    /// The part's serial number.
    pub(crate) serial: Option<Hex>,
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
    pub(crate) gendigs: Vec<GenDig>,
    pub(crate) csrs: Vec<Request>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) slots: Vec<SlotContent>,
    pub(crate) signatures: Vec<Signature>,
    pub(crate) public_keys: Vec<PublicKey>,
    pub(crate) digests: Vec<Digest>,
    pub(crate) aes: Vec<Aes>,
    pub(crate) randoms: Vec<Random>,
    pub(crate) counters: Vec<Counter>,
    pub(crate) status_observations: Vec<Observation>,
    pub(crate) success_observations: Vec<Observation>,
    pub(crate) timings: Vec<Value>,
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
    /// Put together from the answers to Read in this recording.
    #[serde(default)]
    pub(crate) from_exchanges: bool,
}

impl Dump {
    /// These bytes of the zone, when all of them are in the dump.
    pub(crate) fn bytes(&self, range: Range<usize>) -> Option<&[u8]> {
        let start = range.start.checked_sub(self.offset)?;
        self.hex.0.get(start..start + range.len())
    }
}

/// One bit, as a number or as true and false.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Bit(pub(crate) u8);

impl<'de> Deserialize<'de> for Bit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Bool(bool),
            Number(u8),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Bool(bit) => bit.into(),
            Written::Number(bit) => bit,
        }))
    }
}

/// What the collector decoded from a dump.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) serial: Option<Hex>,
    pub(crate) revision: Option<Hex>,
    pub(crate) lock_value: Option<Hex>,
    pub(crate) lock_config: Option<Hex>,
    pub(crate) config_locked: Option<bool>,
    pub(crate) data_locked: Option<bool>,
    pub(crate) slot_locked_bits: Option<Hex>,
    pub(crate) i2c_enable: Option<Bit>,
    /// In its eight-bit form.
    pub(crate) i2c_address_byte: Option<Hex>,
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
    pub(crate) serial_in_mac: Option<bool>,
    pub(crate) otp_in_mac: Option<bool>,
    pub(crate) expect: Hex,
}

/// `TempKey` after a `GenDig`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct GenDig {
    pub(crate) zone: u8,
    pub(crate) key_id: u16,
    /// The block of the zone, or the slot's first 32 bytes.
    pub(crate) key: Hex,
    /// Of a slot with `NoMac`: what the command carries.
    pub(crate) other_data: Option<Hex>,
    /// Before it.
    pub(crate) tempkey: Hex,
    pub(crate) expect: Hex,
}

/// A certification request.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) der: Hex,
    pub(crate) public_key: Option<Hex>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Certificate {
    /// Root, signer or device.
    pub(crate) role: String,
    pub(crate) der: Hex,
    /// The role of another in the same file, or a root that is known elsewhere.
    pub(crate) issuer: Option<String>,
    pub(crate) compressed_fields: Option<CompressedFields>,
    /// The 72 bytes.
    pub(crate) compressed: Option<Hex>,
    /// Of the chip, which is in the subject.
    pub(crate) serial: Option<Hex>,
}

/// What the compressed form has, and what it leaves to be found elsewhere.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CompressedFields {
    pub(crate) signature_rs: Option<Hex>,
    pub(crate) encoded_dates: Option<Hex>,
    /// Four digits; leading zeros may be missing.
    pub(crate) signer_id: Option<String>,
    pub(crate) public_key: Option<Hex>,
    pub(crate) cert_serial: Option<Hex>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SlotContent {
    pub(crate) slot: u8,
    pub(crate) hex: Hex,
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
    pub(crate) slot: Option<u8>,
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
    /// As the chip sends it.
    pub(crate) raw: Option<Hex>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Observation {
    #[serde(default)]
    pub(crate) command: String,
    /// None where it is not a status that came back.
    pub(crate) status: Option<Hex>,
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

    /// The commands and answers that are sound.
    fn answered(&self) -> impl Iterator<Item = (CommandGroup<'_>, &[u8])> + '_ {
        self.asked
            .iter()
            .filter_map(|Spoken { command, response }| {
                Some((
                    CommandGroup::parse(command).ok()?,
                    parse_group(response).ok()?,
                ))
            })
    }

    /// What was read of the configuration, up to the first byte that
    /// was not read.
    pub(crate) fn config_read(&self) -> Vec<u8> {
        let mut read = BTreeMap::new();
        for (group, payload) in self
            .answered()
            .filter(|(group, _)| group.opcode == Opcode::Read)
        {
            if let Some(Target {
                place: Place::Config,
                offset,
                len,
            }) = Target::from_group(&group)
                && len == payload.len()
            {
                read.extend((offset..).zip(payload.iter().copied()));
            }
        }
        let in_order = read.into_iter().enumerate();
        in_order
            .take_while(|(index, (at, _))| index == at)
            .map(|(_, (_, byte))| byte)
            .collect()
    }

    /// What was told as the public key of a slot.
    pub(crate) fn public_keys_of(&self, slot: u8) -> Vec<&[u8]> {
        let told = self.answered().filter(|(group, payload)| {
            group.opcode == Opcode::GenKey && group.slot().index() == slot && payload.len() == 64
        });
        told.map(|(_, payload)| payload).collect()
    }

    /// Serial numbers that the data have.
    pub(crate) fn serials(&self) -> Vec<Vec<u8>> {
        let dumps = self
            .data
            .config_zones
            .iter()
            .chain(&self.data.config_partial);
        let in_dumps =
            dumps.filter_map(|dump| Some([dump.bytes(0..4)?, dump.bytes(8..13)?].concat()));
        let certificates = self.data.certificates.iter();
        let in_certificates = certificates.filter_map(|one| Some(one.serial.as_ref()?.0.clone()));
        in_dumps.chain(in_certificates).collect()
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
