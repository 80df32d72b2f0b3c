//! The certificates in recordings of real parts, compressed and rebuilt.
//!
//! A recording has the certificate; of one part it has the slots too. The
//! names of a chain, the signer's key identifier and the EUI are taken from the
//! certificate, as the chip would give them: what is shown is that all else of
//! its bytes follows from the 72.

use std::error::Error;
use std::path::Path;
use std::{fs, io};

use atecc_x509::{
    Certificate, CertificateDef, KeyId, TrustChain, TrustDevice, TrustLayout, TrustSigner,
    decompress, round_trip,
};
use serde::Deserialize;
use x509_cert::der::Decode;

use tests_vector_runner::{Hex, same};

/// What became of one recorded certificate.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Name of the recording.
    pub file: String,
    /// Root, signer or device.
    pub role: String,
    /// The subject's name.
    pub subject: String,
    /// The layout that gives its bytes back.
    pub layout: String,
    /// Under what it verifies, up to which root.
    pub verified: String,
    /// What is wrong.
    pub failure: Option<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    certificates: Vec<Row>,
    #[serde(default)]
    slots: Vec<SlotRow>,
}

#[derive(Deserialize)]
struct Row {
    role: String,
    der: Hex,
    compressed_fields: Option<Fields>,
    compressed: Option<Hex>,
    serial: Option<Hex>,
}

#[derive(Deserialize)]
struct Fields {
    signature_rs: Hex,
    encoded_dates: Hex,
    signer_id: String,
    public_key: Hex,
    cert_serial: Hex,
}

#[derive(Deserialize)]
struct SlotRow {
    slot: u8,
    hex: Hex,
}

/// Every certificate of the recordings in `dir`.
///
/// # Errors
/// When the folder or a file of it cannot be read.
pub fn recorded(dir: &Path) -> io::Result<Vec<Recorded>> {
    let mut paths: Vec<_> = fs::read_dir(dir)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path)?;
        // An index of the recordings is a list.
        let Ok(file) = serde_json::from_str::<File>(&text) else {
            continue;
        };
        for row in &file.certificates {
            found.push(judge(&name, &file, row));
        }
    }
    Ok(found)
}

fn judge(name: &str, file: &File, row: &Row) -> Recorded {
    let mut recorded = Recorded {
        file: name.to_owned(),
        role: row.role.clone(),
        subject: String::new(),
        layout: String::new(),
        verified: String::new(),
        failure: None,
    };
    if let Err(error) = recorded.fill(file, row) {
        recorded.failure = Some(error.to_string());
    }
    recorded
}

impl Recorded {
    fn fill(&mut self, file: &File, row: &Row) -> Result<(), Box<dyn Error>> {
        let certificate = Certificate::from_der(row.der.0.as_slice())?;
        self.subject = certificate.subject_text();
        if row.role == "root" {
            same("root", &certificate, &TrustChain::microchip_root()?)?;
            certificate.verify(&certificate.public_key()?)?;
            self.layout = String::from("as it is in atecc-x509");
            self.verified = String::from("itself");
            return Ok(());
        }
        let signer = file.certificates.iter().find(|row| row.role == "signer");
        let signer = signer
            .map(|row| Certificate::from_der(row.der.0.as_slice()))
            .transpose()?;
        let candidates: Definitions = if row.role == "signer" {
            vec![("template 1".to_owned(), Box::new(signer_def(&certificate)?))]
        } else {
            device_defs(&certificate, row)?
        };
        let mut error = None;
        for (layout, definition) in candidates {
            match rebuilt(&certificate, definition.as_ref(), file, row) {
                Ok(()) => {
                    self.layout = layout;
                    error = None;
                    break;
                }
                Err(found) => error = Some(found),
            }
        }
        if let Some(error) = error {
            return Err(error);
        }
        self.verified = verified(&certificate, signer.as_ref(), &row.role)?;
        Ok(())
    }
}

/// By the names of their layouts.
type Definitions = Vec<(String, Box<dyn CertificateDef>)>;

/// Compress, compare with what the recording has of the 72 bytes, and rebuild
/// from those.
fn rebuilt(
    certificate: &Certificate,
    definition: &dyn CertificateDef,
    file: &File,
    row: &Row,
) -> Result<(), Box<dyn Error>> {
    let compressed = round_trip(certificate, definition)?;
    if let Some(fields) = &row.compressed_fields {
        same(
            "R and S",
            compressed.signature.as_bytes().to_vec(),
            fields.signature_rs.0.clone(),
        )?;
        same(
            "dates",
            compressed.dates.bits().to_vec(),
            fields.encoded_dates.0.clone(),
        )?;
        same(
            "signer ID",
            format!("{:04x}", compressed.signer_id),
            fields.signer_id.clone(),
        )?;
        same(
            "public key",
            &certificate.public_key()?.as_bytes()[..],
            fields.public_key.0.as_slice(),
        )?;
        same(
            "serial",
            certificate.serial_number(),
            fields.cert_serial.0.as_slice(),
        )?;
    }
    let place = if row.role == "signer" { 12 } else { 10 };
    let slots = file.slots.iter().filter(|slot| slot.slot == place);
    for stored in slots.map(|slot| &slot.hex).chain(&row.compressed) {
        same("72 bytes", compressed.to_bytes().to_vec(), stored.0.clone())?;
    }
    let returned = decompress(&compressed, definition)?;
    same("rebuilt", returned.as_der(), row.der.0.as_slice())
}

