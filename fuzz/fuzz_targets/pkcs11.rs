//! The C entry points of the PKCS#11 module, called in any order with any
//! arguments that a caller may give: null pointers, handles of nothing, buffers
//! that are too small, mechanisms and templates of all kinds.
//!
//! No call may panic, which is `CKR_GENERAL_ERROR`, or write beyond the places
//! that it was given: each buffer has a margin that is looked at.
//!
//! Slot 1 has a finished chip, slot 2 no bus, slot 3 a blank chip.
#![no_main]

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::OnceLock;

use arbitrary::{Arbitrary, Result, Unstructured};
use atecc_emulator::{Bus, Chip, Revision};
use atecc_x509::DateTime;
use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_BYTE, CK_ECDH1_DERIVE_PARAMS, CK_FUNCTION_LIST_3_0, CK_MECHANISM, CK_RV,
    CK_ULONG,
};
use libfuzzer_sys::fuzz_target;
use nerves_key_fuzz::guarded::{Guarded, Place};
use nerves_key_pkcs11::C_GetInterface;
use tests_station::Station;

/// The generator of P-256. Source: SP 800-186, section 3.2.1.3.
const POINT: [u8; 65] = [
    0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40,
    0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2,
    0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E,
    0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51,
    0xF5,
];
const MECHANISMS: [ck::CK_MECHANISM_TYPE; 9] = [
    ck::CKM_ECDSA,
    ck::CKM_ECDSA_SHA256,
    ck::CKM_ECDSA_SHA384,
    ck::CKM_ECDSA_SHA512,
    ck::CKM_ECDH1_DERIVE,
    ck::CKM_SHA256,
    ck::CKM_SHA384,
    ck::CKM_SHA512,
    ck::CKM_RSA_PKCS,
];
const ATTRIBUTES: [ck::CK_ATTRIBUTE_TYPE; 14] = [
    ck::CKA_CLASS,
    ck::CKA_TOKEN,
    ck::CKA_LABEL,
    ck::CKA_ID,
    ck::CKA_KEY_TYPE,
    ck::CKA_VALUE,
    ck::CKA_VALUE_LEN,
    ck::CKA_EC_POINT,
    ck::CKA_EC_PARAMS,
    ck::CKA_SENSITIVE,
    ck::CKA_EXTRACTABLE,
    ck::CKA_DERIVE,
    ck::CKA_SIGN,
    ck::CKA_MODULUS,
];

/// One call, as far as its arguments are not drawn when it is done.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Call {
    Initialize,
    Finalize,
    GetInfo,
    GetSlotList,
    GetSlotInfo,
    GetTokenInfo,
    GetMechanismList,
    GetMechanismInfo,
    WaitForSlotEvent,
    OpenSession,
    CloseSession,
    CloseAllSessions,
    GetSessionInfo,
    SessionCancel,
    Login,
    Logout,
    FindObjects,
    FindObjectsInit,
    FindObjectsFinal,
    GetAttributeValue,
    GetObjectSize,
    DestroyObject,
    DigestInit,
    Digest,
    DigestUpdate,
    DigestFinal,
    SignInit,
    Sign,
    SignUpdate,
    SignFinal,
    VerifyInit,
    Verify,
    VerifyUpdate,
    VerifyFinal,
    DeriveKey,
    SeedRandom,
    GenerateRandom,
    CreateObject,
    GenerateKeyPair,
}

/// What a caller has: a table, and handles that it was given.
struct Caller<'a, 'u> {
    table: &'static CK_FUNCTION_LIST_3_0,
    u: &'a mut Unstructured<'u>,
    sessions: Vec<ck::CK_SESSION_HANDLE>,
    secrets: Vec<ck::CK_OBJECT_HANDLE>,
}

impl Caller<'_, '_> {
    fn slot(&mut self) -> Result<ck::CK_SLOT_ID> {
        Ok(match self.u.int_in_range(0..=9)? {
            0 => self.u.arbitrary()?,
            1 => 2,
            2 => 3,
            _ => 1,
        })
    }

    fn session(&mut self) -> Result<ck::CK_SESSION_HANDLE> {
        match self.sessions.as_slice() {
            [] => self.u.arbitrary(),
            _ if self.u.ratio(1, 20)? => self.u.arbitrary(),
            sessions => self.u.choose(sessions).copied(),
        }
    }

    fn object(&mut self) -> Result<ck::CK_OBJECT_HANDLE> {
        Ok(match self.u.int_in_range(0..=7)? {
            0 => self.u.arbitrary()?,
            1 => {
                let index = self.u.int_in_range(0..=3)?;
                self.secrets.get(index).copied().unwrap_or(0x1000)
            }
            2 => self.u.int_in_range(0..=10)?,
            3 => 2,
            _ => 1,
        })
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let length = *self.u.choose(&[0, 1, 20, 32, 32, 32, 48, 64, 65, 200])?;
        Ok(vec![self.u.arbitrary()?; length])
    }

