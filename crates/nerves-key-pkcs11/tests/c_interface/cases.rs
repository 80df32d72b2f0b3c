//! What goes wrong, function by function.

use std::ffi::c_void;
use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_C_INITIALIZE_ARGS, CK_ECDH1_DERIVE_PARAMS, CK_FUNCTION_LIST_3_0, CK_MECHANISM,
    CK_RV, CK_SESSION_HANDLE,
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

pub(crate) fn module(table: &Table, tally: &mut Tally) {
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_GetInfo(null_mut());
        C_GetSlotList(0, null_mut(), null_mut());
        C_GetSlotInfo(SLOT, null_mut());
        C_GetTokenInfo(SLOT, null_mut());
        C_GetMechanismList(SLOT, null_mut(), null_mut());
        C_GetMechanismInfo(SLOT, ck::CKM_ECDSA, null_mut());
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, null_mut(), null_mut());
    );
    let mut info = ck::CK_INFO::default();
    let mut slot_info = ck::CK_SLOT_INFO {
        slotDescription: [0; 64],
        manufacturerID: [0; 32],
        flags: 0,
        hardwareVersion: ck::CK_VERSION::default(),
        firmwareVersion: ck::CK_VERSION::default(),
    };
    let mut token = ck::CK_TOKEN_INFO::default();
    let mut mechanism = ck::CK_MECHANISM_INFO::default();
    let (mut slot, mut count) = (0, 0);
    cases!(tally, table, "no slot", ck::CKR_SLOT_ID_INVALID;
        C_GetSlotInfo(NO_SLOT, &raw mut slot_info);
        C_GetTokenInfo(NO_SLOT, &raw mut token);
        C_GetMechanismList(NO_SLOT, null_mut(), &raw mut count);
        C_GetMechanismInfo(NO_SLOT, ck::CKM_ECDSA, &raw mut mechanism);
        C_OpenSession(NO_SLOT, ck::CKF_SERIAL_SESSION, null_mut(), None, &raw mut slot);
        C_CloseAllSessions(NO_SLOT);
    );
    cases!(tally, table, "no token", ck::CKR_TOKEN_NOT_PRESENT;
        C_GetTokenInfo(EMPTY, &raw mut token);
        C_GetMechanismList(EMPTY, null_mut(), &raw mut count);
        C_GetMechanismInfo(EMPTY, ck::CKM_ECDSA, &raw mut mechanism);
        C_OpenSession(EMPTY, ck::CKF_SERIAL_SESSION, null_mut(), None, &raw mut slot);
    );
    cases!(tally, table, "good", ck::CKR_OK;
        C_GetInfo(&raw mut info);
        C_GetSlotInfo(EMPTY, &raw mut slot_info);
        C_GetSlotList(ck::CK_TRUE, null_mut(), &raw mut count);
    );
    tally.check(
        "3.0",
        (info.cryptokiVersion.major, info.cryptokiVersion.minor) == (3, 0),
    );
    tally.check(
        "padded with blanks",
        info.manufacturerID.starts_with(b"NervesKey    "),
    );
    tally.check(
        "an empty slot",
        slot_info.flags & ck::CKF_TOKEN_PRESENT == 0,
    );
    tally.check("two tokens", count == 2);
    cases!(tally, table, "all", ck::CKR_OK; C_GetSlotList(0, null_mut(), &raw mut count););
    tally.check("three slots", count == 3);
    let mut slots = [0; 3];
    count = 2;
    cases!(tally, table, "short", ck::CKR_BUFFER_TOO_SMALL;
        C_GetSlotList(0, slots.as_mut_ptr(), &raw mut count);
    );
    tally.check("three are needed", count == 3);
    cases!(tally, table, "good", ck::CKR_OK;
        C_GetSlotList(0, slots.as_mut_ptr(), &raw mut count);
        C_GetTokenInfo(SLOT, &raw mut token);
        C_GetMechanismInfo(SLOT, ck::CKM_ECDSA, &raw mut mechanism);
    );
    tally.check("slots in order", slots == [1, 2, 3]);
    tally.check(
        "the label is the number",
        token.label.starts_with(b"1     "),
    );
    tally.check("no login", token.flags & ck::CKF_LOGIN_REQUIRED == 0);
    tally.check("signs", mechanism.flags & ck::CKF_SIGN != 0);
    let mut mechanisms = [0; 1];
    count = 1;
    cases!(tally, table, "short", ck::CKR_BUFFER_TOO_SMALL;
        C_GetMechanismList(SLOT, mechanisms.as_mut_ptr(), &raw mut count);
    );
    tally.check("eight mechanisms", count == 8);
    cases!(tally, table, "unknown", ck::CKR_MECHANISM_INVALID;
        C_GetMechanismInfo(SLOT, ck::CKM_RSA_PKCS, &raw mut mechanism);
        C_GetMechanismInfo(BLANK, ck::CKM_ECDSA, &raw mut mechanism);
    );
    cases!(tally, table, "would block", ck::CKR_FUNCTION_NOT_SUPPORTED;
        C_WaitForSlotEvent(0, &raw mut slot, null_mut());
    );
    cases!(tally, table, "reserved", ck::CKR_ARGUMENTS_BAD;
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, &raw mut slot, (&raw mut count).cast());
    );
    cases!(tally, table, "two chips came", ck::CKR_OK;
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, &raw mut slot, null_mut());
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, &raw mut slot, null_mut());
    );
    cases!(tally, table, "nothing more", ck::CKR_NO_EVENT;
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, &raw mut slot, null_mut());
    );
}

