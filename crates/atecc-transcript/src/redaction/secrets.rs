//! Where secrets are in a command and its response.

use super::{Hide, Redaction, TempKey};

/// Word address, count, opcode, param1, param2.
pub(super) const DATA: usize = 6;
/// The opcode of `SHA`, and bits 2 to 0 of its param1. Source: cryptoauthlib
/// `calib_command.h`, `SHA_MODE_*`; the 508A alone has an end of its own for
/// an HMAC.
pub(super) const SHA: u8 = 0x47;
pub(super) const SHA_MODE: u8 = 0x07;
pub(super) const SHA_START: u8 = 0x00;
pub(super) const SHA_END: u8 = 0x02;
pub(super) const SHA_HMAC_START: u8 = 0x04;
pub(super) const SHA_HMAC_END: u8 = 0x05;
pub(super) const SHA_READ_CONTEXT: u8 = 0x06;
pub(super) const SHA_WRITE_CONTEXT: u8 = 0x07;

/// Where secrets are in one command and its response.
#[derive(Clone, Copy)]
pub(super) struct Secrets {
    /// From this byte of the write on.
    pub(super) command: Option<usize>,
    pub(super) response: Response,
}

#[derive(Clone, Copy)]
pub(super) enum Response {
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
    pub(super) fn secrets_of(self, bytes: &[u8]) -> Secrets {
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
