//! Key agreement.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{CK_ECDH1_DERIVE_PARAMS, CK_MECHANISM};

use super::{Table, ask, attribute, cases, plain, session};
use crate::tally::Tally;

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
