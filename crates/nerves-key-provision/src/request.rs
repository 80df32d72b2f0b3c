//! What is asked of a provisioning.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use atecc::SerialNumber;
use atecc_x509::{CheckedSigner, DateTime, Format, PublicKey};
use nerves_key_schema::{BoardName, Layout, ManufacturerSerial, OtpError};

use crate::VolatileSecrets;

/// What the chip shall become. Its parts are checked already; what they mean
/// for one chip is for [`crate::Plan`].
///
/// ```
/// use atecc_x509::{DateTime, Format, NervesKeySigner};
/// use nerves_key_provision::{KeySigner, Request, create_signer};
/// use nerves_key_schema::{Layout, ManufacturerSerial};
///
/// let released = DateTime::new(2026, 11, 1, 0, 0, 0)?; // A constant of the program.
/// let now = DateTime::new(2026, 11, 24, 9, 30, 0)?;
/// let key = KeySigner::from_bytes(&[0x42; 32])?;
/// let signer = NervesKeySigner::check(&create_signer(&key, now, 10, Format::V0)?)?;
/// let mut request = Request::new(signer, now, released);
/// request.serial = Some(ManufacturerSerial::new("N1234")?);
/// request.signer_key = Some(key.public_key());
/// assert_eq!(request.layout, Layout::Standard);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// The manufacturer serial; `None` for the chip's own, see
    /// [`default_serial`].
    pub serial: Option<ManufacturerSerial>,
    /// The board name; `None` for `NervesKey`.
    pub board: Option<BoardName>,
    /// For the OTP user area, at most 32 bytes; `None` for zeros.
    pub user: Option<Vec<u8>>,
    /// The key that a certificate is issued for.
    pub device_key: DeviceKey,
    /// The layout. A chip that was begun in the other one is refused.
    pub layout: Layout,
    /// The secrets of the volatile layout, and of it alone. Not needed for a
    /// chip that is finished.
    pub volatile_keys: Option<VolatileSecrets>,
    /// Manufacturer serials that are taken: no chip gets one of these. One
    /// whose data are locked already keeps its own, which may be among them.
    /// The set alone protects nothing: whoever plans for several chips claims a
    /// serial, where all stations see it, before the plan is run.
    pub used_serials: BTreeSet<String>,
    /// The signer certificate.
    pub signer: CheckedSigner,
    /// Whose certificate a chip may hold whose data are locked.
    pub accepted_signer: AcceptedSigner,
    /// What becomes of the slots of the certificates.
    pub certificate_slots: CertificateSlots,
    /// The public half of the key that will sign, where it is known before.
    pub signer_key: Option<PublicKey>,
    /// The format of the device certificate: 0, or 1 for dates after 2031,
    /// which the Elixir library cannot read.
    pub format: Format,
    /// The present time, UTC.
    pub now: DateTime,
    /// A time that has certainly passed: a clock that says less is not set.
    /// Use a constant of the program's release, not the time of its build, so
    /// that builds stay reproducible.
    pub clock_floor: DateTime,
}

impl Request {
    /// A `NervesKey` of the standard layout under `signer`: the chip's own serial,
    /// the usual board name, no user data, a key that the chip makes, locked
    /// certificate slots, format 0. Whatever shall be otherwise is set afterwards.
    #[must_use]
    pub const fn new(signer: CheckedSigner, now: DateTime, clock_floor: DateTime) -> Self {
        Self {
            serial: None,
            board: None,
            user: None,
            device_key: DeviceKey::New,
            layout: Layout::Standard,
            volatile_keys: None,
            used_serials: BTreeSet::new(),
            signer,
            accepted_signer: AcceptedSigner::Asked,
            certificate_slots: CertificateSlots::Lock,
            signer_key: None,
            format: Format::V0,
            now,
            clock_floor,
        }
    }
}

/// Which key the device certificate is issued for, while data are open.
///
/// Until the data lock anybody can write a key of his own to slot 0, and the
/// chip then proves that it holds it, not that nobody else does. So a key is
/// kept only where something of ours knows it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DeviceKey {
    /// One that the chip makes in this run, whatever it holds.
    #[default]
    New,
    /// This one: a record says that the chip made it in an earlier run. A chip
    /// that has another is refused.
    Recorded(PublicKey),
    /// This one: a signing request named it, which has been answered. A chip
    /// that has another is refused.
    Answered(PublicKey),
}

impl DeviceKey {
    /// The key that the chip has to have.
    #[must_use]
    pub const fn known(self) -> Option<PublicKey> {
        match self {
            Self::New => None,
            Self::Recorded(key) | Self::Answered(key) => Some(key),
        }
    }
}

/// What a provisioning does with the slots of [`slot::CERTIFICATES`]
/// (`nerves_key_schema`) once data are locked.
///
/// [`slot::CERTIFICATES`]: nerves_key_schema::slot::CERTIFICATES
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CertificateSlots {
    /// Lock each, so that `DeriveKey` cannot destroy what it holds. Readers do
    /// not mind.
    #[default]
    Lock,
    /// Leave them as the reference does; [`crate::Hardening`] locks them later.
    LeaveOpen,
}

/// Which signer certificate a chip may hold for good. While its data are open
/// the request's own is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AcceptedSigner {
    /// The request's, byte for byte. A chip that was certified under another
    /// one, be it of the same key, is refused.
    #[default]
    Asked,
    /// Any whose chain verifies.
    Any,
}

/// The manufacturer serial of a chip that is given none: Base32 (RFC 4648, no
/// padding) of its nine bytes, 15 characters.
///
/// ```
/// use atecc::SerialNumber;
/// use nerves_key_provision::default_serial;
///
/// let chip = SerialNumber([0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xEE]);
/// println!("{}", default_serial(&chip)?.as_str());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`OtpError`] does not occur.
pub fn default_serial(serial: &SerialNumber) -> Result<ManufacturerSerial, OtpError> {
    let text: String = data_encoding::BASE32_NOPAD.encode(serial.as_bytes());
    ManufacturerSerial::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_reference_spells_it() {
        // From its own answers for a real ATECC508A.
        let chip = SerialNumber([0x01, 0x23, 0x15, 0x03, 0x37, 0x85, 0xF0, 0xA2, 0xEE]);
        assert_eq!(default_serial(&chip).unwrap().as_str(), "AERRKAZXQXYKF3Q");
    }
}
