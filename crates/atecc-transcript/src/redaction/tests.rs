use core::ops::Range;

use super::redactor::AFTER_WAKE;
use super::{Redaction, Redactor};
use crate::{Ack, Action};

const CHIP: u8 = 0x60;
const SLOT_2_PUBLIC: Redaction = Redaction::secrets().public_slots(1 << 2);

fn write(redactor: &mut Redactor, bytes: &[u8]) -> Range<usize> {
    redactor.hidden(&Action::Write {
        address: CHIP,
        bytes,
        ack: Ack::All,
    })
}

fn read(redactor: &mut Redactor, bytes: &[u8]) -> Range<usize> {
    redactor.hidden(&Action::Read {
        address: CHIP,
        bytes,
        ack: Ack::All,
    })
}

/// A command with 32 bytes of data: what is hidden of it, and of a response
/// of 32 bytes.
fn hidden(redaction: Redaction, opcode: u8, param1: u8, param2: u8) -> [Range<usize>; 2] {
    let mut command = [0xA5; 40];
    command[..6].copy_from_slice(&[0x03, 0x27, opcode, param1, param2, 0x00]);
    let mut response = [0x5A; 35];
    response[0] = 35;
    let mut redactor = Redactor::new(redaction);
    [
        write(&mut redactor, &command),
        read(&mut redactor, &response),
    ]
}

#[test]
fn secrets_are_hidden_with_their_crc() {
    const ALL: Range<usize> = 6..40;
    const ANSWER: Range<usize> = 1..35;
    const NO: Range<usize> = 0..0;
    for (name, opcode, param1, param2, command, response) in [
        ("Read of slot 0", 0x02, 0x82, 0x00, NO, ANSWER),
        ("Read of slot 15", 0x02, 0x02, 0x78, NO, ANSWER),
        ("Read of slot 2", 0x02, 0x82, 0x10, NO, NO),
        ("Read of configuration", 0x02, 0x80, 0x00, NO, NO),
        ("Read of OTP", 0x02, 0x81, 0x00, NO, NO),
        ("Write to slot 0", 0x12, 0x82, 0x00, ALL, NO),
        ("encrypted Write to slot 1", 0x12, 0xC2, 0x08, ALL, NO),
        ("Write to slot 2", 0x12, 0x82, 0x10, NO, NO),
        ("Write to configuration", 0x12, 0x80, 0x00, NO, NO),
        ("PrivWrite to slot 2", 0x46, 0x40, 0x02, ALL, NO),
        ("ECDH", 0x43, 0x00, 0x00, NO, ANSWER),
        ("MAC", 0x08, 0x05, 0x02, NO, ANSWER),
        ("HMAC", 0x11, 0x04, 0x02, NO, ANSWER),
        ("KDF", 0x56, 0x00, 0x00, 10..40, ANSWER),
        ("AES", 0x51, 0x00, 0x03, ALL, ANSWER),
        ("Random", 0x1B, 0x00, 0x00, NO, ANSWER),
        ("Nonce, random", 0x16, 0x00, 0x00, NO, NO),
        ("Nonce, digest to TempKey", 0x16, 0x03, 0x00, NO, NO),
        ("Nonce, digest to its buffer", 0x16, 0x43, 0x00, NO, NO),
        ("Nonce, 64 bytes", 0x16, 0x23, 0x00, ALL, NO),
        ("Nonce, alternate key", 0x16, 0x83, 0x00, ALL, NO),
        ("SHA, end, its start not seen", 0x47, 0x02, 0x00, NO, ANSWER),
        ("SHA, end of an HMAC, 508A", 0x47, 0x05, 0x02, NO, ANSWER),
        ("SHA, read context", 0x47, 0x06, 0x00, NO, ANSWER),
        ("SHA, write context", 0x47, 0x07, 0x00, ALL, NO),
        ("Sign", 0x41, 0x80, 0x00, NO, NO),
        ("an unknown opcode", 0x99, 0x00, 0x00, ALL, ANSWER),
    ] {
        let found = hidden(SLOT_2_PUBLIC, opcode, param1, param2);
        assert_eq!(found, [command, response], "{name}");
        let shown = hidden(Redaction::none(), opcode, param1, param2);
        assert_eq!(shown, [0..0, 0..0], "{name}");
    }
    let keys = Redaction::default().keys_in_temp_key();
    assert_eq!(hidden(keys, 0x16, 0x03, 0x00), [6..40, 0..0]);
}

