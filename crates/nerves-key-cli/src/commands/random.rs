//! `nerves-key random`.

use atecc::commands::Random as RandomCommand;
use atecc::procedure::Once;
use data_encoding::HEXUPPER;
use serde_json::json;

use crate::causes;
use crate::cli::random::Random;
use crate::error::{CliError, Exit};
use crate::files::{self, Readers};
use crate::output::Output;

pub(super) fn run(arguments: &Random, output: Output) -> Result<(), CliError> {
    let wanted = usize::from(arguments.bytes);
    files::check_out(arguments.out.as_deref())?;
    let mut device = arguments.chip.open()?;
    let mut bytes = Vec::with_capacity(wanted.next_multiple_of(32));
    while bytes.len() < wanted {
        let block = causes::run(&mut device, Once(RandomCommand::default()))?;
        if block == RandomCommand::TEST_PATTERN {
            return Err(CliError::new(
                Exit::Stage,
                "the chip gives its test pattern, FF FF 00 00, as every chip does until its \
                 configuration is locked: nerves-key provision locks it",
            ));
        }
        bytes.extend_from_slice(&block);
    }
    bytes.truncate(wanted);
    let text = HEXUPPER.encode(&bytes);
    let document = json!({ "random": text });
    let file = arguments.out.as_deref();
    output.file_or(file, (&bytes, Readers::Owner), &text, &document)
}
