//! Whole conversations on the bus, transfer by transfer.
//!
//! The reference's server begins its life with a sleep token for whatever it
//! finds on the bus; that one is set aside.

use std::error::Error;

use atecc::BusAddress;
use atecc::commands::InfoRevision;
use serde::Deserialize;

use super::script::{Reply, Send, Transfer, comparable, payload, run};
use super::typed::Typed;
use tests_vector_runner::{Checked, Hex, Verdict, holds, same};

#[derive(Deserialize)]
pub(super) struct Conversation {
    address: u8,
    bus: Vec<OnBus>,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum OnBus {
    Write {
        addr: u8,
        data: Hex,
        ack: bool,
    },
    Read {
        addr: u8,
        len: usize,
        ack: bool,
        data: Option<Hex>,
    },
}

/// From a wake to the sleep after it.
type Session = Vec<Transfer>;

/// Each session of the reference is run here with the same commands and the
/// same answers, and gives the same transfers.
pub(super) fn conversation(row: &Conversation) -> Checked {
    let address = BusAddress::new(row.address)?.get();
    let sessions = sessions(row, address)?;
    let mut verdict = Verdict::Differs("nothing-without-a-command");
    let mut given_up: Option<Session> = None;
    for session in sessions {
        if !session.iter().any(Transfer::is_command) {
            detection(&session)?;
        } else if !answered(&session) {
            holds("one attempt is given up at a time", given_up.is_none())?;
            given_up = Some(session);
        } else if let Some(first) = given_up.take() {
            let joined = joined(first, &session)?;
            replay(&joined)?;
            verdict = Verdict::Differs("polls-on");
        } else {
            replay(&session)?;
            if verdict == Verdict::Differs("nothing-without-a-command") {
                verdict = Verdict::Pass;
            }
        }
    }
    holds("every attempt has an end", given_up.is_none())?;
    if verdict == Verdict::Differs("nothing-without-a-command") {
        let (result, log) = run(Send::new([]), &[]);
        same("answers", result?.len(), 0)?;
        same("transfers", log, Vec::new())?;
    }
    Ok(verdict)
}

fn sessions(row: &Conversation, address: u8) -> Result<Vec<Session>, Box<dyn Error>> {
    let mut sessions: Vec<Session> = Vec::new();
    for transfer in &row.bus {
        let transfer = match transfer {
            OnBus::Write { addr: 0, data, .. } if data.0 == [0x00] => {
                sessions.push(Vec::new());
                Transfer::Wake
            }
            OnBus::Write { addr, data, ack } => {
                same("address", *addr, address)?;
                holds(
                    "a chip that is awake acknowledges",
                    *ack || sessions.is_empty(),
                )?;
                Transfer::Write(data.0.clone())
            }
            OnBus::Read {
                addr,
                len,
                ack,
                data,
            } => {
                same("address", *addr, address)?;
                let data = data.as_ref().map(|data| data.0.clone());
                holds("what is acknowledged has data", *ack == data.is_some())?;
                Transfer::Read(*len, data)
            }
        };
        match sessions.last_mut() {
            Some(session) => session.push(transfer),
            None => same("first transfer", transfer, Transfer::sleep())?,
        }
    }
    Ok(sessions)
}

/// The reference asks whether a chip is there with a wake alone; ours with a
/// command, which begins with the same wake and ends with the same sleep.
fn detection(session: &[Transfer]) -> Result<(), Box<dyn Error>> {
    let (_, ours) = run(
        Send::new([Typed::InfoRevision(InfoRevision).request()?]),
        &[Reply::new(&[0x00, 0x00, 0x60, 0x02])],
    );
    let (last, first) = session.split_last().ok_or("an empty session")?;
    let ours = comparable(&ours)?;
    holds("the same wake", ours.starts_with(first))?;
    same("last transfer", ours.last(), Some(last))
}

/// Whether the last command has an answer.
fn answered(session: &[Transfer]) -> bool {
    session
        .rsplit(Transfer::is_command)
        .next()
        .is_some_and(|after| {
            after
                .iter()
                .any(|transfer| matches!(transfer, Transfer::Read(_, Some(_))))
        })
}

/// The reference gave up, slept and sent the command again; ours looks again,
/// and finds the answer that the second attempt got.
fn joined(mut first: Session, second: &[Transfer]) -> Result<Session, Box<dyn Error>> {
    let command = |session: &[Transfer]| session.iter().rfind(|one| one.is_command()).cloned();
    same("command", command(&first), command(second))?;
    same("end", first.pop(), Some(Transfer::sleep()))?;
    let from = second.len().saturating_sub(2);
    first.extend_from_slice(&second[from..]);
    Ok(first)
}

/// Run the commands of `session` with its answers.
fn replay(session: &[Transfer]) -> Result<(), Box<dyn Error>> {
    let mut typed = Vec::new();
    let mut requests = Vec::new();
    let mut replies: Vec<Reply> = Vec::new();
    for transfer in session {
        match (transfer, replies.last_mut()) {
            (Transfer::Write(bytes), _) if transfer.is_command() => {
                let end = bytes.len().saturating_sub(2);
                let theirs = bytes.get(2..end).ok_or("a short command")?;
                let command = Typed::from_payload(theirs).ok_or("ours has no such command")?;
                let request = command.request()?;
                same("command", payload(&request).as_slice(), theirs)?;
                typed.push(command);
                requests.push(request);
                replies.push(Reply {
                    busy: 0,
                    group: Vec::new(),
                });
            }
            (Transfer::Read(_, None), Some(reply)) => reply.busy += 1,
            (Transfer::Read(_, Some(group)), Some(reply)) => reply.group.clone_from(group),
            _ => {}
        }
    }
    let (result, ours) = run(Send::new(requests), &replies);
    let mut theirs = session.to_vec();
    theirs.retain(|transfer| !matches!(transfer, Transfer::Read(_, None)));
    same("transfers", comparable(&ours)?, theirs)?;
    for (command, payload) in typed.iter().zip(result?) {
        command.decode(&payload)?;
    }
    Ok(())
}
