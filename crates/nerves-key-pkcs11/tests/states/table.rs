//! The module's table of functions, and what each walk asks of it.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_FUNCTION_LIST_3_0, CK_MECHANISM, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE,
};
use p256::ecdsa::VerifyingKey;

pub(crate) type Table = CK_FUNCTION_LIST_3_0;

pub(crate) const SLOT: ck::CK_SLOT_ID = 1;
pub(crate) const PRIVATE_KEY: CK_OBJECT_HANDLE = 1;
pub(crate) const PUBLIC_KEY: CK_OBJECT_HANDLE = 2;

/// Call a function of the table.
macro_rules! call {
    ($table:expr, $name:ident($($argument:expr),*)) => {
        // SAFETY: every pointer is null or leads to as much as is said.
        unsafe { ($table.$name.unwrap())($($argument),*) }
    };
}

pub(crate) use call;

pub(crate) fn initialize(table: &Table) {
    assert_eq!(call!(table, C_Initialize(null_mut())), ck::CKR_OK);
}

pub(crate) fn open(table: &Table) -> CK_SESSION_HANDLE {
    let mut handle = 0;
    let flags = ck::CKF_SERIAL_SESSION;
    let rv = call!(
        table,
        C_OpenSession(SLOT, flags, null_mut(), None, &raw mut handle)
    );
    assert_eq!(rv, ck::CKR_OK);
    handle
}

pub(crate) const fn plain(mechanism: CK_MECHANISM_TYPE) -> CK_MECHANISM {
    CK_MECHANISM {
        mechanism,
        pParameter: null_mut(),
        ulParameterLen: 0,
    }
}

/// That of slot 0.
pub(crate) fn public_key(table: &Table, session: CK_SESSION_HANDLE) -> VerifyingKey {
    let mut point = [0_u8; 67];
    let mut attribute = ck::CK_ATTRIBUTE {
        type_: ck::CKA_EC_POINT,
        pValue: point.as_mut_ptr().cast(),
        ulValueLen: 67,
    };
    let rv = call!(
        table,
        C_GetAttributeValue(session, PUBLIC_KEY, &raw mut attribute, 1)
    );
    assert_eq!(rv, ck::CKR_OK);
    VerifyingKey::from_sec1_bytes(&point[2..]).unwrap()
}

/// Objects that a session finds.
pub(crate) fn count_objects(table: &Table) -> usize {
    let session = open(table);
    let (mut objects, mut count) = ([0; 64], 0);
    let answers = [
        call!(table, C_FindObjectsInit(session, null_mut(), 0)),
        call!(
            table,
            C_FindObjects(session, objects.as_mut_ptr(), 64, &raw mut count)
        ),
        call!(table, C_FindObjectsFinal(session)),
        call!(table, C_CloseSession(session)),
    ];
    assert_eq!(answers, [ck::CKR_OK; 4]);
    usize::try_from(count).unwrap()
}
