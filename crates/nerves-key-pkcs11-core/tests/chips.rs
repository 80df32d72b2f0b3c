//! The safe core over emulated chips that are swapped, lost and found.

use std::error::Error as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atecc::error::Cause;
use atecc_emulator::{
    Bus, Chip, Direction, Entropy, Failure, FailureKind, Fault, Faults, Heard, LogEntry, Revision,
    SerialNumber,
};
use atecc_x509::{DateTime, PublicKey, SignatureBytes};
use cryptoki_sys as ck;
use nerves_key_device::{AnyBus, AnyDelay, AnyDevice, AnyWake, EmulatedBus, EmulatedDelay};
use nerves_key_pkcs11_core::attribute::TemplateAttribute;
use nerves_key_pkcs11_core::chip::{Chip as Shown, Contents};
use nerves_key_pkcs11_core::fault::SlotFault;
use nerves_key_pkcs11_core::mechanism::{Ecdh1, Mechanism};
use nerves_key_pkcs11_core::module::Slots;
use nerves_key_pkcs11_core::object::{
    AUX_DEVICE_CERTIFICATE, DEVICE_CERTIFICATE, PRIVATE_KEY, PUBLIC_KEY, SIGNER_CERTIFICATE,
};
use nerves_key_pkcs11_core::operation::OperationKind;
use nerves_key_pkcs11_core::output::{Capacity, Output};
use nerves_key_pkcs11_core::session::{Input, Session};
use nerves_key_pkcs11_core::settings::{Scan, Settings};
use nerves_key_pkcs11_core::token::{Freshness, Token};
use nerves_key_pkcs11_core::{Error, Module};

use nerves_key::{ReadSnapshot, WriteAuxiliary};
use tests_station::wire::commands;
use tests_station::{Station, issue_auxiliary};
use tests_trust::Row;
use tests_vector_runner::read_rows;

/// A finished chip, alone on its bus. `number` makes it unlike others.
fn finished(revision: Revision, number: u8) -> Bus {
    let serial = SerialNumber::generic([number, 0x10, 0x20, 0x30, 0x40, 0x50]);
    let chip = Chip::throw_away(revision).unwrap().with_serial(serial);
    let bus = Bus::with_chip(chip);
    let now = DateTime::new(2026, 3, 15, 9, 0, 0).unwrap();
    let mut station = Station::new([0x42; 32], now, Some(&format!("PKCS11-{number}")));
    station.provision(&bus).unwrap().unwrap();
    bus
}

/// A slot whose chip can be changed.
#[derive(Clone)]
struct Socket(Arc<Mutex<Bus>>);

impl Socket {
    fn with(bus: &Bus) -> Self {
        Self(Arc::new(Mutex::new(bus.clone())))
    }

    /// Put another chip in; the old one answers no more.
    fn swap(&self, bus: &Bus) {
        let old = std::mem::replace(&mut *self.0.lock().unwrap(), bus.clone());
        old.power_down();
    }

    fn token(&self, slot: ck::CK_SLOT_ID) -> Token {
        let socket = self.clone();
        Token::with_opener(slot, "a socket".into(), move || {
            Ok(device(&socket.0.lock().unwrap()))
        })
    }
}

fn device(bus: &Bus) -> AnyDevice {
    let i2c = AnyBus::Emulated(EmulatedBus::InProcess(bus.i2c()));
    let delay = AnyDelay::Emulated(EmulatedDelay::InProcess(bus.delay()));
    atecc::Device::new(i2c, delay).with_wake(AnyWake)
}

fn module(tokens: impl IntoIterator<Item = Token>) -> Module {
    let settings = Settings {
        scan: Scan::Nothing,
        ..Settings::default()
    };
    Module::new(settings).with_tokens(tokens)
}

fn session(token: Token) -> Session {
    Session::open(Arc::new(token), ck::CKF_SERIAL_SESSION).unwrap()
}

fn public_key(session: &Session) -> PublicKey {
    let point = session.object(PUBLIC_KEY, |key| {
        key.attribute(ck::CKA_EC_POINT).map(<[u8]>::to_vec)
    });
    PublicKey::from_bytes(point.unwrap()[3..].try_into().unwrap())
}