pub(crate) fn sessions(table: &Table, tally: &mut Tally) {
    let mut info = ck::CK_SESSION_INFO::default();
    let mut bytes = [0_u8; 100];
    cases!(tally, table, "no session", ck::CKR_SESSION_HANDLE_INVALID;
        C_CloseSession(NO_SESSION);
        C_GetSessionInfo(NO_SESSION, &raw mut info);
        C_Login(NO_SESSION, ck::CKU_USER, null_mut(), 0);
        C_LoginUser(NO_SESSION, ck::CKU_USER, null_mut(), 0, null_mut(), 0);
        C_Logout(NO_SESSION);
        C_SessionCancel(NO_SESSION, 0);
        C_DestroyObject(NO_SESSION, 1);
        C_GetObjectSize(NO_SESSION, 1, null_mut());
        C_GetAttributeValue(NO_SESSION, 1, null_mut(), 0);
        C_FindObjectsInit(NO_SESSION, null_mut(), 0);
        C_FindObjects(NO_SESSION, null_mut(), 0, null_mut());
        C_FindObjectsFinal(NO_SESSION);
        C_DigestInit(NO_SESSION, null_mut());
        C_Digest(NO_SESSION, null_mut(), 0, null_mut(), null_mut());
        C_DigestUpdate(NO_SESSION, null_mut(), 0);
        C_DigestFinal(NO_SESSION, null_mut(), null_mut());
        C_SignInit(NO_SESSION, null_mut(), 1);
        C_Sign(NO_SESSION, null_mut(), 0, null_mut(), null_mut());
        C_SignUpdate(NO_SESSION, null_mut(), 0);
        C_SignFinal(NO_SESSION, null_mut(), null_mut());
        C_VerifyInit(NO_SESSION, null_mut(), 2);
        C_Verify(NO_SESSION, null_mut(), 0, null_mut(), 0);
        C_VerifyUpdate(NO_SESSION, null_mut(), 0);
        C_VerifyFinal(NO_SESSION, null_mut(), 0);
        C_DeriveKey(NO_SESSION, null_mut(), 1, null_mut(), 0, null_mut());
        C_SeedRandom(NO_SESSION, null_mut(), 0);
        C_GenerateRandom(NO_SESSION, bytes.as_mut_ptr(), 8);
    );
    let mut other = 0;
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_OpenSession(SLOT, ck::CKF_SERIAL_SESSION, null_mut(), None, null_mut());
    );
    cases!(tally, table, "parallel", ck::CKR_SESSION_PARALLEL_NOT_SUPPORTED;
        C_OpenSession(SLOT, 0, null_mut(), None, &raw mut other);
    );
    let handle = session(table, tally);
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_GetSessionInfo(handle, null_mut());
        C_Login(handle, ck::CKU_USER, null_mut(), 4);
        C_LoginUser(handle, ck::CKU_USER, null_mut(), 0, null_mut(), 4);
        C_GenerateRandom(handle, null_mut(), 8);
        C_GenerateRandom(handle, bytes.as_mut_ptr(), ck::CK_ULONG::MAX);
    );
    cases!(tally, table, "read-write", ck::CKR_OK;
        C_OpenSession(SLOT, ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION, null_mut(), None, &raw mut other);
        C_GetSessionInfo(other, &raw mut info);
    );
    tally.check(
        "the state of a user",
        info.state == ck::CKS_RW_USER_FUNCTIONS,
    );
    cases!(tally, table, "not yet", ck::CKR_USER_NOT_LOGGED_IN; C_Logout(handle););
    cases!(tally, table, "nobody", ck::CKR_USER_TYPE_INVALID;
        C_Login(handle, ck::CKU_SO, bytes.as_mut_ptr(), 4);
        C_Login(handle, 77, bytes.as_mut_ptr(), 4);
    );
    cases!(tally, table, "no such key", ck::CKR_OPERATION_NOT_INITIALIZED;
        C_Login(handle, ck::CKU_CONTEXT_SPECIFIC, bytes.as_mut_ptr(), 4);
    );
    cases!(tally, table, "any PIN", ck::CKR_OK;
        C_Login(handle, ck::CKU_USER, bytes.as_mut_ptr(), 4);
        C_Logout(other);
        C_Login(other, ck::CKU_USER, null_mut(), 0);
        C_Logout(other);
        C_LoginUser(other, ck::CKU_USER, null_mut(), 0, null_mut(), 0);
    );
    cases!(tally, table, "again", ck::CKR_USER_ALREADY_LOGGED_IN;
        C_Login(handle, ck::CKU_USER, null_mut(), 0);
    );
    cases!(tally, table, "seed", ck::CKR_RANDOM_SEED_NOT_SUPPORTED;
        C_SeedRandom(handle, bytes.as_mut_ptr(), 8);
    );
    cases!(tally, table, "good", ck::CKR_OK;
        C_GenerateRandom(handle, null_mut(), 0);
        C_GenerateRandom(handle, bytes.as_mut_ptr(), 100);
    );
    tally.check(
        "random",
        bytes.iter().filter(|byte| **byte == 0).count() < 10,
    );
    cases!(tally, table, "parallel", ck::CKR_FUNCTION_NOT_PARALLEL;
        C_GetFunctionStatus(handle);
        C_CancelFunction(handle);
    );
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
    cases!(tally, table, "closed", ck::CKR_SESSION_HANDLE_INVALID;
        C_CloseSession(handle);
        C_GetSessionInfo(handle, &raw mut info);
    );
    cases!(tally, table, "good", ck::CKR_OK; C_CloseAllSessions(SLOT););
    cases!(tally, table, "all closed", ck::CKR_SESSION_HANDLE_INVALID; C_CloseSession(other););
    let handle = session(table, tally);
    cases!(tally, table, "closing logs out", ck::CKR_USER_NOT_LOGGED_IN; C_Logout(handle););
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

