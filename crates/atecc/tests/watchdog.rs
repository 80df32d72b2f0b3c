//! A long session renews the watchdog by itself: idle keeps what sleep loses.

use atecc::command::Request;
use atecc::commands::{DigestSource, Sign};
use atecc::group::Group;
use atecc::session::{Outcome, Session, Step};
use atecc::{Slot, Timing};

/// The earliest that the watchdog fires. Source: ATECC508A datasheet,
/// "Watchdog Failsafe".
const WATCHDOG_US: u32 = 700_000;
/// The longest that Sign takes. Source: cryptoauthlib `calib_execution.c`.
const SIGN_US: u32 = 115_000;
/// What it takes typically. Source: ATECC508A datasheet, "Command Opcodes, Short
/// Descriptions, and Execution Times".
const TYPICAL_US: u32 = 42_000;

/// Run the session's steps on a chip that signs in the typical time; what the host did to
/// its watchdog, and the time since.
fn perform(session: &mut Session, awake_us: &mut u32, idles: &mut usize) {
    let mut asked = false;
    let mut busy_us = 0;
    loop {
        let outcome = match session.step() {
            Step::Done => return,
            Step::Wait(us) => {
                *awake_us += us;
                busy_us -= us.min(busy_us);
                Outcome::Done
            }
            Step::Wake => {
                *awake_us = 0;
                Outcome::Nack
            }
            Step::Write(&[0x02]) => {
                *idles += 1;
                Outcome::Done
            }
            Step::Write(bytes) => {
                asked = bytes[0] == 0x03;
                busy_us = if asked { TYPICAL_US } else { 0 };
                assert!(
                    !asked || *awake_us + SIGN_US <= WATCHDOG_US,
                    "{awake_us} us awake"
                );
                Outcome::Done
            }
            Step::Read(_) if busy_us > 0 => Outcome::Nack,
            Step::Read(buffer) => {
                let body = if asked { &[67; 64][..] } else { &[0x11] };
                let answer = Group::new(body).unwrap();
                buffer.copy_from_slice(&answer.as_bytes()[..buffer.len()]);
                Outcome::Done
            }
        };
        session.advance(outcome);
    }
}

#[test]
fn idles_before_the_watchdog_fires() {
    let (mut awake_us, mut idles) = (0, 0);
    let mut session = Session::new(Timing::default());
    for _ in 0..50 {
        let command = Sign {
            source: DigestSource::TempKey,
            slot: Slot::S0,
        };
        session.begin(Request::new(&command).unwrap());
        perform(&mut session, &mut awake_us, &mut idles);
        assert_eq!(session.answer(), Ok(&[67; 64][..]));
    }
    // 50 times 42 ms in sessions of 0.65 s.
    assert!(idles >= 3, "{idles} idles");
}
