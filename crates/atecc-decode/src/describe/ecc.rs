//! Elliptic-curve keys.

use alloc::format;
use alloc::string::String;

use atecc::commands::{
    Afterwards, CreateTempKey, DigestPublicKey, DigestSource, Ecdh, EcdhMode, GenKey, GenKeyMode,
    InternalPurpose, Protection, SecureBoot, SecureBootMode, Sign, SignInternal, Validate,
    ValidityChange, Verdict, Verify, VerifyAnswer, VerifyKey,
};

use super::{Describe, serial_words};
use crate::hex::Short;
use crate::labels::{Labelled, Labels};

impl Describe for GenKey {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        match self.mode {
            GenKeyMode::Public => format!("GenKey, public key of {slot}"),
            GenKeyMode::Create => format!("GenKey, create private key in {slot}"),
            GenKeyMode::PublicDigest => {
                format!("GenKey, public key of {slot}, digest to TempKey")
            }
            GenKeyMode::CreateDigest => {
                format!("GenKey, create private key in {slot}, digest to TempKey")
            }
        }
    }
}

impl Describe for DigestPublicKey {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        format!("GenKey, digest of the public key in {slot} to TempKey")
    }
}

impl Describe for CreateTempKey {
    fn words(&self, _: &dyn Labels) -> String {
        "GenKey, create private key in TempKey".into()
    }
}

impl Describe for Sign {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        match self.source {
            DigestSource::TempKey => format!("Sign external message with {slot}"),
            DigestSource::MessageDigestBuffer => {
                format!("Sign external message in the message digest buffer with {slot}")
            }
        }
    }

    fn answer(&self, response: &[u8; 64]) -> String {
        format!("signature {}", Short(response))
    }
}

impl Describe for SignInternal {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let purpose = match self.purpose {
            InternalPurpose::Any => "",
            InternalPurpose::Invalidate => ", to invalidate",
        };
        let serial = serial_words(self.serial);
        format!("Sign internal message with {slot}{purpose}{serial}")
    }

    fn answer(&self, response: &[u8; 64]) -> String {
        format!("signature {}", Short(response))
    }
}

const fn answer_words(answer: VerifyAnswer) -> &'static str {
    match answer {
        VerifyAnswer::Status => "",
        VerifyAnswer::Mac => ", MAC asked for",
    }
}

fn signature_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Good => "signature verified".into(),
        Verdict::Bad => "signature not verified".into(),
        Verdict::GoodIfMac(mac) => format!("signature verified, MAC {}", Short(mac)),
    }
}

impl Describe for Verify {
    fn words(&self, labels: &dyn Labels) -> String {
        let key = match self.key {
            VerifyKey::External(_) => "Verify external, key in the command".into(),
            VerifyKey::Stored(slot) => {
                format!("Verify stored, key in {}", Labelled(labels, slot))
            }
            VerifyKey::ValidateExternal(slot) => {
                format!("Verify, validate external, {}", Labelled(labels, slot))
            }
        };
        let source = match self.source {
            DigestSource::TempKey => "",
            DigestSource::MessageDigestBuffer => ", message digest buffer",
        };
        let answer = answer_words(self.answer);
        format!("{key}{source}{answer}")
    }

    fn plain(response: &Verdict) -> String {
        signature_words(response)
    }
}

impl Describe for Validate {
    fn words(&self, labels: &dyn Labels) -> String {
        let change = match self.change {
            ValidityChange::Validate => "validate",
            ValidityChange::Invalidate => "invalidate",
        };
        let answer = answer_words(self.answer);
        format!("Verify, {change} {}{answer}", Labelled(labels, self.slot))
    }

    fn plain(response: &Verdict) -> String {
        signature_words(response)
    }

    fn answer(&self, response: &Verdict) -> String {
        match response {
            Verdict::Good => "signature verified, validity changed".into(),
            Verdict::Bad | Verdict::GoodIfMac(_) => signature_words(response),
        }
    }
}

impl Describe for Ecdh {
    fn words(&self, labels: &dyn Labels) -> String {
        let of = |slot| Labelled(labels, slot);
        match self.mode {
            EcdhMode::Compatible(slot) => format!("ECDH with {}", of(slot)),
            EcdhMode::CompatibleEncrypted(slot) => {
                format!("ECDH with {}, encrypted", of(slot))
            }
            EcdhMode::SlotToTempKey(slot) => format!("ECDH with {} to TempKey", of(slot)),
            EcdhMode::SlotToOutput(slot) => format!("ECDH with {} to output", of(slot)),
            EcdhMode::SlotToEncryptedOutput(slot) => {
                format!("ECDH with {} to output, encrypted", of(slot))
            }
            EcdhMode::TempKeyToSlot(slot) => format!("ECDH with TempKey to {}", of(slot)),
            EcdhMode::TempKeyToTempKey => "ECDH with TempKey to TempKey".into(),
            EcdhMode::TempKeyToOutput => "ECDH with TempKey to output".into(),
            EcdhMode::TempKeyToEncryptedOutput => "ECDH with TempKey to output, encrypted".into(),
        }
    }
}

impl Describe for SecureBoot {
    fn words(&self, _: &dyn Labels) -> String {
        let mode = match self.mode {
            SecureBootMode::Full(_) => "Full",
            SecureBootMode::Stored => "FullStore",
            SecureBootMode::FullCopy(_) => "FullCopy",
        };
        let protection = match self.protection {
            Protection::Clear => "",
            Protection::Encrypted => ", digest encrypted",
        };
        let afterwards = match self.afterwards {
            Afterwards::Nothing => "",
            Afterwards::Prohibit => ", prohibited afterwards",
        };
        format!("SecureBoot {mode}{protection}{afterwards}")
    }

    fn plain(response: &Verdict) -> String {
        match response {
            Verdict::Good => "firmware right".into(),
            Verdict::Bad => "firmware wrong".into(),
            Verdict::GoodIfMac(mac) => format!("firmware right, MAC {}", Short(mac)),
        }
    }
}