fn attribute<T>(kind: ck::CK_ATTRIBUTE_TYPE, value: &mut [T]) -> CK_ATTRIBUTE {
    CK_ATTRIBUTE {
        type_: kind,
        pValue: value.as_mut_ptr().cast(),
        ulValueLen: size_of_val(value) as ck::CK_ULONG,
    }
}

const fn ask(kind: ck::CK_ATTRIBUTE_TYPE) -> CK_ATTRIBUTE {
    CK_ATTRIBUTE {
        type_: kind,
        pValue: null_mut(),
        ulValueLen: 0,
    }
}

pub(crate) fn objects(table: &Table, tally: &mut Tally) {
    const NONE: ck::CK_ULONG = ck::CK_UNAVAILABLE_INFORMATION;
    let handle = session(table, tally);
    let (mut found, mut count, mut size) = ([0; 10], 0, 0);
    cases!(tally, table, "not begun", ck::CKR_OPERATION_NOT_INITIALIZED;
        C_FindObjects(handle, found.as_mut_ptr(), 10, &raw mut count);
        C_FindObjectsFinal(handle);
    );
    let mut nowhere = CK_ATTRIBUTE {
        ulValueLen: 4,
        ..ask(ck::CKA_ID)
    };
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_FindObjectsInit(handle, null_mut(), 1);
        C_FindObjectsInit(handle, &raw mut nowhere, 1);
        C_FindObjectsInit(handle, &raw mut nowhere, ck::CK_ULONG::MAX);
        C_GetAttributeValue(handle, 1, null_mut(), 1);
        C_GetAttributeValue(handle, 1, &raw mut nowhere, 0);
        C_GetObjectSize(handle, 1, null_mut());
    );
    cases!(tally, table, "no object", ck::CKR_OBJECT_HANDLE_INVALID;
        C_GetAttributeValue(handle, 77, &raw mut nowhere, 1);
        C_GetObjectSize(handle, 77, &raw mut size);
        C_DestroyObject(handle, 77);
    );
    cases!(tally, table, "in the chip", ck::CKR_ACTION_PROHIBITED;
        C_DestroyObject(handle, 1);
        C_DestroyObject(handle, 3);
    );
    cases!(tally, table, "good", ck::CKR_OK;
        C_GetObjectSize(handle, 1, &raw mut size);
        C_FindObjectsInit(handle, null_mut(), 0);
    );
    tally.check("a size", size > 91);
    cases!(tally, table, "active", ck::CKR_OPERATION_ACTIVE; C_FindObjectsInit(handle, null_mut(), 0););
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_FindObjects(handle, null_mut(), 10, &raw mut count);
        C_FindObjects(handle, found.as_mut_ptr(), 10, null_mut());
    );
    cases!(tally, table, "two", ck::CKR_OK; C_FindObjects(handle, found.as_mut_ptr(), 2, &raw mut count););
    tally.check("two of them", count == 2);
    cases!(tally, table, "the rest", ck::CKR_OK;
        C_FindObjects(handle, found.as_mut_ptr(), 10, &raw mut count);
    );
    tally.check("four more of them", count == 4);
    cases!(tally, table, "no more", ck::CKR_OK;
        C_FindObjects(handle, found.as_mut_ptr(), 10, &raw mut count);
        C_FindObjectsFinal(handle);
    );
    tally.check("none of them", count == 0);

    let mut find = |template: &mut [CK_ATTRIBUTE], tally: &mut Tally| {
        let length = template.len() as ck::CK_ULONG;
        cases!(tally, table, "a template", ck::CKR_OK;
            C_FindObjectsInit(handle, template.as_mut_ptr(), length);
            C_FindObjects(handle, found.as_mut_ptr(), 10, &raw mut count);
            C_FindObjectsFinal(handle);
        );
        let mut found = found[..usize::try_from(count).unwrap()].to_vec();
        found.sort_unstable();
        found
    };
    let class = |class| attribute(ck::CKA_CLASS, Vec::leak(vec![class]));
    let bytes = |kind, value: &[u8]| attribute(kind, Vec::leak(value.to_vec()));
    for (template, expected) in [
        (vec![class(ck::CKO_PRIVATE_KEY)], vec![1]),
        (vec![class(ck::CKO_PUBLIC_KEY)], vec![2]),
        (vec![class(ck::CKO_CERTIFICATE)], vec![3, 4]),
        (vec![class(ck::CKO_PROFILE)], vec![8, 9]),
        (vec![class(ck::CKO_SECRET_KEY)], vec![]),
        (vec![bytes(ck::CKA_ID, b"1")], vec![1, 2, 3]),
        (vec![bytes(ck::CKA_ID, b"1s")], vec![4]),
        (vec![bytes(ck::CKA_ID, b"")], vec![]),
        (vec![bytes(ck::CKA_LABEL, b"1 signer")], vec![4]),
        (vec![bytes(ck::CKA_SIGN, &[1])], vec![1]),
        (vec![bytes(ck::CKA_SIGN, &[0])], vec![]),
        (vec![bytes(ck::CKA_TOKEN, &[0])], vec![]),
        (vec![bytes(ck::CKA_PRIVATE, &[1])], vec![]),
        (vec![bytes(ck::CKA_TRUSTED, &[0])], vec![2, 3, 4]),
        (vec![bytes(0xCE53_4351, &[1])], vec![]),
        (vec![ask(ck::CKA_LABEL)], vec![]),
        (
            vec![class(ck::CKO_CERTIFICATE), bytes(ck::CKA_LABEL, b"1")],
            vec![3],
        ),
    ] {
        let mut template = template;
        let found = find(&mut template, tally);
        tally.check(&format!("{found:?} found"), found == expected);
    }

    let mut places = [0_u8; 65];
    let mut several = [
        attribute(ck::CKA_VALUE, &mut places[..1]),
        ask(ck::CKA_MODULUS),
        ask(ck::CKA_EC_PARAMS),
        ask(ck::CKA_LABEL),
    ];
    // SAFETY: four attributes.
    let rv = unsafe { table.C_GetAttributeValue.unwrap()(handle, 1, several.as_mut_ptr(), 4) };
    let named = [ck::CKR_ATTRIBUTE_SENSITIVE, ck::CKR_ATTRIBUTE_TYPE_INVALID];
    tally.check("one of the troubles is named", named.contains(&rv));
    let lengths = several.map(|attribute| attribute.ulValueLen);
    tally.check(
        "every attribute is answered",
        lengths == [NONE, NONE, 10, 1],
    );
    let mut short = attribute(ck::CKA_EC_PARAMS, &mut places[..9]);
    cases!(tally, table, "short", ck::CKR_BUFFER_TOO_SMALL;
        C_GetAttributeValue(handle, 1, &raw mut short, 1);
    );
    tally.check("short says so", short.ulValueLen == NONE);
    tally.check("nothing was written", places == [0; 65]);
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

