//! What a chip, a file or a token says reaches the terminal escaped, whichever
//! command shows it, as text and as JSON.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Output;

use atecc_emulator::{DATA_SIZE, Image, Slot};
use atecc_x509::{Certificate, CertificateDef, CompressedCertificate, Name, NervesKeyDevice};
use nerves_key_provision::KeySigner;
use serde_json::{Value, json};

use crate::harness::Harness;
use crate::manners::on_terminal;

/// An escape sequence, C1 controls, marks of direction, no width, line ends of
/// every kind, a tag, a filler; and a line that pretends to be ours.
const HOSTILE: &str =
    "\u{1B}[2J\u{9B}1m\u{202E}\u{2066}\u{200B}\u{FEFF}\r\nforged\u{2028}\u{85}\u{7F}\t\u{E0041}";
/// At most 10 bytes.
const BOARD: &str = "\u{1B}[A\u{202E}\u{9B}\nx";
const CHIP: &str = "emu:chip.img";

/// What no terminal is to get. Written down here once more, so that the code
/// under test does not judge itself.
fn is_raw(character: char) -> bool {
    character != '\n' && character.is_control()
        || matches!(
            character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// Both streams of a command, whatever its exit code.
fn judge(harness: &Harness, arguments: &[&str], raw: &mut Vec<String>) -> Vec<u8> {
    let output = harness.run(arguments);
    judge_output(&output, &format!("{arguments:?}"), raw);
    output.stdout
}

fn judge_output(output: &Output, name: &str, raw: &mut Vec<String>) {
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let Ok(text) = std::str::from_utf8(bytes) else {
            raw.push(format!("{name}: {stream} is not UTF-8"));
            continue;
        };
        let found: Vec<_> = text.chars().filter(|c| is_raw(*c)).collect();
        if !found.is_empty() {
            raw.push(format!("{name}: {stream}: {found:?}"));
        }
        if text.lines().any(|line| line.starts_with("forged")) {
            raw.push(format!("{name}: {stream}: a forged line"));
        }
    }
    assert_ne!(output.status.code(), Some(101), "{name}: {output:?}");
}

/// A finished chip whose serial and board name are hostile, and whose
/// certificate verifies: as another program could have made it.
fn hostile_chip(harness: &Harness) {
    harness.ok(&Harness::provision(CHIP, &["--serial", "N1", "--yes"]));
    let path = harness.path().join("chip.img");
    let image = Image::load(&path).unwrap();
    let mut otp = *image.otp();
    otp[5] = 1;
    otp[6..].fill(0);
    otp[6..6 + BOARD.len()].copy_from_slice(BOARD.as_bytes());
    otp[16..16 + HOSTILE.len()].copy_from_slice(HOSTILE.as_bytes());
    let slot = |index| image.slot(Slot::new(index).unwrap()).to_vec();
    let signer =
        KeySigner::from_pem(&fs::read_to_string(harness.path().join("signer.key")).unwrap());
    let signer = signer.unwrap();
    let device =
        Certificate::from_pem(&harness.ok(&["cert", "export", "device", "--device", CHIP]));
    let stored = CompressedCertificate::from_bytes(&slot(10).try_into().unwrap()).unwrap();
    let definition = NervesKeyDevice {
        subject: Name::from_stored_serial(HOSTILE.as_bytes()),
        device_sn: [&image.config()[..4], &image.config()[8..13]]
            .concat()
            .try_into()
            .unwrap(),
        public_key: device.unwrap().public_key().unwrap(),
        signer_public_key: signer.public_key(),
    };
    let tbs = definition
        .to_be_signed(stored.dates, stored.signer_id)
        .unwrap();
    let signature = signer.sign_digest(&tbs.digest()).unwrap();
    let certificate = tbs.assemble(&signature);
    fs::write(harness.path().join("hostile.cert"), certificate.to_pem()).unwrap();
    let mut data: Vec<u8> = (0..16).flat_map(slot).collect();
    let at: usize = (0..10).map(|index| slot(index).len()).sum();
    data[at..at + 64].copy_from_slice(signature.as_bytes());
    let data: [u8; DATA_SIZE] = data.try_into().unwrap();
    let hostile = Image::from_zones(*image.config(), otp, data).unwrap();
    // By no lock: a process that another test starts just then keeps it.
    fs::write(&path, hostile.to_text()).unwrap();
}

fn hostile_files(harness: &Harness) {
    let write = |name: &str, text: String| fs::write(harness.path().join(name), text).unwrap();
    let settings =
        json!({ HOSTILE: HOSTILE, "plain": { HOSTILE: [HOSTILE] }, ":a\u{202E}": ":b\u{9B}" });
    write("settings.json", settings.to_string());
    // Control characters are no part of a transcript; these are.
    let marks = "\u{202E}\u{2066}\u{200B}\u{FEFF}\u{2028}\u{E0041}";
    write(
        "story.txt",
        format!(
            "atecc-transcript 1\nid: story\nchip: {marks}\naddress: 60\nprovenance: emulator\n\
             host: {marks}\nstory: {marks}\norigin: {marks}\nlicence: {marks}\nnote: {marks}\n\
             start: unknown\n\n- wake # {marks}\n- read 60 04113343 # {marks}\n"
        ),
    );
    write(
        "other.txt",
        format!(
            "atecc-transcript 1\nid: other\nchip: x\naddress: 60\nprovenance: emulator\norigin: x\nlicence: x\nstart: unknown\n\n- wake # {marks}\n- wake # {marks}\n"
        ),
    );
    write("garbage", format!("{HOSTILE}\n"));
    write("list", format!("N7\n{HOSTILE}\n"));
    write(
        "request.json",
        json!({ "format": HOSTILE, "chip_serial_number": HOSTILE, "public_key": HOSTILE,
            "manufacturer_serial": HOSTILE, "otp": HOSTILE, "signer_public_key": HOSTILE,
            "not_before": HOSTILE, "digest": HOSTILE, "to_be_signed": HOSTILE })
        .to_string(),
    );
    write(HOSTILE, "x".to_owned());
    symlink(
        "signer.cert",
        harness.path().join("c\u{202E}\u{9B}\nforged"),
    )
    .unwrap();
}

/// Every command that shows something of a chip or a file.
#[expect(clippy::too_many_lines, reason = "one row for each command")]
fn commands() -> Vec<Vec<String>> {
    let at = format!("@{HOSTILE}");
    let emu = format!("emu:{HOSTILE}");
    let host = HOSTILE;
    let cert = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["info", "--device", CHIP],
        vec!["doctor", "--device", CHIP],
        vec!["scan", "--device", CHIP],
        vec!["otp", "show", "--device", CHIP],
        vec!["cert", "show", "--device", CHIP],
        vec!["cert", "export", "--device", CHIP],
        vec!["cert", "show", "hostile.cert"],
        vec![
            "cert",
            "check",
            "hostile.cert",
            "--signer-cert",
            "signer.cert",
        ],
        vec![
            "cert",
            "compress",
            "hostile.cert",
            "--signer-cert",
            "signer.cert",
        ],
        vec!["cert", "check", "hostile.cert"],
        vec!["aux", "show", "--device", CHIP],
        vec!["aux", "export", "--device", CHIP],
        vec!["settings", "get", "--device", CHIP],
        vec!["settings", "get", "--device", CHIP, "plain"],
        vec![
            "settings",
            "get",
            "--device",
            CHIP,
            "no\u{202E}such\u{9B}\nforged",
        ],
        vec!["settings", "export", "--device", CHIP],
        vec!["settings", "set", "--device", CHIP, "more\u{9B}", host],
        vec!["settings", "unset", "--device", CHIP, "more\u{9B}"],
        vec!["settings", "unset", "--device", CHIP, host],
        vec!["settings", "import", "--device", CHIP, "garbage"],
        vec!["settings", "import", "--device", CHIP, "settings.json"],
        vec![
            "settings",
            "set",
            "--device",
            CHIP,
            "x",
            "{\"bytes\": \"\u{202E}\"}",
        ],
        vec!["config", "show", "--device", CHIP],
        vec!["config", "explain", "--device", CHIP],
        vec!["config", "lint", "--device", CHIP],
        vec!["config", "explain", "--dump", &at],
        vec!["config", "explain", "--dump", "@garbage"],
        vec!["config", "explain", "--dump", host],
        vec!["config", "diff", "--device", CHIP, "@garbage"],
        vec!["config", "why", "--device", CHIP, host, "0"],
        vec!["csr", "--device", CHIP],
        vec!["csr", "--device", CHIP, "--subject", host],
        vec!["csr", "--device", CHIP, "--san", host],
        vec!["jwt", "--device", CHIP, "--claims", host],
        vec!["jwt", "--device", CHIP, "--claims", "@garbage"],
        vec![
            "jwt",
            "--device",
            CHIP,
            "--claims",
            "{\"a\": \"\u{202E}\u{9B}\u{7F}\"}",
        ],
        vec!["sign", "--device", CHIP, host],
        vec!["sign", "--device", CHIP, "none\u{202E}\u{9B}\nforged"],
        vec!["sign", "--device", CHIP, "garbage", "--out", host],
        vec![
            "sign",
            "--device",
            CHIP,
            "garbage",
            "--out",
            "o\u{202E}\nforged",
        ],
        vec!["verify", "--device", CHIP, host, "--signature", host],
        vec!["random", "--device", CHIP, "--record", host],
        vec!["random", "--device", CHIP, "--record", "r\u{202E}\nforged"],
        vec!["ecdh", "--device", CHIP, host],
        vec![
            "volatile",
            "unlock",
            "--device",
            CHIP,
            "--activation-key",
            host,
        ],
        vec!["volatile", "mac", "--device", CHIP, host],
        vec!["transcript", "show", "story.txt"],
        vec!["transcript", "decode", "story.txt"],
        vec!["transcript", "show", "story.txt", "--html", "page.html"],
        vec!["transcript", "diff", "story.txt", "other.txt"],
        vec!["transcript", "show", "garbage"],
        vec!["transcript", "show", host],
        vec!["transcript", "decode", "--hex", host],
        vec!["transcript", "import", "story.txt"],
        vec!["transcript", "import", "garbage"],
        vec!["transcript", "import", "garbage", "--from", "ftrace"],
        vec!["transcript", "import", "garbage", "--from", "saleae"],
        vec!["transcript", "import", "garbage", "--from", "sigrok"],
        vec!["transcript", "import", "garbage", "--from", "pulseview"],
        vec!["transcript", "import", "garbage", "--from", "dsview"],
        vec!["transcript", "import", "garbage", "--from", "esp-idf"],
        vec!["transcript", "import", "garbage", "--from", "bus-pirate"],
        vec!["transcript", "import", "garbage", "--from", "recording"],
        vec!["emulator", "show", host],
        vec!["emulator", "show", "chip.img"],
        vec!["emulator", "create", host],
        vec!["emulator", "create", "e\u{202E}\u{9B}\nforged"],
        vec!["emulator", "snapshot", "chip.img", "s\u{202E}\nforged"],
        vec!["emulator", "serve", "--bus", host],
        vec!["emulator", "plug", host],
        vec!["emulator", "trust", host],
        vec!["info", "--device", &emu],
        vec!["info", "--device", host],
        vec!["info", host],
        vec![host],
        vec![
            "signer",
            "answer",
            "request.json",
            cert[0],
            cert[1],
            cert[2],
            cert[3],
        ],
        vec!["signer", "create", "c\u{202E}\u{9B}\nforged2"],
        vec!["signer", "create", "signer", "--key", host],
        vec!["device", "create", host, cert[0], cert[1], cert[2], cert[3]],
        vec!["cert", "show", "c\u{202E}\u{9B}\nforged"],
        vec!["cert", "show", host],
        vec![
            "cert",
            "decompress",
            host,
            "--kind",
            "signer",
            "--public-key",
            host,
        ],
        vec!["pkcs11", "uri", "--device", CHIP],
        vec!["pkcs11", "check", "--module", host],
        vec!["completions", host],
        vec!["man", host],
        vec!["demo", "--out", "d\u{202E}\u{9B}\nforged"],
    ];
    for more in [
        &[][..],
        &["--dry-run"],
        &["--serial", host],
        &["--serial", "N\u{202E}2"],
        &["--board", "x\u{9B}"],
        &["--serial", "N2"],
        &["--board", "N2"],
        &["--otp-user", host],
        &["--used-serials", "list"],
        &["--used-serials", host],
        &["--report", host],
        &["--report", "p\u{202E}\nforged"],
        &["--plan-digest", host],
        &["--answer", "request.json"],
    ] {
        let mut command = Harness::provision(CHIP, more);
        if more.first() == Some(&"--answer") {
            command.retain(|word| !word.starts_with("--signer-key") && *word != "signer.key");
        }
        commands.push(command);
    }
    for key in [
        "pkcs11:object=k?module-path=\u{202E}\u{9B}",
        "pkcs11:\u{202E}=k?module-path=m",
        "no\u{202E}\u{9B}such",
    ] {
        commands.push(vec![
            "provision",
            "--device",
            CHIP,
            "--signer-cert",
            "signer.cert",
            "--signer-key",
            key,
        ]);
    }
    let owned = |command: Vec<&str>| command.into_iter().map(str::to_owned).collect();
    commands.into_iter().map(owned).collect()
}

