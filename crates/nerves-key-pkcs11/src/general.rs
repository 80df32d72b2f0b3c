//! The module, its slots and tokens.

use std::ffi::c_void;

use cryptoki_sys::{
    CK_BBOOL, CK_C_INITIALIZE_ARGS, CK_FALSE, CK_FLAGS, CK_INFO, CK_MECHANISM_INFO,
    CK_MECHANISM_TYPE, CK_RV, CK_SLOT_ID, CK_SLOT_INFO, CK_TOKEN_INFO, CK_ULONG, CKF_DONT_BLOCK,
};
use nerves_key_pkcs11_core::Error;
use nerves_key_pkcs11_core::log::Level;
use nerves_key_pkcs11_core::module::{Module, Slots};

use crate::pointer::{OutBuffer, one, put};
use crate::{call, process, with_module};

/// Mutexes of the caller's are welcome and not used: ours do as well, and the
/// module makes no threads, so every combination of flags can be granted.
pub(crate) unsafe extern "C" fn C_Initialize(arguments: *mut c_void) -> CK_RV {
    Level::set_from_environment();
    call("C_Initialize", || {
        if !arguments.is_null() {
            // SAFETY: the caller's promise.
            let arguments = unsafe { one(arguments.cast_const().cast::<CK_C_INITIALIZE_ARGS>())? };
            let given = [
                arguments.CreateMutex.is_some(),
                arguments.DestroyMutex.is_some(),
                arguments.LockMutex.is_some(),
                arguments.UnlockMutex.is_some(),
            ];
            if given != [given[0]; 4] {
                return Err(Error::Arguments("some mutex functions and not all"));
            }
            if !arguments.pReserved.is_null() {
                return Err(Error::Arguments("pReserved is not null"));
            }
        }
        process::initialize(|| Module::from_environment(process::environment()))
    })
}

pub(crate) unsafe extern "C" fn C_Finalize(reserved: *mut c_void) -> CK_RV {
    call("C_Finalize", || {
        process::module()?;
        if !reserved.is_null() {
            return Err(Error::Arguments("pReserved is not null"));
        }
        process::finalize()
    })
}

pub(crate) unsafe extern "C" fn C_GetInfo(info: *mut CK_INFO) -> CK_RV {
    with_module("C_GetInfo", |_| {
        // SAFETY: the caller's promise.
        unsafe { put(info, Module::info()) }
    })
}

/// Asking for the number looks for new buses; the list then stays until that
/// is asked again, as PKCS#11 wants it.
pub(crate) unsafe extern "C" fn C_GetSlotList(
    present: CK_BBOOL,
    list: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> CK_RV {
    with_module("C_GetSlotList", |module| {
        // SAFETY: the caller's promise.
        let buffer = unsafe { OutBuffer::new(list, count)? };
        if list.is_null() {
            module.look_for_buses();
        }
        buffer.give_list(&module.slots(match present {
            CK_FALSE => Slots::All,
            _ => Slots::WithToken,
        }))
    })
}

pub(crate) unsafe extern "C" fn C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> CK_RV {
    with_module("C_GetSlotInfo", |module| {
        // SAFETY: the caller's promise.
        unsafe { put(info, module.slot_info(slot)?) }
    })
}

pub(crate) unsafe extern "C" fn C_GetTokenInfo(
    slot: CK_SLOT_ID,
    info: *mut CK_TOKEN_INFO,
) -> CK_RV {
    with_module("C_GetTokenInfo", |module| {
        // SAFETY: the caller's promise.
        unsafe { put(info, module.token_info(slot)?) }
    })
}

pub(crate) unsafe extern "C" fn C_GetMechanismList(
    slot: CK_SLOT_ID,
    list: *mut CK_MECHANISM_TYPE,
    count: *mut CK_ULONG,
) -> CK_RV {
    with_module("C_GetMechanismList", |module| {
        // SAFETY: the caller's promise.
        let buffer = unsafe { OutBuffer::new(list, count)? };
        buffer.give_list(&module.mechanisms(slot)?)
    })
}

pub(crate) unsafe extern "C" fn C_GetMechanismInfo(
    slot: CK_SLOT_ID,
    kind: CK_MECHANISM_TYPE,
    info: *mut CK_MECHANISM_INFO,
) -> CK_RV {
    with_module("C_GetMechanismInfo", |module| {
        // SAFETY: the caller's promise.
        unsafe { put(info, module.mechanism_info(slot, kind)?) }
    })
}

/// There is nothing to wait on but time: callers may ask, not wait.
pub(crate) unsafe extern "C" fn C_WaitForSlotEvent(
    flags: CK_FLAGS,
    slot: *mut CK_SLOT_ID,
    reserved: *mut c_void,
) -> CK_RV {
    with_module("C_WaitForSlotEvent", |module| {
        if slot.is_null() || !reserved.is_null() {
            return Err(Error::Arguments("a place for the slot, and nothing else"));
        }
        if flags & CKF_DONT_BLOCK == 0 {
            return Err(Error::NotSupported);
        }
        // SAFETY: the caller's promise.
        unsafe { put(slot, module.event()?) }
    })
}
