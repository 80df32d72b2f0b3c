//! What provisioning refuses, it refuses before the chip is touched: it only
//! reads, and the chip's memory stays as it was.

use atecc::SerialNumber;
use atecc_emulator::{Bus, Chip, DATA_SIZE, Entropy, Image, Revision};
use atecc_x509::{Certificate, CheckedSigner, DateTime, NervesKeySigner, SignerError};
use nerves_key::{Foreign, Snapshot, Stage};
use nerves_key_provision::{
    AcceptedSigner, DeviceSubject, KeySigner, Plan, Refusal, VolatileSecrets, create_device,
    create_signer,
};
use nerves_key_schema::{BoardName, ConfigField, Layout, ManufacturerSerial, OtpError, configure};
use tests_fault_sweep::{SETUPS, Setup};
use tests_station::wire::{commands, is_only_reading};
use tests_station::{Station, StationError};

const REVISIONS: [Revision; 3] = Revision::ALL;
const STANDARD: Setup = Setup {
    revision: Revision::Atecc608B,
    layout: Layout::Standard,
};

fn station() -> Station {
    STANDARD.station()
}

fn date(year: u16, month: u8, day: u8) -> DateTime {
    DateTime::new(year, month, day, 12, 34, 56).unwrap()
}

/// The refusal, after checking that the chip was only read.
fn refusal(bus: &Bus, station: &mut Station) -> Refusal {
    let before = bus.image(0).unwrap();
    bus.start_log();
    let error = station.provision(bus).unwrap_err();
    let log = bus.take_log();
    assert!(commands(&log).count() > 0, "the chip was read");
    assert!(is_only_reading(&log), "{error}: {log:?}");
    assert_eq!(bus.image(0).unwrap(), before, "{error}");
    match error {
        StationError::Refused(refusal) => *refusal,
        error => panic!("{error}"),
    }
}

/// On a blank chip of each kind.
fn refused_by_all(station: &mut Station, expected: impl Fn(&Refusal) -> bool) {
    for revision in REVISIONS {
        let bus = Bus::with_chip(Chip::blank(revision));
        let refusal = refusal(&bus, station);
        assert!(expected(&refusal), "{revision}: {refusal}");
    }
}

/// A part with this configuration and OTP, its slots as the factory left them.
fn part(config: [u8; 128], otp: [u8; 64]) -> Bus {
    let image = Image::from_zones(config, otp, [0xFF; DATA_SIZE]).unwrap();
    Bus::with_chip(Chip::new(image, Entropy::Seeded(1)).unwrap())
}

fn blank(revision: Revision) -> [u8; 128] {
    *Image::blank(revision).config()
}

fn configured(revision: Revision, layout: Layout) -> [u8; 128] {
    let mut config = configure(&atecc::ConfigZone(blank(revision)), layout).0;
    config[87] = 0;
    config
}

#[test]
fn a_key_of_another_signer() {
    let mut station = station();
    let other = KeySigner::from_bytes(&[0x43; 32]).unwrap();
    station.request.signer_key = Some(other.public_key());
    refused_by_all(
        &mut station,
        |refusal| matches!(refusal, Refusal::SignerKey { found, .. } if *found == other.public_key()),
    );
}

#[test]
fn a_signer_out_of_its_time() {
    let mut station = station();
    let valid = station.request.signer.validity;
    let (from, to) = (valid.not_before(), valid.not_after());
    assert!(to < date(2036, 12, 7));
    station.request.clock_floor = date(2020, 1, 1);
    for now in [date(2026, 12, 5), date(2036, 12, 7)] {
        station.request.now = now;
        refused_by_all(
            &mut station,
            |refusal| matches!(refusal, Refusal::SignerNotValid { now: then, .. } if *then == now),
        );
    }
    // Its first and its last second.
    for now in [from, to] {
        station.request.now = now;
        let year = now.fields().year;
        let bus = Bus::with_chip(Chip::blank(Revision::Atecc608A));
        if year <= 2031 {
            station.provision(&bus).unwrap();
        } else {
            assert!(matches!(
                refusal(&bus, &mut station),
                Refusal::Certificate(_)
            ));
        }
    }
}

#[test]
fn a_clock_behind_the_release() {
    let mut station = station();
    station.request.clock_floor = date(2026, 12, 7);
    refused_by_all(
        &mut station,
        |refusal| matches!(refusal, Refusal::Clock { now, clock_floor } if now < clock_floor),
    );
}