/// Of the device certificate.
fn certified_key(session: &Session) -> PublicKey {
    let der = session.object(DEVICE_CERTIFICATE, |certificate| {
        certificate.attribute(ck::CKA_VALUE).map(<[u8]>::to_vec)
    });
    let certificate = atecc_x509::Certificate::from_der(der.unwrap()).unwrap();
    certificate.public_key().unwrap()
}

fn sign(session: &Session, digest: [u8; 32]) -> Result<[u8; 64], Error> {
    session.sign_begin(Some(Mechanism::Plain(ck::CKM_ECDSA)), PRIVATE_KEY)?;
    match session.sign(Input::Whole(&digest), Capacity::Places(64))? {
        Output::Ready(signature) => Ok(signature),
        Output::Needs(_) => panic!("there was room"),
    }
}

fn verifies(session: &Session, digest: [u8; 32], signature: [u8; 64]) -> bool {
    let signature = SignatureBytes::from_bytes(signature);
    public_key(session).verify(&digest, &signature).is_ok()
}

#[test]
fn each_slot_has_its_own_chip() {
    let buses = [
        finished(Revision::Atecc508A, 1),
        finished(Revision::Atecc608B, 2),
    ];
    let module = module([
        Socket::with(&buses[0]).token(1),
        Socket::with(&buses[1]).token(17),
    ]);
    assert_eq!(module.slots(Slots::WithToken), [1, 17]);
    let open = |slot| {
        let handle = module.open(slot, ck::CKF_SERIAL_SESSION).unwrap();
        module.session(handle).unwrap()
    };
    // In turn, and both at once.
    for _ in 0..2 {
        let sessions = [open(1), open(17)];
        let signatures = [&sessions[0], &sessions[1]].map(|it| sign(it, [7; 32]).unwrap());
        assert_ne!(public_key(&sessions[0]), public_key(&sessions[1]));
        for session in &sessions {
            assert_eq!(certified_key(session), public_key(session));
        }
        assert!(verifies(&sessions[0], [7; 32], signatures[0]));
        assert!(verifies(&sessions[1], [7; 32], signatures[1]));
        assert!(!verifies(&sessions[0], [7; 32], signatures[1]));
    }
    let serials = [1, 17].map(|slot| module.token_info(slot).unwrap().serialNumber);
    // 18 digits without the first two.
    assert_eq!(
        serials.map(|serial| serial[..4].to_vec()),
        [b"2301", b"2302"]
    );
}

#[test]
fn a_query_for_the_length_leaves_the_chip_alone() {
    let bus = finished(Revision::Atecc608B, 1);
    let session = session(Socket::with(&bus).token(1));
    session
        .sign_begin(Some(Mechanism::Plain(ck::CKM_ECDSA)), PRIVATE_KEY)
        .unwrap();
    let before = bus.transactions();
    for capacity in [Capacity::Query, Capacity::Places(63)] {
        let output = session.sign(Input::Whole(&[7; 32]), capacity).unwrap();
        assert_eq!(output, Output::Needs(64));
    }
    assert_eq!(bus.transactions(), before);
    let output = session.sign(Input::Whole(&[7; 32]), Capacity::Places(64));
    assert!(matches!(output, Ok(Output::Ready(_))));
    assert!(bus.transactions() > before);
}

/// A new process reads all that the chip shows, once and in one session; then a
/// signature is two commands.
#[test]
fn nothing_is_asked_again_for_a_signature() {
    // An ATECC508A reads before anybody can see that it is busy, and what looks like
    // the answer before is read once more: of the three blocks of zeros where no
    // auxiliary certificates are, two.
    for (revision, again) in [(Revision::Atecc508A, 2), (Revision::Atecc608B, 0)] {
        let bus = finished(revision, 1);
        bus.start_log();
        let session = session(Socket::with(&bus).token(1));
        sign(&session, [7; 32]).unwrap();
        let log = bus.take_log();
        // The word address of a sleep. Source: ATECC508A datasheet, "Word Address Values".
        let is_sleep =
            |entry: &&LogEntry| entry.direction == Direction::Write && entry.bytes == [0x01];
        assert_eq!(
            log.iter().filter(is_sleep).count(),
            2,
            "a look and a signature"
        );
        let cold = opcodes(&log);
        // The configuration, OTP, three slots of certificates, the one that says that
        // there are no auxiliary ones.
        let of = |opcode: u8| cold.split(|sent| *sent == opcode).count() - 1;
        let reads = 4 + 2 + 3 * 4 + 3;
        assert!((reads..=reads + again).contains(&of(0x02)), "{cold:02X?}");
        assert_eq!((of(0x40), of(0x16), of(0x41)), (1, 1, 1), "{cold:02X?}");
        bus.start_log();
        sign(&session, [8; 32]).unwrap();
        assert_eq!(opcodes(&bus.take_log()), [0x16, 0x41]);
    }
}

