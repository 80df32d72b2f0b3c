//! The operations: what the driver does, and what that needs of the chip.

mod auxiliary;
mod certificates;
mod cryptography;
mod handshake;
mod look;
mod provision;
mod settings;
mod sign;
mod slots;

use atecc_emulator::{ExecutionTime, Image, Revision};
use nerves_key_schema::Layout;

use crate::bench::Bench;
use crate::floor::Session;
use crate::setting::{CLOCKS_KHZ, Divider, Part, Setting};

pub(crate) type Error = Box<dyn std::error::Error>;
/// What the driver does with a chip.
type Act = fn(&mut Bench) -> Result<(), Error>;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// As on the command line and in the table.
    pub(crate) name: &'static str,
    pub(crate) starts_from: State,
    /// At which it is measured, in kilohertz.
    pub(crate) clocks: &'static [u32],
    /// What is not measured.
    prepare: Option<Act>,
    pub(crate) run: Act,
    /// After the run, since what a chip was made decides what that takes.
    pub(crate) needs: fn(&Bench) -> Vec<Session>,
}

/// A chip at the beginning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// As from the factory, for this layout.
    Blank(Layout),
    /// A `NervesKey`.
    Finished(Layout),
}

pub(crate) const ALL: &[Operation] = &[
    look::DETECT,
    look::INFO,
    look::SERIAL,
    sign::COLD,
    sign::WARM,
    sign::VERIFIED,
    sign::IN_ONE_SESSION,
    sign::IN_A_ROW,
    certificates::DEVICE,
    certificates::BOTH,
    look::PUBLIC_KEY,
    settings::READ,
    settings::WRITE,
    auxiliary::PROVISION,
    provision::STANDARD,
    provision::VOLATILE,
    cryptography::RANDOM,
    cryptography::SHA,
    cryptography::ECDH,
    handshake::NEW_PROCESS,
];

const ANY_CLOCK: &[u32] = &CLOCKS_KHZ;

impl Operation {
    /// Whether `part` can do it.
    pub(crate) const fn is_for(&self, part: Part) -> bool {
        let (State::Blank(layout) | State::Finished(layout)) = self.starts_from;
        matches!(layout, Layout::Standard) || !matches!(part.revision, Revision::Atecc508A)
    }

    /// The setting with the divider that counts: a provisioning writes it away
    /// before anything that it slows.
    pub(crate) const fn in_force(&self, setting: Setting) -> Setting {
        let divider = match self.starts_from {
            State::Blank(_) => Divider::M0,
            State::Finished(_) => setting.part.divider,
        };
        let part = Part {
            divider,
            ..setting.part
        };
        Setting { part, ..setting }
    }

    /// A chip in its state, a driver, and what is not measured done.
    pub(crate) fn prepared(
        &self,
        image: &Image,
        setting: Setting,
        seed: u64,
    ) -> Result<Bench, Error> {
        let mut bench = Bench::new(image.clone(), setting, seed);
        self.prepare(&mut bench)?;
        Ok(bench)
    }

    /// Do what is not measured.
    pub(crate) fn prepare(&self, bench: &mut Bench) -> Result<(), Error> {
        self.prepare.map_or(Ok(()), |prepare| prepare(bench))
    }
}

impl State {
    /// The contents of such a chip.
    pub(crate) fn image(self, part: Part) -> Result<Image, Error> {
        let blank = with_divider(Image::blank(part.revision), part)?;
        let layout = match self {
            Self::Blank(_) => return Ok(blank),
            Self::Finished(layout) => layout,
        };
        let setting = Setting {
            part,
            model: ExecutionTime::Instant,
            scl_khz: 100,
        };
        let mut bench = Bench::new(blank, setting, 0);
        provision::run(&mut bench, layout)?;
        let image = bench.bus.image(0).ok_or("there is a chip")?;
        // A NervesKey has no divider; other users of the key have.
        with_divider(image, part)
    }
}

fn with_divider(image: Image, part: Part) -> Result<Image, Error> {
    let mut config = *image.config();
    config[19] = config[19] & 0x07 | part.divider.chip_mode();
    Ok(image.with_config(config)?)
}
