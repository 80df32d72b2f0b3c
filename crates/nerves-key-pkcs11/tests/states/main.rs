//! The state machine of every operation, by what PKCS#11 says of it.
//!
//! A reference model (`rules.rs`, `objects.rs`) is walked beside the module: every
//! sequence of calls up to a length, and longer ones in which every two calls come
//! at every two places. `NERVES_KEY_PKCS11_STATES` is the length: 3 unless it says
//! otherwise, 1 under valgrind.
//!
//! One test, because a process has one module: it counts what it judged.

#[path = "../support/mod.rs"]
mod support;

mod objects;
mod operations;
mod planted;
mod rules;
mod sequences;
mod subject;
mod table;
mod walk;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ptr::null_mut;
use std::time::Instant;

use cryptoki_sys as ck;
use cryptoki_sys::{CK_INTERFACE, CK_VERSION};
use nerves_key_pkcs11::C_GetInterface;

use objects::SessionObjects;
use operations::{Call, Kind, Lane, Operations};
use subject::Caller;
use table::Table;
use walk::{Machine, Subject, Tally, walk};

const DEPTH: u32 = 3;
const KINDS: [Kind; 6] = [
    Kind::Sign(ck::CKM_ECDSA_SHA256),
    Kind::Sign(ck::CKM_ECDSA),
    Kind::Verify(ck::CKM_ECDSA_SHA384),
    Kind::Verify(ck::CKM_ECDSA),
    Kind::Digest(ck::CKM_SHA512),
    Kind::Find,
];
/// What goes on at once: four operations of a session, and one of another.
const TOGETHER: [Lane; 5] = [
    Lane::new(0, Kind::Sign(ck::CKM_ECDSA_SHA512)),
    Lane::new(0, Kind::Verify(ck::CKM_ECDSA_SHA256)),
    Lane::new(0, Kind::Digest(ck::CKM_SHA256)),
    Lane::new(0, Kind::Find),
    Lane::new(1, Kind::Sign(ck::CKM_ECDSA_SHA256)),
];

#[test]
fn every_operation_is_as_the_standard_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = support::configured(directory.path());
    // SAFETY: this binary has no other test that looks at the environment.
    unsafe { std::env::set_var("NERVES_KEY_PKCS11_CONF", configuration) };
    let depth = std::env::var("NERVES_KEY_PKCS11_STATES");
    let depth = depth.map_or(DEPTH, |depth| depth.parse().unwrap());
    let (table, flags) = interface();
    table::initialize(table);
    let objects = table::count_objects(table);
    let mut all = Tally::default();
    for kind in KINDS {
        let machine = Operations::new([Lane::new(0, kind)], objects);
        let mut caller = Caller::new(table, flags, machine.clone());
        let sequences = of_one(kind, depth);
        all.add(walked(
            format_args!("{kind:x?}"),
            &machine,
            &mut caller,
            sequences,
        ));
    }
    let machine = Operations::new(TOGETHER, objects);
    let mut caller = Caller::new(table, flags, machine.clone());
    let calls = machine.few_calls();
    let sequences = (1..=depth).flat_map(|length| sequences::all(&calls, length));
    all.add(walked("all at once", &machine, &mut caller, sequences));

    let machine = SessionObjects;
    let mut caller = objects::Caller::new(table);
    let sequences = objects::sequences(depth);
    all.add(walked(
        "objects of sessions",
        &machine,
        &mut caller,
        sequences,
    ));
    println!(
        "PKCS#11 states: {} calls in {} sequences; {} had more than one right answer",
        all.calls, all.sequences, all.chosen
    );
    let violations: Vec<_> = all.violations.into_iter().collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    let departures: Vec<_> = all.departures.into_iter().collect();
    assert!(
        departures.is_empty(),
        "not as docs/pkcs11/README.md says:\n{}",
        departures.join("\n")
    );
}

/// The sequences of one operation alone.
fn of_one(kind: Kind, depth: u32) -> impl Iterator<Item = Vec<(usize, Call)>> {
    let lane = |calls: &[Call]| calls.iter().map(|call| (0, *call)).collect::<Vec<_>>();
    let (calls, more, slow) = (
        lane(kind.calls()),
        lane(&kind.more_calls()),
        lane(&Call::SLOW),
    );
    let every = [calls.as_slice(), &more].concat();
    // What is walked from each state.
    let begun = kind.beginnings().iter().map(|calls| lane(calls));
    let begun: Vec<_> = begun.collect();
    let long = usize::try_from(depth).unwrap() * 2;
    let mut sequences: Vec<_> = (1..=depth)
        .flat_map(|length| sequences::all(&calls, length))
        .collect();
    sequences.extend((1..depth).flat_map(|length| sequences::all(&every, length)));
    for begun in begun {
        let after = |then: Vec<_>| [begun.clone(), then].concat();
        sequences.extend(sequences::pairs(&every, long).into_iter().map(after));
        for slow in &slow {
            // With each call behind them, or with one.
            let then = if depth == 1 { &calls[..1] } else { &every };
            sequences.extend(then.iter().map(|call| after(vec![*slow, *call])));
        }
        if depth > DEPTH {
            let every = [every.as_slice(), &slow].concat();
            sequences.extend(sequences::pairs(&every, long).into_iter().map(after));
        }
    }
    sequences.into_iter()
}

/// Walk them, and say how it was.
fn walked<M: Machine>(
    what: impl Display,
    machine: &M,
    subject: &mut impl Subject<M>,
    sequences: impl Iterator<Item = Vec<M::Call>>,
) -> Tally {
    let (start, mut tally) = (Instant::now(), Tally::default());
    for sequence in sequences {
        walk(machine, subject, &sequence, &mut tally);
    }
    println!(
        "{what}: {} calls in {} sequences, {} ms",
        tally.calls,
        tally.sequences,
        start.elapsed().as_millis()
    );
    let named = |found: BTreeSet<String>| found.iter().map(|it| format!("{what}: {it}")).collect();
    tally.violations = named(tally.violations);
    tally.departures = named(tally.departures);
    tally
}

/// The functions of 3.0, and what is said of them.
fn interface() -> (&'static Table, ck::CK_FLAGS) {
    let mut interface = null_mut::<CK_INTERFACE>();
    let mut version = CK_VERSION { major: 3, minor: 0 };
    // SAFETY: a version, and one place for the result; what it leads to is static.
    unsafe {
        let rv = C_GetInterface(null_mut(), &raw mut version, &raw mut interface, 0);
        assert_eq!(rv, ck::CKR_OK);
        (&*(*interface).pFunctionList.cast(), (*interface).flags)
    }
}