fn opcodes(log: &[LogEntry]) -> Vec<u8> {
    commands(log).map(|(opcode, _)| opcode).collect()
}

#[test]
fn a_chip_that_comes_back_keeps_its_sessions() {
    let bus = finished(Revision::Atecc608A, 1);
    let socket = Socket::with(&bus);
    let module = module([socket.token(3)]);
    let handle = module.open(3, ck::CKF_SERIAL_SESSION).unwrap();
    let session = module.session(handle).unwrap();
    bus.power_down();
    let gone = sign(&session, [7; 32]).unwrap_err();
    assert_eq!(gone.rv(), ck::CKR_DEVICE_REMOVED, "{gone}");
    let gone = module.open(3, ck::CKF_SERIAL_SESSION).unwrap_err();
    assert_eq!(gone.rv(), ck::CKR_TOKEN_NOT_PRESENT, "{gone}");
    assert!(module.slots(Slots::WithToken).is_empty());
    assert_eq!(module.slots(Slots::All), [3]);
    bus.power_up();
    let signature = sign(&session, [7; 32]).unwrap();
    assert!(verifies(&session, [7; 32], signature));
    assert_eq!(module.slots(Slots::WithToken), [3]);
}

#[test]
fn another_chip_ends_the_sessions_of_the_first() {
    let (first, second) = (
        finished(Revision::Atecc608B, 1),
        finished(Revision::Atecc608B, 2),
    );
    let socket = Socket::with(&first);
    let token = Arc::new(socket.token(1));
    let open = || Session::open(Arc::clone(&token), ck::CKF_SERIAL_SESSION).unwrap();
    let old = open();
    let old_key = public_key(&old);
    socket.swap(&second);
    let error = sign(&old, [7; 32]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_REMOVED, "{error}");
    let error = old.find_begin(&[]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_REMOVED, "{error}");
    let new = open();
    assert_ne!(public_key(&new), old_key);
    assert!(verifies(&new, [7; 32], sign(&new, [7; 32]).unwrap()));
}

/// Nobody looks at the slots in between.
#[test]
fn a_chip_that_another_one_stood_in_for_keeps_its_sessions() {
    let [first, second] = [1, 2].map(|number| finished(Revision::Atecc608B, number));
    let socket = Socket::with(&first);
    let token = Arc::new(socket.token(1));
    let open = || Session::open(Arc::clone(&token), ck::CKF_SERIAL_SESSION).unwrap();
    let session = open();
    for is_seen in [false, true] {
        socket.swap(&second);
        second.power_up();
        if is_seen {
            assert_ne!(public_key(&open()), public_key(&session));
        }
        for _ in 0..2 {
            let error = sign(&session, [7; 32]).unwrap_err();
            assert_eq!(error.rv(), ck::CKR_DEVICE_REMOVED, "{error}");
        }
        first.power_up();
        socket.swap(&first);
        session.find_begin(&[]).unwrap();
        session.find_end().unwrap();
        assert!(verifies(
            &session,
            [7; 32],
            sign(&session, [7; 32]).unwrap()
        ));
    }
}

