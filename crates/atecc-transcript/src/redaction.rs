//! Which bytes a recording must not tell.
//!
//! Keys pass over this bus in clear: in `PrivWrite` and `Write`, in `Read`, in
//! what ECDH and KDF derive. A recording that is meant to be given away hides
//! them before they reach its sink, and the CRC after them, against which a
//! guess could be checked. `docs/transcripts.md` says the same for its readers.
//!
//! Hidden by default, opcode by opcode. Source of opcodes, modes and addresses:
//! ATECC508A datasheet, section 9, and the ATECC608A/B pages of Microchip's
//! online documentation.
//!
//! | command | hidden in the command | hidden in the response |
//! |---|---|---|
//! | `Read` of a data slot that is not public | | all |
//! | `Write` to such a slot, encrypted or not | data, MAC | |
//! | `PrivWrite` | data, MAC | |
//! | `ECDH` | | all |
//! | `KDF` | message | all |
//! | `AES` | blocks | all |
//! | `MAC`, `HMAC` | | all: hosts use them as keys |
//! | `Random` | | all: hosts make keys of it |
//! | `Nonce`, pass-through | 64 bytes, or to the alternate key buffer: keys | |
//! | `SHA` | a context that is written | a context that is read: the key of an HMAC has gone into it |
//! | `SHA`, end | | of an HMAC, or where its start was not seen: all |
//! | any opcode that is not known | data | all |
//!
//! A response that is a status alone is shown. So is what Sign signs: 32 bytes
//! passed through to `TempKey` are a digest, unless
//! [`Redaction::keys_in_temp_key`] says otherwise. Encrypted writes are hidden
//! because whoever learns their parent key later could decrypt them.

use core::ops::Range;

use crate::word_address::{COMMAND, REWIND, SLEEP};
use crate::{Ack, Action};

/// What to hide.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Redaction {
    hide: Hide,
    public_slots: u16,
    temp_key: TempKey,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Hide {
    Nothing,
    Secrets,
}

/// What 32 bytes are that a host passes through to `TempKey`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TempKey {
    Message,
    Key,
}

impl Redaction {
    /// Nothing: for chips whose keys are worthless, such as emulated ones.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            hide: Hide::Nothing,
            public_slots: 0,
            temp_key: TempKey::Message,
        }
    }

    /// All that is secret or may be.
    #[must_use]
    pub const fn secrets() -> Self {
        Self {
            hide: Hide::Secrets,
            ..Self::none()
        }
    }

    /// These slots hold nothing secret: bit 0 is slot 0, bit 15 slot 15.
    #[must_use]
    pub const fn public_slots(self, mask: u16) -> Self {
        Self {
            public_slots: mask,
            ..self
        }
    }

    /// What is passed through to `TempKey` is a key, as that of `AES` or `KDF`.
    #[must_use]
    pub const fn keys_in_temp_key(self) -> Self {
        Self {
            temp_key: TempKey::Key,
            ..self
        }
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Self::secrets()
    }
}

/// Word address, count, opcode, param1, param2.
const DATA: usize = 6;
/// The opcode of `SHA`, and bits 2 to 0 of its param1. Source: cryptoauthlib
/// `calib_command.h`, `SHA_MODE_*`; the 508A alone has an end of its own for
/// an HMAC.
const SHA: u8 = 0x47;
const SHA_MODE: u8 = 0x07;
const SHA_START: u8 = 0x00;
const SHA_END: u8 = 0x02;
const SHA_HMAC_START: u8 = 0x04;
const SHA_HMAC_END: u8 = 0x05;
const SHA_READ_CONTEXT: u8 = 0x06;
const SHA_WRITE_CONTEXT: u8 = 0x07;
/// The count of a response that is a status and its CRC.
const STATUS: u8 = 0x04;
/// What a chip has to say after a wake. Source: ATECC508A datasheet, Table 9-3.
const AFTER_WAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];

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

/// Where secrets are in one command and its response.
#[derive(Clone, Copy)]
struct Secrets {
    /// From this byte of the write on.
    command: Option<usize>,
    response: Response,
}

