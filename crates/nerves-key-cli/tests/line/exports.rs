//! What goes out, read by what is not ours.

use serde_json::Value;

use crate::bench::{BATCH, Bench};

fn export(bench: &Bench, form: &str) -> String {
    bench.done(&["line", "export", "--batch", "b", "--for", form])
}

#[test]
fn each_form_is_what_its_reader_expects() {
    let bench = Bench::with_batch();
    let devices = bench.chips(11);
    bench.done(&Bench::line_run(&devices, &[]));

    let text = export(&bench, "nerves-hub");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        &["identifier", "tags", "description"][..]
    );
    assert_eq!(
        reader
            .records()
            .map(Result::unwrap)
            .filter(|row| row.len() == 3)
            .count(),
        11
    );

    let text = export(&bench, "csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for row in reader.records().map(Result::unwrap) {
        assert!(
            row[5].starts_with("-----BEGIN CERTIFICATE-----\n"),
            "{row:?}"
        );
    }

    let text = export(&bench, "aws");
    let things: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(things.len(), 11);
    assert!(
        things
            .iter()
            .all(|thing| thing["ThingName"].as_str().unwrap().starts_with("ACME-"))
    );

    let text = export(&bench, "azure");
    let calls: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sizes: Vec<_> = calls
        .iter()
        .map(|call| call["enrollments"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [10, 1]);
    assert_eq!(calls[0]["mode"], "create");
}

#[test]
fn a_serial_that_a_service_does_not_take_is_named() {
    let bench = Bench::new();
    bench.write("b.toml", &BATCH.replace("ACME-{:06}", "A+{:03}."));
    bench.done(&["line", "batch", "b.toml"]);
    let devices = bench.chips(1);
    bench.done(&Bench::line_run(&devices, &[]));
    for form in ["aws", "azure"] {
        let (code, said) = bench.refused(&["line", "export", "--batch", "b", "--for", form]);
        assert!(code == 5 && said.contains("A+001."), "{form}: {said}");
    }
}

/// The manifest of all chips so far, by `signer.cert`, and the ends that it leaves.
fn manifest(bench: &Bench, heads: &str, more: &[&str]) -> Vec<Value> {
    let mut arguments = MANIFEST.to_vec();
    arguments.extend(["--heads-out", heads]);
    arguments.extend(more);
    serde_json::from_str(&bench.done(&arguments)).unwrap()
}

const MANIFEST: [&str; 15] = [
    "line",
    "export",
    "--batch",
    "b",
    "--for=manifest",
    "--sign-key",
    "signer.key",
    "--sign-cert",
    "signer.cert",
    "--model",
    "ATECC608B",
    "--part-number",
    "ATECC608B-MAHDA-T",
    "--organization",
    "Example > Caf\u{e9}",
];

