//! Certificates: what the compressed form of each is said to hold, the slots
//! that hold it, and who signed it.

use atecc_x509::{
    Certificate as X509, CompressedCertificate, EncodedDates, Format, PublicKey, SerialInputs,
    SerialSource, TrustChain, Validity,
};

use super::each;
use super::keys::verify;
use super::signed::{self, assemble};
use crate::judgement::{Item, Judge, Judged, Verdict, hex};
use crate::reason::Reason;
use crate::recording::{Certificate, CompressedFields, Data, Hex, SlotContent};

/// Bytes of a serial number in Microchip's and `NervesKey`'s templates.
const SERIAL_LENGTH: usize = 16;
pub(super) fn judge(data: &Data, judged: &mut Judged) {
    each("certificates", &data.certificates, judged, |one, add| {
        let wrong = |error: Wrong| Verdict::differs("a certificate", error.to_string());
        add(
            Judge::Codec,
            "certificate",
            judge_compression(one).unwrap_or_else(wrong),
        );
        add(
            Judge::Emulator,
            "Verify",
            judge_signature(one, data).unwrap_or_else(wrong),
        );
    });
    for (index, slot) in data.slots.iter().enumerate() {
        let item = Item::Datum("slots".to_owned(), index);
        judged.add(Judge::Codec, item, "slot", judge_slot(slot, data));
    }
}

/// What recordings call the root of Trust&GO and TrustFLEX parts, which one of
/// them holds.
const MICROCHIP_ROOT: &str = "tngtls-root";

