//! What a client does with it all.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::CK_FUNCTION_LIST_3_0;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

use crate::cases::{SLOT, cases, plain, session};
use crate::tally::Tally;

type Table = CK_FUNCTION_LIST_3_0;

/// Signatures that others verify.
pub(crate) fn signatures(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let key = public_key(table, handle);
    for length in [1, 20, 32, 48, 64] {
        let digest: Vec<u8> = (1..=length).collect();
        let signature = sign(table, handle, &digest);
        // As FIPS 186-5 has it: the leftmost 32 bytes, as one number.
        let mut number = [0; 32];
        let kept = digest.len().min(32);
        number[32 - kept..].copy_from_slice(&digest[..kept]);
        let verified = key.verify_prehash(&number, &signature.unwrap()).is_ok();
        tally.check(
            &format!("a signature over {length} bytes verifies"),
            verified,
        );
    }
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

/// Threads have a session each; signatures are over the caller's own digest.
pub(crate) fn threads(table: &'static Table, tally: &mut Tally) {
    let workers: Vec<_> = (0..4_u8)
        .map(|worker| {
            std::thread::spawn(move || {
                let mut tally = Tally::default();
                let handle = session(table, &mut tally);
                let key = public_key(table, handle);
                for round in 0..25 {
                    let digest = [worker * 32 + round + 1; 32];
                    let verified = sign(table, handle, &digest)
                        .is_ok_and(|it| key.verify_prehash(&digest, &it).is_ok());
                    tally.check("a thread's signature verifies", verified);
                }
                tally
            })
        })
        .collect();
    for worker in workers {
        tally.add(worker.join().unwrap());
    }
}

/// A child sees a module that nobody has initialized, and can.
pub(crate) fn fork(table: &Table, tally: &mut Tally) {
    let mut info = ck::CK_INFO::default();
    // SAFETY: the child calls the module and ends; it runs no other code of
    // the test, whose threads it does not have.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: as in the cases; the child has its own copy of `info`.
        let results = unsafe {
            [
                table.C_GetInfo.unwrap()(&raw mut info),
                table.C_Initialize.unwrap()(null_mut()),
                table.C_GetInfo.unwrap()(&raw mut info),
                table.C_Finalize.unwrap()(null_mut()),
            ]
        };
        let expected = [
            ck::CKR_CRYPTOKI_NOT_INITIALIZED,
            ck::CKR_OK,
            ck::CKR_OK,
            ck::CKR_OK,
        ];
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(i32::from(results != expected)) };
    }
    let mut status = -1;
    // SAFETY: a child of ours and a place for its status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    tally.check("the child starts afresh", waited == child && status == 0);
    cases!(tally, table, "the parent goes on", ck::CKR_OK; C_GetInfo(&raw mut info););
}

fn public_key(table: &Table, handle: ck::CK_SESSION_HANDLE) -> VerifyingKey {
    let mut point = [0_u8; 67];
    let mut attribute = ck::CK_ATTRIBUTE {
        type_: ck::CKA_EC_POINT,
        pValue: point.as_mut_ptr().cast(),
        ulValueLen: 67,
    };
    // SAFETY: one attribute with 67 places.
    let rv = unsafe { table.C_GetAttributeValue.unwrap()(handle, 2, &raw mut attribute, 1) };
    assert_eq!((rv, attribute.ulValueLen), (ck::CKR_OK, 67), "slot {SLOT}");
    VerifyingKey::from_sec1_bytes(&point[2..]).unwrap()
}

fn sign(
    table: &Table,
    handle: ck::CK_SESSION_HANDLE,
    digest: &[u8],
) -> Result<Signature, ck::CK_RV> {
    let mut mechanism = plain(ck::CKM_ECDSA);
    let (mut signature, mut length) = ([0_u8; 72], 72);
    // SAFETY: a mechanism, so many bytes, 72 places and their number.
    let rv = unsafe {
        let begun = table.C_SignInit.unwrap()(handle, &raw mut mechanism, 1);
        assert_eq!(begun, ck::CKR_OK);
        table.C_Sign.unwrap()(
            handle,
            digest.as_ptr().cast_mut(),
            digest.len() as ck::CK_ULONG,
            signature.as_mut_ptr(),
            &raw mut length,
        )
    };
    match (rv, length) {
        (ck::CKR_OK, 64) => Ok(Signature::from_slice(&signature[..64]).unwrap()),
        _ => Err(rv),
    }
}
