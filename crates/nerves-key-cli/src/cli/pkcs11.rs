//! Arguments of `nerves-key pkcs11`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use nerves_key_device::DeviceUri;

#[derive(Debug, Subcommand)]
pub(crate) enum Pkcs11 {
    /// Print the URIs (RFC 7512) of this machine's chips.
    Uri(ThisChip),
    /// Load the module as a program does, sign with each chip, and say what is
    /// wrong.
    Check(Check),
}

#[derive(Args, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) chip: ThisChip,
    /// This slot alone.
    #[arg(long, value_name = "N", conflicts_with = "device")]
    pub(crate) slot: Option<u64>,
    #[arg(
        long,
        help = "The module [default: libnerves_key_pkcs11.so beside this program, or \
                nerves_key_pkcs11.so in /usr/lib/pkcs11 or /usr/local/lib/pkcs11]",
        value_name = "PATH"
    )]
    pub(crate) module: Option<PathBuf>,
}

/// One chip instead of all that the module finds.
#[derive(Args, Clone, Debug)]
pub(crate) struct ThisChip {
    /// This chip alone, also one that the module does not find by itself; named
    /// as for the other commands.
    #[arg(long, value_name = "URI")]
    pub(crate) device: Option<DeviceUri>,
}
