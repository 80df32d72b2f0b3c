//! The objects of sessions, as a machine of its own: two sessions with one token
//! make, see and destroy secrets, and are closed.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ECDH1_DERIVE_PARAMS, CK_MECHANISM, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE,
};

use crate::table::{PRIVATE_KEY, SLOT, Table, call, open};
use crate::walk::{Machine, Rule, Subject};

/// The other side's point, the generator of P-256. Source: SP 800-186, section
/// 3.2.1.3.
const POINT: [u8; 65] = [
    0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40,
    0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2,
    0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E,
    0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51,
    0xF5,
];

/// A call of session 0 or 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Derive(usize),
    /// What only a user who has logged in may see.
    DerivePrivate(usize),
    /// Without a place for the handle.
    DeriveNowhere(usize),
    /// The object that was made first of those that have been.
    DestroyFirst(usize),
    /// The one that was made last.
    DestroyLast(usize),
    /// Each object that has been: its class, and whether a search finds it.
    See(usize),
    /// Closed, and another one in its place.
    Reopen(usize),
    CloseAll,
    Login,
    Logout,
}

/// Every sequence of up to `depth` calls, and longer ones.
pub(crate) fn sequences(depth: u32) -> impl Iterator<Item = Vec<Call>> {
    const CALLS: [Call; 12] = [
        Call::Derive(0),
        Call::Derive(1),
        Call::DestroyFirst(0),
        Call::DestroyFirst(1),
        Call::DestroyLast(1),
        Call::Reopen(0),
        Call::Reopen(1),
        Call::CloseAll,
        Call::DerivePrivate(0),
        Call::DeriveNowhere(1),
        Call::Login,
        Call::Logout,
    ];
    let long = usize::try_from(depth).unwrap() * 2;
    let all = (1..=depth).flat_map(|length| crate::sequences::all(&CALLS, length));
    // What there is, is seen at the end of each.
    let ends = |mut sequence: Vec<Call>| {
        sequence.extend([Call::See(0), Call::See(1)]);
        sequence
    };
    all.chain(crate::sequences::pairs(&CALLS, long)).map(ends)
}

/// An object that has been.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Made {
    by: usize,
    privacy: Privacy,
    is_there: bool,
}

/// `CKA_PRIVATE`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Privacy {
    Public,
    Private,
}

/// All of them, in the order of their making.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct State {
    made: Vec<Made>,
    is_logged_in: bool,
}

/// The reference model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionObjects;

impl State {
    fn without(mut self, is_gone: impl Fn(&Made) -> bool) -> Self {
        for made in &mut self.made {
            made.is_there &= !is_gone(made);
        }
        self
    }

    fn with(mut self, by: usize, privacy: Privacy) -> Self {
        self.made.push(Made {
            by,
            privacy,
            is_there: true,
        });
        self
    }

    fn logged_in(self) -> Self {
        Self {
            is_logged_in: true,
            ..self
        }
    }

    fn logged_out(self) -> Self {
        Self {
            is_logged_in: false,
            ..self
        }
    }

    /// Without the object at `index`, or as it is where there is none.
    fn destroy(&self, index: Option<usize>) -> Vec<(CK_RV, Self)> {
        let mut state = self.clone();
        match index.and_then(|index| state.made.get_mut(index)) {
            Some(made) if made.is_there => {
                made.is_there = false;
                vec![(ck::CKR_OK, state)]
            }
            _ => vec![(ck::CKR_OBJECT_HANDLE_INVALID, state)],
        }
    }
}

impl Machine for SessionObjects {
    type Call = Call;
    type State = State;

    fn start(&self) -> State {
        State::default()
    }

