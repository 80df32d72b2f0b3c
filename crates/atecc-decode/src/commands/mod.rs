//! One file, one command byte: from parameters and data to the typed command,
//! and to words. Each mirrors the file of the same name in `atecc`, which has
//! the sources.

mod aes;
mod check_mac;
mod counter;
mod derive_key;
mod ecdh;
mod gen_dig;
mod gen_key;
mod hmac;
mod info;
mod kdf;
mod lock;
mod mac;
mod nonce;
mod pause;
mod priv_write;
mod random;
mod read;
mod secure_boot;
mod self_test;
mod sha;
mod sign;
mod update_extra;
mod verify;
mod write;

use alloc::string::String;
use alloc::vec::Vec;

use atecc::commands::{IncludeSerial, MacOtp, SourceFlag};
use atecc::{Command, Opcode};

use crate::answer::Answer;
use crate::any_command::AnyCommand;
use crate::frame::{CommandError, Frame};
use crate::labels::Labels;

/// A command with words for both directions.
pub(crate) trait Known: Command<Response: Answer> {
    /// What it asks for.
    fn words(&self, labels: &dyn Labels) -> String;

    /// The payload that `response` was read from.
    fn payload(response: &Self::Response) -> Vec<u8> {
        response.payload()
    }

    /// What `response` says.
    fn answer(&self, response: &Self::Response) -> String {
        response.words()
    }
}

type Parsed<'a> = Result<AnyCommand<'a>, CommandError>;

pub(crate) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    match frame.opcode {
        Opcode::Aes => aes::parse(frame),
        Opcode::CheckMac => check_mac::parse(frame),
        Opcode::Counter => counter::parse(frame),
        Opcode::DeriveKey => derive_key::parse(frame),
        Opcode::Ecdh => ecdh::parse(frame),
        Opcode::GenDig => gen_dig::parse(frame),
        Opcode::GenKey => gen_key::parse(frame),
        Opcode::Hmac => hmac::parse(frame),
        Opcode::Info => info::parse(frame),
        Opcode::Kdf => kdf::parse(frame),
        Opcode::Lock => lock::parse(frame),
        Opcode::Mac => mac::parse(frame),
        Opcode::Nonce => nonce::parse(frame),
        Opcode::Pause => pause::parse(frame),
        Opcode::PrivWrite => priv_write::parse(frame),
        Opcode::Random => random::parse(frame),
        Opcode::Read => read::parse(frame),
        Opcode::SecureBoot => secure_boot::parse(frame),
        Opcode::SelfTest => self_test::parse(frame),
        Opcode::Sha => sha::parse(frame),
        Opcode::Sign => sign::parse(frame),
        Opcode::UpdateExtra => update_extra::parse(frame),
        Opcode::Verify => verify::parse(frame),
        Opcode::Write => write::parse(frame),
        // `Opcode::from_byte` gives none.
        Opcode::Foreign => Err(CommandError::Opcode(frame.opcode as u8)),
    }
}

/// Bit 2 of Param1 of MAC, CheckMac, HMAC and DeriveKey.
const fn source_flag(param1: u8) -> SourceFlag {
    if param1 & 0x04 == 0 {
        SourceFlag::Random
    } else {
        SourceFlag::Input
    }
}

/// Bit 6 of Param1 of MAC, HMAC and an internal Sign.
const fn serial(param1: u8) -> IncludeSerial {
    if param1 & 0x40 == 0 {
        IncludeSerial::Fixed
    } else {
        IncludeSerial::Whole
    }
}

/// Bits 4 and 5 of Param1 of MAC and HMAC.
const fn mac_otp(param1: u8) -> MacOtp {
    match param1 & 0x30 {
        0x00 => MacOtp::None,
        0x20 => MacOtp::First8,
        _ => MacOtp::First11,
    }
}

const fn mac_otp_words(otp: MacOtp) -> &'static str {
    match otp {
        MacOtp::None => "",
        MacOtp::First11 | MacOtp::First8 => ", OTP included",
    }
}

const fn serial_words(serial: IncludeSerial) -> &'static str {
    match serial {
        IncludeSerial::Fixed => "",
        IncludeSerial::Whole => ", serial number included",
    }
}

const fn origin(flag: SourceFlag) -> &'static str {
    match flag {
        SourceFlag::Random => "random TempKey",
        SourceFlag::Input => "loaded TempKey",
    }
}
