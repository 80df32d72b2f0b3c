//! A chip that is looked at before anything is decided about it.
//!
//! An image file that does not exist is made when its chip is to be provisioned.
//! What only looks, or refuses, must leave nothing behind.

use std::fs;
use std::path::{Path, PathBuf};

use atecc_emulator::Image;
use nerves_key_device::{DEFAULT_CHIP, DeviceUri, EmulatedUri, emulated};

use crate::chip::{RecordedDevice, is_absent};
use crate::cli::chip::Chip;
use crate::error::CliError;
use crate::output::escape_path;

/// A chip to read. [`PendingChip::commit`] gives one to write.
pub(crate) struct PendingChip<'a> {
    chip: &'a Chip,
    device: RecordedDevice,
    /// Of an image file that does not exist yet.
    absent: Option<(PathBuf, Image)>,
}

impl<'a> PendingChip<'a> {
    /// Open the bus, or stand a blank chip in for an image file that does not
    /// exist, which is not recorded.
    pub(crate) fn new(chip: &'a Chip) -> Result<Self, CliError> {
        let (device, absent) = match &chip.device {
            DeviceUri::Emulated(EmulatedUri::Image {
                path,
                chip: revision,
            }) if is_absent(path)? => {
                let blank = atecc_emulator::Chip::throw_away(revision.unwrap_or(DEFAULT_CHIP));
                let blank = blank.map_err(CliError::failed)?;
                let absent = Some((path.clone(), blank.image().clone()));
                (chip.open_unrecorded(emulated(blank)?)?, absent)
            }
            _ => (chip.open()?, None),
        };
        Ok(Self {
            chip,
            device,
            absent,
        })
    }

    /// To read it.
    pub(crate) const fn device(&mut self) -> &mut RecordedDevice {
        &mut self.device
    }

    /// The image file that does not exist yet, if it is one.
    pub(crate) fn absent(&self) -> Option<&Path> {
        self.absent.as_ref().map(|(path, _)| path.as_path())
    }

    /// The same chip to be written, its image file made: on the disk before
    /// anything names the chip.
    pub(crate) fn commit(self) -> Result<NewChip, CliError> {
        let Some((path, image)) = self.absent else {
            let device = Some(self.device);
            let made = Vec::new();
            return Ok(NewChip { device, made });
        };
        if !is_absent(&path)? {
            return Err(CliError::refused(format!(
                "{}: made by another process meanwhile",
                escape_path(&path)
            )));
        }
        let mut new = NewChip {
            device: None,
            made: Vec::new(),
        };
        let made = &mut new.made;
        let device = self.chip.open_made(|| {
            image.save(&path).map_err(CliError::refused)?;
            made.push(path);
            Ok(())
        })?;
        new.device = Some(device);
        new.made.extend(self.chip.record.clone());
        Ok(new)
    }
}

/// A chip that may still be refused. Then an image file that was made for it goes, and
/// the recording that begins with it.
pub(crate) struct NewChip {
    device: Option<RecordedDevice>,
    made: Vec<PathBuf>,
}

impl NewChip {
    /// The chip is going to be changed: its file stays.
    pub(crate) fn keep(mut self) -> Result<RecordedDevice, CliError> {
        self.made.clear();
        let device = self.device.take();
        device.ok_or_else(|| CliError::failed("the chip is not open"))
    }
}

impl Drop for NewChip {
    fn drop(&mut self) {
        // While the device has the image's lock, so that nobody else uses it.
        for path in &self.made {
            // What cannot be removed is a blank chip, which the same command takes.
            let _ = fs::remove_file(path);
        }
        drop(self.device.take());
    }
}
