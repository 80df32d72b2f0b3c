//! `nerves-key settings`.

use crate::harness::Harness;

const CHIP: &str = "emu:chip.img";

fn finished() -> Harness {
    let harness = Harness::new();
    harness.ok(&Harness::provision(CHIP, &["--serial", "K1", "--yes"]));
    harness
}

#[test]
fn settings_are_kept_in_the_format_that_they_have() {
    for format in ["term", "typed"] {
        let harness = finished();
        let get = ["settings", "get", "--device", CHIP];
        assert_eq!(harness.ok(&get).trim(), "no settings");
        harness.ok(&[
            "settings",
            "set",
            "--device",
            CHIP,
            "--format",
            format,
            "host",
            "a.example",
        ]);
        harness.ok(&[
            "settings",
            "set",
            "--device",
            CHIP,
            "ports",
            "[1, 443, 70000]",
        ]);
        let all = harness.json(&get);
        assert_eq!(all["format"], format);
        assert_eq!(all["settings"]["host"], "a.example");
        assert_eq!(all["settings"]["ports"][2], 70000);
        let one = ["settings", "get", "--device", CHIP, "host"];
        assert_eq!(harness.ok(&one).trim(), "a.example");
        harness.ok(&["settings", "export", "--device", CHIP, "--out", "all.json"]);
        harness.ok(&[
            "settings", "export", "--device", CHIP, "--raw", "--out", "all.bin",
        ]);
        // The same bytes in hex.
        let raw = ["settings", "export", "--device", CHIP, "--raw"];
        let bytes = std::fs::read(harness.path().join("all.bin")).unwrap();
        let digits = data_encoding::HEXUPPER.encode(&bytes);
        assert_eq!(harness.ok(&raw).trim(), digits);
        assert_eq!(harness.json(&raw)["raw"], digits);
        harness.ok(&["settings", "unset", "--device", CHIP, "host"]);
        let (code, message) = harness.fails(&one);
        assert_eq!(
            (code, message.contains("no setting")),
            (1, true),
            "{message}"
        );
        harness.ok(&["settings", "import", "--device", CHIP, "all.json"]);
        assert_eq!(harness.json(&get), all);
        harness.ok(&["settings", "clear", "--device", CHIP]);
        assert_eq!(harness.ok(&get).trim(), "no settings");
        harness.ok(&["settings", "import", "--device", CHIP, "--raw", "all.bin"]);
        assert_eq!(harness.json(&get), all);
    }
}

#[test]
fn what_does_not_fit_says_by_how_much() {
    let harness = finished();
    let long = "x".repeat(600);
    // In no chip, whatever it has.
    let (code, message) = harness.fails(&["settings", "set", "--device", CHIP, "a", &long]);
    assert_eq!(code, 5);
    // Version, map with count, two binaries with 5 bytes of head each.
    assert!(
        message.contains("617 bytes, 93 too many: 524 fit"),
        "{message}"
    );
    // Beside what this one has: 5 bytes of head, 1 of name, 5 and the text, twice.
    let half = "x".repeat(300);
    harness.ok(&["settings", "set", "--device", CHIP, "a", &half]);
    let (code, message) = harness.fails(&["settings", "set", "--device", CHIP, "b", &half]);
    assert_eq!(code, 4);
    assert!(
        message.contains("628 bytes, 104 too many: 524 fit"),
        "{message}"
    );
    let (code, message) = harness.fails(&["settings", "get", "--device", "emu:"]);
    assert_eq!(code, 4, "{message}");
}

/// What no chip can hold is refused with one exit code, and no chip is asked.
#[test]
fn what_no_chip_holds_is_refused_before_it_is_touched() {
    let harness = finished();
    let atom = format!(":{}", "a".repeat(300));
    let write = |name: &str, text: &[u8]| std::fs::write(harness.path().join(name), text).unwrap();
    let twice = r#"{"map": [["a", 1], ["a", 2]]}"#;
    write("atom.json", format!("{{\"k\": \"{atom}\"}}").as_bytes());
    write("twice.json", twice.as_bytes());
    write(
        "long.json",
        format!("{{\"k\": \"{}\"}}", "x".repeat(600)).as_bytes(),
    );
    write("long.bin", &[0x83; 525]);
    write("fits.bin", &[0x83; 524]);
    for (arguments, part) in [
        (
            &["set", "--format", "term", "k", &atom][..],
            "setting \"k\": ",
        ),
        (&["set", "--format", "term", "k", twice], "setting \"k\": "),
        (&["import", "--format", "term", "atom.json"], "atom.json: "),
        (
            &["import", "--format", "term", "twice.json"],
            "twice.json: ",
        ),
        (&["import", "long.json"], "617 bytes, 93 too many: 524 fit"),
        (
            &["import", "--raw", "long.bin"],
            "525 bytes, 1 too many: 524 fit",
        ),
    ] {
        let device = ["--device", CHIP, "--record", "touched"];
        let (code, message) = harness.fails(&[&["settings"], arguments, &device[..]].concat());
        assert_eq!((code, message.contains(part)), (5, true), "{message}");
        assert!(!harness.path().join("touched").exists(), "{arguments:?}");
    }
    // Where the chip's format is kept, its own limits are met after it was read.
    harness.ok(&["settings", "set", "--device", CHIP, "a", "1"]);
    for value in [&atom[..], twice] {
        let (code, message) = harness.fails(&["settings", "set", "k", value, "--device", CHIP]);
        assert_eq!(code, 5, "{message}");
    }
    harness.ok(&[
        "settings", "import", "--raw", "--yes", "fits.bin", "--device", CHIP,
    ]);
}