#[derive(Clone, Copy)]
enum Response {
    Public,
    /// A digest or an HMAC, as its start said.
    OfSha,
    Secret,
}

const NONE: Secrets = in_neither();

const fn in_neither() -> Secrets {
    Secrets {
        command: None,
        response: Response::Public,
    }
}

const fn in_command() -> Secrets {
    Secrets {
        command: Some(DATA),
        response: Response::Public,
    }
}

const fn in_response() -> Secrets {
    Secrets {
        command: None,
        response: Response::Secret,
    }
}

const fn in_both(from: usize) -> Secrets {
    Secrets {
        command: Some(from),
        response: Response::Secret,
    }
}

impl Redaction {
    /// `bytes`: from the word address on, as much as was written of them.
    fn secrets_of(self, bytes: &[u8]) -> Secrets {
        if self.hide == Hide::Nothing {
            return NONE;
        }
        let Some([opcode, param1, param2, _]) = bytes.get(2..DATA) else {
            return in_both(DATA);
        };
        match *opcode {
            0x02 | 0x12 if self.is_public(*param1, *param2) => NONE,
            0x02 | 0x08 | 0x11 | 0x1B | 0x43 => in_response(),
            0x12 | 0x46 => in_command(),
            0x16 => self.nonce(*param1),
            SHA => match *param1 & SHA_MODE {
                SHA_END => Secrets {
                    command: None,
                    response: Response::OfSha,
                },
                SHA_HMAC_END | SHA_READ_CONTEXT => in_response(),
                SHA_WRITE_CONTEXT => in_command(),
                _ => NONE,
            },
            // Four bytes of details come before the message.
            0x56 => in_both(DATA + 4),
            // Pause, GenDig, Lock, DeriveKey, UpdateExtra, Counter,
            // CheckMac, Info, GenKey, Sign, Verify, SelfTest, SecureBoot.
            0x01 | 0x15 | 0x17 | 0x1C | 0x20 | 0x24 | 0x28 | 0x30 | 0x40 | 0x41 | 0x45 | 0x77
            | 0x80 => NONE,
            // AES, 0x51, and what is not known.
            _ => in_both(DATA),
        }
    }

    /// `Read` and `Write`: zone in bits 1 and 0 of param1, 2 being the data
    /// zone; slot in bits 6 to 3 of the low byte of param2.
    /// Source: ATECC508A datasheet, section 9.1.4, "Address Encoding".
    const fn is_public(self, param1: u8, param2: u8) -> bool {
        let slot = (param2 >> 3) & 0x0F;
        param1 & 0x03 != 0x02 || self.public_slots & (1 << slot) != 0
    }

    /// Mode bits 1 and 0 = 3: pass-through; bit 5: 64 bytes; bits 7 and 6: 0
    /// to `TempKey`, 1 to the message digest buffer, 2 to the alternate key
    /// buffer. Source: cryptoauthlib `calib_command.h`, `NONCE_MODE_*`.
    const fn nonce(self, mode: u8) -> Secrets {
        let is_key = match (mode & 0x03, mode >> 6, mode & 0x20) {
            (3, 0, 0) => matches!(self.temp_key, TempKey::Key),
            (3, 1, 0) => false,
            (3, _, _) => true,
            _ => false,
        };
        if is_key { in_command() } else { NONE }
    }
}

#[cfg(feature = "alloc")]
impl crate::Transcript {
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

#[cfg(test)]
mod tests {
    use super::*;

    const CHIP: u8 = 0x60;
    const SLOT_2_PUBLIC: Redaction = Redaction::secrets().public_slots(1 << 2);

    fn write(redactor: &mut Redactor, bytes: &[u8]) -> Range<usize> {
        redactor.hidden(&Action::Write {
            address: CHIP,
            bytes,
            ack: Ack::All,
        })
    }

    fn read(redactor: &mut Redactor, bytes: &[u8]) -> Range<usize> {
        redactor.hidden(&Action::Read {
            address: CHIP,
            bytes,
            ack: Ack::All,
        })
    }

