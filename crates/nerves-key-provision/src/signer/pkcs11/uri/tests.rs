//! URIs that can be read, that cannot, and what of them is shown.

use std::format;
use std::string::ToString;

use super::*;

#[test]
fn the_attributes() {
    // After the examples of RFC 7512, section 3.
    let text = "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,\
                %20Inc.;model=1.0;serial=42;object=my-certificate;type=private;\
                id=%69%95%3E%5C%F4%BD%EC%91;slot-id=3?pin-source=file:/etc/token_pin&\
                module-path=/mnt/libmy-pkcs11.so";
    let uri: Pkcs11Uri = text.parse().unwrap();
    let expected = Pkcs11Uri {
        module: "/mnt/libmy-pkcs11.so".into(),
        token: Some("The Software PKCS#11 Softtoken".into()),
        manufacturer: Some("Snake Oil, Inc.".into()),
        model: Some("1.0".into()),
        serial: Some("42".into()),
        slot_id: Some(3),
        object: Some("my-certificate".into()),
        id: Some([0x69, 0x95, 0x3E, 0x5C, 0xF4, 0xBD, 0xEC, 0x91].into()),
        pin: Some(PinSource::File("/etc/token_pin".into())),
    };
    assert_eq!(uri, expected);
}

#[test]
fn a_pin_is_not_shown() {
    let uri: Pkcs11Uri = "pkcs11:object=k?module-path=m&pin-value=s%33cret"
        .parse()
        .unwrap();
    assert_eq!(
        uri.pin,
        Some(PinSource::Value(Zeroizing::new("s3cret".into())))
    );
    assert!(!format!("{uri:?}").contains("s3cret"));
    assert!(format!("{uri:?}").contains("Value(..)"));
    let file = PinSource::File("/etc/pin".into());
    assert_eq!(format!("{file:?}"), "File(\"/etc/pin\")");
}

/// However a URI goes wrong, its PIN is in no message.
#[test]
fn no_error_quotes_a_pin() {
    for text in [
        "pkcs11:object=k?module-path=m&pin-value=31415&foo=1",
        "pkcs11:object=k?pin-value=31415",
        "pkcs11:object=k?module-path=m&pin-value:31415",
        "pkcs11:object=k?module-path=m&31415",
        "pkcs11:object=k?module-path=m&pinvalue=31415",
        "pkcs11:object=k?module-path=m&PIN-VALUE=31415",
        "pkcs11:object=k?module-path=m&pin_value=31415",
        "pkcs11:object=k?module-path=m&pin%2Dvalue=31415",
        "pkcs11:object=k?module-path=m&pin-value:31415=6",
        "pkcs11:object=k;pin-value=31415?module-path=m",
        "pkcs11:object=k?module-path=m?pin-value=31415",
        "pkcs11:object=k?module-path=m;pin-value=31415",
        "pkcs11:object=k;slot-id=3&pin-value=31415?module-path=m",
        "pkcs11:object=k;type=pin-value=31415?module-path=m",
        "pkcs11:object=k?module-path=m&pin-value=%zz31415",
        "pkcs11:object=k?module-path=m&pin-value=1&pin-value=31415",
        "pkcs11:object=k?module-path=m&pin-source=|echo 31415",
        "pkcs11:object=k?module-path=m&pin-source=data:31415",
        "PKCS11:object=k?module-path=m&pin-value=31415",
        " pkcs11:object=k?module-path=m&pin-value=31415",
        "pkcs11:object=k?module-path=m&pin-value=31;31415&31415",
        "object=k?module-path=m&pin-value=31415",
        "--signer-key=pkcs11:object=k?pin-value=31415",
    ] {
        let error = text.parse::<Pkcs11Uri>().unwrap_err().to_string();
        assert!(!error.contains("31415"), "{text}: {error}");
        let redacted = Pkcs11Uri::redacted(text);
        assert!(!redacted.contains("31415"), "{text}: {redacted}");
    }
}

#[test]
fn what_is_no_secret_is_shown() {
    let uri = "pkcs11:token=a%20b;object=k?module-path=/lib/spin.so&pin-value=1";
    assert_eq!(
        Pkcs11Uri::redacted(uri),
        "pkcs11:token=a%20b;object=k?module-path=/lib/spin.so&pin-value=..."
    );
    // An unknown attribute hides its own value; what is none hides the rest.
    for (text, shown) in [
        ("pkcs11:a=1;token=t", "pkcs11:a=...;token=t"),
        ("pkcs11:a1=1;token=t", "pkcs11:..."),
        ("pkcs11:object=k;31415;token=t", "pkcs11:object=k;..."),
        ("pkcs11:a-pin=1;token=t", "pkcs11:a-pin=..."),
    ] {
        assert_eq!(Pkcs11Uri::redacted(text), shown);
    }
    for text in ["signer.key", "pkcs11:object=k?module-path=m", "", "pin"] {
        assert_eq!(Pkcs11Uri::redacted(text), text);
    }
}

#[test]
fn pin_files() {
    for (source, path) in [
        ("pin", "pin"),
        ("/etc/pin", "/etc/pin"),
        ("file:///etc/pin", "/etc/pin"),
    ] {
        let uri: Pkcs11Uri = format!("pkcs11:object=k?module-path=m&pin-source={source}")
            .parse()
            .unwrap();
        assert_eq!(uri.pin, Some(PinSource::File(path.into())), "{source}");
    }
}

#[test]
fn wrong_ones_say_why() {
    for (text, part) in [
        ("file:x", "begins with pkcs11:"),
        ("pkcs11:object=k", "module-path"),
        ("pkcs11:token=t?module-path=m", "names no key"),
        ("pkcs11:object?module-path=m", "name=value"),
        ("pkcs11:object=k;object=l?module-path=m", "twice"),
        (
            "pkcs11:object=k?module-path=m&pin-value=1&pin-source=f",
            "twice",
        ),
        (
            "pkcs11:object=k?module-path=m&pin-source=f&pin-value=1",
            "\"pin-value\" is given twice",
        ),
        ("pkcs11:object=k;token=t;x?module-path=m", "attribute 3 "),
        ("pkcs11:object=%6?module-path=m", "percent"),
        ("pkcs11:object=%zz?module-path=m", "percent"),
        ("pkcs11:object=%FF?module-path=m", "percent"),
        (
            "pkcs11:object=k;type=public?module-path=m",
            "no private key",
        ),
        ("pkcs11:object=k;slot-id=x?module-path=m", "no number"),
        (
            "pkcs11:object=k;library-version=3?module-path=m",
            "library-version",
        ),
        ("pkcs11:object=k?module-name=m", "module-name"),
        (
            "pkcs11:object=k?module-path=m&pin-source=|pinentry",
            "no file",
        ),
        (
            "pkcs11:object=k?module-path=m&pin-source=https:x",
            "no file",
        ),
    ] {
        let error = text.parse::<Pkcs11Uri>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
