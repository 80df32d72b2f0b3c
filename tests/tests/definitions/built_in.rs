//! The definitions in `docs/definitions` and the NervesKey's own code: the same
//! bytes, the same refusals.

use std::fs;

use atecc_certdef::{Definition, IssueError, Values};
use atecc_x509::{
    Certificate, CertificateDef, CompressedCertificate, EncodedDates, Format, IssueDate, Name,
    NervesKeyDevice, NervesKeySigner, PublicKey, SignatureBytes, TrustChain, TrustDevice,
    TrustLayout, Validity, decompress, round_trip,
};
use data_encoding::HEXLOWER;
use proptest::prelude::*;
use serde_json::Value;

use super::{definition, lost, repository};

const DEVICE: &str = "docs/definitions/nerves-key-device.toml";
const SIGNER: &str = "docs/definitions/nerves-key-signer.toml";
const TRUST_AND_GO: &str = "tests/definitions/trust-and-go-device.toml";

fn device_values(device: &NervesKeyDevice, serial: &[u8]) -> Values {
    Values {
        signer_public_key: Some(device.signer_public_key),
        device_sn: Some(device.device_sn),
        named: [("serial".to_owned(), serial.to_vec())].into(),
        ..Values::new(device.public_key)
    }
}

/// Both make the same of a certificate and of 72 bytes, errors included.
fn agree(
    certificate: &Certificate,
    stored: Option<CompressedCertificate>,
    file: &dyn CertificateDef,
    built_in: &dyn CertificateDef,
) {
    assert_eq!(file.template(), built_in.template());
    assert_eq!(
        round_trip(certificate, file),
        round_trip(certificate, built_in)
    );
    assert_eq!(
        certificate.check_fields(file),
        certificate.check_fields(built_in)
    );
    if let Some(stored) = stored {
        assert_eq!(decompress(&stored, file), decompress(&stored, built_in));
    }
}

fn rows(file: &str, list: &str) -> Vec<Value> {
    let text = fs::read_to_string(repository().join(file)).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document[list].as_array().unwrap().clone()
}

fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn stored(row: &Value) -> Option<CompressedCertificate> {
    let digits = row["compressed"].as_str()?;
    let bytes = HEXLOWER.decode(digits.as_bytes()).unwrap();
    Some(CompressedCertificate::from_bytes(&bytes.try_into().unwrap()).unwrap())
}

#[test]
fn every_device_of_the_vectors() {
    let definition = definition(DEVICE);
    let mut survived = 0;
    let rows = rows("tests/vectors/certs.json", "devices");
    for row in &rows {
        let certificate = Certificate::from_der(hex(&row["der"])).unwrap();
        let signer = Certificate::from_pem(row["signer_pem"].as_str().unwrap()).unwrap();
        let serial = hex(&row["manufacturer_sn"]);
        let device = NervesKeyDevice {
            subject: Name::from_stored_serial(&serial),
            device_sn: hex(&row["device_sn"]).try_into().unwrap(),
            public_key: certificate.public_key().unwrap(),
            signer_public_key: signer.public_key().unwrap(),
        };
        let file = definition.with(device_values(&device, &serial)).unwrap();
        agree(&certificate, stored(row), &file, &device);
        survived += usize::from(round_trip(&certificate, &file).is_ok());
    }
    // The others have dates or subjects that do not come back.
    assert!(survived > rows.len() / 2, "{survived} of {}", rows.len());
}

#[test]
fn every_signer_of_the_vectors() {
    let definition = definition(SIGNER);
    let mut survived = 0;
    let rows = rows("tests/vectors/certs.json", "signers");
    for row in &rows {
        let certificate = Certificate::from_der(hex(&row["der"])).unwrap();
        let public_key = certificate.public_key().unwrap();
        let file = definition.with(Values::new(public_key)).unwrap();
        agree(
            &certificate,
            stored(row),
            &file,
            &NervesKeySigner { public_key },
        );
        survived += usize::from(round_trip(&certificate, &file).is_ok());
    }
    assert!(survived > rows.len() / 2, "{survived} of {}", rows.len());
}