    fn rule(&self, state: &State, call: Call) -> Rule<State> {
        let state = state.clone();
        let last = state.made.len().checked_sub(1);
        let (source, answers) = match call {
            Call::Derive(by) => (
                "5.18.5, C_DeriveKey",
                vec![(ck::CKR_OK, state.with(by, Privacy::Public))],
            ),
            // Who has not logged in may be refused it, and need not.
            Call::DerivePrivate(by) => (
                "5.18.5, C_DeriveKey; 4.4, CKA_PRIVATE",
                if state.is_logged_in {
                    vec![(ck::CKR_OK, state.with(by, Privacy::Private))]
                } else {
                    vec![
                        (ck::CKR_OK, state.clone().with(by, Privacy::Private)),
                        (ck::CKR_USER_NOT_LOGGED_IN, state),
                    ]
                },
            ),
            Call::DeriveNowhere(_) => (
                "5.18.5: fails without creating any key object",
                vec![(ck::CKR_ARGUMENTS_BAD, state)],
            ),
            Call::DestroyFirst(_) => ("5.7.3, C_DestroyObject", state.destroy(Some(0))),
            Call::DestroyLast(_) => ("5.7.3, C_DestroyObject", state.destroy(last)),
            Call::See(_) => (
                "2.20, 6.7: visible through any of the application's sessions",
                vec![(ck::CKR_OK, state)],
            ),
            // The other session is still there, so that nobody is logged out.
            Call::Reopen(session) => (
                "5.6.2, C_CloseSession: all session objects created by the session",
                vec![(ck::CKR_OK, state.without(|made| made.by == session))],
            ),
            Call::CloseAll => (
                "5.6.3, C_CloseAllSessions",
                vec![(ck::CKR_OK, state.without(|_| true).logged_out())],
            ),
            Call::Login if state.is_logged_in => (
                "5.6.8, C_Login",
                vec![(ck::CKR_USER_ALREADY_LOGGED_IN, state)],
            ),
            Call::Login => ("5.6.8, C_Login", vec![(ck::CKR_OK, state.logged_in())]),
            Call::Logout if state.is_logged_in => (
                "5.6.10, C_Logout: all private session objects",
                vec![(
                    ck::CKR_OK,
                    state
                        .without(|made| made.privacy == Privacy::Private)
                        .logged_out(),
                )],
            ),
            Call::Logout => (
                "5.6.10, C_Logout",
                vec![(ck::CKR_USER_NOT_LOGGED_IN, state)],
            ),
        };
        Rule { source, answers }
    }
}

/// Who calls the module.
pub(crate) struct Caller {
    table: &'static Table,
    sessions: [CK_SESSION_HANDLE; 2],
    made: Vec<CK_OBJECT_HANDLE>,
    /// No handle is used again, so none is below this one.
    greatest: CK_OBJECT_HANDLE,
}

impl Caller {
    pub(crate) fn new(table: &'static Table) -> Self {
        let mut caller = Self {
            table,
            sessions: [0; 2],
            made: Vec::new(),
            greatest: 0,
        };
        caller.reopen();
        caller
    }

    fn reopen(&mut self) -> CK_RV {
        let rv = call!(self.table, C_CloseAllSessions(SLOT));
        self.sessions = [open(self.table), open(self.table)];
        rv
    }

    fn derive(&mut self, session: usize, mut private: ck::CK_BBOOL) -> (CK_RV, Result<(), String>) {
        let mut template = CK_ATTRIBUTE {
            type_: ck::CKA_PRIVATE,
            pValue: (&raw mut private).cast(),
            ulValueLen: 1,
        };
        let mut key = 0;
        let rv = self.derive_to(session, &raw mut template, &raw mut key);
        if rv != ck::CKR_OK {
            return (rv, Ok(()));
        }
        let is_new = key > self.greatest;
        self.greatest = key;
        self.made.push(key);
        (
            rv,
            is_new
                .then_some(())
                .ok_or_else(|| format!("the handle {key} was another object's")),
        )
    }

    fn derive_to(
        &self,
        session: usize,
        template: *mut CK_ATTRIBUTE,
        place: *mut CK_OBJECT_HANDLE,
    ) -> CK_RV {
        let mut point = POINT;
        let mut parameters = CK_ECDH1_DERIVE_PARAMS {
            kdf: ck::CKD_NULL,
            ulSharedDataLen: 0,
            pSharedData: null_mut(),
            ulPublicDataLen: 65,
            pPublicData: point.as_mut_ptr(),
        };
        let mut mechanism = CK_MECHANISM {
            mechanism: ck::CKM_ECDH1_DERIVE,
            pParameter: (&raw mut parameters).cast(),
            ulParameterLen: size_of::<CK_ECDH1_DERIVE_PARAMS>() as ck::CK_ULONG,
        };
        let (session, mechanism) = (self.sessions[session], &raw mut mechanism);
        call!(
            self.table,
            C_DeriveKey(session, mechanism, PRIVATE_KEY, template, 1, place)
        )
    }

