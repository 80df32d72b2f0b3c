//! Signatures made and verified.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::CK_MECHANISM;

use super::{Table, cases, plain, session};
use crate::tally::Tally;

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
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

/// Signing and verifying that have begun.
pub(crate) fn signing(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let (mut digest, mut out, mut length) = ([7_u8; 65], [0_u8; 64], 0);
    let digest = digest.as_mut_ptr();
    let mut ecdsa = plain(ck::CKM_ECDSA);
    let mut sha256 = plain(ck::CKM_ECDSA_SHA256);
    cases!(tally, table, "begin", ck::CKR_OK;
        C_SignInit(handle, &raw mut ecdsa, 1);
        C_VerifyInit(handle, &raw mut ecdsa, 2);
    );
    cases!(tally, table, "active", ck::CKR_OPERATION_ACTIVE;
        C_SignInit(handle, &raw mut ecdsa, 1);
        C_VerifyInit(handle, &raw mut ecdsa, 2);
    );
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