    /// A command with 32 bytes of data: what is hidden of it, and of a response
    /// of 32 bytes.
    fn hidden(redaction: Redaction, opcode: u8, param1: u8, param2: u8) -> [Range<usize>; 2] {
        let mut command = [0xA5; 40];
        command[..6].copy_from_slice(&[0x03, 0x27, opcode, param1, param2, 0x00]);
        let mut response = [0x5A; 35];
        response[0] = 35;
        let mut redactor = Redactor::new(redaction);
        [
            write(&mut redactor, &command),
            read(&mut redactor, &response),
        ]
    }

    #[test]
    fn secrets_are_hidden_with_their_crc() {
        const ALL: Range<usize> = 6..40;
        const ANSWER: Range<usize> = 1..35;
        const NO: Range<usize> = 0..0;
        for (name, opcode, param1, param2, command, response) in [
            ("Read of slot 0", 0x02, 0x82, 0x00, NO, ANSWER),
            ("Read of slot 15", 0x02, 0x02, 0x78, NO, ANSWER),
            ("Read of slot 2", 0x02, 0x82, 0x10, NO, NO),
            ("Read of configuration", 0x02, 0x80, 0x00, NO, NO),
            ("Read of OTP", 0x02, 0x81, 0x00, NO, NO),
            ("Write to slot 0", 0x12, 0x82, 0x00, ALL, NO),
            ("encrypted Write to slot 1", 0x12, 0xC2, 0x08, ALL, NO),
            ("Write to slot 2", 0x12, 0x82, 0x10, NO, NO),
            ("Write to configuration", 0x12, 0x80, 0x00, NO, NO),
            ("PrivWrite to slot 2", 0x46, 0x40, 0x02, ALL, NO),
            ("ECDH", 0x43, 0x00, 0x00, NO, ANSWER),
            ("MAC", 0x08, 0x05, 0x02, NO, ANSWER),
            ("HMAC", 0x11, 0x04, 0x02, NO, ANSWER),
            ("KDF", 0x56, 0x00, 0x00, 10..40, ANSWER),
            ("AES", 0x51, 0x00, 0x03, ALL, ANSWER),
            ("Random", 0x1B, 0x00, 0x00, NO, ANSWER),
            ("Nonce, random", 0x16, 0x00, 0x00, NO, NO),
            ("Nonce, digest to TempKey", 0x16, 0x03, 0x00, NO, NO),
            ("Nonce, digest to its buffer", 0x16, 0x43, 0x00, NO, NO),
            ("Nonce, 64 bytes", 0x16, 0x23, 0x00, ALL, NO),
            ("Nonce, alternate key", 0x16, 0x83, 0x00, ALL, NO),
            ("SHA, end, its start not seen", 0x47, 0x02, 0x00, NO, ANSWER),
            ("SHA, end of an HMAC, 508A", 0x47, 0x05, 0x02, NO, ANSWER),
            ("SHA, read context", 0x47, 0x06, 0x00, NO, ANSWER),
            ("SHA, write context", 0x47, 0x07, 0x00, ALL, NO),
            ("Sign", 0x41, 0x80, 0x00, NO, NO),
            ("an unknown opcode", 0x99, 0x00, 0x00, ALL, ANSWER),
        ] {
            let found = hidden(SLOT_2_PUBLIC, opcode, param1, param2);
            assert_eq!(found, [command, response], "{name}");
            let shown = hidden(Redaction::none(), opcode, param1, param2);
            assert_eq!(shown, [0..0, 0..0], "{name}");
        }
        let keys = Redaction::default().keys_in_temp_key();
        assert_eq!(hidden(keys, 0x16, 0x03, 0x00), [6..40, 0..0]);
    }

