//! What goes wrong, function by function.

pub(crate) mod derivation;
pub(crate) mod digests;
pub(crate) mod endings;
pub(crate) mod generation;
pub(crate) mod module;
pub(crate) mod objects;
pub(crate) mod session_objects;
pub(crate) mod sessions;
pub(crate) mod signatures;
pub(crate) mod unsupported;

use std::ffi::c_void;
use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_C_INITIALIZE_ARGS, CK_FUNCTION_LIST_3_0, CK_MECHANISM, CK_RV,
    CK_SESSION_HANDLE,
};

use crate::tally::Tally;

/// Call functions of the table with these arguments; each is one case.
macro_rules! cases {
    ($tally:ident, $table:ident, $what:expr, $expected:expr; $($name:ident($($argument:expr),*);)*) => {
        $({
            // SAFETY: every pointer is null or leads to as much as is said.
            let rv = unsafe { ($table.$name.unwrap())($($argument),*) };
            $tally.case(&format!("{}, {}", stringify!($name), $what), rv, $expected);
        })*
    };
}
pub(crate) use cases;

/// One with a value.
pub(crate) fn attribute<T>(kind: ck::CK_ATTRIBUTE_TYPE, value: &mut [T]) -> CK_ATTRIBUTE {
    CK_ATTRIBUTE {
        type_: kind,
        pValue: value.as_mut_ptr().cast(),
        ulValueLen: size_of_val(value) as ck::CK_ULONG,
    }
}

/// One whose length is asked for.
pub(crate) const fn ask(kind: ck::CK_ATTRIBUTE_TYPE) -> CK_ATTRIBUTE {
    CK_ATTRIBUTE {
        type_: kind,
        pValue: null_mut(),
        ulValueLen: 0,
    }
}

/// The slot of the finished chip, of no bus, and of the blank chip.
pub(crate) const SLOT: ck::CK_SLOT_ID = 1;
const EMPTY: ck::CK_SLOT_ID = 2;
const BLANK: ck::CK_SLOT_ID = 3;
const NO_SLOT: ck::CK_SLOT_ID = 99;
const NO_SESSION: CK_SESSION_HANDLE = 0xDEAD;

type Table = CK_FUNCTION_LIST_3_0;

/// A session on the finished chip.
pub(crate) fn session(table: &Table, tally: &mut Tally) -> CK_SESSION_HANDLE {
    let mut handle = 0;
    cases!(tally, table, "good", ck::CKR_OK;
        C_OpenSession(SLOT, ck::CKF_SERIAL_SESSION, null_mut(), None, &raw mut handle);
    );
    handle
}

pub(crate) const fn plain(mechanism: ck::CK_MECHANISM_TYPE) -> CK_MECHANISM {
    CK_MECHANISM {
        mechanism,
        pParameter: null_mut(),
        ulParameterLen: 0,
    }
}

pub(crate) fn uninitialized(table: &Table, tally: &mut Tally) {
    cases!(tally, table, "uninitialized", ck::CKR_CRYPTOKI_NOT_INITIALIZED;
        C_Finalize(null_mut());
        C_GetInfo(null_mut());
        C_GetSlotList(0, null_mut(), null_mut());
        C_GetSlotInfo(0, null_mut());
        C_GetTokenInfo(0, null_mut());
        C_GetMechanismList(0, null_mut(), null_mut());
        C_GetMechanismInfo(0, 0, null_mut());
        C_OpenSession(0, 0, null_mut(), None, null_mut());
        C_CloseSession(0);
        C_CloseAllSessions(0);
        C_GetSessionInfo(0, null_mut());
        C_Login(0, 0, null_mut(), 0);
        C_LoginUser(0, 0, null_mut(), 0, null_mut(), 0);
        C_Logout(0);
        C_SessionCancel(0, 0);
        C_DestroyObject(0, 0);
        C_GetObjectSize(0, 0, null_mut());
        C_GetAttributeValue(0, 0, null_mut(), 0);
        C_FindObjectsInit(0, null_mut(), 0);
        C_FindObjects(0, null_mut(), 0, null_mut());
        C_FindObjectsFinal(0);
        C_DigestInit(0, null_mut());
        C_Digest(0, null_mut(), 0, null_mut(), null_mut());
        C_DigestUpdate(0, null_mut(), 0);
        C_DigestFinal(0, null_mut(), null_mut());
        C_SignInit(0, null_mut(), 0);
        C_Sign(0, null_mut(), 0, null_mut(), null_mut());
        C_SignUpdate(0, null_mut(), 0);
        C_SignFinal(0, null_mut(), null_mut());
        C_VerifyInit(0, null_mut(), 0);
        C_Verify(0, null_mut(), 0, null_mut(), 0);
        C_VerifyUpdate(0, null_mut(), 0);
        C_VerifyFinal(0, null_mut(), 0);
        C_DeriveKey(0, null_mut(), 0, null_mut(), 0, null_mut());
        C_GenerateKeyPair(0, null_mut(), null_mut(), 0, null_mut(), 0, null_mut(), null_mut());
        C_SeedRandom(0, null_mut(), 0);
        C_GenerateRandom(0, null_mut(), 0);
        C_WaitForSlotEvent(0, null_mut(), null_mut());
    );
}

