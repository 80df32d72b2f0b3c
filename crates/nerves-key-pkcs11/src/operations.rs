//! Digests, signatures, verification, key agreement.

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_BYTE, CK_ECDH1_DERIVE_PARAMS, CK_MECHANISM, CK_OBJECT_HANDLE, CK_RV,
    CK_SESSION_HANDLE, CK_ULONG, CKM_ECDH1_DERIVE,
};
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::mechanism::{Ecdh1, Mechanism};
use nerves_key_pkcs11_core::operation::OperationKind;
use nerves_key_pkcs11_core::session::Input;

use crate::pointer::{OutBuffer, one, place, put, slice, template};
use crate::{with_operation, with_session};

/// A caller's mechanism, if it gives one.
///
/// # Safety
/// `mechanism` and what it leads to are null or may be read for `'a`.
unsafe fn mechanism<'a>(mechanism: *const CK_MECHANISM) -> Result<Option<Mechanism<'a>>, Error> {
    if mechanism.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    let given = unsafe { one(mechanism)? };
    let length = usize::try_from(given.ulParameterLen).unwrap_or(usize::MAX);
    Ok(Some(match given.mechanism {
        CKM_ECDH1_DERIVE if length == size_of::<CK_ECDH1_DERIVE_PARAMS>() => {
            let parameter = given.pParameter.cast_const();
            // SAFETY: the caller's promise; the length is right.
            let parameter = unsafe { one(parameter.cast::<CK_ECDH1_DERIVE_PARAMS>())? };
            Mechanism::Ecdh1(Ecdh1 {
                kdf: parameter.kdf,
                // SAFETY: the caller's promise.
                shared: unsafe { slice(parameter.pSharedData, parameter.ulSharedDataLen)? },
                // SAFETY: the caller's promise.
                public: unsafe { slice(parameter.pPublicData, parameter.ulPublicDataLen)? },
            })
        }
        kind if given.pParameter.is_null() || length == 0 => Mechanism::Plain(kind),
        kind => Mechanism::WithParameter(kind),
    }))
}

pub(crate) unsafe extern "C" fn C_DigestInit(
    handle: CK_SESSION_HANDLE,
    given: *mut CK_MECHANISM,
) -> CK_RV {
    with_session("C_DigestInit", handle, |session| {
        // SAFETY: the caller's promise.
        session.digest_begin(unsafe { mechanism(given)? })
    })
}

pub(crate) unsafe extern "C" fn C_Digest(
    handle: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    length: CK_ULONG,
    digest: *mut CK_BYTE,
    digest_length: *mut CK_ULONG,
) -> CK_RV {
    with_operation("C_Digest", handle, OperationKind::Digest, |session| {
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, length)? };
        // SAFETY: the caller's promise.
        let buffer = unsafe { OutBuffer::new(digest, digest_length)? };
        let output = session.digest(Input::Whole(data), buffer.capacity())?;
        buffer.give(&output)
    })
}

pub(crate) unsafe extern "C" fn C_DigestUpdate(
    handle: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    length: CK_ULONG,
) -> CK_RV {
    with_operation("C_DigestUpdate", handle, OperationKind::Digest, |session| {
        // SAFETY: the caller's promise.
        session.digest_update(unsafe { slice(part, length)? })
    })
}

pub(crate) unsafe extern "C" fn C_DigestFinal(
    handle: CK_SESSION_HANDLE,
    digest: *mut CK_BYTE,
    digest_length: *mut CK_ULONG,
) -> CK_RV {
    with_operation("C_DigestFinal", handle, OperationKind::Digest, |session| {
        // SAFETY: the caller's promise.
        let buffer = unsafe { OutBuffer::new(digest, digest_length)? };
        let output = session.digest(Input::End, buffer.capacity())?;
        buffer.give(&output)
    })
}

pub(crate) unsafe extern "C" fn C_SignInit(
    handle: CK_SESSION_HANDLE,
    given: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    with_session("C_SignInit", handle, |session| {
        // SAFETY: the caller's promise.
        session.sign_begin(unsafe { mechanism(given)? }, key)
    })
}

