//! The examples of `--help`, each run in a folder that has what they name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Deserializer, Value};

use crate::{PROGRAM, Reader};

/// What is not run: it serves until it is interrupted, or needs what is served or
/// installed.
const NOT_RUN: [&str; 8] = [
    "emulator serve",
    "emulator plug",
    "emulator unplug",
    "pkcs11 uri",
    "pkcs11 check",
    "connect",
    // The chip's serial number is any.
    "line scrap",
    // It prints a document on each line.
    "line run",
];

/// Commands without an example: what they take is long, and has a page.
const WITHOUT: [&str; 6] = [
    "cert decompress",
    "cert issue",
    "transcript import",
    "volatile mac",
    "volatile status",
    "volatile unlock",
];

const FIRST: &str = "
nerves-key signer create factory --years 10
provision() {
    nerves-key provision --signer-cert factory.cert --signer-key factory.key \"$@\"
}
provision --serial N1234 --record run.txt
nerves-key provision --signer-cert factory.cert --serial N2 --device emu:half.img \\
    --request request.json
mkdir requests
cp request.json requests
nerves-key cert export device --out device.pem
nerves-key settings set wifi '{\"ssid\": \"a\"}'
nerves-key settings export --out settings.json
nerves-key aux provision --signer-cert factory.cert --signer-key factory.key
echo message > message
nerves-key sign --out message.signature message
nerves-key emulator snapshot chip.img snapshot.img
";

/// What the examples of the line begin from.
const LINE: &str = "
cat > batch.toml <<END
name = 'b'
product = 'p'
count = 10
signer = 'factory.cert'
serials = { pattern = 'A-{:03}' }
END
nerves-key emulator create unit.img
nerves-key line init --ledger line.db
nerves-key line batch batch.toml --ledger line.db
nerves-key line run --ledger line.db --batch b --signer-key factory.key --device emu:unit.img \\
    --once --yes --spool spool.db
";

/// `--help` as it is where there is no terminal.
fn help(path: &str) -> String {
    help_in(path, "")
}

/// `--help` in so many columns.
fn help_in(path: &str, columns: &str) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(path.split_whitespace()).arg("--help");
    let output = command.env("COLUMNS", columns).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Commands that have none below them.
fn leaves() -> Vec<String> {
    tree().0
}

/// Commands that have none below them, and those that have, the program itself
/// among them.
fn tree() -> (Vec<String>, Vec<String>) {
    let (mut leaves, mut groups, mut open) = (Vec::new(), Vec::new(), vec![String::new()]);
    while let Some(path) = open.pop() {
        let help = help(&path);
        let Some((_, below)) = help.split_once("\nCommands:\n") else {
            leaves.push(path);
            continue;
        };
        let lines = below.lines().take_while(|line| !line.is_empty());
        let lines = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let names = lines.filter_map(|line| line.split_whitespace().next());
        let names = names.filter(|name| *name != "help");
        open.extend(names.map(|name| format!("{path} {name}").trim().to_owned()));
        groups.push(path);
    }
    leaves.sort();
    (leaves, groups)
}

/// A folder that has what the examples name.
fn prepared() -> Reader {
    let prepared = Reader::new();
    prepared.run(FIRST).unwrap();
    if cfg!(feature = "line") {
        prepared.run(LINE).unwrap();
    }
    prepared
}

/// Commands whose examples are not run or that have none, with `--json`. A folder of
/// the examples is what each begins from.
const AS_JSON: &[(&str, &str)] = &[
    (
        "cert decompress",
        "nerves-key cert decompress 00 --kind signer --public-key 00 --json || test $? = 5",
    ),
    (
        "cert issue",
        "nerves-key cert issue --definition absent.toml --public-key 00 --years 1 \
            --signer-key factory.key --json || test $? = 5",
    ),
    (
        "connect",
        "nerves-key connect localhost:1 --ca factory.cert --json || test $? = 1",
    ),
    ("emulator plug", SERVED),
    ("emulator serve", SERVED),
    ("emulator unplug", SERVED),
    (
        "line run",
        "nerves-key emulator create next.img >&2
        nerves-key line run --ledger line.db --batch b --signer-key factory.key \
            --device emu:next.img --once --yes --json",
    ),
    (
        "line scrap",
        "nerves-key line scrap 0123000000000001EE --reason cracked --ledger line.db --json ||
            test $? = 4",
    ),
    (
        "pkcs11 check",
        "nerves-key pkcs11 check --module absent.so --json || test $? = 1",
    ),
    ("pkcs11 uri", "nerves-key pkcs11 uri --json"),
    (
        "transcript import",
        "nerves-key transcript import absent.json --json || test $? = 5",
    ),
    ("volatile mac", VOLATILE),
    ("volatile status", VOLATILE),
    ("volatile unlock", VOLATILE),
];

const SERVED: &str = "
nerves-key emulator serve --fast --socket socket --bus 1=chip.img --json > served &
server=$!
trap 'kill $server' EXIT
until test -S socket; do sleep 0.1; done
nerves-key emulator unplug --socket socket --bus 1 0x60 --json
nerves-key emulator plug --socket socket --bus 1 chip.img --json
cat served
";

const VOLATILE: &str = "
echo 000102030405060708090A0B0C0D0E0F > key
echo 101112131415161718191A1B1C1D1E1F > other
export NERVES_KEY_DEVICE='emu:volatile.img?chip=atecc608b'
provision() {
    nerves-key provision --signer-cert factory.cert --signer-key factory.key \
        --layout volatile --activation-key key --encryption-key other >&2
}
provision
nerves-key volatile status --json
nerves-key volatile unlock --activation-key key --json
challenge=000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
nerves-key volatile mac $challenge --json || test $? = 4
";

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
}