#[test]
fn nothing_raw_reaches_the_terminal() {
    for json in [false, true] {
        let harness = Harness::new();
        hostile_chip(&harness);
        hostile_files(&harness);
        for format in ["term", "typed"] {
            harness.ok(&[
                "settings",
                "import",
                "--device",
                CHIP,
                "--format",
                format,
                "settings.json",
            ]);
        }
        harness.ok(&[
            "aux",
            "provision",
            "--device",
            CHIP,
            "--signer-cert",
            "signer.cert",
            "--signer-key",
            "signer.key",
        ]);
        let mut raw = Vec::new();
        for command in commands() {
            let mut arguments: Vec<_> = command.iter().map(String::as_str).collect();
            if json {
                arguments.insert(0, "--json");
            }
            let stdout = judge(&harness, &arguments, &mut raw);
            if json && !stdout.is_empty() {
                let parsed = serde_json::from_slice::<Value>(&stdout);
                assert!(parsed.is_ok(), "{arguments:?}: {parsed:?}");
            }
        }
        // The environment names chips, too.
        let arguments: &[&str] = if json { &["--json", "info"] } else { &["info"] };
        for device in [HOSTILE.to_owned(), format!("emu:{HOSTILE}")] {
            let mut command = harness.command(arguments);
            let output = command.env("NERVES_KEY_DEVICE", device).output().unwrap();
            judge_output(&output, "environment", &mut raw);
        }
        assert!(raw.is_empty(), "{} of them:\n{}", raw.len(), raw.join("\n"));
    }
}

