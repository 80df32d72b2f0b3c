//! Key agreement.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ECDH1_DERIVE_PARAMS, CK_MECHANISM, CK_OBJECT_HANDLE, CK_SESSION_HANDLE,
};

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
    unique_ids(table, tally, handle, good);
    cases!(tally, table, "good", ck::CKR_OK;
        C_DeriveKey(handle, &raw mut good, 1, null_mut(), 0, &raw mut key);
        C_DestroyObject(handle, key);
    );
    cases!(tally, table, "destroyed", ck::CKR_OBJECT_HANDLE_INVALID; C_DestroyObject(handle, key););
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

/// Each secret has one of its own, which the caller does not choose.
fn unique_ids(table: &Table, tally: &mut Tally, handle: CK_SESSION_HANDLE, good: CK_MECHANISM) {
    let (mut good, mut key, mut yes) = (good, 0, [ck::CK_TRUE]);
    let mut template = attribute(ck::CKA_UNIQUE_ID, &mut yes);
    cases!(tally, table, "the token says", ck::CKR_ATTRIBUTE_READ_ONLY;
        C_DeriveKey(handle, &raw mut good, 1, &raw mut template, 1, &raw mut key);
    );
    let mut identifiers = [[0_u8; 32]; 2];
    for identifier in &mut identifiers {
        let mut asked = attribute(ck::CKA_UNIQUE_ID, identifier);
        cases!(tally, table, "good", ck::CKR_OK;
            C_DeriveKey(handle, &raw mut good, 1, null_mut(), 0, &raw mut key);
            C_GetAttributeValue(handle, key, &raw mut asked, 1);
            C_DestroyObject(handle, key);
        );
    }
    tally.check("a secret's id is its own", identifiers[0] != identifiers[1]);
}

/// What only the token says, and what contradicts itself. Source: PKCS#11 3.1,
/// section 4.1.1.
pub(crate) fn templates(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let (mut yes, mut no) = ([ck::CK_TRUE], [ck::CK_FALSE]);
    for kind in [
        ck::CKA_LOCAL,
        ck::CKA_ALWAYS_SENSITIVE,
        ck::CKA_NEVER_EXTRACTABLE,
        ck::CKA_KEY_GEN_MECHANISM,
    ] {
        let (rv, _) = try_derive(table, handle, 0x11, &mut [attribute(kind, &mut yes)]);
        tally.case(&format!("{kind:#x}"), rv, ck::CKR_ATTRIBUTE_READ_ONLY);
    }
    for kind in [ck::CKA_SENSITIVE, ck::CKA_ID] {
        let mut template = [attribute(kind, &mut yes), attribute(kind, &mut no)];
        let (rv, _) = try_derive(table, handle, 0x11, &mut template);
        tally.case("two values", rv, ck::CKR_TEMPLATE_INCONSISTENT);
        let (rv, _) = try_derive(table, handle, 0x11, &mut [template[0]; 2]);
        tally.case("one value, twice", rv, ck::CKR_OK);
    }
    let (rv, _) = try_derive(
        table,
        handle,
        0x11,
        &mut [attribute(ck::CKA_LOCAL, &mut no)],
    );
    tally.case("what is so", rv, ck::CKR_OK);
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

/// The base key has always been sensitive and was never extractable, so that these
/// follow from the template. Source: PKCS#11 3.0 Current Mechanisms,
/// section 2.3.15.
pub(crate) fn sensitivity(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    for sensitive in [ck::CK_FALSE, ck::CK_TRUE] {
        for extractable in [ck::CK_FALSE, ck::CK_TRUE] {
            let (mut is_sensitive, mut is_extractable) = ([sensitive], [extractable]);
            let mut template = [
                attribute(ck::CKA_SENSITIVE, &mut is_sensitive),
                attribute(ck::CKA_EXTRACTABLE, &mut is_extractable),
            ];
            let key = derive(table, tally, handle, 0x11, &mut template);
            let mut said = [[9_u8; 1]; 4];
            let kinds = [
                ck::CKA_ALWAYS_SENSITIVE,
                ck::CKA_NEVER_EXTRACTABLE,
                ck::CKA_LOCAL,
                ck::CKA_PRIVATE,
            ];
            for (kind, said) in kinds.into_iter().zip(&mut said) {
                let mut template = attribute(kind, said);
                cases!(tally, table, "good", ck::CKR_OK;
                    C_GetAttributeValue(handle, key, &raw mut template, 1);
                );
            }
            let expected = [[sensitive], [1 - extractable], [0], [0]];
            tally.check("what follows from the template", said == expected);
        }
    }
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

/// A secret shared with the key that is `scalar` times the generator.
pub(crate) fn derive(
    table: &Table,
    tally: &mut Tally,
    handle: CK_SESSION_HANDLE,
    scalar: u8,
    template: &mut [CK_ATTRIBUTE],
) -> CK_OBJECT_HANDLE {
    let (rv, key) = try_derive(table, handle, scalar, template);
    tally.case("C_DeriveKey, good", rv, ck::CKR_OK);
    key
}

fn try_derive(
    table: &Table,
    handle: CK_SESSION_HANDLE,
    scalar: u8,
    template: &mut [CK_ATTRIBUTE],
) -> (ck::CK_RV, CK_OBJECT_HANDLE) {
    let point = p256::SecretKey::from_slice(&[scalar; 32])
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
    let mut mechanism = CK_MECHANISM {
        mechanism: ck::CKM_ECDH1_DERIVE,
        pParameter: (&raw mut parameters).cast(),
        ulParameterLen: size_of::<CK_ECDH1_DERIVE_PARAMS>() as ck::CK_ULONG,
    };
    let length = template.len() as ck::CK_ULONG;
    let mut key = 0;
    // SAFETY: a mechanism with its parameters, so many attributes, a place for the key.
    let rv = unsafe {
        let template = template.as_mut_ptr();
        table.C_DeriveKey.unwrap()(
            handle,
            &raw mut mechanism,
            1,
            template,
            length,
            &raw mut key,
        )
    };
    (rv, key)
}
