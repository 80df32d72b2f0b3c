//! What this token never does.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use super::{Table, cases};
use crate::tally::Tally;

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

/// The functions that 3.0 does not have.
pub(crate) fn since_3_2(table: &ck::CK_FUNCTION_LIST_3_2, tally: &mut Tally) {
    cases!(tally, table, "not supported", ck::CKR_FUNCTION_NOT_SUPPORTED;
        C_EncapsulateKey(0, null_mut(), 0, null_mut(), 0, null_mut(), null_mut(), null_mut());
        C_DecapsulateKey(0, null_mut(), 0, null_mut(), 0, null_mut(), 0, null_mut());
        C_VerifySignatureInit(0, null_mut(), 0, null_mut(), 0);
        C_VerifySignature(0, null_mut(), 0);
        C_VerifySignatureUpdate(0, null_mut(), 0);
        C_VerifySignatureFinal(0);
        C_GetSessionValidationFlags(0, 0, null_mut());
        C_AsyncComplete(0, null_mut(), null_mut());
        C_AsyncGetID(0, null_mut(), null_mut());
        C_AsyncJoin(0, null_mut(), 0, null_mut(), 0);
        C_WrapKeyAuthenticated(0, null_mut(), 0, 0, null_mut(), 0, null_mut(), null_mut());
        C_UnwrapKeyAuthenticated(0, null_mut(), 0, null_mut(), 0, null_mut(), 0, null_mut(), 0, null_mut());
    );
    // The rest is that of 3.0: one function each, whatever the table.
    let mut info = ck::CK_INFO::default();
    cases!(tally, table, "3.2", ck::CKR_OK; C_GetInfo(&raw mut info););
    let version = info.cryptokiVersion;
    tally.check("it says 3.2", (version.major, version.minor) == (3, 2));
}
