//! Image files: a chip's EEPROM as readable text, kept between runs.
//!
//! `docs/emulator-image.md` describes the format for people. A file is
//! replaced as a whole, so a killed process leaves the old content or the new
//! one, and only one process at a time has it open.

mod error;
mod file;
mod parse;
mod render;

use std::fs;
use std::path::Path;

use zeroize::Zeroizing;

pub use error::{ImageFileError, OpenError, ParseError, Problem};
pub use file::ImageFile;

use crate::memory::Image;

/// The format version that is written. No other exists yet.
pub(crate) const VERSION: u32 = 1;

impl Image {
    /// The image as the text of an image file. It contains the private key.
    #[must_use]
    pub fn to_text(&self) -> String {
        render::text(self)
    }

    /// The image that the text of an image file describes.
    ///
    /// # Errors
    /// [`ParseError`]: the line that is wrong and what is wrong with it.
    pub fn from_text(text: &str) -> Result<Self, ParseError> {
        parse::image(text)
    }

    /// Read an image file without locking it.
    ///
    /// # Errors
    /// [`ImageFileError`] when the file cannot be read or is malformed.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ImageFileError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|source| ImageFileError::Read {
            path: path.to_owned(),
            source,
        })?;
        let text = Zeroizing::new(text);
        Self::from_text(&text).map_err(|problem| ImageFileError::Malformed {
            path: path.to_owned(),
            problem,
        })
    }

    /// Write an image file: afterwards it holds this image, or, after an
    /// error or a crash, what it held before.
    ///
    /// # Errors
    /// [`OpenError`] when a chip has the file open, or it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), OpenError> {
        ImageFile::lock(path.as_ref())?.write(self)?;
        Ok(())
    }
}
