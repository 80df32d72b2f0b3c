//! `--verbose`: what passed between this program and the chip, told after each
//! session in the words of `transcript decode`.

use std::cell::RefCell;
use std::rc::Rc;

use atecc_decode::{Explained, NoLabels};
use atecc_transcript::{Header, Record, Transcript};
use nerves_key_device::DeviceUri;

use crate::output::{escape, message};

/// What has passed in a session so far; nothing where nobody wants to know.
#[derive(Clone, Debug, Default)]
pub(super) struct Narration(Option<Rc<RefCell<Transcript>>>);

impl Narration {
    /// Of a chip, which is named first.
    pub(super) fn begin(device: &DeviceUri, header: Header) -> Self {
        let device = escape(&device.to_string());
        message(&format!("{device}: address 0x{:02X}", header.address));
        let lines = Vec::new();
        Self(Some(Rc::new(RefCell::new(Transcript { header, lines }))))
    }

    pub(super) fn add(&self, record: &Record<'_>) {
        if let Some(transcript) = &self.0 {
            transcript.borrow_mut().lines.push(record.into());
        }
    }

    /// The session is over: tell of it.
    pub(super) fn tell(&self) {
        let Some(transcript) = &self.0 else { return };
        let mut transcript = transcript.borrow_mut();
        if !transcript.lines.is_empty() {
            message(&Explained::new(&transcript, &NoLabels).to_string());
        }
        transcript.lines.clear();
    }
}
