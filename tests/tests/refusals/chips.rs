//! Of chips whose data are open: other configurations, parts and layouts.

use super::*;

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
    let mut setup = Setup {
        layout: Layout::Volatile,
        ..STANDARD
    }
    .station();
    setup.request.volatile_keys = Some(VolatileSecrets::new(&[7; 16], &[7; 16]));
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let alike = refusal(&bus, &mut setup);
    assert!(matches!(alike, Refusal::AlikeKeys), "{alike}");
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
