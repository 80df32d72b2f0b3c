//! What goes wrong, and the one `CK_RV` that each of it is.
//!
//! The errors keep what a person needs to find the cause; a program only ever
//! sees the number. [`crate::log`] shows the rest.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use atecc::Slot;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_RV};
use cryptoki_sys::{CK_SESSION_HANDLE, CK_SLOT_ID, CK_USER_TYPE};

use crate::fault::SlotFault;
use crate::object::Names;

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Also in a child process that has not called it itself.
    #[error("C_Initialize was not called in this process")]
    NotInitialized,
    /// `C_Initialize` for the second time.
    #[error("C_Initialize was called already")]
    AlreadyInitialized,
    /// A pointer, length or structure that makes no sense.
    #[error("{0}")]
    Arguments(&'static str),
    /// What this token never does.
    #[error("not supported")]
    NotSupported,
    /// What PKCS#11 2.0 had and nobody has now.
    #[error("there are no parallel functions")]
    NotParallel,
    /// Rust's side panicked.
    #[error("internal error (panic)")]
    Panicked,
    /// No such slot.
    #[error("there is no slot {0}")]
    Slot(CK_SLOT_ID),
    /// No chip answers there.
    #[error("slot {slot}: no token")]
    NoToken {
        /// The slot.
        slot: CK_SLOT_ID,
        /// What the bus said.
        source: Arc<SlotFault>,
    },
    /// The session's chip is gone, or another one is in its place.
    #[error("slot {slot}: the chip of this session is gone")]
    Removed {
        /// The slot.
        slot: CK_SLOT_ID,
        /// What the bus said, or what is there now.
        source: Arc<SlotFault>,
    },
    /// The chip is there and failed.
    #[error("slot {slot}")]
    Device {
        /// The slot.
        slot: CK_SLOT_ID,
        /// The chip's or the bus's error.
        source: Arc<SlotFault>,
    },
    /// The host has no random numbers.
    #[error("the host gave no random numbers")]
    Entropy(#[source] getrandom::Error),
    /// The random generator takes no seed.
    #[error("the random generator takes no seed")]
    NoSeed,
    /// Nothing has changed in any slot.
    #[error("no slot event")]
    NoEvent,
    /// No such session.
    #[error("there is no session {0}")]
    Session(CK_SESSION_HANDLE),
    /// It was closed while one of its calls was under way.
    #[error("the session was closed meanwhile")]
    SessionClosed,
    /// Sessions without `CKF_SERIAL_SESSION`.
    #[error("sessions are serial")]
    ParallelSession,
    /// Another operation of this kind is under way.
    #[error("such an operation is active already")]
    Active,
    /// No operation of this kind is under way.
    #[error("no such operation is active")]
    NotActive,
    /// No such object.
    #[error("there is no object {0}")]
    Object(CK_OBJECT_HANDLE),
    /// No such key.
    #[error("there is no key {0}")]
    Key(CK_OBJECT_HANDLE),
    /// The key is of another kind than the operation wants.
    #[error("object {0} is not the key for this operation")]
    KeyKind(CK_OBJECT_HANDLE),
    /// The chip's configuration does not let its key do that.
    #[error(
        "the chip's configuration does not allow this use of the key{}{}",
        if why.is_some() { ": " } else { "" },
        why.as_deref().unwrap_or_default()
    )]
    KeyUse {
        /// Causes and remedies, where the configuration tells.
        why: Option<String>,
    },
    /// What is in the chip stays as it is, and an object whose maker wanted that.
    #[error("object {0} is in the chip, or was made not to be destroyed, and stays")]
    Permanent(CK_OBJECT_HANDLE),
    /// No such mechanism, or not for this operation.
    #[error("mechanism {0:#x} is not one for this")]
    Mechanism(CK_MECHANISM_TYPE),
    /// The mechanism's parameter.
    #[error("mechanism parameter: {0}")]
    Parameter(&'static str),
    /// Data that this mechanism cannot take.
    #[error("{0} bytes: a digest has 1 to 64")]
    DataLength(usize),
    /// Not R and S.
    #[error("a signature of {0} bytes: it has 64")]
    SignatureLength(usize),
    /// It does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// An attribute of a template that cannot be granted.
    #[error("attribute {0:#x} of the template cannot be granted")]
    Template(CK_ATTRIBUTE_TYPE),
    /// An attribute that only the token sets.
    #[error("attribute {0:#x} is not the caller's to set")]
    ReadOnlyAttribute(CK_ATTRIBUTE_TYPE),
    /// A template without what it needs, or with two things that exclude each
    /// other.
    #[error("the template contradicts itself")]
    Contradiction,
    /// A new key whose label or id is none that a key here can have.
    #[error(
        "attribute {kind:#x} of the template is no key's here: keys are named by their slots, \
         the one of slot 2 has the label {:?} and the id {}",
        example.label, Hex(&example.id)
    )]
    KeyName {
        /// `CKA_LABEL` or `CKA_ID`.
        kind: CK_ATTRIBUTE_TYPE,
        /// The names of the key in slot 2.
        example: Names,
    },
    /// A template without what it needs.
    #[error("the template lacks attribute {0:#x}")]
    Incomplete(CK_ATTRIBUTE_TYPE),
    /// Another curve than P-256.
    #[error("the chip's keys are on P-256 (prime256v1)")]
    Curve,
    /// No new key may be made.
    #[error("no new key: {why}")]
    WriteProtected {
        /// Why, and what would allow it.
        why: String,
    },
    /// A new key without a name, and no slot without a key.
    #[error(
        "each slot where a new key may be made has one: the label or id of one that may be \
         replaced is wanted"
    )]
    NoRoom,
    /// Another program has made a key meanwhile.
    #[error("{0} holds another key now than it did: nothing was made")]
    KeyChanged(Slot),
    /// A session that was opened for reading.
    #[error("the session is for reading only (CKF_RW_SESSION)")]
    ReadOnlySession,
    /// The object does not have the attribute.
    #[error("an attribute that the object does not have")]
    NoAttribute,
    /// The attribute does not leave the chip.
    #[error("an attribute that does not leave the chip")]
    Sensitive,
    /// The caller's buffer.
    #[error("the buffer is too small")]
    BufferTooSmall,
    /// Second login.
    #[error("the user is logged in already")]
    LoggedIn,
    /// Logout without login.
    #[error("the user is not logged in")]
    NotLoggedIn,
    /// There is no security officer here.
    #[error("there is no user of type {0}")]
    User(CK_USER_TYPE),
}

