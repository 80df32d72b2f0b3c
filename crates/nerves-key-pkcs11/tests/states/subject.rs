//! The module, called through its table of functions.

use std::collections::BTreeMap;
use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_BYTE, CK_FLAGS, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_ULONG,
};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::operations::{Call, Kind, Operations, PART, Shape, State, WHOLE};
use crate::rules::Phase;
use crate::table::{PRIVATE_KEY, PUBLIC_KEY, SLOT, Table, call, open, plain, public_key};
use crate::walk::Subject;

/// A handle of nothing.
const NOTHING: CK_OBJECT_HANDLE = 77;
/// What is behind a buffer, which nobody may touch.
const MARGIN: CK_BYTE = 0xA5;

/// The caller of some lanes.
pub(crate) struct Caller {
    table: &'static Table,
    /// What the module says of forks.
    interface: CK_FLAGS,
    machine: Operations,
    sessions: Vec<CK_SESSION_HANDLE>,
    key: VerifyingKey,
    /// Signatures by mechanism and data, which are the same for all walks.
    signatures: BTreeMap<(CK_MECHANISM_TYPE, Vec<u8>), [u8; 64]>,
}

/// A place for a result, and what is behind it.
struct Place {
    bytes: [CK_BYTE; 96],
    length: CK_ULONG,
    given: usize,
}

impl Place {
    fn of(length: usize) -> Self {
        Self {
            bytes: [MARGIN; 96],
            length: length as CK_ULONG,
            given: length,
        }
    }

    fn length(&self) -> usize {
        usize::try_from(self.length).unwrap()
    }

    fn is_whole(&self) -> bool {
        self.bytes[self.given..].iter().all(|byte| *byte == MARGIN)
    }
}

impl Caller {
    pub(crate) fn new(table: &'static Table, interface: CK_FLAGS, machine: Operations) -> Self {
        let session = open(table);
        let mut caller = Self {
            table,
            interface,
            sessions: Vec::new(),
            key: public_key(table, session),
            machine,
            signatures: BTreeMap::new(),
        };
        call!(table, C_CloseSession(session));
        caller.reopen();
        caller
    }

    fn reopen(&mut self) {
        call!(self.table, C_CloseAllSessions(SLOT));
        let last = self.machine.lanes.iter().map(|lane| lane.session).max();
        let sessions = 0..=last.unwrap_or_default();
        self.sessions = sessions.map(|_| open(self.table)).collect();
    }

    fn init(&self, session: CK_SESSION_HANDLE, kind: Kind, call: Call) -> CK_RV {
        let mechanism = match (kind, call) {
            (_, Call::InitMechanism) => 0x7FFF_FFFF,
            (Kind::Digest(mechanism) | Kind::Sign(mechanism) | Kind::Verify(mechanism), _) => {
                mechanism
            }
            (Kind::Find, _) => 0,
        };
        let (right, other) = match kind {
            Kind::Verify(_) => (PUBLIC_KEY, PRIVATE_KEY),
            _ => (PRIVATE_KEY, PUBLIC_KEY),
        };
        let key = match call {
            Call::InitNoKey | Call::InitNull => NOTHING,
            Call::InitOtherKey => other,
            _ => right,
        };
        let mut mechanism = plain(mechanism);
        let mechanism = match call {
            Call::InitNull => null_mut(),
            _ => &raw mut mechanism,
        };
        let templates = CK_ULONG::from(call == Call::InitNull);
        match kind {
            Kind::Digest(_) => call!(self.table, C_DigestInit(session, mechanism)),
            Kind::Sign(_) => call!(self.table, C_SignInit(session, mechanism, key)),
            Kind::Verify(_) => call!(self.table, C_VerifyInit(session, mechanism, key)),
            Kind::Find => call!(
                self.table,
                C_FindObjectsInit(session, null_mut(), templates)
            ),
        }
    }

    fn update(
        &self,
        session: CK_SESSION_HANDLE,
        kind: Kind,
        part: Option<&[u8]>,
        null: u64,
    ) -> CK_RV {
        let (data, length) = match part {
            Some(part) => (part.as_ptr().cast_mut(), part.len() as CK_ULONG),
            None => (null_mut(), null),
        };
        match kind {
            Kind::Digest(_) => call!(self.table, C_DigestUpdate(session, data, length)),
            Kind::Sign(_) => call!(self.table, C_SignUpdate(session, data, length)),
            Kind::Verify(_) => call!(self.table, C_VerifyUpdate(session, data, length)),
            Kind::Find => unreachable!("a search has no data"),
        }
    }

