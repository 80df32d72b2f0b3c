//! MACs that real chips made, computed again by the host's side.
//!
//! The key in slot 0 of these chips is 32 zero bytes; that every value comes
//! out right proves it. Source: `recordings/`.

use std::fs;
use std::path::Path;

use atecc::host::{self, CommandHeader, DigInput, MacInput};
use atecc::{Opcode, SerialNumber};
use serde::Deserialize;
use tests_vector_runner::Hex;

const KEY: [u8; 32] = [0; 32];
const OTP: [u8; 64] = [0; 64];
/// Of the serial number only bytes 0, 1 and 8 are hashed, which parts without
/// a customer's own have alike.
const SERIAL: SerialNumber = SerialNumber([0x01, 0x23, 0, 0, 0, 0, 0, 0, 0xEE]);

#[derive(Deserialize)]
struct Recording {
    macs: Vec<Recorded>,
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Recorded {
    command: String,
    mode: u8,
    key_id: u16,
    tempkey: Hex,
    challenge: Option<Hex>,
    gendig_zone: Option<u8>,
    gendig_key_id: Option<u16>,
    derive_mode: Option<u8>,
    expect: Hex,
}

#[derive(Deserialize)]
struct Exchange {
    tx: Hex,
    rx: Hex,
}

fn recording(session: &str) -> Recording {
    let name = format!("recordings/sigrok-atecc508a-{session}.json");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The first and the second block, as bits 1 and 0 of the mode say.
fn input<'a>(
    mode: u8,
    key: &'a [u8; 32],
    challenge: &'a [u8; 32],
    temp_key: &'a [u8; 32],
) -> MacInput<'a> {
    MacInput {
        first: if mode & 0x02 == 0 { key } else { temp_key },
        second: if mode & 0x01 == 0 {
            challenge
        } else {
            temp_key
        },
        otp: &OTP,
        serial: &SERIAL,
    }
}

/// What the chip answered, from what the host knew.
fn computed(recorded: &Recorded) -> [u8; 32] {
    let mode = recorded.mode;
    let loaded = recorded.tempkey.array().unwrap();
    let challenge = recorded
        .challenge
        .as_ref()
        .map_or([0; 32], |challenge| challenge.array().unwrap());
    let mac = |key: &[u8; 32], temp_key: &[u8; 32]| {
        let head = CommandHeader::new(Opcode::Mac, mode, recorded.key_id);
        host::mac(head, &input(mode, key, &challenge, temp_key))
    };
    match recorded.command.as_str() {
        "MAC" => mac(&KEY, &loaded),
        "HMAC" => {
            let head = CommandHeader::new(Opcode::Hmac, mode, recorded.key_id);
            host::hmac_508(head, &input(0x01, &KEY, &challenge, &loaded))
        }
        "GenDig+MAC" => {
            let (zone, key_id) = (recorded.gendig_zone, recorded.gendig_key_id);
            let head = CommandHeader::new(Opcode::GenDig, zone.unwrap(), key_id.unwrap());
            let temp_key = host::gen_dig(head, DigInput::Stored(&KEY), &loaded, &SERIAL);
            mac(&KEY, &temp_key)
        }
        "DeriveKey+MAC" => {
            let derive_mode = recorded.derive_mode.unwrap();
            let head = CommandHeader::new(Opcode::DeriveKey, derive_mode, recorded.key_id);
            mac(&host::derive_key(head, &KEY, &loaded, &SERIAL), &loaded)
        }
        command => panic!("{command} is not known here"),
    }
}

fn recomputes(session: &str, commands: &[&str]) {
    let macs = recording(session).macs;
    let recorded: Vec<_> = macs.iter().map(|mac| mac.command.as_str()).collect();
    assert_eq!(recorded, commands);
    for mac in &macs {
        assert_eq!(
            computed(mac)[..],
            mac.expect.0,
            "{} {}",
            mac.command,
            mac.mode
        );
    }
}

#[test]
fn mac() {
    recomputes("s1", &["MAC"; 4]);
}

#[test]
fn derive_key() {
    recomputes("s2", &["DeriveKey+MAC"]);
}

#[test]
fn gen_dig_and_hmac() {
    recomputes("s3", &["GenDig+MAC", "HMAC"]);
}

/// The chip was shown responses that it took for right: the host computes the
/// same ones.
#[test]
fn check_mac() {
    const CHECK_MAC: u8 = Opcode::CheckMac as u8;
    let recording = recording("s1");
    let loaded = recording.macs[0].tempkey.array().unwrap();
    let mut modes = Vec::new();
    for exchange in recording.exchanges {
        // Word address, count, opcode, Param1, Param2, data, CRC.
        let [_, _, CHECK_MAC, mode, low, high, data @ .., _, _] = exchange.tx.0.as_slice() else {
            continue;
        };
        let (challenge, rest) = data.split_first_chunk::<32>().unwrap();
        let (response, other_data) = rest.split_first_chunk::<32>().unwrap();
        let head = CommandHeader::new(Opcode::CheckMac, *mode, u16::from_le_bytes([*low, *high]));
        let ours = host::check_mac_response(
            head,
            &input(*mode, &KEY, challenge, &loaded),
            other_data.try_into().unwrap(),
        );
        assert_eq!(ours, *response, "mode {mode:02X}");
        // A match. Source: ATECC508A datasheet, "CheckMac Command".
        assert_eq!(exchange.rx.0, [0x04, 0x00, 0x03, 0x40]);
        modes.push(*mode);
    }
    assert_eq!(modes, [0x04, 0x05, 0x06, 0x07]);
}
