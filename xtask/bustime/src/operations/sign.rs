//! Signatures over a digest by the device key.

use atecc::procedure::{Answer, Next};
use atecc::procedures::SignDigest;
use atecc::{Failure, Procedure};
use nerves_key::SignVerified;
use nerves_key_schema::Layout;

use super::certificates::public_key;
use super::{Error, Operation, State};
use crate::bench::Bench;
use crate::floor::{ChipCommand, Need, Session};

const DIGEST: [u8; 32] = [0x5A; 32];
/// The device key.
const KEY: u16 = 0;

/// By a driver that has not met the chip.
pub(super) const COLD: Operation = Operation {
    name: "sign, cold",
    starts_from: State::Finished(Layout::Standard),
    clocks: super::ANY_CLOCK,
    prepare: None,
    run: sign,
    needs: |_| vec![signature()],
};

/// By one that has signed with it.
pub(super) const WARM: Operation = Operation {
    name: "sign, warm",
    prepare: Some(sign),
    ..COLD
};

/// As the command does: the public half of the key is asked for in the same
/// session, since another program may put another digest in between.
pub(super) const VERIFIED: Operation = Operation {
    name: "sign, verified",
    run: |bench| {
        bench.device.run(SignVerified::new(DIGEST))?;
        Ok(())
    },
    needs: |_| {
        let mut session = vec![public_key()];
        session.extend(signature());
        vec![session]
    },
    ..COLD
};

/// One procedure of a program's own.
pub(super) const IN_ONE_SESSION: Operation = Operation {
    name: "100 signatures, one session",
    run: |bench| {
        bench.device.run(Row::default())?;
        Ok(())
    },
    needs: |_| vec![(0..ROW).flat_map(|_| signature()).collect()],
    ..COLD
};

/// Each by itself, as the callers of a library do; the floor is that of one
/// session, since nothing needs more.
pub(super) const IN_A_ROW: Operation = Operation {
    name: "100 signatures, a session each",
    run: |bench| (0..ROW).try_for_each(|_| sign(bench)),
    ..IN_ONE_SESSION
};

const ROW: u8 = 100;

/// Signatures one after the other.
#[derive(Debug, Default)]
struct Row {
    done: u8,
    signing: Option<SignDigest>,
}

impl Procedure for Row {
    type Output = ();
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), Failure> {
        let mut answer = answer;
        while self.done < ROW {
            let signing = self.signing.get_or_insert_with(|| nerves_key::sign(DIGEST));
            match signing.resume(answer) {
                Next::Done(Ok(_)) => self.done += 1,
                next => return next.map(|_| ()),
            }
            self.signing = None;
            answer = Answer::Start;
        }
        Next::Done(Ok(()))
    }
}

fn sign(bench: &mut Bench) -> Result<(), Error> {
    bench.device.run(nerves_key::sign(DIGEST))?;
    Ok(())
}

/// A digest signed.
pub(super) fn signature() -> Session {
    vec![Need::new(
        "the digest goes to the chip by way of TempKey, and is signed",
        [ChipCommand::load_nonce(), ChipCommand::sign(KEY)],
    )]
}
