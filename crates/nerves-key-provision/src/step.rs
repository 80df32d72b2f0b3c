//! The steps of a plan.

use atecc::Slot;
use nerves_key_schema::{ConfigWrite, Layout, slot};

/// One step. The interpreter is [`crate::Runner`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Read the configuration's first block: the same chip, by its serial number. Of
    /// one whose configuration was locked before, read the locks as well: nobody
    /// has finished it meanwhile. Whether zones are still open shows otherwise in
    /// that they are written.
    CheckChip,
    /// Write a part of the configuration that is not yet as planned.
    WriteConfig(ConfigWrite),
    /// Read the configuration back and compare every byte.
    CheckConfig,
    /// Lock the configuration.
    LockConfig {
        /// Over its 128 bytes.
        crc: u16,
    },
    /// Make the device key inside the chip.
    CreateKey,
    /// Keep the device key that is there and ask for its public half.
    ReadPublicKey,
    /// Have the chip sign a fresh challenge and verify it, by the key that the
    /// certificate is for. A chip that refuses while data are open is asked for its
    /// public key instead.
    ProveKey,
    /// Have the signer issue the device certificate. No chip is needed.
    IssueCertificate,
    /// Write the OTP zone.
    WriteOtp,
    /// Write a slot, at its true size, filled with zeros.
    WriteSlot(Slot),
    /// Write a slot with a key of the volatile layout, which is never shown.
    WriteSecret(Slot),
    /// Activate the device key of the volatile layout.
    Activate,
    /// Rebuild and verify both certificates from the bytes that will be locked.
    VerifyChain,
    /// Lock data and OTP zone, with the CRC over these bytes.
    LockData,
    /// Read back what the certificates are rebuilt from, and verify them again; OTP
    /// and their slots whole, unless the chip has compared the CRC of all it holds.
    ReadBack,
    /// Read every other slot back that the chip shows, unless its own answer to
    /// the lock has said that they are as written: it has compared their CRC.
    ReadSlots,
    /// Lock one slot.
    LockSlot(Slot),
    /// Read the lock bytes: every lock is set.
    CheckLocks,
}

impl Step {
    /// Whether nothing undoes it.
    #[must_use]
    pub const fn is_irreversible(&self) -> bool {
        matches!(
            self,
            Self::LockConfig { .. } | Self::LockData | Self::LockSlot(_)
        )
    }
}

impl core::fmt::Display for Step {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::CheckChip => f.write_str("check that it is the same chip"),
            Self::WriteConfig(ConfigWrite::Word(address, _)) => write!(f, "write {address}"),
            Self::WriteConfig(ConfigWrite::Block(address, _)) => write!(f, "write {address}"),
            Self::CheckConfig => f.write_str("read the configuration back, compare every byte"),
            Self::LockConfig { crc } => {
                write!(f, "lock the configuration (CRC {crc:04X})")
            }
            Self::CreateKey => f.write_str("create the device key inside the chip"),
            Self::ReadPublicKey => f.write_str("keep the device key, read its public half"),
            Self::ProveKey => f.write_str("have the chip sign a fresh challenge, verify it"),
            Self::IssueCertificate => f.write_str("issue the device certificate"),
            Self::WriteOtp => f.write_str("write the OTP zone (serial, board name)"),
            Self::WriteSlot(slot) => write_of(f, "write", *slot, Layout::Standard),
            Self::WriteSecret(slot) => {
                write_of(f, "write", *slot, Layout::Volatile)?;
                f.write_str(", not shown")
            }
            Self::Activate => f.write_str("activate the device key"),
            Self::VerifyChain => {
                f.write_str("rebuild and verify both certificates from the bytes to be locked")
            }
            Self::LockData => f.write_str("lock data and OTP (CRC over these bytes)"),
            Self::ReadBack => f.write_str("read OTP and both certificates back, verify them"),
            Self::ReadSlots => {
                f.write_str("read the other slots back, if the lock's answer was lost")
            }
            Self::LockSlot(slot) => write_of(f, "lock", *slot, Layout::Volatile),
            Self::CheckLocks => f.write_str("check that every lock is set"),
        }
    }
}

fn write_of(
    f: &mut core::fmt::Formatter<'_>,
    verb: &str,
    slot: Slot,
    layout: Layout,
) -> core::fmt::Result {
    write!(f, "{verb} {slot} ({})", slot::purpose(slot, layout))
}