    fn destroy(&self, session: usize, object: Option<&CK_OBJECT_HANDLE>) -> CK_RV {
        let object = object.copied().unwrap_or_default();
        call!(self.table, C_DestroyObject(self.sessions[session], object))
    }

    /// What `session` sees of each object, by its handle and by a search.
    fn see(&self, session: usize, state: &State) -> Result<(), String> {
        let session = self.sessions[session];
        let mut class = ck::CKO_SECRET_KEY;
        let mut template = CK_ATTRIBUTE {
            type_: ck::CKA_CLASS,
            pValue: (&raw mut class).cast(),
            ulValueLen: size_of_val(&class) as ck::CK_ULONG,
        };
        let (mut found, mut count) = ([0; 32], 0);
        let answers = [
            call!(self.table, C_FindObjectsInit(session, &raw mut template, 1)),
            call!(
                self.table,
                C_FindObjects(session, found.as_mut_ptr(), 32, &raw mut count)
            ),
            call!(self.table, C_FindObjectsFinal(session)),
        ];
        if answers != [ck::CKR_OK; 3] {
            return Err(format!("a search is answered {answers:x?}"));
        }
        let mut found = found[..usize::try_from(count).unwrap()].to_vec();
        found.sort_unstable();
        let objects = self.made.iter().zip(&state.made);
        let there: Vec<_> = objects
            .clone()
            .filter(|it| it.1.is_there)
            .map(|it| *it.0)
            .collect();
        if found != there {
            return Err(format!("a search finds {found:?} and not {there:?}"));
        }
        for (handle, made) in objects {
            let mut size = 0;
            let rv = call!(self.table, C_GetObjectSize(session, *handle, &raw mut size));
            let expected = if made.is_there {
                ck::CKR_OK
            } else {
                ck::CKR_OBJECT_HANDLE_INVALID
            };
            if rv != expected {
                return Err(format!("{made:?} is answered {rv:#x}"));
            }
        }
        Ok(())
    }
}

impl Subject<SessionObjects> for Caller {
    fn reset(&mut self) {
        for object in std::mem::take(&mut self.made) {
            call!(self.table, C_DestroyObject(self.sessions[0], object));
        }
        call!(self.table, C_Logout(self.sessions[0]));
    }

    fn recover(&mut self) {
        self.made.clear();
        self.reopen();
    }

    fn call(&mut self, call: Call, possible: &[State]) -> (CK_RV, Result<(), String>) {
        let done = |rv| (rv, Ok(()));
        match call {
            Call::Derive(session) => self.derive(session, ck::CK_FALSE),
            Call::DerivePrivate(session) => self.derive(session, ck::CK_TRUE),
            Call::DeriveNowhere(session) => {
                let mut template = CK_ATTRIBUTE {
                    type_: ck::CKA_LABEL,
                    pValue: null_mut(),
                    ulValueLen: 0,
                };
                done(self.derive_to(session, &raw mut template, null_mut()))
            }
            Call::DestroyFirst(session) => done(self.destroy(session, self.made.first())),
            Call::DestroyLast(session) => done(self.destroy(session, self.made.last())),
            // The model has no choice that leads to two states.
            Call::See(session) => (ck::CKR_OK, self.see(session, &possible[0])),
            Call::Reopen(session) => {
                let rv = call!(self.table, C_CloseSession(self.sessions[session]));
                self.sessions[session] = open(self.table);
                done(rv)
            }
            Call::CloseAll => done(self.reopen()),
            Call::Login => {
                let session = self.sessions[0];
                done(call!(
                    self.table,
                    C_Login(session, ck::CKU_USER, null_mut(), 0)
                ))
            }
            Call::Logout => done(call!(self.table, C_Logout(self.sessions[1]))),
        }
    }
}
