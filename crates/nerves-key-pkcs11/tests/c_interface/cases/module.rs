//! The module, slots and tokens.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use super::{BLANK, EMPTY, NO_SLOT, SLOT, Table, cases};
use crate::tally::Tally;

pub(crate) fn module(table: &Table, tally: &mut Tally) {
    cases!(tally, table, "null", ck::CKR_ARGUMENTS_BAD;
        C_GetInfo(null_mut());
        C_GetSlotList(0, null_mut(), null_mut());
        C_GetSlotInfo(SLOT, null_mut());
        C_GetTokenInfo(SLOT, null_mut());
        C_GetMechanismList(SLOT, null_mut(), null_mut());
        C_GetMechanismInfo(SLOT, ck::CKM_ECDSA, null_mut());
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, null_mut(), null_mut());
    );
    let mut info = ck::CK_INFO::default();
    let mut slot_info = ck::CK_SLOT_INFO {
        slotDescription: [0; 64],
        manufacturerID: [0; 32],
        flags: 0,
        hardwareVersion: ck::CK_VERSION::default(),
        firmwareVersion: ck::CK_VERSION::default(),
    };
    let mut token = ck::CK_TOKEN_INFO::default();
    let mut mechanism = ck::CK_MECHANISM_INFO::default();
    let (mut slot, mut count) = (0, 0);
    cases!(tally, table, "no slot", ck::CKR_SLOT_ID_INVALID;
        C_GetSlotInfo(NO_SLOT, &raw mut slot_info);
        C_GetTokenInfo(NO_SLOT, &raw mut token);
        C_GetMechanismList(NO_SLOT, null_mut(), &raw mut count);
        C_GetMechanismInfo(NO_SLOT, ck::CKM_ECDSA, &raw mut mechanism);
        C_OpenSession(NO_SLOT, ck::CKF_SERIAL_SESSION, null_mut(), None, &raw mut slot);
        C_CloseAllSessions(NO_SLOT);
    );
    cases!(tally, table, "no token", ck::CKR_TOKEN_NOT_PRESENT;
        C_GetTokenInfo(EMPTY, &raw mut token);
        C_GetMechanismList(EMPTY, null_mut(), &raw mut count);
        C_GetMechanismInfo(EMPTY, ck::CKM_ECDSA, &raw mut mechanism);
        C_OpenSession(EMPTY, ck::CKF_SERIAL_SESSION, null_mut(), None, &raw mut slot);
    );
    cases!(tally, table, "good", ck::CKR_OK;
        C_GetInfo(&raw mut info);
        C_GetSlotInfo(EMPTY, &raw mut slot_info);
        C_GetSlotList(ck::CK_TRUE, null_mut(), &raw mut count);
    );
    tally.check(
        "3.2",
        (info.cryptokiVersion.major, info.cryptokiVersion.minor) == (3, 2),
    );
    tally.check(
        "padded with blanks",
        info.manufacturerID.starts_with(b"NervesKey    "),
    );
    tally.check(
        "an empty slot",
        slot_info.flags & ck::CKF_TOKEN_PRESENT == 0,
    );
    tally.check("two tokens", count == 2);
    cases!(tally, table, "all", ck::CKR_OK; C_GetSlotList(0, null_mut(), &raw mut count););
    tally.check("three slots", count == 3);
    let mut slots = [0; 3];
    count = 2;
    cases!(tally, table, "short", ck::CKR_BUFFER_TOO_SMALL;
        C_GetSlotList(0, slots.as_mut_ptr(), &raw mut count);
    );
    tally.check("three are needed", count == 3);
    cases!(tally, table, "good", ck::CKR_OK;
        C_GetSlotList(0, slots.as_mut_ptr(), &raw mut count);
        C_GetTokenInfo(SLOT, &raw mut token);
        C_GetMechanismInfo(SLOT, ck::CKM_ECDSA, &raw mut mechanism);
    );
    tally.check("slots in order", slots == [1, 2, 3]);
    tally.check(
        "the label is the number",
        token.label.starts_with(b"1     "),
    );
    tally.check("no login", token.flags & ck::CKF_LOGIN_REQUIRED == 0);
    tally.check("signs", mechanism.flags & ck::CKF_SIGN != 0);
    let mut mechanisms = [0; 1];
    count = 1;
    cases!(tally, table, "short", ck::CKR_BUFFER_TOO_SMALL;
        C_GetMechanismList(SLOT, mechanisms.as_mut_ptr(), &raw mut count);
    );
    tally.check("eight mechanisms", count == 8);
    cases!(tally, table, "unknown", ck::CKR_MECHANISM_INVALID;
        C_GetMechanismInfo(SLOT, ck::CKM_RSA_PKCS, &raw mut mechanism);
        C_GetMechanismInfo(BLANK, ck::CKM_ECDSA, &raw mut mechanism);
    );
    cases!(tally, table, "would block", ck::CKR_FUNCTION_NOT_SUPPORTED;
        C_WaitForSlotEvent(0, &raw mut slot, null_mut());
    );
    cases!(tally, table, "reserved", ck::CKR_ARGUMENTS_BAD;
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, &raw mut slot, (&raw mut count).cast());
    );
    cases!(tally, table, "two chips came", ck::CKR_OK;
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, &raw mut slot, null_mut());
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, &raw mut slot, null_mut());
    );
    cases!(tally, table, "nothing more", ck::CKR_NO_EVENT;
        C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, &raw mut slot, null_mut());
    );
}
