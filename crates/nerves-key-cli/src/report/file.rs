//! The file of `--report`, which is written three times.
//!
//! It is the last thing that a run writes, when nothing can be undone any more.
//! So before the chip is changed its name is taken, and room for it on the disk,
//! which is held until it is written.
//!
//! A signer issues a certificate when it is asked, and what ends the run after
//! that leaves no trace of it. So before it is asked the file gets a record:
//! the chip, its key, where that was born, and the certificate. The same
//! command again finds it there and keeps the key, since its birth is on
//! record; where the chip has another key by then, the report names the
//! certificate, to be revoked.

use std::fs;
use std::path::{Path, PathBuf};

use atecc_x509::{PublicKey, SignatureBytes};
use data_encoding::{HEXUPPER, HEXUPPER_PERMISSIVE};
use nerves_key::Snapshot;
use nerves_key_provision::{CertificateSigner, DeviceKey, KeyOrigin, Plan, SigningRequest};
use serde_json::{Value, json};

use super::document::{self, FORMAT, Start};
use super::room::Room;
use crate::certificate::Summary;
use crate::error::CliError;
use crate::files::{self, Readers};

/// What a report has besides its plan: two certificates, times and names.
const BESIDES_PLAN: usize = 8 * 1024;
/// The member `milliseconds` of a step.
const STEP_TIME: usize = 64;

/// Where the report goes, if anywhere.
#[derive(Debug, Default)]
pub(crate) struct ReportFile {
    path: Option<PathBuf>,
    /// What an earlier run left in it.
    record: Option<Record>,
    contents: Contents,
    room: Option<Room>,
    /// For which line, if any.
    line: Option<Value>,
}

/// What is in the file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Contents {
    /// Nothing of ours.
    #[default]
    None,
    /// This run has taken the name, and no signer was asked.
    Name,
    /// What is ours to replace.
    Record,
}

/// What was written before a chip was changed, or before a signer was asked.
#[derive(Debug)]
struct Record {
    chip: String,
    /// None where no key is known yet.
    public_key: Option<PublicKey>,
    born_in_chip: bool,
    certificate: Value,
    replaced: Vec<Value>,
}

impl ReportFile {
    /// # Errors
    /// Exit code 5 when it can not be written, or holds anything but the record
    /// of a run that did not end.
    pub(crate) fn new(path: Option<&Path>) -> Result<Self, CliError> {
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
        let contents = match record {
            Some(_) => Contents::Record,
            None => Contents::None,
        };
        Ok(Self {
            path: Some(path.into()),
            record,
            contents,
            room: None,
            line: None,
        })
    }

    /// A report that says for which line the chip was made.
    #[cfg(feature = "line")]
    pub(crate) fn with_line(mut self, line: Value) -> Self {
        self.line = Some(line);
        self
    }

