//! One-byte answers to `Lock`.

use atecc::commands::LockTarget;
use atecc::{Cause, Slot, Status};
use serde::Deserialize;

use super::script::{Reply, Send, run};
use super::typed::Typed;
use crate::tally::{Checked, Verdict, holds, same};

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

/// The same meaning. The reference sends a lock again after most answers; ours
/// only when it certainly was not executed.
pub(super) fn status_code(row: &StatusCode) -> Checked {
    let lock = Typed::lock(LockTarget::Slot(Slot::ALL[0]));
    let (result, log) = run(Send::new([lock.request()?]), &[Reply::new(&[row.status])]);
    let status = match result {
        Ok(_) => Status::Success,
        Err(failure) => match failure.cause {
            Cause::Status { status, .. } => status,
            Cause::Reset { .. } => Status::AfterWake,
            _ => return Err(failure.into()),
        },
    };
    same("status", status.byte(), row.status)?;
    let (Answer::Ok(theirs) | Answer::Error(theirs) | Answer::GaveUpAfterRetries(theirs)) =
        &row.result;
    same("meaning", &name(status), theirs)?;
    let sent = log.iter().filter(|transfer| transfer.is_command()).count();
    match (sent, row.retried) {
        (1, false) => Ok(Verdict::Pass),
        (1, true) => Ok(Verdict::Differs("a-lock-is-not-sent-again")),
        (_, retried) => {
            let not_executed = matches!(status, Status::Communication | Status::Watchdog);
            holds("both send it again", not_executed && retried)?;
            Ok(Verdict::Pass)
        }
    }
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
        Status::Unknown(byte) => format!("{{:unexpected_status, {byte}}}"),
    }
}
