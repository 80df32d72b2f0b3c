//! `Lock`, `PrivWrite`, `Read`, `UpdateExtra` and `Write`.

use atecc::commands::{
    InfoRevision, Lock, LockTarget, LockWithoutCrc, PrivWrite, PrivateKeyData, ReadBlock, ReadWord,
    UpdateExtra, WriteBlock, WriteEncrypted, WriteWord, ZoneState,
};
use atecc::host::{CommandHeader, encrypt_private_key, encrypt_write};
use atecc::{BlockAddress, Region, WordAddress};

use super::{none, random_nonce};
use crate::chip::{self, CLEAR, ENCRYPTED, KEY, LockState, PRIVATE, SERIAL, load, mix, mixed};
use crate::row::{Row, bits, byte, group, request, row};

use LockState::{ConfigLocked, Locked, Open};

pub(super) fn rows() -> Vec<Row> {
    let rows = [lock(), priv_write(), read(), update_extra(), write()];
    rows.into_iter().flatten().collect()
}

fn lock() -> Vec<Row> {
    let config = |crc| Lock {
        target: LockTarget::Config { crc },
    };
    let data = Lock {
        target: LockTarget::Data {
            crc: chip::data_crc(),
        },
    };
    let slot = Lock {
        target: LockTarget::Slot(CLEAR),
    };
    let by_crc = row("configuration, by CRC", byte(0x00), none, &config(0))
        .in_state(Open)
        .after([request(&InfoRevision)])
        .answering(|rev_num| {
            let crc = chip::config_crc(rev_num);
            let target = LockTarget::Config { crc };
            request(&Lock { target })
        });
    let modes = [
        by_crc,
        row("data and OTP, by CRC", byte(0x01), none, &data).in_state(ConfigLocked),
        row(
            "configuration, any",
            byte(0x80),
            none,
            &LockWithoutCrc::Config,
        )
        .in_state(Open),
        row("data and OTP, any", byte(0x81), none, &LockWithoutCrc::Data).in_state(ConfigLocked),
        // Bits 5 to 2 are the slot; bit 7 is ignored.
        row("slot", bits(0x43, 0x02).free(0xBC), none, &slot),
    ];
    group("Lock", 0x17, modes)
}

fn priv_write() -> Vec<Row> {
    let of = |key| PrivWrite { slot: PRIVATE, key };
    let mut plain = [0; 36];
    plain[4..].fill(0x22);
    let any = PrivateKeyData::Encrypted {
        cipher: plain,
        mac: [0; 32],
    };
    let encrypted = encrypt_private_key(CommandHeader::of(&of(any)), &plain, &mixed(), &SERIAL);
    let encrypted = PrivateKeyData::Encrypted {
        cipher: encrypted.cipher,
        mac: encrypted.mac,
    };
    let both = |data: &[u8]| data.len() == 68;
    let modes = [
        row(
            "clear",
            byte(0x00),
            both,
            &of(PrivateKeyData::Clear([0x22; 32])),
        )
        .in_state(ConfigLocked),
        row("encrypted", byte(0x40), both, &of(encrypted)).after([load(), mix()]),
    ];
    group("PrivWrite", 0x46, modes)
}

fn block(place: Region, block: u8) -> BlockAddress {
    BlockAddress::new(place, block).expect("a block of every place")
}

fn word(place: Region, word: u8) -> WordAddress {
    WordAddress::new(place, word).expect("a word of every place")
}

fn read() -> Vec<Row> {
    let words = |mode, zone: u8, place| {
        let address = word(place, 0);
        row(mode, byte(zone), none, &ReadWord { address })
    };
    let blocks = |mode, zone: u8, place| {
        let address = block(place, 0);
        row(mode, byte(0x80 | zone), none, &ReadBlock { address })
    };
    let modes = [
        words("4 bytes, configuration", 0, Region::Config),
        words("4 bytes, OTP", 1, Region::Otp),
        words("4 bytes, slot", 2, Region::Slot(CLEAR)),
        blocks("32 bytes, configuration", 0, Region::Config),
        blocks("32 bytes, OTP", 1, Region::Otp),
        blocks("32 bytes, slot", 2, Region::Slot(CLEAR)),
        blocks("32 bytes, slot, encrypted", 2, Region::Slot(ENCRYPTED))
            .after([random_nonce(), mix()])
            .when("encrypted"),
    ];
    group("Read", 0x02, modes)
}

fn update_extra() -> Vec<Row> {
    let modes = [
        row("UserExtra", byte(0x00), none, &UpdateExtra::UserExtra(0x55)),
        row(
            "Selector, or I2C address",
            byte(0x01),
            none,
            &UpdateExtra::SelectorOrAddress(0xC0),
        ),
        row(
            "use of a key",
            byte(0x02).free(0x01),
            none,
            &UpdateExtra::UseKey(KEY),
        ),
    ];
    group("UpdateExtra", 0x20, modes)
}

fn write() -> Vec<Row> {
    let words = |mode, zone: u8, address| {
        let data = [0x00; 4];
        row(
            mode,
            byte(zone),
            |data| data.len() == 4,
            &WriteWord { address, data },
        )
    };
    let blocks = |mode, zone: u8, address| {
        let data = [0x5A; 32];
        row(
            mode,
            byte(0x80 | zone),
            |data| data.len() == 32,
            &WriteBlock { address, data },
        )
    };
    let encrypted = |mode, param1, place, zone_state| {
        let address = block(place, 0);
        let command = WriteEncrypted {
            address,
            zone_state,
            cipher: [0; 32],
            mac: [0; 32],
        };
        let sent = encrypt_write(CommandHeader::of(&command), &[0x5A; 32], &mixed(), &SERIAL);
        let command = WriteEncrypted {
            cipher: sent.cipher,
            mac: sent.mac,
            ..command
        };
        row(mode, byte(param1), |data| data.len() == 64, &command).after([load(), mix()])
    };
    let otp_word = words("4 bytes, OTP", 1, word(Region::Otp, 0));
    let modes = [
        words("4 bytes, configuration", 0, word(Region::Config, 6)).in_state(Open),
        otp_word.note("only an ATECC508A whose OTP mode is consumption takes them"),
        words("4 bytes, slot", 2, word(Region::Slot(CLEAR), 0)),
        blocks("32 bytes, configuration", 0, block(Region::Config, 1)).in_state(Open),
        blocks("32 bytes, OTP", 1, block(Region::Otp, 0)).in_state(ConfigLocked),
        blocks("32 bytes, slot", 2, block(Region::Slot(CLEAR), 0)),
        encrypted(
            "encrypted, OTP, data unlocked",
            0xC1,
            Region::Otp,
            ZoneState::Unlocked,
        )
        .in_state(ConfigLocked),
        encrypted(
            "encrypted, slot, data unlocked",
            0xC2,
            Region::Slot(ENCRYPTED),
            ZoneState::Unlocked,
        )
        .in_state(ConfigLocked),
        encrypted(
            "encrypted, slot, data locked",
            0x82,
            Region::Slot(ENCRYPTED),
            ZoneState::Locked,
        )
        .in_state(Locked),
    ];
    group("Write", 0x12, modes)
}
