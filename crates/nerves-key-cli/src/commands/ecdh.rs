//! `nerves-key ecdh`.

use atecc::commands::{Ecdh as EcdhCommand, EcdhMode, SharedSecret};
use atecc::procedure::Once;
use atecc::procedures::ReadConfig;
use data_encoding::HEXUPPER;
use nerves_key_schema::slot;
use serde_json::json;
use zeroize::Zeroizing;

use crate::causes;
use crate::cli::ecdh::Ecdh;
use crate::error::{CliError, Exit};
use crate::files::{self, Readers};
use crate::output::Output;

pub(super) fn run(arguments: &Ecdh, output: Output) -> Result<(), CliError> {
    files::check_out(arguments.out.as_deref())?;
    let peer = files::public_key(&arguments.peer)?;
    let mut device = arguments.chip.open()?;
    let config = causes::run(&mut device, ReadConfig::new())?;
    let slot_config = config.slot_config(slot::DEVICE_KEY);
    if !config.data_lock().is_locked() || !slot_config.ecdh_in_the_clear() {
        return Err(CliError::new(
            Exit::Stage,
            format!(
                "the chip does not give a shared secret out: data zone {}, SlotConfig of slot 0 \
                 {:04X}; it takes a locked data zone, bit 2 set and bit 3 clear",
                config.data_lock(),
                slot_config.0
            ),
        ));
    }
    let command = EcdhCommand {
        mode: EcdhMode::Compatible(slot::DEVICE_KEY),
        peer: peer.into(),
    };
    let secret = match causes::run(&mut device, Once(command))? {
        SharedSecret::Clear(secret) => Zeroizing::new(secret),
        SharedSecret::Kept | SharedSecret::Encrypted { .. } => {
            return Err(CliError::failed("the chip kept the shared secret"));
        }
    };
    let text = Zeroizing::new(HEXUPPER.encode(secret.as_ref()));
    let document = json!({ "shared_secret": *text });
    let file = arguments.out.as_deref();
    output.file_or(file, (secret.as_ref(), Readers::Owner), &text, &document)
}
