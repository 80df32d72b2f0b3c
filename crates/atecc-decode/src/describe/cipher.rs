//! Digests, ciphers and key derivation.

use alloc::format;
use alloc::string::String;

use atecc::Command;
use atecc::commands::{
    Aes, AesGfm, AesKey, AesMode, DigestTarget, HkdfMessage, Kdf, KdfFunction, KdfSource,
    KdfTarget, KeyBlock, ShaEnd, ShaPublic, ShaReadContext, ShaStart, ShaUpdate, ShaWriteContext,
};

use super::Describe;
use crate::hex::Short;
use crate::labels::{Labelled, Labels};

impl Describe for ShaStart {
    fn words(&self, labels: &dyn Labels) -> String {
        match self {
            Self::Sha256 => "SHA start".into(),
            Self::Hmac(slot) => format!("SHA start of HMAC with {}", Labelled(labels, *slot)),
            Self::HmacTempKey => "SHA start of HMAC with TempKey".into(),
        }
    }
}

impl Describe for ShaUpdate<'_> {
    fn words(&self, _: &dyn Labels) -> String {
        format!("SHA update, {} bytes in", self.param2())
    }
}

impl Describe for ShaEnd<'_> {
    fn words(&self, _: &dyn Labels) -> String {
        let target = match self.target {
            DigestTarget::TempKey => "SHA end, digest to TempKey",
            DigestTarget::MessageDigestBuffer => "SHA end, digest to the message digest buffer",
            DigestTarget::OutputOnly => "SHA end",
            DigestTarget::Hmac508 => "SHA end of HMAC",
        };
        format!("{target}, {} bytes in", self.param2())
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("digest {}", Short(response))
    }
}

impl Describe for ShaPublic {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("SHA of the public key in {}", Labelled(labels, self.slot))
    }
}

impl Describe for ShaReadContext {
    fn words(&self, _: &dyn Labels) -> String {
        "SHA read context".into()
    }
}

impl Describe for ShaWriteContext {
    fn words(&self, _: &dyn Labels) -> String {
        let len = self.context.as_bytes().len();
        format!("SHA write context, {len} bytes in")
    }
}

const fn block_words(block: KeyBlock) -> &'static str {
    match block {
        KeyBlock::First => "bytes 0 to 15",
        KeyBlock::Second => "bytes 16 to 31",
        KeyBlock::Third => "bytes 32 to 47",
        KeyBlock::Fourth => "bytes 48 to 63",
    }
}

impl Describe for Aes {
    fn words(&self, labels: &dyn Labels) -> String {
        let mode = match self.mode {
            AesMode::Encrypt => "encrypt",
            AesMode::Decrypt => "decrypt",
        };
        match self.key {
            AesKey::Slot(slot, block) => {
                let slot = Labelled(labels, slot);
                format!("AES {mode} with {slot}, {}", block_words(block))
            }
            AesKey::TempKey(block) => {
                format!("AES {mode} with TempKey, {}", block_words(block))
            }
        }
    }
}

impl Describe for AesGfm {
    fn words(&self, _: &dyn Labels) -> String {
        "AES GFM multiply (16 bytes)".into()
    }
}

impl Describe for Kdf<'_> {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = |slot| format!("{}", Labelled(labels, slot));
        let source = match self.source() {
            KdfSource::TempKey => "TempKey".into(),
            KdfSource::TempKeyUpper => "upper TempKey".into(),
            KdfSource::Slot(at) => slot(at),
            KdfSource::AlternateKeyBuffer => "alternate key buffer".into(),
        };
        let target = match self.target() {
            KdfTarget::TempKey => "TempKey".into(),
            KdfTarget::TempKeyUpper => "upper TempKey".into(),
            KdfTarget::Slot(at) => slot(at),
            KdfTarget::AlternateKeyBuffer => "alternate key buffer".into(),
            KdfTarget::Output => "output".into(),
            KdfTarget::EncryptedOutput => "output, encrypted".into(),
        };
        let function = match self.function() {
            KdfFunction::Prf { message, .. } => format!("PRF ({} bytes in)", message.len()),
            KdfFunction::Aes { key, .. } => format!("AES, key {}", block_words(key)),
            KdfFunction::Hkdf { message, .. } => match message {
                HkdfMessage::Slot(at) => format!("HKDF of {}", slot(at)),
                HkdfMessage::TempKey => "HKDF of TempKey".into(),
                HkdfMessage::Input(message) => format!("HKDF ({} bytes in)", message.len()),
                HkdfMessage::Iv(message) => format!("HKDF with IV ({} bytes in)", message.len()),
            },
        };
        format!("KDF {function}, from {source} to {target}")
    }
}
