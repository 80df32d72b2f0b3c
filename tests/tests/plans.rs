//! What a plan says before it runs: steps, bytes, what cannot be undone.

use atecc::Slot;
use atecc_emulator::{Bus, Chip, Revision};
use atecc_x509::{DateTime, Format, PublicKey, SignatureBytes};
use nerves_key::Stage;
use nerves_key_provision::{
    DeviceKey, KeyOrigin, Plan, Refusal, RunError, Step, VolatileSecrets, create_signer,
    self_signed,
};
use nerves_key_schema::{Layout, slot};
use tests_station::Station;

fn station() -> Station {
    let now = DateTime::new(2026, 12, 6, 10, 20, 30).unwrap();
    Station::new([0x42; 32], now, Some("N1234"))
}

fn plan(bus: &Bus, station: &Station) -> Plan {
    Plan::new(&Station::snapshot(bus).unwrap(), &station.request).unwrap()
}

fn blank() -> Bus {
    Bus::with_chip(Chip::blank(Revision::Atecc608B))
}

fn volatile(station: &mut Station) {
    station.request.layout = Layout::Volatile;
    let (activation, encryption) = ([0xA1; 16], [0xE2; 16]);
    station.request.volatile_keys = Some(VolatileSecrets::new(&activation, &encryption));
}

/// The order that `docs/provisioning.md` has, by the names that programs know.
#[test]
fn the_steps_of_a_blank_chip() {
    let names = |plan: &Plan| -> Vec<String> {
        let line = |step: &Step| match step.place() {
            Some(place) => format!("{} {place}", step.name()),
            None => step.name().to_owned(),
        };
        let lines = plan.steps().iter().map(line);
        let kept = lines.filter(|line| !line.starts_with("write-config"));
        kept.collect()
    };
    let mut station = station();
    let standard = plan(&blank(), &station);
    let crc = format!("lock-config {:04X}", standard.config().crc());
    let before_slots = [
        "check-chip",
        "check-config",
        &crc,
        "create-key",
        "prove-key",
        "issue-certificate",
        "verify-chain",
        "check-chip",
        "write-otp",
    ];
    let slots = (1..=15).map(|slot| format!("write-slot {slot}"));
    let after_slots = [
        "prove-key",
        "lock-data",
        "read-back",
        "read-slots",
        "prove-key",
        "lock-slot 10",
        "lock-slot 11",
        "lock-slot 12",
        "lock-slot 13",
        "lock-slot 0",
        "check-locks",
    ];
    let words = |names: &[&str]| -> Vec<String> { names.iter().map(|it| (*it).into()).collect() };
    let expected = [words(&before_slots), slots.collect(), words(&after_slots)];
    assert_eq!(names(&standard), expected.concat());
    assert_eq!(standard.layout(), Layout::Standard);

    volatile(&mut station);
    let plan = plan(&blank(), &station);
    assert_eq!(plan.layout(), Layout::Volatile);
    let names = names(&plan);
    let activations = names.iter().filter(|name| *name == "activate").count();
    assert_eq!(activations, 2);
    let secrets: Vec<_> = names
        .iter()
        .filter(|name| name.starts_with("write-secret"))
        .collect();
    let [activation, encryption] = [slot::ACTIVATION_KEY, slot::ENCRYPTION_KEY]
        .map(|slot: Slot| format!("write-secret {}", slot.index()));
    let mut expected = [&activation, &encryption];
    expected.sort();
    assert_eq!(secrets, expected);
    let locked = names.iter().filter(|name| name.starts_with("lock-slot"));
    assert!(locked.count() > 5, "its keys are locked, too: {names:?}");
}

/// Words are four bytes and blocks 32, of the zone as it will be locked.
#[test]
fn the_places_of_a_configuration() {
    let bus = blank();
    let found = Station::snapshot(&bus).unwrap().config.0;
    let plan = plan(&bus, &station());
    let mut held = found;
    for step in plan.steps().iter().filter(|it| it.name() == "write-config") {
        let place = step.place().unwrap();
        let (kind, number) = place.split_once('-').unwrap();
        let size = match kind {
            "word" => 4,
            "block" => 32,
            other => panic!("{other}"),
        };
        let from = number.parse::<usize>().unwrap() * size;
        let bytes = plan.bytes(step).unwrap();
        assert_eq!(bytes, plan.config().0[from..from + size], "{place}");
        // What is there already is not written, and nothing twice.
        assert_ne!(bytes, held[from..from + size], "{place}");
        held[from..from + size].copy_from_slice(&bytes);
    }
    assert_eq!(held, plan.config().0);
}

