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

impl KeyNeed {
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
