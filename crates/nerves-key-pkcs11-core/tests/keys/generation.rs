//! New key pairs: where both the configuration file and the chip allow them.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use atecc::commands::{GenKey, GenKeyMode};
use atecc::{BusAddress, Slot};
use atecc_emulator::{Bus, Failure, FailureKind, Fault, Faults, Heard};
use cryptoki_sys as ck;
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::Module;
use nerves_key_pkcs11_core::attribute::TemplateAttribute;
use nerves_key_pkcs11_core::mechanism::Mechanism;
use nerves_key_pkcs11_core::options::SlotOptions;
use nerves_key_pkcs11_core::session::{KeyPair, Session};
use nerves_key_pkcs11_core::settings::{Scan, Settings};
use nerves_key_pkcs11_core::token::Token;
use p256::ecdsa::{SigningKey, VerifyingKey};

use crate::part::{
    TFLXTLS, TNGTLS, get, objects, open, part, private, scalar, sign, token, verifies, with_slot,
    zone,
};

/// prime256v1 and secp384r1. Source: RFC 5480, section 2.1.1.1.
const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22];

const CURVE: TemplateAttribute<'static> = one(ck::CKA_EC_PARAMS, P256);
const EC: Mechanism<'static> = Mechanism::Plain(ck::CKM_EC_KEY_PAIR_GEN);

const fn one(kind: ck::CK_ATTRIBUTE_TYPE, value: &[u8]) -> TemplateAttribute<'_> {
    TemplateAttribute { kind, value }
}

fn label(label: &str) -> TemplateAttribute<'_> {
    one(ck::CKA_LABEL, label.as_bytes())
}

/// The file says `generate 1 = ..`.
fn allowing(bus: &Bus, slots: &str) -> Arc<Token> {
    let settings = Settings::parse(&format!("generate 1 = {slots}\n"), |bad| panic!("{bad}"));
    Arc::new(token(bus).with_options(settings.options.of(1)))
}

fn make(session: &Session, public: &[TemplateAttribute<'_>]) -> Result<KeyPair, Error> {
    session.generate(EC, public, &[one(ck::CKA_TOKEN, &[1])])
}

fn public_key(session: &Session, key: ck::CK_OBJECT_HANDLE) -> VerifyingKey {
    let point = get(session, key, ck::CKA_EC_POINT).unwrap();
    VerifyingKey::from_sec1_bytes(&point[2..]).unwrap()
}

/// Why it was refused: the number for the program, the words for the log.
fn refusal(result: Result<KeyPair, Error>) -> (ck::CK_RV, String) {
    let error = result.unwrap_err();
    (error.rv(), error.to_string())
}

/// What of the memory says which keys there are.
fn memory(bus: &Bus) -> Vec<Vec<u8>> {
    let image = bus.image(0).unwrap();
    let slots = (0..16).map(|slot| atecc_emulator::Slot::new(slot).unwrap());
    slots.map(|slot| image.slot(slot).to_vec()).collect()
}

/// `generate 1 = 2`: one is made in slot 2, and nowhere else.
#[test]
fn a_key_pair_is_made_in_slot_2() {
    for (zone_of, code) in [(TNGTLS, b"KQp2ZkD8"), (TFLXTLS, b"MKMwyhP1")] {
        let bus = part(zone(zone_of), code, &[0, 3, 4]);
        let token = allowing(&bus, "2");
        let session = open(&token);
        let other = open(&token);
        let before = memory(&bus);
        let made = make(&session, &[CURVE, label("1 slot 2")]).unwrap();
        let after = memory(&bus);
        for slot in 0..16 {
            assert_eq!(before[slot] != after[slot], slot == 2, "slot {slot}");
        }
        // By the handles, and as found by sessions old and new.
        let new = open(&token);
        for session in [&session, &other, &new] {
            assert_eq!(private(session, "1 slot 2"), made.private);
            assert_eq!(get(session, made.private, ck::CKA_ID).unwrap(), b"1.2");
            let key = public_key(session, made.public);
            let signature = sign(session, made.private, [0x61; 32]).unwrap();
            assert!(verifies(&key, [0x61; 32], signature));
            // The other keys are what they were.
            let signature = sign(session, private(session, "1 slot 3"), [0x62; 32]).unwrap();
            assert!(verifies(scalar(3).verifying_key(), [0x62; 32], signature));
        }
        // A module that has never seen the chip finds the same key.
        let found = open(&Arc::new(crate::part::token(&bus)));
        let theirs = crate::part::labelled(&found, ck::CKO_PUBLIC_KEY, "1 slot 2").unwrap();
        assert_eq!(
            public_key(&found, theirs),
            public_key(&session, made.public)
        );
    }
}

/// The slot is named by label, by id, or by both alike; the key that is there is
/// replaced, and its handles stand for nothing.
#[test]
fn a_key_that_is_named_is_replaced() {
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0, 2, 3]);
    let session = open(&allowing(&bus, "2 3 4"));
    let id = one(ck::CKA_ID, b"1.2");
    let mut last = private(&session, "1 slot 2");
    for template in [
        &[CURVE, label("1 slot 2")][..],
        &[id, CURVE],
        &[CURVE, label("1 slot 2"), id],
    ] {
        let made = make(&session, template).unwrap();
        assert_ne!(made.private, last);
        let error = sign(&session, last, [0x61; 32]).unwrap_err();
        assert_eq!(error.rv(), ck::CKR_KEY_HANDLE_INVALID);
        let signature = sign(&session, made.private, [0x61; 32]).unwrap();
        let key = public_key(&session, made.public);
        assert!(verifies(&key, [0x61; 32], signature));
        assert_ne!(key, *scalar(2).verifying_key());
        last = made.private;
    }
}

