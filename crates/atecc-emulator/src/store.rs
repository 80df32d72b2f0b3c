//! Where the EEPROM is kept between runs.

use crate::image_file::ImageFileError;
use crate::memory::Image;

/// Takes the EEPROM content after every command that changed it.
pub trait Store: Send {
    /// Keep `image` for good before returning. When that fails the chip does
    /// not change, and goes off as if its supply had failed.
    ///
    /// # Errors
    /// [`ImageFileError`] when `image` is not safely kept.
    fn commit(&mut self, image: &Image) -> Result<(), ImageFileError>;
}
