//! The operations: what the driver does, and what that needs of the chip.

mod certificates;
mod provision;
mod sign;

use atecc_emulator::{ExecutionTime, Image, Revision};
use nerves_key_schema::Layout;

use crate::bench::Bench;
use crate::floor::Session;
use crate::setting::{Part, Setting};

pub(crate) type Error = Box<dyn std::error::Error>;
/// What the driver does with a chip.
type Act = fn(&mut Bench) -> Result<(), Error>;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// As on the command line and in the table.
    pub(crate) name: &'static str,
    pub(crate) starts_from: State,
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
    sign::COLD,
    sign::WARM,
    certificates::BOTH,
    provision::STANDARD,
];

impl Operation {
    /// Whether `part` can do it.
    pub(crate) const fn is_for(&self, part: Part) -> bool {
        let (State::Blank(layout) | State::Finished(layout)) = self.starts_from;
        matches!(layout, Layout::Standard) || !matches!(part.revision, Revision::Atecc508A)
    }

    /// A chip in its state, a driver, and what is not measured done.
    pub(crate) fn prepared(
        &self,
        image: &Image,
        setting: Setting,
        seed: u64,
    ) -> Result<Bench, Error> {
        let mut bench = Bench::new(image.clone(), setting, seed);
        if let Some(prepare) = self.prepare {
            prepare(&mut bench)?;
        }
        Ok(bench)
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