/// A station of that hour, whose signer is as old.
fn station_at(now: DateTime) -> Option<Station> {
    let key = KeySigner::from_bytes(&[0x42; 32]).unwrap();
    let certificate = create_signer(&key, now, 10, atecc_x509::Format::V0).ok()?;
    Some(Station::with_signer(key, certificate, now, Some("N1234")))
}

#[test]
fn dates_at_the_edges_of_the_format() {
    for (now, from, to) in [
        // The last certificate whose end fits UTCTime, and the first after it.
        (
            date(2018, 12, 31),
            "2018-12-31T12:00:00Z",
            "2049-12-31T12:00:00Z",
        ),
        (
            date(2019, 1, 1),
            "2019-01-01T12:00:00Z",
            "2050-01-01T12:00:00Z",
        ),
        // A leap day: 31 years later there is none.
        (
            date(2028, 2, 29),
            "2028-02-28T23:00:00Z",
            "2059-02-28T23:00:00Z",
        ),
        // The last year.
        (
            date(2031, 12, 31),
            "2031-12-31T12:00:00Z",
            "2062-12-31T12:00:00Z",
        ),
    ] {
        let mut station = station_at(now).unwrap();
        let bus = Bus::with_chip(Chip::blank(Revision::Atecc608A));
        let report = station.provision(&bus).unwrap().unwrap();
        let certificate = report.device_certificate;
        assert_eq!(certificate.not_before().unwrap().to_string(), from);
        assert_eq!(certificate.not_after().unwrap().to_string(), to);
        let read = Station::snapshot(&bus).unwrap().identity().unwrap();
        assert_eq!(read.device_certificate, certificate);
    }
    // A signer of 2031 is still valid in 2032, when nothing can be issued.
    for year in [2032, 2040] {
        let mut station = station_at(date(2031, 12, 31)).unwrap();
        station.request.now = date(year, 1, 1);
        refused_by_all(&mut station, |refusal| {
            matches!(refusal, Refusal::Certificate(_)) && refusal.to_string().contains("2031")
        });
    }
    for year in [2032, 2050, 2051] {
        assert!(station_at(date(year, 1, 1)).is_none(), "{year}");
    }
    let mut station = station();
    station.request.now = date(2050, 1, 1);
    refused_by_all(&mut station, |refusal| {
        matches!(refusal, Refusal::SignerNotValid { .. })
    });
}

#[test]
fn a_serial_that_is_taken() {
    let mut station = station();
    station.request.used_serials = ["N1233", "N1234"].map(String::from).into();
    refused_by_all(
        &mut station,
        |refusal| matches!(refusal, Refusal::SerialUsed(serial) if serial == "N1234"),
    );
    // The chip's own serial may be among them once its data are locked.
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608A));
    STANDARD.station().provision(&bus).unwrap();
    assert!(station.provision(&bus).unwrap().is_none());
}

#[test]
fn user_data_beside_a_long_serial() {
    let mut station = station();
    station.request.serial = Some(ManufacturerSerial::new("seventeen bytes..").unwrap());
    station.request.user = Some(vec![1]);
    refused_by_all(&mut station, |refusal| {
        matches!(
            refusal,
            Refusal::Otp(OtpError::UserAreaTaken { serial: 17 })
        )
    });
    station.request.serial = Some(ManufacturerSerial::new("short").unwrap());
    station.request.user = Some(vec![1; 33]);
    refused_by_all(&mut station, |refusal| {
        matches!(refusal, Refusal::Otp(OtpError::TooLong { limit: 32, .. }))
    });
}

/// What another chip holds, and what was never checked, is not copied to a new
/// one.
#[test]
fn texts_that_nobody_sees() {
    for text in ["\u{FEFF}N1", "N1 ", "N\u{202E}1", "N\u{9B}1", "N1\n"] {
        let hidden = |refusal: &Refusal| {
            matches!(
                refusal,
                Refusal::Otp(OtpError::Hidden { .. } | OtpError::OuterBlank { .. })
            )
        };
        let mut of_serial = station();
        of_serial.request.serial = Some(ManufacturerSerial::stored(text).unwrap());
        refused_by_all(&mut of_serial, hidden);
        let mut of_board = station();
        of_board.request.board = Some(BoardName::stored(text).unwrap());
        refused_by_all(&mut of_board, hidden);
    }
}