/// The same serial number and another key, as only an emulator can make it:
/// what is there is read again after the interruption.
#[test]
fn another_key_under_the_same_number_is_another_chip() {
    let (first, second) = (
        finished(Revision::Atecc608B, 1),
        finished(Revision::Atecc608B, 1),
    );
    let state = Arc::new(Mutex::new(first.clone()));
    let opener = Arc::clone(&state);
    let token = Token::with_opener(1, "a socket".into(), move || {
        Ok(device(&opener.lock().unwrap()))
    });
    let token = Arc::new(token);
    let session = Session::open(Arc::clone(&token), ck::CKF_SERIAL_SESSION).unwrap();
    *state.lock().unwrap() = second;
    // The bus is opened anew when the first one fails.
    first.power_down();
    let error = sign(&session, [7; 32]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_REMOVED, "{error}");
}

/// A program sees a number, whoever reads the log the cause.
#[test]
fn an_error_keeps_its_cause() {
    let cause = |error: &Error| error.source().unwrap().to_string();
    let token = Socket::with(&Bus::new()).token(1);
    let error = token.chip(Freshness::Now).unwrap_err();
    assert_eq!(error.to_string(), "slot 1: no token");
    let Error::NoToken { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(&**source, SlotFault::Chip(failure) if matches!(failure.cause, Cause::NoAnswer { .. })),
        "{source:?}"
    );
    let explained = format!("slot 1: no token: {}", cause(&error));
    assert_eq!(error.explained().to_string(), explained);

    let [first, second] = [1, 2].map(|number| finished(Revision::Atecc608B, number));
    let socket = Socket::with(&first);
    let session = session(socket.token(1));
    socket.swap(&second);
    let error = sign(&session, [7; 32]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "slot 1: the chip of this session is gone"
    );
    assert_eq!(cause(&error), "chip 0123021020304050EE is there now");
    // Without a cause, the error is the explanation.
    assert_eq!(
        Error::NoSeed.explained().to_string(),
        Error::NoSeed.to_string()
    );
}

#[test]
fn an_empty_slot_is_asked_once() {
    let bus = Bus::new();
    let token = Socket::with(&bus).token(1);
    let rv = |freshness| token.chip(freshness).unwrap_err().rv();
    assert_eq!(rv(Freshness::Recent), ck::CKR_TOKEN_NOT_PRESENT);
    let one_look = bus.transactions();
    for _ in 0..100 {
        assert_eq!(rv(Freshness::Recent), ck::CKR_TOKEN_NOT_PRESENT);
    }
    assert_eq!(bus.transactions(), one_look);
    // Somebody who wants this very slot has the bus asked again.
    assert_eq!(rv(Freshness::Now), ck::CKR_TOKEN_NOT_PRESENT);
    assert_eq!(bus.transactions(), 2 * one_look);
}

#[test]
fn a_blank_chip_is_a_token_without_keys() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let module = module([Socket::with(&bus).token(1)]);
    let flags = module.token_info(1).unwrap().flags;
    assert_eq!(flags & ck::CKF_TOKEN_INITIALIZED, 0);
    let handle = module.open(1, ck::CKF_SERIAL_SESSION).unwrap();
    let session = module.session(handle).unwrap();
    let error = session
        .sign_begin(Some(Mechanism::Plain(ck::CKM_ECDSA)), PRIVATE_KEY)
        .unwrap_err();
    assert_eq!(error.rv(), ck::CKR_KEY_HANDLE_INVALID);
    let mechanisms = module.mechanisms(1).unwrap();
    assert!(!mechanisms.contains(&ck::CKM_ECDSA));
    assert!(mechanisms.contains(&ck::CKM_SHA256));
}

#[test]
fn slot_events_are_comings_and_goings() {
    let bus = finished(Revision::Atecc608B, 1);
    let module = module([Socket::with(&bus).token(5)]);
    assert_eq!(module.event().unwrap(), 5);
    assert_eq!(module.event().unwrap_err().rv(), ck::CKR_NO_EVENT);
    bus.power_down();
    // What was seen is believed for a while.
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(module.event().unwrap(), 5);
    assert_eq!(module.event().unwrap_err().rv(), ck::CKR_NO_EVENT);
}

