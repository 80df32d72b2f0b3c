//! The file of `--report`, which is written twice.
//!
//! A signer issues a certificate when it is asked, and what ends the run after
//! that leaves no trace of it. So before it is asked the file gets a record:
//! the chip, its key, where that was born, and the certificate. The same
//! command again finds it there and keeps the key, since its birth is on
//! record; where the chip has another key by then, the report names the
//! certificate, to be revoked.

use std::path::{Path, PathBuf};

use atecc_x509::{PublicKey, SignatureBytes};
use data_encoding::{HEXUPPER, HEXUPPER_PERMISSIVE};
use nerves_key::Snapshot;
use nerves_key_provision::{CertificateSigner, DeviceKey, KeyOrigin, Plan, SigningRequest};
use serde_json::{Value, json};

use super::document::{self, FORMAT, Start};
use crate::certificate::Summary;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::signing::{AnySigner, SignerError};

/// Where the report goes, if anywhere.
#[derive(Debug, Default)]
pub(super) struct ReportFile {
    path: Option<PathBuf>,
    /// What an earlier run left in it.
    record: Option<Record>,
    /// Whether what is in it is ours to replace.
    begun: bool,
}

/// What was written before a signer was asked.
#[derive(Debug)]
struct Record {
    chip: String,
    public_key: PublicKey,
    born_in_chip: bool,
    certificate: Value,
    replaced: Vec<Value>,
}

impl ReportFile {
    /// # Errors
    /// Exit code 5 when it can not be written, or holds anything but the record
    /// of a run that did not end.
    pub(super) fn new(path: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        // A link is no record of ours: what it shows is somebody else's to change.
        let record = if path.symlink_metadata().is_ok_and(|file| file.is_file()) {
            files::read(path).ok().and_then(|text| Record::parse(&text))
        } else {
            None
        };
        if record.is_none() {
            files::check_absent(path)?;
        }
        Ok(Self {
            path: Some(path.into()),
            begun: record.is_some(),
            record,
        })
    }

    /// The key to go on with on the chip of `snapshot`.
    ///
    /// # Errors
    /// Exit code 5 when the record is another chip's.
    pub(super) fn key(&self, snapshot: &Snapshot) -> Result<DeviceKey, CliError> {
        let (Some(path), Some(record)) = (&self.path, &self.record) else {
            return Ok(DeviceKey::New);
        };
        if record.chip != snapshot.config.serial_number().to_string() {
            return Err(files::in_the_way(path)
                .with_advice(format!("It is the record of the chip {}.", record.chip)));
        }
        let held = snapshot.public_key;
        let held = held.is_some_and(|key| key.as_bytes() == record.public_key.as_bytes());
        Ok(if held && record.born_in_chip {
            DeviceKey::Recorded(record.public_key)
        } else {
            DeviceKey::New
        })
    }

    /// The keys that were replaced on the way to `key`, and what is known of
    /// certificates that were issued for them.
    pub(super) fn replaced_keys(&self, plan: &Plan, key: &PublicKey) -> Value {
        let mut keys = Vec::new();
        if let Some(record) = &self.record {
            keys.clone_from(&record.replaced);
            if record.public_key != *key {
                keys.push(describe_key(&record.public_key, &record.certificate));
            }
        }
        if let Some(old) = plan.replaced_key() {
            let text = json!(HEXUPPER.encode(old.as_bytes()));
            if keys.iter().all(|key| key["public_key"] != text) {
                keys.push(describe_key(&old, &Value::Null));
            }
        }
        Value::Array(keys)
    }

    /// Write what was done.
    pub(super) fn write(&mut self, document: &Value) -> Result<(), CliError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let text = format!("{document:#}\n");
        if self.begun {
            files::replace(path, text.as_bytes(), Readers::Everyone)?;
        } else {
            files::create(path, text.as_bytes(), Readers::Everyone)?;
        }
        self.begun = true;
        Ok(())
    }
}

fn describe_key(key: &PublicKey, certificate: &Value) -> Value {
    json!({
        "public_key": HEXUPPER.encode(key.as_bytes()),
        "certificate": certificate,
    })
}

impl Record {
    /// None for anything else, a finished report included.
    fn parse(text: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(text).ok()?;
        let is_record = value["format"] == FORMAT
            && value["done"] == false
            && value["certificate_asked_for"].is_object();
        if !is_record {
            return None;
        }
        let key = value["public_key"].as_str()?;
        let key = HEXUPPER_PERMISSIVE.decode(key.as_bytes()).ok()?;
        let origin = value["key_origin"].as_str()?;
        let born = [KeyOrigin::ThisRun, KeyOrigin::EarlierRun];
        Some(Self {
            chip: value["chip_serial_number"].as_str()?.into(),
            public_key: PublicKey::from_bytes(key.try_into().ok()?),
            born_in_chip: born.iter().any(|born| born.name() == origin),
            certificate: value["certificate_asked_for"].clone(),
            replaced: value["replaced_keys"].as_array()?.clone(),
        })
    }
}

/// A signer that is asked when the record is written.
pub(super) struct Recorded<'a> {
    pub(super) signer: &'a mut AnySigner,
    pub(super) file: &'a mut ReportFile,
    pub(super) plan: &'a Plan,
    pub(super) start: &'a Start,
}

impl Recorded<'_> {
    fn record(&mut self, request: &SigningRequest) -> Result<(), CliError> {
        let key = &request.public_key;
        let mut document = document::of_plan(self.plan);
        document["stage"] = json!("keyed");
        document["public_key"] = json!(HEXUPPER.encode(key.as_bytes()));
        document["key_origin"] = json!(self.plan.key_origin(key).name());
        document["replaced_keys"] = self.file.replaced_keys(self.plan, key);
        document["certificate_asked_for"] = asked_for(request)?;
        document["started"] = json!(self.start.date.to_string());
        self.file.write(&document)
    }
}

impl CertificateSigner for Recorded<'_> {
    type Error = RecordedError;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, RecordedError> {
        Ok(self.signer.sign_once(request)?)
    }

    fn sign(&mut self, request: &SigningRequest) -> Result<SignatureBytes, RecordedError> {
        self.record(request).map_err(RecordedError::NoRecord)?;
        Ok(self.signer.sign(request)?)
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordedError {
    #[error("it was not asked, for want of a record: {0}")]
    NoRecord(CliError),
    #[error(transparent)]
    Signer(#[from] SignerError),
}

/// What can be said of a certificate that has yet to be signed: all but its
/// signature, for which zeros stand in.
fn asked_for(request: &SigningRequest) -> Result<Value, CliError> {
    let tbs = request.tbs().map_err(CliError::failed)?;
    let certificate = tbs.assemble(&SignatureBytes::from_bytes([0; 64]));
    let summary = Summary::of(&certificate).map_err(CliError::failed)?;
    Ok(summary.json_of_unsigned())
}