/// All bytes of the settings.
fn raw(harness: &Harness, name: &str) -> Vec<u8> {
    harness.ok(&[
        "settings", "export", "--device", CHIP, "--raw", "--out", name,
    ]);
    std::fs::read(harness.path().join(name)).unwrap()
}

/// Bytes of `term_to_binary` of Erlang/OTP 25.
#[test]
fn numbers_are_stored_as_erlang_stores_them() {
    let harness = finished();
    let set = |key, value| harness.ok(&["settings", "set", "--device", CHIP, key, value]);
    set("cal", "[123,169,-882]");
    set("k", "18446744073709551617");
    let list = b"m\0\0\0\x03call\0\0\0\x03a\x7Ba\xA9b\xFF\xFF\xFC\x8Ej";
    let big = b"m\0\0\0\x01kn\x09\0\x01\0\0\0\0\0\0\0\x01";
    let stored = [&b"\x83t\0\0\0\x02"[..], list, big].concat();
    assert_eq!(raw(&harness, "one.bin")[..stored.len()], stored);
    let all = harness.json(&["settings", "get", "--device", CHIP]);
    let expected = serde_json::json!({
        "cal": [123, 169, -882],
        "k": { "integer": "18446744073709551617" },
    });
    assert_eq!(all["settings"], expected);
}

/// What Elixir wrote stays as it is when another setting changes, and when all
/// are exported and imported.
#[test]
fn what_elixir_wrote_stays() {
    let harness = finished();
    // #{cal => [123,169,-882], <<"f">> => 0.1, <<"l">> => [1|2], <<"z">> => <<5:3>>}
    let stored = b"\x83t\0\0\0\x04\
        d\0\x03call\0\0\0\x03a\x7Ba\xA9b\xFF\xFF\xFC\x8Ej\
        m\0\0\0\x01fF\x3F\xB9\x99\x99\x99\x99\x99\x9A\
        m\0\0\0\x01ll\0\0\0\x01a\x01a\x02\
        m\0\0\0\x01zM\0\0\0\x01\x03\xA0";
    std::fs::write(harness.path().join("elixir.bin"), stored).unwrap();
    let device = ["--device", CHIP];
    let settings = |arguments: &[&str]| {
        harness.ok(&[&["settings"], arguments, &device[..]].concat());
    };
    settings(&["import", "--raw", "elixir.bin"]);
    let before = raw(&harness, "before.bin");
    settings(&["set", "g", "1"]);
    assert_ne!(raw(&harness, "between.bin"), before);
    settings(&["unset", "g"]);
    assert_eq!(raw(&harness, "after.bin"), before);
    settings(&["export", "--out", "all.json"]);
    settings(&["import", "all.json"]);
    assert_eq!(raw(&harness, "again.bin"), before);
}

