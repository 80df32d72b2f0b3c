//! Public certificates of other makers: they come back, and one that is off by
//! a field is refused by the field's name.

use std::fs;

use atecc_certdef::{Defined, ValueError};
use atecc_x509::{
    Certificate, CompressedCertificate, Format, Part, PublicKey, RoundTripError, compress,
    decompress, round_trip,
};

use super::{definition, lost, repository};

/// Definition, certificate, the certificate of who has signed it, and the 72
/// bytes after the signature by the format's tables: dates, signer ID, template
/// and chain, source and format, more of the dates.
const CASES: [(&str, &str, &str, [u8; 8]); 4] = [
    // 2021-09-01 0h, no expiry: year 21, month 9, day 1 in 24 bits.
    (
        "grisp2-ca",
        "grisp2-ca",
        "stritzinger-root",
        [0xAC, 0x84, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00],
    ),
    // 2024-08-27 13h, signer FFFF.
    (
        "braid-device",
        "braid-device",
        "braid-signer",
        [0xC4, 0x6D, 0xA0, 0xFF, 0xFF, 0x20, 0xA0, 0x00],
    ),
    // 2020-09-22 5h.
    (
        "example-inc-device",
        "example-inc-device-1",
        "example-inc-signer-1",
        [0xA4, 0xD8, 0xA0, 0xFF, 0xFF, 0x20, 0xA0, 0x00],
    ),
    // 2020-11-02 12h.
    (
        "example-inc-device",
        "example-inc-device-2",
        "example-inc-signer-2",
        [0xA5, 0x89, 0x80, 0xFF, 0xFF, 0x20, 0xA0, 0x00],
    ),
];

