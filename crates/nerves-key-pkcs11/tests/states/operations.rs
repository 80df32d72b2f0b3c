//! Operations of sessions as a machine: each is a lane of its own, whatever the
//! others do.

use cryptoki_sys as ck;
use cryptoki_sys::{CK_MECHANISM_TYPE, CK_RV};

use crate::rules::{Next, Phase, row};
use crate::walk::{Machine, Rule};

/// What a lane does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Digest(CK_MECHANISM_TYPE),
    Sign(CK_MECHANISM_TYPE),
    Verify(CK_MECHANISM_TYPE),
    /// Of every object.
    Find,
}

/// An operation of one of the sessions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Lane {
    pub session: usize,
    pub kind: Kind,
}

/// What a call that gives a result is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    /// Data, and a place for the result or the right signature.
    Good,
    /// A null pointer for the result: its length is asked for.
    Query,
    /// One byte too little for it.
    Short,
    /// Another signature.
    Wrong,
    /// One that is too short.
    WrongLength,
    /// A null pointer to data.
    NullInput,
    /// A null pointer for the length of the result, or to the signature.
    NullPlace,
}

/// A call of one operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Call {
    Init,
    /// With a mechanism of nothing.
    InitMechanism,
    /// With a key handle of nothing.
    InitNoKey,
    /// With the other half of the key.
    InitOtherKey,
    /// Without a mechanism; of a search, with a null pointer to a template.
    InitNull,
    Whole(Shape),
    Update,
    /// A null pointer to no bytes.
    UpdateEmpty,
    /// A null pointer to five bytes.
    UpdateNull,
    Final(Shape),
    /// So many objects at most.
    Take(usize),
    TakeNullObjects,
    TakeNullCount,
    Cancel,
    CancelNothing,
    CancelOthers,
    Login,
    Logout,
    /// Close the session and open another one.
    Reopen,
    /// The same of the module.
    Restart,
    /// A child uses the session, and the parent goes on.
    Fork,
}

const OUTPUTS: [Call; 12] = [
    Call::Init,
    Call::InitNull,
    Call::Whole(Shape::Good),
    Call::Whole(Shape::Query),
    Call::Whole(Shape::Short),
    Call::Whole(Shape::NullInput),
    Call::Update,
    Call::UpdateNull,
    Call::Final(Shape::Good),
    Call::Final(Shape::Query),
    Call::Final(Shape::Short),
    Call::Cancel,
];
const VERIFICATIONS: [Call; 12] = [
    Call::Init,
    Call::InitNull,
    Call::Whole(Shape::Good),
    Call::Whole(Shape::Wrong),
    Call::Whole(Shape::NullInput),
    Call::Whole(Shape::NullPlace),
    Call::Update,
    Call::UpdateNull,
    Call::Final(Shape::Good),
    Call::Final(Shape::Wrong),
    Call::Final(Shape::NullPlace),
    Call::Cancel,
];
const SEARCHES: [Call; 9] = [
    Call::Init,
    Call::InitNull,
    Call::Take(2),
    Call::Take(16),
    Call::Take(0),
    Call::TakeNullObjects,
    Call::TakeNullCount,
    Call::Final(Shape::Good),
    Call::Cancel,
];
/// Of any operation, and leading to the same states.
const MORE: [Call; 4] = [
    Call::Login,
    Call::Logout,
    Call::CancelNothing,
    Call::CancelOthers,
];

impl Call {
    /// What takes longer: each is walked in every state, with every call behind it.
    pub(crate) const SLOW: [Self; 3] = [Self::Reopen, Self::Restart, Self::Fork];
}

impl Lane {
    pub(crate) const fn new(session: usize, kind: Kind) -> Self {
        Self { session, kind }
    }
}

impl Kind {
    /// The calls that make its states.
    pub(crate) const fn calls(self) -> &'static [Call] {
        match self {
            Self::Digest(_) | Self::Sign(_) => &OUTPUTS,
            Self::Verify(_) => &VERIFICATIONS,
            Self::Find => &SEARCHES,
        }
    }

    /// The others, but for those that take longer.
    pub(crate) fn more_calls(self) -> Vec<Call> {
        let more: &[Call] = match self {
            Self::Digest(_) => &[
                Call::InitMechanism,
                Call::UpdateEmpty,
                Call::Whole(Shape::NullPlace),
                Call::Final(Shape::NullPlace),
            ],
            Self::Sign(_) => &[
                Call::InitMechanism,
                Call::InitNoKey,
                Call::InitOtherKey,
                Call::UpdateEmpty,
                Call::Whole(Shape::NullPlace),
                Call::Final(Shape::NullPlace),
            ],
            Self::Verify(_) => &[
                Call::InitMechanism,
                Call::InitNoKey,
                Call::InitOtherKey,
                Call::UpdateEmpty,
                Call::Whole(Shape::WrongLength),
                Call::Final(Shape::WrongLength),
            ],
            Self::Find => &[],
        };
        [more, &MORE].concat()
    }

    /// The ways to its states.
    pub(crate) const fn beginnings(self) -> &'static [&'static [Call]] {
        match self {
            Self::Find => &[&[], &[Call::Init], &[Call::Init, Call::Take(2)]],
            _ => &[&[], &[Call::Init], &[Call::Init, Call::Update]],
        }
    }

    /// One call of each sort, where many operations go on at once.
    const fn few_calls(self) -> &'static [Call] {
        match self {
            Self::Find => &[Call::Init, Call::Take(2), Call::Final(Shape::Good)],
            _ => &[
                Call::Init,
                Call::Update,
                Call::UpdateNull,
                Call::Final(Shape::Good),
            ],
        }
    }

    /// `CKM_ECDSA` is.
    pub(crate) fn is_single_part(self) -> bool {
        self == Self::Sign(ck::CKM_ECDSA) || self == Self::Verify(ck::CKM_ECDSA)
    }

    pub(crate) const fn flag(self) -> ck::CK_FLAGS {
        match self {
            Self::Digest(_) => ck::CKF_DIGEST,
            Self::Sign(_) => ck::CKF_SIGN,
            Self::Verify(_) => ck::CKF_VERIFY,
            Self::Find => ck::CKF_FIND_OBJECTS,
        }
    }
}