/// These never become a request: there is no chip yet.
#[test]
fn texts_that_do_not_fit() {
    let long = "S".repeat(49);
    assert!(matches!(
        ManufacturerSerial::new(&long),
        Err(OtpError::TooLong { len: 49, .. })
    ));
    assert!(matches!(
        BoardName::new("ElevenBytes"),
        Err(OtpError::TooLong { len: 11, .. })
    ));
    for empty in [
        ManufacturerSerial::new("").map(drop),
        BoardName::new("").map(drop),
    ] {
        assert!(matches!(empty, Err(OtpError::Empty(_))));
    }
    for bytes in [
        ManufacturerSerial::from_bytes(b"N\xFF").map(drop),
        BoardName::from_bytes(b"\xC3").map(drop),
    ] {
        let error = bytes.unwrap_err();
        assert!(matches!(error, OtpError::NotUtf8 { .. }), "{error}");
    }
    assert!(BoardName::from_bytes("Brücke".as_bytes()).is_ok());
}

/// Nor do these.
#[test]
fn certificates_that_cannot_be_a_signers() {
    let mut station = station();
    let check = |certificate: &Certificate| -> Result<CheckedSigner, SignerError> {
        NervesKeySigner::check(certificate)
    };
    let der = station.certificate.as_der();
    // BasicConstraints with CA, pathLenConstraint 0.
    let is_ca = [0x01, 0x01, 0xFF, 0x02, 0x01, 0x00];
    let at = der.windows(6).position(|bytes| bytes == is_ca).unwrap();
    let mut patched = der.to_vec();
    patched[at + 2] = 0x00;
    let error = check(&Certificate::from_der(patched).unwrap()).unwrap_err();
    assert!(
        matches!(error, SignerError::ExtensionValue { .. }),
        "not a CA: {error}"
    );
    // A device's certificate is no signer's either.
    let device = DeviceSubject {
        public_key: station.key.public_key(),
        chip: SerialNumber([1; 9]),
        serial: &ManufacturerSerial::new("Signer").unwrap(),
    };
    let leaf = create_device(
        &device,
        &station.request.signer,
        &mut station.key,
        station.request.now,
        atecc_x509::Format::V0,
    );
    check(&leaf.unwrap()).unwrap_err();
    // Half past ten: the format has no minutes.
    let at = der.windows(5).position(|bytes| bytes == b"0000Z").unwrap();
    let mut patched = der.to_vec();
    patched[at] = b'3';
    let error = check(&Certificate::from_der(patched).unwrap()).unwrap_err();
    assert!(error.to_string().contains(":30:00"), "{error}");
    // A certificate that somebody else signed.
    let mut patched = der.to_vec();
    *patched.last_mut().unwrap() ^= 1;
    let error = check(&Certificate::from_der(patched).unwrap()).unwrap_err();
    assert!(matches!(error, SignerError::NotSelfSigned(_)), "{error}");
}

#[test]
fn foreign_configurations() {
    let mut station = station();
    for revision in REVISIONS {
        // The factory's slots, locked.
        let mut config = blank(revision);
        config[87] = 0;
        let bus = part(config, [0xFF; 64]);
        let foreign = refusal(&bus, &mut station);
        assert!(
            matches!(foreign, Refusal::Foreign(Foreign::Configuration)),
            "{foreign}"
        );
        // A NervesKey but for a free slot.
        let mut config = configured(revision, Layout::Standard);
        config[20 + 2 * 3] = 0x8F;
        let differs = refusal(&part(config, [0xFF; 64]), &mut station);
        assert!(
            matches!(differs, Refusal::Configuration(difference)
                if matches!(difference.field, ConfigField::SlotConfig(slot) if slot.index() == 3)),
            "{differs}"
        );
        // Data locked without a NervesKey's OTP zone.
        let mut config = configured(revision, Layout::Standard);
        config[86] = 0;
        let foreign = refusal(&part(config, [0; 64]), &mut station);
        assert!(
            matches!(foreign, Refusal::Foreign(Foreign::Otp(_))),
            "{foreign}"
        );
        // Data locked, and the configuration not.
        let mut config = blank(revision);
        config[86] = 0;
        let first = refusal(&part(config, [0xFF; 64]), &mut station);
        assert!(matches!(first, Refusal::DataLockedFirst), "{first}");
        // Open, but it would be lost: a slot lock that is set already.
        let mut config = blank(revision);
        config[88] = 0xFE;
        let differs = refusal(&part(config, [0xFF; 64]), &mut station);
        assert!(
            matches!(differs, Refusal::Configuration(difference)
                if difference.field == ConfigField::SlotLocked),
            "{differs}"
        );
    }
}

