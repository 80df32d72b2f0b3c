//! Secrets of the command line are in no message, and inputs without an end are
//! not read for ever.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::Harness;
use crate::signers::ENCRYPTED;

/// In every argument here.
const SECRET: &str = "3141592653589793";

/// What no command may print, however the arguments are wrong.
#[test]
fn no_message_has_a_secret_of_the_command_line() {
    let harness = Harness::new();
    let uri = format!("pkcs11:object=k?module-path=/nowhere.so&pin-value={SECRET}");
    let with = |more: &str| format!("{uri}{more}");
    let of = |text: &str| text.replace("SECRET", SECRET);
    let keys = [
        uri.clone(),
        with("&foo=1"),
        with("&pin-value=2"),
        with("%zz"),
        with("\u{202E}\u{1B}[2J"),
        of("pkcs11:object=k?module-path=/nowhere.so&pin-value:SECRET"),
        of("pkcs11:object=k?module-path=/nowhere.so&SECRET"),
        of("pkcs11:object=k?module-path=/nowhere.so?pin-value=SECRET"),
        of("pkcs11:object=k;pin-value=SECRET?module-path=/nowhere.so"),
        of("pkcs11:object=k?module-path=/nowhere.so&PIN-VALUE=SECRET"),
        of("pkcs11:object=k?module-path=/nowhere.so&pin-source=SECRET"),
        of("pkcs11:object=k?module-path=/nowhere.so&pin-source=|echo SECRET"),
        of("PKCS11:object=k?module-path=/nowhere.so&pin-value=SECRET"),
        of("object=k?module-path=/nowhere.so&pin-value=SECRET"),
        of("exec:exit 3 # SECRET"),
        of("exec:PASSWORD=SECRET exit 4"),
    ];
    let chip = ["--device", "emu:chip.img", "--yes"];
    let mut commands: Vec<Vec<String>> = Vec::new();
    let mut add = |words: &[&str]| commands.push(words.iter().map(|word| of(word)).collect());
    for key in &keys {
        let cert = ["--signer-cert", "signer.cert"];
        add(&[&["provision", "--signer-key", key], &cert[..], &chip].concat());
        add(&[
            &["provision", &format!("--signer-key={key}")],
            &cert[..],
            &chip,
        ]
        .concat());
        // Where it does not belong.
        add(&["provision", key]);
        add(&[key]);
        add(&["info", "--device", key]);
        add(&["info", &format!("--device={key}")]);
        add(&["signer", "create", "x", "--key", key]);
        add(&["signer", "create", "x", "--kez", key]);
        add(&["signer", "create", "x", &format!("--kez={key}")]);
        add(&["signer", "create", "x", "--years", key]);
        add(&["pkcs11", "uri", "--device", key]);
        add(&["emulator", "serve", "--bus", key]);
        add(&["config", "why", key, "1"]);
        add(&["csr", "--san", key]);
    }
    let encrypted = [
        "provision",
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "locked.key",
    ];
    fs::write(harness.path().join("locked.key"), ENCRYPTED[0].1).unwrap();
    for passphrase in ["SECRET", "env:SECRET"] {
        add(&[&encrypted[..], &["--passphrase", passphrase], &chip].concat());
    }
    let hex = format!("{SECRET}{SECRET}");
    let unlock = ["volatile", "unlock", "--device", "emu:"];
    add(&[&unlock[..], &["--activation-key", &hex]].concat());
    for value in [
        "{\"bytes\": \"SECRET!\"}",
        "{\"integer\": [\"SECRET\"]}",
        "{\"map\": \"SECRET\"}",
    ] {
        add(&["settings", "set", "--device", "emu:", "psk", value]);
    }
    for ledger in ledgers() {
        add_ledger(&ledger, &mut add);
        assert_silent_in_environment(&harness, &ledger);
    }
    for command in &commands {
        for json in [&[][..], &["--json"]] {
            let words = command.iter().map(String::as_str);
            let arguments: Vec<_> = json.iter().copied().chain(words).collect();
            let output = harness.run(&arguments);
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8(said).unwrap();
            assert_ne!(output.status.code(), Some(0), "{arguments:?}: {said}");
            assert!(!said.contains(SECRET), "{arguments:?}: {said}");
            assert!(!said.trim().is_empty(), "{arguments:?}");
        }
    }
    let with_device = |arguments: &[&str]| {
        let mut command = harness.command(arguments);
        let output = command.env("NERVES_KEY_DEVICE", &uri).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let said = with_device(&["info"]);
    assert!(said.contains("pkcs11:object=k"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
    for help in [["info", "--help"], ["scan", "--help"]] {
        assert!(!with_device(&help).contains(SECRET), "{help:?}");
    }
}

/// Where a ledger may be named, rightly or not.
fn add_ledger(ledger: &str, add: &mut dyn FnMut(&[&str])) {
    add(&["line", "init", "--ledger", ledger]);
    add(&["line", "status", "--ledger", ledger]);
    add(&["line", "status", &format!("--ledger={ledger}")]);
    // Where it does not belong.
    add(&["line", "status", ledger]);
    add(&["line", "status", &format!("--ledgr={ledger}")]);
    add(&["info", "--device", ledger]);
    // Its words as arguments of their own.
    let words: Vec<_> = ledger.split(' ').collect();
    add(&[&["line", "status", "--ledger"], &words[..]].concat());
}

fn assert_silent_in_environment(harness: &Harness, ledger: &str) {
    for arguments in [["line", "init"], ["line", "status"]] {
        let mut command = harness.command(&arguments);
        let output = command.env("NERVES_KEY_LEDGER", ledger).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_ne!(output.status.code(), Some(0), "{ledger}: {said}");
        assert!(!said.contains(SECRET), "{ledger}: {said}");
    }
}

/// What `--ledger` may be given, each of it mistyped or of a server that is away.
fn ledgers() -> Vec<String> {
    let of = |text: &str| text.replace("SECRET", SECRET);
    let ledgers = [
        "postgres://u:SECRET@localhost:1/d",
        "postgres://localhost:1/d?user=u&password=SECRET",
        "postgres://localhost/d?password=SECRET%",
        "postgres://localhost/d?password=SECRET&foo=1",
        "postgres://localhost/d?foo=SECRET",
        "postgres://u:SECRET%zz@localhost:1/d",
        "postgres://u:p@SECRET@ledger.example/d",
        "postgres://u:SECRET/d",
        "postgres://u:a?SECRET=%zz@localhost/d",
        "POSTGRES://u:SECRET@localhost:1/d",
        "PostgreSQL://localhost/d?password=SECRET%",
        "postgres:u:SECRET@localhost/d",
        "postgres:u:SECRET=1@localhost/d",
        "postgress://u:SECRET@localhost/d",
        "postgress://localhost/d?password=SECRET",
        "mysql://SECRET/d",
        "host=localhost port=x password=SECRET",
        "host=localhost sslmode= password=SECRET",
        "host=localhost password='SECRET",
        "host=localhost password=a SECRET=b",
        "HOST=localhost PASSWORD=SECRET/d",
    ];
    ledgers.iter().map(|text| of(text)).collect()
}

/// Each input has a limit, which the message names.
#[test]
fn no_input_is_read_without_end() {
    let harness = Harness::new();
    fs::write(harness.path().join("large"), vec![b'0'; 70_000]).unwrap();
    let zero = "/dev/zero";
    let cert = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
    let (zeros, digest) = ("00".repeat(72), "00".repeat(32));
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["config", "explain", "--dump", "@/dev/zero"],
        vec!["config", "diff", "--device", "emu:", "@/dev/zero"],
        vec!["config", "diff", "--device", "emu:", "@large"],
        vec!["cert", "show", zero],
        [
            &["cert", "decompress", &zeros, "--kind", "signer"][..],
            &["--public-key", "@/dev/zero"],
        ]
        .concat(),
        vec!["transcript", "show", zero],
        vec!["transcript", "import", zero],
        vec!["settings", "import", "--device", "emu:", zero],
        vec!["ecdh", "--device", "emu:", zero],
        vec!["jwt", "--device", "emu:", "--claims", "@/dev/zero"],
        vec!["verify", "--digest", &digest, "--signature", zero],
        ["volatile", "unlock", "--device", "emu:"]
            .into_iter()
            .chain(["--activation-key", zero])
            .collect(),
        [&["signer", "answer", zero][..], &cert].concat(),
        [&["signer", "answer", "large"][..], &cert].concat(),
    ];
    for more in [
        &["--signer-key", zero][..],
        &["--signer-key", "signer.key", "--used-serials", zero],
        &["--signer-key", "signer.key", "--otp-user", "@/dev/zero"],
        &["--answer", zero],
    ] {
        let provision = ["provision", "--device", "emu:", cert[0], cert[1]];
        commands.push([&provision[..], more].concat());
    }
    let (mut unlimited, start) = (Vec::new(), Instant::now());
    for command in commands {
        let (code, message) = harness.fails(&command);
        let limited = message.contains("larger than ") && message.contains(" bytes");
        if code != 5 || !limited {
            unlimited.push(format!("{command:?}: {code}: {message}"));
        }
    }
    assert!(unlimited.is_empty(), "{}", unlimited.join("\n"));
    assert!(start.elapsed() < Duration::from_secs(60));
    // Standard input, too.
    let mut answer =
        harness.command(&["signer", "answer", "-", cert[0], cert[1], cert[2], cert[3]]);
    answer.stdin(Stdio::from(fs::File::open(zero).unwrap()));
    let output = answer.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("standard input: larger than 65536 bytes"),
        "{message}"
    );
}
