//! Certificates and keys as people have them: PEM, DER, and chains.

use std::fs;

use atecc::SerialNumber;
use atecc_x509::{Certificate, DateTime, Format, NervesKeySigner};
use nerves_key_provision::{DeviceSubject, KeySigner, create_device, create_signer};
use nerves_key_schema::ManufacturerSerial;

use crate::harness::Harness;

fn der(harness: &Harness, name: &str) {
    let path = harness.path().join(name);
    let pem = fs::read_to_string(&path).unwrap();
    let certificate = Certificate::from_pem(&pem).unwrap();
    fs::write(path.with_extension("der"), certificate.as_der()).unwrap();
}

/// Wherever a certificate is read, DER says the same as PEM.
#[test]
fn a_certificate_in_der() {
    let harness = Harness::new();
    let signer = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
    harness.ok(&[&["device", "create", "N1"][..], &signer].concat());
    harness.ok(&Harness::provision(
        "emu:a.img",
        &["--yes", "--serial", "N2"],
    ));
    for name in ["signer.cert", "N1.cert"] {
        der(&harness, name);
    }
    let same = |pem: &[&str], in_der: &[&str]| assert_eq!(harness.ok(pem), harness.ok(in_der));
    same(&["cert", "show", "N1.cert"], &["cert", "show", "N1.der"]);
    same(
        &["cert", "check", "signer.cert"],
        &["cert", "check", "signer.der"],
    );
    let compress = |file, signer| harness.ok(&["cert", "compress", file, "--signer-cert", signer]);
    assert_eq!(
        compress("N1.cert", "signer.cert"),
        compress("N1.der", "signer.der")
    );
    // Of another signer it is not.
    harness.ok(&["signer", "create", "other", "--years", "5"]);
    let wrong = ["cert", "compress", "N1.der", "--signer-cert", "other.cert"];
    let (code, message) = harness.fails(&wrong);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("a chip cannot give its"), "{message}");
    let digest = ["--digest", &"5A".repeat(32)];
    let out = ["--out", "signature"];
    harness.ok(&[&["sign", "--device", "emu:a.img"][..], &digest, &out].concat());
    harness.ok(&[
        "cert",
        "export",
        "device",
        "--device",
        "emu:a.img",
        "--out",
        "d.cert",
    ]);
    der(&harness, "d.cert");
    let verify = |key| {
        let verify = ["verify", "--key", key, "--signature", "signature"];
        harness.json(&[&verify[..], &digest].concat())
    };
    assert_eq!(verify("d.cert"), verify("d.der"));
    let again = harness.ok(&[
        "provision",
        "--device",
        "emu:a.img",
        "--signer-cert",
        "signer.der",
        "--signer-key",
        "signer.key",
        "--serial",
        "N2",
    ]);
    assert!(again.starts_with("nothing to do"), "{again}");
}

/// Every certificate of a chain is shown; where one is wanted, several are an
/// error, and what is none is named.
#[test]
fn a_chain_in_one_file() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(
        "emu:a.img",
        &["--yes", "--serial", "N1"],
    ));
    harness.ok(&[
        "cert",
        "export",
        "chain",
        "--device",
        "emu:a.img",
        "--out",
        "chain.pem",
    ]);
    let text = harness.ok(&["cert", "show", "chain.pem"]);
    for line in [
        "certificate 1 of 2",
        "CN=N1",
        "certificate 2 of 2",
        "CN=Signer",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let chain = harness.json(&["cert", "show", "chain.pem"]);
    assert_eq!(chain["certificates"][0]["subject"], "CN=N1");
    assert_eq!(chain["certificates"][1]["subject"], "CN=Signer");
    for command in [
        ["cert", "check", "chain.pem"],
        ["cert", "compress", "chain.pem"],
    ] {
        let (code, message) = harness.fails(&command);
        assert_eq!(code, 5, "{message}");
        assert!(
            message.contains("2 certificates, and one is wanted"),
            "{message}"
        );
    }
    fs::write(harness.path().join("none"), b"\xFF\xD8\xFF\xE0").unwrap();
    let (code, message) = harness.fails(&["cert", "show", "none"]);
    assert_eq!(code, 5);
    assert!(
        message.contains("neither a certificate in DER nor"),
        "{message}"
    );
}

/// Dates that format 0 does not hold, and no serial number to tell the format:
/// check and compress say the same.
#[test]
fn check_and_compress_agree_on_the_format() {
    let harness = Harness::new();
    let now = DateTime::new(2045, 6, 1, 10, 0, 0).unwrap();
    let mut key = KeySigner::from_bytes(&[0x42; 32]).unwrap();
    let signer = create_signer(&key, now, 40, Format::V1).unwrap();
    let checked = NervesKeySigner::check(&signer).unwrap();
    let subject = DeviceSubject {
        public_key: KeySigner::from_bytes(&[0x17; 32]).unwrap().public_key(),
        chip: SerialNumber([1, 0x23, 3, 4, 5, 6, 7, 8, 0xEE]),
        serial: &ManufacturerSerial::new("N1").unwrap(),
    };
    let device = create_device(&subject, &checked, &mut key, now, Format::V1).unwrap();
    let write = |name: &str, certificate: &Certificate| {
        fs::write(harness.path().join(name), certificate.as_der()).unwrap();
    };
    write("s.der", &signer);
    write("d.der", &device);
    let chip = ["--device-sn", "0123030405060708EE"];
    for more in [&[][..], &chip] {
        let with = |command| {
            let file = ["cert", command, "d.der", "--signer-cert", "s.der"];
            [&file[..], more].concat()
        };
        let check = harness.json(&with("check"));
        let compress = harness.json(&with("compress"));
        assert_eq!(check["compressible"], true, "{more:?}");
        assert_eq!(check["format"], 1, "{more:?}");
        assert_eq!(compress["format"], 1, "{more:?}");
        let said = harness.run(&with("check")).stderr;
        assert!(
            String::from_utf8(said)
                .unwrap()
                .contains("of format 1 cannot be read")
        );
    }
}

/// A public key is read as a certificate is: with text around it, in each form.
#[test]
fn a_public_key_in_a_file() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(
        "emu:a.img",
        &["--yes", "--serial", "N3"],
    ));
    let key = KeySigner::from_bytes(&[0x42; 32]).unwrap().public_key();
    let der = key.to_spki_der();
    let body = data_encoding::BASE64.encode(&der);
    let lines: Vec<_> = body
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    );
    let write = |name: &str, bytes: &[u8]| fs::write(harness.path().join(name), bytes).unwrap();
    write("plain.pem", pem.as_bytes());
    write(
        "around.pem",
        format!("Public-Key: (256 bit)\n{pem}\n\n").as_bytes(),
    );
    write("dos.pem", pem.replace('\n', "\r\n").as_bytes());
    write("key.der", &der);
    let secret = |file| harness.ok(&["ecdh", file, "--device", "emu:a.img"]);
    let wanted = secret("plain.pem");
    for file in ["around.pem", "dos.pem", "key.der"] {
        assert_eq!(secret(file), wanted, "{file}");
    }
    // A key on another curve (P-384): OID 1.3.132.0.34.
    let mut other = vec![
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05,
        0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
    ];
    other.resize(120, 0x5A);
    write("other.der", &other);
    let (code, message) = harness.fails(&["ecdh", "other.der", "--device", "emu:a.img"]);
    let says = "other.der: not a public key on P-256";
    assert_eq!((code, message.contains(says)), (5, true), "{message}");
}
