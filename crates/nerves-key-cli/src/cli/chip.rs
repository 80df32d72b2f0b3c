//! The chip of a command: `--device`, `--record` and `--root`.

use std::path::PathBuf;

use clap::Args;

use nerves_key_device::DeviceUri;

/// The chip that a command is about, and the record of what passes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Chip {
    #[arg(
        long,
        help = "The chip: i2c:/dev/i2c-1, i2c:/dev/i2c-1?addr=0x35, 1 (for i2c:/dev/i2c-1), \
                emu:FILE (an emulated chip in an image file; provision makes a new one, also \
                emu:FILE?chip=atecc508a), emu: (a throw-away one), or \
                unix:SOCKET?bus=1&addr=0x60 (one that nerves-key emulator serves)",
        env = "NERVES_KEY_DEVICE",
        hide_env_values = true,
        default_value = "i2c:/dev/i2c-1",
        value_name = "URI"
    )]
    pub(crate) device: DeviceUri,
    /// Write down what passes on the bus, in this new file. Keys and other
    /// secrets are left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Say after each session with the chip what passed, with the times.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// A chip whose certificates are verified up to their root.
#[derive(Args, Debug)]
pub(crate) struct Chained {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// A certificate, PEM or DER, in the place of Microchip's root: that of emulated
    /// Trust&GO and TrustFLEX parts.
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Option<PathBuf>,
}
