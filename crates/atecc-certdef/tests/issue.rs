//! A new certificate says nothing that its types cannot say; one that exists is
//! compared as it is.

use atecc_certdef::{Definition, Values};
use atecc_x509::{CertificateDef, DateTime, EncodedDates, Format, PublicKey, Validity};

const DEFINITION: &str = r#"name = "Acme device"
template-id = 2
chain-id = 0
issuer = ["O=Acme"]
subject = ["CN={label}", { type = "serialNumber", text = "{number}" }, "DC={domain}"]
serial-number = { source = "A" }
values = { label = "l", number = "n", domain = "d", host = "h", text = "five characters" }

[[extensions]]
kind = "subject-alternative-name"
names = [{ dns = "{host}" }]

[[extensions]]
oid = "1.3.6.1.4.1.4849.0"
der = "0C 05 {text}"
"#;

const GOOD: [(&str, &[u8]); 5] = [
    ("label", "Größe 1".as_bytes()),
    ("number", b"A-1 (b)"),
    ("domain", b"acme_1"),
    ("host", b"a.example"),
    ("text", b"12345"),
];

/// What comes of the good values where `name` has `value`.
fn issued(name: &str, value: &[u8]) -> Result<(), String> {
    let mut values = Values::new(PublicKey::from_bytes([0x5A; 64]));
    for (known, good) in GOOD {
        let value = if known == name { value } else { good };
        values.named.insert(known.to_owned(), value.to_vec());
    }
    let chip = Definition::from_toml(DEFINITION)
        .unwrap()
        .with(values)
        .unwrap();
    let now = DateTime::new(2026, 3, 15, 9, 0, 0).unwrap();
    let validity = Validity::issued_at(now, 10).unwrap();
    let tbs = chip.issue(validity, Format::V0, 0);
    // What a chip holds already is made in any case.
    let dates = EncodedDates::encode(validity, Format::V0).unwrap();
    chip.to_be_signed(dates, 0).unwrap();
    tbs.map(drop).map_err(|error| error.to_string())
}

#[test]
fn what_its_type_has_is_issued() {
    for (name, value) in GOOD {
        issued(name, value).unwrap();
    }
}

#[test]
fn what_its_type_has_not_is_refused() {
    for (name, value, message) in [
        (
            "number",
            &b"A_1"[..],
            "serialNumber of a name: \"A_1\" has '_', which is not of a PrintableString: letters, \
             digits, space and '()+,-./:=?; string = \"utf8\" takes any",
        ),
        (
            "domain",
            "zürich".as_bytes(),
            r#"DC of a name: "z\xc3\xbcrich" has 'ü', which is not of an IA5String: ASCII"#,
        ),
        (
            "label",
            b"ab\xFFc",
            r#"CN of a name: "ab\xffc" has the byte FF, which is not of a UTF8String"#,
        ),
        (
            "label",
            b"",
            "CN of a name: is empty: RFC 5280 wants one character at least",
        ),
        (
            "host",
            "ä.example".as_bytes(),
            "dns of subject-alternative-name: \"\\xc3\\xa4.example\" has 'ä', which is not of an \
             IA5String: ASCII",
        ),
    ] {
        assert_eq!(issued(name, value).unwrap_err(), message);
    }
}

#[test]
fn a_length_that_is_not_the_values_is_refused() {
    for (value, found) in [(&b"1234"[..], 6), (b"123456", 8), (b"", 2)] {
        let message = issued("text", value).unwrap_err();
        let begin = format!(
            "der of the extension 1.3.6.1.4.1.4849.0: with the values filled in, its {found} bytes \
             are no whole DER value ("
        );
        assert!(message.starts_with(&begin), "{message}");
        assert!(message.ends_with("must be that of the values"), "{message}");
    }
}