    fn kind(&mut self) -> Result<ck::CK_MECHANISM_TYPE> {
        if self.u.ratio(1, 16)? {
            return self.u.arbitrary();
        }
        self.u.choose(&MECHANISMS).copied()
    }

    /// Do `call` with a mechanism, or with none.
    fn with_mechanism(&mut self, call: impl FnOnce(*mut CK_MECHANISM) -> CK_RV) -> Result<CK_RV> {
        if self.u.ratio(1, 20)? {
            return Ok(call(null_mut()));
        }
        let (mut shared, mut public) = (self.bytes()?, self.bytes()?);
        if self.u.ratio(3, 4)? {
            public = POINT.to_vec();
            if self.u.arbitrary()? {
                public.splice(..0, [0x04, 65]);
            }
        }
        let mut parameter = CK_ECDH1_DERIVE_PARAMS {
            kdf: self.u.int_in_range(1..=3)?,
            ulSharedDataLen: shared.len() as CK_ULONG,
            pSharedData: shared.as_mut_ptr(),
            ulPublicDataLen: public.len() as CK_ULONG,
            pPublicData: public.as_mut_ptr(),
        };
        if self.u.ratio(3, 4)? {
            (parameter.ulSharedDataLen, parameter.pSharedData) = (0, null_mut());
            parameter.kdf = ck::CKD_NULL;
        }
        let whole = size_of_val(&parameter) as CK_ULONG;
        let kind = self.kind()?;
        let mut mechanism = CK_MECHANISM {
            mechanism: kind,
            pParameter: null_mut(),
            ulParameterLen: 0,
        };
        let unusual = self.u.ratio(1, 16)?;
        if unusual != (kind == ck::CKM_ECDH1_DERIVE) {
            mechanism.pParameter = (&raw mut parameter).cast();
            mechanism.ulParameterLen = match self.u.ratio(1, 8)? {
                true => self.u.int_in_range(0..=whole)?,
                false => whole,
            };
        }
        Ok(call(&raw mut mechanism))
    }

    /// Do `call` with a template.
    fn with_template(
        &mut self,
        call: impl FnOnce(*mut CK_ATTRIBUTE, CK_ULONG) -> CK_RV,
    ) -> Result<CK_RV> {
        let mut values = Vec::new();
        for _ in 0..self.u.int_in_range(0..=5)? {
            let kind = match self.u.ratio(1, 16)? {
                true => self.u.arbitrary()?,
                false => *self.u.choose(&ATTRIBUTES)?,
            };
            let mut value = Guarded::new(self.u.arbitrary()?);
            let number: u64 = self.u.int_in_range(0..=40)?;
            if !value.null && self.u.arbitrary()? {
                value = Guarded::new(Place::Room(8));
                value.bytes[..8].copy_from_slice(&number.to_ne_bytes());
            }
            values.push((kind, value));
        }
        let mut template: Vec<_> = values
            .iter_mut()
            .map(|(kind, value)| CK_ATTRIBUTE {
                type_: *kind,
                ulValueLen: value.room as CK_ULONG,
                pValue: value.pointer(),
            })
            .collect();
        let rv = call(template.as_mut_ptr(), template.len() as CK_ULONG);
        for (_, value) in &values {
            value.check::<CK_BYTE>();
        }
        Ok(rv)
    }

    /// Do `call` with places for items of `T` and their number.
    fn with_places<T>(
        &mut self,
        call: impl FnOnce(*mut T, *mut CK_ULONG) -> CK_RV,
    ) -> Result<CK_RV> {
        let mut places = Guarded::new(self.u.arbitrary()?);
        let mut count = places.room as CK_ULONG;
        let counted = !self.u.ratio(1, 30)?;
        let count = if counted { &raw mut count } else { null_mut() };
        let rv = call(places.pointer(), count);
        places.check::<T>();
        Ok(rv)
    }

    /// Do `call` with a place for one `T`, or with none.
    fn with_place<T: Default>(&mut self, call: impl FnOnce(*mut T) -> CK_RV) -> Result<CK_RV> {
        let mut place = T::default();
        Ok(call(match self.u.ratio(1, 20)? {
            true => null_mut(),
            false => &raw mut place,
        }))
    }

