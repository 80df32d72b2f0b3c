//! How bytes were obtained.

#[cfg(feature = "alloc")]
use alloc::string::String;
use core::fmt;

/// How the bytes of a transcript were obtained.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "postcard", derive(serde::Serialize, serde::Deserialize))]
pub enum Provenance {
    /// From the wires of a real chip, by a logic analyser or a bus trace.
    HardwareCapture,
    /// Printed by a program that talked to a real chip.
    HardwareLog,
    /// Printed in a document of the vendor.
    VendorDocument,
    /// Made by an existing library without a chip.
    ReferenceImplementation,
    /// Made by the emulator.
    Emulator,
}

impl Provenance {
    /// All of them, the strongest evidence first.
    pub const ALL: [Self; 5] = [
        Self::HardwareCapture,
        Self::HardwareLog,
        Self::VendorDocument,
        Self::ReferenceImplementation,
        Self::Emulator,
    ];

    /// Its name in a transcript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HardwareCapture => "hardware-capture",
            Self::HardwareLog => "hardware-log",
            Self::VendorDocument => "vendor-document",
            Self::ReferenceImplementation => "reference-implementation",
            Self::Emulator => "emulator",
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(feature = "alloc")]
impl core::str::FromStr for Provenance {
    type Err = UnknownProvenance;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|known| known.name() == name);
        found.ok_or_else(|| UnknownProvenance(name.into()))
    }
}

/// A provenance that no transcript has.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "provenance {0:?} is none of hardware-capture, hardware-log, vendor-document, \
     reference-implementation and emulator"
)]
pub struct UnknownProvenance(pub String);
