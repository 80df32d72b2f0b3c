//! Whether the walks would notice: a module that is right but for one thing, which
//! is planted in each row of the table in turn.

use cryptoki_sys as ck;
use cryptoki_sys::CK_RV;

use crate::operations::{Call, Kind, Lane, Operations, State};
use crate::rules::Phase;
use crate::walk::{Machine, Subject, Tally, walk};

/// What is wrong in one state with one call.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It leads to another state.
    LeadsTo(Phase),
    /// It is answered otherwise.
    Answers(CK_RV),
}

/// A module that gives one of the right answers, but for one thing.
struct Planted<'a> {
    machine: &'a Operations,
    state: State,
    phase: Phase,
    call: Call,
    fault: Fault,
}

impl Subject<Operations> for Planted<'_> {
    fn reset(&mut self) {
        self.state = self.machine.start();
    }

    fn recover(&mut self) {}

    fn call(&mut self, call: (usize, Call), _: &[State]) -> (CK_RV, Result<(), String>) {
        let (mut rv, mut next) = given(self.machine, &self.state, call);
        if (self.state.lanes[0].phase, call.1) == (self.phase, self.call) {
            match self.fault {
                Fault::LeadsTo(phase) => next.lanes[0].phase = phase,
                Fault::Answers(wrong) => rv = wrong,
            }
        }
        self.state = next;
        (rv, Ok(()))
    }
}

#[test]
fn a_fault_in_any_row_is_noticed() {
    let (mut planted, mut missed) = (0, Vec::new());
    for kind in crate::KINDS {
        let machine = Operations::new([Lane::new(0, kind)], 8);
        let sequences: Vec<_> = crate::of_one(kind, 2).collect();
        for phase in phases(kind) {
            for call in [kind.calls(), &kind.more_calls(), &Call::SLOW].concat() {
                let has = |sequence: &&Vec<(usize, Call)>| sequence.contains(&(0, call));
                let sequences: Vec<_> = sequences.iter().filter(has).collect();
                for fault in faults(&machine, *phase, call) {
                    let start = machine.start();
                    let mut subject = Planted {
                        machine: &machine,
                        state: start,
                        phase: *phase,
                        call,
                        fault,
                    };
                    planted += 1;
                    let is_noticed = sequences.iter().any(|sequence| {
                        let mut tally = Tally::default();
                        walk(&machine, &mut subject, sequence, &mut tally);
                        !tally.violations.is_empty()
                    });
                    if !is_noticed {
                        missed.push(format!("{kind:x?}, {phase:?}, {call:?}: {fault:x?}"));
                    }
                }
            }
        }
    }
    println!(
        "{planted} faults planted in the table, {} missed",
        missed.len()
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// As the module that the documents tell of.
fn given(machine: &Operations, state: &State, call: (usize, Call)) -> (CK_RV, State) {
    let answers = machine.rule(state, call).answers;
    answers.into_iter().next().unwrap()
}

const fn phases(kind: Kind) -> &'static [Phase] {
    match kind {
        Kind::Find => &[Phase::Idle, Phase::Begun],
        _ => &[Phase::Idle, Phase::Begun, Phase::InParts],
    }
}

/// Whatever is not allowed.
fn faults(machine: &Operations, phase: Phase, call: Call) -> Vec<Fault> {
    let mut state = machine.start();
    state.lanes[0].phase = phase;
    if phase == Phase::InParts {
        state.lanes[0].data = crate::operations::PART.to_vec();
    }
    let answers = machine.rule(&state, (0, call)).answers;
    let (given, _) = given(machine, &state, (0, call));
    let leads = phases(machine.lanes[0].kind)
        .iter()
        .copied()
        .filter(|phase| {
            let mut same = answers.iter().filter(|(rv, _)| *rv == given);
            !same.any(|(_, next)| next.lanes[0].phase == *phase)
        });
    let wrong = [ck::CKR_OK, ck::CKR_DEVICE_ERROR];
    let wrong = wrong
        .into_iter()
        .filter(|rv| answers.iter().all(|it| it.0 != *rv));
    leads
        .map(Fault::LeadsTo)
        .chain(wrong.map(Fault::Answers))
        .collect()
}
