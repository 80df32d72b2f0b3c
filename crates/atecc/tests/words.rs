//! What a reader of messages sees: names of the datasheet, and no secrets.

use atecc::command::{DecodeError, Request};
use atecc::commands::{DerivedKey, Engines, PrivateKeyData, SelfTest, SharedSecret, WriteBlock};
use atecc::config::LockState;
use atecc::crc::{Crc16, crc16};
use atecc::error::{Cause, Executed};
use atecc::session::Session;
use atecc::{
    BlockAddress, BusAddress, Command, ConfigZone, Failure, Family, Opcode, Region, Slot, Status,
    Timing, WordAddress, Zone,
};

#[test]
fn regions_and_addresses() {
    for (zone, name) in [
        (Zone::Config, "configuration zone"),
        (Zone::Otp, "OTP zone"),
        (Zone::Data, "data zone"),
    ] {
        assert_eq!(zone.to_string(), name);
    }
    let slot = Region::Slot(Slot::S10);
    let block = BlockAddress::new(slot, 1).unwrap();
    let word = WordAddress::new(Region::Config, 21).unwrap();
    assert_eq!(block.to_string(), "slot 10 block 1");
    assert_eq!(word.to_string(), "configuration zone word 21");
    assert_eq!((word.word(), block.block()), (21, 1));
    assert_eq!(BusAddress::DEFAULT.to_string(), "0x60");
    assert_eq!(LockState::Locked.to_string(), "locked");
    assert_eq!(LockState::Unlocked.to_string(), "unlocked");
    assert_eq!(Family::Atecc508.to_string(), "ATECC508A");
    assert_eq!(Family::Atecc608.to_string(), "ATECC608");
}

#[test]
fn a_configuration_is_shown_in_hex() {
    let zone = ConfigZone(core::array::from_fn(|at| u8::try_from(at).unwrap()));
    let shown = format!("{zone:?}");
    assert!(shown.starts_with("ConfigZone(00010203") && shown.ends_with("7e7f)"));
}

/// Names and codes: ATECC508A datasheet, Table 9-4, and for the newer ones
/// cryptoauthlib `calib_command.h`.
#[test]
fn opcodes() {
    for (opcode, code, name) in [
        (Opcode::Aes, 0x51, "Aes"),
        (Opcode::CheckMac, 0x28, "CheckMac"),
        (Opcode::Counter, 0x24, "Counter"),
        (Opcode::DeriveKey, 0x1C, "DeriveKey"),
        (Opcode::Ecdh, 0x43, "Ecdh"),
        (Opcode::GenKey, 0x40, "GenKey"),
        (Opcode::Lock, 0x17, "Lock"),
        (Opcode::Read, 0x02, "Read"),
        (Opcode::Sign, 0x41, "Sign"),
        (Opcode::Write, 0x12, "Write"),
    ] {
        assert_eq!((opcode as u8, opcode.to_string().as_str()), (code, name));
    }
}

/// ATECC508A datasheet, Table 9-3; 07 and 08 of cryptoauthlib `atca_status.h`.
#[test]
fn statuses() {
    for (byte, part) in [
        (0x00, "success"),
        (0x01, "comparison failed"),
        (0x03, "parse error"),
        (0x05, "ECC fault"),
        (0x07, "self test"),
        (0x08, "health test"),
        (0x0F, "execution error"),
        (0x11, "woken"),
        (0xEE, "watchdog"),
        (0xFF, "communication error"),
        (0x03, ": not a command of this chip)"),
        (0x0F, ": refused in the chip's present state)"),
        (0xFF, ": group damaged on the way)"),
        (0x2A, "unknown status"),
    ] {
        let text = Status::from_byte(byte).to_string();
        let code = format!("0x{byte:02X} (");
        assert!(text.starts_with(&code) && text.contains(part), "{text}");
    }
}