fn verified(
    certificate: &Certificate,
    signer: Option<&Certificate>,
    role: &str,
) -> Result<String, Box<dyn Error>> {
    let root = TrustChain::microchip_root()?;
    let is_microchips = |certificate: &Certificate| -> Result<bool, Box<dyn Error>> {
        Ok(certificate.issuer_der() == root.subject_der())
    };
    let root_key = root.public_key()?;
    if role == "signer" {
        if !is_microchips(certificate)? {
            return Ok("not: its root is not published".to_owned());
        }
        certificate.verify(&root_key)?;
        return Ok("up to the root".to_owned());
    }
    let Some(signer) = signer else {
        return Ok("not: its signer is not published".to_owned());
    };
    certificate.verify(&signer.public_key()?)?;
    if !is_microchips(signer)? {
        return Ok("by its signer, whose root is not published".to_owned());
    }
    signer.verify(&root_key)?;
    Ok("up to the root".to_owned())
}

/// The names of a chain, as a signer certificate or one that it has signed has
/// them; the root's are not in the latter and not needed there.
fn chain_of(certificate: &Certificate, signer: Names) -> Result<TrustChain, Box<dyn Error>> {
    let parsed = x509_cert::Certificate::from_der(certificate.as_der())?;
    let tbs = parsed.tbs_certificate();
    let [organization, issuer] = names(tbs.issuer())?;
    let signer_name = match signer {
        Names::Subject => names(tbs.subject())?[1].clone(),
        Names::Issuer => issuer.clone(),
    };
    let without_id = signer_name.len().checked_sub(4);
    let without_id = without_id.and_then(|length| signer_name.get(..length));
    Ok(TrustChain {
        organization,
        root: issuer,
        signer: without_id.ok_or("a signer without an ID")?.to_owned(),
        root_key_id: authority(certificate)?,
    })
}

/// Which of a certificate's names is the signer's.
#[derive(Clone, Copy)]
enum Names {
    Subject,
    Issuer,
}

/// The authority key identifier.
fn authority(certificate: &Certificate) -> Result<KeyId, Box<dyn Error>> {
    let parsed = x509_cert::Certificate::from_der(certificate.as_der())?;
    let extension = parsed
        .tbs_certificate()
        .get_extension::<x509_cert::ext::pkix::AuthorityKeyIdentifier>()?;
    let (_, authority) = extension.ok_or("no authority key identifier")?;
    let key_id = authority.key_identifier.ok_or("no key identifier")?;
    Ok(KeyId::from_bytes(key_id.as_bytes().try_into()?))
}

/// O and CN.
fn names(name: &x509_cert::name::Name) -> Result<[String; 2], Box<dyn Error>> {
    let values: Vec<_> = name
        .iter()
        .map(|attribute| String::from_utf8(attribute.value.value().to_vec()))
        .collect::<Result<_, _>>()?;
    values
        .try_into()
        .map_err(|values| format!("O and CN, not {values:?}").into())
}

fn signer_def(certificate: &Certificate) -> Result<TrustSigner, Box<dyn Error>> {
    Ok(TrustSigner {
        chain: chain_of(certificate, Names::Subject)?,
        public_key: certificate.public_key()?,
    })
}

/// One for each layout.
fn device_defs(certificate: &Certificate, row: &Row) -> Result<Definitions, Box<dyn Error>> {
    let device_sn = row.serial.as_ref().ok_or("no serial number")?.array()?;
    let eui = |prefix: &[u8]| {
        let der = certificate.as_der();
        let at = der
            .windows(prefix.len())
            .position(|bytes| bytes == prefix)?;
        der.get(at + prefix.len()..)
    };
    let eui_48 = eui(b"eui48_").and_then(|text| text.first_chunk().copied());
    let eui_64 = eui(b"eui64_").and_then(|text| text.first_chunk().copied());
    let layouts = [
        eui_48.map(TrustLayout::Eui48),
        eui_64.map(TrustLayout::Eui64),
        Some(TrustLayout::SnSerial),
        Some(TrustLayout::SerialAtecc),
    ];
    let chain = chain_of(certificate, Names::Issuer)?;
    let (public_key, signer_key_id) = (certificate.public_key()?, authority(certificate)?);
    let definition = |layout: TrustLayout| {
        let definition: Box<dyn CertificateDef> = Box::new(TrustDevice {
            chain: chain.clone(),
            layout,
            device_sn,
            public_key,
            signer_key_id,
        });
        (layout.to_string(), definition)
    };
    Ok(layouts.into_iter().flatten().map(definition).collect())
}
