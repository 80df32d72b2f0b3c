//! Sessions, login, random numbers.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use super::{NO_SESSION, SLOT, Table, cases, session};
use crate::tally::Tally;

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
    tally.check("random", bytes[..50] != bytes[50..]);
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