#[test]
fn examples_of_every_command_do_what_is_said() {
    let prepared = prepared();
    let (mut run, mut of, mut wrong) = (0, BTreeSet::new(), Vec::new());
    for leaf in leaves() {
        let help = help(&leaf);
        let Some((_, examples)) = help.split_once("\nExamples:\n") else {
            assert!(WITHOUT.contains(&&*leaf), "{leaf} has no example");
            continue;
        };
        assert!(!WITHOUT.contains(&&*leaf), "{leaf} has an example");
        let examples = examples.replace("\\\n", "");
        let lines = examples.lines().take_while(|line| !line.is_empty());
        for example in lines.map(str::trim) {
            assert!(
                example.starts_with(&format!("nerves-key {leaf}")),
                "{example}"
            );
            if NOT_RUN.contains(&&*leaf) || example == "nerves-key scan --all" {
                continue;
            }
            run += 1;
            of.insert(leaf.clone());
            let told = || {
                let reader = Reader::new();
                copy(prepared.path(), reader.path());
                reader
            };
            if let Err(error) = told().run(example) {
                wrong.push(error);
            }
            // As one document, also when there is no chip.
            let as_json = format!("{example} --json");
            let nowhere = format!("NERVES_KEY_DEVICE=/dev/i2c-99 {as_json} || true");
            for script in [as_json, nowhere] {
                let printed = told()
                    .run(&script)
                    .unwrap_or_else(|error| panic!("{error}"));
                if let Err(error) = serde_json::from_str::<Value>(&printed) {
                    wrong.push(format!("{script}: {error}: {printed}"));
                }
            }
        }
    }
    println!(
        "{run} examples of {} commands run; with --json {} documents",
        of.len(),
        2 * run
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run > 40, "{run}");
}

/// With those whose examples are run these are all commands.
#[test]
fn every_other_command_prints_json_as_well() {
    let prepared = prepared();
    let others = leaves().into_iter();
    let others: Vec<_> = others
        .filter(|leaf| NOT_RUN.contains(&&**leaf) || WITHOUT.contains(&&**leaf))
        .collect();
    let (mut documents, mut wrong) = (0, Vec::new());
    for leaf in &others {
        let found = AS_JSON.iter().find(|(command, _)| command == leaf);
        let (_, script) = found.unwrap_or_else(|| panic!("{leaf} --json is run by no test"));
        assert!(script.contains(&format!("nerves-key {leaf} ")), "{leaf}");
        let reader = Reader::new();
        copy(prepared.path(), reader.path());
        let printed = reader.run(script).unwrap_or_else(|error| panic!("{error}"));
        let parsed: Result<Vec<Value>, _> = Deserializer::from_str(&printed).into_iter().collect();
        match parsed {
            Ok(parsed) if !parsed.is_empty() => documents += parsed.len(),
            other => wrong.push(format!("{leaf}: {other:?}: {printed}")),
        }
    }
    println!(
        "{} other commands print {documents} documents with --json",
        others.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A hundred columns where there is no terminal, as many as it has where one is
/// narrower; what is to be copied is never broken by it.
#[test]
fn the_help_of_every_command_fits_its_terminal() {
    let (leaves, groups) = tree();
    let (mut widest, mut wrong) = ([0, 0], Vec::new());
    for path in leaves.iter().chain(&groups) {
        let texts = ["", "80"].map(|columns| help_in(path, columns));
        let widths = texts.each_ref().map(|text| {
            // Clap leaves it to the terminal to break the usage, which is one line.
            let lines = text.lines().filter(|line| !line.starts_with("Usage: "));
            let widths = lines.map(|line| line.chars().count());
            widths.max().unwrap_or_default()
        });
        if widths[0] > 100 || widths[1] > 80 {
            wrong.push(format!("{path}: {widths:?}\n{}", texts[1]));
        }
        for (widest, width) in widest.iter_mut().zip(widths) {
            *widest = width.max(*widest);
        }
        let examples = texts
            .each_ref()
            .map(|text| text.split("\nExamples:\n").nth(1));
        if examples[0] != examples[1] {
            wrong.push(format!("{path}: other examples\n{}", texts[1]));
        }
    }
    let count = leaves.len() + groups.len();
    println!(
        "--help of {count} commands: at most {} columns, in 80 {}",
        widest[0], widest[1]
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(widest[0] > 80, "the width is not obeyed: {widest:?}");
}

/// A manual page for every command, with its examples, and with the exit codes of
/// the page about them.
#[test]
fn manual_pages_have_examples_and_the_documented_exit_codes() {
    let reader = Reader::new();
    reader.run("nerves-key man .").unwrap();
    let page = fs::read_to_string(crate::root().join("docs/command-line.md")).unwrap();
    let (_, table) = page.split_once("| code | when |\n|---|---|\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = rows
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    assert_eq!(rows.len(), 7);
    for leaf in leaves() {
        let file = format!("nerves-key-{}.1", leaf.replace(' ', "-"));
        let text = fs::read_to_string(reader.path().join(&file)).unwrap();
        let text = text.replace("\\-", "-").replace("\\*(Aq", "'");
        let (_, status) = text.split_once("\n.SH \"EXIT STATUS\"\n").unwrap();
        for (code, when) in &rows {
            assert!(
                status.contains(&format!(".TP\n{code}\n{when}\n")),
                "{file}: {code}"
            );
        }
        assert_eq!(status.matches(".TP\n").count(), rows.len(), "{file}");
        let has_examples = text.contains("\n.SH EXAMPLES\n");
        assert_eq!(has_examples, !WITHOUT.contains(&&*leaf), "{file}");
    }
}
