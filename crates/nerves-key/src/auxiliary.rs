//! The auxiliary certificates: a second device and signer certificate for the
//! same key, which can be written and cleared at any time.
//! Source: `nerves_key` 1.3, its README; slots 9, 14 and 15.
//!
//! A chip that holds some show it in slot 9, which is written last and cleared
//! first. All three slots count only when both certificates verify: what an
//! interrupted write leaves does not, and is an error.

use atecc::error::Cause;
use atecc::procedure::{Answer, Next};
use atecc::{Failure, Procedure, Slot};
use atecc_x509::{Certificate, NervesKeyDevice, NervesKeySigner, PublicKey};
use nerves_key_schema::slot;

use crate::chunks::{ReadChunks, WriteChunks, changes};
use crate::identity::{device_with_any_subject, rebuilt, verified};
use crate::rewrite::Rewrite;
use crate::{Identity, IdentityError, WriteError};

/// The slots in the order of writing.
const SLOTS: [Slot; 3] = [
    slot::AUX_SIGNER_PUBLIC_KEY,
    slot::AUX_SIGNER_CERTIFICATE,
    slot::AUX_DEVICE_CERTIFICATE,
];
/// The first two of them.
const SIGNER_SLOTS: [Slot; 2] = [slot::AUX_SIGNER_PUBLIC_KEY, slot::AUX_SIGNER_CERTIFICATE];
const DEVICE: &str = "auxiliary device certificate (slot 9)";
const SIGNER: &str = "auxiliary signer certificate (slot 15)";

/// What the three slots hold, 72 bytes each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuxiliarySlots {
    /// Slot 14: X, Y, eight zeros.
    pub signer_public_key: [u8; 72],
    /// Slot 15, compressed.
    pub signer_certificate: [u8; 72],
    /// Slot 9, compressed.
    pub device_certificate: [u8; 72],
}

/// Auxiliary certificates that verify under their signer's key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Auxiliary {
    /// The auxiliary signer's public key.
    pub signer_public_key: PublicKey,
    /// For the same device key and subject as the primary one.
    pub device_certificate: Certificate,
    /// Signed by itself.
    pub signer_certificate: Certificate,
}

impl AuxiliarySlots {
    /// None are there.
    pub const EMPTY: Self = Self {
        signer_public_key: [0; 72],
        signer_certificate: [0; 72],
        device_certificate: [0; 72],
    };

    /// Whether slot 9 says that there are none: zeros, or never written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let blank = |byte| self.device_certificate == [byte; 72];
        blank(0x00) || blank(0xFF)
    }

    fn to_bytes(self) -> [u8; 216] {
        let mut bytes = [0; 216];
        let parts = self
            .signer_public_key
            .into_iter()
            .chain(self.signer_certificate)
            .chain(self.device_certificate);
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = from;
        }
        bytes
    }

    /// With the contents of slots 14 and 15, one after the other.
    fn of_signer(bytes: &[u8], device_certificate: [u8; 72]) -> Option<Self> {
        let (signer_public_key, rest) = bytes.split_first_chunk()?;
        Some(Self {
            signer_public_key: *signer_public_key,
            signer_certificate: *rest.first_chunk()?,
            device_certificate,
        })
    }
}

impl Identity {
    /// The auxiliary certificates that `slots` hold, rebuilt and verified;
    /// `None` when there are none.
    ///
    /// # Errors
    /// [`IdentityError`] when they are damaged or half written.
    pub fn auxiliary(&self, slots: &AuxiliarySlots) -> Result<Option<Auxiliary>, IdentityError> {
        if slots.is_empty() {
            return Ok(None);
        }
        let signer_public_key = PublicKey::from_nerves_key_slot(&slots.signer_public_key)
            .map_err(IdentityError::AuxiliarySignerKey)?;
        let signer = NervesKeySigner {
            public_key: signer_public_key,
        };
        let signer_certificate = rebuilt(Some(slots.signer_certificate), &signer, SIGNER)?;
        verified(&signer_certificate, &signer_public_key, SIGNER)?;
        let (device_certificate, _) = device_with_any_subject(&self.otp, |subject| {
            let definition = NervesKeyDevice {
                subject,
                device_sn: *self.serial_number.as_bytes(),
                public_key: self.public_key,
                signer_public_key,
            };
            let certificate = rebuilt(Some(slots.device_certificate), &definition, DEVICE)?;
            verified(&certificate, &signer_public_key, DEVICE).map(|()| certificate)
        })?;
        Ok(Some(Auxiliary {
            signer_public_key,
            device_certificate,
            signer_certificate,
        }))
    }
}