/// Without a name nothing is replaced: slots without a key, in order, until there
/// is none.
#[test]
fn without_a_name_nothing_is_replaced() {
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0, 3]);
    let session = open(&allowing(&bus, "4, 3, 2"));
    let before = memory(&bus);
    let mut labels = Vec::new();
    for _ in 0..2 {
        let made = make(&session, &[CURVE]).unwrap();
        labels.push(get(&session, made.private, ck::CKA_LABEL).unwrap());
    }
    assert_eq!(labels, [b"1 slot 2", b"1 slot 4"]);
    let (rv, why) = refusal(make(&session, &[CURVE]));
    assert_eq!(rv, ck::CKR_DEVICE_MEMORY, "{why}");
    assert_eq!(memory(&bus)[3], before[3]);
}

/// Each with a number for the program and, for the log, the reason and what would
/// allow it. Nothing is written.
#[test]
fn elsewhere_it_is_refused() {
    let bus = part(zone(TFLXTLS), b"MKMwyhP1", &[0, 1, 2, 3, 4]);
    let before = memory(&bus);
    let wanted = |slots: &str, name: &str| {
        let session = open(&allowing(&bus, slots));
        refusal(make(&session, &[CURVE, label(name)]))
    };
    for (slots, name, words) in [
        ("", "1 slot 2", "a line `generate 1 = SLOTS`"),
        ("3", "1 slot 2", "the line `generate 1 = 3, 2` would"),
        // Neither may ever be replaced: SlotConfig.WriteConfig.
        ("0 1 2", "1", "GenKey"),
        ("0 1 2", "1 slot 1", "GenKey"),
        // A slot for data.
        ("0 1 2 8", "1 slot 8", "slot 8 is none for private keys"),
    ] {
        let (rv, why) = wanted(slots, name);
        assert_eq!(rv, ck::CKR_TOKEN_WRITE_PROTECTED, "{slots}: {name}: {why}");
        assert!(why.contains(words), "{slots}: {name}: {why}");
    }
    let (rv, why) = wanted("2", "my key");
    assert_eq!(rv, ck::CKR_ATTRIBUTE_VALUE_INVALID);
    assert!(why.contains("\"1 slot 2\" and the id 312e32"), "{why}");
    assert_eq!(memory(&bus), before);
}