pub(crate) fn digests(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let (mut data, mut out, mut length) = (*b"abc", [0_u8; 64], 64);
    cases!(tally, table, "not begun", ck::CKR_OPERATION_NOT_INITIALIZED;
        C_Digest(handle, data.as_mut_ptr(), 3, out.as_mut_ptr(), &raw mut length);
        C_DigestUpdate(handle, data.as_mut_ptr(), 3);
        C_DigestFinal(handle, out.as_mut_ptr(), &raw mut length);
    );
    let mut wrong = plain(ck::CKM_MD5);
    let mut signature = plain(ck::CKM_ECDSA);
    cases!(tally, table, "mechanism", ck::CKR_MECHANISM_INVALID;
        C_DigestInit(handle, &raw mut wrong);
        C_DigestInit(handle, &raw mut signature);
    );
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD; C_DigestInit(handle, null_mut()););
    let mut laden = CK_MECHANISM {
        pParameter: (&raw mut length).cast(),
        ulParameterLen: 4,
        ..plain(ck::CKM_SHA256)
    };
    cases!(tally, table, "parameter", ck::CKR_MECHANISM_PARAM_INVALID;
        C_DigestInit(handle, &raw mut laden);
    );
    for (kind, size, first) in [
        (ck::CKM_SHA256, 32, 0xBA),
        (ck::CKM_SHA384, 48, 0xCB),
        (ck::CKM_SHA512, 64, 0xDD),
    ] {
        let mut mechanism = plain(kind);
        cases!(tally, table, "begin", ck::CKR_OK; C_DigestInit(handle, &raw mut mechanism););
        cases!(tally, table, "active", ck::CKR_OPERATION_ACTIVE; C_DigestInit(handle, &raw mut mechanism););
        cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
            C_Digest(handle, data.as_mut_ptr(), 3, out.as_mut_ptr(), null_mut());
            C_Digest(handle, null_mut(), 3, out.as_mut_ptr(), &raw mut length);
            C_DigestUpdate(handle, null_mut(), 3);
            C_DigestFinal(handle, out.as_mut_ptr(), null_mut());
        );
        cases!(tally, table, "query", ck::CKR_OK;
            C_Digest(handle, data.as_mut_ptr(), 3, null_mut(), &raw mut length);
        );
        tally.check("the length", length == size);
        length -= 1;
        cases!(tally, table, "short", ck::CKR_BUFFER_TOO_SMALL;
            C_Digest(handle, data.as_mut_ptr(), 3, out.as_mut_ptr(), &raw mut length);
        );
        cases!(tally, table, "good", ck::CKR_OK;
            C_Digest(handle, data.as_mut_ptr(), 3, out.as_mut_ptr(), &raw mut length);
        );
        // Source: FIPS 180-4 examples, "abc".
        tally.check("the digest of abc", out[0] == first && length == size);
        let whole = out;
        cases!(tally, table, "in parts", ck::CKR_OK;
            C_DigestInit(handle, &raw mut mechanism);
            C_DigestUpdate(handle, data.as_mut_ptr(), 1);
            C_DigestUpdate(handle, null_mut(), 0);
            C_DigestUpdate(handle, data.as_mut_ptr().wrapping_add(1), 2);
            C_DigestFinal(handle, null_mut(), &raw mut length);
            C_DigestFinal(handle, out.as_mut_ptr(), &raw mut length);
            C_DigestInit(handle, &raw mut mechanism);
            C_DigestUpdate(handle, data.as_mut_ptr(), 1);
        );
        tally.check("the same in parts", out == whole);
        cases!(tally, table, "whole after parts", ck::CKR_OPERATION_ACTIVE;
            C_Digest(handle, data.as_mut_ptr(), 3, out.as_mut_ptr(), &raw mut length);
        );
        cases!(tally, table, "given up", ck::CKR_OK;
            C_DigestInit(handle, &raw mut mechanism);
            C_DigestInit(handle, null_mut());
            C_DigestInit(handle, &raw mut mechanism);
            C_SessionCancel(handle, ck::CKF_DIGEST);
        );
        cases!(tally, table, "given up", ck::CKR_OPERATION_NOT_INITIALIZED;
            C_DigestUpdate(handle, data.as_mut_ptr(), 3);
        );
        length = 64;
    }
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

