//! Arguments of `nerves-key demo`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Where to put the PEM files.
    #[arg(long, default_value = "demo", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The emulated chip: atecc508a, atecc608a or atecc608b.
    #[arg(long, default_value = "atecc608b")]
    pub(crate) chip: atecc_emulator::Revision,
}