/// What is wrong with a certificate.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    X509(#[from] atecc_x509::Error),
    #[error(transparent)]
    Date(#[from] atecc_x509::DateError),
    #[error(transparent)]
    Compressed(#[from] atecc_x509::ParseError),
    #[error(transparent)]
    Serial(#[from] atecc_x509::SerialError),
    #[error(transparent)]
    Signed(#[from] signed::Wrong),
    #[error("a compressed certificate of {0} bytes instead of 72")]
    Length(usize),
}

impl Certificate {
    fn x509(&self) -> Result<X509, Wrong> {
        Ok(X509::from_der(self.der.0.as_slice())?)
    }

    fn parse_compressed(&self) -> Result<Option<CompressedCertificate>, Wrong> {
        let parse = |bytes: &[u8]| match <&[u8; 72]>::try_from(bytes) {
            Ok(bytes) => Ok(CompressedCertificate::from_bytes(bytes)?),
            Err(_) => Err(Wrong::Length(bytes.len())),
        };
        self.compressed
            .as_ref()
            .map(|bytes| parse(&bytes.0))
            .transpose()
    }
}

/// What is said, and what the certificate has.
type Pair = (&'static str, Vec<u8>, Vec<u8>);

/// What is said of a certificate, compared with what the codec reads in it.
fn judge_compression(one: &Certificate) -> Result<Verdict, Wrong> {
    let certificate = one.x509()?;
    let key = certificate.public_key()?;
    let mut pairs = Vec::new();
    let compressed = one.parse_compressed()?;
    if one.compressed_fields.is_some() || compressed.is_some() {
        let fields = one.compressed_fields.clone().unwrap_or_default();
        let facts = Facts::new(&certificate, &one.role, compressed.as_ref())?;
        facts.beside(&fields, &mut pairs);
        if let Some(compressed) = &compressed {
            facts.within(compressed, &mut pairs);
            let again = compressed.to_bytes().to_vec();
            let bytes = one.compressed.as_ref().map(|bytes| bytes.0.clone());
            pairs.push(("72 bytes", bytes.unwrap_or_default(), again));
        }
    }
    let wrong = pairs.into_iter().find(|(_, said, ours)| said != ours);
    if let Some((what, said, ours)) = wrong {
        return Ok(Verdict::differs(
            format!("{what} {}", hex(&said)),
            hex(&ours),
        ));
    }
    let der = certificate.as_der();
    let again = assemble(certificate.tbs_der(), &certificate.signature()?)?;
    if again != der {
        return Ok(Verdict::equal(der, &again));
    }
    let ids = [key.microchip_key_id(), key.nerves_key_id()];
    if !ids.iter().any(|id| contains(der, id.as_bytes())) {
        return Ok(Verdict::differs(
            "the key's identifier",
            hex(ids[0].as_bytes()),
        ));
    }
    if let Some(serial) = &one.serial {
        let digits = hex(&serial.0);
        if !contains(der, digits.as_bytes()) {
            return Ok(Verdict::differs(
                format!("{digits} in the subject"),
                certificate.subject_text(),
            ));
        }
    }
    Ok(Verdict::Passed)
}

/// What a compressed certificate holds or is rebuilt with, as it is in the
/// whole.
struct Facts {
    signature: Vec<u8>,
    dates: EncodedDates,
    /// Where the name ends with one.
    signer_id: Option<[u8; 2]>,
    key: PublicKey,
    serial: Vec<u8>,
    /// As the rule of the template makes it.
    serial_by_rule: Vec<u8>,
}

impl Facts {
    fn new(
        certificate: &X509,
        role: &str,
        compressed: Option<&CompressedCertificate>,
    ) -> Result<Self, Wrong> {
        let format = compressed.map_or(Format::V0, |one| one.dates.format());
        let source = compressed.map_or(SerialSource::PublicKeyPositive, |one| {
            one.template.serial_source()
        });
        let (begin, end) = (certificate.not_before()?, certificate.not_after()?);
        let dates = EncodedDates::encode(Validity::between(begin, end, format)?, format)?;
        let key = certificate.public_key()?;
        // The signer's own, or the one that it signs with.
        let name = match role {
            "device" => certificate.issuer_text(),
            _ => certificate.subject_text(),
        };
        let signer_id = four_digits(&name);
        let inputs = SerialInputs {
            public_key: Some(&key),
            device_sn: None,
            signer_id: signer_id.map_or(0, u16::from_be_bytes),
            dates,
        };
        let by_rule = source.serial_number(&inputs, SERIAL_LENGTH)?;
        Ok(Self {
            signature: certificate.signature()?.as_bytes().to_vec(),
            dates,
            signer_id,
            key,
            serial: certificate.serial_number().to_vec(),
            serial_by_rule: by_rule.as_bytes().to_vec(),
        })
    }

    /// The fields as a collector worked them out.
    fn beside(&self, said: &CompressedFields, pairs: &mut Vec<Pair>) {
        let mut pair = |what, said: Option<&[u8]>, ours: &[u8]| {
            pairs.extend(said.map(|said| (what, said.to_vec(), ours.to_vec())));
        };
        let bytes = |field: &Option<Hex>| field.as_ref().map(|hex| hex.0.clone());
        pair(
            "signature",
            bytes(&said.signature_rs).as_deref(),
            &self.signature,
        );
        pair(
            "dates",
            bytes(&said.encoded_dates).as_deref(),
            &self.dates.bits(),
        );
        pair(
            "public key",
            bytes(&said.public_key).as_deref(),
            self.key.as_bytes(),
        );
        pair(
            "serial number",
            bytes(&said.cert_serial).as_deref(),
            &self.serial,
        );
        pair(
            "serial number",
            bytes(&said.cert_serial).as_deref(),
            &self.serial_by_rule,
        );
        if let (Some(said), Some(ours)) = (&said.signer_id, self.signer_id) {
            let said = u16::from_str_radix(said, 16).map(u16::to_be_bytes);
            pair(
                "signer ID",
                Some(said.as_ref().map_or(&[], |said| &said[..])),
                &ours,
            );
        }
    }

    /// The 72 bytes.
    fn within(&self, said: &CompressedCertificate, pairs: &mut Vec<Pair>) {
        pairs.push((
            "signature",
            said.signature.as_bytes().to_vec(),
            self.signature.clone(),
        ));
        pairs.push((
            "dates",
            said.dates.bits().to_vec(),
            self.dates.bits().to_vec(),
        ));
        pairs.push((
            "serial number",
            self.serial.clone(),
            self.serial_by_rule.clone(),
        ));
        if let Some(ours) = self.signer_id {
            pairs.push((
                "signer ID",
                said.signer_id.to_be_bytes().to_vec(),
                ours.to_vec(),
            ));
        }
    }
}

/// The last word of a name, when it is four digits.
fn four_digits(name: &str) -> Option<[u8; 2]> {
    let word = name
        .rsplit([' ', '='])
        .next()
        .filter(|word| word.len() == 4)?;
    u16::from_str_radix(word, 16).ok().map(u16::to_be_bytes)
}

fn contains(der: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && der.windows(part.len()).any(|window| window == part)
}

/// By the mathematics and by an emulated chip.
fn judge_signature(one: &Certificate, data: &Data) -> Result<Verdict, Wrong> {
    let certificate = one.x509()?;
    let Some(key) = issuer(one, &certificate, data)? else {
        return Ok(Verdict::Skipped(Reason::Issuer));
    };
    let (digest, signature) = (certificate.digest(), certificate.signature()?);
    Ok(verify(key.as_bytes(), &digest, signature.as_bytes()))
}

/// The key of who is said to have signed: one in the recording, or Microchip's
/// root.
fn issuer(one: &Certificate, certificate: &X509, data: &Data) -> Result<Option<PublicKey>, Wrong> {
    if one.role == "root" {
        return Ok(Some(certificate.public_key()?));
    }
    let Some(name) = &one.issuer else {
        return Ok(None);
    };
    let mut found = None;
    for other in data.certificates.iter().filter(|other| other.role == *name) {
        let other = other.x509()?;
        if found.is_none() || other.subject_der() == certificate.issuer_der() {
            found = Some(other.public_key()?);
        }
    }
    let root = TrustChain::microchip_root()?;
    let is_named = name == MICROCHIP_ROOT || certificate.issuer_der() == root.subject_der();
    if found.is_none() && is_named {
        found = Some(root.public_key()?);
    }
    Ok(found)
}

/// A slot holds a certificate or key of the recording, or a text that is in
/// one of these; slots 10 to 12 those of a chain in its order.
fn judge_slot(slot: &SlotContent, data: &Data) -> Verdict {
    let bytes = &slot.hex.0;
    let whole_chain = ["signer", "device"]
        .iter()
        .all(|role| data.certificates.iter().any(|one| one.role == *role));
    let wanted = whole_chain.then(|| in_chain(slot.slot)).flatten();
    let all = || data.certificates.iter();
    let is_in = |one: &Certificate| match wanted {
        Some((role, Form::Compressed)) => one.role == role && is_compressed(one, slot),
        Some((role, Form::Key)) => one.role == role && is_key(one, bytes),
        None => contains(&one.der.0, bytes) || is_compressed(one, slot) || is_key(one, bytes),
    };
    match wanted {
        _ if all().any(is_in) => Verdict::Passed,
        Some((role, Form::Compressed)) => {
            Verdict::differs(format!("the {role}'s certificate"), hex(bytes))
        }
        Some((role, Form::Key)) => Verdict::differs(format!("the {role}'s key"), hex(bytes)),
        None => Verdict::Skipped(Reason::Alone),
    }
}

/// What a slot holds of a certificate.
#[derive(Clone, Copy)]
enum Form {
    Compressed,
    Key,
}

/// What both layouts have in a slot. Source: cryptoauthlib
/// `tngtls_cert_def_3_device.c`; `nerves_key` 1.3, README.
const fn in_chain(slot: u8) -> Option<(&'static str, Form)> {
    match slot {
        10 => Some(("device", Form::Compressed)),
        11 => Some(("signer", Form::Key)),
        12 => Some(("signer", Form::Compressed)),
        _ => None,
    }
}

fn is_key(one: &Certificate, bytes: &[u8]) -> bool {
    let key = one.x509().and_then(|x509| Ok(x509.public_key()?));
    key.is_ok_and(|key| {
        let forms = [key.to_padded_slot(), key.to_nerves_key_slot()];
        forms.iter().any(|form| form[..] == *bytes)
    })
}

fn is_compressed(one: &Certificate, slot: &SlotContent) -> bool {
    one.compressed.as_ref() == Some(&slot.hex) || begins(one, &slot.hex.0)
}

/// Whether these 72 bytes begin with the signature, dates and signer ID of a
/// certificate, where the recording has no compressed form of it.
fn begins(one: &Certificate, bytes: &[u8]) -> bool {
    let Ok(stored) = <&[u8; 72]>::try_from(bytes) else {
        return false;
    };
    let Ok(stored) = CompressedCertificate::from_bytes(stored) else {
        return false;
    };
    let facts = one
        .x509()
        .and_then(|x509| Facts::new(&x509, &one.role, Some(&stored)));
    facts.is_ok_and(|facts| {
        let mut pairs = Vec::new();
        facts.within(&stored, &mut pairs);
        one.compressed.is_none() && pairs.iter().all(|(_, said, ours)| said == ours)
    })
}
