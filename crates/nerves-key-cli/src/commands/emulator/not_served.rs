//! `nerves-key emulator serve`, `plug` and `unplug` where buses are not served.

use nerves_key_device::ImageName;

use crate::cli::emulator::{Serve, ServedBus};
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(_: &Serve, _: Output) -> Result<(), CliError> {
    Err(refusal())
}

pub(super) fn plug(_: &ServedBus, _: &ImageName, _: Output) -> Result<(), CliError> {
    Err(refusal())
}

pub(super) fn unplug(_: &ServedBus, _: u8, _: Output) -> Result<(), CliError> {
    Err(refusal())
}

fn refusal() -> CliError {
    CliError::refused(format!(
        "emulated buses are served on Linux only, and this is {}",
        std::env::consts::OS
    ))
    .with_advice("Every command takes an emulated chip as --device emu:FILE.")
}
