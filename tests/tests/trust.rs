//! Parts that Microchip has provisioned: real certificates, and an emulated part.

use std::path::Path;

use atecc::{BusAddress, ConfigZone, Device};
use atecc_emulator::Bus;
use atecc_x509::SignatureBytes;
use nerves_key::settings::{Area, ReadSettings};
use nerves_key::{ReadSnapshot, Snapshot, Stage, TrustKind};
use tests_trust::{Row, recorded};
use tests_vector_runner::read_rows;

/// The recorded certificates: each rebuilt byte for byte from its compressed
/// form, and verified as far as its issuers are published.
#[test]
fn recorded_certificates() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let found = recorded(&dir).unwrap();
    let failures: Vec<_> = found.iter().filter(|one| one.failure.is_some()).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let count = |start: &str| {
        found
            .iter()
            .filter(|one| one.verified.starts_with(start))
            .count()
    };
    // Four chains of Trust&GO parts; one device under a customer's signer.
    assert_eq!(count("up to the root"), 8, "{found:#?}");
    assert_eq!(count("by its signer"), 1, "{found:#?}");
    assert_eq!(count("itself"), 1, "{found:#?}");
}

/// Source: cryptoauthlib; the recorded configuration's byte 16 is 0x6A.
const ADDRESS: BusAddress = BusAddress::TRUST_AND_GO;

fn rows() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/tng.json");
    let rows = read_rows::<Row>(&path, "chips").unwrap();
    rows.into_iter().map(|(_, row)| row.unwrap()).collect()
}

fn read(bus: &Bus) -> Snapshot {
    let mut device = Device::new(bus.i2c(), bus.delay()).with_address(ADDRESS);
    device.run(ReadSnapshot::new()).unwrap()
}

/// Of the parts that can be emulated, those whose device key is known, each is
/// read as the row's contents say, under either way of storing them.
#[test]
fn an_emulated_part_is_read_and_signs() {
    let mut parts = 0;
    for row in rows() {
        let (Ok(bus), Ok(expected)) = (row.part(), row.identity()) else {
            continue;
        };
        let snapshot = read(&bus);
        assert_eq!(snapshot.stage(), Stage::TrustPart);
        assert_eq!(snapshot.trust_kind(), Some(TrustKind::TngTls));
        let ours = row.verified(&snapshot).unwrap();
        assert_eq!(ours, expected);
        // Made-up parts do not verify under Microchip's root.
        assert!(snapshot.certificates().is_err());
        let mut device = Device::new(bus.i2c(), bus.delay()).with_address(ADDRESS);
        let signature = device.run(nerves_key::sign([0x5A; 32])).unwrap();
        let signature = SignatureBytes::from_bytes(signature);
        ours.public_key.verify(&[0x5A; 32], &signature).unwrap();

        let snapshot = read(&row.lora_part().unwrap());
        assert_eq!(snapshot.trust_kind(), Some(TrustKind::TngLora));
        assert_eq!(snapshot.key_slot().index(), 1);
        assert_eq!(
            snapshot.public_key.unwrap().as_bytes(),
            expected.public_key.as_bytes()
        );
        assert_eq!(
            snapshot.device_certificate,
            row.snapshot().unwrap().device_certificate
        );
        assert_eq!(
            snapshot.signer_public_key,
            row.snapshot().unwrap().signer_public_key
        );
        assert_eq!(
            snapshot.signer_certificate,
            row.snapshot().unwrap().signer_certificate
        );
        parts += 1;
    }
    assert!(parts > 10, "{parts}");
}

/// The kit whose slots are published: its chain ends at Microchip's root.
#[test]
fn a_real_part_has_all_three_certificates() {
    let kit = rows().into_iter().find(|row| !row.is_made_up()).unwrap();
    let snapshot = Snapshot {
        config: locked(kit.snapshot().unwrap().config),
        ..kit.snapshot().unwrap()
    };
    assert_eq!(snapshot.stage(), Stage::TrustPart);
    let certificates = snapshot.certificates().unwrap();
    let root = certificates.root.unwrap();
    certificates
        .signer
        .verify(&root.public_key().unwrap())
        .unwrap();
    // Its OTP zone unknown, it is told by its certificates.
    let unknown = Snapshot {
        otp: Some([0; 64]),
        ..snapshot
    };
    assert_eq!(unknown.stage(), Stage::TrustPart);
    assert_eq!(unknown.certificates().unwrap().device, certificates.device);
}

fn locked(mut config: ConfigZone) -> ConfigZone {
    config.0[86..88].fill(0);
    config
}

/// Slot 8 alone holds settings, as the part's own configuration allows.
#[test]
fn settings_of_a_trust_part() {
    let row = rows().into_iter().find(Row::is_made_up).unwrap();
    let bus = row.part().unwrap();
    let mut device = Device::new(bus.i2c(), bus.delay()).with_address(ADDRESS);
    for value in 1..=3_u32 {
        let settings = device.run(ReadSettings::new(Area::TrustPart)).unwrap();
        assert_eq!(
            settings.get::<u32>().unwrap().unwrap_or_default(),
            value - 1
        );
        device.run(settings.set(&value).unwrap()).unwrap();
    }
    let settings = device.run(ReadSettings::new(Area::TrustPart)).unwrap();
    // As a term: 416 bytes are the limit, and the error says by how much.
    let error = settings.write_term(&[131; 417]).unwrap_err().to_string();
    assert!(error.contains("416"), "{error}");
    // The certificates are as they were.
    assert!(row.verified(&read(&bus)).is_ok());
}
