//! Secret keys: MACs and what they are made with.

use alloc::format;
use alloc::string::String;

use atecc::commands::{
    Blocks, CheckMac, DeriveKey, DigSource, GenDig, Hmac, Mac, MacBlocks, MacOtp, OtpPart,
    SourceFlag,
};

use super::{Describe, serial_words};
use crate::hex::Short;
use crate::labels::{Labelled, Labels};

impl Describe for Mac {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let otp = mac_otp_words(self.otp);
        let more = format!("{otp}{}", serial_words(self.serial));
        match self.blocks {
            MacBlocks::KeyThenChallenge(_) => format!("MAC with {slot} over a challenge{more}"),
            MacBlocks::KeyThenTempKey(flag) => {
                format!("MAC with {slot} over {}{more}", origin(flag))
            }
            MacBlocks::TempKeyThenChallenge(flag, _) => {
                format!("MAC with {} over a challenge{more}", origin(flag))
            }
            MacBlocks::TempKeyTwice(flag) => {
                format!("MAC with {} over itself{more}", origin(flag))
            }
        }
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("MAC {}", Short(response))
    }
}

impl Describe for Hmac {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let (otp, serial) = (mac_otp_words(self.otp), serial_words(self.serial));
        format!(
            "HMAC with {slot} over {}{otp}{serial}",
            origin(self.temp_key)
        )
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("HMAC {}", Short(response))
    }
}

impl Describe for CheckMac {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let otp = match self.otp {
            OtpPart::None => "",
            OtpPart::First8 => ", OTP included",
        };
        match self.blocks {
            Blocks::KeyThenChallenge => format!("CheckMac with {slot} over a challenge{otp}"),
            Blocks::KeyThenTempKey(flag) => {
                format!("CheckMac with {slot} over {}{otp}", origin(flag))
            }
            Blocks::TempKeyThenChallenge(flag) => {
                format!("CheckMac with {} over a challenge{otp}", origin(flag))
            }
            Blocks::TempKeyTwice(flag) => {
                format!("CheckMac with {} over itself{otp}", origin(flag))
            }
        }
    }
}

impl Describe for GenDig {
    fn words(&self, labels: &dyn Labels) -> String {
        match self.source {
            DigSource::Config(block) => format!("GenDig of configuration, block {}", block as u8),
            DigSource::Otp(block) => format!("GenDig of OTP, block {}", block as u8),
            DigSource::Data(slot) | DigSource::DataNoMac(slot, _) => {
                format!("GenDig of {}", Labelled(labels, slot))
            }
            DigSource::TransportKey(id) => format!("GenDig of transport key {id}"),
            DigSource::SharedNonce { .. } => "GenDig of a shared nonce, before TempKey".into(),
            DigSource::SharedNonceLast { .. } => "GenDig of a shared nonce, after TempKey".into(),
            DigSource::Counter(counter) => format!("GenDig of counter {}", counter as u8),
            DigSource::KeyConfig(slot) => {
                format!("GenDig of the configuration of {}", Labelled(labels, slot))
            }
        }
    }
}

impl Describe for DeriveKey {
    fn words(&self, labels: &dyn Labels) -> String {
        let target = Labelled(labels, self.target);
        let mac = match self.mac {
            Some(_) => ", authorized by a MAC",
            None => "",
        };
        format!(
            "DeriveKey into {target} from {}{mac}",
            origin(self.temp_key)
        )
    }
}

const fn mac_otp_words(otp: MacOtp) -> &'static str {
    match otp {
        MacOtp::None => "",
        MacOtp::First11 | MacOtp::First8 => ", OTP included",
    }
}

const fn origin(flag: SourceFlag) -> &'static str {
    match flag {
        SourceFlag::Random => "random TempKey",
        SourceFlag::Input => "loaded TempKey",
    }
}