pub(crate) fn signatures(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let (mut digest, mut out, mut length) = ([7_u8; 65], [0_u8; 64], 64);
    let digest = digest.as_mut_ptr();
    cases!(tally, table, "not begun", ck::CKR_OPERATION_NOT_INITIALIZED;
        C_Sign(handle, digest, 32, out.as_mut_ptr(), &raw mut length);
        C_SignUpdate(handle, digest, 32);
        C_SignFinal(handle, out.as_mut_ptr(), &raw mut length);
        C_Verify(handle, digest, 32, out.as_mut_ptr(), 64);
        C_VerifyUpdate(handle, digest, 32);
        C_VerifyFinal(handle, out.as_mut_ptr(), 64);
    );
    let mut ecdsa = plain(ck::CKM_ECDSA);
    let mut sha256 = plain(ck::CKM_ECDSA_SHA256);
    cases!(tally, table, "no key", ck::CKR_KEY_HANDLE_INVALID;
        C_SignInit(handle, &raw mut ecdsa, 0);
        C_SignInit(handle, &raw mut ecdsa, 77);
        C_VerifyInit(handle, &raw mut ecdsa, 77);
    );
    cases!(tally, table, "another key", ck::CKR_KEY_TYPE_INCONSISTENT;
        C_SignInit(handle, &raw mut ecdsa, 2);
        C_SignInit(handle, &raw mut ecdsa, 3);
        C_VerifyInit(handle, &raw mut ecdsa, 1);
    );
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_SignInit(handle, null_mut(), 1);
        C_VerifyInit(handle, null_mut(), 2);
    );
    for kind in [
        ck::CKM_RSA_PKCS,
        ck::CKM_SHA256,
        ck::CKM_ECDSA_SHA1,
        0xFFFF_FFFF,
    ] {
        let mut wrong = plain(kind);
        cases!(tally, table, "mechanism", ck::CKR_MECHANISM_INVALID;
            C_SignInit(handle, &raw mut wrong, 1);
            C_VerifyInit(handle, &raw mut wrong, 2);
        );
    }
    let mut laden = CK_MECHANISM {
        pParameter: (&raw mut length).cast(),
        ulParameterLen: 8,
        ..ecdsa
    };
    cases!(tally, table, "parameter", ck::CKR_MECHANISM_PARAM_INVALID;
        C_SignInit(handle, &raw mut laden, 1);
        C_VerifyInit(handle, &raw mut laden, 2);
    );
    cases!(tally, table, "begin", ck::CKR_OK;
        C_SignInit(handle, &raw mut ecdsa, 1);
        C_VerifyInit(handle, &raw mut ecdsa, 2);
    );
    cases!(tally, table, "active", ck::CKR_OPERATION_ACTIVE;
        C_SignInit(handle, &raw mut ecdsa, 1);
        C_VerifyInit(handle, &raw mut ecdsa, 2);
    );
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_Sign(handle, digest, 32, out.as_mut_ptr(), null_mut());
        C_Sign(handle, null_mut(), 32, out.as_mut_ptr(), &raw mut length);
        C_SignUpdate(handle, null_mut(), 32);
        C_SignFinal(handle, out.as_mut_ptr(), null_mut());
        C_Verify(handle, digest, 32, null_mut(), 64);
        C_Verify(handle, null_mut(), 32, out.as_mut_ptr(), 64);
        C_VerifyUpdate(handle, null_mut(), 32);
        C_VerifyFinal(handle, null_mut(), 64);
    );
    length = 0;
    cases!(tally, table, "query", ck::CKR_OK; C_Sign(handle, digest, 32, null_mut(), &raw mut length););
    tally.check("64 bytes", length == 64);
    length = 63;
    cases!(tally, table, "short", ck::CKR_BUFFER_TOO_SMALL;
        C_Sign(handle, digest, 32, out.as_mut_ptr(), &raw mut length);
    );
    tally.check("64 bytes are needed", length == 64);
    cases!(tally, table, "good", ck::CKR_OK;
        C_Sign(handle, digest, 32, out.as_mut_ptr(), &raw mut length);
        C_Verify(handle, digest, 32, out.as_mut_ptr(), 64);
    );
    cases!(tally, table, "over", ck::CKR_OPERATION_NOT_INITIALIZED;
        C_Sign(handle, digest, 32, out.as_mut_ptr(), &raw mut length);
        C_Verify(handle, digest, 32, out.as_mut_ptr(), 64);
    );
    for (bytes, expected) in [
        (0, ck::CKR_DATA_LEN_RANGE),
        (65, ck::CKR_DATA_LEN_RANGE),
        (1, ck::CKR_OK),
        (20, ck::CKR_OK),
        (48, ck::CKR_OK),
        (64, ck::CKR_OK),
    ] {
        cases!(tally, table, "begin", ck::CKR_OK; C_SignInit(handle, &raw mut ecdsa, 1););
        cases!(tally, table, format!("{bytes} bytes"), expected;
            C_Sign(handle, digest, bytes, out.as_mut_ptr(), &raw mut length);
        );
        cases!(tally, table, "over", ck::CKR_OPERATION_NOT_INITIALIZED; C_SignUpdate(handle, digest, 1););
    }
    cases!(tally, table, "begin", ck::CKR_OK; C_VerifyInit(handle, &raw mut ecdsa, 2););
    cases!(tally, table, "length", ck::CKR_SIGNATURE_LEN_RANGE;
        C_Verify(handle, digest, 32, out.as_mut_ptr(), 63);
    );
    out = [1; 64];
    cases!(tally, table, "begin", ck::CKR_OK; C_VerifyInit(handle, &raw mut ecdsa, 2););
    cases!(tally, table, "no signature", ck::CKR_SIGNATURE_INVALID;
        C_Verify(handle, digest, 32, out.as_mut_ptr(), 64);
    );
    cases!(tally, table, "in parts", ck::CKR_OK;
        C_SignInit(handle, &raw mut sha256, 1);
        C_SignUpdate(handle, digest, 32);
        C_SignUpdate(handle, digest, 33);
        C_SignFinal(handle, null_mut(), &raw mut length);
        C_SignFinal(handle, out.as_mut_ptr(), &raw mut length);
        C_VerifyInit(handle, &raw mut sha256, 2);
        C_VerifyUpdate(handle, digest, 65);
        C_VerifyFinal(handle, out.as_mut_ptr(), 64);
        C_SignInit(handle, &raw mut sha256, 1);
        C_SignUpdate(handle, digest, 32);
        C_VerifyInit(handle, &raw mut sha256, 2);
        C_VerifyUpdate(handle, digest, 32);
    );
    cases!(tally, table, "whole after parts", ck::CKR_OPERATION_ACTIVE;
        C_Sign(handle, digest, 32, out.as_mut_ptr(), &raw mut length);
        C_Verify(handle, digest, 32, out.as_mut_ptr(), 64);
    );
    cases!(tally, table, "given up", ck::CKR_OK;
        C_SignInit(handle, &raw mut ecdsa, 1);
        C_SignInit(handle, null_mut(), 0);
        C_VerifyInit(handle, &raw mut ecdsa, 2);
        C_SessionCancel(handle, ck::CKF_SIGN | ck::CKF_VERIFY | ck::CKF_FIND_OBJECTS);
    );
    cases!(tally, table, "given up", ck::CKR_OPERATION_NOT_INITIALIZED;
        C_SignUpdate(handle, digest, 32);
        C_VerifyUpdate(handle, digest, 32);
    );
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

