//! What a command needs besides a configuration that allows it.

use core::fmt;

use atecc::Slot;

use crate::Uses;

/// What must be so at the time of the command; the configuration does not tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Need {
    /// What the use of the key in this slot asks for.
    Key(Slot, KeyNeed),
    /// There is a key in the slot.
    KeyPresent,
    /// `TempKey` by `GenDig` with this slot's key.
    SessionKey(Slot, SessionNonce),
    /// A valid `TempKey`.
    TempKey,
    /// `TempKey` by `GenDig` with a key, or by `GenKey` over a public key.
    InternalDigest,
    /// `TempKey` by `GenKey` over the public key in the slot, or by `SHA` over
    /// a message with it, as X509format says.
    PublicKeyDigest,
    /// A signature that the public key in this slot verifies.
    SignatureFor(Slot),
    /// The public key there has been validated.
    Validated,
    /// The first half byte of the slot is not 5.
    NotValidated,
    /// 32 bytes at once.
    WholeBlock,
    /// `DeriveKey` comes with a MAC by the key in this slot.
    ParentMac(Slot),
    /// `GenDig` of a NoMac key comes with four bytes more.
    OtherData(Slot),
    /// `CheckMac` with the key in this slot, over `TempKey`, that matches.
    Match(Slot),
    /// The latch is permitted by the key in this slot.
    Permission(Slot),
    /// The digest comes encrypted with the IO protection key in this slot.
    EncryptedDigest(Slot),
    /// Byte 13, bit 0, which the zone does not tell.
    AesEnabled,
}

/// What `TempKey` was before `GenDig`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionNonce {
    /// Whatever is valid.
    Any,
    /// From a `Nonce` with the chip's random number.
    Random,
}

/// What the use of a stored key needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyNeed {
    /// KeyConfig.ReqRandom: `TempKey` from a random `Nonce`.
    RandomNonce,
    /// KeyConfig.ReqAuth, by the key in this slot.
    Authorization(Slot),
    /// KeyConfig.PersistentDisable of an ATECC608: for others than MAC and AES
    /// *(unconfirmed)*.
    Latch,
    /// The same where only bit 2 of SecureBoot could set it: on a real part that
    /// is tied to secure boot that bit is set, by cryptoauthlib it is bit 3
    /// *(unconfirmed)*.
    LatchUnconfirmed,
    /// SlotConfig.LimitedUse.
    Use(Uses),
}

impl Need {
    /// How it can be met.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Key(_, need) => need.remedy(),
            Self::KeyPresent => {
                "if there is none, make a key there (GenKey; it replaces one that is there), or \
                 write one (PrivWrite; Write for a public key)"
            }
            Self::SessionKey(..) => {
                "Nonce, then GenDig with that key, in the same awake session; host and chip need \
                 the same key"
            }
            Self::TempKey => "load it first, in the same awake session (Nonce)",
            Self::InternalDigest => "make it first, in the same awake session",
            Self::PublicKeyDigest => "make it right before",
            Self::SignatureFor(_) => "have that key's owner sign",
            Self::Validated => "validate it first (Verify, Param1 03)",
            Self::NotValidated => "invalidate it first (Verify, Param1 07)",
            Self::WholeBlock => "write whole blocks until data and OTP are locked",
            Self::ParentMac(_) => "send the MAC with the command",
            Self::OtherData(_) => "send them with GenDig",
            Self::Match(_) => "compare in one of these modes",
            Self::Permission(_) => "authorize right before, in the same awake session",
            Self::EncryptedDigest(_) => "encrypt it with that key",
            Self::AesEnabled => "look at the part's own bytes",
        }
    }
}

impl KeyNeed {
    const fn remedy(self) -> &'static str {
        match self {
            Self::RandomNonce => {
                "begin with a random Nonce (Param1 00 or 01), in the same awake session"
            }
            Self::Authorization(_) => "authorize right before, in the same awake session",
            Self::Latch => {
                "authorize with the key that VolatileKeyPermission (byte 69) names, then set the \
                 latch (Info, Param1 04, Param2 0003); it lasts until the supply fails"
            }
            Self::LatchUnconfirmed => "have SecureBoot succeed",
            Self::Use(_) => "raise the value in that slot, if it may be written",
        }
    }

    const fn field(self) -> &'static str {
        match self {
            Self::RandomNonce => "KeyConfig.ReqRandom",
            Self::Authorization(_) => "KeyConfig.ReqAuth",
            Self::Latch | Self::LatchUnconfirmed => "KeyConfig.PersistentDisable",
            Self::Use(_) => "SlotConfig.LimitedUse",
        }
    }

    fn what(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RandomNonce => f.write_str("a random Nonce before, whose TempKey takes part"),
            Self::Authorization(slot) => {
                write!(f, "an authorization with {slot} before: CheckMac or Verify")
            }
            Self::Latch => f.write_str("the persistent latch set"),
            Self::LatchUnconfirmed => f.write_str(
                "the persistent latch set, which SecureBoot does by bit 3 of byte 70 (0 here) or \
                 by bit 2 (1 here): unconfirmed",
            ),
            Self::Use(uses) => write!(f, "a use left: {uses}"),
        }
    }
}

impl fmt::Display for KeyNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what(f)?;
        write!(f, " ({})", self.field())
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(slot, need) => {
                need.what(f)?;
                write!(f, " ({} of {slot})", need.field())
            }
            Self::KeyPresent => f.write_str("a key in the slot"),
            Self::SessionKey(slot, SessionNonce::Any) => {
                write!(f, "Nonce and GenDig with {slot} before")
            }
            Self::SessionKey(slot, SessionNonce::Random) => {
                write!(f, "a random Nonce and GenDig with {slot} before")
            }
            Self::TempKey => f.write_str("a valid TempKey"),
            Self::InternalDigest => f.write_str(
                "TempKey from GenDig with a slot's key, or from GenKey over a public key",
            ),
            Self::PublicKeyDigest => f.write_str(
                "a digest of the slot's public key: TempKey from GenKey (Param1 10), or from SHA \
                 where X509format is not 0",
            ),
            Self::SignatureFor(slot) => {
                write!(f, "a signature that the public key in {slot} verifies")
            }
            Self::Validated => f.write_str("the public key there validated (KeyConfig.PubInfo)"),
            Self::NotValidated => f.write_str("the public key there not validated"),
            Self::WholeBlock => f.write_str("32 bytes at once, as data and OTP are not locked"),
            Self::ParentMac(slot) => write!(
                f,
                "an authorizing MAC by the key in {slot} (SlotConfig.WriteConfig bit 3)"
            ),
            Self::OtherData(slot) => write!(
                f,
                "four bytes of OtherData with GenDig (SlotConfig.NoMac of {slot})"
            ),
            Self::Match(slot) => write!(
                f,
                "a CheckMac with {slot} over TempKey (Param1 01 or 05) that matches"
            ),
            Self::Permission(slot) => {
                write!(f, "an authorization with {slot} before: CheckMac or Verify")
            }
            Self::EncryptedDigest(slot) => write!(
                f,
                "the digest encrypted, with a random Nonce and the IO protection key in {slot} \
                 (SecureBoot bit 4)"
            ),
            Self::AesEnabled => {
                f.write_str("AES enabled in the part (byte 13, bit 0, which is not told)")
            }
        }
    }
}
