//! What is wrong with a definition is said by line, field, limit and remedy.

use atecc_certdef::Definition;

const GOOD: &str = r#"name = "Acme device"
template-id = 2
chain-id = 0
issuer = ["O=Acme", "CN=Acme Signer {signer-id}"]
subject = ["O=Acme", ["CN={serial}", { type = "serialNumber", text = "{device-sn}", string = "utf8" }]]
serial-number = { source = "A", length = 16 }

[values]
serial = "the number on the label"

[validity]
not-after = "generalized"
no-expiry = "3000-12-31T23:59:59Z"

[[extensions]]
kind = "basic-constraints"
critical = true
ca = true
path-length = 0

[[extensions]]
kind = "key-usage"
usages = ["digital-signature", "decipher-only"]

[[extensions]]
kind = "extended-key-usage"
purposes = ["client-auth", "1.3.6.1.4.1.311.10.3.4"]

[[extensions]]
kind = "subject-key-identifier"
of = "point"

[[extensions]]
kind = "authority-key-identifier"
bytes = "000102030405060708090A0B0C0D0E0F10111213"
serial-number = "01"

[[extensions]]
kind = "subject-alternative-name"
names = [{ dns = "{serial}.example" }, { directory = ["CN=x"] }]

[[extensions]]
oid = "1.3.6.1.4.1.4849.0"
der = "04 02 {serial}"
"#;

/// The message where `from` in the good definition is `to`.
#[track_caller]
fn refused(from: &str, to: &str, message: &str) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?} is not one place");
    let text = GOOD.replace(from, to);
    let error = Definition::from_toml(&text).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn the_good_one_is_taken() {
    let definition = Definition::from_toml(GOOD).unwrap();
    assert_eq!(definition.name(), "Acme device");
    let names: Vec<_> = definition.value_names().collect();
    assert_eq!(names, [("serial", "the number on the label")]);
}

#[test]
fn no_toml() {
    let error = Definition::from_toml("name = \"a\"\ntemplate-id =\n").unwrap_err();
    assert_eq!(error.line, 2);
    assert!(
        error.to_string().starts_with("line 2: no TOML: "),
        "{error}"
    );
}

#[test]
fn fields_that_are_missing_or_too_many() {
    refused(
        "chain-id = 0\n",
        "",
        "line 1, chain-id: is missing: 0 to 15, as in byte 69 of the 72",
    );
    refused(
        "chain-id = 0\n",
        "chain_id = 0\n",
        "line 3, chain_id: there is no such field here, only name, template-id, chain-id, \
         signed-by, values, serial-number, issuer, validity, subject, extensions",
    );
    refused(
        "path-length = 0",
        "path-len = 0",
        "line 19, extensions[1].path-len: there is no such field here, only kind, critical, ca, \
         path-length",
    );
    refused(
        "oid = \"1.3.6.1.4.1.4849.0\"\n",
        "",
        "line 42, extensions[7]: give either kind = \"key-usage\" or one of the other kinds, or \
         oid = \"2.5.29.32\" and der",
    );
    refused(
        "der = \"04 02 {serial}\"\n",
        "",
        "line 42, extensions[7].der: is missing: the value in hex, with its tag and length",
    );
}

#[test]
fn values_of_another_type_or_out_of_range() {
    refused(
        "template-id = 2",
        "template-id = \"2\"",
        "line 2, template-id: is a text, but must be an integer without quotes",
    );
    refused(
        "template-id = 2",
        "template-id = 16",
        "line 2, template-id: 16 is out of range: 0 to 15",
    );
    refused(
        "template-id = 2",
        "template-id = -1",
        "line 2, template-id: -1 is out of range: 0 to 15",
    );
    refused(
        "length = 16",
        "length = 33",
        "line 6, serial-number.length: 33 is out of range: 1 to 32",
    );
    refused(
        "critical = true",
        "critical = \"yes\"",
        "line 17, extensions[1].critical: is a text, but must be true or false, without quotes",
    );
    refused(
        "issuer = [\"O=Acme\", \"CN=Acme Signer {signer-id}\"]",
        "issuer = \"CN=Acme Signer\"",
        "line 4, issuer: is a text, but must be an array",
    );
    refused(
        "no-expiry = \"3000-12-31T23:59:59Z\"",
        "no-expiry = 3000-12-31T23:59:59Z",
        "line 13, validity.no-expiry: is a date without quotes, but must be a text in quotes",
    );
    refused(
        "3000-12-31T23:59:59Z",
        "3000-12-31",
        "line 13, validity.no-expiry: no date of the form 2026-03-15T09:15:00Z",
    );
}

