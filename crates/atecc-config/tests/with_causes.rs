//! A refusal is explained also where its procedure looks at the chip once more
//! before it gives up.

use atecc::commands::LockTarget;
use atecc::error::Cause;
use atecc::procedure::{Answer, Next};
use atecc::procedures::LockAndConfirm;
use atecc::{ConfigZone, Opcode, Procedure, Slot, Status};
use atecc_config::{Explanation, Known, WithCauses};

#[test]
fn a_refused_lock_has_its_cause() {
    let lock = LockAndConfirm::new(LockTarget::Slot(Slot::S3));
    let mut procedure = WithCauses::new(lock);
    let cause = Cause::Status {
        opcode: Opcode::Lock,
        parameters: [0x0E, 0, 0],
        status: Status::Execution,
    };
    // Locked, and slot 3 may not be locked by itself (KeyConfig 001C).
    let mut zone = [0; 128];
    zone[..4].copy_from_slice(&[0x01, 0x23, 0x45, 0x67]);
    zone[6] = 0x60;
    zone[88..90].fill(0xFF);
    zone[102] = 0x1C;
    let is_sent = |next| matches!(next, Next::Send(_));
    assert!(is_sent(procedure.resume(Answer::Start)));
    assert!(is_sent(
        procedure.resume(Answer::Failed(cause.before_execution()))
    ));
    // Word 22: open still.
    let open = [0xFF, 0xFF, 0, 0];
    assert!(is_sent(procedure.resume(Answer::Payload(&open))));
    let mut end = None;
    for block in zone.chunks(32) {
        match procedure.resume(Answer::Payload(block)) {
            Next::Send(_) => {}
            Next::Done(result) => end = Some(result),
        }
    }
    let refused = end.unwrap().unwrap().unwrap_err();
    assert_eq!(refused.failure.refusal(), Some(Status::Execution));
    let text = refused.explanation.unwrap().to_string();
    assert!(text.contains("KeyConfig.Lockable is 0"), "{text}");
}

/// Where a rule is in the way the same command is refused again, else perhaps not.
#[test]
fn a_refusal_without_a_rule_is_transient() {
    let mut zone = [0; 128];
    // Locked: configuration, data and OTP. Slot 1 holds data, slot 0 a private key.
    zone[20] = 0x87;
    zone[96] = 0x33;
    let explain = |zone: &[u8; 128], opcode, parameters| {
        let cause = Cause::Status {
            opcode,
            parameters,
            status: Status::Execution,
        };
        let zone = ConfigZone(*zone);
        Explanation::new(&zone, &cause.before_execution(), Known::default()).unwrap()
    };
    assert!(explain(&zone, Opcode::Random, [0, 0, 0]).is_transient());
    // Sign of an external digest.
    assert!(!explain(&zone, Opcode::Sign, [0x80, 1, 0]).is_transient());
    zone[87] = 0x55;
    assert!(!explain(&zone, Opcode::Sign, [0x80, 0, 0]).is_transient());
}