fn certificate(name: &str) -> Certificate {
    let path = repository().join(format!("tests/definitions/{name}.pem"));
    Certificate::from_pem(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The definition with what the certificate has in its places.
fn defined(file: &str, certificate: &Certificate, signer: &str) -> Defined {
    let definition = definition(&format!("tests/definitions/{file}.toml"));
    let mut values = definition.values_of(certificate).unwrap();
    values.signer_public_key = Some(self::certificate(signer).public_key().unwrap());
    definition.with(values).unwrap()
}

#[test]
fn they_come_back_from_their_72_bytes() {
    for (file, name, signer, tail) in CASES {
        let certificate = certificate(name);
        let defined = defined(file, &certificate, signer);
        certificate
            .verify(&defined.signer_public_key().unwrap())
            .unwrap();
        assert_eq!(lost(&certificate, &defined), [], "{name}");
        let bytes = round_trip(&certificate, &defined).unwrap().to_bytes();
        assert_eq!(bytes[..64], certificate.signature().unwrap().as_bytes()[..]);
        assert_eq!(bytes[64..], tail, "{name}");
        let stored = CompressedCertificate::from_bytes(&bytes).unwrap();
        assert_eq!(decompress(&stored, &defined).unwrap(), certificate);
    }
}

/// What differs between two devices of one maker is in the places, and nothing
/// else: the values of the one do not make the other's certificate.
#[test]
fn the_places_tell_devices_apart() {
    let (one, other) = (
        certificate("example-inc-device-1"),
        certificate("example-inc-device-2"),
    );
    let defined = defined("example-inc-device", &one, "example-inc-signer-1");
    let parts = [
        Part::SerialNumber,
        Part::Subject,
        Part::PublicKey,
        Part::Extension(1),
        Part::Extension(2),
    ];
    assert_eq!(lost(&other, &defined), parts);
}

/// Each byte that is changed is found in its own part. The serial number also
/// depends on the dates where it is hashed.
#[test]
fn one_field_off_is_refused_by_its_name() {
    for (file, name, signer, _) in CASES {
        let original = certificate(name);
        let defined = defined(file, &original, signer);
        let mut seen = Vec::new();
        for at in 0..original.as_der().len() {
            let mut der = original.as_der().to_vec();
            der[at] ^= 0x01;
            let Ok(changed) = Certificate::from_der(der) else {
                continue;
            };
            let part = part_at(&changed, at);
            if part == Part::Signature {
                continue; // Its bytes are stored as they are.
            }
            let lost = lost(&changed, &defined);
            let dates = matches!(part, Part::NotBefore | Part::NotAfter);
            if dates && lost.is_empty() {
                // Another date of the calendar, which the 72 bytes have as well.
                let compressed = round_trip(&changed, &defined).unwrap();
                assert_ne!(compressed, round_trip(&original, &defined).unwrap());
                continue;
            }
            // Another date that exists makes another serial number.
            let by_number = dates && lost == [Part::SerialNumber];
            assert!(
                lost.contains(&part) || by_number,
                "{name}, byte {at}, {part}: {lost:?}"
            );
            if !seen.contains(&part) {
                seen.push(part);
            }
            if shifted(&changed, &original) {
                continue; // What follows a length is another part, too.
            }
            let also = |other: &Part| match *other {
                Part::SerialNumber | Part::NotBefore | Part::NotAfter | Part::Signature => dates,
                _ => false,
            };
            assert!(
                lost.iter().all(|one| *one == part || also(one)),
                "{name}, byte {at}, {part}: {lost:?}"
            );
            match round_trip(&changed, &defined).unwrap_err() {
                RoundTripError::Differs { part: found, .. } => {
                    assert!(found == part || dates, "{name}, byte {at}: {found}");
                }
                error => assert!(dates, "{name}, byte {at}: {error}"),
            }
        }
        for part in [
            Part::Version,
            Part::SerialNumber,
            Part::SignedAlgorithm,
            Part::Issuer,
            Part::NotBefore,
            Part::NotAfter,
            Part::Subject,
            Part::PublicKey,
            Part::Extension(1),
            Part::Extension(2),
            Part::Algorithm,
        ] {
            assert!(seen.contains(&part), "{name}: {part}");
        }
    }
}

fn parts() -> impl Iterator<Item = Part> {
    [
        Part::Version,
        Part::SerialNumber,
        Part::SignedAlgorithm,
        Part::Issuer,
        Part::NotBefore,
        Part::NotAfter,
        Part::Subject,
        Part::PublicKey,
        Part::Algorithm,
        Part::Signature,
    ]
    .into_iter()
    .chain((1..8).map(Part::Extension))
}

/// Where a part stands in its certificate.
fn place(certificate: &Certificate, part: Part) -> std::ops::Range<usize> {
    let der = certificate.part_der(part);
    let start = (der.as_ptr() as usize).wrapping_sub(certificate.as_der().as_ptr() as usize);
    match der {
        [] => 0..0,
        der => start..start + der.len(),
    }
}

fn part_at(certificate: &Certificate, offset: usize) -> Part {
    parts()
        .find(|part| place(certificate, *part).contains(&offset))
        .unwrap_or(Part::Structure)
}

fn shifted(one: &Certificate, other: &Certificate) -> bool {
    parts().any(|part| place(one, part) != place(other, part))
}

/// `GRiSP`'s year has 365 days: five of them end on 31 August.
#[test]
fn years_of_365_days_are_named() {
    let client = certificate("grisp2-test-client");
    let defined = defined("grisp2-test-client", &client, "grisp2-test-signer");
    let error = round_trip(&client, &defined).unwrap_err().to_string();
    assert_eq!(
        error,
        "the certificate cannot be compressed: 2026-08-31T00:00:00Z is no whole number of \
         years after 2021-09-01T00:00:00Z"
    );
    assert_eq!(
        lost(&client, &defined),
        [Part::NotBefore, Part::NotAfter, Part::Signature]
    );
}

/// The serial number of Braid's certificate is hashed with 0 years. A
/// definition without its last day finds 40 of them, and another number.
#[test]
fn a_last_day_that_the_chip_has_not() {
    let path = repository().join("tests/definitions/braid-device.toml");
    let text = fs::read_to_string(path).unwrap();
    let line = "no-expiry = \"2064-08-27T13:00:00Z\"\n";
    let text = text
        .split_once(line)
        .map(|(before, after)| [before, after].concat());
    let definition = atecc_certdef::Definition::from_toml(&text.unwrap()).unwrap();
    let braid = certificate("braid-device");
    let mut values = definition.values_of(&braid).unwrap();
    values.signer_public_key = Some(certificate("braid-signer").public_key().unwrap());
    let defined = definition.with(values).unwrap();
    assert_eq!(lost(&braid, &defined), [Part::SerialNumber]);
}

#[test]
fn what_is_missing_is_said() {
    let file = definition("tests/definitions/example-inc-device.toml");
    let device = certificate("example-inc-device-1");
    let values = file.values_of(&device).unwrap();
    assert_eq!(file.with(values.clone()), Err(ValueError::NoSignerKey));
    let key = PublicKey::from_bytes([0x5A; 64]);
    let mut without = atecc_certdef::Values::new(key);
    without.signer_public_key = Some(key);
    assert_eq!(
        file.with(without).unwrap_err().to_string(),
        "the chip's serial number is missing: a name is made of it"
    );
    let mut more = values;
    more.named.insert("eui".to_owned(), b"1".to_vec());
    assert_eq!(
        file.with(more).unwrap_err().to_string(),
        "the definition has no value \"eui\", only those of the chip"
    );
    let file = definition("docs/definitions/nerves-key-device.toml");
    assert_eq!(
        file.with(atecc_certdef::Values::new(key))
            .unwrap_err()
            .to_string(),
        "the value \"serial\" is missing: the manufacturer's serial number, as the OTP zone \
         has it"
    );
}

/// The wrong kind of certificate is refused before anything is made of it.
#[test]
fn seventy_two_bytes_of_another_template_are_refused() {
    let grisp = certificate("grisp2-ca");
    let of_grisp = defined("grisp2-ca", &grisp, "stritzinger-root");
    let compressed = compress(&grisp, &of_grisp, Format::V0).unwrap();
    let braid = certificate("braid-device");
    let of_braid = defined("braid-device", &braid, "braid-signer");
    assert_eq!(
        decompress(&compressed, &of_braid).unwrap_err().to_string(),
        "compressed certificate is of template 1, chain 0, serial source 0, not of template 2, \
         chain 0, serial source A"
    );
}