/// Read the three slots; where slot 9 says that there are no auxiliary certificates
/// nothing but that slot, and the other two count as blank like it.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::ReadAuxiliary;
///
/// let slots = device.run(ReadAuxiliary::new())?;
/// assert!(slots.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReadAuxiliary {
    /// Slot 9, once it is read.
    device_certificate: Option<[u8; 72]>,
    read: ReadChunks,
}

impl ReadAuxiliary {
    /// Nine commands; three where there are none.
    #[must_use]
    pub fn new() -> Self {
        Self {
            device_certificate: None,
            read: ReadChunks::new(&[slot::AUX_DEVICE_CERTIFICATE]),
        }
    }
}

impl Default for ReadAuxiliary {
    fn default() -> Self {
        Self::new()
    }
}

impl Procedure for ReadAuxiliary {
    type Output = AuxiliarySlots;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<AuxiliarySlots, Failure> {
        self.read.resume(answer).and_then(|bytes| {
            let slots = match self.device_certificate {
                Some(device_certificate) => AuxiliarySlots::of_signer(&bytes, device_certificate),
                None => bytes.first_chunk().map(|slot| AuxiliarySlots {
                    signer_public_key: *slot,
                    signer_certificate: *slot,
                    device_certificate: *slot,
                }),
            };
            let Some(slots) = slots else {
                return Next::failed(Cause::NoCommand.before_execution());
            };
            if self.device_certificate.is_some() || slots.is_empty() {
                return Next::Done(Ok(slots));
            }
            self.device_certificate = Some(slots.device_certificate);
            self.read = ReadChunks::new(&SIGNER_SLOTS);
            self.resume(Answer::Start)
        })
    }
}

/// Write the three slots; of the signer's two what is there already is left out, as
/// all is when they are cleared. A new device certificate is another one always.
///
/// Certificates are signed away from the chip, and meanwhile another one may
/// have taken its place, or another key its key's. So the session that writes
/// looks first, and reads back at its end.
#[derive(Clone, Debug)]
pub struct WriteAuxiliary {
    new: AuxiliarySlots,
    rewrite: Rewrite,
}

impl WriteAuxiliary {
    /// Make `new` the contents of the chip that `identity` is of, whatever it
    /// has there now.
    #[must_use]
    pub fn new(identity: &Identity, new: &AuxiliarySlots) -> Self {
        let chip = identity.serial_number;
        let rewrite = if new.is_empty() {
            // Nothing is left that could be wrong for another key.
            Rewrite::new(&SLOTS).on_chip(chip)
        } else {
            Rewrite::new(&SIGNER_SLOTS).with_key(chip, identity.public_key.into())
        };
        Self { new: *new, rewrite }
    }
}

impl Procedure for WriteAuxiliary {
    type Output = ();
    type Error = WriteError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), WriteError> {
        let new = self.new;
        self.rewrite.resume(answer, |old| {
            let mut changed = changes(&SLOTS, &old, &new.to_bytes());
            if new.is_empty() {
                // The device certificate, which says that there are some, goes first.
                changed.reverse();
            }
            let steps = changed
                .into_iter()
                .map(|(_, chunk, bytes)| (chunk, bytes))
                .collect();
            Ok(WriteChunks::new(steps))
        })
    }
}
