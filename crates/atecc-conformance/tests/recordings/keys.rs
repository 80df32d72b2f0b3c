//! Public keys, certification requests, certificates and the slots that hold
//! them, and counters.

use atecc_conformance::{Judge, Reason};
use serde_json::{Value, json};

use crate::document::{answer, bytes, command, failures, hex, passed, recording, skips};

fn document(name: &str) -> Value {
    let path = format!(
        "{}/../../tests/recordings/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A signer's and a device's certificate with their fields, and four slots.
fn kit() -> Value {
    document("tngtls-608b-nerves-kit")
}

/// The value with one bit of its last digit changed.
fn flipped(value: &Value) -> Value {
    let text = value.as_str().unwrap();
    let (head, last) = text.split_at(text.len() - 1);
    let digit = u8::from_str_radix(last, 16).unwrap() ^ 1;
    format!("{head}{digit:x}").into()
}

#[test]
fn certificates_are_compared_with_their_compressed_form() {
    let kit = kit();
    assert_eq!(failures(&kit), [""; 0]);
    let verified = passed(&kit, Judge::Emulator);
    assert_eq!(
        verified,
        ["certificates 0: Verify", "certificates 1: Verify"]
    );
    for index in [0, 1] {
        for field in [
            "signature_rs",
            "encoded_dates",
            "signer_id",
            "public_key",
            "cert_serial",
        ] {
            let mut bad = kit.clone();
            let place = &mut bad["certificates"][index]["compressed_fields"][field];
            *place = flipped(place);
            let failures = failures(&bad);
            assert!(
                failures.len() == 1 && failures[0].contains("codec: certificate"),
                "{index} {field}: {failures:?}"
            );
        }
        // Dates and signer ID within the 72 bytes, and the signature.
        for byte in [0, 66, 68] {
            let mut bad = kit.clone();
            let place = &mut bad["certificates"][index]["compressed"];
            let mut stored = bytes(place.as_str().unwrap());
            stored[byte] ^= 0x04;
            *place = hex(&stored).into();
            assert!(!failures(&bad).is_empty(), "{index} {byte}");
        }
    }
}

#[test]
fn certificates_are_signed_by_whom_they_say() {
    let kit = kit();
    let mut alone = kit.clone();
    alone["slots"] = json!([]);
    let certificates = alone["certificates"].as_array_mut().unwrap();
    certificates.remove(0);
    assert_eq!(failures(&alone), [""; 0]);
    let unknown = ("certificates 0".to_owned(), Judge::Emulator, Reason::Issuer);
    assert_eq!(skips(&alone), [unknown]);
    // Another chip's serial number; the key within the certificate; its
    // signature; an issuer that did not sign it.
    let mut bad = kit.clone();
    bad["certificates"][1]["serial"] = flipped(&kit["serial"]);
    assert!(!failures(&bad).is_empty());
    let mut bad = kit.clone();
    bad["certificates"][1]["der"] = flipped(&kit["certificates"][1]["der"]);
    assert!(
        failures(&bad)
            .iter()
            .any(|one| one.contains("emulator: Verify"))
    );
    let mut bad = kit.clone();
    let der = &mut bad["certificates"][1]["der"];
    let (head, tail) = der.as_str().unwrap().rsplit_once("040302").unwrap();
    *der = format!("{head}040303{tail}").into();
    assert_eq!(failures(&bad).len(), 1);
    // A letter of the root's name, in which it is not the signer of this one.
    let mut bad = kit.clone();
    let der = &mut bad["certificates"][0]["der"];
    let other = der.as_str().unwrap().replacen("526f6f74", "526f6f75", 1);
    *der = other.into();
    assert_eq!(failures(&bad).len(), 1);
    let mut bad = kit;
    bad["certificates"][0]["issuer"] = "device".into();
    assert_eq!(failures(&bad).len(), 1);
}

#[test]
fn slots_hold_what_is_in_the_certificates() {
    let kit = kit();
    let slots = [5, 10, 11, 12];
    for (index, slot) in slots.into_iter().enumerate() {
        let mut bad = kit.clone();
        let place = &mut bad["slots"][index]["hex"];
        // Not the last byte of a certificate, of which nothing else is known.
        let mut stored = bytes(place.as_str().unwrap());
        stored[8] ^= 0x01;
        *place = hex(&stored).into();
        let what = (failures(&bad).len(), skips(&bad).len());
        assert_eq!(what, if slot == 5 { (0, 1) } else { (1, 0) }, "slot {slot}");
    }
    // Each in its place.
    let mut bad = kit.clone();
    bad["slots"][1]["slot"] = 12.into();
    assert_eq!(failures(&bad).len(), 1);
    // Without the 72 bytes beside them the certificates tell them alike.
    let mut rebuilt = kit;
    for certificate in rebuilt["certificates"].as_array_mut().unwrap() {
        certificate.as_object_mut().unwrap().remove("compressed");
    }
    assert_eq!((failures(&rebuilt), skips(&rebuilt)), (vec![], vec![]));
}

#[test]
fn requests_are_verified() {
    let request = document("pbearson-608a-csr");
    assert_eq!(failures(&request), [""; 0]);
    assert_eq!(passed(&request, Judge::Codec), ["csrs 0: request"]);
    assert_eq!(passed(&request, Judge::Emulator), ["csrs 0: Verify"]);
    let der = bytes(request["csrs"][0]["der"].as_str().unwrap());
    // Of the subject, the key, the attributes, the signature, a length, and how it is signed.
    let algorithm = der
        .windows(3)
        .rposition(|bytes| bytes == [0x04, 0x03, 0x02])
        .unwrap()
        + 2;
    for at in [40, 100, 160, der.len() - 1, 2, algorithm] {
        let mut der = der.clone();
        der[at] ^= 0x01;
        let mut bad = request.clone();
        bad["csrs"][0]["der"] = hex(&der).into();
        assert!(!failures(&bad).is_empty(), "byte {at}");
    }
    let mut beside = request;
    let key = "22a260d183e9af95984c9fdf178b1a52a59f1febc10d8d68e8e7683571f177ba\
               e1832e6f7dcbfc67e031962d6067c409afb5a0a639b34d9094c5a44b2ac7fcc4";
    beside["csrs"][0]["public_key"] = key.into();
    assert_eq!(failures(&beside), [""; 0]);
    beside["csrs"][0]["public_key"] = flipped(&key.into());
    assert_eq!(failures(&beside).len(), 1);
}

/// Source: the recording `sigrok-atecc508a-s3`, slot 11.
#[test]
fn a_public_key_is_the_one_that_the_slot_told() {
    let key = "0e8c52605a6992865978885fcbc1a61231a0dfc053f92d5116f58496da67cc13\
               3c06b6c5f67cede39ab89f0153aaf5548afe8eae632d259bbaa73ca38c91fd3b";
    let ask = command(0x40, 0x00, 11, &[]);
    let told = |key: &str| {
        let exchange = json!({"tx": ask, "rx": answer(&bytes(key))});
        let keys = json!([{"slot": 11, "public_key": key}]);
        recording(
            "ATECC508A",
            &json!({"exchanges": [exchange], "public_keys": keys}),
        )
    };
    let mut good = told(key);
    assert_eq!(failures(&good), [""; 0]);
    // Another point: that of the signer of the kit.
    let other = kit()["certificates"][0]["compressed_fields"]["public_key"].clone();
    good["public_keys"][0]["public_key"] = other;
    assert_eq!(failures(&good).len(), 1);
    good["public_keys"][0]["slot"] = 10.into();
    assert_eq!(failures(&good), [""; 0]);
}

#[test]
fn a_count_is_what_was_sent() {
    let counter = |raw: &str| {
        let counters = json!([{"id": 1, "value": 1, "raw": raw}]);
        recording("ATECC608A", &json!({"counters": counters}))
    };
    assert_eq!(failures(&counter("01000000")), [""; 0]);
    assert_eq!(failures(&counter("00000001")).len(), 1);
}
