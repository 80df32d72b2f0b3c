//! What a code of a token's library (`CK_RV`) says about asking again. Source:
//! PKCS#11 v2.40, section 5.1, "Function return values"; v3.1, section 5.1.

use cryptoki::error::RvError;

/// What is to be done about a [`super::Pkcs11Error`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Pkcs11ErrorKind {
    /// It may be gone a moment later: the token is busy, taken out, or reached
    /// through something that failed. It was asked for again before this was
    /// returned, unless the PIN was at stake.
    Passing,
    /// The token or its library is in trouble, or whoever stands at it said no;
    /// asking again at once does not help.
    Token,
    /// What was asked for cannot be had: the URI, the PIN or the key is wrong.
    Input,
}

impl Pkcs11ErrorKind {
    /// One row a kind of trouble: the compiler checks that no code is missing.
    #[expect(clippy::match_same_arms, reason = "each row has its reason")]
    pub(super) const fn from_code(code: RvError) -> Self {
        match code {
            // "Some horrible error", "might succeed when called again": what
            // libraries return for anything.
            RvError::GeneralError | RvError::FunctionFailed => Self::Passing,
            // The token, or the way to it.
            RvError::DeviceError
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::SlotIdInvalid => Self::Passing,
            // Others use it as well.
            RvError::HostMemory
            | RvError::DeviceMemory
            | RvError::SessionCount
            | RvError::OperationActive => Self::Passing,
            // The session or the library was reset under us: a new one helps.
            RvError::SessionClosed
            | RvError::SessionHandleInvalid
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
            | RvError::OperationNotInitialized
            | RvError::CryptokiNotInitialized => Self::Passing,
            // Chance.
            RvError::ExceededMaxIterations => Self::Passing,
            // Somebody at the token's own pad declined.
            RvError::Cancel | RvError::FunctionCanceled | RvError::FunctionRejected => Self::Token,
            // The token, or the computer, is out of order.
            RvError::FipsSelfTestFailed
            | RvError::RandomNoRng
            | RvError::RandomSeedNotSupported
            | RvError::LibraryLoadFailed
            | RvError::NeedToCreateThreads
            | RvError::CantLock
            | RvError::MutexBad
            | RvError::MutexNotLocked
            | RvError::CryptokiAlreadyInitialized => Self::Token,
            // Nobody here knows: it may be that a PIN was wrong.
            RvError::VendorDefined(_) | RvError::UnknownErrorCode(_) => Self::Token,
            // The PIN, or the user.
            RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired
            | RvError::PinLocked
            | RvError::PinTooWeak
            | RvError::NewPinMode
            | RvError::NextOtp
            | RvError::UserAlreadyLoggedIn
            | RvError::UserNotLoggedIn
            | RvError::UserPinNotInitialized
            | RvError::UserTypeInvalid
            | RvError::UserAnotherAlreadyLoggedIn
            | RvError::UserTooManyTypes => Self::Input,
            // The key, or what the token can do with it.
            RvError::KeySizeRange
            | RvError::KeyTypeInconsistent
            | RvError::KeyNotNeeded
            | RvError::KeyChanged
            | RvError::KeyNeeded
            | RvError::KeyIndigestible
            | RvError::KeyFunctionNotPermitted
            | RvError::KeyNotWrappable
            | RvError::KeyUnextractable
            | RvError::PublicKeyInvalid
            | RvError::CurveNotSupported
            | RvError::DomainParamsInvalid
            | RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::FunctionNotSupported
            | RvError::FunctionNotParallel
            | RvError::ActionProhibited
            | RvError::InformationSensitive => Self::Input,
            // What was passed.
            RvError::ArgumentsBad
            | RvError::AttributeReadOnly
            | RvError::AttributeSensitive
            | RvError::AttributeTypeInvalid
            | RvError::AttributeValueInvalid
            | RvError::BufferTooSmall
            | RvError::DataInvalid
            | RvError::DataLenRange
            | RvError::EncryptedDataInvalid
            | RvError::EncryptedDataLenRange
            | RvError::SignatureInvalid
            | RvError::SignatureLenRange
            | RvError::TemplateIncomplete
            | RvError::TemplateInconsistent
            | RvError::UnwrappingKeyHandleInvalid
            | RvError::UnwrappingKeySizeRange
            | RvError::UnwrappingKeyTypeInconsistent
            | RvError::WrappedKeyInvalid
            | RvError::WrappedKeyLenRange
            | RvError::WrappingKeyHandleInvalid
            | RvError::WrappingKeySizeRange
            | RvError::WrappingKeyTypeInconsistent => Self::Input,
            // The kind of session, and what is not asked of a token here.
            RvError::SessionParallelNotSupported
            | RvError::SessionReadOnly
            | RvError::SessionExists
            | RvError::SessionReadOnlyExists
            | RvError::SessionReadWriteSoExists
            | RvError::TokenWriteProtected
            | RvError::SavedStateInvalid
            | RvError::StateUnsaveable
            | RvError::NoEvent => Self::Input,
        }
    }
}
