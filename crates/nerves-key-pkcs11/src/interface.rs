//! What the shared object exports: three ways to the tables of functions.

use std::ffi::CStr;

use cryptoki_sys::{
    CK_FLAGS, CK_FUNCTION_LIST, CK_INTERFACE, CK_RV, CK_ULONG, CK_UTF8CHAR, CK_VERSION,
};
use nerves_key_pkcs11_core::Error;

use crate::call;
use crate::pointer::{OutBuffer, one, put};
use crate::table::{V2_40, V3_0, V3_2};

const NAME: &CStr = c"PKCS 11";

/// A `CK_INTERFACE` that threads may share.
#[repr(transparent)]
struct Interface(CK_INTERFACE);

// SAFETY: it leads to statics that nobody changes. The pointers are not const
// only because PKCS#11 does not know const.
unsafe impl Sync for Interface {}

const fn interface<T>(table: &'static T) -> Interface {
    Interface(CK_INTERFACE {
        pInterfaceName: NAME.as_ptr().cast_mut().cast(),
        pFunctionList: (&raw const *table).cast_mut().cast(),
        // No session survives a fork.
        flags: 0,
    })
}

/// The best one first: it is who asks for none in particular gets. Each has the
/// functions of those after it in the same places.
static INTERFACES: [Interface; 3] = [interface(&V3_2), interface(&V3_0), interface(&V2_40)];
const VERSIONS: [CK_VERSION; 3] = [version(3, 2), version(3, 0), version(2, 40)];

const fn version(major: u8, minor: u8) -> CK_VERSION {
    CK_VERSION { major, minor }
}

/// The functions of PKCS#11 2.40.
///
/// # Safety
/// `list` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    call("C_GetFunctionList", || {
        // SAFETY: the caller's promise.
        unsafe { put(list, (&raw const V2_40).cast_mut()) }
    })
}

/// All interfaces.
///
/// # Safety
/// `count` is null or may be read and written, and `list` is null or may be
/// written for `*count` items.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInterfaceList(
    list: *mut CK_INTERFACE,
    count: *mut CK_ULONG,
) -> CK_RV {
    call("C_GetInterfaceList", || {
        // SAFETY: the caller's promise.
        let buffer = unsafe { OutBuffer::new(list, count)? };
        buffer.give_list(&INTERFACES.each_ref().map(|interface| interface.0))
    })
}

/// The interface of that name, version and flags; null is any.
///
/// # Safety
/// `name` is null or a C string, `version` is null or may be read, and `place`
/// is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInterface(
    name: *mut CK_UTF8CHAR,
    version: *mut CK_VERSION,
    place: *mut *mut CK_INTERFACE,
    flags: CK_FLAGS,
) -> CK_RV {
    call("C_GetInterface", || {
        // SAFETY: the caller's promise.
        let named = name.is_null() || unsafe { CStr::from_ptr(name.cast()) } == NAME;
        let wanted = if version.is_null() {
            None
        } else {
            // SAFETY: the caller's promise.
            Some(unsafe { one(version)? })
        };
        let is_wanted = |ours: &CK_VERSION| {
            wanted.is_none_or(|it| (ours.major, ours.minor) == (it.major, it.minor))
        };
        // None has a flag: who wants one gets no interface.
        let found = VERSIONS
            .iter()
            .position(is_wanted)
            .filter(|_| named && flags == 0)
            .and_then(|index| INTERFACES.get(index))
            .ok_or(Error::Arguments("no such interface"))?;
        // SAFETY: the caller's promise.
        unsafe { put(place, (&raw const found.0).cast_mut()) }
    })
}