    /// Whether the response of the `SHA` that ends is hidden, after those with
    /// `modes`.
    fn ended_after(modes: &[u8], ack: Ack) -> Range<usize> {
        let mut redactor = Redactor::new(Redaction::secrets());
        for mode in modes {
            redactor.hidden(&Action::Write {
                address: CHIP,
                bytes: &[0x03, 0x07, 0x47, *mode, 0x02, 0x00, 0x00, 0x00][..],
                ack,
            });
            assert_eq!(read(&mut redactor, &[0x04, 0x00, 0x03, 0x40]), 0..0);
        }
        // To the output and the message digest buffer.
        let end = [0x03, 0x07, 0x47, 0x42, 0x00, 0x00, 0x00, 0x00];
        assert_eq!(write(&mut redactor, &end), 0..0);
        let mut response = [0x5A; 35];
        response[0] = 35;
        read(&mut redactor, &response)
    }

    #[test]
    fn an_hmac_by_sha_is_hidden_and_a_digest_is_shown() {
        const HMAC: Range<usize> = 1..35;
        assert_eq!(ended_after(&[0x00], Ack::All), 0..0);
        assert_eq!(ended_after(&[0x00, 0x01, 0x01], Ack::All), 0..0);
        assert_eq!(ended_after(&[0x04], Ack::All), HMAC);
        assert_eq!(ended_after(&[0x00, 0x04, 0x01], Ack::All), HMAC);
        assert_eq!(ended_after(&[0x04, 0x00], Ack::All), 0..0);
        // A context that is written may be that of an HMAC.
        assert_eq!(ended_after(&[0x00, 0x07], Ack::All), HMAC);
        // It may not have begun, and an earlier HMAC goes on.
        assert_eq!(ended_after(&[0x00], Ack::Unknown), HMAC);
    }

    #[test]
    fn split_reads_and_rewinds_stay_hidden() {
        let mut redactor = Redactor::new(Redaction::secrets());
        let ecdh = [0x03, 0x47, 0x43, 0x00, 0x00, 0x00, 0x01];
        assert_eq!(write(&mut redactor, &ecdh), 0..0);
        assert_eq!(read(&mut redactor, &[35]), 0..0);
        assert_eq!(read(&mut redactor, &[0x04, 0x00]), 0..2);
        assert_eq!(write(&mut redactor, &[0x00]), 0..0);
        assert_eq!(read(&mut redactor, &[35, 0x01, 0x02]), 1..3);
        // Idle keeps the buffer, and so does a command that did not arrive.
        assert_eq!(write(&mut redactor, &[0x02]), 0..0);
        let info = [0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
        let refused = Action::Write {
            address: CHIP,
            bytes: &info[..],
            ack: Ack::NoAddress,
        };
        assert_eq!(redactor.hidden(&refused), 0..0);
        assert_eq!(read(&mut redactor, &[35, 0x01]), 1..2);
        // Another chip has another buffer.
        let other = Action::Read {
            address: 0x35,
            bytes: &[35, 0x01][..],
            ack: Ack::All,
        };
        assert_eq!(redactor.hidden(&other), 0..0);
        assert_eq!(write(&mut redactor, &info), 0..0);
        assert_eq!(read(&mut redactor, &[7, 0x01]), 0..0);
    }

    #[test]
    fn a_status_and_a_wake_are_shown() {
        let mut redactor = Redactor::new(Redaction::secrets());
        let random = [0x03, 0x07, 0x1B, 0x00, 0x00, 0x00, 0x24, 0xCD];
        write(&mut redactor, &random);
        assert_eq!(read(&mut redactor, &[0x04, 0x0F, 0x23, 0x42]), 0..0);
        write(&mut redactor, &random);
        assert_eq!(redactor.hidden(&Action::<&[u8]>::Wake), 0..0);
        assert_eq!(read(&mut redactor, &AFTER_WAKE), 0..0);
        write(&mut redactor, &random);
        write(&mut redactor, &[0x01]);
        assert_eq!(read(&mut redactor, &[0x04, 0x07, 0xC4, 0x40]), 0..0);
        // Cut before its parameters: it could be anything.
        write(&mut redactor, &[0x03, 0x07, 0x1B]);
        assert_eq!(read(&mut redactor, &[35, 0x01]), 1..2);
    }
}
