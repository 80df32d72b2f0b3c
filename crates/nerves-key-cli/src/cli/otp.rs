//! Arguments of `nerves-key otp`.

use clap::Subcommand;

use super::chip::Chip;

#[derive(Debug, Subcommand)]
pub(crate) enum OtpCommand {
    /// Show the one-time-programmable memory: what a NervesKey says there, and
    /// all 64 bytes.
    Show(Chip),
}