    /// A result: of `whole`, or of the parts.
    fn output(
        &self,
        session: CK_SESSION_HANDLE,
        kind: Kind,
        shape: Shape,
        whole: Option<&[u8]>,
        data: &[u8],
    ) -> (CK_RV, Result<(), String>) {
        let needed = match kind {
            Kind::Digest(mechanism) => digest(mechanism, b"").len(),
            _ => 64,
        };
        let mut place = Place::of(needed - usize::from(shape == Shape::Short));
        let bytes = match shape {
            Shape::Query => null_mut(),
            _ => place.bytes.as_mut_ptr(),
        };
        let length = match shape {
            Shape::NullPlace => null_mut(),
            _ => &raw mut place.length,
        };
        let input = match shape {
            Shape::NullInput => null_mut(),
            _ => whole.unwrap_or_default().as_ptr().cast_mut(),
        };
        let input_length = whole.unwrap_or_default().len() as CK_ULONG;
        let (table, is_whole) = (self.table, whole.is_some());
        let rv = match kind {
            Kind::Digest(_) if is_whole => {
                call!(table, C_Digest(session, input, input_length, bytes, length))
            }
            Kind::Digest(_) => call!(table, C_DigestFinal(session, bytes, length)),
            _ if is_whole => call!(table, C_Sign(session, input, input_length, bytes, length)),
            _ => call!(table, C_SignFinal(session, bytes, length)),
        };
        let said = place.length();
        let trouble = match (rv, shape) {
            _ if !place.is_whole() => Err("bytes behind the buffer were written".to_owned()),
            (ck::CKR_OK, Shape::Query) if !(needed..=2 * needed).contains(&said) => {
                Err(format!("{said} bytes are said to be needed"))
            }
            (ck::CKR_BUFFER_TOO_SMALL, _) if said < needed => {
                Err(format!("{said} bytes are said to be needed"))
            }
            (ck::CKR_OK, Shape::Good) => {
                self.check(kind, whole.unwrap_or(data), &place.bytes[..said])
            }
            _ => Ok(()),
        };
        (rv, trouble)
    }

    /// `result` is of `data`.
    fn check(&self, kind: Kind, data: &[u8], result: &[u8]) -> Result<(), String> {
        let is_right = match kind {
            Kind::Digest(mechanism) => digest(mechanism, data) == result,
            Kind::Sign(mechanism) => Signature::from_slice(result).is_ok_and(|signature| {
                let number = number(mechanism, data);
                self.key.verify_prehash(&number, &signature).is_ok()
            }),
            Kind::Verify(_) | Kind::Find => unreachable!("no output"),
        };
        is_right
            .then_some(())
            .ok_or_else(|| format!("the result is not of the {} bytes given", data.len()))
    }

    /// A signature is verified: of `whole`, or of the parts that were `data`.
    fn verify(
        &mut self,
        session: CK_SESSION_HANDLE,
        mechanism: CK_MECHANISM_TYPE,
        shape: Shape,
        whole: Option<&[u8]>,
        data: &[u8],
    ) -> CK_RV {
        let mut signature = self.signature(mechanism, whole.unwrap_or(data));
        if shape == Shape::Wrong {
            signature[63] ^= 1;
        }
        let length = match shape {
            Shape::WrongLength => 63,
            _ => 64,
        };
        let signature = match shape {
            Shape::NullPlace => null_mut(),
            _ => signature.as_mut_ptr(),
        };
        let input = match shape {
            Shape::NullInput => null_mut(),
            _ => whole.unwrap_or_default().as_ptr().cast_mut(),
        };
        let input_length = whole.unwrap_or_default().len() as CK_ULONG;
        match whole {
            Some(_) => {
                call!(
                    self.table,
                    C_Verify(session, input, input_length, signature, length)
                )
            }
            None => call!(self.table, C_VerifyFinal(session, signature, length)),
        }
    }

    /// The chip's signature over `data`, made once, in a session of its own.
    fn signature(&mut self, mechanism: CK_MECHANISM_TYPE, data: &[u8]) -> [u8; 64] {
        // Of no digest there is none.
        let is_none = data.is_empty() && mechanism == ck::CKM_ECDSA;
        let asked = (mechanism, if is_none { PART } else { data }.to_vec());
        if let Some(signature) = self.signatures.get(&asked) {
            return *signature;
        }
        let session = open(self.table);
        let kind = Kind::Sign(mechanism);
        assert_eq!(self.init(session, kind, Call::Init), ck::CKR_OK);
        let mut place = Place::of(64);
        let (input, length) = (asked.1.as_ptr().cast_mut(), asked.1.len() as CK_ULONG);
        let (bytes, places) = (place.bytes.as_mut_ptr(), &raw mut place.length);
        let rv = call!(self.table, C_Sign(session, input, length, bytes, places));
        assert_eq!(rv, ck::CKR_OK);
        call!(self.table, C_CloseSession(session));
        let signature: [u8; 64] = place.bytes[..64].try_into().unwrap();
        self.check(kind, &asked.1, &signature).unwrap();
        self.signatures.insert(asked, signature);
        signature
    }