#[test]
fn the_secret_is_the_one_that_the_other_side_has() {
    use p256::ecdh::diffie_hellman;
    use p256::elliptic_curve::sec1::ToSec1Point;

    for revision in [Revision::Atecc508A, Revision::Atecc608B] {
        let session = session(Socket::with(&finished(revision, 1)).token(1));
        let ours = p256::SecretKey::from_slice(&[0x11; 32]).unwrap();
        let theirs = p256::PublicKey::from_sec1_bytes(&public_key(&session).to_sec1()).unwrap();
        let expected = diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
        let point = ours.public_key().to_sec1_point(false);
        let in_der = [&[0x04, 65], point.as_bytes()].concat();
        let value = |template: &[TemplateAttribute<'_>], public: &[u8]| {
            let mechanism = Mechanism::Ecdh1(Ecdh1 {
                kdf: ck::CKD_NULL,
                shared: &[],
                public,
            });
            let handle = session.derive(mechanism, PRIVATE_KEY, template).unwrap();
            let value = session.object(handle, |object| {
                object.attribute(ck::CKA_VALUE).map(<[u8]>::to_vec)
            });
            session.destroy(handle).unwrap();
            value
        };
        let whole = expected.raw_secret_bytes().to_vec();
        assert_eq!(value(&[], point.as_bytes()).unwrap(), whole);
        assert_eq!(value(&[], &in_der).unwrap(), whole);
        let length: ck::CK_ULONG = 16;
        let short = TemplateAttribute {
            kind: ck::CKA_VALUE_LEN,
            value: &length.to_ne_bytes(),
        };
        // Leading bytes are removed.
        assert_eq!(value(&[short], &in_der).unwrap(), whole[16..]);
        let sensitive = TemplateAttribute {
            kind: ck::CKA_SENSITIVE,
            value: &[1],
        };
        let error = value(&[sensitive], &in_der).unwrap_err();
        assert_eq!(error.rv(), ck::CKR_ATTRIBUTE_SENSITIVE);
    }
}

/// A secret shared with the generator's own key.
fn derive(session: &Session) -> Result<ck::CK_OBJECT_HANDLE, Error> {
    use p256::elliptic_curve::sec1::ToSec1Point;

    let point = p256::AffinePoint::GENERATOR.to_sec1_point(false);
    let mechanism = Mechanism::Ecdh1(Ecdh1 {
        kdf: ck::CKD_NULL,
        shared: &[],
        public: point.as_bytes(),
    });
    session.derive(mechanism, PRIVATE_KEY, &[])
}

fn has(session: &Session, handle: ck::CK_OBJECT_HANDLE) -> bool {
    session.object(handle, |_| Ok(())).is_ok()
}

/// Whatever the chip's trouble is; what needs no chip goes on.
#[test]
fn a_chip_that_fails_ends_the_signing_alone() {
    let bus = finished(Revision::Atecc608B, 1);
    let session = session(Socket::with(&bus).token(1));
    let ecdsa = || Some(Mechanism::Plain(ck::CKM_ECDSA));
    session.sign_begin(ecdsa(), PRIVATE_KEY).unwrap();
    session.verify_begin(ecdsa(), PUBLIC_KEY).unwrap();
    session
        .digest_begin(Some(Mechanism::Plain(ck::CKM_SHA256)))
        .unwrap();
    session.sign_update(&[7; 32]).unwrap();
    session.verify_update(&[7; 32]).unwrap();
    session.digest_update(b"abc").unwrap();
    bus.power_down();
    let end = |session: &Session| session.sign(Input::End, Capacity::Places(64));
    let error = session.step(OperationKind::Sign, end).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_REMOVED, "{error}");
    bus.power_up();
    let error = session.step(OperationKind::Sign, end).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_OPERATION_NOT_INITIALIZED, "{error}");
    let error = session.verify(Input::End, &[1; 64]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_SIGNATURE_INVALID, "{error}");
    let digest = session.digest(Input::End, Capacity::Places(32));
    assert!(matches!(digest, Ok(Output::Ready(it)) if it.starts_with(&[0xBA, 0x78])));
}

/// As when something in it panics.
#[test]
fn a_step_that_panics_ends_its_operation() {
    let session = session(Socket::with(&finished(Revision::Atecc608B, 1)).token(1));
    let ecdsa = Some(Mechanism::Plain(ck::CKM_ECDSA));
    session.sign_begin(ecdsa, PRIVATE_KEY).unwrap();
    let step = || {
        session.step(OperationKind::Sign, |_| -> Result<(), Error> {
            panic!("planted")
        })
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).unwrap_err();
    let error = session.sign_update(&[7; 32]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_OPERATION_NOT_INITIALIZED, "{error}");
}

