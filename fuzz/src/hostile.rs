//! A chip that answers a procedure with whatever the fuzzer likes.

use arbitrary::Unstructured;
use atecc::group::Group;
use atecc::procedure::Run;
use atecc::session::{Outcome, Step};
use atecc::{Procedure, Timing};

/// More steps than any procedure may take, however the chip behaves.
const STEPS: u32 = 100_000;

/// Run `procedure` to its end; `script` says what comes of each step. When it
/// is used up, nothing is acknowledged any more.
///
/// # Panics
/// When the procedure does not end.
pub fn run<P: Procedure>(
    procedure: P,
    script: &mut Unstructured<'_>,
) -> Result<P::Output, P::Error> {
    let mut run = Run::new(procedure, Timing::default());
    for _ in 0..STEPS {
        let outcome = match run.step() {
            Step::Done => return run.finish(),
            Step::Wait(_) => Outcome::Done,
            Step::Wake => acknowledged(script),
            Step::Write(bytes) => {
                assert!(
                    bytes.len() <= 1 + atecc::group::MAX_GROUP,
                    "{} bytes",
                    bytes.len()
                );
                acknowledged(script)
            }
            Step::Read(buffer) => {
                let outcome = acknowledged(script);
                if outcome == Outcome::Done {
                    fill(buffer, script);
                }
                outcome
            }
        };
        run.advance(outcome);
    }
    panic!("the procedure does not end");
}

/// Most steps go well, so that the later ones are reached.
fn acknowledged(script: &mut Unstructured<'_>) -> Outcome {
    match script.arbitrary::<u8>() {
        Ok(0..=15) | Err(_) => Outcome::Nack,
        Ok(16) => Outcome::Fault,
        Ok(_) => Outcome::Done,
    }
}

/// A wake response, a sound group, or just bytes.
fn fill(buffer: &mut [u8], script: &mut Unstructured<'_>) {
    buffer.fill(0xFF);
    match script.arbitrary::<u8>().unwrap_or(0) {
        0..=95 => put(buffer, &[0x11]),
        96..=127 => put(buffer, &[script.arbitrary().unwrap_or(0)]),
        128..=223 => {
            let len = script.int_in_range(1..=99).unwrap_or(1);
            match script.bytes(len.min(script.len())) {
                Ok(body @ [_, ..]) => put(buffer, body),
                _ => put(buffer, &[0]),
            }
        }
        _ => {
            let len = buffer.len().min(script.len());
            for (to, from) in buffer.iter_mut().zip(script.bytes(len).unwrap_or(&[])) {
                *to = *from;
            }
        }
    }
}

/// The group around `body`, as far as the host reads it.
fn put(buffer: &mut [u8], body: &[u8]) {
    let group = Group::new(body).expect("the script's bodies are short");
    for (to, from) in buffer.iter_mut().zip(group.as_bytes()) {
        *to = *from;
    }
}
