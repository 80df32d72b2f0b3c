//! Finding objects, and what they say of themselves.

use std::cell::RefCell;
use std::ptr::null_mut;

use cryptoki_sys as ck;
use cryptoki_sys::CK_ATTRIBUTE;

use super::{Table, ask, attribute, cases, session};
use crate::tally::Tally;

pub(crate) fn objects(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let (mut found, mut count, mut size) = ([0; 10], 0, 0);
    cases!(tally, table, "not begun", ck::CKR_OPERATION_NOT_INITIALIZED;
        C_FindObjects(handle, found.as_mut_ptr(), 10, &raw mut count);
        C_FindObjectsFinal(handle);
    );
    let mut nowhere = CK_ATTRIBUTE {
        ulValueLen: 4,
        ..ask(ck::CKA_ID)
    };
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_FindObjectsInit(handle, null_mut(), 1);
        C_FindObjectsInit(handle, &raw mut nowhere, 1);
        C_FindObjectsInit(handle, &raw mut nowhere, ck::CK_ULONG::MAX);
        C_GetAttributeValue(handle, 1, null_mut(), 1);
        C_GetAttributeValue(handle, 1, &raw mut nowhere, 0);
        C_GetObjectSize(handle, 1, null_mut());
    );
    cases!(tally, table, "no object", ck::CKR_OBJECT_HANDLE_INVALID;
        C_GetAttributeValue(handle, 77, &raw mut nowhere, 1);
        C_GetObjectSize(handle, 77, &raw mut size);
        C_DestroyObject(handle, 77);
    );
    cases!(tally, table, "in the chip", ck::CKR_ACTION_PROHIBITED;
        C_DestroyObject(handle, 1);
        C_DestroyObject(handle, 3);
    );
    cases!(tally, table, "good", ck::CKR_OK;
        C_GetObjectSize(handle, 1, &raw mut size);
        C_FindObjectsInit(handle, null_mut(), 0);
    );
    tally.check("a size", size > 91);
    cases!(tally, table, "active", ck::CKR_OPERATION_ACTIVE; C_FindObjectsInit(handle, null_mut(), 0););
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_FindObjects(handle, null_mut(), 10, &raw mut count);
        C_FindObjects(handle, found.as_mut_ptr(), 10, null_mut());
    );
    cases!(tally, table, "two", ck::CKR_OK; C_FindObjects(handle, found.as_mut_ptr(), 2, &raw mut count););
    tally.check("two of them", count == 2);
    cases!(tally, table, "the rest", ck::CKR_OK;
        C_FindObjects(handle, found.as_mut_ptr(), 10, &raw mut count);
    );
    tally.check("four more of them", count == 4);
    cases!(tally, table, "no more", ck::CKR_OK;
        C_FindObjects(handle, found.as_mut_ptr(), 10, &raw mut count);
        C_FindObjectsFinal(handle);
    );
    tally.check("none of them", count == 0);

    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

pub(crate) fn templates(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let (mut found, mut count) = ([0; 10], 0);
    let mut find = |template: &mut [CK_ATTRIBUTE], tally: &mut Tally| {
        let length = template.len() as ck::CK_ULONG;
        cases!(tally, table, "a template", ck::CKR_OK;
            C_FindObjectsInit(handle, template.as_mut_ptr(), length);
            C_FindObjects(handle, found.as_mut_ptr(), 10, &raw mut count);
            C_FindObjectsFinal(handle);
        );
        let mut found = found[..usize::try_from(count).unwrap()].to_vec();
        found.sort_unstable();
        found
    };
    // Templates lead to these values to the end.
    let values = RefCell::new(Vec::new());
    let bytes = |kind, value: &[u8]| {
        let mut value = value.to_vec();
        let attribute = attribute(kind, &mut value);
        values.borrow_mut().push(value);
        attribute
    };
    let class = |class: ck::CK_OBJECT_CLASS| bytes(ck::CKA_CLASS, &class.to_ne_bytes());
    for (template, expected) in [
        (vec![class(ck::CKO_PRIVATE_KEY)], vec![1]),
        (vec![class(ck::CKO_PUBLIC_KEY)], vec![2]),
        (vec![class(ck::CKO_CERTIFICATE)], vec![3, 4]),
        (vec![class(ck::CKO_PROFILE)], vec![8, 9]),
        (vec![class(ck::CKO_SECRET_KEY)], vec![]),
        (vec![bytes(ck::CKA_ID, b"1")], vec![1, 2, 3]),
        (vec![bytes(ck::CKA_ID, b"1s")], vec![4]),
        (vec![bytes(ck::CKA_ID, b"")], vec![]),
        (vec![bytes(ck::CKA_LABEL, b"1 signer")], vec![4]),
        (vec![bytes(ck::CKA_SIGN, &[1])], vec![1]),
        (vec![bytes(ck::CKA_SIGN, &[0])], vec![]),
        (vec![bytes(ck::CKA_TOKEN, &[0])], vec![]),
        (vec![bytes(ck::CKA_PRIVATE, &[1])], vec![]),
        (vec![bytes(ck::CKA_TRUSTED, &[0])], vec![2, 3, 4]),
        (vec![bytes(0xCE53_4351, &[1])], vec![]),
        (vec![ask(ck::CKA_LABEL)], vec![]),
        (
            vec![class(ck::CKO_CERTIFICATE), bytes(ck::CKA_LABEL, b"1")],
            vec![3],
        ),
    ] {
        let mut template = template;
        let found = find(&mut template, tally);
        tally.check(&format!("{found:?} found"), found == expected);
    }

    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}

pub(crate) fn attributes(table: &Table, tally: &mut Tally) {
    const NONE: ck::CK_ULONG = ck::CK_UNAVAILABLE_INFORMATION;
    let handle = session(table, tally);
    let mut places = [0_u8; 65];
    let mut several = [
        attribute(ck::CKA_VALUE, &mut places[..1]),
        ask(ck::CKA_MODULUS),
        ask(ck::CKA_EC_PARAMS),
        ask(ck::CKA_LABEL),
    ];
    // SAFETY: four attributes.
    let rv = unsafe { table.C_GetAttributeValue.unwrap()(handle, 1, several.as_mut_ptr(), 4) };
    let named = [ck::CKR_ATTRIBUTE_SENSITIVE, ck::CKR_ATTRIBUTE_TYPE_INVALID];
    tally.check("one of the troubles is named", named.contains(&rv));
    let lengths = several.map(|attribute| attribute.ulValueLen);
    tally.check(
        "every attribute is answered",
        lengths == [NONE, NONE, 10, 1],
    );
    let mut short = attribute(ck::CKA_EC_PARAMS, &mut places[..9]);
    cases!(tally, table, "short", ck::CKR_BUFFER_TOO_SMALL;
        C_GetAttributeValue(handle, 1, &raw mut short, 1);
    );
    tally.check("short says so", short.ulValueLen == NONE);
    tally.check("nothing was written", places == [0; 65]);
    cases!(tally, table, "good", ck::CKR_OK; C_CloseSession(handle););
}
