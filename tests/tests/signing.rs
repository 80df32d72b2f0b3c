//! Plans held to their digest, and certificates signed elsewhere, on emulated
//! chips.

use atecc_emulator::{Bus, Chip, Revision};
use atecc_x509::DateTime;
use nerves_key::Stage;
use nerves_key_provision::{
    CertificateSigner, DocumentError, Plan, SigningAnswer, SigningRequest, SigningRequestError,
    prepare, provision,
};
use nerves_key_schema::{BoardName, Layout, Otp};
use sha2::{Digest, Sha256};
use tests_station::{CHALLENGES, Station};

fn station() -> Station {
    let now = DateTime::new(2026, 12, 6, 10, 20, 30).unwrap();
    Station::new([0x42; 32], now, Some("N1234"))
}

fn plan(bus: &Bus, station: &Station) -> Plan {
    Plan::new(&Station::snapshot(bus).unwrap(), &station.request).unwrap()
}

/// A chip up to its request.
fn asked(station: &Station) -> (Bus, SigningRequest) {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let plan = plan(&bus, station);
    let request = prepare(&mut Station::device(&bus), &plan, CHALLENGES, |_| {});
    (bus, request.unwrap().unwrap())
}

#[test]
fn the_digest_is_of_the_chip_and_all_bytes() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let mut station = station();
    let first = plan(&bus, &station);
    let text = first.canonical();
    assert_eq!(first.digest(), <[u8; 32]>::from(Sha256::digest(&text)));
    // Four lines, then one for each step, with its bytes.
    let mut lines = text.strip_suffix('\n').unwrap().split('\n');
    assert_eq!(lines.next(), Some("nerves-key plan 1"));
    let chip = format!("chip {}", first.config().serial_number());
    assert_eq!(lines.next(), Some(chip.as_str()));
    assert_eq!(lines.next(), Some("serial N1234"));
    assert_eq!(lines.next(), Some("layout standard"));
    assert_eq!(lines.clone().count(), first.steps().len());
    for (line, step) in lines.zip(first.steps()) {
        let bytes = first.bytes(step);
        let hex = bytes.map(|bytes| data_encoding::HEXUPPER.encode(&bytes));
        assert!(line.starts_with(step.name()), "{line}");
        assert!(hex.is_none_or(|hex| line.ends_with(&hex)), "{line}");
    }
    // Not of the time.
    station.request.now = DateTime::new(2026, 12, 6, 11, 0, 0).unwrap();
    assert_eq!(plan(&bus, &station).digest(), first.digest());
    station.request.board = Some(BoardName::new("Other").unwrap());
    assert_ne!(plan(&bus, &station).digest(), first.digest());
}

#[test]
fn a_certificate_signed_elsewhere() {
    let mut station = station();
    let (bus, request) = asked(&station);
    request.check().unwrap();
    let stage = || Station::snapshot(&bus).unwrap().stage();
    assert_eq!(stage(), Stage::Keyed(Layout::Standard));
    let text = request.to_json().unwrap();
    assert_eq!(SigningRequest::from_json(&text).unwrap(), request);
    let signature = station.key.sign(&request).unwrap();
    let answer = SigningAnswer::new(request, signature).unwrap();
    let text = answer.to_json().unwrap();
    let mut answer = SigningAnswer::from_json(&text).unwrap();
    // DER is as good.
    let der = data_encoding::HEXUPPER.encode(&signature.to_der());
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    document["signature_der"] = der.into();
    assert_eq!(
        SigningAnswer::from_json(&document.to_string()).unwrap(),
        answer
    );
    document.as_object_mut().unwrap().remove("signature");
    assert_eq!(
        SigningAnswer::from_json(&document.to_string()).unwrap(),
        answer
    );

    bus.power_cycle();
    // The answer names the key; else the chip would be asked for another.
    station.request.device_key = answer.device_key();
    let plan = plan(&bus, &station);
    let mut device = Station::device(&bus);
    provision(&mut device, &plan, &mut answer, CHALLENGES, |_| {})
        .unwrap()
        .unwrap();
    assert_eq!(stage(), Stage::Finished(Layout::Standard));
    // With its certificate locked, a chip asks for no other.
    let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
    let request = prepare(&mut device, &plan, CHALLENGES, |_| {}).unwrap();
    assert!(request.is_none());
}

#[test]
fn an_answer_for_another_chip_signs_nothing() {
    let mut station = station();
    let (_, one) = asked(&station);
    let (_, mut two) = asked(&station);
    two.chip.0[4] ^= 1;
    let signature = station.key.sign(&one).unwrap();
    let mut answer = SigningAnswer::new(one, signature).unwrap();
    let mismatch = answer.sign(&two).unwrap_err();
    assert_eq!(mismatch.what, "the chip");
}

#[test]
fn a_request_that_contradicts_itself_is_refused() {
    let (_, request) = asked(&station());
    let broken = |change: fn(&mut SigningRequest)| {
        let mut broken = request.clone();
        change(&mut broken);
        broken.check().unwrap_err()
    };
    let is_bytes = |error| matches!(error, SigningRequestError::ToBeSigned);
    assert!(is_bytes(broken(|request| request.to_be_signed[40] ^= 1)));
    assert!(is_bytes(broken(|request| request.chip.0[4] ^= 1)));
    assert!(is_bytes(broken(|request| {
        request.not_before = DateTime::new(2026, 12, 6, 11, 0, 0).unwrap();
    })));
    assert!(is_bytes(broken(|request| {
        request.signer_public_key = request.public_key;
    })));
    assert!(is_bytes(broken(|request| {
        request.public_key = request.signer_public_key;
    })));
    assert!(matches!(
        broken(|request| request.digest[0] ^= 1),
        SigningRequestError::Digest
    ));
    assert!(matches!(
        broken(|request| request.serial.push('X')),
        SigningRequestError::Serial { .. }
    ));
    // Both halves of the serial changed, and still not the certificate.
    assert!(is_bytes(broken(|request| {
        let serial = nerves_key_schema::ManufacturerSerial::new("N1235").unwrap();
        let board = BoardName::new("NervesKey").unwrap();
        request.otp = Otp::new(&board, &serial, &[]).unwrap();
        request.serial = "N1235".into();
    })));
}

#[test]
fn another_signers_signature_is_no_answer() {
    let (_, request) = asked(&station());
    let now = DateTime::new(2026, 12, 6, 10, 0, 0).unwrap();
    let signature = Station::new([0x43; 32], now, None).key.sign(&request);
    assert!(matches!(
        SigningAnswer::new(request, signature.unwrap()),
        Err(DocumentError::Signature(_))
    ));
}