/// A session for reading makes nothing, nor does another mechanism or template.
#[test]
fn the_call_has_to_be_right() {
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0]);
    let token = allowing(&bus, "2");
    let before = memory(&bus);
    let read_only = Session::open(Arc::clone(&token), ck::CKF_SERIAL_SESSION).unwrap();
    let error = make(&read_only, &[CURVE]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_SESSION_READ_ONLY);

    let session = open(&token);
    let call = |mechanism, public: &[_], private: &[_]| {
        session
            .generate(mechanism, public, private)
            .unwrap_err()
            .rv()
    };
    let other = Mechanism::Plain(ck::CKM_RSA_PKCS_KEY_PAIR_GEN);
    assert_eq!(call(other, &[CURVE], &[]), ck::CKR_MECHANISM_INVALID);
    let parameter = Mechanism::WithParameter(ck::CKM_EC_KEY_PAIR_GEN);
    assert_eq!(
        call(parameter, &[CURVE], &[]),
        ck::CKR_MECHANISM_PARAM_INVALID
    );

    let rsa = ck::CKK_RSA.to_ne_bytes();
    for (public, private, rv) in [
        (&[][..], &[][..], ck::CKR_TEMPLATE_INCOMPLETE),
        (
            &[one(ck::CKA_EC_PARAMS, P384)],
            &[],
            ck::CKR_CURVE_NOT_SUPPORTED,
        ),
        (
            &[CURVE, one(ck::CKA_KEY_TYPE, &rsa)],
            &[],
            ck::CKR_TEMPLATE_INCONSISTENT,
        ),
        (
            &[CURVE, label("1 slot 2")],
            &[label("1 slot 3")],
            ck::CKR_TEMPLATE_INCONSISTENT,
        ),
        (
            &[CURVE, label("1 slot 2"), one(ck::CKA_ID, b"1.3")],
            &[],
            ck::CKR_TEMPLATE_INCONSISTENT,
        ),
        (
            &[CURVE],
            &[one(ck::CKA_EXTRACTABLE, &[1])],
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
        ),
        (
            &[CURVE],
            &[one(ck::CKA_DECRYPT, &[1])],
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
        ),
        (
            &[CURVE],
            &[one(ck::CKA_TOKEN, &[0])],
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
        ),
        // What is the token's to say, and a public half from outside.
        (
            &[CURVE],
            &[one(ck::CKA_LOCAL, &[1])],
            ck::CKR_ATTRIBUTE_READ_ONLY,
        ),
        (
            &[CURVE, one(ck::CKA_EC_POINT, &[4])],
            &[],
            ck::CKR_TEMPLATE_INCONSISTENT,
        ),
        // It signs, whatever a template says.
        (
            &[CURVE],
            &[one(ck::CKA_SIGN, &[0])],
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
        ),
    ] {
        let said = private.iter().any(|wanted| wanted.kind == ck::CKA_TOKEN);
        let token = [one(ck::CKA_TOKEN, &[1])];
        let private = [private, if said { &[] } else { &token }].concat();
        assert_eq!(call(EC, public, &private), rv, "{public:?} {private:?}");
    }
    // A key of the session, as who does not say more asks for.
    assert_eq!(call(EC, &[CURVE], &[]), ck::CKR_TEMPLATE_INCOMPLETE);
    assert_eq!(memory(&bus), before);
    // What tools send.
    let asked = [
        one(ck::CKA_TOKEN, &[1]),
        one(ck::CKA_PRIVATE, &[1]),
        one(ck::CKA_SENSITIVE, &[1]),
        one(ck::CKA_SIGN, &[1]),
    ];
    session.generate(EC, &[CURVE], &asked).unwrap();
}

/// Where a certificate in the chip stands for the key, as in a NervesKey whose
/// slot 0 is not locked yet.
#[test]
fn a_key_that_a_certificate_stands_for_stays() {
    // TNGTLS, but for a slot 0 that GenKey may write.
    let config = with_slot(zone(TNGTLS), 0, 0x2085, 0x0053);
    let bus = part(config, b"KQp2ZkD8", &[0]);
    let before = memory(&bus);
    let session = open(&allowing(&bus, "0"));
    let (rv, why) = refusal(make(&session, &[CURVE, label("1")]));
    assert_eq!(rv, ck::CKR_TOKEN_WRITE_PROTECTED);
    assert!(
        why.contains("certificate is for the key in slot 0"),
        "{why}"
    );
    assert_eq!(memory(&bus), before);
    // The same configuration without them: the key is the project's own.
    let bus = part(config, b"", &[0]);
    let session = open(&allowing(&bus, "0"));
    let made = make(&session, &[CURVE, label("1")]).unwrap();
    let key = public_key(&session, made.public);
    assert_ne!(key, *scalar(0).verifying_key());
    let signature = sign(&session, made.private, [0x61; 32]).unwrap();
    assert!(verifies(&key, [0x61; 32], signature));
}