/// What a session makes is of its token: neither another chip in the slot nor
/// another slot has it, and no handle means two things.
#[test]
fn objects_of_sessions_are_of_their_token() {
    let [first, second] = [1, 2].map(|number| finished(Revision::Atecc608B, number));
    let socket = Socket::with(&first);
    let other = session(Socket::with(&finished(Revision::Atecc508A, 3)).token(2));
    let token = Arc::new(socket.token(1));
    let open = || Session::open(Arc::clone(&token), ck::CKF_SERIAL_SESSION).unwrap();
    let (old, beside) = (open(), open());
    let (one, two) = (derive(&old).unwrap(), derive(&other).unwrap());
    assert_ne!(one, two);
    assert!(has(&beside, one) && !has(&beside, two));
    assert!(has(&other, two) && !has(&other, one));
    socket.swap(&second);
    assert!(sign(&old, [7; 32]).is_err());
    let new = open();
    assert!(!has(&new, one));
    assert_eq!(
        new.destroy(one).unwrap_err().rv(),
        ck::CKR_OBJECT_HANDLE_INVALID
    );
    let three = derive(&new).unwrap();
    assert!(three > two && has(&new, three) && has(&old, one));
}

/// The call goes on, and nothing is left of what it makes.
#[test]
fn a_session_that_is_closed_in_a_call_makes_no_object() {
    let module = module([Socket::with(&finished(Revision::Atecc608B, 1)).token(1)]);
    let open = || module.open(1, ck::CKF_SERIAL_SESSION).unwrap();
    for close in [Module::close, |module: &Module, _| module.close_all(1)] {
        let handle = open();
        let called = module.session(handle).unwrap();
        close(&module, handle).unwrap();
        let error = derive(&called).unwrap_err();
        assert_eq!(error.rv(), ck::CKR_SESSION_CLOSED, "{error}");
    }
}

#[test]
fn auxiliary_certificates_come_without_ending_sessions() {
    let bus = finished(Revision::Atecc608B, 1);
    let token = Arc::new(Socket::with(&bus).token(1));
    let open = || Session::open(Arc::clone(&token), ck::CKF_SERIAL_SESSION).unwrap();
    let has = |session: &Session| {
        session
            .object(AUX_DEVICE_CERTIFICATE, |found| {
                found.attribute(ck::CKA_VALUE).map(<[u8]>::to_vec)
            })
            .is_ok_and(|value| !value.is_empty())
    };
    let before = open();
    assert!(!has(&before));

    let mut other = atecc::Device::new(bus.i2c(), bus.delay());
    let identity = other.run(ReadSnapshot::new()).unwrap().identity().unwrap();
    let slots = issue_auxiliary(&identity, [0x17; 32]).unwrap();
    other.run(WriteAuxiliary::new(&identity, &slots)).unwrap();
    token.chip(Freshness::Now).unwrap();

    let after = open();
    assert!(has(&after));
    for session in [&before, &after] {
        let signature = sign(session, [0x5A; 32]).unwrap();
        public_key(session)
            .verify(&[0x5A; 32], &SignatureBytes::from_bytes(signature))
            .unwrap();
    }
}

/// A real Trust&GO part, whose slots are published.
#[test]
fn a_part_of_microchips_shows_its_certificates() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/tng.json");
    let rows = read_rows::<Row>(Path::new(path), "chips").unwrap();
    let kit = rows.into_iter().map(|(_, row)| row.unwrap());
    let kit = kit.into_iter().find(|row| !row.is_made_up()).unwrap();
    let mut snapshot = kit.snapshot().unwrap();
    // Locked, its slot 0 a private key that signs external digests.
    snapshot.config.0[86..88].fill(0);
    snapshot.config.0[20] = 0x85;
    snapshot.config.0[96] = 0x53;
    let chip = Shown::new(Contents::new(snapshot), 1);
    assert!(chip.is_final());
    let values = |handle| {
        let object = chip.objects.iter().find(|object| object.handle == handle);
        let value = object.unwrap().attribute(ck::CKA_VALUE).unwrap();
        atecc_x509::Certificate::from_der(value.to_vec()).unwrap()
    };
    let expected = snapshot.trust_identity().unwrap();
    assert_eq!(values(DEVICE_CERTIFICATE), expected.device_certificate);
    assert_eq!(values(SIGNER_CERTIFICATE), expected.signer_certificate);
    assert_eq!(chip.keys[0].public, Some(expected.public_key));
}

