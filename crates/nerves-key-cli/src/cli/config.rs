//! Arguments of `nerves-key config`.

use atecc::Revision;
use atecc_config::Operation;
use clap::{Args, Subcommand, ValueEnum};

use super::chip::Chip;

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Every field: where it is, its bytes, what they mean.
    Show(Zone),
    /// Each slot, as it is once locked: what it holds, who may read, change and
    /// use it.
    Explain(Zone),
    /// The fields in which the configuration differs from another one.
    Diff {
        /// The other one: hex, @FILE, or the name of a layout (standard or
        /// volatile) for what provisioning would make of this chip.
        #[arg(value_name = "HEX|@FILE|LAYOUT")]
        other: String,
        #[command(flatten)]
        zone: Zone,
    },
    /// What makes a slot useless, a secret none, or strands the chip.
    Lint(Zone),
    /// Why the chip refuses a command, or what the command needs.
    Why {
        /// read, read-encrypted, write, write-encrypted, create-key,
        /// public-key, priv-write, sign, sign-internal, ecdh, ecdh-output,
        /// ecdh-encrypted, ecdh-temp-key, ecdh-into, mac, check-mac, copy-key,
        /// hmac, sha-hmac, gen-dig, aes, kdf, kdf-encrypted, kdf-temp-key,
        /// kdf-aes, kdf-into, verify, validate, derive-key, secure-boot,
        /// secure-boot-store, set-latch or lock.
        operation: Operation,
        /// 0 to 15.
        #[arg(value_parser = clap::value_parser!(u8).range(0..16))]
        slot: u8,
        #[command(flatten)]
        zone: Zone,
    },
}

/// Of a chip, or as bytes.
#[derive(Args, Debug)]
pub(crate) struct Zone {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// These 128 bytes instead of a chip's, or 112 from byte 16 on: hex, a C
    /// array, a YAML list, or @FILE with such text or the bytes.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) dump: Option<String>,
    /// Which chip the bytes are meant for, where they do not tell.
    #[arg(long = "chip", value_name = "CHIP")]
    pub(crate) chip_name: Option<ChipName>,
}

/// A part, by its name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ChipName {
    Atecc508a,
    Atecc608a,
    Atecc608b,
}

impl std::fmt::Display for ChipName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Atecc508a => "ATECC508A",
            Self::Atecc608a => "ATECC608A",
            Self::Atecc608b => "ATECC608B",
        })
    }
}

impl ChipName {
    /// Whether a chip of this revision may have the name.
    pub(crate) fn is_of(self, revision: Revision) -> bool {
        match (self, revision) {
            (Self::Atecc508a, Revision::Atecc508A(_))
            | (Self::Atecc608a, Revision::Atecc608A(_))
            | (Self::Atecc608b, Revision::Atecc608B) => true,
            (_, Revision::Unknown(_)) => revision.family() == self.revision().family(),
            _ => false,
        }
    }

    /// RevNum of parts that are sold.
    pub(crate) const fn revision(self) -> Revision {
        match self {
            Self::Atecc508a => Revision::Atecc508A(0),
            Self::Atecc608a => Revision::Atecc608A(2),
            Self::Atecc608b => Revision::Atecc608B,
        }
    }
}