/// What the chip would refuse, or nobody could verify, is not asked of it.
#[test]
fn a_slot_that_is_locked_or_hides_its_key_gets_none() {
    let with = |slot_config, key_config| with_slot(zone(TNGTLS), 2, slot_config, key_config);
    let mut locked = with(0x2085, 0x0073);
    locked[88] &= !0x04;
    for (config, words) in [
        (locked, "locked"),
        (with(0x2085, 0x0071), "PubInfo"),
        (with(0x2085, 0x00F3 | 0x0600), "authorization with slot 6"),
    ] {
        let bus = part(config, b"", &[0, 2]);
        let session = open(&allowing(&bus, "2"));
        let (rv, why) = refusal(make(&session, &[CURVE, label("1 slot 2")]));
        assert_eq!(rv, ck::CKR_TOKEN_WRITE_PROTECTED, "{why}");
        assert!(why.contains(words), "{why}");
    }
}

/// Another program makes a key in the same empty slot first: it is not lost, and
/// the session sees it.
#[test]
fn a_key_of_somebody_elses_is_not_replaced_unseen() {
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0]);
    let session = open(&allowing(&bus, "2"));
    let mut other =
        atecc::Device::new(bus.i2c(), bus.delay()).with_address(BusAddress::TRUST_AND_GO);
    let (mode, slot) = (GenKeyMode::Create, Slot::S2);
    let theirs = other.execute(GenKey { mode, slot }).unwrap();
    let (rv, why) = refusal(make(&session, &[CURVE, label("1 slot 2")]));
    assert_eq!(rv, ck::CKR_FUNCTION_FAILED, "{why}");
    let mode = GenKeyMode::Public;
    assert_eq!(other.execute(GenKey { mode, slot }).unwrap(), theirs);
    assert_eq!(refusal(make(&session, &[CURVE])).0, ck::CKR_DEVICE_MEMORY);
    private(&session, "1 slot 2");
}

/// A session whose chip went and left its place on the open bus to another one that
/// shows the same: a key in slot 2 that hides its public half, another in slot 3.
fn swapped() -> (Bus, Session, [ck::CK_OBJECT_HANDLE; 2]) {
    let [bus, other] = [1, 2].map(|number| {
        let mut config = with_slot(zone(TNGTLS), 2, 0x2081, 0x0031);
        config[2] = number;
        part(config, b"", &[0, 2, 3])
    });
    let session = open(&allowing(&bus, "4"));
    let keys = ["1 slot 2", "1 slot 3"].map(|label| private(&session, label));
    let address = bus.addresses()[0];
    bus.detach(address).unwrap();
    bus.attach(other.detach(address).unwrap());
    (bus, session, keys)
}

#[test]
fn another_chip_gets_no_key() {
    for template in [&[CURVE][..], &[CURVE, label("1 slot 4")]] {
        let (bus, session, _) = swapped();
        let before = memory(&bus);
        for _ in 0..2 {
            let (rv, why) = refusal(make(&session, template));
            assert_eq!(rv, ck::CKR_DEVICE_REMOVED, "{why}");
        }
        assert_eq!(memory(&bus), before);
    }
}

#[test]
fn another_chip_agrees_on_no_secret() {
    let (_bus, session, [_, agrees]) = swapped();
    let secret = crate::secret(&session, agrees);
    assert_eq!(secret, Err(ck::CKR_DEVICE_REMOVED));
}

#[test]
fn another_chip_does_not_sign_with_a_hidden_key() {
    let (_bus, session, [hidden, _]) = swapped();
    let error = sign(&session, hidden, [0x61; 32]).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_REMOVED, "{error}");
}

