//! Memory: zones, slots, locks and counters.

use alloc::format;
use alloc::string::String;

use atecc::commands::{
    Counter, CounterMode, Lock, LockTarget, LockWithoutCrc, PrivWrite, PrivateKeyData, ReadBlock,
    ReadWord, UpdateExtra, WriteBlock, WriteEncrypted, WriteWord,
};
use atecc::{BlockAddress, WordAddress};

use super::Describe;
use crate::hex::{Hex, Short};
use crate::labels::{Labelled, LabelledPlace, Labels};

fn block_words(address: BlockAddress, labels: &dyn Labels) -> String {
    let place = LabelledPlace(labels, address.region());
    format!("{place}, block {} (32 bytes)", address.block())
}

fn word_words(address: WordAddress, labels: &dyn Labels) -> String {
    let place = LabelledPlace(labels, address.region());
    format!("{place}, word {} (4 bytes)", address.word())
}

impl Describe for ReadBlock {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Read {}", block_words(self.address, labels))
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("data {}", Short(response))
    }
}

impl Describe for ReadWord {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Read {}", word_words(self.address, labels))
    }

    fn answer(&self, response: &[u8; 4]) -> String {
        format!("data {}", Hex(response))
    }
}

impl Describe for WriteBlock {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Write {}", block_words(self.address, labels))
    }
}

impl Describe for WriteEncrypted {
    fn words(&self, labels: &dyn Labels) -> String {
        let block = block_words(self.address, labels);
        format!("Write {block}, encrypted")
    }
}

impl Describe for WriteWord {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Write {}", word_words(self.address, labels))
    }
}

impl Describe for PrivWrite {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let how = match self.key {
            PrivateKeyData::Clear(_) => "in the clear",
            PrivateKeyData::Encrypted { .. } => "encrypted",
        };
        format!("PrivWrite, private key to {slot}, {how}")
    }
}

impl Describe for Lock {
    fn words(&self, labels: &dyn Labels) -> String {
        match self.target {
            LockTarget::Config { crc } => format!("Lock configuration (CRC {crc:04X})"),
            LockTarget::Data { crc } => format!("Lock data and OTP (CRC {crc:04X})"),
            LockTarget::Slot(slot) => format!("Lock {}", Labelled(labels, slot)),
        }
    }
}

impl Describe for LockWithoutCrc {
    fn words(&self, _labels: &dyn Labels) -> String {
        match self {
            Self::Config => "Lock configuration without check of a CRC",
            Self::Data => "Lock data and OTP without check of a CRC",
        }
        .into()
    }
}

impl Describe for Counter {
    fn words(&self, _: &dyn Labels) -> String {
        let mode = match self.mode {
            CounterMode::Read => "read",
            CounterMode::Increment => "increment",
        };
        format!("Counter {}, {mode}", self.counter as u8)
    }
}

impl Describe for UpdateExtra {
    fn words(&self, labels: &dyn Labels) -> String {
        match self {
            Self::UserExtra(value) => format!("UpdateExtra, UserExtra to {value:02X}"),
            Self::SelectorOrAddress(value) => {
                format!("UpdateExtra, Selector or I2C address to {value:02X}")
            }
            Self::UseKey(slot) => {
                format!("UpdateExtra, use up one use of {}", Labelled(labels, *slot))
            }
        }
    }
}
