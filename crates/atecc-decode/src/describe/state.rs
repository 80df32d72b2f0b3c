//! What the chip says of itself and does without a key.

use alloc::format;
use alloc::string::String;

use atecc::commands::{
    FixedNonce, InfoGpio, InfoKeyValid, InfoLatch, InfoRevision, InfoState, LoadNonce, LoadNonce64,
    NonceTarget, NonceTarget64, Pause, Random, RandomNonce, SeedUpdate, SelfTest,
};

use super::Describe;
use crate::answer::engines;
use crate::hex::Short;
use crate::labels::{Labelled, Labels};

impl Describe for InfoRevision {
    fn words(&self, _: &dyn Labels) -> String {
        "Info revision".into()
    }
}

impl Describe for InfoKeyValid {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Info, key valid in {}", Labelled(labels, self.slot))
    }
    fn plain(response: &bool) -> String {
        if *response { "valid" } else { "not valid" }.into()
    }
}

impl Describe for InfoState {
    fn words(&self, _: &dyn Labels) -> String {
        "Info state".into()
    }
}

impl Describe for InfoGpio {
    fn words(&self, _: &dyn Labels) -> String {
        format!("Info GPIO, driver {:02X}", self.driver)
    }
}

impl Describe for InfoLatch {
    fn words(&self, _: &dyn Labels) -> String {
        match self {
            Self::Read => "Info, read persistent latch",
            Self::Clear => "Info, clear persistent latch",
            Self::Set => "Info, set persistent latch",
        }
        .into()
    }
    fn plain(response: &bool) -> String {
        if *response {
            "latch set"
        } else {
            "latch clear"
        }
        .into()
    }
}

impl Describe for Pause {
    fn words(&self, _: &dyn Labels) -> String {
        format!("Pause all but selector {:02X}", self.selector)
    }
}

impl Describe for SelfTest {
    fn words(&self, _: &dyn Labels) -> String {
        if self.tests.is_empty() {
            "SelfTest, earlier failures".into()
        } else {
            format!("SelfTest of {}", engines(self.tests))
        }
    }
}

const fn seed_words(seed: SeedUpdate) -> &'static str {
    match seed {
        SeedUpdate::Automatic => "",
        SeedUpdate::Never => ", no seed update",
    }
}

impl Describe for Random {
    fn words(&self, _: &dyn Labels) -> String {
        format!("Random, 32 bytes{}", seed_words(self.seed))
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        if *response == Self::TEST_PATTERN {
            "test pattern FFFF0000: configuration is not locked".into()
        } else {
            format!("random {}", Short(response))
        }
    }
}

impl Describe for LoadNonce {
    fn words(&self, _: &dyn Labels) -> String {
        match self.target {
            NonceTarget::TempKey => "Nonce, pass-through, 32 bytes to TempKey",
            NonceTarget::MessageDigestBuffer => {
                "Nonce, pass-through, 32 bytes to the message digest buffer"
            }
            NonceTarget::AlternateKeyBuffer => {
                "Nonce, pass-through, 32 bytes to the alternate key buffer"
            }
        }
        .into()
    }
}

impl Describe for LoadNonce64 {
    fn words(&self, _: &dyn Labels) -> String {
        match self.target {
            NonceTarget64::TempKey => "Nonce, pass-through, 64 bytes to TempKey",
            NonceTarget64::MessageDigestBuffer => {
                "Nonce, pass-through, 64 bytes to the message digest buffer"
            }
        }
        .into()
    }
}

impl Describe for RandomNonce {
    fn words(&self, _: &dyn Labels) -> String {
        let seed = seed_words(self.seed);
        format!("Nonce, random, 20 bytes in{seed}")
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("RandOut {}", Short(response))
    }
}

impl Describe for FixedNonce {
    fn words(&self, _: &dyn Labels) -> String {
        "Nonce, computed from TempKey, 20 bytes in".into()
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("TempKey {}", Short(response))
    }
}
