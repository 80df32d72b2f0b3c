//! Every function of the C interface with what it should not be given: null
//! pointers, handles of nothing, short buffers, wrong mechanisms, wrong states,
//! and all of them before `C_Initialize`.
//!
//! One test, because a process has one module: it counts its cases.

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod good;
mod profiles;
mod tally;

use std::ptr::{null, null_mut};

use cryptoki_sys as ck;
use cryptoki_sys::{CK_FUNCTION_LIST_3_0, CK_FUNCTION_LIST_3_2, CK_INTERFACE, CK_RV, CK_VERSION};
use nerves_key_pkcs11::{C_GetFunctionList, C_GetInterface, C_GetInterfaceList};

use tally::Tally;

#[test]
fn every_function() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = support::configured(directory.path());
    // SAFETY: this binary has this one test, and no other thread yet.
    unsafe { std::env::set_var("NERVES_KEY_PKCS11_CONF", configuration) };

    let mut tally = Tally::default();
    interfaces(&mut tally);
    let functions = functions();
    cases::uninitialized(functions, &mut tally);
    cases::initialize(functions, &mut tally);
    for cases in [
        cases::module::module,
        cases::sessions::sessions,
        cases::objects::objects,
        cases::objects::templates,
        cases::objects::attributes,
        cases::digests::digests,
        cases::signatures::signatures,
        cases::signatures::signing,
        cases::endings::endings,
        cases::derivation::derivation,
        cases::generation::generation,
        cases::derivation::templates,
        cases::derivation::sensitivity,
        cases::session_objects::shared,
        cases::session_objects::private,
        cases::unsupported::unsupported,
    ] {
        cases(functions, &mut tally);
    }
    cases::unsupported::since_3_2(table((3, 2)), &mut tally);
    profiles::baseline(functions, &mut tally);
    profiles::public_certificates(functions, &mut tally);
    profiles::all_objects(functions, &mut tally);
    good::signatures(functions, &mut tally);
    good::threads(functions, &mut tally);
    good::fork(functions, &mut tally);
    cases::finalize(functions, &mut tally);
    tally.report();
}

/// The table of 3.0.
fn functions() -> &'static CK_FUNCTION_LIST_3_0 {
    table((3, 0))
}

/// The table of a version.
fn table<T>((major, minor): (u8, u8)) -> &'static T {
    let mut interface = null_mut::<CK_INTERFACE>();
    let mut version = CK_VERSION { major, minor };
    // SAFETY: a version, one place for the result; what it leads to is static,
    // and begins with its version.
    unsafe {
        let rv = C_GetInterface(null_mut(), &raw mut version, &raw mut interface, 0);
        assert_eq!(rv, ck::CKR_OK);
        let list = (*interface).pFunctionList;
        let found = *list.cast::<CK_VERSION>();
        assert_eq!((found.major, found.minor), (major, minor));
        &*list.cast()
    }
}

fn interfaces(tally: &mut Tally) {
    let get = |name: Option<&std::ffi::CStr>, version: Option<(u8, u8)>, flags| -> CK_RV {
        let mut interface = null_mut::<CK_INTERFACE>();
        let name = name.map_or(null(), std::ffi::CStr::as_ptr);
        let mut version = version.map(|(major, minor)| CK_VERSION { major, minor });
        let version = version.as_mut().map_or(null_mut(), |it| &raw mut *it);
        // SAFETY: a C string, a version and a place, or null.
        unsafe { C_GetInterface(name.cast_mut().cast(), version, &raw mut interface, flags) }
    };
    let ok = ck::CKR_OK;
    let bad = ck::CKR_ARGUMENTS_BAD;
    for (what, rv, expected) in [
        ("any", get(None, None, 0), ok),
        ("by name", get(Some(c"PKCS 11"), None, 0), ok),
        ("3.0", get(Some(c"PKCS 11"), Some((3, 0)), 0), ok),
        ("2.40", get(None, Some((2, 40)), 0), ok),
        (
            "fork safe",
            get(None, None, ck::CKF_INTERFACE_FORK_SAFE),
            bad,
        ),
        ("3.2", get(Some(c"PKCS 11"), Some((3, 2)), 0), ok),
        ("3.1", get(None, Some((3, 1)), 0), bad),
        ("2.20", get(None, Some((2, 20)), 0), bad),
        (
            "of a vendor",
            get(Some(c"Vendor NSS FIPS Interface"), None, 0),
            bad,
        ),
        ("no name", get(Some(c""), None, 0), bad),
        ("other flags", get(None, None, 2), bad),
    ] {
        tally.case(&format!("C_GetInterface, {what}"), rv, expected);
    }
    // SAFETY: null is what is tried; the list has room for what is said.
    unsafe {
        let rv = C_GetInterface(null_mut(), null_mut(), null_mut(), 0);
        tally.case("C_GetInterface, null", rv, bad);
        let rv = C_GetFunctionList(null_mut());
        tally.case("C_GetFunctionList, null", rv, bad);
        let mut list = null_mut();
        let rv = C_GetFunctionList(&raw mut list);
        tally.case("C_GetFunctionList", rv, ok);
        let version = (*list).version;
        tally.check(
            "C_GetFunctionList is 2.40",
            (version.major, version.minor) == (2, 40),
        );
        let rv = C_GetInterfaceList(null_mut(), null_mut());
        tally.case("C_GetInterfaceList, null", rv, bad);
        let mut count = 0;
        let rv = C_GetInterfaceList(null_mut(), &raw mut count);
        tally.case("C_GetInterfaceList, query", rv, ok);
        tally.check("three interfaces", count == 3);
        let mut interfaces = Vec::<CK_INTERFACE>::with_capacity(3);
        count = 2;
        let rv = C_GetInterfaceList(interfaces.as_mut_ptr(), &raw mut count);
        tally.case("C_GetInterfaceList, short", rv, ck::CKR_BUFFER_TOO_SMALL);
        tally.check("three interfaces are needed", count == 3);
        count = count.min(3);
        let rv = C_GetInterfaceList(interfaces.as_mut_ptr(), &raw mut count);
        tally.case("C_GetInterfaceList", rv, ok);
        interfaces.set_len(if rv == ok { count.min(3) as usize } else { 0 });
        let versions: Vec<_> = interfaces
            .iter()
            .map(|interface| *interface.pFunctionList.cast::<CK_VERSION>())
            .map(|version| (version.major, version.minor))
            .collect();
        tally.check("the best first", versions == [(3, 2), (3, 0), (2, 40)]);
        // A child has none of its parent's sessions: PKCS#11 3.0, section 5.4.6.
        let flags = interfaces.iter().map(|interface| interface.flags);
        tally.check("none survives a fork", flags.sum::<ck::CK_FLAGS>() == 0);
        // No place of the table is empty: each is one pointer after the version.
        let table = table::<CK_FUNCTION_LIST_3_2>((3, 2));
        let places = size_of::<CK_FUNCTION_LIST_3_2>() / size_of::<usize>() - 1;
        let first = (&raw const table.C_Initialize).cast::<usize>();
        let full = (0..places).all(|place| *first.add(place) != 0);
        tally.check("every place of the table is filled", full && places == 104);
    }
}