/// A part of the data; of `CKM_ECDSA`, of the digest.
pub(crate) const PART: &[u8] = b"part";
/// All of the data.
pub(crate) const WHOLE: &[u8; 32] = &[0x57; 32];

/// The state of a lane.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LaneState {
    pub phase: Phase,
    /// What its parts have given.
    pub data: Vec<u8>,
    /// Objects that it has told.
    pub found: usize,
}

const IDLE: LaneState = LaneState {
    phase: Phase::Idle,
    data: Vec::new(),
    found: 0,
};

/// The state of all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct State {
    pub lanes: Vec<LaneState>,
    pub is_logged_in: bool,
}

/// The reference model of these lanes in sessions with one token.
#[derive(Clone, Debug)]
pub(crate) struct Operations {
    pub lanes: Vec<Lane>,
    /// Objects that there are to be found.
    pub objects: usize,
}

impl Operations {
    pub(crate) fn new(lanes: impl Into<Vec<Lane>>, objects: usize) -> Self {
        Self {
            lanes: lanes.into(),
            objects,
        }
    }

    /// Some calls of each lane.
    pub(crate) fn few_calls(&self) -> Vec<(usize, Call)> {
        let lanes = self.lanes.iter().enumerate();
        let calls =
            lanes.flat_map(|(lane, it)| it.kind.few_calls().iter().map(move |call| (lane, *call)));
        calls.collect()
    }

    fn next(&self, state: &State, lane: usize, next: Next) -> State {
        let mut state = state.clone();
        let it = &mut state.lanes[lane];
        match next {
            Next::Same => {}
            Next::Idle => *it = IDLE,
            Next::Begun => {
                *it = LaneState {
                    phase: Phase::Begun,
                    ..IDLE
                }
            }
            Next::Part => it.phase = Phase::InParts,
            Next::Found(most) => it.found = self.objects.min(it.found + most),
        }
        state
    }

    /// Whether another operation of the session is active. The standard has one at a
    /// time, or two of certain pairs where the token says that it has both at once
    /// (sections 5.1.6 and 5.17); a module may be prevented by it, or not.
    fn is_beside_another(&self, state: &State, lane: usize) -> bool {
        let lanes = self.lanes.iter().zip(&state.lanes).enumerate();
        lanes.into_iter().any(|(index, (it, state))| {
            index != lane && it.session == self.lanes[lane].session && state.phase != Phase::Idle
        })
    }
}

impl Machine for Operations {
    /// A call of a lane.
    type Call = (usize, Call);
    type State = State;

    fn start(&self) -> State {
        State {
            lanes: vec![IDLE; self.lanes.len()],
            is_logged_in: false,
        }
    }

    fn rule(&self, state: &State, (lane, call): (usize, Call)) -> Rule<State> {
        let kind = self.lanes[lane].kind;
        let now = &state.lanes[lane];
        // Nothing is no digest, whether in parts or not.
        let phase = match now.phase {
            Phase::InParts if kind.is_single_part() && now.data.is_empty() => match call {
                Call::Final(_) => Phase::Begun,
                _ => Phase::InParts,
            },
            phase => phase,
        };
        let (source, answers) = row(kind, phase, call);
        let logged = |rv| match (call, state.is_logged_in) {
            (Call::Login, true) => ck::CKR_USER_ALREADY_LOGGED_IN,
            (Call::Logout, false) => ck::CKR_USER_NOT_LOGGED_IN,
            _ => rv,
        };
        let mut answers: Vec<(CK_RV, State)> = answers
            .into_iter()
            .map(|(rv, next)| (logged(rv), next))
            .filter(|(rv, next)| *rv == ck::CKR_OK || !is_login(call) || *next == Next::Same)
            .map(|(rv, next)| (rv, self.next(state, lane, next)))
            .collect();
        for (rv, next) in &mut answers {
            match call {
                Call::Update if next.lanes[lane].phase == Phase::InParts => {
                    next.lanes[lane].data.extend_from_slice(PART);
                }
                Call::Login if *rv == ck::CKR_OK => next.is_logged_in = true,
                // Closing the last session logs out.
                Call::Logout | Call::Reopen | Call::Restart if *rv == ck::CKR_OK => {
                    next.is_logged_in = false;
                }
                _ => {}
            }
        }
        if call == Call::Init && self.is_beside_another(state, lane) {
            answers.push((ck::CKR_OPERATION_ACTIVE, state.clone()));
        }
        Rule { source, answers }
    }
}

fn is_login(call: Call) -> bool {
    matches!(call, Call::Login | Call::Logout)
}
