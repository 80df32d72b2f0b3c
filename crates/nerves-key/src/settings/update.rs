//! Reading, computing and writing in one session.

use atecc::procedure::{Answer, Next};
use atecc::{Failure, Procedure, SerialNumber};

use super::{Area, Settings, WriteSettings};
use crate::WriteError;
use crate::rewrite::Rewrite;

/// Read the settings, have a change made of them, write it and read it back,
/// in one awake session: whoever else takes turns on the bus comes before or
/// after, never in between.
///
/// The change is computed while the chip is awake and the bus is held: ask
/// nobody there.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::settings::{Area, UpdateSettings};
///
/// let updated = device.run(UpdateSettings::new(Area::NervesKey, |settings| {
///     let boots: u32 = settings.get()?.unwrap_or(0);
///     settings.set(&(boots + 1))
/// }))?;
/// assert_eq!(updated.settings.get::<u32>()?, Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct UpdateSettings<F> {
    area: Area,
    change: Option<F>,
    updated: Option<Updated>,
    rewrite: Rewrite,
}

/// What [`UpdateSettings`] has done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Updated {
    /// What the chip has now.
    pub settings: Settings,
    /// How many Write commands it took.
    pub commands: usize,
}

/// Why settings were not updated.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError<E> {
    /// The chip, or what it holds.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The change was not to be made of these settings; nothing was written.
    #[error("{0}")]
    Refused(E),
}

impl<E> From<Failure> for UpdateError<E> {
    fn from(failure: Failure) -> Self {
        Self::Write(failure.into())
    }
}

impl<F, E> UpdateSettings<F>
where
    F: FnOnce(&Settings) -> Result<WriteSettings, E>,
{
    /// Write what `change` makes of the settings that are there.
    #[must_use]
    pub fn new(area: Area, change: F) -> Self {
        Self {
            area,
            change: Some(change),
            updated: None,
            rewrite: Rewrite::new(area.slots()),
        }
    }

    /// Only on this chip.
    #[must_use]
    pub fn on_chip(self, chip: SerialNumber) -> Self {
        Self {
            rewrite: self.rewrite.on_chip(chip),
            ..self
        }
    }
}

impl<F, E> Procedure for UpdateSettings<F>
where
    F: FnOnce(&Settings) -> Result<WriteSettings, E>,
{
    type Output = Updated;
    type Error = UpdateError<E>;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Updated, UpdateError<E>> {
        let Self {
            area,
            change,
            updated,
            rewrite,
        } = self;
        let next = rewrite.resume(answer, |bytes| {
            let found = Settings { area: *area, bytes };
            let change = change.take().ok_or(WriteError::Changed)?;
            let write = change(&found).map_err(UpdateError::Refused)?;
            // One that was made of other settings, which the caller had kept.
            if *write.before() != found {
                return Err(WriteError::Changed.into());
            }
            let commands = write.commands();
            let (settings, write) = write.into_parts();
            *updated = Some(Updated { settings, commands });
            Ok(write)
        });
        next.and_then(|()| {
            let updated = updated.take().ok_or(WriteError::Changed);
            Next::Done(updated.map_err(UpdateError::Write))
        })
    }
}
