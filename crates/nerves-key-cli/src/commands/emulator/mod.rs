//! `nerves-key emulator`.

#[cfg(not(target_os = "linux"))]
mod not_served;
#[cfg(target_os = "linux")]
mod record;
#[cfg(target_os = "linux")]
mod serve;
mod trust;

use std::path::Path;

#[cfg(not(target_os = "linux"))]
use self::not_served as serve;
use atecc::ConfigZone;
use atecc_emulator::{Chip, Image, OpenError, Revision};
use serde_json::{Value, json};

use crate::cli::emulator::Emulator;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::{Output, escape_path};

pub(super) fn run(command: &Emulator, output: Output) -> Result<(), CliError> {
    match command {
        Emulator::Create {
            file,
            trust: Some(trust),
            root: Some(root),
            ..
        } => {
            files::check_absent(file)?;
            let image = trust::image(*trust, root)?;
            image.save(file).map_err(of_opening)?;
            finish("a provisioned", file, &image, output)
        }
        Emulator::Create { file, chip, .. } => create(file, *chip, output),
        Emulator::Serve(arguments) => serve::run(arguments, output),
        Emulator::Plug { at, image } => serve::plug(at, image, output),
        Emulator::Unplug { at, address } => serve::unplug(at, *address, output),
        Emulator::Show { file } => show(file, output),
        Emulator::Snapshot { file, out } => snapshot(file, out, output),
        Emulator::Restore { snapshot, file } => restore(snapshot, file, output),
    }
}

fn create(file: &Path, chip: Revision, output: Output) -> Result<(), CliError> {
    if file.symlink_metadata().is_ok() {
        return Err(CliError::refused(format!(
            "{} exists already",
            escape_path(file)
        )));
    }
    let chip = open(file, Some(chip))?;
    finish("a blank", file, chip.image(), output)
}

fn show(file: &Path, output: Output) -> Result<(), CliError> {
    let image = Image::load(file).map_err(CliError::refused)?;
    let summary = Summary::of(&image);
    output.result(&summary.text(), &summary.document(file))
}

fn snapshot(file: &Path, out: &Path, output: Output) -> Result<(), CliError> {
    let image = Image::load(file).map_err(CliError::refused)?;
    let text = zeroize::Zeroizing::new(image.to_text());
    files::create(out, text.as_bytes(), Readers::Owner)?;
    finish("a snapshot of", out, &image, output)
}

fn restore(snapshot: &Path, file: &Path, output: Output) -> Result<(), CliError> {
    let image = Image::load(snapshot).map_err(CliError::refused)?;
    image.save(file).map_err(of_opening)?;
    finish("as in the snapshot,", file, &image, output)
}

fn finish(what: &str, file: &Path, image: &Image, output: Output) -> Result<(), CliError> {
    let summary = Summary::of(image);
    let text = format!(
        "{}: {what} {} {}",
        escape_path(file),
        summary.chip,
        summary.serial
    );
    output.result(&text, &summary.document(file))
}

/// Open an image file, made blank when absent.
fn open(file: &Path, chip: Option<Revision>) -> Result<Chip, CliError> {
    Chip::open(file, chip).map_err(of_opening)
}

/// An image that is in use, or not what it should be, is left alone; anything
/// else has failed.
fn of_opening(error: OpenError) -> CliError {
    match error {
        OpenError::Entropy(_) | OpenError::Lock { .. } => CliError::failed(error),
        _ => CliError::refused(error),
    }
}

/// What may be said of an image: nothing secret.
struct Summary {
    chip: String,
    serial: String,
    address: u8,
    configuration_locked: bool,
    data_locked: bool,
}

impl Summary {
    fn of(image: &Image) -> Self {
        let config = ConfigZone(*image.config());
        Self {
            chip: image.revision().to_string(),
            serial: config.serial_number().to_string(),
            address: config.i2c_address(),
            configuration_locked: config.config_lock().is_locked(),
            data_locked: config.data_lock().is_locked(),
        }
    }

    fn text(&self) -> String {
        let locked = |locked| if locked { "locked" } else { "unlocked" };
        format!(
            "chip        {}\nserial      {}\naddress     {:#04X}\n\
             locks       configuration {}, data and OTP {}",
            self.chip,
            self.serial,
            self.address,
            locked(self.configuration_locked),
            locked(self.data_locked)
        )
    }

    fn document(&self, file: &Path) -> Value {
        json!({
            "file": file.display().to_string(),
            "chip": self.chip,
            "serial_number": self.serial,
            "address": self.address,
            "locks": {
                "configuration": self.configuration_locked,
                "data": self.data_locked,
            },
        })
    }
}