    fn call(&mut self, call: Call) -> Result<CK_RV> {
        let table = self.table;
        let session = self.session()?;
        let (mut data, mut more) = (self.bytes()?, self.bytes()?);
        let (length, more_length) = (data.len() as CK_ULONG, more.len() as CK_ULONG);
        let data = match self.u.ratio(1, 24)? {
            true => null_mut(),
            false => data.as_mut_ptr(),
        };
        let more = more.as_mut_ptr();
        /// A function of the table.
        macro_rules! c {
            ($name:ident($($argument:expr),*)) => {
                // SAFETY: every pointer is null or leads to as much as is said.
                unsafe { (table.$name.expect("each place is filled"))($($argument),*) }
            };
        }
        Ok(match call {
            Call::Initialize => {
                let reserved = (&raw mut *self).cast::<c_void>();
                let mut arguments = ck::CK_C_INITIALIZE_ARGS {
                    CreateMutex: None,
                    DestroyMutex: None,
                    LockMutex: None,
                    UnlockMutex: None,
                    flags: self.u.arbitrary()?,
                    pReserved: if self.u.arbitrary()? {
                        reserved
                    } else {
                        null_mut()
                    },
                };
                c!(C_Initialize((&raw mut arguments).cast()))
            }
            Call::Finalize => {
                self.sessions.clear();
                c!(C_Finalize(null_mut()))
            }
            Call::GetInfo => self.with_place(|it| c!(C_GetInfo(it)))?,
            Call::GetSlotList => {
                let present = self.u.arbitrary()?;
                self.with_places(|it, count| c!(C_GetSlotList(present, it, count)))?
            }
            Call::GetSlotInfo => {
                let slot = self.slot()?;
                self.with_place(|it| c!(C_GetSlotInfo(slot, it)))?
            }
            Call::GetTokenInfo => {
                let slot = self.slot()?;
                self.with_place(|it| c!(C_GetTokenInfo(slot, it)))?
            }
            Call::GetMechanismList => {
                let slot = self.slot()?;
                self.with_places(|it, count| c!(C_GetMechanismList(slot, it, count)))?
            }
            Call::GetMechanismInfo => {
                let (slot, kind) = (self.slot()?, self.kind()?);
                self.with_place(|it| c!(C_GetMechanismInfo(slot, kind, it)))?
            }
            Call::WaitForSlotEvent => {
                let flags = self.u.int_in_range(0..=1)?;
                self.with_place(|it| c!(C_WaitForSlotEvent(flags, it, null_mut())))?
            }
            Call::OpenSession => {
                let slot = self.slot()?;
                let flags = match self.u.ratio(1, 16)? {
                    true => self.u.arbitrary()?,
                    false => ck::CKF_SERIAL_SESSION,
                };
                let mut handle = 0;
                let rv = c!(C_OpenSession(
                    slot,
                    flags,
                    null_mut(),
                    None,
                    &raw mut handle
                ));
                self.sessions.extend((rv == ck::CKR_OK).then_some(handle));
                rv
            }
            Call::CloseSession => c!(C_CloseSession(session)),
            Call::CloseAllSessions => c!(C_CloseAllSessions(self.slot()?)),
            Call::GetSessionInfo => self.with_place(|it| c!(C_GetSessionInfo(session, it)))?,
            Call::SessionCancel => c!(C_SessionCancel(session, self.u.arbitrary()?)),
            Call::Login => c!(C_Login(session, self.u.int_in_range(0..=3)?, data, length)),
            Call::Logout => c!(C_Logout(session)),
            Call::FindObjectsInit => {
                self.with_template(|it, count| c!(C_FindObjectsInit(session, it, count)))?
            }
            Call::FindObjects => self.with_places(|it, count| {
                let most = if count.is_null() {
                    0
                } else {
                    unsafe { *count }
                };
                c!(C_FindObjects(session, it, most, count))
            })?,
            Call::FindObjectsFinal => c!(C_FindObjectsFinal(session)),
            Call::GetAttributeValue => {
                let object = self.object()?;
                self.with_template(|it, count| c!(C_GetAttributeValue(session, object, it, count)))?
            }
            Call::GetObjectSize => {
                let object = self.object()?;
                self.with_place(|it| c!(C_GetObjectSize(session, object, it)))?
            }
            Call::DestroyObject => c!(C_DestroyObject(session, self.object()?)),
            Call::DigestInit => self.with_mechanism(|it| c!(C_DigestInit(session, it)))?,
            Call::Digest => {
                self.with_places(|it, count| c!(C_Digest(session, data, length, it, count)))?
            }
            Call::DigestUpdate => c!(C_DigestUpdate(session, data, length)),
            Call::DigestFinal => {
                self.with_places(|it, count| c!(C_DigestFinal(session, it, count)))?
            }
            Call::SignInit => {
                let key = self.object()?;
                self.with_mechanism(|it| c!(C_SignInit(session, it, key)))?
            }
            Call::Sign => {
                self.with_places(|it, count| c!(C_Sign(session, data, length, it, count)))?
            }
            Call::SignUpdate => c!(C_SignUpdate(session, data, length)),
            Call::SignFinal => self.with_places(|it, count| c!(C_SignFinal(session, it, count)))?,
            Call::VerifyInit => {
                let key = self.object()?;
                self.with_mechanism(|it| c!(C_VerifyInit(session, it, key)))?
            }
            Call::Verify => c!(C_Verify(session, data, length, more, more_length)),
            Call::VerifyUpdate => c!(C_VerifyUpdate(session, data, length)),
            Call::VerifyFinal => c!(C_VerifyFinal(session, more, more_length)),
            Call::DeriveKey => {
                let key = self.object()?;
                let mut handle = 0;
                let mut template = [CK_ATTRIBUTE {
                    type_: *self.u.choose(&ATTRIBUTES)?,
                    pValue: data.cast(),
                    ulValueLen: length,
                }];
                let count = self.u.int_in_range(0..=1)?;
                let rv = self.with_mechanism(|it| {
                    c!(C_DeriveKey(
                        session,
                        it,
                        key,
                        template.as_mut_ptr(),
                        count,
                        &raw mut handle
                    ))
                })?;
                if rv == ck::CKR_OK {
                    self.secrets.push(handle);
                }
                rv
            }
            Call::SeedRandom => c!(C_SeedRandom(session, data, length)),
            Call::GenerateRandom => self.with_places(|it: *mut CK_BYTE, count| {
                let most = if count.is_null() {
                    0
                } else {
                    unsafe { *count }
                };
                c!(C_GenerateRandom(session, it, most))
            })?,
            Call::CreateObject => {
                self.with_template(|it, count| c!(C_CreateObject(session, it, count, null_mut())))?
            }
            Call::GenerateKeyPair => self.with_mechanism(|it| {
                let nothing = null_mut();
                c!(C_GenerateKeyPair(
                    session,
                    it,
                    nothing,
                    0,
                    nothing,
                    0,
                    null_mut(),
                    null_mut()
                ))
            })?,
        })
    }
}