/// Whether the response of the `SHA` that ends is hidden, after those with
/// `modes`.
fn ended_after(modes: &[u8], ack: Ack) -> Range<usize> {
    let mut redactor = Redactor::new(Redaction::secrets());
    for mode in modes {
        redactor.hidden(&Action::Write {
            address: CHIP,
            bytes: &[0x03, 0x07, 0x47, *mode, 0x02, 0x00, 0x00, 0x00][..],
            ack,
        });
        assert_eq!(read(&mut redactor, &[0x04, 0x00, 0x03, 0x40]), 0..0);
    }
    // To the output and the message digest buffer.
    let end = [0x03, 0x07, 0x47, 0x42, 0x00, 0x00, 0x00, 0x00];
    assert_eq!(write(&mut redactor, &end), 0..0);
    let mut response = [0x5A; 35];
    response[0] = 35;
    read(&mut redactor, &response)
}

#[test]
fn an_hmac_by_sha_is_hidden_and_a_digest_is_shown() {
    const HMAC: Range<usize> = 1..35;
    assert_eq!(ended_after(&[0x00], Ack::All), 0..0);
    assert_eq!(ended_after(&[0x00, 0x01, 0x01], Ack::All), 0..0);
    assert_eq!(ended_after(&[0x04], Ack::All), HMAC);
    assert_eq!(ended_after(&[0x00, 0x04, 0x01], Ack::All), HMAC);
    assert_eq!(ended_after(&[0x04, 0x00], Ack::All), 0..0);
    // A context that is written may be that of an HMAC.
    assert_eq!(ended_after(&[0x00, 0x07], Ack::All), HMAC);
    // It may not have begun, and an earlier HMAC goes on.
    assert_eq!(ended_after(&[0x00], Ack::Unknown), HMAC);
}

#[test]
fn split_reads_and_rewinds_stay_hidden() {
    let mut redactor = Redactor::new(Redaction::secrets());
    let ecdh = [0x03, 0x47, 0x43, 0x00, 0x00, 0x00, 0x01];
    assert_eq!(write(&mut redactor, &ecdh), 0..0);
    assert_eq!(read(&mut redactor, &[35]), 0..0);
    assert_eq!(read(&mut redactor, &[0x04, 0x00]), 0..2);
    assert_eq!(write(&mut redactor, &[0x00]), 0..0);
    assert_eq!(read(&mut redactor, &[35, 0x01, 0x02]), 1..3);
    // Idle keeps the buffer, and so does a command that did not arrive.
    assert_eq!(write(&mut redactor, &[0x02]), 0..0);
    let info = [0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
    let refused = Action::Write {
        address: CHIP,
        bytes: &info[..],
        ack: Ack::NoAddress,
    };
    assert_eq!(redactor.hidden(&refused), 0..0);
    assert_eq!(read(&mut redactor, &[35, 0x01]), 1..2);
    // Another chip has another buffer.
    let other = Action::Read {
        address: 0x35,
        bytes: &[35, 0x01][..],
        ack: Ack::All,
    };
    assert_eq!(redactor.hidden(&other), 0..0);
    assert_eq!(write(&mut redactor, &info), 0..0);
    assert_eq!(read(&mut redactor, &[7, 0x01]), 0..0);
}

#[test]
fn a_status_and_a_wake_are_shown() {
    let mut redactor = Redactor::new(Redaction::secrets());
    let random = [0x03, 0x07, 0x1B, 0x00, 0x00, 0x00, 0x24, 0xCD];
    write(&mut redactor, &random);
    assert_eq!(read(&mut redactor, &[0x04, 0x0F, 0x23, 0x42]), 0..0);
    write(&mut redactor, &random);
    assert_eq!(redactor.hidden(&Action::<&[u8]>::Wake), 0..0);
    assert_eq!(read(&mut redactor, &AFTER_WAKE), 0..0);
    write(&mut redactor, &random);
    write(&mut redactor, &[0x01]);
    assert_eq!(read(&mut redactor, &[0x04, 0x07, 0xC4, 0x40]), 0..0);
    // Cut before its parameters: it could be anything.
    write(&mut redactor, &[0x03, 0x07, 0x1B]);
    assert_eq!(read(&mut redactor, &[35, 0x01]), 1..2);
}
