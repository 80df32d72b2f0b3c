//! MAC, HMAC, GenDig and DeriveKey from their recorded inputs.

use atecc::config::offset;
use atecc::host::{self, CommandHeader, DigInput, MacInput};
use atecc::{Opcode, SerialNumber};
use atecc_emulator::{CONFIG_SIZE, DATA_SIZE, Image, Revision, Slot};

use super::each;
use super::harness::Harness;
use crate::judgement::{Judge, Judged, Verdict};
use crate::reason::Reason;
use crate::recording::{Data, GenDig, Hex, Mac};

/// Of the serial number only bytes 0, 1 and 8 are hashed unless the mode says
/// otherwise, and parts without a customer's own have these alike. Source:
/// ATECC508A datasheet, "MAC Command".
const SERIAL: SerialNumber = SerialNumber([0x01, 0x23, 0, 0, 0, 0, 0, 0, 0xEE]);
const OTP: [u8; 64] = [0; 64];
/// Bits of the mode that put the whole serial number or OTP into the message.
/// Source: ATECC508A datasheet, "MAC Command".
const WHOLE_SERIAL: u8 = 0x40;
const OTP_BYTES: u8 = 0x30;

pub(super) fn judge(data: &Data, judged: &mut Judged) {
    each("macs", &data.macs, judged, |mac, add| {
        add(Judge::Codec, &mac.command, judge_mac(mac));
        add(Judge::Driver, &mac.command, by_host(mac));
        add(Judge::Emulator, &mac.command, by_emulator(mac));
    });
    each("gendigs", &data.gendigs, judged, |dig, add| {
        add(Judge::Driver, "GenDig", dug_by_host(dig));
        add(Judge::Emulator, "GenDig", dug_by_emulator(dig));
    });
}

/// What the source says of the message is what the mode says.
fn judge_mac(mac: &Mac) -> Verdict {
    let bits = [
        (mac.serial_in_mac, WHOLE_SERIAL),
        (mac.otp_in_mac, OTP_BYTES),
    ];
    let contradicted =
        |(said, bits): &(Option<bool>, u8)| said.is_some_and(|said| said != (mac.mode & bits != 0));
    if bits.iter().any(contradicted) {
        let said = format!(
            "serial number {:?}, OTP {:?}",
            mac.serial_in_mac, mac.otp_in_mac
        );
        return Verdict::differs(said, format!("mode {:02X}", mac.mode));
    }
    Verdict::Passed
}

fn array(bytes: Option<&Hex>) -> Option<[u8; 32]> {
    bytes.and_then(|bytes| bytes.0.as_slice().try_into().ok())
}

/// The key, or any where none takes part.
fn key(mac: &Mac) -> Option<[u8; 32]> {
    let key = array(mac.parent_key.as_ref().or(mac.key.as_ref()));
    let no_key = mac.command == "MAC" && mac.mode & 0x02 != 0;
    key.or(no_key.then_some([0; 32]))
}

