//! Every command that a document shows is run, or the document says why not
//! (`page.rs`); and every call of `nerves-key`, run or not, in a block or in a
//! sentence, names a subcommand and options that exist.
//!
//! The captures of `docs/troubleshooting.md` and `docs/config.md` are run by
//! `tests/cli`, which compares what they print.

mod examples;
mod page;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::page::{Block, blocks, calls, inline_code};

const PROGRAM: &str = env!("CARGO_BIN_EXE_nerves-key");

/// Documents of programs that are no part of this repository, and lists of what
/// changed, which name what was.
const NOT_READ: [&str; 4] = ["target", "fuzz", "tests", "CHANGELOG.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || NOT_READ.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            find(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "md") {
            found.push(path);
        }
    }
}

/// Each document: its name in the repository and its text.
fn documents() -> Vec<(String, String)> {
    let (root, mut found) = (root(), Vec::new());
    find(&root, &mut found);
    found.sort();
    let name = |path: &Path| path.strip_prefix(&root).unwrap().display().to_string();
    let read = |path: &PathBuf| (name(path), fs::read_to_string(path).unwrap());
    found
        .iter()
        .map(read)
        .filter(|(name, _)| is_built(name))
        .collect()
}

/// Whether this program has the commands of the document.
fn is_built(document: &str) -> bool {
    let of_a_cloud = document.starts_with("docs/cloud/");
    let of_the_line = ["docs/line.md", "crates/nerves-key-line/README.md"];
    let needs_line = of_a_cloud || of_the_line.contains(&document);
    let needs_connect = of_a_cloud || document == "docs/tls.md";
    (cfg!(feature = "line") || !needs_line) && (cfg!(feature = "connect") || !needs_connect)
}

fn blocks_of(name: &str, text: &str) -> Vec<Block> {
    blocks(text).unwrap_or_else(|error| panic!("{name}:{error}"))
}

/// First lines of this program's files.
const FORMATS: [&str; 3] = [
    "nerves-key plan 1",
    "nerves-key provisioning report 1",
    "nerves-key signing request 1",
];

/// A folder in which a page's commands are run, one after the other.
struct Reader {
    folder: TempDir,
    programs: TempDir,
}

impl Reader {
    fn new() -> Self {
        let reader = Self {
            folder: TempDir::new().unwrap(),
            programs: TempDir::new().unwrap(),
        };
        // A reader types what is asked for before a lock.
        let answered = format!(
            "#!/bin/sh\ncase \"$1\" in\nprovision | harden) exec '{PROGRAM}' \"$@\" --yes ;;\n\
             *) exec '{PROGRAM}' \"$@\" ;;\nesac\n"
        );
        let path = reader.programs.path().join("nerves-key");
        fs::write(&path, answered).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        reader
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What it prints on standard output.
    fn run(&self, script: &str) -> Result<String, String> {
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-euc", script])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.programs.path().display()))
            .env("NERVES_KEY_DEVICE", "emu:chip.img")
            .env("REPOSITORY", root())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let (out, err) = (output.stdout, output.stderr);
        Err(format!(
            "{}\n{script}{}{}",
            output.status,
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&err)
        ))
    }
}

#[test]
fn commands_of_the_documents_do_what_is_said() {
    let (mut run, mut not_run, mut wrong) = (0, BTreeMap::new(), Vec::new());
    for (name, text) in documents() {
        let reader = Reader::new();
        for block in blocks_of(&name, &text) {
            let commands = block.commands().len();
            if let Some(why) = block.not_run {
                let kind = why.split(',').next().unwrap_or_default().to_owned();
                *not_run.entry(kind).or_insert(0) += commands;
                continue;
            }
            let scripts = block.first.iter().chain([&block.script]);
            for script in scripts {
                if let Err(error) = reader.run(script) {
                    wrong.push(format!("{name}:{}: {error}", block.line));
                }
            }
            run += commands;
        }
    }
    println!("{run} commands run; not run: {not_run:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run >= 40, "{run} commands run; not run: {not_run:?}");
}

/// Help of subcommands, asked for once each.
struct Help(BTreeMap<Vec<String>, String>);

impl Help {
    fn of(&mut self, subcommand: &[String]) -> &str {
        self.0.entry(subcommand.to_vec()).or_insert_with(|| {
            let output = Command::new(PROGRAM)
                .args(subcommand)
                .arg("--help")
                .output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        })
    }

    /// The names under `Commands:`.
    fn has(&mut self, subcommand: &[String], name: &str) -> bool {
        let help = self.of(subcommand);
        let commands = help.split("\nCommands:\n").nth(1).unwrap_or_default();
        let commands = commands.split("\n\n").next().unwrap_or_default();
        commands
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .any(|line| line.split_whitespace().next() == Some(name))
    }

    fn has_commands(&mut self, subcommand: &[String]) -> bool {
        self.of(subcommand).contains("\nCommands:\n")
    }

    /// What is wrong with a call.
    fn wrong(&mut self, call: &[String]) -> Option<String> {
        let mut subcommand = Vec::new();
        for word in call {
            let is_name = word.starts_with(|it: char| it.is_ascii_lowercase());
            if !is_name || !self.has_commands(&subcommand) {
                break;
            }
            if !self.has(&subcommand, word) {
                return Some(format!("no subcommand {word:?} of {subcommand:?}"));
            }
            subcommand.push(word.clone());
        }
        let options = call.iter().filter(|word| word.starts_with("--"));
        let mut options = options.filter_map(|word| word.split('=').next());
        let help = self.of(&subcommand);
        let known = |option: &str| {
            let mut words = help.split(|it: char| !(it.is_ascii_alphanumeric() || it == '-'));
            words.any(|word| word == option)
        };
        let missing = options.find(|option| *option != "--" && !known(option))?;
        Some(format!("no option {missing} of {subcommand:?}"))
    }
}

#[test]
fn calls_name_subcommands_and_options_that_exist() {
    let (mut help, mut seen, mut wrong) = (Help(BTreeMap::new()), 0, Vec::new());
    for (name, text) in documents() {
        let in_blocks = blocks_of(&name, &text);
        let in_blocks = in_blocks.iter().flat_map(Block::commands);
        let commands = in_blocks.chain(inline_code(&text));
        for command in commands.filter(|it| !FORMATS.contains(&&**it)) {
            for call in calls(&command) {
                seen += 1;
                if let Some(what) = help.wrong(&call) {
                    wrong.push(format!("{name}: {command}: {what}"));
                }
            }
        }
    }
    println!("{seen} calls of nerves-key");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 80, "{seen}");
}
