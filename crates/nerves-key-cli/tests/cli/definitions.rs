//! Certificates of definitions that are files.

use std::fs;
use std::path::{Path, PathBuf};

use atecc_x509::{Certificate, PublicKey};

use crate::harness::Harness;

fn repository() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    crates.parent().unwrap().to_owned()
}

fn path(file: &str) -> String {
    repository().join(file).display().to_string()
}

fn foreign(file: &str) -> String {
    path(&format!("tests/definitions/{file}"))
}

fn hex_key(certificate: &str) -> String {
    let pem = fs::read_to_string(foreign(certificate)).unwrap();
    let key: PublicKey = Certificate::from_pem(&pem).unwrap().public_key().unwrap();
    key.to_string()
}

/// Definition, certificate, signer, and what a chip has beside the 72 bytes.
const CASES: [(&str, &str, &str, &[&str]); 3] = [
    (
        "grisp2-ca.toml",
        "grisp2-ca.pem",
        "stritzinger-root.pem",
        &[],
    ),
    (
        "braid-device.toml",
        "braid-device.pem",
        "braid-signer.pem",
        &["--device-sn", "012390CB5C48788DEE"],
    ),
    (
        "example-inc-device.toml",
        "example-inc-device-1.pem",
        "example-inc-signer-1.pem",
        &["--device-sn", "0123C1658C259F71EE"],
    ),
];

#[test]
fn public_certificates_there_and_back() {
    let harness = Harness::new();
    for (definition, certificate, signer, chip) in CASES {
        let (definition, certificate, signer) =
            (foreign(definition), foreign(certificate), foreign(signer));
        let of_file = [
            certificate.as_str(),
            "--definition",
            &definition,
            "--signer-cert",
            &signer,
        ];
        let check = harness.json(&[&["cert", "check"], &of_file[..]].concat());
        assert_eq!(check["compressible"], true, "{check}");
        let compressed = harness.ok(&[&["cert", "compress"], &of_file[..]].concat());
        let name = Path::new(&certificate).file_name().unwrap();
        let key = hex_key(name.to_str().unwrap());
        let signer = format!("@{signer}");
        let chip = [
            &["cert", "decompress", compressed.trim()],
            &["--definition", definition.as_str()][..],
            &["--public-key", &key, "--signer-key", &signer],
            chip,
        ]
        .concat();
        let pem = harness.ok(&chip);
        let original = fs::read_to_string(&certificate).unwrap();
        assert_eq!(pem.trim(), original.trim());
        assert_eq!(harness.json(&chip)["verified"], true);
    }
}

/// A NervesKey by its own code and by its file.
#[test]
fn a_nerves_key_by_its_file() {
    let harness = Harness::new();
    let chip = "emu:chip.img";
    harness.ok(&Harness::provision(chip, &["--serial", "Z1", "--yes"]));
    let export = ["cert", "export", "--device", chip, "--out"];
    harness.ok(&[&export[..], &["device.pem", "device"]].concat());
    let sn = harness.json(&["info", "--device", chip]);
    let sn = sn["serial_number"].as_str().unwrap();
    let device = ["cert", "compress", "device.pem", "--device-sn", sn];
    let device = [&device[..], &["--signer-cert", "signer.cert"]].concat();
    let definition = path("docs/definitions/nerves-key-device.toml");
    let by_file = [&device[..], &["--definition", &definition]].concat();
    assert_eq!(harness.ok(&by_file), harness.ok(&device));
    let signer = ["cert", "compress", "signer.cert"];
    let definition = path("docs/definitions/nerves-key-signer.toml");
    let by_file = [&signer[..], &["--definition", &definition]].concat();
    assert_eq!(harness.ok(&by_file), harness.ok(&signer));
    // Without the chip's serial number all else is compared.
    let definition = path("docs/definitions/nerves-key-device.toml");
    let device = ["device.pem", "--signer-cert", "signer.cert"];
    let device = [&device[..], &["--definition", &definition]].concat();
    let check = harness.ok(&[&["cert", "check"], &device[..]].concat());
    assert!(
        check.contains("if its serial number is that of the chip"),
        "{check}"
    );
}

#[test]
fn fields_that_differ_are_named() {
    let harness = Harness::new();
    let definition = foreign("example-inc-device.toml");
    let device = foreign("example-inc-device-2.pem");
    let other = foreign("example-inc-signer-1.pem");
    let of_file = [
        device.as_str(),
        "--definition",
        &definition,
        "--signer-cert",
        &other,
        "--device-sn",
        "0123C1658C259F71EE",
    ];
    let (code, message) = harness.fails(&[&["cert", "compress"], &of_file[..]].concat());
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("fields that differ: subject, extension 2"),
        "{message}"
    );
    let output = harness.run(&[&["cert", "check"], &of_file[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("as a certificate of the definition \"Example Inc device\""),
        "{text}"
    );
    assert!(text.contains("DIFFERS  subject\n"), "{text}");
    assert!(text.contains("ok       issuer\n"), "{text}");
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let harness = Harness::new();
    let device = foreign("example-inc-device-1.pem");
    let definition = foreign("example-inc-device.toml");
    let (code, message) = harness.fails(&["cert", "check", &device, "--definition", &definition]);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("(--signer-cert)"), "{message}");
    let nerves_key = path("docs/definitions/nerves-key-device.toml");
    let stored = ["00"; 69].concat() + "00B000";
    let key = ["5A"; 64].concat();
    let decompress = ["cert", "decompress", &stored, "--public-key", &key];
    let decompress = [&decompress[..], &["--definition", &nerves_key]].concat();
    let (code, message) = harness.fails(&decompress);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("(--value serial=TEXT)"), "{message}");
    let (code, message) = harness.fails(&[&decompress[..], &["--value", "eui=1"]].concat());
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("the definition has no value \"eui\", only serial"),
        "{message}"
    );
    let twice = ["--value", "serial=A", "--value", "serial=B"];
    let (code, message) = harness.fails(&[&decompress[..], &twice].concat());
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("--value serial is given twice"),
        "{message}"
    );
    fs::write(
        harness.path().join("bad.toml"),
        "name = \"Acme\"\ntemplate-id = 16\n",
    )
    .unwrap();
    let (code, message) = harness.fails(&["cert", "check", &device, "--definition", "bad.toml"]);
    assert_eq!(code, 5, "{message}");
    assert!(
        message.contains("bad.toml: line 2, template-id: 16 is out of range: 0 to 15"),
        "{message}"
    );
}

