//! Auxiliary certificates and settings.

use crate::bench::Bench;

const CHIP: &str = "emu:chip.img";

fn finished() -> Bench {
    let bench = Bench::new();
    bench.ok(&Bench::provision(CHIP, &["--serial", "K1", "--yes"]));
    bench
}

#[test]
fn auxiliary_certificates_come_and_go() {
    let bench = finished();
    let show = ["aux", "show", "--device", CHIP];
    assert_eq!(bench.json(&show)["auxiliary"], serde_json::Value::Null);
    let (code, message) = bench.fails(&["aux", "export", "--device", CHIP]);
    assert_eq!(code, 4, "{message}");
    bench.ok(&["signer", "create", "other"]);
    for signer in ["other", "signer"] {
        let (cert, key) = (format!("{signer}.cert"), format!("{signer}.key"));
        bench.ok(&[
            "aux",
            "provision",
            "--device",
            CHIP,
            "--signer-cert",
            &cert,
            "--signer-key",
            &key,
        ]);
        let shown = bench.json(&show);
        let device = &shown["auxiliary"]["device_certificate"];
        assert_eq!(device["subject"], "CN=K1");
        let pem = std::fs::read_to_string(bench.path().join(&cert)).unwrap();
        let exported = bench.ok(&["aux", "export", "signer", "--device", CHIP]);
        assert_eq!(exported.trim(), pem.trim());
    }
    // The primary ones are still there.
    assert_eq!(bench.json(&["info", "--device", CHIP])["verified"], true);
    bench.ok(&["aux", "clear", "--device", CHIP]);
    assert_eq!(bench.json(&show)["auxiliary"], serde_json::Value::Null);
}

#[test]
fn settings_are_kept_in_the_format_that_they_have() {
    for format in ["term", "typed"] {
        let bench = finished();
        let get = ["settings", "get", "--device", CHIP];
        assert_eq!(bench.ok(&get).trim(), "no settings");
        bench.ok(&[
            "settings",
            "set",
            "--device",
            CHIP,
            "--format",
            format,
            "host",
            "a.example",
        ]);
        bench.ok(&[
            "settings",
            "set",
            "--device",
            CHIP,
            "ports",
            "[1, 443, 70000]",
        ]);
        let all = bench.json(&get);
        assert_eq!(all["format"], format);
        assert_eq!(all["settings"]["host"], "a.example");
        assert_eq!(all["settings"]["ports"][2], 70000);
        let one = ["settings", "get", "--device", CHIP, "host"];
        assert_eq!(bench.ok(&one).trim(), "a.example");
        bench.ok(&["settings", "export", "--device", CHIP, "--out", "all.json"]);
        bench.ok(&[
            "settings", "export", "--device", CHIP, "--raw", "--out", "all.bin",
        ]);
        // The same bytes in hex.
        let raw = ["settings", "export", "--device", CHIP, "--raw"];
        let bytes = std::fs::read(bench.path().join("all.bin")).unwrap();
        let digits = data_encoding::HEXUPPER.encode(&bytes);
        assert_eq!(bench.ok(&raw).trim(), digits);
        assert_eq!(bench.json(&raw)["raw"], digits);
        bench.ok(&["settings", "unset", "--device", CHIP, "host"]);
        let (code, message) = bench.fails(&one);
        assert_eq!(
            (code, message.contains("no setting")),
            (1, true),
            "{message}"
        );
        bench.ok(&["settings", "import", "--device", CHIP, "all.json"]);
        assert_eq!(bench.json(&get), all);
        bench.ok(&["settings", "clear", "--device", CHIP]);
        assert_eq!(bench.ok(&get).trim(), "no settings");
        bench.ok(&["settings", "import", "--device", CHIP, "--raw", "all.bin"]);
        assert_eq!(bench.json(&get), all);
    }
}

#[test]
fn what_does_not_fit_says_by_how_much() {
    let bench = finished();
    let long = "x".repeat(600);
    let (code, message) = bench.fails(&["settings", "set", "--device", CHIP, "a", &long]);
    assert_eq!(code, 4);
    // Version, map with count, two binaries with 5 bytes of head each.
    assert!(
        message.contains("617 bytes, 93 too many: 524 fit"),
        "{message}"
    );
    let (code, message) = bench.fails(&["settings", "get", "--device", "emu:blank.img"]);
    assert_eq!(code, 4, "{message}");
}
