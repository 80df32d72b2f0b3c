//! Commands and what was answered to them, in the datasheet's words.

mod cipher;
mod ecc;
mod mac;
mod memory;
mod state;

use alloc::string::String;

use atecc::Command;
use atecc::commands::IncludeSerial;

use crate::answer::Answer;
use crate::labels::Labels;

/// A command with words for both directions.
pub(crate) trait Describe: Command<Response: Answer> {
    /// What it asks for.
    fn words(&self, labels: &dyn Labels) -> String;

    /// What `response` says to any command of this type.
    fn plain(response: &Self::Response) -> String {
        response.words()
    }

    /// What `response` says to this one.
    fn answer(&self, response: &Self::Response) -> String {
        Self::plain(response)
    }
}

const fn serial_words(serial: IncludeSerial) -> &'static str {
    match serial {
        IncludeSerial::Fixed => "",
        IncludeSerial::Whole => ", serial number included",
    }
}