/// A certificate of one's own template, from a key that a chip has made to the
/// 72 bytes and back.
#[test]
fn a_certificate_is_issued() {
    let harness = Harness::new();
    let definition = foreign("example-inc-device.toml");
    let key = hex_key("example-inc-device-1.pem");
    let sn = "0123C1658C259F71EE";
    let chip = ["--definition", &definition, "--public-key", &key];
    let chip = [&chip[..], &["--device-sn", sn]].concat();
    let issue = ["cert", "issue", "--signer-key", "signer.key"];
    let issue = [&issue[..], &["--signer-id", "00C4"], &chip[..]].concat();
    let year = |date: &serde_json::Value| date.as_str().unwrap()[..4].parse::<u16>().unwrap();
    for years in [0, 10] {
        let document = harness.json(&[&issue[..], &["--years", &years.to_string()]].concat());
        let last = match years {
            // The last day of the template.
            0 => 3000,
            years => year(&document["not_before"]) + years,
        };
        assert_eq!(year(&document["not_after"]), last);
        assert_eq!(document["issuer"], "O=Example Inc, CN=Example Signer 00C4");
        assert_eq!(document["subject"], format!("O=Example Inc, CN={sn}"));
        let compressed = document["compressed"].as_str().unwrap();
        let back = [
            "cert",
            "decompress",
            compressed,
            "--signer-key",
            "@signer.cert",
        ];
        let back = harness.json(&[&back[..], &chip[..]].concat());
        assert_eq!(back["verified"], true);
        assert_eq!(back["pem"], document["pem"]);
    }
    harness.ok(&[&issue[..], &["--years", "1", "--out", "new.pem"]].concat());
    let of_file = ["new.pem", "--definition", &definition];
    let of_file = [&of_file[..], &["--signer-cert", "signer.cert"]].concat();
    harness.ok(&[&["cert", "check"], &of_file[..]].concat());
    let (code, message) = harness.fails(&[&issue[..], &["--years", "32"]].concat());
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("format 0 holds 1 to 31"), "{message}");
    // A definition that its own key signs.
    let own = path("docs/definitions/nerves-key-signer.toml");
    let own = ["--definition", &own, "--public-key", &key, "--years", "1"];
    let own = [&["cert", "issue", "--signer-key", "signer.key"], &own[..]].concat();
    let (code, message) = harness.fails(&own);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("its own key signs"), "{message}");
}

/// Format and signer's ID are those that were asked for, also where the
/// certificate does not tell them: bytes 67, 68 and the low half of 70.
#[test]
fn the_72_bytes_are_as_asked() {
    let harness = Harness::new();
    // A number that is always the same, and no place for the ID.
    let definition = "name = \"fixed\"\ntemplate-id = 1\nchain-id = 0\n\
        issuer = [\"CN=Maker\"]\nsubject = [\"CN=Unit\"]\n\
        [serial-number]\nsource = \"0\"\nbytes = \"0102\"\n";
    fs::write(harness.path().join("fixed.toml"), definition).unwrap();
    let key = hex_key("example-inc-device-1.pem");
    let issue = [
        "cert",
        "issue",
        "--definition",
        "fixed.toml",
        "--signer-key",
    ];
    let issue = [&issue[..], &["signer.key", "--public-key", &key]].concat();
    // 64 bytes that are no point of the curve are certified by nobody.
    let mut wrong = issue.clone();
    let zeros = "00".repeat(64);
    *wrong.last_mut().unwrap() = &zeros;
    let (code, message) = harness.fails(&[&wrong[..], &["--years", "1"]].concat());
    assert!(
        code == 5 && message.contains("--public-key"),
        "{code} {message}"
    );
    for (format, digit) in [("0", "0"), ("1", "1")] {
        let asked = ["--years", "10", "--signer-id", "00C4"];
        let asked = [&asked[..], &["--certificate-format", format]].concat();
        let document = harness.json(&[&issue[..], &asked].concat());
        let compressed = document["compressed"].as_str().unwrap();
        assert_eq!(
            (&compressed[134..138], &compressed[141..142]),
            ("00C4", digit)
        );
        assert_eq!(document["format"].to_string(), format);
    }
}
