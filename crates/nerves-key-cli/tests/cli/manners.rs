//! What a terminal's user expects of any command: colours, `-v`, and help with a
//! word that is mistyped.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::harness::Harness;

/// Begins a code of ECMA-48 that changes how text is shown.
const CODE: &str = "\u{1B}[";
const ABSENT: [&str; 3] = ["info", "--device", "emu:absent.img"];

/// What `command` says on a terminal, which is both of its streams.
pub(crate) fn on_terminal(command: &mut Command) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let terminal = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    command.stdout(terminal.try_clone().unwrap());
    let mut child = command.stderr(terminal).spawn().unwrap();
    // The terminal is closed with the process, and then there is no more to read.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut said = Vec::new();
    let mut master = File::from(master);
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        said.extend_from_slice(&buffer[..count]);
    }
    child.wait().unwrap();
    String::from_utf8(said).unwrap()
}

fn plain(harness: &Harness, arguments: &[&str]) -> Command {
    let mut command = harness.command(arguments);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm");
    command
}

#[test]
fn errors_stand_out_on_a_terminal_alone() {
    let harness = Harness::new();
    let said = on_terminal(&mut plain(&harness, &ABSENT));
    assert!(
        said.contains(CODE) && said.contains("nerves-key:"),
        "{said:?}"
    );
    let output = plain(&harness, &ABSENT).output().unwrap();
    assert!(!String::from_utf8(output.stderr).unwrap().contains(CODE));
    let said = on_terminal(plain(&harness, &ABSENT).env("NO_COLOR", "1"));
    assert!(!said.contains(CODE), "{said:?}");
    let said = on_terminal(plain(&harness, &ABSENT).env("TERM", "dumb"));
    assert!(!said.contains(CODE), "{said:?}");
    let never = [&ABSENT[..], &["--color", "never"]].concat();
    let said = on_terminal(&mut plain(&harness, &never));
    assert!(!said.contains(CODE), "{said:?}");
    // What is wrong with the command line is said in the colour that it asks for.
    let wrong = ["scna", "--color=never"];
    let said = on_terminal(&mut plain(&harness, &wrong));
    assert!(said.contains("error:") && !said.contains(CODE), "{said:?}");
    let said = on_terminal(&mut plain(&harness, &wrong[..1]));
    assert!(said.contains(CODE), "{said:?}");
}

/// The words themselves are the same, and JSON has no colours.
#[test]
fn colours_are_forced_and_take_nothing_away() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "chip.img"]);
    for command in [
        &["scan", "--device", "emu:chip.img"][..],
        &["doctor", "--device", "emu:chip.img"],
        &["config", "show", "--device", "emu:chip.img"],
        &["config", "explain", "--device", "emu:chip.img"],
        &["--help"],
        &["provision", "--help"],
    ] {
        let run = |more: &[&str]| {
            let arguments = [more, command].concat();
            let output = plain(&harness, &arguments).env("NO_COLOR", "1").output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        };
        let (without, with) = (run(&[]), run(&["--color", "always"]));
        assert!(!without.contains(CODE), "{command:?}");
        assert!(with.contains(CODE), "{command:?}: {with:?}");
        let mut stripped = String::new();
        for (index, part) in with.split(CODE).enumerate() {
            let rest = part.split_once('m').map(|(_, rest)| rest);
            stripped += if index == 0 { part } else { rest.unwrap() };
        }
        assert_eq!(timeless(&stripped), timeless(&without), "{command:?}");
        if !command.contains(&"--help") {
            assert!(!run(&["--json", "--color", "always"]).contains('\u{1B}'));
        }
    }
}

/// Without what `doctor` says of the clock, which may have gone on.
fn timeless(text: &str) -> Vec<&str> {
    let is_clock = |line: &&str| line.split_whitespace().nth(1) == Some("clock");
    text.lines().filter(|line| !is_clock(line)).collect()
}

/// `-v` says what passed, in each place where it may stand, and no secret.
#[test]
fn verbose_tells_of_commands_and_times() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(
        "emu:chip.img",
        &["--yes", "--serial", "N1"],
    ));
    let digest = "5A".repeat(32);
    let sign = ["sign", "--device", "emu:chip.img", "--digest", &digest];
    for arguments in [
        [&["-v"], &sign[..]].concat(),
        [&sign[..], &["--verbose"]].concat(),
    ] {
        let output = harness.run(&arguments);
        assert!(output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("emu:chip.img: address 0x60\n"), "{said}");
        let line = said
            .lines()
            .find(|line| line.contains("Sign external message"));
        assert!(line.is_some_and(|line| line.contains(" ms")), "{said}");
    }
    assert!(harness.run(&sign).stderr.is_empty());
    let both = [&sign[..], &["-q", "-v"]].concat();
    let (code, said) = harness.fails(&both);
    assert_eq!(code, 2, "{said}");
    for (name, key) in [
        ("a.key", "A5A5A5A5F00DF00DF00DF00DA5A5A5A5"),
        ("e.key", "5A5A5A5AF00DF00DF00DF00D5A5A5A5A"),
    ] {
        std::fs::write(harness.path().join(name), key).unwrap();
    }
    let keys = ["--activation-key", "a.key", "--encryption-key", "e.key"];
    let more = [&["-v", "--yes", "--layout", "volatile"], &keys[..]].concat();
    let output = harness.run(&Harness::provision("emu:v.img?chip=atecc608b", &more));
    let said = String::from_utf8(output.stderr).unwrap().to_uppercase();
    assert!(output.status.success() && said.contains("LOCK"), "{said}");
    assert!(!said.contains("F00DF00D"), "{said}");
}

/// Built without a command it says so, and with it nothing of the kind.
#[test]
fn what_was_left_out_of_the_program_is_said() {
    let harness = Harness::new();
    for (command, is_there) in [
        ("line", cfg!(feature = "line")),
        ("connect", cfg!(feature = "connect")),
    ] {
        let (code, said) = harness.fails(&[command, "--absent"]);
        assert_eq!(code, 2, "{said}");
        let absence = format!("built without {command}: ");
        assert_eq!(said.contains(&absence), !is_there, "{said}");
    }
}

#[test]
fn a_mistyped_word_is_guessed_at_every_level() {
    let harness = Harness::new();
    for (words, guess) in [
        (&["certt"][..], "'cert'"),
        (&["cert", "shoq"], "'show'"),
        (&["emulator", "creat", "x"], "'create'"),
        (&["settings", "exprt"], "'export'"),
        (&["sign", "--outt", "x"], "'--out'"),
        (&["config", "explan"], "'explain'"),
        (&["info", "--colour", "never"], "'--color'"),
    ] {
        let (code, said) = harness.fails(words);
        assert_eq!(code, 2, "{words:?}");
        assert!(said.contains("similar") && said.contains(guess), "{said}");
    }
}