fn decoded(part: &Value) -> Value {
    // As NervesHub decodes it: the standard alphabet.
    let part = part.as_str().unwrap();
    let bytes = data_encoding::BASE64_NOPAD.decode(part.as_bytes()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_manifest_is_signed_and_says_what_the_ledger_says() {
    use p256::ecdsa::signature::Verifier;
    let bench = Bench::with_batch();
    let devices = bench.chips(3);
    bench.done(&Bench::line_run(&devices[..2], &[]));
    let entries = manifest(&bench, "heads.json", &[]);
    assert_eq!(entries.len(), 2);
    let pem = std::fs::read_to_string(bench.path().join("signer.key")).unwrap();
    let key = p256::SecretKey::from_sec1_pem(&pem).unwrap().public_key();
    let key = p256::ecdsa::VerifyingKey::from(key);
    for (entry, unit) in entries.iter().zip(bench.units()) {
        let of = |name: &str| entry[name].as_str().unwrap();
        let signed = format!("{}.{}", of("protected"), of("payload"));
        let signature = data_encoding::BASE64URL_NOPAD.decode(of("signature").as_bytes());
        let signature = p256::ecdsa::Signature::from_slice(&signature.unwrap()).unwrap();
        key.verify(signed.as_bytes(), &signature).unwrap();
        let (protected, payload) = (decoded(&entry["protected"]), decoded(&entry["payload"]));
        let heads: Value =
            serde_json::from_str(&bench.done(&["line", "status", "--json"])).unwrap();
        assert_eq!(protected["ledger"], heads["heads"]);
        let chip = unit["chip"].as_str().unwrap().to_lowercase();
        assert_eq!(payload["uniqueId"], chip);
        assert_eq!(entry["header"]["uniqueId"], chip);
        assert_eq!(
            payload["provisioner"]["organizationName"],
            "Example > Caf\u{e9}"
        );
        assert_eq!(payload["groupId"], "b");
        let key = &payload["publicKeySet"]["keys"][0];
        let half = |name: &str| {
            let text = key[name].as_str().unwrap();
            let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes());
            data_encoding::HEXUPPER.encode(&bytes.unwrap())
        };
        assert_eq!(unit["public_key"], half("x") + &half("y"));
    }
    // The same again is the same, and the next one has the third chip alone.
    assert_eq!(manifest(&bench, "again.json", &[]), entries);
    bench.done(&Bench::line_run(&devices[2..], &[]));
    let more = manifest(&bench, "more.json", &["--since", "heads.json"]);
    assert_eq!(more.len(), 1);
    assert!(!entries.contains(&more[0]));
    let none = manifest(&bench, "none.json", &["--since", "more.json"]);
    assert_eq!(none, [] as [Value; 0]);
    bench.done(&["line", "audit", "--heads", "more.json"]);
}

#[test]
fn every_form_can_go_on_from_the_last() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    bench.done(&Bench::line_run(&devices[..1], &[]));
    let first = ["line", "export", "--batch", "b", "--for", "csv"];
    let first: Vec<_> = first.into_iter().chain(["--heads-out", "heads"]).collect();
    bench.done(&first);
    // The ends of another export are not overwritten, nor is a file made for
    // one that fails.
    let (code, said) = bench.refused(&first);
    assert!(code == 5 && said.contains("heads exists already"), "{said}");
    let mut unwritten = first.clone();
    unwritten.extend(["--heads-out", "other", "--out", "none/units.csv"]);
    unwritten.drain(6..8);
    bench.refused(&unwritten);
    assert!(!bench.path().join("other").exists());
    bench.done(&Bench::line_run(&devices[1..], &[]));
    for form in ["csv", "jsonl", "nerves-hub", "aws", "azure"] {
        let arguments = [
            "line", "export", "--batch", "b", "--since", "heads", "--for", form,
        ];
        let text = bench.done(&arguments);
        assert!(text.contains("ACME-000002"), "{form}: {text}");
        assert!(!text.contains("ACME-000001"), "{form}: {text}");
    }
    let heads = std::fs::read_to_string(bench.path().join("heads")).unwrap();
    bench.write("heads", &heads.replace("\"seq\":", "\"seq\":9"));
    let (code, said) = bench.refused(&[
        "line", "export", "--batch", "b", "--since", "heads", "--for", "csv",
    ]);
    assert!(code == 5 && said.contains("another ledger"), "{said}");
}

#[test]
fn what_cannot_sign_a_manifest_is_refused() {
    let bench = Bench::with_batch();
    bench.done(&["signer", "create", "other"]);
    let with = |from: &str, to: &'static str| -> Vec<&str> {
        let replaced = MANIFEST.iter();
        replaced
            .map(|word| if *word == from { to } else { word })
            .collect()
    };
    for (arguments, code, part) in [
        (MANIFEST[..13].to_vec(), 2, "--organization"),
        (with("--sign-key", "--passphrase=env:X"), 2, ""),
        (with("signer.key", "other.key"), 5, "does not belong"),
        (with("signer.key", "exec:true"), 5, "devices alone"),
        (with("signer.cert", "none.cert"), 5, "none.cert"),
        (with("ATECC608B", " "), 5, "--model"),
    ] {
        let (found, said) = bench.refused(&arguments);
        assert_eq!(found, code, "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    let made = std::process::Command::new("openssl")
        .current_dir(bench.path())
        .args([
            "req",
            "-x509",
            "-key",
            "signer.key",
            "-subj",
            "/CN=x",
            "-out",
            "bare.cert",
        ])
        .args(["-addext", "subjectKeyIdentifier=none"])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let (code, said) = bench.refused(&with("signer.cert", "bare.cert"));
    assert!(
        code == 5 && said.contains("subject key identifier"),
        "{said}"
    );
}
