//! Making a chip, and choosing how it behaves.

use std::path::Path;
use std::time::Duration;

use super::port::Port;
use super::{Chip, PartialRead, State};
use crate::defect::Defects;
use crate::entropy::{Entropy, EntropyError, Generator};
use crate::image_file::{ImageFile, OpenError};
use crate::memory::Image;
use crate::revision::Revision;
use crate::serial::SerialNumber;
use crate::store::Store;
use crate::timing::ExecutionTime;
use crate::volatile::Volatile;

/// From the rise of SDA until the chip answers. Two captures of a real 508A
/// show silence at 276 us and an answer at 284 us after the end of the wake
/// token, whose STOP follows that rise by 20 us; the datasheet allows 1500 us
/// (section 8.3, tWHI).
const WAKE_DELAY: Duration = Duration::from_micros(300);
/// The longest that [`Chip::with_wake_delay`] takes: tWHI.
const LONGEST_WAKE_DELAY: Duration = Duration::from_micros(1_500);

/// From the sleep token until a wake pulse counts (assumed). No source gives a
/// figure but "less than 20 ms", from a report on `cryptoauthtools`.
const SLEEP_DELAY: Duration = Duration::from_millis(1);

/// The watchdog with `ChipMode` bit 2 = 0: least, typical, most. Source:
/// ATECC508A datasheet, section 8.3, tWATCHDOG.
const WATCHDOG: [Duration; 3] = [
    Duration::from_millis(700),
    Duration::from_millis(1_300),
    Duration::from_millis(1_700),
];

impl Chip {
    /// A blank chip for tests: the serial number is that of the recorded
    /// part, and its random numbers and keys are the same in every run.
    #[must_use]
    pub fn blank(revision: Revision) -> Self {
        Self::with_generator(Image::blank(revision), Generator::seeded(0))
    }

    /// A blank chip with a random serial number and real random numbers,
    /// that exists until it is dropped.
    ///
    /// # Errors
    /// [`EntropyError`] when the operating system gives no random numbers.
    pub fn throw_away(revision: Revision) -> Result<Self, EntropyError> {
        let image = Image::blank(revision).with_serial(SerialNumber::random()?);
        Self::new(image, Entropy::Os)
    }

    /// The chip with this content, asleep.
    ///
    /// # Errors
    /// [`EntropyError`] when the operating system gives no random numbers;
    /// never with [`Entropy::Seeded`].
    pub fn new(image: Image, entropy: Entropy) -> Result<Self, EntropyError> {
        Ok(Self::with_generator(image, entropy.generator()?))
    }

    /// The chip that the image file at `path` keeps, with real random
    /// numbers. Made blank, with a random serial number, when there is no
    /// file: a `revision`, or an ATECC608B. The file is locked until the chip
    /// is dropped and rewritten after every command that changes the EEPROM.
    ///
    /// # Errors
    /// [`OpenError`]: another process has the chip open, the file holds
    /// another chip than `revision`, is malformed, or cannot be read or made.
    pub fn open(path: impl AsRef<Path>, revision: Option<Revision>) -> Result<Self, OpenError> {
        let (file, image) = ImageFile::open(path.as_ref(), revision)?;
        Ok(Self::new(image, Entropy::Os)?.with_store(file))
    }

    /// The same chip with another serial number. Nothing is stored.
    #[must_use]
    pub fn with_serial(mut self, serial: SerialNumber) -> Self {
        serial.store(&mut self.memory.config);
        self
    }

    /// The same chip with another source of random numbers.
    ///
    /// # Errors
    /// As [`Chip::new`].
    pub fn with_entropy(mut self, entropy: Entropy) -> Result<Self, EntropyError> {
        self.generator = entropy.generator()?;
        self.timing_generator = self.generator.second_stream();
        Ok(self)
    }

    /// The same chip, whose `Random` and `Nonce` draw these numbers first, as
    /// another chip did that was recorded.
    #[must_use]
    pub fn with_random_numbers(mut self, numbers: impl IntoIterator<Item = [u8; 32]>) -> Self {
        self.generator.record(numbers);
        self
    }

    /// The same chip with other execution times.
    #[must_use]
    pub const fn with_execution_time(mut self, model: ExecutionTime) -> Self {
        self.execution_time = model;
        self
    }

    /// The same chip, answering `delay` after a wake pulse, at most 1500 us.
    #[must_use]
    pub fn with_wake_delay(mut self, delay: Duration) -> Self {
        self.wake_delay = delay.min(LONGEST_WAKE_DELAY);
        self
    }

    /// The same chip, whose wake pulses count again `delay` after the sleep
    /// token.
    #[must_use]
    pub const fn with_sleep_delay(mut self, delay: Duration) -> Self {
        self.sleep_delay = delay;
        self
    }

    /// The same chip, whose watchdog expires `budget` after each wake: at least
    /// 0.7 s and at most 1.7 s, as the datasheet has it. The long watchdog of
    /// `ChipMode` bit 2 stays at 10 s.
    #[must_use]
    pub fn with_watchdog(mut self, budget: Duration) -> Self {
        let [least, _, most] = WATCHDOG;
        self.watchdog_budget = budget.clamp(least, most);
        self
    }

    /// The same chip with another answer to reads while a command is only partly
    /// received.
    #[must_use]
    pub const fn with_partial_read(mut self, partial_read: PartialRead) -> Self {
        self.port.partial_read = partial_read;
        self
    }

    /// The same chip with these defects.
    #[must_use]
    pub const fn with_defects(mut self, defects: Defects) -> Self {
        self.defects = defects;
        self
    }

    /// The same chip, which hands every new EEPROM content to `store`.
    #[must_use]
    pub fn with_store(mut self, store: impl Store + 'static) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    fn with_generator(image: Image, generator: Generator) -> Self {
        Self {
            address: image.i2c_address(),
            memory: image,
            volatile: Volatile::default(),
            state: State::Asleep { since: None },
            port: Port::new(),
            watchdog: None,
            watchdog_budget: WATCHDOG[1],
            wake_delay: WAKE_DELAY,
            sleep_delay: SLEEP_DELAY,
            execution_time: ExecutionTime::default(),
            timing_generator: generator.second_stream(),
            executions: None,
            generator,
            defects: Defects::none(),
            store: None,
            failure: None,
        }
    }
}
