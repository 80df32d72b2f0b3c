//! `nerves-key sign`, `verify`, `jwt` and `random`, and what they, `csr` and
//! `ecdh` say of a chip that is not ready.

use crate::harness::Harness;

const CHIP: &str = "emu:chip.img";

#[test]
fn signatures_are_verified_in_both_forms() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(CHIP, &["--serial", "K1", "--yes"]));
    std::fs::write(harness.path().join("message"), "a message").unwrap();
    harness.ok(&[
        "cert",
        "export",
        "device",
        "--device",
        CHIP,
        "--out",
        "device.pem",
    ]);
    for format in ["der", "raw"] {
        harness.ok(&[
            "sign", "--device", CHIP, "--format", format, "--out", format, "message",
        ]);
        harness.ok(&["verify", "--device", CHIP, "--signature", format, "message"]);
        // Without a chip.
        let verify = ["verify", "--key", "device.pem", "--signature", format];
        harness.ok(&[&verify[..], &["message"]].concat());
        let (code, message) = harness.fails(&[&verify[..], &["device.pem"]].concat());
        assert_eq!(code, 1, "{message}");
    }
    let (code, message) =
        harness.fails(&["verify", "--signature", "00", "--device", CHIP, "message"]);
    assert_eq!(
        (code, message.contains("has 1 bytes")),
        (5, true),
        "{message}"
    );
}

/// Claims that are given are kept; one that an option would replace is refused.
#[test]
fn a_token_has_the_claims_that_were_given() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(CHIP, &["--serial", "K1", "--yes"]));
    let given = ["jwt", "--device", CHIP, "--claims", r#"{"exp":5,"a":1}"#];
    let claims = &harness.json(&given)["claims"];
    assert_eq!(*claims, serde_json::json!({"exp": 5, "a": 1}));
    let claims = &harness.json(&[&given[..], &["--iat"]].concat())["claims"];
    assert_eq!((&claims["exp"], claims["iat"].is_u64()), (&5.into(), true));
    let (code, message) = harness.fails(&[&given[..], &["--expires-in", "60"]].concat());
    assert_eq!(
        (code, message.contains("\"exp\" (5)")),
        (5, true),
        "{message}"
    );
    let given = ["jwt", "--device", CHIP, "--claims", r#"{"iat":5}"#];
    for more in [&["--iat"][..], &["--expires-in", "60"]] {
        let (code, message) = harness.fails(&[&given[..], more].concat());
        assert_eq!((code, message.contains(more[0])), (5, true), "{message}");
    }
}

/// What is signed is what was given, or nothing is.
#[test]
fn a_token_that_would_say_something_else_is_refused() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(CHIP, &["--serial", "K1", "--yes"]));
    let jwt = ["jwt", "--device", CHIP];
    std::fs::write(harness.path().join("twice"), r#"{"a":1,"a":2}"#).unwrap();
    for (option, object, named) in [
        (
            "--claims",
            r#"{"id":12345678901234567890123}"#,
            "12345678901234567890123 is",
        ),
        (
            "--claims",
            r#"{"a":1,"a":2}"#,
            "--claims: an object has the name \"a\" twice",
        ),
        ("--claims", "@twice", "twice"),
        (
            "--claims",
            r#"{"a":{"b":[1.00000000000000000001]}}"#,
            "rounded to 1.0",
        ),
        ("--header", r#"{"alg":"none"}"#, "ES256"),
        (
            "--header",
            r#"{"kid":"1","kid":"2"}"#,
            "--header: an object has the name",
        ),
    ] {
        let (code, message) = harness.fails(&[&jwt[..], &[option, object]].concat());
        assert_eq!((code, message.contains(named)), (5, true), "{message}");
    }
    let header = r#"{"alg":"ES256","kid":"1"}"#;
    let header = &harness.json(&[&jwt[..], &["--header", header]].concat())["header"];
    let expected = serde_json::json!({"alg": "ES256", "kid": "1", "typ": "JWT"});
    assert_eq!(*header, expected);
}

#[test]
fn what_an_unfinished_chip_cannot_do_says_so() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "chip.img"]);
    harness.ok(&[
        "device",
        "create",
        "D1",
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "signer.key",
    ]);
    let (code, message) = harness.fails(&["random", "--device", CHIP]);
    assert_eq!(
        (code, message.contains("test pattern")),
        (4, true),
        "{message}"
    );
    let (code, message) = harness.fails(&["ecdh", "--device", CHIP, "D1.cert"]);
    assert_eq!((code, message.contains("bit 2")), (4, true), "{message}");
    let (code, message) = harness.fails(&["csr", "--device", CHIP]);
    assert_eq!((code, message.contains("no key")), (4, true), "{message}");
    for (arguments, named) in [
        (["jwt", "--claims", "[1]"], "[1] is no JSON object"),
        (["jwt", "--claims", "@nothing"], "nothing"),
        (["csr", "--subject", "what"], "--subject"),
    ] {
        let (code, message) = harness.fails(&[&arguments[..], &["--device", CHIP]].concat());
        assert_eq!((code, message.contains(named)), (5, true), "{message}");
    }
}

#[test]
fn random_bytes_differ() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(CHIP, &["--serial", "K1", "--yes"]));
    let random = || harness.json(&["random", "--device", CHIP, "--bytes", "33"])["random"].clone();
    let first = random();
    assert_eq!(first.as_str().unwrap().len(), 66);
    assert_ne!(first, random());
}