#[test]
fn parts_that_microchip_has_provisioned() {
    let mut config = blank(Revision::Atecc608B);
    config[86..88].fill(0);
    let mut otp = [0; 64];
    otp[..8].copy_from_slice(b"wdNxAjae");
    let refusal = refusal(&part(config, otp), &mut station());
    assert!(matches!(refusal, Refusal::TrustPart), "{refusal}");
}

#[test]
fn revisions_that_no_source_describes() {
    let mut config = atecc::ConfigZone(blank(Revision::Atecc608B));
    config.0[4..8].copy_from_slice(&[0, 2, 0, 9]);
    let snapshot = Snapshot {
        config,
        otp: None,
        device_certificate: None,
        signer_public_key: None,
        signer_certificate: None,
        public_key: None,
        eui: None,
    };
    let refusal = Plan::new(&snapshot, &station().request).unwrap_err();
    assert!(
        matches!(refusal, Refusal::Revision([0, 2, 0, 9])),
        "{refusal}"
    );
}

#[test]
fn another_serial() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608A));
    let mut station = station();
    station.provision(&bus).unwrap();
    station.request.serial = Some(ManufacturerSerial::new("N9999").unwrap());
    let other = refusal(&bus, &mut station);
    assert!(
        matches!(&other, Refusal::OtherSerial { found, .. } if found == "N1234"),
        "{other}"
    );
}

/// The station of `setup` with another signer: of another key, and of the same
/// key with another certificate.
fn stations_of_other_signers(setup: Setup) -> [Station; 2] {
    [
        ([0x43; 32], date(2026, 12, 6)),
        ([0x42; 32], date(2026, 12, 5)),
    ]
    .map(|(scalar, from)| {
        let key = KeySigner::from_bytes(&scalar).unwrap();
        let certificate = create_signer(&key, from, 10, atecc_x509::Format::V0).unwrap();
        let now = date(2026, 12, 6);
        let mut station = Station::with_signer(key, certificate, now, Some("N1234"));
        station.request.layout = setup.layout;
        station.request.volatile_keys = setup.station().request.volatile_keys;
        station
    })
}

/// Finished, and locked but for slots.
#[test]
fn another_signer_where_the_data_are_locked() {
    for setup in SETUPS {
        let bus = Bus::with_chip(Chip::blank(setup.revision));
        setup.station().provision(&bus).unwrap();
        let finished = bus.image(0).unwrap();
        let mut config = *finished.config();
        config[88..90].fill(0xFF);
        let open = finished.clone().with_config(config).unwrap();
        for (image, steps) in [(finished, false), (open, true)] {
            for mut station in stations_of_other_signers(setup) {
                let bus = Bus::with_chip(Chip::new(image.clone(), Entropy::Seeded(1)).unwrap());
                let other = refusal(&bus, &mut station);
                let asked = station.key.public_key();
                let found = setup.station().key.public_key();
                assert!(
                    matches!(other, Refusal::OtherSigner { found: f, asked: a }
                        if f == found && a == asked),
                    "{setup}: {other}"
                );
                station.request.accepted_signer = AcceptedSigner::Any;
                let report = station.provision(&bus).unwrap();
                assert_eq!(report.is_some(), steps, "{setup}");
                // The certificate stays the chip's own.
                let identity = Station::snapshot(&bus).unwrap().identity().unwrap();
                assert_eq!(identity.signer_certificate, setup.station().certificate);
            }
        }
    }
}

#[test]
fn the_volatile_layout_on_a_chip_without_a_latch() {
    let setup = Setup {
        revision: Revision::Atecc508A,
        layout: Layout::Volatile,
    };
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc508A));
    let refusal = refusal(&bus, &mut setup.station());
    assert!(
        matches!(refusal, Refusal::NoLatch(atecc::Revision::Atecc508A(_))),
        "{refusal}"
    );
}

