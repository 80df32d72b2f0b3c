//! `nerves-key volatile`: the layout whose device key rests after each
//! power-up.

use atecc::ConfigZone;
use atecc::commands::InfoLatch;
use atecc::procedure::Once;
use atecc::procedures::{DeterministicMac, ReadConfig};
use data_encoding::HEXUPPER;
use nerves_key::{Activate, Activation};
use nerves_key_schema::{Layout, check_for_use, slot};
use serde_json::json;
use zeroize::Zeroizing;

use crate::causes;
use crate::chip::RecordedDevice;
use crate::cli::volatile::{Unlock, Volatile, VolatileMac};
use crate::error::{CliError, Exit};
use crate::files::{self, Readers};
use crate::hex;
use crate::output::{Output, escape_path};
use crate::system;

pub(super) fn run(command: &Volatile, output: Output) -> Result<(), CliError> {
    match command {
        Volatile::Unlock(arguments) => unlock(arguments, output),
        Volatile::Status(chip) => {
            let mut device = chip.open()?;
            volatile_chip(&mut device)?;
            let active = causes::run(&mut device, Once(InfoLatch::Read))?;
            say(active, output)
        }
        Volatile::Mac(arguments) => mac(arguments, output),
    }
}

fn unlock(arguments: &Unlock, output: Output) -> Result<(), CliError> {
    let key = files::symmetric_key(&arguments.activation_key)?;
    let mut device = arguments.chip.open()?;
    let config = volatile_chip(&mut device)?;
    let activate = Activate::with_key(&key, config.serial_number(), system::random()?);
    match causes::run(&mut device, activate)? {
        Activation::Active => say(true, output),
        Activation::WrongKey => Err(CliError::failed(format!(
            "{}: not the activation key of this chip; its device key stays inactive",
            escape_path(&arguments.activation_key)
        ))),
    }
}

fn say(active: bool, output: Output) -> Result<(), CliError> {
    let text = if active {
        "the device key is active, until the supply fails"
    } else {
        "the device key is not active: nerves-key volatile unlock activates it"
    };
    output.result(text, &json!({ "active": active }))
}

fn mac(arguments: &VolatileMac, output: Output) -> Result<(), CliError> {
    files::check_out(arguments.out.as_deref())?;
    let challenge = hex::array("the challenge", &arguments.challenge)?;
    let mut device = arguments.chip.open()?;
    volatile_chip(&mut device)?;
    if !causes::run(&mut device, Once(InfoLatch::Read))? {
        return Err(CliError::new(
            Exit::Stage,
            "the device key is not active, and nor is the encryption key: nerves-key volatile \
             unlock activates both",
        ));
    }
    let mac = causes::run(
        &mut device,
        DeterministicMac::new(slot::ENCRYPTION_KEY, challenge).with_unlimited_key(),
    )?;
    let mac = Zeroizing::new(mac);
    let text = Zeroizing::new(HEXUPPER.encode(mac.as_ref()));
    let document = json!({ "mac": *text });
    let file = arguments.out.as_deref();
    output.file_or(file, (mac.as_ref(), Readers::Owner), &text, &document)
}

/// Whatever the revision, a chip of the volatile layout whose data is locked.
fn volatile_chip(device: &mut RecordedDevice) -> Result<ConfigZone, CliError> {
    let config = causes::run(device, ReadConfig::new())?;
    let stage = |message| Err(CliError::new(Exit::Stage, message));
    if !config.config_lock().is_locked() {
        return stage(
            "the chip is blank and has no layout yet: nerves-key provision --layout volatile gives \
             it this one",
        );
    }
    if check_for_use(&config, Layout::Standard) {
        return stage("the chip is of the standard layout: its key needs no activation");
    }
    if !check_for_use(&config, Layout::Volatile) {
        return stage(
            "the chip is locked, and not as a NervesKey of the volatile layout: nerves-key config \
             explain says what it is",
        );
    }
    if !config.data_lock().is_locked() {
        return stage(
            "the chip's provisioning is not finished: nerves-key provision --layout volatile, \
             with the same keys, finishes it",
        );
    }
    Ok(config)
}