    /// Take the name, and room for all that `plan` may have to report, before
    /// the chip is changed.
    ///
    /// # Errors
    /// Exit code 5 when there is none.
    pub(crate) fn reserve(&mut self, plan: &Plan) -> Result<(), CliError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut document = document::of_plan(plan);
        let replaced = self.record.as_ref().map(|record| &record.replaced);
        let known = json!([document, replaced, self.line]);
        let bytes = format!("{known:#}").len() + plan.steps().len() * STEP_TIME + BESIDES_PLAN;
        self.room = Some(Room::reserve(path, bytes)?);
        if self.contents == Contents::None {
            document["public_key"] = Value::Null;
            document["certificate_asked_for"] = Value::Null;
            let text = format!("{document:#}\n");
            let created = files::create(path, text.as_bytes(), Readers::Everyone);
            created.map_err(CliError::into_refused)?;
            self.contents = Contents::Name;
        }
        Ok(())
    }

    /// The key to go on with on the chip of `snapshot`.
    ///
    /// # Errors
    /// Exit code 5 when the record is another chip's.
    pub(crate) fn key(&self, snapshot: &Snapshot) -> Result<DeviceKey, CliError> {
        let (Some(path), Some(record)) = (&self.path, &self.record) else {
            return Ok(DeviceKey::New);
        };
        if record.chip != snapshot.config.serial_number().to_string() {
            return Err(files::in_the_way(path).with_advice(format!(
                "It is the record of the chip {}, which goes on with it: name another file for \
                 the report of this one, {}.",
                record.chip,
                snapshot.config.serial_number()
            )));
        }
        let held = snapshot.public_key;
        let held = held.map(PublicKey::from);
        Ok(match record.public_key {
            Some(key) if held == Some(key) && record.born_in_chip => DeviceKey::Recorded(key),
            _ => DeviceKey::New,
        })
    }

    /// The keys that were replaced on the way to `key`, and what is known of
    /// certificates that were issued for them.
    pub(crate) fn replaced_keys(&self, plan: &Plan, key: &PublicKey) -> Value {
        let mut keys = Vec::new();
        if let Some(record) = &self.record {
            keys.clone_from(&record.replaced);
            if let Some(old) = record.public_key.filter(|old| old != key) {
                keys.push(describe_key(&old, &record.certificate));
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
    pub(crate) fn write(&mut self, document: &mut Value) -> Result<(), CliError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        if let Some(line) = &self.line {
            document["line"] = line.clone();
        }
        let text = format!("{document:#}\n");
        // The room is the new file's from here on.
        self.room = None;
        match self.contents {
            Contents::None => files::create(path, text.as_bytes(), Readers::Everyone)?,
            Contents::Name | Contents::Record => {
                files::replace(path, text.as_bytes(), Readers::Everyone)?;
            }
        }
        self.contents = Contents::Record;
        Ok(())
    }
}

/// A name that was taken for nothing is free again.
impl Drop for ReportFile {
    fn drop(&mut self) {
        if let (Some(path), Contents::Name) = (&self.path, self.contents) {
            // What cannot be removed is gone on with, or refused by its name.
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether the file at `path` is the whole report of `chip`.
#[cfg(feature = "line")]
pub(crate) fn is_report_of(path: &Path, chip: atecc::SerialNumber) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|file| file.is_file());
    let text = is_file.then(|| files::read(path).ok()).flatten();
    let value = text.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    value.is_some_and(|value| {
        value["format"] == FORMAT
            && value["chip_serial_number"] == chip.to_string()
            && value["device_certificate"].is_object()
    })
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
            && value.get("certificate_asked_for").is_some();
        if !is_record {
            return None;
        }
        if value["certificate_asked_for"].is_null() && value["public_key"].is_null() {
            return Some(Self {
                chip: value["chip_serial_number"].as_str()?.into(),
                public_key: None,
                born_in_chip: false,
                certificate: Value::Null,
                replaced: Vec::new(),
            });
        }
        let key = value["public_key"].as_str()?;
        let key = HEXUPPER_PERMISSIVE.decode(key.as_bytes()).ok()?;
        let origin = value["key_origin"].as_str()?;
        let born = [KeyOrigin::ThisRun, KeyOrigin::EarlierRun];
        Some(Self {
            chip: value["chip_serial_number"].as_str()?.into(),
            public_key: Some(PublicKey::from_bytes(key.try_into().ok()?)),
            born_in_chip: born.iter().any(|born| born.name() == origin),
            certificate: value["certificate_asked_for"].clone(),
            replaced: value["replaced_keys"].as_array()?.clone(),
        })
    }
}

/// A signer that is asked when the record is written.
pub(crate) struct Recorded<'a, S> {
    pub(crate) signer: &'a mut S,
    pub(crate) file: &'a mut ReportFile,
    pub(crate) plan: &'a Plan,
    pub(crate) start: &'a Start,
}

impl<S> Recorded<'_, S> {
    fn record(&mut self, request: &SigningRequest) -> Result<(), CliError> {
        let key = &request.public_key;
        let mut document = document::of_plan(self.plan);
        document["stage"] = json!("keyed");
        document["public_key"] = json!(HEXUPPER.encode(key.as_bytes()));
        document["key_origin"] = json!(self.plan.key_origin(key).name());
        document["replaced_keys"] = self.file.replaced_keys(self.plan, key);
        document["certificate_asked_for"] = asked_for(request)?;
        document["started"] = json!(self.start.date.to_string());
        self.file.write(&mut document)?;
        // The report is larger than the record that it replaces.
        self.file.reserve(self.plan)
    }
}

impl<S> CertificateSigner for Recorded<'_, S>
where
    S: CertificateSigner<Error: std::error::Error + 'static>,
{
    type Error = RecordedError<S::Error>;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
        self.signer
            .sign_once(request)
            .map_err(RecordedError::Signer)
    }

    fn sign(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
        self.record(request).map_err(RecordedError::NoRecord)?;
        self.signer.sign(request).map_err(RecordedError::Signer)
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordedError<E> {
    #[error("it was not asked, for want of a record: {0}")]
    NoRecord(CliError),
    #[error(transparent)]
    Signer(E),
}

/// What can be said of a certificate that has yet to be signed: all but its
/// signature, for which zeros stand in.
fn asked_for(request: &SigningRequest) -> Result<Value, CliError> {
    let tbs = request.tbs().map_err(CliError::failed)?;
    let certificate = tbs.assemble(&SignatureBytes::from_bytes([0; 64]));
    let summary = Summary::of(&certificate).map_err(CliError::failed)?;
    Ok(summary.json_of_unsigned())
}
