//! What becomes of the ledger's file: one that may only be read, and one that is
//! replaced under a station.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nerves_key_line::{Database, Sqlite};
use serde_json::Value;

use crate::bench::Bench;

/// Debian's `nobody`, who owns nothing.
const NOBODY: u32 = 65534;

/// Somebody whose rights the files' modes are.
struct Reader<'a> {
    bench: &'a Bench,
    program: std::path::PathBuf,
}

impl<'a> Reader<'a> {
    /// Root may write wherever it is: then it is somebody else.
    fn new(bench: &'a Bench) -> Self {
        let program = bench.path().join("nerves-key");
        fs::copy(env!("CARGO_BIN_EXE_nerves-key"), &program).unwrap();
        Self { bench, program }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.current_dir(self.bench.path()).args(arguments);
        command.env("NERVES_KEY_LEDGER", "line.db");
        command.env("NERVES_KEY_STATION", "office");
        if fs::metadata(self.bench.path()).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().unwrap()
    }

    fn can_look(&self) {
        for arguments in [
            &["line", "status"][..],
            &["line", "audit"],
            &["line", "export", "--batch", "b", "--for", "csv"],
        ] {
            let output = self.run(arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {said}");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(!said.is_empty(), "{arguments:?}");
        }
        let output = self.run(&["line", "scrap", "0123000000000000EE", "--reason", "x"]);
        assert_eq!(output.status.code(), Some(4), "it knows no such chip");
        let output = self.run(&["line", "batch", "other.toml"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("readonly"), "{said}");
    }
}

fn mode(bench: &Bench, name: &str, mode: u32) {
    fs::set_permissions(bench.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn who_may_only_read_the_file_can_look() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.done(&Bench::line_run(&devices, &[]));
    let other = crate::bench::BATCH.replace("\"b\"", "\"c\"");
    bench.write("other.toml", &other);
    let reader = Reader::new(&bench);
    // In a folder that cannot be written to, where a file has no other beside it.
    mode(&bench, "line.db", 0o444);
    mode(&bench, "", 0o555);
    reader.can_look();
    // While a station is at work.
    mode(&bench, "", 0o755);
    mode(&bench, "line.db", 0o644);
    let path = bench.path().join("line.db");
    let mut station = Sqlite::open(&path).unwrap();
    station.transaction(&mut |_| Ok(())).unwrap();
    assert!(bench.path().join("line.db-wal").exists());
    mode(&bench, "", 0o555);
    reader.can_look();
    mode(&bench, "", 0o755);
}

/// A station notices before it changes the next chip.
#[test]
fn a_file_that_is_replaced_under_a_station_stops_it() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    let late = ["emu:late.img".to_owned()];
    let mut arguments = Bench::line_run(&late, &["--json"]);
    arguments.retain(|word| *word != "--once");
    let mut child = bench.command(&arguments);
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["event"], "waiting");
    let [path, copy] = ["line.db", "copy.db"].map(|name| bench.path().join(name));
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    fs::rename(
        bench.path().join("chip0.img"),
        bench.path().join("late.img"),
    )
    .unwrap();
    let failed = next();
    assert_eq!(failed["event"], "fail", "{failed}");
    let cause = failed["cause"].as_str().unwrap();
    assert!(cause.contains("removed or replaced"), "{cause}");
    assert_eq!(failed["exit_code"], 1);
    let id = child.id().to_string();
    Command::new("kill").args(["-INT", &id]).status().unwrap();
    child.wait().unwrap();
    let info = bench.json(&["info", "--device", "emu:late.img"]);
    assert_eq!(info["stage"], "blank", "{info}");
    assert_eq!(devices.len(), 1);
}

/// A disk without room is no ledger that may only be read, and no empty file stays.
#[test]
fn a_ledger_that_has_no_room_is_not_begun() {
    let bench = Bench::new();
    let init = bench.command(&["line", "init", "--ledger", "new.db"]);
    let mut limited = Command::new("sh");
    // A signal would end what is to be refused with an error.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]);
    limited.arg(init.get_program()).args(init.get_args());
    let output = limited.current_dir(bench.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("new.db: ") && said.contains("room"), "{said}");
    assert!(!said.contains("readonly"), "{said}");
    assert!(!bench.path().join("new.db").exists());
    bench.done(&["line", "init", "--ledger", "new.db"]);
}

/// Whoever opens a pipe waits for somebody who writes to it.
#[test]
fn a_pipe_is_no_ledger() {
    let bench = Bench::new();
    let path = bench.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let (sender, opened) = mpsc::channel();
    thread::spawn(move || sender.send(Sqlite::open(&path).map(|_| ())));
    let error = opened.recv_timeout(Duration::from_secs(20)).unwrap();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("no regular file"), "{error}");
}