#[test]
fn words_that_are_not_known() {
    refused(
        "source = \"A\"",
        "source = \"1\"",
        "line 6, serial-number.source: \"1\" is not known here, only 0, 7, 8, 9, A, B, C, D, E, F",
    );
    refused(
        "\"digital-signature\"",
        "\"digitalSignature\"",
        "line 23, extensions[2].usages[1]: \"digitalSignature\" is not known here, only \
         digital-signature, non-repudiation, key-encipherment, data-encipherment, key-agreement, \
         key-cert-sign, crl-sign, encipher-only, decipher-only",
    );
    refused(
        "\"client-auth\"",
        "\"client\"",
        "line 27, extensions[3].purposes[1]: \"client\" is not known here, only server-auth, \
         client-auth, code-signing, email-protection, time-stamping, ocsp-signing, or an object \
         identifier",
    );
    refused(
        "of = \"point\"",
        "of = \"key\"",
        "line 31, extensions[4].of: \"key\" is not known here, only point, public-key-info",
    );
    refused(
        "\"1.3.6.1.4.1.4849.0\"",
        "\"grisp\"",
        "line 43, extensions[7].oid: \"grisp\" is no object identifier: numbers and dots, such as \
         2.5.29.32",
    );
}

#[test]
fn names_and_their_places() {
    refused(
        "[\"O=Acme\", \"CN=Acme",
        "[\"Acme\", \"CN=Acme",
        "line 4, issuer[1]: \"Acme\" is no piece of a name: write it as \"CN=Signer\"",
    );
    refused(
        "[\"O=Acme\", \"CN=Acme",
        "[\"Org=Acme\", \"CN=Acme",
        "line 4, issuer[1]: \"Org\" is no type of a name's piece: CN, SN, serialNumber, C, L, ST, \
         O, OU, DC, emailAddress, or an object identifier such as 2.5.4.12",
    );
    refused(
        "CN={serial}",
        "CN={label}",
        "line 5, subject[2][1]: {label} is no place that is known: signer-id, device-sn, \
         device-sn:lower, serial",
    );
    refused(
        "CN={serial}",
        "CN={serial",
        "line 5, subject[2][1]: a brace without its other half: {name} is a place for a value, {{ \
         and }} are braces",
    );
    refused(
        "serial = \"the number on the label\"",
        "serial = \"the number on the label\"\nlot = \"the lot\"",
        "line 10, values.lot: no field has a place {lot}: take it out, or write it where the value \
         belongs",
    );
    refused(
        "serial = \"the number on the label\"",
        "serial = \"the number on the label\"\ndevice-sn = \"mine\"",
        "line 10, values.device-sn: \"device-sn\" has another meaning in braces: choose another \
         name",
    );
    refused(
        "{ directory = [\"CN=x\"] }",
        "{ directory = [[]] }",
        "line 40, extensions[6].names[2].directory[1]: is empty: pieces of a name belong here",
    );
    refused(
        "{ directory = [\"CN=x\"] }",
        "{ dns = \"a\", uri = \"b\" }",
        "line 40, extensions[6].names[2]: give one of dns, uri, email and directory: another name \
         is another table",
    );
}

#[test]
fn bytes_and_what_goes_together() {
    refused(
        "source = \"A\", length = 16",
        "source = \"0\", bytes = \"1\"",
        "line 6, serial-number.bytes: \"1\" is not hex: pairs of the digits 0 to 9 and A to F, \
         spaces between them as you like",
    );
    refused(
        "source = \"A\", length = 16",
        "source = \"0\", value = \"number\"",
        "line 6, serial-number.value: {number} is no place that is known: signer-id, device-sn, \
         device-sn:lower, serial",
    );
    refused(
        "source = \"A\", length = 16",
        "source = \"0\"",
        "line 6, serial-number: sources 0 and 7 are a number that is stored: give either bytes = \
         \"0102\", where it is always the same, or value = \"name\", a name under values",
    );
    refused(
        "source = \"A\", length = 16",
        "source = \"A\", bytes = \"01\"",
        "line 6, serial-number.bytes: only sources 0 and 7 are a number that is stored: leave it \
         out",
    );
    for source in ["8", "9"] {
        refused(
            "source = \"A\", length = 16",
            &format!("source = \"{source}\", length = 16"),
            "line 6, serial-number.length: sources 8 and 9 hash nothing: the number is 40 and what \
             follows it, leave it out",
        );
    }
    refused(
        "ca = true",
        "ca = false",
        "line 19, extensions[1].path-length: only an authority has it: set ca = true or leave it \
         out",
    );
    refused(
        "\"000102030405060708090A0B0C0D0E0F10111213\"",
        "\"0001\"",
        "line 35, extensions[5].bytes: 2 bytes, but 20 make a key identifier",
    );
    refused(
        "bytes = \"000102030405060708090A0B0C0D0E0F10111213\"\n",
        "",
        "line 33, extensions[5]: give either of = \"point\" or \"public-key-info\", where it is \
         made of the signer's key, or bytes, where it is always the same",
    );
    refused(
        "04 02 {serial}",
        "04 2 {serial}",
        "line 44, extensions[7].der: \"04 2 \" is not hex: pairs of the digits 0 to 9 and A to F, \
         spaces between them as you like",
    );
}