#[test]
fn layouts_and_their_keys() {
    let keys = VolatileSecrets::new(&[1; 16], &[2; 16]);
    for (layout, keys) in [(Layout::Volatile, None), (Layout::Standard, Some(keys))] {
        let mut station = station();
        station.request.layout = layout;
        station.request.volatile_keys = keys;
        let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
        let refusal = refusal(&bus, &mut station);
        assert!(
            matches!(refusal, Refusal::VolatileKeys(asked) if asked == layout),
            "{refusal}"
        );
    }
    for (found, asked) in [
        (Layout::Volatile, Layout::Standard),
        (Layout::Standard, Layout::Volatile),
    ] {
        let setup = |layout| Setup { layout, ..STANDARD };
        let bus = part(configured(Revision::Atecc608B, found), [0xFF; 64]);
        let stage = Station::snapshot(&bus).unwrap().stage();
        assert_eq!(stage, Stage::Configured(found));
        let other = refusal(&bus, &mut setup(asked).station());
        assert!(matches!(other, Refusal::OtherLayout { .. }), "{other}");
        setup(found).station().provision(&bus).unwrap();
    }
}

/// A finished chip, and the same with the locks of its slots open.
fn locked_chips(setup: Setup) -> [Image; 2] {
    let bus = Bus::with_chip(Chip::blank(setup.revision));
    setup.station().provision(&bus).unwrap();
    let finished = bus.image(0).unwrap();
    let mut config = *finished.config();
    config[88..90].fill(0xFF);
    let open = finished.clone().with_config(config).unwrap();
    [finished, open]
}

fn with(image: Image) -> Bus {
    Bus::with_chip(Chip::new(image, Entropy::Seeded(1)).unwrap())
}

#[test]
fn another_board_or_user_area_where_the_data_are_locked() {
    for setup in SETUPS {
        for image in locked_chips(setup) {
            let mut other = setup.station();
            other.request.board = Some(BoardName::new("Other").unwrap());
            let board = refusal(&with(image.clone()), &mut other);
            assert!(matches!(board, Refusal::OtherContents("board name")));
            let mut other = setup.station();
            other.request.user = Some(vec![0x5A]);
            let user = refusal(&with(image.clone()), &mut other);
            assert!(matches!(user, Refusal::OtherContents("user area")));
            // What the chip has may be asked for.
            let mut same = setup.station();
            same.request.board = Some(BoardName::new("NervesKey").unwrap());
            same.request.user = Some(vec![0; 3]);
            same.provision(&with(image)).unwrap();
        }
    }
}

/// What cannot be mended is told before anything is sent but reads: a device
/// certificate for another key, a signer certificate by nobody.
#[test]
fn a_locked_chain_that_does_not_verify() {
    for setup in SETUPS {
        for image in locked_chips(setup) {
            for (slot, at) in [(10, 3), (12, 3), (11, 3)] {
                let mut broken = image.clone();
                broken.slot_mut(atecc_emulator::Slot::new(slot).unwrap())[at] ^= 1;
                let stranded = refusal(&with(broken), &mut setup.station());
                assert!(
                    matches!(stranded, Refusal::Stranded(_)),
                    "{setup}, slot {slot}: {stranded}"
                );
            }
        }
    }
}

/// The other layout, its keys missing, and slots that cannot be locked: of a
/// chip whose data are locked.
#[test]
fn layouts_keys_and_locks_where_the_data_are_locked() {
    for setup in SETUPS {
        let [finished, open] = locked_chips(setup);
        for image in [finished, open.clone()] {
            let mut other = setup.station();
            (other.request.layout, other.request.volatile_keys) = match setup.layout {
                Layout::Standard => (
                    Layout::Volatile,
                    Some(VolatileSecrets::new(&[0xAC; 16], &[0xEC; 16])),
                ),
                Layout::Volatile => (Layout::Standard, None),
            };
            let layout = refusal(&with(image), &mut other);
            assert!(matches!(layout, Refusal::OtherLayout { .. }), "{layout}");
        }
        if setup.layout == Layout::Standard {
            continue;
        }
        let mut keyless = setup.station();
        keyless.request.volatile_keys = None;
        let keys = refusal(&with(open.clone()), &mut keyless);
        assert!(matches!(keys, Refusal::VolatileKeys(_)), "{keys}");
        // Slot 2, which no reader looks at: KeyConfig without Lockable.
        let mut config = *open.config();
        config[100] &= !0x20;
        let unlockable = with(open.with_config(config).unwrap());
        let locks = refusal(&unlockable, &mut setup.station());
        assert!(
            matches!(&locks, Refusal::Configuration(difference)
                if difference.field == ConfigField::KeyConfig(atecc::Slot::S2)),
            "{locks}"
        );
    }
}
