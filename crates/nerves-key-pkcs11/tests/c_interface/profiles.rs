//! The profiles that the module says it has, after what PKCS#11 Profiles 3.0
//! asks of a provider: baseline (conformance clauses and the test case BL-M-1)
//! and public certificates token (CERT-M-1). The order of the calls is that of
//! a client that knows nothing beforehand.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::cases::{SLOT, attribute, cases, plain, session};
use crate::tally::Tally;

type Table = ck::CK_FUNCTION_LIST_3_0;

/// Information about all there is, sessions, and the profile object itself.
pub(crate) fn baseline(table: &Table, tally: &mut Tally) {
    let (mut count, mut slots) = (0, [0; 8]);
    let mut info = ck::CK_INFO::default();
    cases!(tally, table, "baseline", ck::CKR_OK;
        C_GetInfo(&raw mut info);
        C_GetSlotList(ck::CK_TRUE, null_mut(), &raw mut count);
        C_GetSlotList(ck::CK_TRUE, slots.as_mut_ptr(), &raw mut count);
    );
    let version = info.cryptokiVersion;
    tally.check(
        "baseline, version",
        (version.major, version.minor) == (3, 2),
    );
    tally.check(
        "baseline, slots with token",
        slots[..2] == [SLOT, 3] && count == 2,
    );

    let (mut slot, mut token) = (ck::CK_SLOT_INFO::default(), ck::CK_TOKEN_INFO::default());
    let (mut mechanisms, mut mechanism) = ([0; 16], ck::CK_MECHANISM_INFO::default());
    count = 0;
    cases!(tally, table, "baseline", ck::CKR_OK;
        C_GetSlotInfo(SLOT, &raw mut slot);
        C_GetTokenInfo(SLOT, &raw mut token);
        C_GetMechanismList(SLOT, null_mut(), &raw mut count);
        C_GetMechanismList(SLOT, mechanisms.as_mut_ptr(), &raw mut count);
    );
    tally.check("baseline, present", slot.flags & ck::CKF_TOKEN_PRESENT != 0);
    tally.check(
        "baseline, initialized",
        token.flags & ck::CKF_TOKEN_INITIALIZED != 0,
    );
    tally.check(
        "baseline, no login",
        token.flags & ck::CKF_LOGIN_REQUIRED == 0,
    );
    tally.check("baseline, a label in blanks", token.label.ends_with(b"   "));
    let listed = usize::try_from(count).unwrap();
    tally.check(
        "baseline, mechanisms",
        listed > 0 && !mechanisms[..listed].contains(&0),
    );
    for kind in &mechanisms[..listed] {
        cases!(tally, table, format!("{kind:#x}"), ck::CKR_OK;
            C_GetMechanismInfo(SLOT, *kind, &raw mut mechanism);
        );
        tally.check("baseline, for something", mechanism.flags != 0);
    }

    let handle = session(table, tally);
    let mut about = ck::CK_SESSION_INFO::default();
    cases!(tally, table, "baseline", ck::CKR_OK;
        C_GetSessionInfo(handle, &raw mut about);
    );
    tally.check("baseline, the session's slot", about.slotID == SLOT);
    let profiles: Vec<_> = objects(table, tally, handle, ck::CKO_PROFILE)
        .into_iter()
        .map(|object| value(table, tally, handle, object, ck::CKA_PROFILE_ID))
        .collect();
    for profile in [ck::CKP_BASELINE_PROVIDER, ck::CKP_PUBLIC_CERTIFICATES_TOKEN] {
        let there = profiles.contains(&profile.to_ne_bytes().to_vec());
        tally.check(&format!("profile {profile} is claimed"), there);
    }
    cases!(tally, table, "baseline", ck::CKR_OK; C_CloseSession(handle););
}

/// Certificates without a login; each has what it is looked for by, and its
/// private key is found by its id.
pub(crate) fn public_certificates(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let certificates = objects(table, tally, handle, ck::CKO_CERTIFICATE);
    tally.check("two certificates", certificates.len() == 2);
    for certificate in &certificates {
        let mut get = |kind| value(table, tally, handle, *certificate, kind);
        let der = get(ck::CKA_VALUE);
        let parsed = atecc_x509::Certificate::from_der(der).unwrap();
        let shown = [
            (get(ck::CKA_SUBJECT), parsed.subject_der().to_vec()),
            (get(ck::CKA_ISSUER), parsed.issuer_der().to_vec()),
            (
                get(ck::CKA_SERIAL_NUMBER),
                parsed.serial_number_der().to_vec(),
            ),
            (
                get(ck::CKA_CERTIFICATE_TYPE),
                ck::CKC_X_509.to_ne_bytes().to_vec(),
            ),
            (get(ck::CKA_PRIVATE), vec![ck::CK_FALSE]),
            (get(ck::CKA_TOKEN), vec![ck::CK_TRUE]),
        ];
        for (shown, expected) in shown {
            tally.check("an attribute of a certificate", shown == expected);
        }
    }
    let id = value(table, tally, handle, certificates[0], ck::CKA_ID);
    let key = objects(table, tally, handle, ck::CKO_PRIVATE_KEY);
    let same = value(table, tally, handle, key[0], ck::CKA_ID) == id;
    tally.check("the certificate's key has its id", same);
    let mut mechanism = plain(ck::CKM_ECDSA);
    cases!(tally, table, "without login", ck::CKR_OK;
        C_SignInit(handle, &raw mut mechanism, key[0]);
        C_SessionCancel(handle, ck::CKF_SIGN);
        C_CloseSession(handle);
    );
}

