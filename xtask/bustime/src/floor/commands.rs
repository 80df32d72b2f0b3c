//! Commands of the chip as they are on the wire.
//!
//! A second reading of the documents, so that what the driver gets wrong is not
//! wrong here. Source: ATECC508A datasheet, section 9; addresses of its section
//! 9.1.4.

/// A command with the sizes of its group and of its answer's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ChipCommand {
    pub(crate) opcode: u8,
    pub(crate) param1: u8,
    /// `None` where it is computed: a CRC.
    pub(crate) param2: Option<u16>,
    /// Bytes of data.
    data: usize,
    /// Bytes of the answer, without count and CRC.
    answer: usize,
}

/// Param1 of `Read` and `Write`, bit 7: 32 bytes.
const BLOCK: u8 = 0x80;

impl ChipCommand {
    const fn new(opcode: u8, param1: u8, param2: u16, data: usize, answer: usize) -> Self {
        Self {
            opcode,
            param1,
            param2: Some(param2),
            data,
            answer,
        }
    }

    /// Bytes behind the address: word address, count, opcode, parameters, data,
    /// CRC.
    pub(crate) const fn sent(&self) -> usize {
        1 + 7 + self.data
    }

    /// Bytes behind the address: count, answer, CRC.
    pub(crate) const fn answered(&self) -> usize {
        3 + self.answer
    }

    /// In words, for the list of what is needed.
    pub(crate) const fn name(&self) -> &'static str {
        name(self.opcode, self.param1)
    }

    pub(crate) const fn info_revision() -> Self {
        Self::new(0x30, 0x00, 0, 0, 4)
    }

    /// Set the persistent latch.
    pub(crate) const fn set_latch() -> Self {
        Self::new(0x30, 0x04, 0x0003, 0, 4)
    }

    pub(crate) const fn read_block(place: Place, block: u16) -> Self {
        Self::new(0x02, place.zone() | BLOCK, place.block(block), 0, 32)
    }

    /// `word` counts from the beginning of the region.
    pub(crate) const fn read_word(place: Place, word: u16) -> Self {
        Self::new(0x02, place.zone(), place.word(word), 0, 4)
    }

    pub(crate) const fn write_block(place: Place, block: u16) -> Self {
        Self::new(0x12, place.zone() | BLOCK, place.block(block), 32, 1)
    }

    pub(crate) const fn write_word(place: Place, word: u16) -> Self {
        Self::new(0x12, place.zone(), place.word(word), 4, 1)
    }

    /// 32 bytes become `TempKey`.
    pub(crate) const fn load_nonce() -> Self {
        Self::new(0x16, 0x03, 0, 32, 1)
    }

    /// From 20 bytes of the host.
    pub(crate) const fn random_nonce() -> Self {
        Self::new(0x16, 0x00, 0, 20, 32)
    }

    /// Over the digest in `TempKey`.
    pub(crate) const fn sign(slot: u16) -> Self {
        Self::new(0x41, 0x80, slot, 0, 64)
    }

    pub(crate) const fn public_key(slot: u16) -> Self {
        Self::new(0x40, 0x00, slot, 0, 64)
    }

    pub(crate) const fn create_key(slot: u16) -> Self {
        Self::new(0x40, 0x04, slot, 0, 64)
    }

    pub(crate) const fn random() -> Self {
        Self::new(0x1B, 0x00, 0, 0, 32)
    }

    /// Of a slot's key and a peer's; the secret is returned.
    pub(crate) const fn ecdh(slot: u16) -> Self {
        Self::new(0x43, 0x00, slot, 64, 32)
    }

    pub(crate) const fn sha_start() -> Self {
        Self::new(0x47, 0x00, 0, 0, 1)
    }

    /// 64 bytes.
    pub(crate) const fn sha_update() -> Self {
        Self::new(0x47, 0x01, 64, 64, 1)
    }

    /// With the last bytes of the message: up to 63 on an ATECC508A, up to 64 on
    /// an ATECC608, where the digest does not go to `TempKey` besides.
    pub(crate) const fn sha_end(param1: u8, len: u8) -> Self {
        Self::new(0x47, param1, len as u16, len as usize, 32)
    }

    /// The proof of a key, with a random nonce in `TempKey`.
    pub(crate) const fn check_mac(slot: u16) -> Self {
        Self::new(0x28, 0x01, slot, 77, 1)
    }

    pub(crate) const fn lock_config() -> Self {
        Self {
            param2: None,
            ..Self::new(0x17, 0x00, 0, 0, 1)
        }
    }

    pub(crate) const fn lock_data() -> Self {
        Self {
            param2: None,
            ..Self::new(0x17, 0x01, 0, 0, 1)
        }
    }

    pub(crate) const fn lock_slot(slot: u8) -> Self {
        Self::new(0x17, 0x02 | slot << 2, 0, 0, 1)
    }
}

const fn name(opcode: u8, param1: u8) -> &'static str {
    match (opcode, param1) {
        (0x02, 0x00..BLOCK) => "Read 4",
        (0x02, _) => "Read 32",
        (0x12, 0x00..BLOCK) => "Write 4",
        (0x12, _) => "Write 32",
        (0x16, 0x00) => "Nonce (random)",
        (0x16, _) => "Nonce",
        (0x17, 0x00) => "Lock (configuration)",
        (0x17, 0x01) => "Lock (data)",
        (0x17, _) => "Lock (slot)",
        (0x1B, _) => "Random",
        (0x28, _) => "CheckMac",
        (0x30, 0x00) => "Info (revision)",
        (0x30, _) => "Info (latch)",
        (0x40, 0x00) => "GenKey (public)",
        (0x40, _) => "GenKey (create)",
        (0x41, _) => "Sign",
        (0x43, _) => "ECDH",
        (0x47, 0x00) => "SHA (start)",
        (0x47, 0x01) => "SHA (update)",
        (0x47, _) => "SHA (end)",
        _ => "another command",
    }
}

/// A command that was executed, in words: what is read and written by its zone.
pub(super) fn describe(opcode: u8, param1: u8, param2: u16) -> String {
    let name = name(opcode, param1);
    match (opcode, param1 & 0x03) {
        (0x02 | 0x12, 0) => format!("{name} of the configuration"),
        (0x02 | 0x12, 1) => format!("{name} of OTP"),
        (0x02 | 0x12, _) => format!("{name} of slot {}", param2 >> 3 & 0x0F),
        _ => name.to_owned(),
    }
}

/// A zone, or a slot of the data zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Config,
    Otp,
    Slot(u16),
}

impl Place {
    const fn zone(self) -> u8 {
        match self {
            Self::Config => 0,
            Self::Otp => 1,
            Self::Slot(_) => 2,
        }
    }

    const fn block(self, block: u16) -> u16 {
        match self {
            Self::Config | Self::Otp => block << 3,
            Self::Slot(slot) => block << 8 | slot << 3,
        }
    }

    const fn word(self, word: u16) -> u16 {
        self.block(word / 8) | (word % 8)
    }
}
