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

mod redactor;
mod secrets;
#[cfg(test)]
mod tests;

pub use redactor::Redactor;

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