/// What all objects have since 3.0, and in which order they are found: a test of
/// the profiles reads label and value of the first ones.
pub(crate) fn all_objects(table: &Table, tally: &mut Tally) {
    let handle = session(table, tally);
    let (mut found, mut count) = ([0; 16], 0);
    let mut find = |template: &mut [ck::CK_ATTRIBUTE], tally: &mut Tally| {
        let length = template.len() as ck::CK_ULONG;
        cases!(tally, table, "objects", ck::CKR_OK;
            C_FindObjectsInit(handle, template.as_mut_ptr(), length);
            C_FindObjects(handle, found.as_mut_ptr(), 16, &raw mut count);
            C_FindObjectsFinal(handle);
        );
        found[..usize::try_from(count).unwrap()].to_vec()
    };
    let all = find(&mut [], tally);
    let get = |object, kind, tally: &mut Tally| value(table, tally, handle, object, kind);
    let classes: Vec<_> = all
        .iter()
        .map(|object| get(*object, ck::CKA_CLASS, tally))
        .collect();
    let expected = [
        ck::CKO_CERTIFICATE,
        ck::CKO_CERTIFICATE,
        ck::CKO_PRIVATE_KEY,
        ck::CKO_PUBLIC_KEY,
        ck::CKO_PROFILE,
        ck::CKO_PROFILE,
    ];
    tally.check(
        "certificates, keys, profiles",
        classes == expected.map(|class| class.to_ne_bytes().to_vec()),
    );
    let mut identifiers = std::collections::BTreeSet::new();
    for object in &all {
        let label = get(*object, ck::CKA_LABEL, tally);
        tally.check("a label", !label.is_empty());
        let mut identifier = get(*object, ck::CKA_UNIQUE_ID, tally);
        let text = std::str::from_utf8(&identifier);
        tally.check(
            "a unique id is text",
            text.is_ok_and(|text| !text.is_empty()),
        );
        let mut template = [attribute(ck::CKA_UNIQUE_ID, &mut identifier)];
        let found = find(&mut template, tally);
        tally.check("it is found by it", found == [*object]);
        tally.check("it is unique", identifiers.insert(identifier));
    }
    // Both halves of a pair say the same of it.
    let [private, public] = [all[2], all[3]];
    for kind in [ck::CKA_EC_POINT, ck::CKA_EC_PARAMS, ck::CKA_DERIVE] {
        let [of_private, of_public] = [private, public].map(|half| get(half, kind, tally));
        tally.check(
            &format!("{kind:#x} of both halves"),
            of_private == of_public,
        );
    }
    cases!(tally, table, "all objects", ck::CKR_OK; C_CloseSession(handle););
}

/// The objects of a class.
fn objects(
    table: &Table,
    tally: &mut Tally,
    handle: ck::CK_SESSION_HANDLE,
    class: ck::CK_OBJECT_CLASS,
) -> Vec<ck::CK_OBJECT_HANDLE> {
    let mut class = class.to_ne_bytes();
    let mut template = attribute(ck::CKA_CLASS, &mut class);
    let (mut found, mut count) = ([0; 8], 0);
    cases!(tally, table, "by class", ck::CKR_OK;
        C_FindObjectsInit(handle, &raw mut template, 1);
        C_FindObjects(handle, found.as_mut_ptr(), 8, &raw mut count);
        C_FindObjectsFinal(handle);
    );
    found[..usize::try_from(count).unwrap()].to_vec()
}

/// An attribute, its length first.
fn value(
    table: &Table,
    tally: &mut Tally,
    handle: ck::CK_SESSION_HANDLE,
    object: ck::CK_OBJECT_HANDLE,
    kind: ck::CK_ATTRIBUTE_TYPE,
) -> Vec<u8> {
    let mut asked = crate::cases::ask(kind);
    cases!(tally, table, format!("length of {kind:#x}"), ck::CKR_OK;
        C_GetAttributeValue(handle, object, &raw mut asked, 1);
    );
    let length = match asked.ulValueLen {
        ck::CK_UNAVAILABLE_INFORMATION => 0,
        length => usize::try_from(length).unwrap(),
    };
    let mut value = vec![0; length];
    let mut asked = attribute(kind, &mut value);
    cases!(tally, table, format!("{kind:#x}"), ck::CKR_OK;
        C_GetAttributeValue(handle, object, &raw mut asked, 1);
    );
    value
}
