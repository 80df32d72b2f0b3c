//! Sessions, login, random numbers.

use std::ffi::c_void;

use cryptoki_sys::{
    CK_BYTE, CK_FLAGS, CK_NOTIFY, CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO, CK_SLOT_ID, CK_ULONG,
    CK_USER_TYPE, CK_UTF8CHAR, CKU_CONTEXT_SPECIFIC, CKU_USER,
};
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::session::Session;

use crate::pointer::{place, put, put_all, slice};
use crate::{call, with_module, with_session};

pub(crate) unsafe extern "C" fn C_OpenSession(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    _application: *mut c_void,
    _notify: CK_NOTIFY,
    handle: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    with_module("C_OpenSession", |module| {
        place(handle)?;
        // SAFETY: the caller's promise.
        unsafe { put(handle, module.open(slot, flags)?) }
    })
}

pub(crate) unsafe extern "C" fn C_CloseSession(handle: CK_SESSION_HANDLE) -> CK_RV {
    with_module("C_CloseSession", |module| module.close(handle))
}

pub(crate) unsafe extern "C" fn C_CloseAllSessions(slot: CK_SLOT_ID) -> CK_RV {
    with_module("C_CloseAllSessions", |module| module.close_all(slot))
}

pub(crate) unsafe extern "C" fn C_GetSessionInfo(
    handle: CK_SESSION_HANDLE,
    info: *mut CK_SESSION_INFO,
) -> CK_RV {
    with_session("C_GetSessionInfo", handle, |session| {
        // SAFETY: the caller's promise.
        unsafe { put(info, session.info()) }
    })
}

pub(crate) unsafe extern "C" fn C_SessionCancel(
    handle: CK_SESSION_HANDLE,
    flags: CK_FLAGS,
) -> CK_RV {
    with_session("C_SessionCancel", handle, |session| {
        session.cancel(flags);
        Ok(())
    })
}

/// Any PIN is right: there is none.
pub(crate) unsafe extern "C" fn C_Login(
    handle: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_UTF8CHAR,
    pin_length: CK_ULONG,
) -> CK_RV {
    with_session("C_Login", handle, |session| {
        // SAFETY: the caller's promise.
        unsafe { slice(pin, pin_length)? };
        log_in(session, user)
    })
}

pub(crate) unsafe extern "C" fn C_LoginUser(
    handle: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_UTF8CHAR,
    pin_length: CK_ULONG,
    name: *mut CK_UTF8CHAR,
    name_length: CK_ULONG,
) -> CK_RV {
    with_session("C_LoginUser", handle, |session| {
        // SAFETY: the caller's promise.
        unsafe { slice(pin, pin_length)? };
        // SAFETY: the caller's promise.
        unsafe { slice(name, name_length)? };
        log_in(session, user)
    })
}

fn log_in(session: &Session, user: CK_USER_TYPE) -> Result<(), Error> {
    match user {
        CKU_USER => session.token().log_in(),
        // For keys that ask at each use, which none here does.
        CKU_CONTEXT_SPECIFIC => Err(Error::NotActive),
        _ => Err(Error::User(user)),
    }
}

pub(crate) unsafe extern "C" fn C_Logout(handle: CK_SESSION_HANDLE) -> CK_RV {
    with_session("C_Logout", handle, |session| session.token().log_out())
}

pub(crate) unsafe extern "C" fn C_SeedRandom(
    handle: CK_SESSION_HANDLE,
    _seed: *mut CK_BYTE,
    _length: CK_ULONG,
) -> CK_RV {
    with_session("C_SeedRandom", handle, |_| Err(Error::NoSeed))
}

pub(crate) unsafe extern "C" fn C_GenerateRandom(
    handle: CK_SESSION_HANDLE,
    places: *mut CK_BYTE,
    length: CK_ULONG,
) -> CK_RV {
    /// What one call gives at most; nobody means more.
    const MOST: CK_ULONG = 1 << 20;
    with_session("C_GenerateRandom", handle, |session| {
        if length > MOST || (places.is_null() && length > 0) {
            return Err(Error::Arguments("places for a megabyte at most"));
        }
        let bytes = session.random(usize::try_from(length).unwrap_or_default())?;
        // SAFETY: the caller's promise.
        unsafe { put_all(places, &bytes) }
    })
}

pub(crate) unsafe extern "C" fn C_GetFunctionStatus(_handle: CK_SESSION_HANDLE) -> CK_RV {
    call("C_GetFunctionStatus", || Err(Error::NotParallel))
}

pub(crate) unsafe extern "C" fn C_CancelFunction(_handle: CK_SESSION_HANDLE) -> CK_RV {
    call("C_CancelFunction", || Err(Error::NotParallel))
}
