//! MAC, HMAC, GenDig and DeriveKey from their recorded inputs.

use atecc::host::{self, DigInput, Head, MacInput};
use atecc::{Opcode, SerialNumber};
use atecc_emulator::{Image, Revision, Slot};

use super::bench::Bench;
use crate::judgement::Verdict;
use crate::reason::Reason;
use crate::recording::{Hex, Mac};

/// Of the serial number only bytes 0, 1 and 8 are hashed unless the mode says
/// otherwise, and parts without a customer's own have these alike. Source:
/// ATECC508A datasheet, "MAC Command".
const SERIAL: SerialNumber = SerialNumber([0x01, 0x23, 0, 0, 0, 0, 0, 0, 0xEE]);
const OTP: [u8; 64] = [0; 64];
/// Bits of the mode that put OTP or the whole serial number into the message.
const MORE: u8 = 0x70;

fn array(bytes: Option<&Hex>) -> Option<[u8; 32]> {
    bytes.and_then(|bytes| bytes.0.as_slice().try_into().ok())
}

/// The key, or any where none takes part.
fn key(mac: &Mac) -> Option<[u8; 32]> {
    let key = array(mac.parent_key.as_ref().or(mac.key.as_ref()));
    let no_key = mac.command == "MAC" && mac.mode & 0x02 != 0;
    key.or(no_key.then_some([0; 32]))
        .filter(|_| mac.mode & MORE == 0)
}

/// By the driver's host side.
pub(super) fn by_host(mac: &Mac) -> Verdict {
    let Some(key) = key(mac) else {
        return Verdict::Skipped(Reason::Key);
    };
    let loaded = array(mac.tempkey.as_ref()).unwrap_or_default();
    let challenge = array(mac.challenge.as_ref()).unwrap_or_default();
    let head = |opcode, mode| Head::new(opcode, mode, mac.key_id);
    let (mut key, mut temp_key) = (key, loaded);
    if let Some(mode) = mac.derive_mode {
        key = host::derive_key(head(Opcode::DeriveKey, mode), &key, &loaded, &SERIAL);
    }
    if let (Some(zone), Some(id)) = (mac.gendig_zone, mac.gendig_key_id) {
        let head = Head::new(Opcode::GenDig, zone, id);
        temp_key = host::gen_dig(head, DigInput::Stored(&key), &loaded, &SERIAL);
    }
    let input = MacInput {
        first: if mac.mode & 0x02 == 0 {
            &key
        } else {
            &temp_key
        },
        second: if mac.mode & 0x01 == 0 {
            &challenge
        } else {
            &temp_key
        },
        otp: &OTP,
        serial: &SERIAL,
    };
    let ours = match mac.command.as_str() {
        "HMAC" => {
            let second = &temp_key;
            let input = MacInput {
                first: &key,
                second,
                ..input
            };
            host::hmac_508(head(Opcode::Hmac, mac.mode), &input)
        }
        _ => host::mac(head(Opcode::Mac, mac.mode), &input),
    };
    Verdict::equal(&mac.expect.0, &ours)
}

/// By commands to an emulated chip.
pub(super) fn by_emulator(mac: &Mac) -> Verdict {
    let Some(key) = key(mac) else {
        return Verdict::Skipped(Reason::Key);
    };
    let bench = Bench::new(image(mac, &key));
    if let Some(loaded) = &mac.tempkey {
        bench.say(Opcode::Nonce, 0x03, 0, &loaded.0);
    }
    if let Some(mode) = mac.derive_mode {
        bench.say(Opcode::DeriveKey, mode, mac.key_id, &[]);
    }
    if let (Some(zone), Some(id)) = (mac.gendig_zone, mac.gendig_key_id) {
        bench.say(Opcode::GenDig, zone, id, &[]);
    }
    let ours = match (mac.command.as_str(), &mac.challenge) {
        ("HMAC", _) => bench.say(Opcode::Hmac, mac.mode, mac.key_id, &[]),
        // Bit 0 of the mode is 0: the challenge is sent.
        (_, Some(challenge)) if mac.mode & 0x01 == 0 => {
            bench.say(Opcode::Mac, mac.mode, mac.key_id, &challenge.0)
        }
        _ => bench.say(Opcode::Mac, mac.mode, mac.key_id, &[]),
    };
    Verdict::equal(&mac.expect.0, &ours)
}

/// A locked chip with the key in all slots, where the slot of the MAC is
/// derived from slot 0.
fn image(mac: &Mac, key: &[u8; 32]) -> Image {
    let blank = Image::blank(Revision::Atecc508A);
    let mut config = *blank.config();
    (config[86], config[87]) = (0, 0);
    for slot in 0..16 {
        config[20 + 2 * slot..][..2].copy_from_slice(&0x0080_u16.to_le_bytes());
        config[96 + 2 * slot..][..2].copy_from_slice(&0x001C_u16.to_le_bytes());
    }
    if mac.derive_mode.is_some() {
        let slot = usize::from(mac.key_id & 0x0F);
        config[20 + 2 * slot..][..2].copy_from_slice(&0x3080_u16.to_le_bytes());
    }
    let mut image = blank.clone().with_config(config).unwrap_or(blank);
    for slot in Slot::all() {
        image.slot_mut(slot)[..32].copy_from_slice(key);
    }
    image
}