/// Elixir reads settings as corrupt when they have an atom that it lacks.
#[test]
fn new_atoms_are_told() {
    let harness = finished();
    let set = |key, value, more: &[&str]| {
        let set = ["settings", "set", "--device", CHIP, key, value];
        let output = harness.run(&[&set[..], more].concat());
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let warned = |told: &str| told.contains("warning: new atoms in");
    assert!(!warned(&set("host", "a.example", &[])));
    assert!(!warned(&set("on", "true", &[])));
    let told = set("mode", r#"{"tuple": [":fast", ":secret"]}"#, &[]);
    assert!(told.contains("new atoms in mode: "), "{told}");
    assert!(!told.contains("secret"), "{told}");
    // They are there already.
    assert!(!warned(&set("other", ":fast", &[])));
    let json = ["--json", "settings", "set", "--device", CHIP];
    let document = harness.json(&[&json[1..], &[":key", "1"]].concat());
    let told = document["warnings"][0].as_str().unwrap();
    assert!(told.starts_with("new atoms in :key: "), "{told}");
    // What Elixir cannot read anyway has no such trouble, until it can.
    assert!(!warned(&set("typed", ":slow", &["--format", "typed"])));
    let told = set("term", "1", &["--format", "term"]);
    for name in [":key", "mode", "other", "typed"] {
        assert!(told.contains(name), "{told}");
    }
    std::fs::write(harness.path().join("atom.bin"), b"\x83w\x01x").unwrap();
    let import = ["settings", "import", "--device", CHIP, "--raw", "atom.bin"];
    let told = String::from_utf8(harness.run(&import).stderr).unwrap();
    assert!(told.contains("new atoms in the settings: "), "{told}");
}

/// A text and an atom of one name are two settings, and each command means one.
#[test]
fn a_name_names_one_setting() {
    let harness = finished();
    std::fs::write(harness.path().join("both.json"), r#"{"a": 1, ":a": 2}"#).unwrap();
    harness.ok(&["settings", "import", "--device", CHIP, "both.json"]);
    let get = |key| harness.ok(&["settings", "get", "--device", CHIP, key]);
    assert_eq!((get("a").trim(), get(":a").trim()), ("1", "2"));
    harness.ok(&["settings", "set", "--device", CHIP, "a", "-5"]);
    assert_eq!((get("a").trim(), get(":a").trim()), ("-5", "2"));
    harness.ok(&["settings", "unset", "--device", CHIP, "a"]);
    for atom in [":nil", ":true", ":false"] {
        harness.ok(&["settings", "set", "--device", CHIP, atom, "1"]);
        assert_eq!(get(atom).trim(), "1");
        harness.ok(&["settings", "unset", "--device", CHIP, atom]);
    }
    // Where no text has it, the atom is meant.
    assert_eq!((get("a").trim(), get(":a").trim()), ("2", "2"));
}

/// An export that failed leaves an empty file, which is no settings.
#[test]
fn an_empty_file_removes_nothing() {
    let harness = finished();
    harness.ok(&["settings", "set", "--device", CHIP, "keep", "1"]);
    std::fs::write(harness.path().join("empty"), b"").unwrap();
    let import = ["settings", "import", "--device", CHIP, "--raw", "empty"];
    let (code, message) = harness.fails(&import);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("settings clear"), "{message}");
    assert_eq!(
        harness
            .ok(&["settings", "get", "--device", CHIP, "keep"])
            .trim(),
        "1"
    );
}

/// What `export` writes is what `import` takes, in each form.
#[test]
fn what_is_exported_can_be_imported() {
    let harness = finished();
    let settings = |arguments: &[&str]| {
        harness.ok(&[&["settings"][..], arguments, &["--device", CHIP]].concat())
    };
    let write = |name: &str, text: &str| std::fs::write(harness.path().join(name), text).unwrap();
    // Of a chip without settings.
    write("none.json", &settings(&["export"]));
    settings(&["set", "a", "1"]);
    assert_eq!(
        settings(&["import", "none.json"]).trim(),
        "the settings are cleared"
    );
    assert_eq!(settings(&["get"]).trim(), "no settings");
    // `nil` is a setting.
    write("nil.json", "\":nil\"");
    settings(&["import", "nil.json"]);
    let nil = [131, 119, 3, b'n', b'i', b'l'];
    assert_eq!(raw(&harness, "nil.bin")[..6], nil);
    write("again.json", &settings(&["export"]));
    settings(&["clear"]);
    settings(&["import", "again.json"]);
    assert_eq!(raw(&harness, "again.bin")[..6], nil);
    // The hex that `--raw` prints.
    settings(&["clear"]);
    settings(&["set", "--format", "typed", "a", "1"]);
    write("hex", &settings(&["export", "--raw"]));
    let before = raw(&harness, "before.bin");
    settings(&["clear"]);
    settings(&["import", "--raw", "hex"]);
    assert_eq!(raw(&harness, "after.bin"), before);
}

/// Bytes that no program reads are written when that was said and agreed to.
#[test]
fn bytes_that_are_no_settings_are_asked_about_before_they_are_written() {
    let harness = finished();
    harness.ok(&["settings", "set", "a", "1", "--device", CHIP]);
    let before = raw(&harness, "before.bin");
    let import = ["settings", "import", "--raw", "random", "--device", CHIP];
    std::fs::write(harness.path().join("random"), [0x5A, 0xA5, 0x17, 0x99]).unwrap();
    let warning = "warning: no program can read these bytes: the settings are neither an Erlang \
                   term nor a typed record, and settings that can be read are replaced";
    let (code, said) = harness.fails(&import);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains(warning), "{said}");
    assert!(said.contains("give --yes to go on"), "{said}");
    assert!(!said.contains("locks"), "{said}");
    assert_eq!(raw(&harness, "kept.bin"), before);
    let agreed = [&import[..], &["--yes"]].concat();
    let output = harness.run(&agreed);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(warning), "{said}");
    assert_eq!(raw(&harness, "written.bin")[..4], [0x5A, 0xA5, 0x17, 0x99]);
    let document = harness.json(&agreed);
    let warnings = document["warnings"].as_array().unwrap();
    assert!(
        warnings[0]
            .as_str()
            .unwrap()
            .starts_with("no program can read")
    );
}

