//! A driver, judged by the recorded chip.
//!
//! Each command of a transcript is given to the driver by itself; and where the
//! transcript names a scenario that the caller knows, the driver performs it.

use atecc::command::Request;
use atecc::error::Cause as FailureCause;
use atecc::group::parse_group;
use atecc::procedure::{Answer, Next};
use atecc::{BusAddress, Device, Error, Failure, Procedure};
use atecc_decode::AnyCommand;
use atecc_transcript::{Cause, Transcript, exchanges};

use crate::codec::refused;
use crate::describe;
use crate::emulator::redacted;
use crate::judgement::{Item, Judge, Judged, Verdict, hex};
use crate::reason::Reason;
use crate::replay::{Replay, Spoken, spoken};
use crate::scenario::Scenario;

/// A driver to be judged.
pub trait Driver {
    /// Perform the command of this group on the chip at `address`, from its
    /// wake to its sleep, and give back the payload that the driver
    /// understood.
    ///
    /// # Errors
    /// [`Refused`].
    fn command(&self, group: &[u8], address: u8, bus: Replay) -> Result<Vec<u8>, Refused>;
}

/// Why a driver has no payload.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// It has no such form of the command, and sent nothing.
    #[error("the driver has no such command")]
    NoSuchCommand,
    /// The chip answered this status, and the driver says so.
    #[error("status {0:02X}")]
    Status(u8),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Judge `driver` by `transcript`.
pub(crate) fn judge(
    transcript: &Transcript,
    driver: &dyn Driver,
    scenarios: &[Scenario],
    judged: &mut Judged,
) {
    let address = transcript.header.address;
    for exchange in exchanges(address, &transcript.lines) {
        let Cause::Command(group) = &exchange.cause else {
            continue;
        };
        let response = exchange.response().unwrap_or_default();
        let verdict = if redacted(&transcript.lines, &exchange) {
            Verdict::Skipped(Reason::Redacted)
        } else if response.is_empty() {
            Verdict::Skipped(Reason::NoAnswer)
        } else {
            command(driver, address, group, response)
        };
        let item = Item::Action(exchange.line + 1);
        judged.add(Judge::Driver, item, describe::name(group), verdict);
    }
    if let Some(name) = &transcript.header.story {
        let verdict = match scenarios.iter().find(|scenario| scenario.name == *name) {
            Some(scenario) => perform(scenario, transcript),
            None => Verdict::differs("a scenario that is known", name.clone()),
        };
        judged.add(Judge::Driver, Item::Whole, format!("story {name}"), verdict);
    }
}

/// One command by itself.
fn command(driver: &dyn Driver, address: u8, group: &[u8], response: &[u8]) -> Verdict {
    let script = Spoken {
        command: group.to_vec(),
        response: response.to_vec(),
    };
    let replay = Replay::by_groups(address, [script]);
    let understood = driver.command(group, address, replay.clone());
    let none = refused(group, Some(response)) && replay.is_untouched();
    if none || understood == Err(Refused::NoSuchCommand) {
        return Verdict::Skipped(Reason::NotTyped);
    }
    if let Some(difference) = replay.difference() {
        return Verdict::Failed(difference);
    }
    let Ok(payload) = parse_group(response) else {
        // A damaged answer must not be taken for one.
        return match understood {
            Ok(payload) => Verdict::differs("an error", hex(&payload)),
            Err(_) => Verdict::Passed,
        };
    };
    match (understood, payload) {
        (Ok(understood), payload) if understood == payload => Verdict::Passed,
        (Err(Refused::Status(status)), [recorded]) if status == *recorded => Verdict::Passed,
        (Ok(understood), _) => Verdict::differs(hex(payload), hex(&understood)),
        (Err(refused), _) => Verdict::differs(
            describe::response(Some(group), response),
            refused.to_string(),
        ),
    }
}

/// This very driver, as recordings name it.
const HOST: &str = concat!("atecc ", env!("CARGO_PKG_VERSION"));

/// A scenario: this very driver action by action, others, its earlier versions
/// among them, by their command groups.
fn perform(scenario: &Scenario, transcript: &Transcript) -> Verdict {
    let host = transcript.header.host.as_deref().unwrap_or_default();
    let script = spoken(transcript);
    let replay = if host == HOST {
        Replay::by_actions(transcript)
    } else {
        Replay::by_groups(transcript.header.address, script.clone())
    };
    let told = (scenario.perform)(&script, transcript.header.address, replay.clone());
    match (replay.difference(), told) {
        (Some(difference), _) => Verdict::Failed(difference),
        (None, Err(wrong)) => Verdict::differs("the scenario as recorded", wrong),
        (None, Ok(())) => Verdict::Passed,
    }
}

/// The driver of the crate `atecc`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Atecc;

/// A device of `atecc` on the recorded chip.
pub(crate) fn device(address: u8, bus: Replay) -> Result<Device<Replay, Replay>, String> {
    let address = BusAddress::new(address).map_err(|error| error.to_string())?;
    Ok(Device::new(bus.clone(), bus).with_address(address))
}

impl Driver for Atecc {
    fn command(&self, group: &[u8], address: u8, bus: Replay) -> Result<Vec<u8>, Refused> {
        let command =
            AnyCommand::parse(group).map_err(|error| Refused::Other(error.to_string()))?;
        let request = command.request().ok_or(Refused::NoSuchCommand)?;
        let mut device = device(address, bus).map_err(Refused::Other)?;
        let sent = device.run(Say(Some(request)));
        let payload = sent.map_err(|error| match error {
            Error::Failed(Failure {
                cause: FailureCause::Status { status, .. },
                ..
            }) => Refused::Status(status.byte()),
            error => Refused::Other(error.to_string()),
        })?;
        // What the typed response holds, not what was received.
        let group = crate::seal::seal(&payload);
        let response = command.parse_response(&group);
        let response = response.map_err(|error| Refused::Other(error.to_string()))?;
        Ok(response.payload())
    }
}

/// One request, and its payload.
struct Say(Option<Request>);

impl Procedure for Say {
    type Output = Vec<u8>;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Vec<u8>, Failure> {
        match (answer, self.0.take()) {
            (Answer::Start, Some(request)) => Next::Send(request),
            (Answer::Payload(payload), _) => Next::Done(Ok(payload.to_vec())),
            (Answer::Failed(failure), _) => Next::failed(failure),
            (Answer::Start, None) => Next::failed(FailureCause::NoCommand.before_execution()),
        }
    }
}
