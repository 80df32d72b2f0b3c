//! The tables of functions that callers get.

use cryptoki_sys::{CK_FUNCTION_LIST, CK_FUNCTION_LIST_3_0, CK_FUNCTION_LIST_3_2, CK_VERSION};

use crate::general::{
    C_Finalize, C_GetInfo, C_GetMechanismInfo, C_GetMechanismList, C_GetSlotInfo, C_GetSlotList,
    C_GetTokenInfo, C_Initialize, C_WaitForSlotEvent,
};
use crate::interface::{C_GetFunctionList, C_GetInterface, C_GetInterfaceList};
use crate::objects::{
    C_DestroyObject, C_FindObjects, C_FindObjectsFinal, C_FindObjectsInit, C_GetAttributeValue,
    C_GetObjectSize,
};
use crate::operations::{
    C_DeriveKey, C_Digest, C_DigestFinal, C_DigestInit, C_DigestUpdate, C_GenerateKeyPair, C_Sign,
    C_SignFinal, C_SignInit, C_SignUpdate, C_Verify, C_VerifyFinal, C_VerifyInit, C_VerifyUpdate,
};
use crate::sessions::{
    C_CancelFunction, C_CloseAllSessions, C_CloseSession, C_GenerateRandom, C_GetFunctionStatus,
    C_GetSessionInfo, C_Login, C_LoginUser, C_Logout, C_OpenSession, C_SeedRandom, C_SessionCancel,
};
use crate::unsupported::{
    C_AsyncComplete, C_AsyncGetID, C_AsyncJoin, C_CopyObject, C_CreateObject, C_DecapsulateKey,
    C_Decrypt, C_DecryptDigestUpdate, C_DecryptFinal, C_DecryptInit, C_DecryptMessage,
    C_DecryptMessageBegin, C_DecryptMessageNext, C_DecryptUpdate, C_DecryptVerifyUpdate,
    C_DigestEncryptUpdate, C_DigestKey, C_EncapsulateKey, C_Encrypt, C_EncryptFinal, C_EncryptInit,
    C_EncryptMessage, C_EncryptMessageBegin, C_EncryptMessageNext, C_EncryptUpdate, C_GenerateKey,
    C_GetOperationState, C_GetSessionValidationFlags, C_InitPIN, C_InitToken,
    C_MessageDecryptFinal, C_MessageDecryptInit, C_MessageEncryptFinal, C_MessageEncryptInit,
    C_MessageSignFinal, C_MessageSignInit, C_MessageVerifyFinal, C_MessageVerifyInit,
    C_SetAttributeValue, C_SetOperationState, C_SetPIN, C_SignEncryptUpdate, C_SignMessage,
    C_SignMessageBegin, C_SignMessageNext, C_SignRecover, C_SignRecoverInit, C_UnwrapKey,
    C_UnwrapKeyAuthenticated, C_VerifyMessage, C_VerifyMessageBegin, C_VerifyMessageNext,
    C_VerifyRecover, C_VerifyRecoverInit, C_VerifySignature, C_VerifySignatureFinal,
    C_VerifySignatureInit, C_VerifySignatureUpdate, C_WrapKey, C_WrapKeyAuthenticated,
};

/// A table with these functions, each in the place of its name.
macro_rules! table {
    ($table:ident, $major:literal, $minor:literal, $($name:ident)*) => {
        $table {
            version: CK_VERSION {
                major: $major,
                minor: $minor,
            },
            $($name: Some($name),)*
        }
    };
}

/// A table with the functions of 2.40 and `$more`.
macro_rules! with_v2_40 {
    ($table:ident, $major:literal, $minor:literal, $($more:ident)*) => {
        table!(
            $table, $major, $minor, $($more)*
            C_Initialize
            C_Finalize
            C_GetInfo
            C_GetFunctionList
            C_GetSlotList
            C_GetSlotInfo
            C_GetTokenInfo
            C_GetMechanismList
            C_GetMechanismInfo
            C_InitToken
            C_InitPIN
            C_SetPIN
            C_OpenSession
            C_CloseSession
            C_CloseAllSessions
            C_GetSessionInfo
            C_GetOperationState
            C_SetOperationState
            C_Login
            C_Logout
            C_CreateObject
            C_CopyObject
            C_DestroyObject
            C_GetObjectSize
            C_GetAttributeValue
            C_SetAttributeValue
            C_FindObjectsInit
            C_FindObjects
            C_FindObjectsFinal
            C_EncryptInit
            C_Encrypt
            C_EncryptUpdate
            C_EncryptFinal
            C_DecryptInit
            C_Decrypt
            C_DecryptUpdate
            C_DecryptFinal
            C_DigestInit
            C_Digest
            C_DigestUpdate
            C_DigestKey
            C_DigestFinal
            C_SignInit
            C_Sign
            C_SignUpdate
            C_SignFinal
            C_SignRecoverInit
            C_SignRecover
            C_VerifyInit
            C_Verify
            C_VerifyUpdate
            C_VerifyFinal
            C_VerifyRecoverInit
            C_VerifyRecover
            C_DigestEncryptUpdate
            C_DecryptDigestUpdate
            C_SignEncryptUpdate
            C_DecryptVerifyUpdate
            C_GenerateKey
            C_GenerateKeyPair
            C_WrapKey
            C_UnwrapKey
            C_DeriveKey
            C_SeedRandom
            C_GenerateRandom
            C_GetFunctionStatus
            C_CancelFunction
            C_WaitForSlotEvent
        )
    };
}

/// A table with the functions of 3.0 and `$more`.
macro_rules! with_v3_0 {
    ($table:ident, $major:literal, $minor:literal, $($more:ident)*) => {
        with_v2_40!(
            $table, $major, $minor, $($more)*
            C_GetInterfaceList
            C_GetInterface
            C_LoginUser
            C_SessionCancel
            C_MessageEncryptInit
            C_EncryptMessage
            C_EncryptMessageBegin
            C_EncryptMessageNext
            C_MessageEncryptFinal
            C_MessageDecryptInit
            C_DecryptMessage
            C_DecryptMessageBegin
            C_DecryptMessageNext
            C_MessageDecryptFinal
            C_MessageSignInit
            C_SignMessage
            C_SignMessageBegin
            C_SignMessageNext
            C_MessageSignFinal
            C_MessageVerifyInit
            C_VerifyMessage
            C_VerifyMessageBegin
            C_VerifyMessageNext
            C_MessageVerifyFinal
        )
    };
}

pub(crate) static V2_40: CK_FUNCTION_LIST = with_v2_40!(CK_FUNCTION_LIST, 2, 40,);

pub(crate) static V3_0: CK_FUNCTION_LIST_3_0 = with_v3_0!(CK_FUNCTION_LIST_3_0, 3, 0,);

pub(crate) static V3_2: CK_FUNCTION_LIST_3_2 = with_v3_0!(
    CK_FUNCTION_LIST_3_2, 3, 2,
    C_EncapsulateKey
    C_DecapsulateKey
    C_VerifySignatureInit
    C_VerifySignature
    C_VerifySignatureUpdate
    C_VerifySignatureFinal
    C_GetSessionValidationFlags
    C_AsyncComplete
    C_AsyncGetID
    C_AsyncJoin
    C_WrapKeyAuthenticated
    C_UnwrapKeyAuthenticated
);