pub(crate) fn derivation(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let point = p256::SecretKey::from_slice(&[0x11; 32])
        .unwrap()
        .public_key();
    let mut point = p256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&point, false)
        .as_bytes()
        .to_vec();
    let mut parameters = CK_ECDH1_DERIVE_PARAMS {
        kdf: ck::CKD_NULL,
        ulSharedDataLen: 0,
        pSharedData: null_mut(),
        ulPublicDataLen: 65,
        pPublicData: point.as_mut_ptr(),
    };
    let mut bad = [
        CK_ECDH1_DERIVE_PARAMS {
            kdf: ck::CKD_SHA256_KDF,
            ..parameters
        },
        CK_ECDH1_DERIVE_PARAMS {
            ulPublicDataLen: 64,
            ..parameters
        },
        CK_ECDH1_DERIVE_PARAMS {
            ulPublicDataLen: 0,
            ..parameters
        },
        CK_ECDH1_DERIVE_PARAMS {
            ulSharedDataLen: 3,
            pSharedData: point.as_mut_ptr(),
            ..parameters
        },
    ];
    let with = |parameters: &mut CK_ECDH1_DERIVE_PARAMS| CK_MECHANISM {
        mechanism: ck::CKM_ECDH1_DERIVE,
        pParameter: (&raw mut *parameters).cast(),
        ulParameterLen: size_of::<CK_ECDH1_DERIVE_PARAMS>() as ck::CK_ULONG,
    };
    let mut key = 0;
    for parameters in &mut bad {
        let mut mechanism = with(parameters);
        cases!(tally, table, "parameter", ck::CKR_MECHANISM_PARAM_INVALID;
            C_DeriveKey(handle, &raw mut mechanism, 1, null_mut(), 0, &raw mut key);
        );
    }
    let mut good = with(&mut parameters);
    let mut bare = plain(ck::CKM_ECDH1_DERIVE);
    let mut other = plain(ck::CKM_ECDSA);
    cases!(tally, table, "parameter", ck::CKR_MECHANISM_PARAM_INVALID;
        C_DeriveKey(handle, &raw mut bare, 1, null_mut(), 0, &raw mut key);
    );
    cases!(tally, table, "mechanism", ck::CKR_MECHANISM_INVALID;
        C_DeriveKey(handle, &raw mut other, 1, null_mut(), 0, &raw mut key);
        C_SignInit(handle, &raw mut good, 1);
        C_DigestInit(handle, &raw mut good);
    );
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_DeriveKey(handle, null_mut(), 1, null_mut(), 0, &raw mut key);
        C_DeriveKey(handle, &raw mut good, 1, null_mut(), 1, &raw mut key);
        C_DeriveKey(handle, &raw mut good, 1, null_mut(), 0, null_mut());
    );
    cases!(tally, table, "no key", ck::CKR_KEY_HANDLE_INVALID;
        C_DeriveKey(handle, &raw mut good, 77, null_mut(), 0, &raw mut key);
    );
    cases!(tally, table, "another key", ck::CKR_KEY_TYPE_INCONSISTENT;
        C_DeriveKey(handle, &raw mut good, 2, null_mut(), 0, &raw mut key);
    );
    let (mut rsa, mut length, mut yes) = ([ck::CKK_RSA], [33], [ck::CK_TRUE]);
    for mut template in [
        attribute(ck::CKA_KEY_TYPE, &mut rsa),
        attribute(ck::CKA_VALUE_LEN, &mut length),
        attribute(ck::CKA_TOKEN, &mut yes),
        ask(ck::CKA_SENSITIVE),
    ] {
        cases!(tally, table, "template", ck::CKR_ATTRIBUTE_VALUE_INVALID;
            C_DeriveKey(handle, &raw mut good, 1, &raw mut template, 1, &raw mut key);
        );
    }
    cases!(tally, table, "good", ck::CKR_OK;
        C_DeriveKey(handle, &raw mut good, 1, null_mut(), 0, &raw mut key);
        C_DestroyObject(handle, key);
    );
    cases!(tally, table, "destroyed", ck::CKR_OBJECT_HANDLE_INVALID; C_DestroyObject(handle, key););
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