#[test]
fn the_bytes_that_are_shown() {
    let mut station = station();
    volatile(&mut station);
    let plan = plan(&blank(), &station);
    let bytes = |name: &str, place: Option<&str>| {
        let of = |step: &&Step| step.name() == name && step.place().as_deref() == place;
        plan.bytes(plan.steps().iter().find(of).unwrap())
    };
    assert_eq!(bytes("write-otp", None).unwrap(), plan.otp().as_bytes());
    let signer = &plan.signer().compressed;
    assert_eq!(bytes("write-slot", Some("12")).unwrap(), signer.to_bytes());
    // The device certificate is yet to be issued, the secrets stay unsaid.
    assert_eq!(bytes("write-slot", Some("10")), None);
    let secret = slot::ACTIVATION_KEY.index().to_string();
    assert_eq!(bytes("write-secret", Some(&secret)), None);
    assert_eq!(bytes("lock-data", None), None);
}

/// The text has a line for each step, its number, its mark and its bytes.
#[test]
fn a_plan_in_words() {
    let mut station = station();
    volatile(&mut station);
    let bus = blank();
    let plan = plan(&bus, &station);
    let text = plan.to_string();
    let lines: Vec<&str> = text.lines().collect();
    let (last, lines) = lines.split_last().unwrap();
    assert_eq!(*last, "!! cannot be undone");
    assert_eq!(lines.len(), plan.steps().len());
    let mut irreversible = 0;
    for ((line, step), number) in lines.iter().zip(plan.steps()).zip(1..) {
        let lock = matches!(step.name(), "lock-config" | "lock-data" | "lock-slot");
        assert_eq!(step.is_irreversible(), lock, "{line}");
        irreversible += usize::from(lock);
        let mark = if lock { "!!" } else { "  " };
        assert!(line.starts_with(&format!("{mark} {number:>2}. ")), "{line}");
        let end = match plan.bytes(step) {
            Some(bytes) if bytes.iter().all(|byte| *byte == 0) => {
                format!(": {} zeros", bytes.len())
            }
            Some(bytes) => format!(": {}", data_encoding::HEXLOWER.encode(&bytes)),
            None => step.to_string(),
        };
        assert!(line.ends_with(&end), "{line}");
    }
    assert!(irreversible > 3);
    assert!(text.contains(": 416 zeros"), "slot 8 is written with zeros");
    for secret in ["a1a1", "e2e2"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(!format!("{plan:?}").contains("161, 161"));
    let secrets = VolatileSecrets::new(&[0xA1; 16], &[0xE2; 16]);
    let shown = format!("{secrets:?}");
    assert!(shown.starts_with("VolatileKeys"), "{shown}");
    assert!(!shown.contains("161"), "{shown}");
}

#[test]
fn what_remains_of_a_finished_chip() {
    let mut station = station();
    let bus = blank();
    let first = plan(&bus, &station);
    assert!(first.is_irreversible() && first.needs_signature());
    let report = station.provision(&bus).unwrap().unwrap();
    let finished = plan(&bus, &station);
    assert_eq!(finished.stage(), Stage::Finished(Layout::Standard));
    assert_eq!(finished.to_string(), "nothing to do\n");
    assert!(!finished.is_irreversible() && !finished.needs_signature());

    // A key has the origin of its record, and another key has not.
    let key = PublicKey::from(report.public_key);
    let other = PublicKey::from_bytes([0x5A; 64]);
    for (known, origin) in [
        (DeviceKey::Recorded(key), KeyOrigin::EarlierRun),
        (DeviceKey::Answered(key), KeyOrigin::Request),
        (DeviceKey::Recorded(other), KeyOrigin::Unknown),
        (DeviceKey::Answered(other), KeyOrigin::Unknown),
        (DeviceKey::New, KeyOrigin::Unknown),
    ] {
        station.request.device_key = known;
        assert_eq!(plan(&bus, &station).key_origin(&key), origin, "{known:?}");
    }
    station.request.device_key = DeviceKey::New;
    let fresh = plan(&blank(), &station);
    assert_eq!(fresh.key_origin(&key), KeyOrigin::ThisRun);
}

/// A key of the volatile layout that is not active may be hidden; nothing else
/// may, and no key of the standard layout.
#[test]
fn what_a_locked_chip_may_hide() {
    for layout in [Layout::Standard, Layout::Volatile] {
        let mut station = station();
        if layout == Layout::Volatile {
            volatile(&mut station);
        }
        let bus = blank();
        station.provision(&bus).unwrap().unwrap();
        let shown = Station::snapshot(&bus).unwrap();
        let mut hidden = shown;
        hidden.public_key = None;
        let plan = Plan::new(&hidden, &station.request);
        match layout {
            Layout::Volatile => assert_eq!(plan.unwrap().serial(), "N1234"),
            Layout::Standard => {
                assert!(matches!(plan, Err(Refusal::NotShown(_))), "{plan:?}");
            }
        }
        let mut hidden = shown;
        hidden.signer_certificate = None;
        let plan = Plan::new(&hidden, &station.request);
        assert!(matches!(plan, Err(Refusal::NotShown(_))), "{plan:?}");
        hidden.otp = None;
        let plan = Plan::new(&hidden, &station.request);
        assert!(matches!(plan, Err(Refusal::Foreign(_))), "{plan:?}");
    }
}

/// The words of `docs/provisioning.md`, "Records".
#[test]
fn origins_have_names() {
    for (origin, name, part) in [
        (KeyOrigin::ThisRun, "this-run", "by this run"),
        (KeyOrigin::EarlierRun, "earlier-run", "by an earlier run"),
        (KeyOrigin::Request, "request", "the signing request"),
        (KeyOrigin::Unknown, "unknown", "not known"),
    ] {
        assert_eq!(origin.name(), name);
        assert!(origin.to_string().contains(part), "{origin}");
    }
}

/// A locked chain that does not verify stays so; a chip that was lost comes back.
#[test]
fn which_errors_end_a_chip() {
    use atecc::error::Cause;
    let lost = Cause::Bus.before_execution();
    assert!(RunError::Chip(lost).is_resumable());
    assert_eq!(RunError::Chip(lost).failure(), Some(&lost));
    let step = Step::LockData;
    let at_a_step = RunError::Step {
        step,
        failure: lost,
    };
    assert_eq!(at_a_step.failure(), Some(&lost));
    assert!(RunError::NotLocked.failure().is_none());
    assert!(RunError::NotLocked.is_resumable());
    assert!(!RunError::ReadBack("OTP zone").is_resumable());
    assert!(!RunError::OtherSigner.is_resumable());
}

/// Where the first signature has a short R, the signer is asked once more.
#[test]
fn a_self_signed_certificate_is_readable() {
    use nerves_key_provision::KeySigner;
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    let key = KeySigner::from_bytes(&[0x42; 32]).unwrap();
    let plain = p256::ecdsa::SigningKey::from_slice(&[0x42; 32]).unwrap();
    let first = |digest: &[u8; 32]| {
        let signature: p256::ecdsa::Signature = plain.sign_prehash(digest).unwrap();
        SignatureBytes::from_bytes(signature.to_bytes().into()).with_long_s()
    };
    let (mut short, mut long) = (0, 0);
    for hour in 0..3_000_u32 {
        let (day, hour) = (hour / 24, hour % 24);
        let month = u8::try_from(day / 28 % 12 + 1).unwrap();
        let day = u8::try_from(day % 28 + 1).unwrap();
        let now = DateTime::new(2026, month, day, u8::try_from(hour).unwrap(), 0, 0).unwrap();
        let mut asked = 0;
        let mut is_short = false;
        let certificate = self_signed(key.public_key(), now, 10, Format::V0, |digest| {
            asked += 1;
            is_short |= !first(digest).is_readable_by_reference();
            Ok::<_, ()>(if asked == 1 {
                first(digest)
            } else {
                key.sign_digest(digest).unwrap()
            })
        });
        let certificate = certificate.unwrap();
        assert_eq!(asked, if is_short { 2 } else { 1 });
        if is_short {
            // The one that a key at hand gives.
            let own = create_signer(&key, now, 10, Format::V0).unwrap();
            assert_eq!(certificate.as_der(), own.as_der());
            short += 1;
            break;
        }
        long += 1;
    }
    assert!(short == 1 && long > 0, "one in 512 is short: {long}");
}
