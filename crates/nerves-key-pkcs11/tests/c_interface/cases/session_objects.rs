//! Objects of sessions: every session of the application with their token sees
//! them, each by one handle that is nobody else's, and they go with the session
//! that made them. Sources: PKCS#11 2.20, sections 6.7 and 6.7.5; 3.1, sections
//! 5.6.2, 5.6.3 and 5.6.10.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{CK_OBJECT_HANDLE, CK_SESSION_HANDLE};

use super::{SLOT, Table, ask, attribute, cases, derivation, session};
use crate::tally::Tally;

/// A secret, `private` where the template says so.
fn derive(
    table: &Table,
    tally: &mut Tally,
    handle: CK_SESSION_HANDLE,
    scalar: u8,
    private: ck::CK_BBOOL,
) -> CK_OBJECT_HANDLE {
    let mut private = [private];
    let mut template = [attribute(ck::CKA_PRIVATE, &mut private)];
    derivation::derive(table, tally, handle, scalar, &mut template)
}

fn secret(
    table: &Table,
    tally: &mut Tally,
    handle: CK_SESSION_HANDLE,
    key: CK_OBJECT_HANDLE,
) -> [u8; 32] {
    let mut value = [0; 32];
    let mut template = attribute(ck::CKA_VALUE, &mut value);
    cases!(tally, table, "its value", ck::CKR_OK;
        C_GetAttributeValue(handle, key, &raw mut template, 1);
    );
    value
}

/// The secrets that a session finds.
fn secrets(table: &Table, tally: &mut Tally, handle: CK_SESSION_HANDLE) -> Vec<CK_OBJECT_HANDLE> {
    let mut class = ck::CKO_SECRET_KEY.to_ne_bytes();
    let mut template = attribute(ck::CKA_CLASS, &mut class);
    let (mut found, mut count) = ([0; 8], 0);
    cases!(tally, table, "secrets", ck::CKR_OK;
        C_FindObjectsInit(handle, &raw mut template, 1);
        C_FindObjects(handle, found.as_mut_ptr(), 8, &raw mut count);
        C_FindObjectsFinal(handle);
    );
    let mut found = found[..usize::try_from(count).unwrap()].to_vec();
    found.sort_unstable();
    found
}

pub(crate) fn shared(table: &Table, tally: &mut Tally) {
    let (first, second) = (session(table, tally), session(table, tally));
    let one = derive(table, tally, first, 0x11, ck::CK_FALSE);
    let two = derive(table, tally, second, 0x22, ck::CK_FALSE);
    tally.check("handles are nobody else's", one != two);
    let values = [first, second].map(|handle| {
        let found = secrets(table, tally, handle);
        tally.check("both are found", found == [one, two]);
        let values = [one, two].map(|key| secret(table, tally, handle, key));
        tally.check("two secrets", values[0] != values[1]);
        values
    });
    tally.check("the same in both sessions", values[0] == values[1]);
    // Neither is a chip's key, of whichever session.
    let mut mechanism = super::plain(ck::CKM_ECDSA);
    cases!(tally, table, "a secret", ck::CKR_KEY_TYPE_INCONSISTENT;
        C_SignInit(second, &raw mut mechanism, one);
        C_VerifyInit(first, &raw mut mechanism, two);
    );
    let mut size = 0;
    cases!(tally, table, "another's secret", ck::CKR_OK;
        C_GetObjectSize(second, one, &raw mut size);
        C_CloseSession(first);
    );
    let mut asked = ask(ck::CKA_CLASS);
    cases!(tally, table, "gone with its session", ck::CKR_OBJECT_HANDLE_INVALID;
        C_GetAttributeValue(second, one, &raw mut asked, 1);
        C_GetObjectSize(second, one, &raw mut size);
        C_DestroyObject(second, one);
    );
    let found = secrets(table, tally, second);
    tally.check("one is left", found == [two]);
    let third = session(table, tally);
    let three = derive(table, tally, third, 0x33, ck::CK_FALSE);
    tally.check("handles are not used again", three != one && three != two);
    cases!(tally, table, "destroyed by another", ck::CKR_OK; C_DestroyObject(third, two););
    cases!(tally, table, "destroyed", ck::CKR_OBJECT_HANDLE_INVALID; C_DestroyObject(second, two););
    let mut no = [ck::CK_FALSE];
    let mut kept = [attribute(ck::CKA_DESTROYABLE, &mut no)];
    let kept = derivation::derive(table, tally, third, 0x44, &mut kept);
    cases!(tally, table, "not to be destroyed", ck::CKR_ACTION_PROHIBITED;
        C_DestroyObject(second, kept);
        C_DestroyObject(third, kept);
    );
    cases!(tally, table, "all", ck::CKR_OK; C_CloseAllSessions(SLOT););
    let last = session(table, tally);
    let found = secrets(table, tally, last);
    tally.check("none is left", found.is_empty());
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(last););
}

/// Logging out destroys what is private.
pub(crate) fn private(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    cases!(tally, table, "good", ck::CKR_OK; C_Login(handle, ck::CKU_USER, null_mut(), 0););
    let public = derive(table, tally, handle, 0x11, ck::CK_FALSE);
    let private = derive(table, tally, handle, 0x22, ck::CK_TRUE);
    let found = secrets(table, tally, handle);
    tally.check("both are there", found == [public, private]);
    cases!(tally, table, "good", ck::CKR_OK; C_Logout(handle););
    let found = secrets(table, tally, handle);
    tally.check("the public one is left", found == [public]);
    cases!(tally, table, "not logged in", ck::CKR_USER_NOT_LOGGED_IN; C_Logout(handle););
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}