    fn take(
        &self,
        session: CK_SESSION_HANDLE,
        most: usize,
        left: usize,
    ) -> (CK_RV, Result<(), String>) {
        let (mut objects, mut count) = ([NOTHING; 16], 0);
        let rv = call!(
            self.table,
            C_FindObjects(
                session,
                objects.as_mut_ptr(),
                most as CK_ULONG,
                &raw mut count
            )
        );
        let count = usize::try_from(count).unwrap();
        let is_right = rv != ck::CKR_OK
            || count == left.min(most)
                && objects[..count].iter().all(|handle| *handle != 0)
                && objects[count..].iter().all(|handle| *handle == NOTHING);
        let trouble = format!("{count} objects, where {left} are left");
        (rv, is_right.then_some(()).ok_or(trouble))
    }

    /// What a stale handle is answered, wherever the operation was.
    fn stale(&self, session: CK_SESSION_HANDLE, kind: Kind, expected: CK_RV) -> Result<(), String> {
        let mut place = Place::of(64);
        let (bytes, length) = (place.bytes.as_mut_ptr(), &raw mut place.length);
        let table = self.table;
        let answers = match kind {
            Kind::Digest(_) => [
                self.init(session, kind, Call::Init),
                self.update(session, kind, Some(PART), 0),
                call!(table, C_DigestFinal(session, bytes, length)),
            ],
            Kind::Sign(_) => [
                self.init(session, kind, Call::Init),
                self.update(session, kind, Some(PART), 0),
                call!(table, C_SignFinal(session, bytes, length)),
            ],
            Kind::Verify(_) => [
                self.init(session, kind, Call::Init),
                self.update(session, kind, Some(PART), 0),
                call!(table, C_VerifyFinal(session, bytes, 64)),
            ],
            Kind::Find => [
                self.init(session, kind, Call::Init),
                self.take(session, 2, 0).0,
                call!(table, C_FindObjectsFinal(session)),
            ],
        };
        let is_right = answers == [expected; 3];
        let trouble = format!("{answers:#x?} where each is {expected:#x}");
        is_right.then_some(()).ok_or(trouble)
    }

    /// A child with the parent's session. Where the interface is said to be safe for
    /// forks, it goes on with it; else it has to initialize its own module first.
    fn fork(&self, session: CK_SESSION_HANDLE, kind: Kind, phase: Phase) -> Result<(), String> {
        // SAFETY: the child calls the module and ends; it waits for no thread.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "fork");
        if child == 0 {
            let is_right = if self.interface & ck::CKF_INTERFACE_FORK_SAFE == 0 {
                let expected = ck::CKR_CRYPTOKI_NOT_INITIALIZED;
                self.stale(session, kind, expected).is_ok()
            } else {
                let expected = match phase {
                    Phase::Idle => ck::CKR_OK,
                    Phase::Begun | Phase::InParts => ck::CKR_OPERATION_ACTIVE,
                };
                self.init(session, kind, Call::Init) == expected
            };
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(i32::from(!is_right)) };
        }
        let mut status = -1;
        // SAFETY: a child of ours and a place for its status.
        let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
        let is_right = (waited, status) == (child, 0);
        is_right
            .then_some(())
            .ok_or_else(|| format!("the child's status is {status:#x}"))
    }

    fn restart(&mut self, session: CK_SESSION_HANDLE, kind: Kind) -> Result<(), String> {
        let table = self.table;
        let answers = [
            call!(table, C_Finalize(null_mut())),
            call!(table, C_Finalize(null_mut())),
        ];
        self.stale(session, kind, ck::CKR_CRYPTOKI_NOT_INITIALIZED)?;
        let begun = [
            call!(table, C_Initialize(null_mut())),
            call!(table, C_Initialize(null_mut())),
        ];
        self.reopen();
        self.stale(session, kind, ck::CKR_SESSION_HANDLE_INVALID)?;
        let is_right = answers == [ck::CKR_OK, ck::CKR_CRYPTOKI_NOT_INITIALIZED]
            && begun == [ck::CKR_OK, ck::CKR_CRYPTOKI_ALREADY_INITIALIZED];
        let trouble = format!("{answers:#x?}, {begun:#x?}");
        is_right.then_some(()).ok_or(trouble)
    }
}

