//! `nerves-key transcript`: what passed on a bus.

mod decode;
mod diff;
mod import;
mod load;
mod show;

use atecc::Slot;
use atecc_decode::Labels;
use nerves_key_schema::{Layout, slot};

use crate::cli::Transcript;
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(command: &Transcript, output: Output) -> Result<(), CliError> {
    match command {
        Transcript::Import(arguments) => import::run(arguments, output),
        Transcript::Show { file, html } => show::run(file, html.as_deref(), output),
        Transcript::Decode { file, hex } => decode::run(file.as_deref(), hex.as_deref(), output),
        Transcript::Diff { a, b } => diff::run(a, b, output),
    }
}

/// What a NervesKey keeps in its slots, as long as nothing tells that it has
/// the volatile layout.
struct NervesKeySlots;

impl Labels for NervesKeySlots {
    fn slot(&self, slot: Slot) -> Option<&str> {
        match slot::purpose(slot, Layout::Standard) {
            "free" => None,
            purpose => Some(purpose),
        }
    }
}
