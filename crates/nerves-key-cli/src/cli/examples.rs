//! Examples of each command, in `--help` and in the manual pages. Tests run
//! them: `tests/documented/examples.rs` says what they begin from.

/// Command and examples.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("demo", &["demo --out demo"]),
    ("info", &["info", "info --device emu:chip.img"]),
    ("doctor", &["doctor"]),
    ("scan", &["scan", "scan --all"]),
    ("otp show", &["otp show"]),
    (
        "provision",
        &[
            "provision --signer-cert factory.cert --signer-key factory.key --dry-run",
            "provision --signer-cert factory.cert --signer-key factory.key --serial N1234",
        ],
    ),
    (
        "harden",
        &["harden --dry-run", "harden --signer-cert factory.cert"],
    ),
    ("signer create", &["signer create factory2 --years 10"]),
    (
        "signer answer",
        &[
            "signer answer request.json --signer-cert factory.cert --signer-key factory.key",
            "signer answer requests --signer-cert factory.cert --signer-key factory.key",
        ],
    ),
    (
        "device create",
        &["device create N1 --signer-cert factory.cert --signer-key factory.key"],
    ),
    ("cert show", &["cert show", "cert show factory.cert"]),
    (
        "cert export",
        &["cert export", "cert export device --out device2.pem"],
    ),
    (
        "cert check",
        &["cert check device.pem --signer-cert factory.cert"],
    ),
    (
        "cert compress",
        &["cert compress device.pem --signer-cert factory.cert"],
    ),
    (
        "aux provision",
        &["aux provision --signer-cert factory.cert --signer-key factory.key"],
    ),
    ("aux show", &["aux show"]),
    ("aux export", &["aux export --out aux.pem"]),
    ("aux clear", &["aux clear"]),
    ("settings get", &["settings get", "settings get wifi"]),
    (
        "settings set",
        &[
            "settings set wifi '{\"ssid\": \"a\"}'",
            "settings set --text note '{not JSON'",
        ],
    ),
    ("settings unset", &["settings unset wifi"]),
    ("settings clear", &["settings clear"]),
    ("settings export", &["settings export --out settings2.json"]),
    ("settings import", &["settings import settings.json"]),
    ("config show", &["config show"]),
    ("config explain", &["config explain"]),
    ("config diff", &["config diff standard"]),
    ("config lint", &["config lint"]),
    ("config why", &["config why write 10"]),
    (
        "connect",
        &[
            "connect broker.local:8883 --ca ca.pem --mqtt-publish devices/1",
            "connect --aws abc-ats.iot.eu-central-1.amazonaws.com",
        ],
    ),
    ("sign", &["sign --out message.sig message"]),
    ("verify", &["verify --signature message.signature message"]),
    (
        "jwt",
        &["jwt --claims '{\"aud\": \"my-project\"}' --expires-in 3600"],
    ),
    (
        "csr",
        &[
            "csr --subject CN=device-1,O=Example",
            "csr --san dns:device-1.example --san ip:192.0.2.1 --out request.pem",
        ],
    ),
    ("ecdh", &["ecdh factory.cert"]),
    ("random", &["random --bytes 16"]),
    ("pkcs11 uri", &["pkcs11 uri"]),
    (
        "pkcs11 check",
        &["pkcs11 check --module /usr/lib/pkcs11/nerves_key_pkcs11.so"],
    ),
    (
        "emulator create",
        &[
            "emulator create new.img --chip atecc508a",
            "emulator create part.img --trust tngtls --root test-root.pem",
        ],
    ),
    (
        "emulator serve",
        &["emulator serve --socket /tmp/emu --bus 1=chip.img"],
    ),
    (
        "emulator plug",
        &["emulator plug --socket /tmp/emu --bus 1 other.img"],
    ),
    (
        "emulator unplug",
        &["emulator unplug --socket /tmp/emu --bus 1 0x60"],
    ),
    ("emulator show", &["emulator show chip.img"]),
    (
        "emulator snapshot",
        &["emulator snapshot chip.img before.img"],
    ),
    (
        "emulator restore",
        &["emulator restore snapshot.img chip.img"],
    ),
    (
        "transcript show",
        &[
            "transcript show run.txt",
            "transcript show run.txt --html run.html --svg run.svg",
        ],
    ),
    (
        "transcript decode",
        &[
            "transcript decode run.txt",
            "transcript decode --hex '03 07 30 00 00 00 03 5d'",
        ],
    ),
    ("transcript diff", &["transcript diff run.txt run.txt"]),
    ("line init", &["line init --ledger new.db"]),
    (
        "line migrate",
        &["line migrate --print --ledger postgres: --schema line"],
    ),
    ("line batch", &["line batch batch.toml --ledger line.db"]),
    (
        "line run",
        &["line run --ledger line.db --batch b --signer-key factory.key --device 1 --device 2"],
    ),
    ("line status", &["line status --ledger line.db"]),
    (
        "line audit",
        &[
            "line audit --ledger line.db",
            "line audit --ledger line.db --against-chips emu:unit.img",
        ],
    ),
    (
        "line export",
        &[
            "line export --ledger line.db --batch b --for csv --out units.csv",
            "line export --ledger line.db --batch b --for aws --heads-out heads.json",
        ],
    ),
    (
        "line reconcile",
        &["line reconcile spool.db --ledger line.db"],
    ),
    (
        "line scrap",
        &["line scrap 0123000000000001EE --reason cracked --ledger line.db"],
    ),
    ("completions", &["completions bash"]),
    ("man", &["man ."]),
];

/// The narrowest terminal that shows each line as it is.
const COLUMNS: usize = 80;
/// Before an example in `--help`, and before what it goes on with.
const INDENTS: [&str; 2] = ["\n  ", "\n      "];

/// Those of a command as `--help` shows them: a long one goes on in the next line, so
/// that no terminal breaks it where a shell would end it.
pub(crate) fn help(path: &str) -> String {
    of(path).map(|example| fold(&example)).collect()
}

fn fold(example: &str) -> String {
    let mut parts = example.split(" --");
    let mut lines = vec![format!(
        "{}{}",
        INDENTS[0],
        parts.next().unwrap_or_default()
    )];
    for part in parts {
        let option = format!(" --{part}");
        match lines.last_mut() {
            Some(line) if line.len() + option.len() + " \\".len() <= COLUMNS => {
                line.push_str(&option);
            }
            _ => lines.push(format!("{}--{part}", INDENTS[1])),
        }
    }
    lines.join(" \\")
}

/// Those of a command, by its names after the program's.
pub(crate) fn of(path: &str) -> impl Iterator<Item = String> {
    let found = EXAMPLES.iter().filter(move |(command, _)| *command == path);
    found
        .flat_map(|(_, examples)| *examples)
        .map(|example| format!("nerves-key {example}"))
}
