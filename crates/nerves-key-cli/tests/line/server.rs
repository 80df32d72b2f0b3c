//! A server that is away, or says nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use tests_postgres::{OWNER, Server};

use crate::bench::Bench;

/// Longer than a station may be held up by a server: two answers and the
/// connections between them.
const LONGEST: Duration = Duration::from_secs(60);

/// None where there is no `PostgreSQL`, which is said.
pub(crate) fn server() -> Option<Server> {
    let server = Server::start();
    if server.is_none() {
        println!("left out: there is no PostgreSQL (Debian's package postgresql)");
    }
    server
}

/// A program for a hook, which says that it has begun and ends when it may.
pub(crate) fn gate(bench: &Bench) {
    let text = "#!/bin/sh\ntouch begun\nwhile [ ! -e go ]; do sleep 0.05; done\n";
    bench.write("gate", text);
    let path = bench.path().join("gate");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn wait_for(bench: &Bench, name: &str) {
    let begin = Instant::now();
    while !bench.path().join(name).exists() {
        assert!(begin.elapsed() < LONGEST, "there is no {name}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The server is stopped where it stands while a chip is in hand: the chip fails
/// before its next step, what is on it is what the ledger says, and it goes on
/// when the server does.
#[test]
fn a_stopped_server_fails_the_chip_in_hand() {
    let Some(server) = server() else {
        return;
    };
    let bench = Bench::on(server.url(OWNER)).loaded();
    let devices = bench.chips(1);
    gate(&bench);
    let mut command = bench.command(&Bench::line_run(&devices, &["--on-start", "./gate"]));
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    wait_for(&bench, "begun");
    server.freeze();
    let begin = Instant::now();
    bench.write("go", "");
    let output = child.unwrap().wait_with_output().unwrap();
    assert!(begin.elapsed() < LONGEST, "{:?}", begin.elapsed());
    server.thaw();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("FAIL"), "{said}");
    assert!(said.contains("no answer within"), "{said}");
    // It has a key, whose public half the ledger was to be told.
    let info = bench.json(&["info", "--device", &devices[0]]);
    assert_eq!(info["locks"]["data"], false, "{info}");
    bench.done(&Bench::line_run(&devices, &[]));
    bench.audit(&devices);
    assert_eq!(bench.units()[0]["serial"], "ACME-000001");
}
