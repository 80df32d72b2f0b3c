//! Drivers of other projects: what is right passes, what is wrong is named.

use std::path::Path;

use atecc_conformance::{
    Case, Driver, Engine, Judge, Judged, Refused, Replay, Scenario, Spoken, Verdict,
};
use embedded_hal::i2c::I2c;

/// A driver of a few lines, with a fault of choice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Simple {
    Right,
    /// Bit 5 of each opcode.
    Opcode,
    /// The CRC is not looked at, and its first byte given to the caller.
    Payload,
    /// A command is said twice.
    Twice,
    /// A status is taken for success.
    Status,
}

impl Driver for Simple {
    fn command(&self, group: &[u8], address: u8, mut bus: Replay) -> Result<Vec<u8>, Refused> {
        let nack = |nack: atecc_conformance::Nack| Refused::Other(nack.to_string());
        let _ = bus.write(0x00, &[0x00]);
        let mut bytes = [&[0x03], group].concat();
        if *self == Self::Opcode {
            bytes[2] ^= 0x20;
        }
        bus.write(address, &bytes).map_err(nack)?;
        if *self == Self::Twice {
            bus.write(address, &bytes).map_err(nack)?;
        }
        let mut answer = [0; 155];
        bus.read(address, &mut answer).map_err(nack)?;
        bus.write(address, &[0x01]).map_err(nack)?;
        let payload = atecc::group::parse_group(&answer);
        let payload = payload.map_err(|error| Refused::Other(error.to_string()))?;
        match (self, payload) {
            (Self::Payload, payload) => Ok(answer[1..payload.len() + 2].to_vec()),
            (Self::Status, _) => Ok(vec![0]),
            (_, [status @ 0x03..=0xFF]) => Err(Refused::Status(*status)),
            (_, payload) => Ok(payload.to_vec()),
        }
    }
}

fn judged(driver: Simple, scenarios: Vec<Scenario>) -> Judged {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/transcripts/atecc608a/rusty-608a-info.txt"
    );
    let case = Case::load(Path::new(path)).unwrap();
    Engine::with_driver(driver, scenarios).judge(&case)
}

fn info() -> Scenario {
    Scenario::new("info", |script: &[Spoken], address, bus: Replay| {
        let answer = Simple::Right.command(&script[0].command, address, bus);
        answer.map(|_| ()).map_err(|refused| refused.to_string())
    })
}

#[test]
fn a_right_driver_passes() {
    let judged = judged(Simple::Right, vec![info()]);
    let own = judged
        .findings
        .iter()
        .filter(|one| one.judge == Judge::Driver);
    let verdicts: Vec<_> = own.map(|one| &one.verdict).collect();
    assert_eq!(verdicts, [&Verdict::Passed; 2]);
}

#[test]
fn faults_are_named() {
    for (driver, told) in [
        (
            Simple::Opcode,
            "expected 0730000000035D (Info revision), got 0710",
        ),
        (Simple::Payload, "expected 00006002, got 0000600280"),
        (Simple::Twice, "expected nothing more, got 0730000000035D"),
        (Simple::Status, "expected 00006002, got 00"),
    ] {
        let failures: Vec<_> = judged(driver, vec![info()]).failures().collect();
        assert_eq!(failures.len(), 1, "{driver:?}: {failures:#?}");
        assert!(failures[0].contains(told), "{driver:?}: {failures:#?}");
    }
}

#[test]
fn stories_fail_on_what_is_not_done() {
    let idle = |_: &[Spoken], _, _: Replay| Ok(());
    let wrong = |_: &[Spoken], address, bus: Replay| {
        let group = atecc::command::Request::new(&atecc::commands::InfoRevision).unwrap();
        let answer = Simple::Right.command(&group.as_bytes()[1..], address, bus);
        answer.map_err(|refused| refused.to_string())?;
        Err("not understood".to_owned())
    };
    for (scenarios, told) in [
        (vec![], "expected a scenario that is known, got info"),
        (vec![Scenario::new("info", idle)], "got nothing more"),
        (vec![Scenario::new("info", wrong)], "got not understood"),
    ] {
        let failures: Vec<_> = judged(Simple::Right, scenarios).failures().collect();
        assert_eq!(failures.len(), 1, "{failures:#?}");
        assert!(failures[0].contains(told), "{failures:#?}");
    }
}