/// The device of a Trust&GO kit that is recorded, by its file and by the code:
/// names, subjectAltName and a notAfter that is always generalized.
#[test]
fn a_recorded_trust_and_go_device() {
    let rows = rows(
        "tests/recordings/tngtls-608b-nerves-kit.json",
        "certificates",
    );
    let of_role = |role| {
        let row = rows.iter().find(|row| row["role"] == role).unwrap();
        Certificate::from_der(hex(&row["der"])).unwrap()
    };
    let (device, signer) = (of_role("device"), of_role("signer"));
    let signer_key = signer.public_key().unwrap();
    let definition = definition(TRUST_AND_GO);
    let mut values = definition.values_of(&device).unwrap();
    // Slot 5 of the kit, as its owner has published it.
    let eui = *b"E8EB1B202027";
    values.signer_public_key = Some(signer_key);
    values.named.insert("eui".to_owned(), eui.to_vec());
    let built_in = TrustDevice {
        chain: TrustChain::microchip().unwrap(),
        layout: TrustLayout::Eui48(eui),
        device_sn: *b"\x01\x23\xA2\x3F\x29\xF9\x36\x6A\x01",
        public_key: device.public_key().unwrap(),
        signer_key_id: signer_key.microchip_key_id(),
    };
    let file = definition.with(values).unwrap();
    assert_eq!(lost(&device, &file), []);
    let compressed = round_trip(&device, &built_in).unwrap();
    assert_eq!(compressed.signer_id, 0x2C00);
    agree(&device, Some(compressed), &file, &built_in);
}

fn validities() -> impl Strategy<Value = (Validity, Format)> {
    let fields = (2000_u16..=2127, 1_u8..=12, 1_u8..=31, 0_u8..=23, 0_u8..=127);
    fields.prop_filter_map("fits", |(year, month, day, hour, years)| {
        let issue = IssueDate::new(year, month, day, hour).ok()?;
        let validity = Validity::new(issue, years).ok()?;
        let fits = |format: &Format| EncodedDates::encode(validity, *format).is_ok();
        let format = [Format::V0, Format::V1].into_iter().find(fits)?;
        Some((validity, format))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever a chip may hold: the same bytes are to be signed. What is no text
    /// is rebuilt, and not issued anew.
    #[test]
    fn whatever_is_issued(
        (validity, format) in validities(),
        serial in proptest::collection::vec(any::<u8>(), 0..=48),
        device_sn: [u8; 9],
        keys in proptest::collection::vec(any::<u8>(), 192),
    ) {
        let part = |at: usize| <[u8; 64]>::try_from(&keys[at..at + 64]).unwrap();
        let device = NervesKeyDevice {
            subject: Name::from_stored_serial(&serial),
            device_sn,
            public_key: PublicKey::from_bytes(part(0)),
            signer_public_key: PublicKey::from_bytes(part(64)),
        };
        let file = of_file().with(device_values(&device, &serial)).unwrap();
        let tbs = device.issue(validity, format).unwrap();
        let dates = EncodedDates::encode(validity, format).unwrap();
        prop_assert_eq!(&file.to_be_signed(dates, 0).unwrap(), &tbs);
        let is_text = !serial.is_empty() && std::str::from_utf8(&serial).is_ok();
        match file.issue(validity, format, 0) {
            Ok(issued) => prop_assert!(is_text && issued == tbs),
            Err(IssueError::Fit(_)) => prop_assert!(!is_text),
            Err(error) => panic!("{error}"),
        }
        let certificate = tbs.assemble(&SignatureBytes::from_bytes(part(128)));
        agree(&certificate, round_trip(&certificate, &device).ok(), &file, &device);
        // What the certificate has in the places is what was put there.
        let values = of_file().values_of(&certificate).unwrap();
        prop_assert_eq!(&values.named["serial"], &serial);
    }
}

fn of_file() -> &'static Definition {
    static DEFINITION: std::sync::LazyLock<Definition> =
        std::sync::LazyLock::new(|| definition(DEVICE));
    &DEFINITION
}
