//! Arguments of `nerves-key scan`.

use clap::Args;
use nerves_key_device::DeviceUri;

#[derive(Args, Debug)]
pub(crate) struct Scan {
    /// One bus instead of every /dev/i2c-*.
    #[arg(
        long,
        env = "NERVES_KEY_DEVICE",
        hide_env_values = true,
        value_name = "URI"
    )]
    pub(crate) device: Option<DeviceUri>,
    /// Try every address, 0x08 to 0x77, by waking and reading four bytes. Other
    /// devices on the bus may take such a read amiss.
    #[arg(long)]
    pub(crate) all: bool,
}