/// By the driver's host side.
fn by_host(mac: &Mac) -> Verdict {
    if mac.mode & (WHOLE_SERIAL | OTP_BYTES) != 0 {
        return Verdict::Skipped(Reason::Content);
    }
    let Some(key) = key(mac) else {
        return Verdict::Skipped(Reason::Key);
    };
    let loaded = array(mac.tempkey.as_ref()).unwrap_or_default();
    let challenge = array(mac.challenge.as_ref()).unwrap_or_default();
    let head = |opcode, mode| CommandHeader::new(opcode, mode, mac.key_id);
    let (mut key, mut temp_key) = (key, loaded);
    if let Some(mode) = mac.derive_mode {
        key = host::derive_key(head(Opcode::DeriveKey, mode), &key, &loaded, &SERIAL);
    }
    if let (Some(zone), Some(id)) = (mac.gendig_zone, mac.gendig_key_id) {
        let head = CommandHeader::new(Opcode::GenDig, zone, id);
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
fn by_emulator(mac: &Mac) -> Verdict {
    if mac.mode & (WHOLE_SERIAL | OTP_BYTES) != 0 {
        return Verdict::Skipped(Reason::Content);
    }
    let Some(key) = key(mac) else {
        return Verdict::Skipped(Reason::Key);
    };
    let harness = Harness::new(image(mac, &key));
    if let Some(loaded) = &mac.tempkey {
        harness.say(Opcode::Nonce, 0x03, 0, &loaded.0);
    }
    if let Some(mode) = mac.derive_mode {
        harness.say(Opcode::DeriveKey, mode, mac.key_id, &[]);
    }
    if let (Some(zone), Some(id)) = (mac.gendig_zone, mac.gendig_key_id) {
        harness.say(Opcode::GenDig, zone, id, &[]);
    }
    let ours = match (mac.command.as_str(), &mac.challenge) {
        ("HMAC", _) => harness.say(Opcode::Hmac, mac.mode, mac.key_id, &[]),
        // Bit 0 of the mode is 0: the challenge is sent.
        (_, Some(challenge)) if mac.mode & 0x01 == 0 => {
            harness.say(Opcode::Mac, mac.mode, mac.key_id, &challenge.0)
        }
        _ => harness.say(Opcode::Mac, mac.mode, mac.key_id, &[]),
    };
    Verdict::equal(&mac.expect.0, &ours)
}

/// By the driver's host side. Zones with other messages than a block and
/// `TempKey` have more inputs than a recording gives.
fn dug_by_host(dig: &GenDig) -> Verdict {
    let (Some(key), Some(loaded)) = (array(Some(&dig.key)), array(Some(&dig.tempkey))) else {
        return Verdict::differs("32 bytes of key and TempKey", "another length");
    };
    let other = dig
        .other_data
        .as_ref()
        .map(|other| other.0.as_slice().try_into());
    let input = match (dig.zone, other) {
        (0..=2, None) => DigInput::Stored(&key),
        (2, Some(Ok(other))) => DigInput::NoMac(&key, other),
        _ => return Verdict::Skipped(Reason::Content),
    };
    let head = CommandHeader::new(Opcode::GenDig, dig.zone, dig.key_id);
    let ours = host::gen_dig(head, input, &loaded, &SERIAL);
    Verdict::equal(&dig.expect.0, &ours)
}

/// By commands to an emulated chip: it tells `TempKey` as a MAC of it, unless
/// it comes of a slot with `NoMac`. Source: ATECC508A datasheet, "MAC Command".
fn dug_by_emulator(dig: &GenDig) -> Verdict {
    if dig.other_data.is_some() {
        return Verdict::Skipped(Reason::Untold);
    }
    let Some(image) = diggable(dig) else {
        return Verdict::Skipped(Reason::Content);
    };
    let Some(expect) = array(Some(&dig.expect)) else {
        return Verdict::differs("32 bytes", "another length");
    };
    let harness = Harness::new(image);
    harness.say(Opcode::Nonce, 0x03, 0, &dig.tempkey.0);
    let done = harness.say(Opcode::GenDig, dig.zone, dig.key_id, &[]);
    if done != [0] {
        return Verdict::equal(&[0], &done);
    }
    let input = MacInput {
        first: &expect,
        second: &CHALLENGE,
        otp: &OTP,
        serial: &SERIAL,
    };
    let expected = host::mac(CommandHeader::new(Opcode::Mac, TEMP_KEY_MAC, 0), &input);
    let ours = harness.say(Opcode::Mac, TEMP_KEY_MAC, 0, &CHALLENGE);
    Verdict::equal(&expected, &ours)
}

/// `TempKey`, whose value came from the host, over a challenge. Source:
/// ATECC508A datasheet, "MAC Command".
const TEMP_KEY_MAC: u8 = 0x06;
const CHALLENGE: [u8; 32] = [0; 32];

/// A chip that has the key where the `GenDig` looks for it; none for a block of
/// the configuration, which is more than a key.
fn diggable(dig: &GenDig) -> Option<Image> {
    let key = array(Some(&dig.key))?;
    let config = locked();
    match dig.zone {
        1 => {
            let mut otp = OTP;
            let start = 32 * usize::from(dig.key_id);
            otp.get_mut(start..start + 32)?.copy_from_slice(&key);
            Image::from_zones(config, otp, [0; DATA_SIZE]).ok()
        }
        2 => Some(with_key(config, &key)),
        _ => None,
    }
}

/// A locked chip with the key in all slots, where the slot of the MAC is
/// derived from slot 0.
fn image(mac: &Mac, key: &[u8; 32]) -> Image {
    let mut config = locked();
    if mac.derive_mode.is_some() {
        let slot = usize::from(mac.key_id & 0x0F);
        config[offset::SLOT_CONFIG + 2 * slot..][..2].copy_from_slice(&0x3080_u16.to_le_bytes());
    }
    with_key(config, key)
}

/// The configuration of a locked ATECC508A with a symmetric key in each slot.
fn locked() -> [u8; CONFIG_SIZE] {
    let mut config = *Image::blank(Revision::Atecc508A).config();
    (config[offset::LOCK_VALUE], config[offset::LOCK_CONFIG]) = (0, 0);
    for slot in 0..16 {
        config[offset::SLOT_CONFIG + 2 * slot..][..2].copy_from_slice(&0x0080_u16.to_le_bytes());
        config[offset::KEY_CONFIG + 2 * slot..][..2].copy_from_slice(&0x001C_u16.to_le_bytes());
    }
    config
}

fn with_key(config: [u8; CONFIG_SIZE], key: &[u8; 32]) -> Image {
    let blank = Image::blank(Revision::Atecc508A);
    let mut image = blank.clone().with_config(config).unwrap_or(blank);
    for slot in Slot::all() {
        image.slot_mut(slot)[..32].copy_from_slice(key);
    }
    image
}
