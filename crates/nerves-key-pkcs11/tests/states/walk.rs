//! Sequences of calls, each answer judged by what the standard allows.
//!
//! The standard leaves some answers to the module, and two of them may lead to two
//! states. So a walk keeps every state that the module can be in by its answers so
//! far; a call whose answer none of them allows is a violation. Of the answers that
//! are left to the module the first of each rule is what its documents say it gives;
//! another one is a departure from them.

use std::collections::BTreeSet;
use std::fmt::Debug;

use cryptoki_sys::CK_RV;

/// What the standard says of the answers to one call in one state.
#[derive(Clone, Debug)]
pub(crate) struct Rule<S> {
    /// Where it says so.
    pub source: &'static str,
    /// Each answer, and the state it leads to. Several are a choice of the module,
    /// which is the first one.
    pub answers: Vec<(CK_RV, S)>,
}

/// A reference model.
pub(crate) trait Machine {
    type Call: Copy + Debug;
    type State: Clone + Debug + PartialEq;

    fn start(&self) -> Self::State;
    fn rule(&self, state: &Self::State, call: Self::Call) -> Rule<Self::State>;
}

/// What is walked.
pub(crate) trait Subject<M: Machine> {
    /// Begin anew.
    fn reset(&mut self);
    /// The same after a violation: nobody knows the state.
    fn recover(&mut self);
    /// Do `call`, in one of the states `possible`: its answer, and what is wrong with
    /// what it gave besides.
    fn call(&mut self, call: M::Call, possible: &[M::State]) -> (CK_RV, Result<(), String>);
}

/// What was walked, and what went wrong.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub sequences: usize,
    pub calls: usize,
    /// Calls whose answer the standard leaves to the module.
    pub chosen: usize,
    pub violations: BTreeSet<String>,
    pub departures: BTreeSet<String>,
}

/// What is told of a kind; the others have the same cause.
const TOLD: usize = 20;

fn tell(told: &mut BTreeSet<String>, text: String) {
    if told.len() < TOLD {
        told.insert(text);
    }
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.sequences += other.sequences;
        self.calls += other.calls;
        self.chosen += other.chosen;
        self.violations.extend(other.violations);
        self.departures.extend(other.departures);
    }
}

/// Walk `sequence` up to its first violation.
pub(crate) fn walk<M: Machine>(
    machine: &M,
    subject: &mut impl Subject<M>,
    sequence: &[M::Call],
    tally: &mut Tally,
) {
    subject.reset();
    tally.sequences += 1;
    let mut possible = vec![machine.start()];
    let mut documented = machine.start();
    for (index, call) in sequence.iter().enumerate() {
        let (rv, output) = subject.call(*call, &possible);
        tally.calls += 1;
        let rules = possible.iter().map(|state| machine.rule(state, *call));
        let rules: Vec<_> = rules.collect();
        let mut next = Vec::new();
        for (_, state) in rules
            .iter()
            .flat_map(|rule| &rule.answers)
            .filter(|it| it.0 == rv)
        {
            if !next.contains(state) {
                next.push(state.clone());
            }
        }
        if rules
            .iter()
            .any(|rule| rule.answers.iter().any(|it| it.0 != rv))
        {
            tally.chosen += 1;
        }
        let rule = machine.rule(&documented, *call);
        let path: Vec<_> = sequence.iter().take(index).collect();
        match rule.answers.into_iter().next() {
            Some((chosen, next)) if chosen == rv => documented = next,
            chosen => {
                let chosen = chosen.map_or(0, |it| it.0);
                let text = format!("{call:?} after {path:?}: {rv:#x} and not {chosen:#x}");
                tell(&mut tally.departures, text);
            }
        }
        let trouble = match output {
            Err(trouble) => trouble,
            Ok(()) if next.is_empty() => format!("{rv:#x}, where {}", expected(&rules)),
            Ok(()) => {
                possible = next;
                continue;
            }
        };
        let text = format!("{call:?} after {path:?}: {trouble}");
        tell(&mut tally.violations, text);
        subject.recover();
        return;
    }
}

fn expected<S: Debug>(rules: &[Rule<S>]) -> String {
    let rules = rules.iter().map(|rule| {
        let answers = rule.answers.iter().map(|(rv, _)| format!("{rv:#x}"));
        let answers: Vec<_> = answers.collect();
        format!("section {} has {}", rule.source, answers.join(" or "))
    });
    rules.collect::<Vec<_>>().join("; ")
}
