//! A station that works through chips, which are put on its bus one after the
//! other and taken off it again.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::bench::Bench;

/// A process that is killed when dropped, and the lines that it prints.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn new(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("it has ended").unwrap()
    }

    /// The next event, or the one after the steps of a chip.
    fn event(&mut self) -> Value {
        loop {
            let event: Value = serde_json::from_str(&self.line()).unwrap();
            if event["event"] != "step" {
                return event;
            }
        }
    }

    fn interrupt(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status();
        assert!(kill.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A bus without a chip, and a station that works on it.
struct Loop {
    bench: Bench,
    _served: Running,
    station: Running,
}

impl Loop {
    fn new(bus: &str, more: &[&str]) -> Self {
        let bench = Bench::with_batch();
        let empty = format!("{bus}=");
        let serve = ["emulator", "serve", "--socket", "s", "--bus", &empty];
        let mut served = Running::new(bench.command(&[&serve[..], &["--times", "fast"]].concat()));
        while !served.line().contains("NERVES_KEY_DEVICE=") {}
        let devices = [format!("unix:s?bus={bus}")];
        let mut arguments = Bench::line_run(&devices, &["--json"]);
        arguments.retain(|word| *word != "--once");
        arguments.extend(more);
        let mut station = Running::new(bench.command(&arguments));
        assert_eq!(station.event()["event"], "waiting");
        Self {
            bench,
            _served: served,
            station,
        }
    }

    fn plug(&self, image: &str) {
        self.bench
            .done(&["emulator", "plug", "--socket", "s", image]);
    }

    fn unplug(&self) {
        self.bench
            .done(&["emulator", "unplug", "--socket", "s", "0x60"]);
    }
}

#[test]
fn three_chips_one_after_the_other() {
    let mut line = Loop::new("4000061", &[]);
    let images = ["1.img", "2.img", "3.img"];
    for (image, serial) in images
        .iter()
        .zip(["ACME-000001", "ACME-000002", "ACME-000003"])
    {
        line.plug(image);
        let passed = line.station.event();
        assert_eq!(passed["event"], "pass", "{passed}");
        assert_eq!(passed["unit"]["serial"], serial);
        line.unplug();
        assert_eq!(line.station.event()["event"], "waiting");
    }
    // One that comes back is recognized.
    line.plug("2.img");
    let passed = line.station.event();
    assert_eq!(passed["ending"], "before", "{passed}");
    line.unplug();
    assert_eq!(line.station.interrupt(), Some(0));
    line.bench
        .audit(&images.map(|image| format!("emu:{image}")));
    assert_eq!(line.bench.units().len(), 3);
}

/// Taken off in each part of its run, and put on again: it goes on with the same
/// serial, and ends as if nothing had been.
#[test]
fn a_chip_that_is_taken_away_in_the_middle_goes_on() {
    let mut line = Loop::new("4000062", &[]);
    line.plug("1.img");
    let mut interruptions = 0;
    for at in [
        "write configuration zone word 5",
        "create the device key",
        "write slot 8",
        "lock slot 11",
    ] {
        let passed = loop {
            let event: Value = serde_json::from_str(&line.station.line()).unwrap();
            match event["event"].as_str() {
                Some("pass") => break true,
                Some("step") if event["what"].as_str().unwrap().starts_with(at) => break false,
                Some("step") => {}
                _ => panic!("{event}"),
            }
        };
        line.unplug();
        // The last steps may have been faster.
        if passed || line.station.event()["event"] == "pass" {
            break;
        }
        assert_eq!(line.station.event()["event"], "waiting");
        line.plug("1.img");
        interruptions += 1;
    }
    if interruptions == 4 {
        assert_eq!(line.station.event()["event"], "pass");
        line.unplug();
    }
    assert!(interruptions >= 3, "{interruptions}");
    assert_eq!(line.station.event()["event"], "waiting");
    assert_eq!(line.station.interrupt(), Some(1), "some runs have failed");
    let units = line.bench.units();
    assert_eq!(units.len(), 1);
    assert_eq!(units[0]["serial"], "ACME-000001");
    assert_eq!(units[0]["state"], "verified");
    line.bench.audit(&["emu:1.img".to_owned()]);
}