impl Subject<Operations> for Caller {
    /// Giving all operations up costs nothing; opening a session asks the chip.
    fn reset(&mut self) {
        for session in &self.sessions {
            let rv = call!(self.table, C_SessionCancel(*session, CK_FLAGS::MAX));
            assert_eq!(rv, ck::CKR_OK);
            call!(self.table, C_Logout(*session));
        }
    }

    fn recover(&mut self) {
        self.reopen();
    }

    fn call(
        &mut self,
        (lane, call): (usize, Call),
        possible: &[State],
    ) -> (CK_RV, Result<(), String>) {
        let lane_of = |state: &State| state.lanes[lane].clone();
        // Where there are several states, those that are not idle agree.
        let now = possible.iter().map(lane_of);
        let now = now.max_by_key(|state| state.phase != Phase::Idle).unwrap();
        let (kind, table) = (self.machine.lanes[lane].kind, self.table);
        let index = self.machine.lanes[lane].session;
        let session = self.sessions[index];
        let done = |rv| (rv, Ok(()));
        match call {
            Call::Init
            | Call::InitMechanism
            | Call::InitNoKey
            | Call::InitOtherKey
            | Call::InitNull => done(self.init(session, kind, call)),
            Call::Update => done(self.update(session, kind, Some(PART), 0)),
            Call::UpdateEmpty => done(self.update(session, kind, None, 0)),
            Call::UpdateNull => done(self.update(session, kind, None, 5)),
            Call::Whole(shape) | Call::Final(shape) => {
                let whole = matches!(call, Call::Whole(_)).then_some(&WHOLE[..]);
                match kind {
                    Kind::Find => done(call!(table, C_FindObjectsFinal(session))),
                    Kind::Verify(mechanism) => {
                        done(self.verify(session, mechanism, shape, whole, &now.data))
                    }
                    _ => self.output(session, kind, shape, whole, &now.data),
                }
            }
            Call::Take(most) => self.take(session, most, self.machine.objects - now.found),
            Call::TakeNullObjects => {
                let mut count = 0;
                done(call!(
                    table,
                    C_FindObjects(session, null_mut(), 5, &raw mut count)
                ))
            }
            Call::TakeNullCount => {
                let mut objects = [0; 5];
                done(call!(
                    table,
                    C_FindObjects(session, objects.as_mut_ptr(), 5, null_mut())
                ))
            }
            Call::Cancel => done(call!(table, C_SessionCancel(session, kind.flag()))),
            Call::CancelNothing => done(call!(table, C_SessionCancel(session, 0))),
            Call::CancelOthers => done(call!(table, C_SessionCancel(session, !kind.flag()))),
            Call::Login => done(call!(table, C_Login(session, ck::CKU_USER, null_mut(), 0))),
            Call::Logout => done(call!(table, C_Logout(session))),
            Call::Reopen => {
                let rv = call!(table, C_CloseSession(session));
                let stale = self.stale(session, kind, ck::CKR_SESSION_HANDLE_INVALID);
                self.sessions[index] = open(table);
                (rv, stale)
            }
            Call::Restart => (ck::CKR_OK, self.restart(session, kind)),
            Call::Fork => (ck::CKR_OK, self.fork(session, kind, now.phase)),
        }
    }
}

fn digest(mechanism: CK_MECHANISM_TYPE, data: &[u8]) -> Vec<u8> {
    match mechanism {
        ck::CKM_SHA256 | ck::CKM_ECDSA_SHA256 => Sha256::digest(data).to_vec(),
        ck::CKM_SHA384 | ck::CKM_ECDSA_SHA384 => Sha384::digest(data).to_vec(),
        ck::CKM_SHA512 | ck::CKM_ECDSA_SHA512 => Sha512::digest(data).to_vec(),
        _ => data.to_vec(),
    }
}

/// What is signed. Source: FIPS 186-5, section 6.4.1: the leftmost 32 bytes of the
/// digest, as a number.
fn number(mechanism: CK_MECHANISM_TYPE, data: &[u8]) -> [u8; 32] {
    let digest = digest(mechanism, data);
    let kept = digest.len().min(32);
    let mut number = [0; 32];
    number[32 - kept..].copy_from_slice(&digest[..kept]);
    number
}