#[test]
fn engines() {
    for (engines, bits, names) in [
        (Engines::NONE, 0x00, ""),
        (Engines::RNG, 0x01, "RNG"),
        (Engines::ECDSA, 0x04, "ECDSA"),
        (Engines::ECDH, 0x08, "ECDH"),
        (Engines::AES, 0x10, "AES"),
        (Engines::SHA, 0x20, "SHA"),
        (Engines::SHA.and(Engines::RNG), 0x21, "RNG, SHA"),
        (Engines::SHA.and(Engines::SHA), 0x20, "SHA"),
        (Engines::ALL, 0x3D, "RNG, ECDSA, ECDH, AES, SHA"),
    ] {
        assert_eq!(engines.bits(), bits);
        assert_eq!(engines.to_string(), names);
        assert_eq!(SelfTest { tests: engines }.param1(), bits);
    }
}

/// Every form of failure, with the remark that another program may be at work
/// where that is likely.
#[test]
fn failures() {
    let (other, supply) = (
        "another program uses the chip without this one's lock",
        "low supply, or another program",
    );
    let opcode = Opcode::Sign;
    let status = |status| Cause::Status {
        opcode,
        parameters: [0; 3],
        status,
    };
    let decode = DecodeError {
        opcode,
        expected: 64,
        got: 4,
    };
    for (cause, remark, loses_state) in [
        (Cause::NoAnswer { pulses: 4 }, None, false),
        (Cause::SelfTestFailed, None, false),
        (status(Status::Execution), None, true),
        (status(Status::Watchdog), None, true),
        (status(Status::Success), Some(other), true),
        (status(Status::Parse), None, false),
        (status(Status::Miscompare), None, false),
        (Cause::NotTaken { opcode }, None, true),
        (Cause::StateLost { opcode }, Some(other), true),
        (Cause::Reset { opcode }, Some(supply), true),
        (
            Cause::Timeout {
                opcode,
                waited_us: 9,
            },
            Some(supply),
            true,
        ),
        (Cause::Stale { opcode }, Some(other), true),
        (Cause::Decode(decode), Some(other), true),
        (Cause::Bus, None, false),
        (Cause::Stuck { spent_us: 9 }, None, false),
        (Cause::NoCommand, None, false),
    ] {
        let failure = cause.before_execution();
        let text = failure.to_string();
        assert_eq!(text.contains("another program"), remark.is_some(), "{text}");
        assert!(remark.is_none_or(|remark| text.contains(remark)), "{text}");
        assert!(!text.contains("executed"), "{text}");
        assert_eq!(failure.may_have_lost_state(), loses_state, "{text}");
        let unknown = cause.of_unknown_fate().to_string();
        assert!(unknown.contains("it may have been executed"), "{unknown}");
        let executed = Executed::Yes;
        let executed = Failure { cause, executed }.to_string();
        assert!(executed.contains("; it was executed"), "{executed}");
    }
    // Who it is that answers a wake: a sound group is another program's answer.
    let sound = Cause::BadWake([0x04, 0x00, 0x03, 0x40]).to_string();
    assert!(
        sound.contains("the answer to another program, which"),
        "{sound}"
    );
    let strange = Cause::BadWake([0xFF; 4]).to_string();
    assert!(
        strange.contains("another device at this address"),
        "{strange}"
    );
}

/// Only a status that says so, of a command that was not executed, is a refusal.
#[test]
fn refusals() {
    for byte in 0..=u8::MAX {
        let status = Status::from_byte(byte);
        let cause = Cause::Status {
            opcode: Opcode::Read,
            parameters: [0; 3],
            status,
        };
        let refuses = matches!(byte, 0x03 | 0x07 | 0x08 | 0x0F | 0xEE | 0xFF);
        let refusal = refuses.then_some(status);
        assert_eq!(cause.before_execution().refusal(), refusal, "{byte:02X}");
        assert_eq!(cause.of_unknown_fate().refusal(), None);
    }
    assert_eq!(Cause::Bus.before_execution().refusal(), None);
}

