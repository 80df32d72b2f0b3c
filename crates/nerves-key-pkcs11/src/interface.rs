//! What the shared object exports: three ways to the tables of functions.

use std::ffi::CStr;

use cryptoki_sys::{
    CK_FLAGS, CK_FUNCTION_LIST, CK_INTERFACE, CK_RV, CK_ULONG, CK_UTF8CHAR, CK_VERSION,
    CKF_INTERFACE_FORK_SAFE,
};
use nerves_key_pkcs11_core::Error;

use crate::call;
use crate::pointer::{OutBuffer, one, put};
use crate::table::{V2_40, V3_0};

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
        flags: CKF_INTERFACE_FORK_SAFE,
    })
}

/// The best one first: it is who asks for none in particular gets.
static INTERFACES: [Interface; 2] = [interface(&V3_0), interface(&V2_40)];
const VERSIONS: [CK_VERSION; 2] = [V3_0_VERSION, V2_40_VERSION];
const V3_0_VERSION: CK_VERSION = CK_VERSION { major: 3, minor: 0 };
const V2_40_VERSION: CK_VERSION = CK_VERSION {
    major: 2,
    minor: 40,
};

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
        let known = flags & !CKF_INTERFACE_FORK_SAFE == 0;
        let version = if version.is_null() {
            V3_0_VERSION
        } else {
            // SAFETY: the caller's promise.
            *unsafe { one(version)? }
        };
        let found = VERSIONS
            .iter()
            .position(|ours| (ours.major, ours.minor) == (version.major, version.minor))
            .filter(|_| named && known)
            .and_then(|index| INTERFACES.get(index))
            .ok_or(Error::Arguments("no such interface"))?;
        // SAFETY: the caller's promise.
        unsafe { put(place, (&raw const found.0).cast_mut()) }
    })
}
