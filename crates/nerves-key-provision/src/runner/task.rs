//! What a step has the chip do.

use alloc::boxed::Box;
use alloc::vec::Vec;

use atecc::commands::{GenKey, LockTarget, WriteBlock, WriteWord};
use atecc::procedures::{CreateKey, LockAndConfirm, ReadConfig, SignDigest, WritePlace};
use atecc::{Answer, ConfigZone, Failure, Next, Once, Place, Procedure, PublicKey, Slot};
use nerves_key::{Activate, Activation, ReadSnapshot, Snapshot};
use zeroize::Zeroizing;

use super::read_slots::ReadSlots;
use crate::{RunError, Step};

/// The chip's part of one step.
#[derive(Debug)]
pub(super) enum Task {
    ReadConfig(ReadConfig),
    WriteWord(Once<WriteWord>),
    WriteBlock(Once<WriteBlock>),
    Lock(LockAndConfirm),
    CreateKey(CreateKey),
    ReadPublicKey(Once<GenKey>),
    Sign(SignDigest),
    Write(WritePlace<Bytes>),
    Activate(Box<Activate>),
    ReadBack(Box<ReadSnapshot>),
    ReadSlots(Box<ReadSlots>),
    /// The step needs no chip.
    None,
}

/// What a task gives.
pub(super) enum Output {
    Nothing,
    Config(ConfigZone),
    Key(PublicKey),
    Signature([u8; 64]),
    Activation(Activation),
    Snapshot(Box<Snapshot>),
    /// The first slot that is not as written.
    Differs(Option<Slot>),
}

/// Contents of a slot, which may be secret.
pub(super) struct Bytes(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Task {
    pub(super) const fn lock(target: LockTarget) -> Self {
        Self::Lock(LockAndConfirm::new(target))
    }

    /// Write `bytes` for `step`.
    pub(super) fn write(place: Place, bytes: &[u8], step: &Step) -> Result<Self, RunError> {
        match WritePlace::new(place, Bytes(Zeroizing::new(bytes.to_vec()))) {
            Ok(task) => Ok(Self::Write(task)),
            Err(_) => Err(RunError::OutOfOrder(step.clone())),
        }
    }

    pub(super) fn resume(&mut self, answer: Answer<'_>) -> Next<Output, Failure> {
        match self {
            Self::ReadConfig(task) => task.resume(answer).map(Output::Config),
            Self::WriteWord(task) => task.resume(answer).map(|()| Output::Nothing),
            Self::WriteBlock(task) => task.resume(answer).map(|()| Output::Nothing),
            Self::Lock(task) => task.resume(answer).map(|()| Output::Nothing),
            Self::CreateKey(task) => task.resume(answer).map(Output::Key),
            Self::ReadPublicKey(task) => task.resume(answer).map(Output::Key),
            Self::Sign(task) => task.resume(answer).map(Output::Signature),
            Self::Write(task) => task.resume(answer).map(|()| Output::Nothing),
            Self::Activate(task) => task.resume(answer).map(Output::Activation),
            Self::ReadBack(task) => {
                let next = task.resume(answer);
                next.map(|snapshot| Output::Snapshot(Box::new(snapshot)))
            }
            Self::ReadSlots(task) => task.resume(answer).map(Output::Differs),
            Self::None => Next::Done(Ok(Output::Nothing)),
        }
    }
}
