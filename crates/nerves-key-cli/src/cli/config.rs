//! Arguments about the configuration zone.

use atecc_config::Operation;
use clap::{Args, Subcommand};

use super::Chip;

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
    /// These 128 bytes instead of a chip's: hex, or @FILE with hex or the bytes.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) dump: Option<String>,
}