pub(crate) fn unsupported(table: &Table, tally: &mut Tally) {
    cases!(tally, table, "not supported", ck::CKR_FUNCTION_NOT_SUPPORTED;
        C_InitToken(0, null_mut(), 0, null_mut());
        C_InitPIN(0, null_mut(), 0);
        C_SetPIN(0, null_mut(), 0, null_mut(), 0);
        C_GetOperationState(0, null_mut(), null_mut());
        C_SetOperationState(0, null_mut(), 0, 0, 0);
        C_CreateObject(0, null_mut(), 0, null_mut());
        C_CopyObject(0, 0, null_mut(), 0, null_mut());
        C_SetAttributeValue(0, 0, null_mut(), 0);
        C_EncryptInit(0, null_mut(), 0);
        C_Encrypt(0, null_mut(), 0, null_mut(), null_mut());
        C_EncryptUpdate(0, null_mut(), 0, null_mut(), null_mut());
        C_EncryptFinal(0, null_mut(), null_mut());
        C_DecryptInit(0, null_mut(), 0);
        C_Decrypt(0, null_mut(), 0, null_mut(), null_mut());
        C_DecryptUpdate(0, null_mut(), 0, null_mut(), null_mut());
        C_DecryptFinal(0, null_mut(), null_mut());
        C_DigestKey(0, 0);
        C_SignRecoverInit(0, null_mut(), 0);
        C_SignRecover(0, null_mut(), 0, null_mut(), null_mut());
        C_VerifyRecoverInit(0, null_mut(), 0);
        C_VerifyRecover(0, null_mut(), 0, null_mut(), null_mut());
        C_DigestEncryptUpdate(0, null_mut(), 0, null_mut(), null_mut());
        C_DecryptDigestUpdate(0, null_mut(), 0, null_mut(), null_mut());
        C_SignEncryptUpdate(0, null_mut(), 0, null_mut(), null_mut());
        C_DecryptVerifyUpdate(0, null_mut(), 0, null_mut(), null_mut());
        C_GenerateKey(0, null_mut(), null_mut(), 0, null_mut());
        C_GenerateKeyPair(0, null_mut(), null_mut(), 0, null_mut(), 0, null_mut(), null_mut());
        C_WrapKey(0, null_mut(), 0, 0, null_mut(), null_mut());
        C_UnwrapKey(0, null_mut(), 0, null_mut(), 0, null_mut(), 0, null_mut());
        C_MessageEncryptInit(0, null_mut(), 0);
        C_EncryptMessage(0, null_mut(), 0, null_mut(), 0, null_mut(), 0, null_mut(), null_mut());
        C_EncryptMessageBegin(0, null_mut(), 0, null_mut(), 0);
        C_EncryptMessageNext(0, null_mut(), 0, null_mut(), 0, null_mut(), null_mut(), 0);
        C_MessageEncryptFinal(0);
        C_MessageDecryptInit(0, null_mut(), 0);
        C_DecryptMessage(0, null_mut(), 0, null_mut(), 0, null_mut(), 0, null_mut(), null_mut());
        C_DecryptMessageBegin(0, null_mut(), 0, null_mut(), 0);
        C_DecryptMessageNext(0, null_mut(), 0, null_mut(), 0, null_mut(), null_mut(), 0);
        C_MessageDecryptFinal(0);
        C_MessageSignInit(0, null_mut(), 0);
        C_SignMessage(0, null_mut(), 0, null_mut(), 0, null_mut(), null_mut());
        C_SignMessageBegin(0, null_mut(), 0);
        C_SignMessageNext(0, null_mut(), 0, null_mut(), 0, null_mut(), null_mut());
        C_MessageSignFinal(0);
        C_MessageVerifyInit(0, null_mut(), 0);
        C_VerifyMessage(0, null_mut(), 0, null_mut(), 0, null_mut(), 0);
        C_VerifyMessageBegin(0, null_mut(), 0);
        C_VerifyMessageNext(0, null_mut(), 0, null_mut(), 0, null_mut(), 0);
        C_MessageVerifyFinal(0);
    );
}

pub(crate) fn finalize(table: &Table, tally: &mut Tally) {
    cases!(tally, table, "good", ck::CKR_OK; C_Finalize(null_mut()););
    cases!(tally, table, "finalized", ck::CKR_CRYPTOKI_NOT_INITIALIZED;
        C_Finalize(null_mut());
        C_GetInfo(null_mut());
    );
}