unsafe extern "C" fn create(_: *mut *mut c_void) -> CK_RV {
    ck::CKR_GENERAL_ERROR
}
unsafe extern "C" fn other(_: *mut c_void) -> CK_RV {
    ck::CKR_GENERAL_ERROR
}

const NO_ARGUMENTS: CK_C_INITIALIZE_ARGS = CK_C_INITIALIZE_ARGS {
    CreateMutex: None,
    DestroyMutex: None,
    LockMutex: None,
    UnlockMutex: None,
    flags: 0,
    pReserved: null_mut(),
};

pub(crate) fn initialize(table: &Table, tally: &mut Tally) {
    let mutexes = CK_C_INITIALIZE_ARGS {
        CreateMutex: Some(create),
        DestroyMutex: Some(other),
        LockMutex: Some(other),
        UnlockMutex: Some(other),
        ..NO_ARGUMENTS
    };
    let bad = [
        CK_C_INITIALIZE_ARGS {
            UnlockMutex: None,
            ..mutexes
        },
        CK_C_INITIALIZE_ARGS {
            CreateMutex: Some(create),
            ..NO_ARGUMENTS
        },
        CK_C_INITIALIZE_ARGS {
            pReserved: (&raw mut *tally).cast(),
            ..NO_ARGUMENTS
        },
    ];
    for mut arguments in bad {
        cases!(tally, table, "bad arguments", ck::CKR_ARGUMENTS_BAD;
            C_Initialize((&raw mut arguments).cast());
        );
    }
    // Every combination that a client was seen to give; mutexes are not used.
    let flags = [
        0,
        ck::CKF_OS_LOCKING_OK,
        ck::CKF_LIBRARY_CANT_CREATE_OS_THREADS,
        ck::CKF_OS_LOCKING_OK | ck::CKF_LIBRARY_CANT_CREATE_OS_THREADS,
    ];
    for start in [NO_ARGUMENTS, mutexes] {
        for flags in flags {
            let mut arguments = CK_C_INITIALIZE_ARGS { flags, ..start };
            cases!(tally, table, format!("flags {flags}"), ck::CKR_OK;
                C_Initialize((&raw mut arguments).cast());
                C_Finalize(null_mut());
            );
        }
    }
    cases!(tally, table, "null", ck::CKR_OK; C_Initialize(null_mut()););
    cases!(tally, table, "again", ck::CKR_CRYPTOKI_ALREADY_INITIALIZED;
        C_Initialize(null_mut());
    );
    cases!(tally, table, "reserved", ck::CKR_ARGUMENTS_BAD;
        C_Finalize((&raw mut *tally).cast());
    );
}

pub(crate) fn finalize(table: &Table, tally: &mut Tally) {
    cases!(tally, table, "good", ck::CKR_OK; C_Finalize(null_mut()););
    cases!(tally, table, "finalized", ck::CKR_CRYPTOKI_NOT_INITIALIZED;
        C_Finalize(null_mut());
        C_GetInfo(null_mut());
    );
}
