//! An operation ends with every error but a buffer that is too small. Sources:
//! PKCS#11 3.1, sections 5.12 (digests), 5.13 (signatures) and 5.15 (verification).

use std::ptr::null_mut;

use cryptoki_sys as ck;

use super::{Table, cases, plain, session};
use crate::tally::Tally;

/// Each call begins anew, fails, and finds nothing to go on with.
macro_rules! ended {
    ($tally:ident, $table:ident, $begin:expr, $after:expr; $($name:ident($($argument:expr),*);)*) => {
        $(
            $begin($tally);
            cases!($tally, $table, "null", ck::CKR_ARGUMENTS_BAD; $name($($argument),*););
            $after($tally, concat!("after ", stringify!($name)));
        )*
    };
}

pub(crate) fn endings(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let (mut bytes, mut out, mut length) = (*b"ab", [0_u8; 64], 64);
    let (bytes, out, places) = (bytes.as_mut_ptr(), out.as_mut_ptr(), &raw mut length);
    for kind in [ck::CKM_ECDSA, ck::CKM_ECDSA_SHA256] {
        let mut mechanism = plain(kind);
        let mechanism = &raw mut mechanism;
        let begin = |tally: &mut Tally| {
            cases!(tally, table, "begin", ck::CKR_OK; C_SignInit(handle, mechanism, 1););
        };
        let begin_parts = |tally: &mut Tally| {
            begin(tally);
            cases!(tally, table, "a part", ck::CKR_OK; C_SignUpdate(handle, bytes, 2););
        };
        let over = |tally: &mut Tally, what| {
            cases!(tally, table, what, ck::CKR_OPERATION_NOT_INITIALIZED;
                C_SignFinal(handle, out, places);
            );
        };
        ended!(tally, table, begin, over;
            C_Sign(handle, null_mut(), 5, out, places);
            C_Sign(handle, bytes, 2, out, null_mut());
            C_Sign(handle, null_mut(), 5, null_mut(), places);
            C_SignUpdate(handle, null_mut(), 5);
            C_SignFinal(handle, out, null_mut());
        );
        ended!(tally, table, begin_parts, over;
            C_Sign(handle, null_mut(), 5, out, places);
            C_SignUpdate(handle, null_mut(), 5);
            C_SignFinal(handle, out, null_mut());
        );
        let begin_parts = |tally: &mut Tally| {
            cases!(tally, table, "begin", ck::CKR_OK;
                C_VerifyInit(handle, mechanism, 2);
                C_VerifyUpdate(handle, bytes, 2);
            );
        };
        let over = |tally: &mut Tally, what| {
            cases!(tally, table, what, ck::CKR_OPERATION_NOT_INITIALIZED;
                C_VerifyFinal(handle, out, 64);
            );
        };
        ended!(tally, table, begin_parts, over;
            C_Verify(handle, null_mut(), 5, out, 64);
            C_Verify(handle, bytes, 2, null_mut(), 64);
            C_VerifyUpdate(handle, null_mut(), 5);
            C_VerifyFinal(handle, null_mut(), 64);
        );
    }
    let mut sha256 = plain(ck::CKM_SHA256);
    let sha256 = &raw mut sha256;
    let begin_parts = |tally: &mut Tally| {
        cases!(tally, table, "begin", ck::CKR_OK;
            C_DigestInit(handle, sha256);
            C_DigestUpdate(handle, bytes, 2);
        );
    };
    let over = |tally: &mut Tally, what| {
        cases!(tally, table, what, ck::CKR_OPERATION_NOT_INITIALIZED;
            C_DigestFinal(handle, out, places);
        );
    };
    ended!(tally, table, begin_parts, over;
        C_Digest(handle, null_mut(), 5, out, places);
        C_Digest(handle, bytes, 2, out, null_mut());
        C_DigestUpdate(handle, null_mut(), 5);
        C_DigestFinal(handle, out, null_mut());
    );
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}
