//! Why a chip is left untouched.

use alloc::string::String;

use atecc::Revision;
use atecc_x509::{DateTime, Error as X509Error, PublicKey, RoundTripError};
use nerves_key::{Foreign, IdentityError};
use nerves_key_schema::{Layout, Mismatch, OtpError};

/// Why a plan cannot be made. Nothing has been written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Locked as something else.
    #[error("this chip cannot become a NervesKey: {0}")]
    Foreign(#[from] Foreign),
    /// Provisioned by Microchip.
    #[error("this is a Trust&GO or TrustFLEX part: Microchip has provisioned it for good")]
    TrustPart,
    /// The configuration is locked with slots that differ, or an open one has
    /// settings that could strand the chip.
    #[error("the chip's configuration does not allow it: {0}")]
    Configuration(#[from] Mismatch),
    /// Data and OTP are locked before the configuration, which no chip of ours
    /// is: nothing could be written to it once its configuration is locked, too.
    #[error("the chip's data and OTP are locked, and its configuration is not")]
    DataLockedFirst,
    /// The volatile layout needs a latch that only an ATECC608 has.
    #[error("the volatile layout needs an ATECC608, and this chip is an {0}")]
    NoLatch(Revision),
    /// Locked in another layout than asked for.
    #[error("the chip's configuration is locked in the {found} layout, not the {asked} one")]
    OtherLayout {
        /// What the chip has.
        found: Layout,
        /// What was asked.
        asked: Layout,
    },
    /// The volatile layout without its keys, or its keys without it.
    #[error("{}", match .0 {
        Layout::Volatile => "the volatile layout needs its activation and encryption keys",
        Layout::Standard => "activation and encryption keys are of the volatile layout alone",
    })]
    VolatileKeys(Layout),
    /// One key was given for both.
    #[error(
        "the activation key and the encryption key are the same: give two, each random and of 16 \
         bytes"
    )]
    AlikeKeys,
    /// Another device has the manufacturer serial.
    #[error("the serial {0:?} is in the list of used serials: give another one")]
    SerialUsed(String),
    /// No public source describes this revision.
    #[error(
        "the chip's revision {:08X} is none of ATECC508A, ATECC608A, ATECC608B",
        u32::from_be_bytes(*.0)
    )]
    Revision([u8; 4]),
    /// Provisioned with another manufacturer serial.
    #[error("the chip is provisioned already, with the serial {found:?}, not {asked:?}")]
    OtherSerial {
        /// What the chip holds.
        found: String,
        /// What was asked.
        asked: String,
    },
    /// Provisioned with another board name or user area than asked for.
    #[error("the chip is provisioned already, with another {0} than asked for")]
    OtherContents(&'static str),
    /// The key that is to be kept is not the chip's.
    #[error("{}: a certificate of it would be of no use", match .0 {
        Some(_) => "the chip has another key than the one to be kept",
        None => "the chip has no key, or does not show it, and one is to be kept",
    })]
    OtherKey(Option<PublicKey>),
    /// Certified by another signer than asked for.
    #[error(
        "the chip is provisioned already, under another signer certificate than asked for, {}",
        if found == asked {
            alloc::format!("though of the same public key, {asked}")
        } else {
            alloc::format!("of the public key {found} instead of {asked}")
        }
    )]
    OtherSigner {
        /// The signer's key in the chip.
        found: PublicKey,
        /// Of the signer certificate asked for; the same where a signer has two
        /// certificates.
        asked: PublicKey,
    },
    /// Data and OTP are locked, but the chip does not show all of them.
    #[error("the chip's data are locked, and it does not show its {0}: ask again")]
    NotShown(&'static str),
    /// Data and OTP are locked, but what they hold does not verify.
    #[error("the chip's data are locked, but do not verify, and nothing can mend them: {0}")]
    Stranded(#[source] IdentityError),
    /// The key that would sign is not the certificate's.
    #[error(
        "the signer key does not belong to the signer certificate: its public key is {found}, the certificate's is {expected}: give the key and the certificate of one signer"
    )]
    SignerKey {
        /// Of the certificate.
        expected: PublicKey,
        /// Of the key.
        found: PublicKey,
    },
    /// The signer certificate is not valid now.
    #[error("the signer certificate is valid from {from} to {to}, but it is {now}")]
    SignerNotValid {
        /// Not before.
        from: DateTime,
        /// Not after.
        to: DateTime,
        /// The present time.
        now: DateTime,
    },
    /// The clock is behind a time that has certainly passed.
    #[error("the clock says {now}, but {clock_floor} has passed: set it first")]
    Clock {
        /// The present time.
        now: DateTime,
        /// A time that has passed.
        clock_floor: DateTime,
    },
    /// Serial, board name or user data do not fit the OTP zone.
    #[error(transparent)]
    Otp(#[from] OtpError),
    /// The device certificate cannot be made: a date outside the format.
    #[error("device certificate: {0}")]
    Certificate(#[from] X509Error),
    /// A certificate would not come back byte for byte.
    #[error("device certificate: {0}")]
    RoundTrip(#[from] RoundTripError),
}
