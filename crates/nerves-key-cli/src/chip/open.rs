//! A driver for the chip of a command, which is recorded where `--record` says so.

use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use atecc::Device;
use atecc::device::WakePulse;
use atecc_transcript::{DelayRecorder, Lost, Record, Recorder, Sink, Tape};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use nerves_key_device::{AnyBus, AnyDelay, AnyDevice, AnyWake, BusFault, DeviceUri, EmulatedUri};

use super::narration::Narration;
use super::recording::{Recording, Watch, header, redaction};
use crate::cli::chip::Chip;
use crate::error::CliError;
use crate::output::escape_path;

/// A driver for any chip, recorded if the user wants it so.
pub(crate) type RecordedDevice = Device<RecordedBus, RecordedDelay, RecordedWake>;

/// What the bus and the delay of a device are recorded on.
type SharedTape = Rc<Tape<Witness, Watch>>;

/// Who is told of what passes.
struct Witness {
    recording: Recording,
    narration: Narration,
}

impl Sink for Witness {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Lost> {
        self.narration.add(record);
        self.recording.record(record)
    }
}

impl Chip {
    /// Open the bus, and before it the file that it is recorded in. The chip is
    /// not touched yet.
    ///
    /// An image file has to exist: a name that is mistyped makes no chip.
    pub(crate) fn open(&self) -> Result<RecordedDevice, CliError> {
        refuse_absent(&self.device)?;
        self.open_made(|| Ok(()))
    }

    /// The same for an image file that `make` makes, once there is a file to record
    /// in.
    pub(crate) fn open_made(
        &self,
        make: impl FnOnce() -> Result<(), CliError>,
    ) -> Result<RecordedDevice, CliError> {
        let recording = match &self.record {
            Some(path) => Recording::create(path)?,
            None => Recording::Nowhere,
        };
        match make().and_then(|()| Ok(self.device.open()?)) {
            Ok(device) => self.record_on(device, recording),
            Err(error) => {
                recording.discard();
                Err(error)
            }
        }
    }

    /// The same type for a device that stands in for the one to record.
    pub(crate) fn open_unrecorded(&self, device: AnyDevice) -> Result<RecordedDevice, CliError> {
        self.record_on(device, Recording::Nowhere)
    }

    fn record_on(
        &self,
        device: AnyDevice,
        recording: Recording,
    ) -> Result<RecordedDevice, CliError> {
        let address = device.address();
        let recording = recording.begin(&self.device, address.get())?;
        let watch = match self.device {
            // Their time is not ours: a wait takes none.
            DeviceUri::Emulated(EmulatedUri::Image { .. } | EmulatedUri::ThrowAway { .. }) => {
                Watch::Stopped
            }
            _ => Watch::Since(Instant::now()),
        };
        let (bus, delay) = device.release();
        let narration = if self.verbose {
            Narration::begin(&self.device, header("", &self.device, address.get()))
        } else {
            Narration::default()
        };
        let witness = Witness {
            recording,
            narration: narration.clone(),
        };
        let tape = Rc::new(Tape::new(witness, watch, redaction()));
        let bus = RecordedBus {
            bus,
            tape: Rc::clone(&tape),
            narration,
        };
        let device = Device::new(bus, RecordedDelay { delay, tape });
        Ok(device.with_wake(RecordedWake).with_address(address))
    }
}

/// An image file that does not exist is no chip yet.
pub(crate) fn refuse_absent(device: &DeviceUri) -> Result<(), CliError> {
    let DeviceUri::Emulated(EmulatedUri::Image { path, .. }) = device else {
        return Ok(());
    };
    if !is_absent(path)? {
        return Ok(());
    }
    let shown = escape_path(path);
    Err(CliError::refused(format!("{shown}: there is no such image file")).with_advice(
        "nerves-key emulator create makes the file of a blank chip, and nerves-key provision of \
         one that it provisions.",
    ))
}

pub(crate) fn is_absent(path: &Path) -> Result<bool, CliError> {
    match path.try_exists() {
        Ok(exists) => Ok(!exists),
        Err(error) => Err(CliError::input(path, error)),
    }
}

/// Any bus, and the tape of its device.
pub(crate) struct RecordedBus {
    bus: AnyBus,
    tape: SharedTape,
    narration: Narration,
}

impl ErrorType for RecordedBus {
    type Error = BusFault;
}

impl I2c for RecordedBus {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), BusFault> {
        Recorder::new(&mut self.bus, &self.tape).transaction(address, operations)
    }
}

/// The delay that belongs to it.
pub(crate) struct RecordedDelay {
    delay: AnyDelay,
    tape: SharedTape,
}

impl RecordedDelay {
    fn recorder(&mut self) -> DelayRecorder<'_, &mut AnyDelay, Witness, Watch> {
        DelayRecorder::new(&mut self.delay, &self.tape)
    }
}

/// Each method is passed on as it is, since a delay may do one of them better.
impl DelayNs for RecordedDelay {
    fn delay_ns(&mut self, ns: u32) {
        self.recorder().delay_ns(ns);
    }

    fn delay_us(&mut self, us: u32) {
        self.recorder().delay_us(us);
    }

    fn delay_ms(&mut self, ms: u32) {
        self.recorder().delay_ms(ms);
    }
}

/// Holds and releases a shared bus as [`AnyWake`] does. The pulse passes
/// through the recorder.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecordedWake;

impl<D> WakePulse<RecordedBus, D> for RecordedWake {
    fn pulse(&mut self, i2c: &mut RecordedBus, delay: &mut D) -> Result<(), BusFault> {
        AnyWake::hold_session(&mut i2c.bus)?;
        atecc::device::GeneralCall.pulse(i2c, delay)
    }

    fn session_over(&mut self, i2c: &mut RecordedBus) {
        WakePulse::<AnyBus, ()>::session_over(&mut AnyWake, &mut i2c.bus);
        i2c.narration.tell();
    }

    fn now_us(&mut self, i2c: &mut RecordedBus, delay: &mut D) -> Option<u64> {
        AnyWake.now_us(&mut i2c.bus, delay)
    }
}