pub(crate) unsafe extern "C" fn C_Sign(
    handle: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    length: CK_ULONG,
    signature: *mut CK_BYTE,
    signature_length: *mut CK_ULONG,
) -> CK_RV {
    with_operation("C_Sign", handle, OperationKind::Sign, |session| {
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, length)? };
        // SAFETY: the caller's promise.
        let buffer = unsafe { OutBuffer::new(signature, signature_length)? };
        let output = session.sign(Input::Whole(data), buffer.capacity())?;
        buffer.give(&output)
    })
}

pub(crate) unsafe extern "C" fn C_SignUpdate(
    handle: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    length: CK_ULONG,
) -> CK_RV {
    with_operation("C_SignUpdate", handle, OperationKind::Sign, |session| {
        // SAFETY: the caller's promise.
        session.sign_update(unsafe { slice(part, length)? })
    })
}

pub(crate) unsafe extern "C" fn C_SignFinal(
    handle: CK_SESSION_HANDLE,
    signature: *mut CK_BYTE,
    signature_length: *mut CK_ULONG,
) -> CK_RV {
    with_operation("C_SignFinal", handle, OperationKind::Sign, |session| {
        // SAFETY: the caller's promise.
        let buffer = unsafe { OutBuffer::new(signature, signature_length)? };
        let output = session.sign(Input::End, buffer.capacity())?;
        buffer.give(&output)
    })
}

pub(crate) unsafe extern "C" fn C_VerifyInit(
    handle: CK_SESSION_HANDLE,
    given: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    with_session("C_VerifyInit", handle, |session| {
        // SAFETY: the caller's promise.
        session.verify_begin(unsafe { mechanism(given)? }, key)
    })
}

pub(crate) unsafe extern "C" fn C_Verify(
    handle: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    length: CK_ULONG,
    signature: *mut CK_BYTE,
    signature_length: CK_ULONG,
) -> CK_RV {
    with_operation("C_Verify", handle, OperationKind::Verify, |session| {
        // SAFETY: the caller's promise.
        let data = unsafe { slice(data, length)? };
        // SAFETY: the caller's promise.
        let signature = unsafe { slice(signature, signature_length)? };
        session.verify(Input::Whole(data), signature)
    })
}

pub(crate) unsafe extern "C" fn C_VerifyUpdate(
    handle: CK_SESSION_HANDLE,
    part: *mut CK_BYTE,
    length: CK_ULONG,
) -> CK_RV {
    with_operation("C_VerifyUpdate", handle, OperationKind::Verify, |session| {
        // SAFETY: the caller's promise.
        session.verify_update(unsafe { slice(part, length)? })
    })
}

pub(crate) unsafe extern "C" fn C_VerifyFinal(
    handle: CK_SESSION_HANDLE,
    signature: *mut CK_BYTE,
    signature_length: CK_ULONG,
) -> CK_RV {
    with_operation("C_VerifyFinal", handle, OperationKind::Verify, |session| {
        // SAFETY: the caller's promise.
        session.verify(Input::End, unsafe { slice(signature, signature_length)? })
    })
}

pub(crate) unsafe extern "C" fn C_DeriveKey(
    handle: CK_SESSION_HANDLE,
    given: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    derived: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    with_session("C_DeriveKey", handle, |session| {
        // SAFETY: the caller's promise.
        let mechanism = unsafe { mechanism(given)? }.ok_or(Error::Arguments("no mechanism"))?;
        // SAFETY: the caller's promise.
        let template = unsafe { template(attributes, count)? };
        // Before there is a key that nobody would know.
        place(derived)?;
        // SAFETY: the caller's promise.
        unsafe { put(derived, session.derive(mechanism, key, &template)?) }
    })
}

pub(crate) unsafe extern "C" fn C_GenerateKeyPair(
    handle: CK_SESSION_HANDLE,
    given: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_count: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_count: CK_ULONG,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    with_session("C_GenerateKeyPair", handle, |session| {
        // SAFETY: the caller's promise.
        let mechanism = unsafe { mechanism(given)? }.ok_or(Error::Arguments("no mechanism"))?;
        // SAFETY: the caller's promise.
        let public = unsafe { template(public, public_count)? };
        // SAFETY: the caller's promise.
        let private = unsafe { template(private, private_count)? };
        place(public_key)?;
        place(private_key)?;
        let made = session.generate(mechanism, &public, &private)?;
        // SAFETY: the caller's promise.
        unsafe { put(public_key, made.public)? };
        // SAFETY: the caller's promise.
        unsafe { put(private_key, made.private) }
    })
}