/// A bracket that was forgotten does not become text.
#[test]
fn broken_json_is_refused_unless_it_is_said_to_be_text() {
    let harness = finished();
    for value in ["{\"a\": 1", "[1, 2", "\"a", " {x}"] {
        let set = ["settings", "set", "--device", CHIP, "x", value];
        let (code, message) = harness.fails(&set);
        assert_eq!((code, message.contains("--text")), (5, true), "{message}");
        assert!(!message.contains(value), "{message}");
        harness.ok(&[&set[..], &["--text"]].concat());
        let got = harness.json(&["settings", "get", "x", "--device", CHIP]);
        assert_eq!(got["value"], value);
    }
    // Plain words are text, and what is JSON is text where that is said.
    harness.ok(&["settings", "set", "--device", CHIP, "x", "two words"]);
    harness.ok(&["settings", "set", "--device", CHIP, "--text", "x", "12"]);
    let got = harness.json(&["settings", "get", "x", "--device", CHIP]);
    assert_eq!(got["value"], "12");
}

#[test]
fn an_error_names_its_setting() {
    let harness = finished();
    let value = "{\"bytes\": 3}";
    let set = ["settings", "set", "port", value, "--device", CHIP];
    let (code, message) = harness.fails(&set);
    let says = "setting \"port\": {\"bytes\": ..} is no setting";
    assert_eq!((code, message.contains(says)), (5, true), "{message}");
    let all = format!("{{\"a\": 1, \"port\": {value}}}");
    std::fs::write(harness.path().join("all.json"), all).unwrap();
    let import = ["settings", "import", "all.json", "--device", CHIP];
    let (code, message) = harness.fails(&import);
    assert_eq!((code, message.contains(says)), (5, true), "{message}");
}

/// Where the settings are is found in the session that reads or writes them: nobody
/// can have changed the configuration, which is read once.
#[test]
fn one_session_finds_the_settings_and_uses_them() {
    let harness = finished();
    for (name, arguments) in [
        ("get", &["settings", "get"][..]),
        ("set", &["settings", "set", "host", "a.example"]),
        ("export", &["settings", "export"]),
        ("clear", &["settings", "clear"]),
    ] {
        let record = ["--device", CHIP, "--record", name];
        harness.ok(&[arguments, &record].concat());
        let told = std::fs::read_to_string(harness.path().join(name)).unwrap();
        let count = |part: &str| told.lines().filter(|line| line.contains(part)).count();
        assert_eq!(count(" sleep 60"), 1, "{name}: {told}");
        // Word address, count, Read, 32 bytes of the configuration.
        let blocks = ["0000", "0800", "1000", "1800"];
        let reads = blocks.map(|block| count(&format!(" write 60 03 07 02 80 {block} ")));
        assert_eq!(reads, [1; 4], "{name}: {told}");
    }
}

/// A script gets the value and one newline, whatever is in it.
#[test]
fn a_value_comes_as_it_is_where_no_terminal_reads_it() {
    let harness = finished();
    let get = ["settings", "get", "k", "--device", CHIP];
    for value in ["a\nb", "a\\nb", "a\n\n", "\u{1B}[31m\u{202E}", "", " x "] {
        harness.ok(&["settings", "set", "--text", "--device", CHIP, "k", value]);
        let printed = harness.run(&get).stdout;
        assert_eq!(printed, [value.as_bytes(), b"\n"].concat(), "{value:?}");
        assert_eq!(harness.json(&get)["value"], value);
    }
    for (value, printed) in [
        (r#"{"bytes": "00ff0a"}"#, &b"\x00\xFF\n\n"[..]),
        (":on", b":on\n"),
        (r#"["a\u001b", 1]"#, b"[\"a\\u001b\",1]\n"),
    ] {
        harness.ok(&["settings", "set", "--device", CHIP, "k", value]);
        assert_eq!(harness.run(&get).stdout, printed, "{value}");
    }
}