/// The table of 3.0, and chips for it.
fn table() -> &'static CK_FUNCTION_LIST_3_0 {
    static TABLE: OnceLock<&CK_FUNCTION_LIST_3_0> = OnceLock::new();
    TABLE.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory").keep();
        let file = |name: &str| directory.join(name).display().to_string();
        let open = |name: &str| Chip::open(file(name), Some(Revision::Atecc608B));
        let now = DateTime::new(2026, 3, 15, 9, 0, 0).expect("a date");
        let bus = Bus::with_chip(open("chip.img").expect("a chip"));
        let mut station = Station::new([0x42; 32], now, Some("FUZZ-1"));
        station.provision(&bus).expect("a finished chip");
        drop((bus, open("blank.img")));
        let configuration = format!(
            "scan = no\nslot 1 = emu:{}\nslot 2 = i2c:/dev/i2c-no-such-bus\nslot 3 = emu:{}\n",
            file("chip.img"),
            file("blank.img")
        );
        std::fs::write(file("pkcs11.conf"), configuration).expect("a file");
        // SAFETY: no other thread of this process looks at the environment.
        unsafe { std::env::set_var("NERVES_KEY_PKCS11_CONF", file("pkcs11.conf")) };
        let mut interface = null_mut::<ck::CK_INTERFACE>();
        // SAFETY: one place for the result; what it leads to is static.
        unsafe {
            let rv = C_GetInterface(null_mut(), null_mut(), &raw mut interface, 0);
            assert_eq!(rv, ck::CKR_OK);
            &*(*interface).pFunctionList.cast()
        }
    })
}

fuzz_target!(|data: &[u8]| {
    let table = table();
    let mut u = Unstructured::new(data);
    let mut caller = Caller {
        table,
        u: &mut u,
        sessions: Vec::new(),
        secrets: Vec::new(),
    };
    // Most callers begin like this.
    let (mut handle, nothing) = (0, null_mut());
    // SAFETY: null, or a place for the handle.
    unsafe {
        table.C_Initialize.expect("filled")(nothing);
        let open = table.C_OpenSession.expect("filled");
        open(1, ck::CKF_SERIAL_SESSION, nothing, None, &raw mut handle);
    }
    caller.sessions.push(handle);
    while !caller.u.is_empty() {
        let Ok(call) = caller.u.arbitrary::<Call>() else {
            break;
        };
        if let Ok(rv) = caller.call(call) {
            assert_ne!(rv, ck::CKR_GENERAL_ERROR, "{call:?} panicked");
        }
    }
    for slot in [1, 3] {
        // SAFETY: takes a number.
        unsafe { table.C_CloseAllSessions.expect("filled")(slot) };
    }
});