/// Threads that name no slot each get one of their own, while there are some.
#[test]
fn each_thread_gets_a_key_of_its_own() {
    for _ in 0..8 {
        let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0]);
        let token = allowing(&bus, "2 3 4");
        let sessions = [(); 3].map(|()| open(&token));
        let start = Barrier::new(sessions.len());
        let mut labels = std::thread::scope(|scope| {
            let threads = sessions.each_ref().map(|session| {
                scope.spawn(|| {
                    start.wait();
                    let made = make(session, &[CURVE]).unwrap();
                    get(session, made.private, ck::CKA_LABEL).unwrap()
                })
            });
            threads.map(|thread| thread.join().unwrap())
        });
        labels.sort();
        assert_eq!(labels, [b"1 slot 2", b"1 slot 3", b"1 slot 4"]);
        let (rv, why) = refusal(make(&sessions[0], &[CURVE]));
        assert_eq!(rv, ck::CKR_DEVICE_MEMORY, "{why}");
    }
}

/// Mechanism and flags say whether keys can be made.
#[test]
fn a_token_says_whether_keys_can_be_made() {
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0]);
    for (slots, offered) in [("2", true), ("0", false), ("", false)] {
        let settings = Settings {
            scan: Scan::Nothing,
            ..Settings::default()
        };
        let options: SlotOptions = allowing(&bus, slots).options().clone();
        let module = Module::new(settings).with_tokens([token(&bus).with_options(options)]);
        let mechanisms = module.mechanisms(1).unwrap();
        assert_eq!(
            mechanisms.contains(&ck::CKM_EC_KEY_PAIR_GEN),
            offered,
            "{slots}"
        );
        let flags = module.token_info(1).unwrap().flags;
        assert_eq!(flags & ck::CKF_WRITE_PROTECTED == 0, offered, "{slots}");
        let info = module.mechanism_info(1, ck::CKM_EC_KEY_PAIR_GEN);
        assert_eq!(info.is_ok(), offered, "{slots}");
    }
    assert_eq!(
        objects(&open(&allowing(&bus, "")), ck::CKO_PRIVATE_KEY),
        [1]
    );
}

/// Wherever the chip goes to sleep or the bus fails: what is shown afterwards is
/// what the chip holds, and of a call that succeeded the very key that it gave.
#[test]
fn a_lost_answer_leaves_no_doubt() {
    let fresh = || part(zone(TNGTLS), b"KQp2ZkD8", &[0, 2]);
    let template = [CURVE, label("1 slot 2")];
    let quiet = fresh();
    let session = open(&allowing(&quiet, "2"));
    let first = quiet.transactions();
    make(&session, &template).unwrap();
    let length = quiet.transactions() - first;

    let failure = Failure {
        kind: FailureKind::Bus,
        heard: Heard::Nothing,
        after: Duration::ZERO,
    };
    let faults = [Fault::EarlyWatchdog, Fault::TransferFailed(failure)];
    let (mut failed, mut made_all_the_same) = (0, 0);
    for (fault, at) in faults
        .iter()
        .flat_map(|it| (0..length).map(move |at| (it, at)))
    {
        let bus = fresh();
        let session = open(&allowing(&bus, "2"));
        private(&session, "1 slot 2");
        bus.set_faults(Faults::none().at(bus.transactions() + at, *fault));
        let result = make(&session, &template);
        bus.set_faults(Faults::none());
        let held = memory(&bus)[2][4..36].to_vec();
        let held = SigningKey::from_slice(&held).unwrap();
        session.find_begin(&[]).unwrap();
        session.find_end().unwrap();
        let key = private(&session, "1 slot 2");
        let signature = sign(&session, key, [0x61; 32]).unwrap();
        assert!(
            verifies(held.verifying_key(), [0x61; 32], signature),
            "{fault:?} at {at}"
        );
        let replaced = held.verifying_key() != scalar(2).verifying_key();
        if let Ok(made) = result {
            assert!(replaced && made.private == key, "{fault:?} at {at}");
        } else {
            failed += 1;
            made_all_the_same += u32::from(replaced);
        }
    }
    println!("{length} transactions: {failed} calls failed, {made_all_the_same} had made a key");
    assert!(failed > made_all_the_same && made_all_the_same > 0);
}