/// What may be a key is not shown.
#[test]
fn secrets_are_not_shown() {
    let (a, b) = ([0xA5; 32], [0xB6; 64]);
    let nonce = [0xC7; 32];
    let (cipher, mac) = ([0xA5; 36], [0xB6; 32]);
    let address = BlockAddress::new(Region::Slot(Slot::S8), 0).unwrap();
    let write = WriteBlock { address, data: a };
    let request = Request::new(&write).unwrap();
    let mut crc = Crc16::new();
    crc.update(&a);
    let check = crc16(&a).to_string();
    let session = Session::new(Timing::default());
    for (shown, expected) in [
        (format!("{:?}", DerivedKey::Kept), "Kept"),
        (format!("{:?}", DerivedKey::Clear32(a)), "Clear32(..)"),
        (format!("{:?}", DerivedKey::Clear64(b)), "Clear64(..)"),
        (
            format!("{:?}", DerivedKey::Encrypted32 { cipher: a, nonce }),
            "Encrypted32 { .. }",
        ),
        (
            format!("{:?}", DerivedKey::Encrypted64 { cipher: b, nonce }),
            "Encrypted64 { .. }",
        ),
        (format!("{:?}", SharedSecret::Kept), "Kept"),
        (format!("{:?}", SharedSecret::Clear(a)), "Clear(..)"),
        (
            format!("{:?}", SharedSecret::Encrypted { cipher: a, nonce }),
            "Encrypted { .. }",
        ),
        (format!("{:?}", PrivateKeyData::Clear(a)), "Clear(..)"),
        (
            format!("{:?}", PrivateKeyData::Encrypted { cipher, mac }),
            "Encrypted { .. }",
        ),
        (
            format!("{request:?}"),
            "Request { opcode: Write, len: 40, .. }",
        ),
        (format!("{crc:?}"), &format!("Crc16({check})")),
    ] {
        assert_eq!(shown, expected);
    }
    let session = format!("{session:?}");
    assert!(session.starts_with("Session { state: "), "{session}");
}

#[cfg(feature = "host")]
#[test]
fn secrets_of_the_host_are_not_shown() {
    use atecc::SerialNumber;
    use atecc::host::{BootKey, DigInput, MacInput};
    use atecc::procedures::{SessionKey, WriteBlockEncrypted};
    let secret = [0xA5; 32];
    let serial = SerialNumber([1, 0x23, 3, 4, 5, 6, 7, 8, 0xEE]);
    let key = SessionKey {
        slot: Slot::S4,
        key: &secret,
        input: [0xB6; 20],
        serial,
    };
    let input = MacInput {
        first: &secret,
        second: &secret,
        otp: &[0xA5; 64],
        serial: &serial,
    };
    let address = BlockAddress::new(Region::Slot(Slot::S8), 0).unwrap();
    let zone = atecc::commands::ZoneState::Locked;
    let write = WriteBlockEncrypted::new(address, &secret, zone, key);
    for (shown, expected) in [
        (format!("{key:?}"), "SessionKey { slot: "),
        (format!("{input:?}"), "MacInput { serial: "),
        (format!("{write:?}"), "WriteBlockEncrypted { address: "),
        (format!("{:?}", BootKey::from_bytes(secret)), "BootKey(..)"),
        (format!("{:?}", DigInput::Stored(&secret)), "Stored(..)"),
    ] {
        assert!(shown.starts_with(expected), "{shown}");
        assert!(!shown.contains("165"), "{shown}");
    }
}

/// People count in milliseconds.
#[test]
fn times_are_told_in_milliseconds() {
    let opcode = Opcode::GenKey;
    for (cause, part) in [
        (
            Cause::Timeout {
                opcode,
                waited_us: 2_604_016,
            },
            "no answer within 2604 ms",
        ),
        (
            Cause::Timeout {
                opcode,
                waited_us: 1_560,
            },
            "no answer within 1.5 ms",
        ),
        (
            Cause::TooSlow {
                opcode,
                longest_us: 1_085_000,
                watchdog_us: 700_000,
            },
            "takes up to 1085 ms with this chip's clock divider, but the watchdog puts it to sleep \
             after 700 ms",
        ),
        (
            Cause::Stuck {
                spent_us: 2_000_485,
            },
            "transfers failed for 2000 ms",
        ),
    ] {
        let words = cause.to_string();
        assert!(words.contains(part), "{words}");
    }
}
