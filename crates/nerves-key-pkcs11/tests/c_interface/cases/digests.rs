//! Digests.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::CK_MECHANISM;

use super::{Table, cases, plain, session};
use crate::tally::Tally;

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
