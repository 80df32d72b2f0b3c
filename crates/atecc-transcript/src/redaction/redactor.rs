//! From action to action: what is hidden depends on what passed before.

use core::ops::Range;

use super::Redaction;
use super::secrets::{DATA, Response, SHA, SHA_HMAC_START, SHA_MODE, SHA_START, SHA_WRITE_CONTEXT};
#[cfg(feature = "alloc")]
use crate::Transcript;
use crate::word_address::{COMMAND, REWIND, SLEEP};
use crate::{Ack, Action};

/// The count of a response that is a status and its CRC.
const STATUS: u8 = 0x04;
/// What a chip has to say after a wake. Source: ATECC508A datasheet, Table 9-3.
pub(super) const AFTER_WAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];

/// Follows a bus to know which bytes to hide.
#[derive(Clone, Debug)]
pub struct Redactor {
    redaction: Redaction,
    /// By address: its response buffer holds a secret.
    secret: u128,
    /// By address: the next read begins at the front of that buffer.
    front: u128,
    /// By address: the `SHA` that runs was seen to begin as a digest.
    digest: u128,
}

impl Redactor {
    /// At the beginning of a recording.
    #[must_use]
    pub const fn new(redaction: Redaction) -> Self {
        Self {
            redaction,
            secret: 0,
            front: 0,
            digest: 0,
        }
    }

    /// Which bytes of `action` to hide. Every action must be given, in order.
    pub fn hidden<B: AsRef<[u8]>>(&mut self, action: &Action<B>) -> Range<usize> {
        let bytes = action.bytes();
        match *action {
            Action::Write { address, ack, .. } => self.write(address, bytes, ack),
            Action::Read { address, .. } => self.read(address, bytes),
            Action::Wake | Action::Delay(_) => 0..0,
        }
    }

    fn write(&mut self, address: u8, bytes: &[u8], ack: Ack) -> Range<usize> {
        let chip = bit(address);
        let Some((word_address, _)) = bytes.split_first() else {
            return 0..0;
        };
        match *word_address {
            REWIND => self.front |= chip,
            // It loses its buffer.
            SLEEP if ack == Ack::All => self.secret &= !chip,
            COMMAND => {
                let secrets = self.redaction.secrets_of(bytes);
                // What was not acknowledged was not executed, or was: then an
                // earlier secret may still be there, or a new one.
                match (secrets.response, ack) {
                    (Response::Secret, _) => self.secret |= chip,
                    (Response::OfSha, _) if self.digest & chip == 0 => self.secret |= chip,
                    (_, Ack::All) => self.secret &= !chip,
                    (_, _) => {}
                }
                self.follow_sha(chip, bytes, ack);
                self.front |= chip;
                if let Some(from) = secrets.command.filter(|from| *from < bytes.len()) {
                    return from..bytes.len();
                }
            }
            _ => {}
        }
        0..0
    }

    /// Only a start that has certainly begun a digest shows what comes of it:
    /// a context that is written may be that of an HMAC.
    fn follow_sha(&mut self, chip: u128, bytes: &[u8], ack: Ack) {
        let Some([SHA, mode, ..]) = bytes.get(2..DATA) else {
            return;
        };
        match (mode & SHA_MODE, ack) {
            (SHA_START, Ack::All) => self.digest |= chip,
            (SHA_START | SHA_HMAC_START | SHA_WRITE_CONTEXT, _) => self.digest &= !chip,
            _ => {}
        }
    }

    fn read(&mut self, address: u8, bytes: &[u8]) -> Range<usize> {
        let chip = bit(address);
        let Some((first, _)) = bytes.split_first() else {
            return 0..0;
        };
        let front = self.front & chip != 0;
        self.front &= !chip;
        if bytes == AFTER_WAKE || (front && *first == STATUS) {
            self.secret &= !chip;
        }
        // The count is shown.
        let from = usize::from(front);
        if self.secret & chip != 0 && from < bytes.len() {
            from..bytes.len()
        } else {
            0..0
        }
    }
}

const fn bit(address: u8) -> u128 {
    1 << (address & 0x7F)
}

#[cfg(feature = "alloc")]
impl Transcript {
    /// Hide what `redaction` says, as a recorder would have. What is hidden
    /// already stays so.
    pub fn redact(&mut self, redaction: Redaction) {
        let mut redactor = Redactor::new(redaction);
        for line in &mut self.lines {
            let hidden = redactor.hidden(&line.action);
            let (Action::Write { bytes, .. } | Action::Read { bytes, .. }) = &mut line.action
            else {
                continue;
            };
            if hidden.is_empty() {
                continue;
            }
            if let Some(secret) = bytes.get_mut(hidden.clone()) {
                secret.fill(0);
            }
            // Both reach to the end in all that a recorder has hidden; what is
            // between two ranges is not worth a second one.
            line.redacted = if line.redacted.is_empty() {
                hidden
            } else {
                let all = hidden.start.min(line.redacted.start)..hidden.end.max(line.redacted.end);
                if let Some(secret) = bytes.get_mut(all.clone()) {
                    secret.fill(0);
                }
                all
            };
        }
    }
}
