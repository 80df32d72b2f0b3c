//! The chip's key for a handshake on another thread: the chip stays on this one,
//! where it may be recorded.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use atecc::Slot;
use atecc::procedures::SignDigest;
use atecc_x509::PublicKey;
use nerves_key_rustls::{ChipError, ChipKey, TlsChip};

use crate::causes;
use crate::chip::RecordedDevice;
use crate::error::CliError;

/// What is asked of the chip's thread.
struct SigningRequest {
    slot: Slot,
    digest: [u8; 32],
    answer: Sender<Result<[u8; 64], String>>,
}

/// The chip, as the other thread has it.
struct RemoteChip(Sender<SigningRequest>);

impl TlsChip for RemoteChip {
    fn sign(&mut self, slot: Slot, digest: [u8; 32]) -> Result<[u8; 64], ChipError> {
        let gone = || ChipError::Other("its thread has ended".into());
        let (answer, answered) = channel();
        let request = SigningRequest {
            slot,
            digest,
            answer,
        };
        self.0.send(request).ok().ok_or_else(gone)?;
        let answer = answered.recv().ok().ok_or_else(gone)?;
        answer.map_err(|error| ChipError::Other(error.into()))
    }
}

/// What the chip was asked, and how long it took.
#[derive(Debug, Default)]
pub(super) struct ChipUse {
    pub(super) signatures: u32,
    pub(super) spent: Duration,
    /// Why it gave no signature, the last time.
    pub(super) error: Option<CliError>,
}

/// Requests of the other thread.
pub(super) struct Requests(Receiver<SigningRequest>);

/// The key for the other thread, and what it will ask.
pub(super) fn key(slot: Slot, public_key: PublicKey) -> (ChipKey, Requests) {
    let (sender, receiver) = channel();
    (
        ChipKey::new(RemoteChip(sender), slot, public_key),
        Requests(receiver),
    )
}

impl Requests {
    /// Sign until the other thread has dropped the key.
    pub(super) fn serve(self, device: &mut RecordedDevice) -> ChipUse {
        let mut chip = ChipUse::default();
        for request in self.0 {
            let start = Instant::now();
            let sign = SignDigest::new(request.slot, request.digest).with_unlimited_key();
            let signed = causes::run(device, sign);
            chip.spent += start.elapsed();
            chip.signatures += 1;
            let answer = signed.map_err(|error| {
                let text = error.to_string();
                chip.error = Some(error);
                text
            });
            // Nobody waits any more where the other thread has ended.
            let _ = request.answer.send(answer);
        }
        chip
    }
}
