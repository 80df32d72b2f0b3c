//! Key pairs, which nothing allows here to be made. Sources: PKCS#11 3.1, section
//! 5.18.2 and, for the pointers, section 5.1.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use super::{NO_SESSION, Table, ask, attribute, cases, plain, session};
use crate::tally::Tally;

pub(crate) fn generation(table: &Table, tally: &mut Tally) {
    let read_only = session(table, tally);
    let (mut public, mut private) = (77, 77);
    let mut mechanism = plain(ck::CKM_EC_KEY_PAIR_GEN);
    // prime256v1.
    let mut curve = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    let mut template = attribute(ck::CKA_EC_PARAMS, &mut curve);
    let mut nowhere = ck::CK_ATTRIBUTE {
        ulValueLen: 4,
        ..ask(ck::CKA_ID)
    };
    cases!(tally, table, "no session", ck::CKR_SESSION_HANDLE_INVALID;
        C_GenerateKeyPair(NO_SESSION, &raw mut mechanism, &raw mut template, 1, null_mut(), 0, &raw mut public, &raw mut private);
    );
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_GenerateKeyPair(read_only, null_mut(), &raw mut template, 1, null_mut(), 0, &raw mut public, &raw mut private);
        C_GenerateKeyPair(read_only, &raw mut mechanism, null_mut(), 1, null_mut(), 0, &raw mut public, &raw mut private);
        C_GenerateKeyPair(read_only, &raw mut mechanism, &raw mut template, 1, null_mut(), 1, &raw mut public, &raw mut private);
        C_GenerateKeyPair(read_only, &raw mut mechanism, &raw mut nowhere, 1, null_mut(), 0, &raw mut public, &raw mut private);
        C_GenerateKeyPair(read_only, &raw mut mechanism, &raw mut template, 1, null_mut(), 0, null_mut(), &raw mut private);
        C_GenerateKeyPair(read_only, &raw mut mechanism, &raw mut template, 1, null_mut(), 0, &raw mut public, null_mut());
    );
    // Whether a session is for writing makes no difference where nothing is allowed.
    cases!(tally, table, "not allowed", ck::CKR_TOKEN_WRITE_PROTECTED;
        C_GenerateKeyPair(read_only, &raw mut mechanism, &raw mut template, 1, null_mut(), 0, &raw mut public, &raw mut private);
    );
    tally.check("no handle was given", (public, private) == (77, 77));
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(read_only););
}