/// A browser obeys marks of direction as a terminal does.
#[test]
fn a_timeline_shows_no_marks() {
    let harness = Harness::new();
    hostile_files(&harness);
    harness.ok(&["transcript", "show", "story.txt", "--html", "page.html"]);
    let page = fs::read_to_string(harness.path().join("page.html")).unwrap();
    let raw: Vec<_> = page.chars().filter(|c| is_raw(*c)).collect();
    assert!(raw.is_empty(), "{raw:?}");
    assert!(page.contains("\\u{202e}"));
}

/// Escaped in JSON, the values are what the chip holds.
#[test]
fn values_are_the_same_when_parsed() {
    let harness = Harness::new();
    hostile_chip(&harness);
    hostile_files(&harness);
    harness.ok(&["settings", "import", "--device", CHIP, "settings.json"]);
    let info = harness.json(&["info", "--device", CHIP]);
    assert_eq!(info["manufacturer_serial"], HOSTILE);
    assert_eq!(info["board_name"], BOARD);
    assert_eq!(info["verified"], true);
    let otp = harness.json(&["otp", "show", "--device", CHIP]);
    assert_eq!(otp["manufacturer_serial"], HOSTILE);
    let settings = harness.json(&["settings", "get", "--device", CHIP]);
    assert_eq!(settings["settings"][HOSTILE], HOSTILE);
    let text = harness.ok(&["settings", "export", "--device", CHIP]);
    let text: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text["plain"][HOSTILE][0], HOSTILE);
    // A file gets the bytes as they are.
    harness.ok(&["settings", "export", "--device", CHIP, "--out", "out.json"]);
    let file = fs::read_to_string(harness.path().join("out.json")).unwrap();
    assert!(file.contains('\u{202E}') && file.contains('\u{9B}'));
    let get = ["settings", "get", "--device", CHIP, "a\u{202E}"];
    assert_eq!(harness.ok(&get), ":b\u{9B}\n");
}

/// A script gets one value as it is; a terminal and a reader of JSON do not.
#[test]
fn a_value_is_escaped_on_a_terminal() {
    let harness = Harness::new();
    hostile_chip(&harness);
    hostile_files(&harness);
    harness.ok(&["settings", "import", "--device", CHIP, "settings.json"]);
    for key in [HOSTILE, "a\u{202E}"] {
        let get = ["settings", "get", "--device", CHIP, key];
        let said = on_terminal(&mut harness.command(&get)).replace("\r\n", "\n");
        assert!(
            !said.contains(is_raw) && said.contains("\\u{9b}"),
            "{said:?}"
        );
        let mut raw = Vec::new();
        judge(&harness, &[&["--json"], &get[..]].concat(), &mut raw);
        assert!(raw.is_empty(), "{raw:?}");
    }
}
