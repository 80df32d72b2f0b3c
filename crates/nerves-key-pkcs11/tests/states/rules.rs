//! The reference model of one operation: what PKCS#11 3.1 answers to each call in
//! each state. What 2.40 or 3.0 say otherwise is noted in the row. Where a row has
//! several answers, the standard names no one; the first is what the module gives, as
//! `docs/pkcs11/README.md` says.

use cryptoki_sys as ck;
use cryptoki_sys::CK_RV;

use crate::operations::{Call, Kind, Shape};

/// The states of an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    Idle,
    /// Initialized.
    Begun,
    /// Parts were given.
    InParts,
}

/// What an answer leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    Same,
    Idle,
    Begun,
    /// In parts, with one part more.
    Part,
    /// So many objects more were given.
    Found(usize),
}

/// A row of the table.
pub(crate) type Row = (&'static str, Vec<(CK_RV, Next)>);

const OK: CK_RV = ck::CKR_OK;
const ARGUMENTS: CK_RV = ck::CKR_ARGUMENTS_BAD;
const ACTIVE: CK_RV = ck::CKR_OPERATION_ACTIVE;
const NOT_BEGUN: CK_RV = ck::CKR_OPERATION_NOT_INITIALIZED;
const FAILED: CK_RV = ck::CKR_FUNCTION_FAILED;
const SHORT: CK_RV = ck::CKR_BUFFER_TOO_SMALL;
const LENGTH: CK_RV = ck::CKR_DATA_LEN_RANGE;

const INIT: &str = "5.12 to 5.15, C_*Init";
const WHOLE: &str = "5.12 to 5.15, C_Digest, C_Sign, C_Verify: always terminates";
const UPDATE: &str = "5.12 to 5.15, C_*Update: an error terminates";
const FINAL: &str = "5.12 to 5.15, C_*Final: always terminates";
const CANCEL: &str = "5.6.5, C_SessionCancel";
const OUTPUT: &str = "5.2, conventions for output";
const PRIORITY: &str = "5.1.7, any applicable error";
const SEARCH: &str = "5.7.7 to 5.7.9, C_FindObjects*; 5, all or nothing";
const LOGIN: &str = "5.6.8 to 5.6.10, C_Login, C_Logout: may or may not be active";

/// The answers to `call` of an operation of `kind`.
#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "a row for each rule")]
pub(crate) fn row(kind: Kind, phase: Phase, call: Call) -> Row {
    use Phase::{Begun, Idle, InParts};
    if kind == Kind::Find {
        return search_row(phase, call);
    }
    match (call, phase) {
        (Call::Init, Idle) => (INIT, vec![(OK, Next::Begun)]),
        (Call::Init, _) => ("5.1.6, CKR_OPERATION_ACTIVE", vec![(ACTIVE, Next::Same)]),
        (Call::InitMechanism, Idle) => (INIT, vec![(ck::CKR_MECHANISM_INVALID, Next::Same)]),
        (Call::InitMechanism, _) => (PRIORITY, same(&[ACTIVE, ck::CKR_MECHANISM_INVALID])),
        (Call::InitNoKey, Idle) => (INIT, vec![(ck::CKR_KEY_HANDLE_INVALID, Next::Same)]),
        (Call::InitNoKey, _) => (PRIORITY, same(&[ACTIVE, ck::CKR_KEY_HANDLE_INVALID])),
        (Call::InitOtherKey, Idle) => (INIT, same(&WRONG_KEY)),
        (Call::InitOtherKey, _) => (PRIORITY, same(&[ACTIVE, WRONG_KEY[0], WRONG_KEY[1]])),
        // 2.40: a bad argument. 3.0 and later do not say what there is to cancel here.
        (Call::InitNull, Idle) => (INIT, same(&[ARGUMENTS, OK, NOT_BEGUN])),
        (Call::InitNull, _) => (INIT, vec![(OK, Next::Idle)]),

        (Call::Whole(shape) | Call::Final(shape), Idle) if is_bad_argument(shape) => (PRIORITY, same(&[ARGUMENTS, NOT_BEGUN])),
        (Call::Whole(_) | Call::Final(_), Idle) => ("5.1.6, CKR_OPERATION_NOT_INITIALIZED", same(&[NOT_BEGUN])),
        (Call::Whole(shape), Begun) if is_bad_argument(shape) => (WHOLE, vec![(ARGUMENTS, Next::Idle)]),
        (Call::Whole(Shape::Good), Begun) => (WHOLE, vec![(OK, Next::Idle)]),
        (Call::Whole(Shape::Query), Begun) => (OUTPUT, vec![(OK, Next::Same)]),
        (Call::Whole(Shape::Short), Begun) => (OUTPUT, vec![(SHORT, Next::Same)]),
        // Which error is not said. C_Sign lists CKR_OPERATION_ACTIVE from 3.0 on.
        (Call::Whole(shape), InParts) => (WHOLE, after_parts(shape)),

        (Call::Update, Idle) => ("5.1.6, CKR_OPERATION_NOT_INITIALIZED", same(&[NOT_BEGUN])),
        (Call::Update | Call::UpdateEmpty, Begun | InParts) if kind.is_single_part() => (SINGLE, single_part(call)),
        (Call::Update, _) => (UPDATE, vec![(OK, Next::Part)]),
        (Call::UpdateNull, Idle) => (PRIORITY, same(&[ARGUMENTS, NOT_BEGUN])),
        (Call::UpdateNull, _) => (UPDATE, ends(&[ARGUMENTS])),
        // Whether a null pointer to nothing is a part is not said.
        (Call::UpdateEmpty, Idle) => (PRIORITY, same(&[NOT_BEGUN, ARGUMENTS])),
        (Call::UpdateEmpty, _) => (UPDATE, vec![(OK, Next::Part), (ARGUMENTS, Next::Idle)]),

        (Call::Final(shape), _) if is_bad_argument(shape) => (FINAL, ends(&[ARGUMENTS])),
        // "One or more" parts come before for signatures, "zero or more" for digests.
        (Call::Final(shape), Begun) if !matches!(kind, Kind::Digest(_)) => (FINAL, without_parts(kind, shape)),
        (Call::Final(Shape::Good), _) => (FINAL, vec![(OK, Next::Idle)]),
        (Call::Final(Shape::Query), _) => (OUTPUT, vec![(OK, Next::Same)]),
        (Call::Final(Shape::Short), _) => (OUTPUT, vec![(SHORT, Next::Same)]),

        (Call::Whole(Shape::Wrong), _) => (WHOLE, ends(&[ck::CKR_SIGNATURE_INVALID])),
        (Call::Final(Shape::Wrong), _) => (FINAL, ends(&[ck::CKR_SIGNATURE_INVALID])),
        (Call::Whole(Shape::WrongLength), _) => (WHOLE, ends(&[ck::CKR_SIGNATURE_LEN_RANGE])),
        (Call::Final(Shape::WrongLength), _) => (FINAL, ends(&[ck::CKR_SIGNATURE_LEN_RANGE])),

        (Call::Cancel, _) => (CANCEL, ends(&[OK])),
        (Call::CancelNothing | Call::CancelOthers, _) => (CANCEL, same(&[OK])),
        (Call::Login | Call::Logout, _) => (LOGIN, vec![(OK, Next::Same), (OK, Next::Idle)]),
        (Call::Reopen, _) => ("5.6.2, C_CloseSession", ends(&[OK])),
        (Call::Restart, _) => ("5.4.2, C_Finalize", ends(&[OK])),
        (Call::Fork, _) => ("3.6, CK_INTERFACE; 2.20, 6.6.1, Applications and processes", same(&[OK])),

        _ => NOT_A_CALL,
    }
}

/// The same for a search.
#[rustfmt::skip]
#[expect(clippy::match_same_arms, reason = "a row for each rule")]
fn search_row(phase: Phase, call: Call) -> Row {
    match (call, phase) {
        (Call::Init, Phase::Idle) => (SEARCH, vec![(OK, Next::Begun)]),
        (Call::Init, _) => (SEARCH, same(&[ACTIVE])),
        (Call::InitNull, Phase::Idle) => (SEARCH, same(&[ARGUMENTS])),
        (Call::InitNull, _) => (PRIORITY, same(&[ARGUMENTS, ACTIVE])),
        (Call::Take(_), Phase::Idle) => (SEARCH, same(&[NOT_BEGUN])),
        (Call::Take(most), _) => (SEARCH, vec![(OK, Next::Found(most))]),
        (Call::TakeNullObjects | Call::TakeNullCount, Phase::Idle) => (PRIORITY, same(&[ARGUMENTS, NOT_BEGUN])),
        (Call::TakeNullObjects | Call::TakeNullCount, _) => (SEARCH, same(&[ARGUMENTS])),
        (Call::Final(_), Phase::Idle) => (SEARCH, same(&[NOT_BEGUN])),
        (Call::Final(_), _) => (SEARCH, ends(&[OK])),
        (Call::Cancel, _) => (CANCEL, ends(&[OK])),
        (Call::CancelNothing | Call::CancelOthers, _) => (CANCEL, same(&[OK])),
        (Call::Login | Call::Logout, _) => (LOGIN, vec![(OK, Next::Same), (OK, Next::Idle)]),
        (Call::Reopen, _) => ("5.6.2, C_CloseSession", ends(&[OK])),
        (Call::Restart, _) => ("5.4.2, C_Finalize", ends(&[OK])),
        (Call::Fork, _) => ("3.6, CK_INTERFACE; 2.20, 6.6.1, Applications and processes", same(&[OK])),
        _ => NOT_A_CALL,
    }
}

/// Nothing of this kind can be called so.
const NOT_A_CALL: Row = ("", Vec::new());
const SINGLE: &str = "6, mechanisms and functions: CKM_ECDSA is of a single part";
/// A public key is of the right type and has no `CKA_SIGN`.
const WRONG_KEY: [CK_RV; 2] = [
    ck::CKR_KEY_TYPE_INCONSISTENT,
    ck::CKR_KEY_FUNCTION_NOT_PERMITTED,
];

const fn is_bad_argument(shape: Shape) -> bool {
    matches!(shape, Shape::NullInput | Shape::NullPlace)
}

fn same(rvs: &[CK_RV]) -> Vec<(CK_RV, Next)> {
    rvs.iter().map(|rv| (*rv, Next::Same)).collect()
}

fn ends(rvs: &[CK_RV]) -> Vec<(CK_RV, Next)> {
    rvs.iter().map(|rv| (*rv, Next::Idle)).collect()
}

/// A whole cannot end what is in parts.
fn after_parts(shape: Shape) -> Vec<(CK_RV, Next)> {
    let errors = ends(&[ACTIVE, NOT_BEGUN, FAILED]);
    match shape {
        Shape::NullInput | Shape::NullPlace => [ends(&[ARGUMENTS]), errors].concat(),
        Shape::Short => [errors, same(&[SHORT])].concat(),
        Shape::WrongLength => [errors, ends(&[ck::CKR_SIGNATURE_LEN_RANGE])].concat(),
        Shape::Good | Shape::Query | Shape::Wrong => errors,
    }
}

/// The end of a signature without a part.
fn without_parts(kind: Kind, shape: Shape) -> Vec<(CK_RV, Next)> {
    let errors = ends(&[LENGTH, NOT_BEGUN, FAILED]);
    // As over no data.
    let answers = match shape {
        Shape::Good => ends(&[OK]),
        Shape::Query => return [same(&[OK]), errors].concat(),
        Shape::Short => return [same(&[SHORT]), errors].concat(),
        Shape::Wrong => ends(&[ck::CKR_SIGNATURE_INVALID]),
        Shape::WrongLength => ends(&[ck::CKR_SIGNATURE_LEN_RANGE]),
        Shape::NullInput | Shape::NullPlace => ends(&[ARGUMENTS]),
    };
    match shape {
        // Nothing is no digest.
        Shape::Good if kind.is_single_part() => errors,
        _ if kind.is_single_part() => [errors, answers].concat(),
        _ => [answers, errors].concat(),
    }
}

/// What a mechanism of a single part makes of parts is not said.
fn single_part(call: Call) -> Vec<(CK_RV, Next)> {
    let errors = ends(&[NOT_BEGUN, FAILED, ck::CKR_FUNCTION_NOT_SUPPORTED]);
    let answers = [vec![(OK, Next::Part)], errors].concat();
    match call {
        Call::UpdateEmpty => [answers, ends(&[ARGUMENTS])].concat(),
        _ => answers,
    }
}
