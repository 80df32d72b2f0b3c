//! Objects: finding them, and what they say of themselves.

use cryptoki_sys::{CK_ATTRIBUTE, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_ULONG};
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::session::Session;

use crate::pointer::{attribute_queries, place, put, put_all, template};
use crate::with_session;

pub(crate) unsafe extern "C" fn C_FindObjectsInit(
    handle: CK_SESSION_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    with_session("C_FindObjectsInit", handle, |session| {
        // SAFETY: the caller's promise.
        session.find_begin(&unsafe { template(attributes, count)? })
    })
}

pub(crate) unsafe extern "C" fn C_FindObjects(
    handle: CK_SESSION_HANDLE,
    objects: *mut CK_OBJECT_HANDLE,
    most: CK_ULONG,
    count: *mut CK_ULONG,
) -> CK_RV {
    with_session("C_FindObjects", handle, |session| {
        // Before anything is taken from what was found.
        place(count)?;
        if most > 0 {
            place(objects)?;
        }
        let found = session.find(usize::try_from(most).unwrap_or(usize::MAX))?;
        // SAFETY: the caller's promise; not more than `most`.
        unsafe { put_all(objects, &found)? };
        // SAFETY: the caller's promise.
        unsafe { put(count, found.len() as CK_ULONG) }
    })
}

pub(crate) unsafe extern "C" fn C_FindObjectsFinal(handle: CK_SESSION_HANDLE) -> CK_RV {
    with_session("C_FindObjectsFinal", handle, Session::find_end)
}

/// Every attribute is answered, whatever became of the others; the last
/// trouble is the call's.
pub(crate) unsafe extern "C" fn C_GetAttributeValue(
    handle: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    with_session("C_GetAttributeValue", handle, |session| {
        if count == 0 {
            return Err(Error::Arguments("an empty template"));
        }
        // SAFETY: the caller's promise.
        let queries = unsafe { attribute_queries(attributes, count)? };
        session.object(object, |object| {
            let mut result = Ok(());
            for query in queries {
                let value = object.attribute(query.kind());
                result = query.answer(value).and(result);
            }
            result
        })
    })
}

pub(crate) unsafe extern "C" fn C_GetObjectSize(
    handle: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    size: *mut CK_ULONG,
) -> CK_RV {
    with_session("C_GetObjectSize", handle, |session| {
        let bytes = session.object(object, |object| Ok(object.attributes.size()))?;
        // SAFETY: the caller's promise.
        unsafe { put(size, bytes as CK_ULONG) }
    })
}

pub(crate) unsafe extern "C" fn C_DestroyObject(
    handle: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
) -> CK_RV {
    with_session("C_DestroyObject", handle, |session| session.destroy(object))
}
