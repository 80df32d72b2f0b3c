//! Of chips whose data are locked.

use super::*;

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
