//! Where the driver keeps what is written and read. Values that are moved leave
//! copies on the stack, which is for the caller to write over; these are the
//! places where they come to rest.

use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use atecc::command::Request;
use atecc::commands::{DerivedKey, PrivateKeyData, SharedSecret, WriteBlock};
use atecc::session::{Outcome, Session, Step};
use atecc::{BlockAddress, Region, Slot, Timing};

use crate::memory::{Found, left_of, masked, with_plain};

fn block() -> WriteBlock {
    WriteBlock {
        address: BlockAddress::new(Region::Slot(Slot::S8), 0).unwrap(),
        data: [0; 32],
    }
}

/// A bus that acknowledges everything, and a chip that has just woken.
fn carry(session: &mut Session) {
    loop {
        match session.step() {
            Step::Done => return,
            Step::Read(bytes) => bytes.copy_from_slice(&[0x04, 0x11, 0x33, 0x43][..bytes.len()]),
            Step::Wake | Step::Write(_) | Step::Wait(_) => {}
        }
        session.advance(Outcome::Done);
    }
}

/// What a session in a box has of a block that it wrote.
fn kept(ends: fn(&mut Session)) -> Vec<Found> {
    let (secret, place) = (masked::<32>(), AtomicUsize::new(0));
    let found = left_of(&[("block", &secret)], || {
        let mut session = Box::new(Session::new(Timing::default()));
        let request = with_plain(&secret, |data| {
            Request::new(&WriteBlock {
                data: *data,
                ..block()
            })
        });
        session.begin(request.unwrap());
        carry(&mut session);
        ends(&mut session);
        place.store(ptr::from_ref(&*session).addr(), Ordering::Relaxed);
        session
    });
    let from = place.into_inner();
    let own = from..from + size_of::<Session>();
    found
        .into_iter()
        .filter(|found| own.contains(&found.address))
        .collect()
}

#[test]
fn a_session_that_has_ended_keeps_nothing_of_what_it_wrote() {
    assert_eq!(kept(|_| {}).len(), 2, "both ends of the block");
    let kept = kept(|session| {
        session.end();
        carry(session);
    });
    assert_eq!(kept, [], "{kept:X?}");
}

/// What is left of a secret that `fill` put into a value on the heap, by what
/// becomes of the value.
fn left_in<T: Send>(
    empty: fn() -> T,
    fill: fn(&mut T) -> &mut [u8],
    then: fn(Box<T>) -> Option<Box<T>>,
) -> usize {
    let secret = masked::<32>();
    let left = left_of(&[("value", &secret)], || {
        let mut value = Box::new(empty());
        with_plain(&secret, |plain| fill(&mut value).copy_from_slice(plain));
        then(value)
    });
    left.len()
}

#[test]
fn a_command_or_answer_that_was_dropped_leaves_nothing() {
    fn check<T: Send>(empty: fn() -> T, fill: fn(&mut T) -> &mut [u8]) {
        assert_eq!(left_in(empty, fill, Some), 2, "both ends of the secret");
        assert_eq!(left_in(empty, fill, |_| None), 0);
    }
    check(block, |write| &mut write.data);
    check(
        || PrivateKeyData::Clear([0; 32]),
        |key| match key {
            PrivateKeyData::Clear(scalar) => scalar,
            PrivateKeyData::Encrypted { .. } => &mut [],
        },
    );
    check(
        || SharedSecret::Clear([0; 32]),
        |secret| match secret {
            SharedSecret::Clear(bytes) => bytes,
            _ => &mut [],
        },
    );
    check(
        || DerivedKey::Clear32([0; 32]),
        |key| match key {
            DerivedKey::Clear32(bytes) => bytes,
            _ => &mut [],
        },
    );
}
