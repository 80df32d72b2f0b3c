//! One-byte answers to `Lock`.

use atecc::commands::LockTarget;
use atecc::error::{Cause, Executed};
use atecc::procedures::LockAndConfirm;
use atecc::{Opcode, Procedure, Slot, Status};
use serde::Deserialize;

use super::script::{Reply, Send, Transfer, run_with};
use super::typed::Typed;
use tests_vector_runner::{Checked, Verdict, same};

#[derive(Deserialize)]
pub(super) struct StatusCode {
    status: u8,
    result: Answer,
    retried: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Error(String),
    GaveUpAfterRetries(String),
    #[serde(untagged)]
    Ok(String),
}

/// What ours makes of a status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Ours {
    /// What is said of it.
    status: Status,
    /// Of a command that failed.
    executed: Option<Executed>,
    /// How often the command is sent by itself.
    sent: usize,
    /// Locks and reads of the lock bytes, where the chip stays open.
    confirmed: (usize, usize),
}

/// Whatever is answered to the lock, the chip stays open.
const SLOT: Slot = Slot::S0;
const OPEN: [u8; 4] = [0xFF, 0xFF, 0x00, 0x00];

/// What ours has to make of `status`: only what the chip has not executed is
/// sent again, four times; what it may have executed is looked at, and locked
/// again when it was not, three times. Source: ATECC508A datasheet,
/// "Status/Error Codes"; design: From a command to the bus.
fn expected(status: u8) -> Ours {
    let (executed, sent, confirmed) = match status {
        0x00 => (None, 1, (1, 0)),
        // Damaged on the way, or the watchdog too near.
        0xFF | 0xEE => (Some(Executed::No), 4, (4, 1)),
        // Refused.
        0x03 | 0x07 | 0x08 | 0x0F => (Some(Executed::No), 1, (1, 1)),
        _ => (Some(Executed::Unknown), 1, (3, 3)),
    };
    Ours {
        status: Status::from_byte(status),
        executed,
        sent,
        confirmed,
    }
}

/// The same meaning. The reference sends a lock again after most answers; ours
/// only when it certainly was not executed.
pub(super) fn status_code(row: &StatusCode) -> Checked {
    judge(row, &ours(row.status)?)
}

fn judge(row: &StatusCode, ours: &Ours) -> Checked {
    let wanted = expected(row.status);
    same("what ours does", *ours, wanted)?;
    let (Answer::Ok(theirs) | Answer::Error(theirs) | Answer::GaveUpAfterRetries(theirs)) =
        &row.result;
    same("meaning", &name(ours.status), theirs)?;
    match (wanted.sent > 1, row.retried) {
        (ours, theirs) if ours == theirs => Ok(Verdict::Pass),
        (false, true) => Ok(Verdict::Differs("a-lock-is-not-sent-again")),
        _ => Err("ours sends again what the reference does not".into()),
    }
}

fn ours(status: u8) -> Result<Ours, Box<dyn std::error::Error>> {
    let target = LockTarget::Slot(SLOT);
    let (result, log) = answering(status, Send::new([Typed::lock(target).request()?]));
    let (told, executed) = match result {
        Ok(_) => (Status::Success, None),
        Err(failure) => match failure.cause {
            Cause::Status { status, .. } => (status, Some(failure.executed)),
            Cause::Reset { .. } => (Status::AfterWake, Some(failure.executed)),
            _ => return Err(failure.into()),
        },
    };
    let (_, confirmed) = answering(status, LockAndConfirm::new(target));
    Ok(Ours {
        status: told,
        executed,
        sent: count(&log, Opcode::Lock),
        confirmed: (
            count(&confirmed, Opcode::Lock),
            count(&confirmed, Opcode::Read),
        ),
    })
}

/// On a chip that answers each lock with `status`.
fn answering<P: Procedure>(
    status: u8,
    procedure: P,
) -> (Result<P::Output, P::Error>, Vec<Transfer>) {
    run_with(procedure, |command| {
        let lock = command.first() == Some(&(Opcode::Lock as u8));
        Some(if lock {
            Reply::new(&[status])
        } else {
            Reply::new(&OPEN)
        })
    })
}

fn count(log: &[Transfer], opcode: Opcode) -> usize {
    let sent = log.iter().filter_map(Transfer::command);
    sent.filter(|command| command.first() == Some(&(opcode as u8)))
        .count()
}

/// The reference's name.
pub(super) fn name(status: Status) -> String {
    match status {
        Status::Success => "ok".into(),
        Status::Miscompare => ":checkmac_or_verify_miscompare".into(),
        Status::Parse => ":parse_error".into(),
        Status::EccFault => ":ecc_fault".into(),
        Status::SelfTest => ":self_test_error".into(),
        Status::HealthTest => ":health_test_error".into(),
        Status::Execution => ":execution_error".into(),
        Status::AfterWake => ":no_wake".into(),
        Status::Watchdog => ":watchdog_about_to_expire".into(),
        Status::Communication => ":crc_error".into(),
        other => format!("{{:unexpected_status, {}}}", other.byte()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tests_vector_runner::read_rows;

    /// No other answer than ours is accepted for any status.
    #[test]
    fn another_answer_fails() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/requests.json");
        let rows = read_rows::<StatusCode>(path.as_ref(), "status_codes").unwrap();
        assert_eq!(rows.len(), 256);
        for (name, row) in rows {
            let row = row.unwrap();
            let right = ours(row.status).unwrap();
            assert!(judge(&row, &right).is_ok(), "{name}");
            let other = match right.executed {
                Some(Executed::No) => Executed::Unknown,
                _ => Executed::No,
            };
            for wrong in [
                Ours {
                    status: Status::from_byte(row.status ^ 0x40),
                    ..right
                },
                Ours {
                    executed: Some(other),
                    ..right
                },
                Ours {
                    sent: if right.sent == 1 { 4 } else { 1 },
                    ..right
                },
                Ours {
                    sent: right.sent + 1,
                    ..right
                },
                Ours {
                    confirmed: (right.confirmed.0 + 1, right.confirmed.1),
                    ..right
                },
                Ours {
                    confirmed: (right.confirmed.0, right.confirmed.1 + 1),
                    ..right
                },
            ] {
                assert!(judge(&row, &wrong).is_err(), "{name}: {wrong:?}");
            }
        }
    }
}