/// Bytes as tools take them for `CKA_ID`.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An error with its cause, in one line. What is behind the cause, the cause
/// says itself.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'a>(&'a Error);

impl fmt::Display for Explained<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error) = self;
        match error.source() {
            Some(cause) => write!(f, "{error}: {cause}"),
            None => write!(f, "{error}"),
        }
    }
}

impl Error {
    /// For people.
    #[must_use]
    pub const fn explained(&self) -> Explained<'_> {
        Explained(self)
    }

    /// The number that the caller gets.
    #[must_use]
    pub const fn rv(&self) -> CK_RV {
        match self {
            Self::NotInitialized => ck::CKR_CRYPTOKI_NOT_INITIALIZED,
            Self::AlreadyInitialized => ck::CKR_CRYPTOKI_ALREADY_INITIALIZED,
            Self::Arguments(_) => ck::CKR_ARGUMENTS_BAD,
            Self::NotSupported => ck::CKR_FUNCTION_NOT_SUPPORTED,
            Self::NotParallel => ck::CKR_FUNCTION_NOT_PARALLEL,
            Self::Panicked => ck::CKR_GENERAL_ERROR,
            Self::Slot(_) => ck::CKR_SLOT_ID_INVALID,
            Self::NoToken { .. } => ck::CKR_TOKEN_NOT_PRESENT,
            Self::Removed { .. } => ck::CKR_DEVICE_REMOVED,
            Self::Device { .. } => ck::CKR_DEVICE_ERROR,
            Self::Entropy(_) | Self::KeyChanged(_) => ck::CKR_FUNCTION_FAILED,
            Self::NoSeed => ck::CKR_RANDOM_SEED_NOT_SUPPORTED,
            Self::NoEvent => ck::CKR_NO_EVENT,
            Self::Session(_) => ck::CKR_SESSION_HANDLE_INVALID,
            Self::SessionClosed => ck::CKR_SESSION_CLOSED,
            Self::ParallelSession => ck::CKR_SESSION_PARALLEL_NOT_SUPPORTED,
            Self::Active => ck::CKR_OPERATION_ACTIVE,
            Self::NotActive => ck::CKR_OPERATION_NOT_INITIALIZED,
            Self::Object(_) => ck::CKR_OBJECT_HANDLE_INVALID,
            Self::Key(_) => ck::CKR_KEY_HANDLE_INVALID,
            Self::KeyKind(_) => ck::CKR_KEY_TYPE_INCONSISTENT,
            Self::KeyUse { .. } => ck::CKR_KEY_FUNCTION_NOT_PERMITTED,
            Self::Permanent(_) => ck::CKR_ACTION_PROHIBITED,
            Self::Mechanism(_) => ck::CKR_MECHANISM_INVALID,
            Self::Parameter(_) => ck::CKR_MECHANISM_PARAM_INVALID,
            Self::DataLength(_) => ck::CKR_DATA_LEN_RANGE,
            Self::SignatureLength(_) => ck::CKR_SIGNATURE_LEN_RANGE,
            Self::Signature => ck::CKR_SIGNATURE_INVALID,
            Self::Template(_) | Self::KeyName { .. } => ck::CKR_ATTRIBUTE_VALUE_INVALID,
            Self::ReadOnlyAttribute(_) => ck::CKR_ATTRIBUTE_READ_ONLY,
            Self::Contradiction => ck::CKR_TEMPLATE_INCONSISTENT,
            Self::Incomplete(_) => ck::CKR_TEMPLATE_INCOMPLETE,
            Self::Curve => ck::CKR_CURVE_NOT_SUPPORTED,
            Self::WriteProtected { .. } => ck::CKR_TOKEN_WRITE_PROTECTED,
            Self::NoRoom => ck::CKR_DEVICE_MEMORY,
            Self::ReadOnlySession => ck::CKR_SESSION_READ_ONLY,
            Self::NoAttribute => ck::CKR_ATTRIBUTE_TYPE_INVALID,
            Self::Sensitive => ck::CKR_ATTRIBUTE_SENSITIVE,
            Self::BufferTooSmall => ck::CKR_BUFFER_TOO_SMALL,
            Self::LoggedIn => ck::CKR_USER_ALREADY_LOGGED_IN,
            Self::NotLoggedIn => ck::CKR_USER_NOT_LOGGED_IN,
            Self::User(_) => ck::CKR_USER_TYPE_INVALID,
        }
    }
}