/// A finished chip whose key waits for the latch, for which slot 5 has the key.
fn waiting(number: u8) -> Bus {
    let image = finished(Revision::Atecc608B, number).image(0).unwrap();
    let mut config = *image.config();
    config[69] = 0x85;
    config[97] |= 0x10;
    let image = image.with_config(config).unwrap();
    Bus::with_chip(Chip::new(image, Entropy::Seeded(1)).unwrap())
}

#[test]
fn a_refusal_is_told_with_cause_and_remedy() {
    let bus = waiting(31);
    let session = session(Socket::with(&bus).token(1));
    let error = sign(&session, [7; 32]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_ERROR);
    let said = error.explained().to_string();
    for part in [
        "Sign: chip answered 0x0F",
        "cause: it needs the persistent latch set",
        "remedy: authorize with the key that VolatileKeyPermission",
        "state: configuration locked, data and OTP locked",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// The bus fails after the refusal: that stays what it was, with the causes as
/// the chip was read before, and the session goes on.
#[test]
fn a_bus_that_fails_takes_nothing_from_a_refusal() {
    let bus = waiting(32);
    let session = session(Socket::with(&bus).token(1));
    bus.start_log();
    let first = bus.transactions();
    sign(&session, [7; 32]).unwrap_err();
    let last = bus.transactions();
    let mut told = [0, 0];
    for at in 0..last - first {
        let failure = Failure {
            kind: FailureKind::Bus,
            heard: Heard::Nothing,
            after: Duration::ZERO,
        };
        let from = bus.transactions() + at;
        bus.set_faults(Faults::none().at(from, Fault::Stuck(failure)));
        let error = sign(&session, [7; 32]).unwrap_err();
        match error.rv() {
            // Before it was refused.
            ck::CKR_DEVICE_REMOVED => told[0] += 1,
            ck::CKR_DEVICE_ERROR => {
                told[1] += 1;
                let said = error.explained().to_string();
                assert!(said.contains("chip answered 0x0F"), "{at}: {said}");
                assert!(said.contains("latch"), "{at}: {said}");
            }
            rv => panic!("{at}: {rv:#x} {}", error.explained()),
        }
        bus.set_faults(Faults::none());
        let again = sign(&session, [7; 32]).unwrap_err();
        assert_eq!(again.rv(), ck::CKR_DEVICE_ERROR, "{at}: {again}");
    }
    assert!(told[0] > 5 && told[1] > 5, "{told:?}");
}

/// What the configuration forbids is not asked of the chip; the causes are told
/// as well.
#[test]
fn a_use_that_is_not_allowed_is_told_with_its_cause() {
    let image = finished(Revision::Atecc608B, 33).image(0).unwrap();
    let mut config = *image.config();
    // ReadKey bit 0 is external signatures.
    config[20] &= !0x01;
    let image = image.with_config(config).unwrap();
    let bus = Bus::with_chip(Chip::new(image, Entropy::Seeded(1)).unwrap());
    let error = sign(&session(Socket::with(&bus).token(1)), [7; 32]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_KEY_FUNCTION_NOT_PERMITTED);
    let said = error.explained().to_string();
    assert!(
        said.contains("ReadKey bit 0 is 0: no external signatures"),
        "{said}"
    );
    assert!(said.contains("remedy: none"), "{said}");

    let blank = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let chip = Socket::with(&blank).token(1).chip(Freshness::Now).unwrap();
    let why = chip.why_no_key().unwrap();
    assert!(
        why.contains("the configuration is not locked (byte 87 is 55)"),
        "{why}"
    );
}
