//! Groups, the input FIFO and the output pointer.

use crate::support::{
    ADDRESS, AWAKE, EXECUTION_ERROR, Host, PARSE_ERROR, SUCCESS, bytes, crc, group,
};
use atecc_emulator::{BusError, Chip, ExecutionTime, Opcode, PartialRead, Revision};
use embedded_hal::i2c::{I2c, Operation};

const INFO: [u8; 7] = [0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
/// Revision of a 608A, with its CRC.
const INFO_608A: [u8; 7] = [0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38];
/// X then Y of the key pair of d = 0102..20.
const PUBLIC_KEY: &str = "515C3D6EB9E396B904D3FECA7F54FDCD0CC1E997BF375DCA515AD0A6C3B4035F
    4536BE3A50F318FBF9A5475902A221502BEF0D57E08C53B2CC0A56F17D9F9354";
const MISMATCH: [u8; 4] = [0x04, 0x01, 0x00, 0xC3];
const CRC_ERROR: [u8; 4] = [0x04, 0xFF, 0x01, 0x42];

fn awake() -> Host {
    let chip = Chip::blank(Revision::Atecc608A).with_execution_time(ExecutionTime::Instant);
    let mut host = Host::of(chip);
    host.wake();
    host
}

#[test]
fn the_wake_group_stays_until_a_command() {
    let mut host = awake();
    for _ in 0..2 {
        host.i2c.write(ADDRESS, &[0x00]).unwrap();
        assert_eq!(host.read(4).unwrap(), AWAKE);
    }
    // A command may be sent without having read it.
    assert_eq!(host.exchange(&INFO), INFO_608A);
}

/// Trap 5 of `docs/sources.md`: the count, then the rest, in two reads.
#[test]
fn trap_05_the_pointer_runs_on_across_reads() {
    let mut host = awake();
    host.send(&INFO);
    assert_eq!(host.read(1).unwrap(), INFO_608A[..1]);
    assert_eq!(host.read(2).unwrap(), INFO_608A[1..3]);
    assert_eq!(host.read(4).unwrap(), INFO_608A[3..]);
}

/// Trap 43 of `docs/sources.md`: FF past the end, for ever; but a read that
/// begins there starts over, as a 508 was seen to do (a 608: unconfirmed).
#[test]
fn trap_43_reading_past_the_end() {
    let mut host = awake();
    host.send(&INFO);
    let long = host.read(20).unwrap();
    assert_eq!(long[..7], INFO_608A);
    assert_eq!(long[7..], [0xFF; 13]);
    assert_eq!(host.read(3).unwrap(), INFO_608A[..3]);
    assert_eq!(host.read(4).unwrap(), INFO_608A[3..]);
    assert_eq!(host.read(7).unwrap(), INFO_608A);
    // GenKey fails here; the host expected 64 bytes and CRC.
    host.send(&group(0x40, 0x00, 0, &[]));
    let long = host.read(67).unwrap();
    assert_eq!(long[..4], EXECUTION_ERROR);
    assert_eq!(long[4..], [0xFF; 63]);
}

#[test]
fn the_reset_token_rewinds() {
    let mut host = awake();
    host.send(&INFO);
    assert_eq!(host.read(7).unwrap(), INFO_608A);
    host.i2c.write(ADDRESS, &[0x00]).unwrap();
    assert_eq!(host.read(7).unwrap(), INFO_608A);
    // So does any first write after a read, the probe included.
    host.i2c.write(ADDRESS, &[]).unwrap();
    assert_eq!(host.read(7).unwrap(), INFO_608A);
}

#[test]
fn a_combined_transaction_reads_from_the_start() {
    let mut host = awake();
    host.send(&INFO);
    assert_eq!(host.read(3).unwrap(), INFO_608A[..3]);
    let mut answer = [0; 7];
    host.i2c.write_read(ADDRESS, &[0x00], &mut answer).unwrap();
    assert_eq!(answer, INFO_608A);
}

/// Adjacent operations of one direction are one segment on the wire.
#[test]
fn operations_of_one_direction_are_joined() {
    let mut host = awake();
    let mut write = [
        Operation::Write(&[0x03, 0x07, 0x30]),
        Operation::Write(&INFO[2..]),
    ];
    host.i2c.transaction(ADDRESS, &mut write).unwrap();
    let (mut head, mut tail) = ([0; 3], [0; 4]);
    let mut read = [Operation::Read(&mut head), Operation::Read(&mut tail)];
    host.i2c.transaction(ADDRESS, &mut read).unwrap();
    assert_eq!([&head[..], &tail].concat(), INFO_608A);
    host.i2c.transaction(ADDRESS, &mut []).unwrap();
}

/// The tokens ignore what follows them; `00 02` is not an idle token.
#[test]
fn bytes_after_a_token_are_ignored() {
    let mut host = awake();
    host.i2c.write(ADDRESS, &[0x00, 0x02]).unwrap();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    host.i2c.write(ADDRESS, &[0x02, 0x02]).unwrap();
    assert!(host.read(4).is_err());
    host.wake();
    host.i2c.write(ADDRESS, &[0x01, 0x00]).unwrap();
    assert!(host.read(4).is_err());
}

/// Acknowledged and ignored, whatever follows; a 608 is taken to be like the 508
/// of which it is known (unconfirmed).
#[test]
fn reserved_word_addresses() {
    for revision in Revision::ALL {
        let mut host = Host::of(Chip::blank(revision));
        host.wake();
        for word in 0x04..=0xFF {
            host.i2c.write(ADDRESS, &[word, 0x07, 0x30]).unwrap();
        }
        assert_eq!(host.exchange(&INFO)[..3], [0x07, 0x00, 0x00]);
        // Between the parts of a group, too.
        host.i2c.write(ADDRESS, &[0x03, 0x07, 0x30]).unwrap();
        host.i2c.write(ADDRESS, &[0x30, 0x00]).unwrap();
        let rest = [&[0x03], &INFO[2..]].concat();
        host.i2c.write(ADDRESS, &rest).unwrap();
        assert_eq!(host.receive()[..3], [0x07, 0x00, 0x00]);
    }
}

/// A printed table of `i2cdump` on a 508: each word address written, repeated
/// START, one byte read. Words 04 to FF do not rewind, and after the last byte
/// the output starts over.
#[test]
fn i2cdump_of_a_508() {
    let mut host = Host::of(Chip::blank(Revision::Atecc508A));
    host.wake();
    let mut byte = [0];
    for (word, expected) in (0x04..=0xFF).zip(AWAKE.into_iter().cycle()) {
        host.i2c.write_read(ADDRESS, &[word], &mut byte).unwrap();
        assert_eq!(byte, [expected], "{word:02X}");
    }
    // The tokens rewind as ever, also after a reserved word.
    assert_eq!(host.read(1).unwrap(), AWAKE[..1]);
    host.i2c.write(ADDRESS, &[0x7F]).unwrap();
    host.i2c.write(ADDRESS, &[0x00]).unwrap();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    // So does an address alone.
    host.read(1).unwrap();
    host.i2c.write(ADDRESS, &[0x7F]).unwrap();
    host.i2c.write(ADDRESS, &[]).unwrap();
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

#[test]
fn a_group_in_pieces() {
    let mut host = awake();
    for byte in &INFO[..6] {
        host.i2c.write(ADDRESS, &[0x03, *byte]).unwrap();
        assert_eq!(host.read(2).unwrap(), [0xFF, 0xFF], "not complete yet");
    }
    host.i2c.write(ADDRESS, &[0x03, INFO[6]]).unwrap();
    assert_eq!(host.read(7).unwrap(), INFO_608A);
}

/// The datasheet has FF in one place and no acknowledge in another: drivers must
/// survive both.
#[test]
fn a_read_of_a_partial_group() {
    for (choice, answer) in [
        (PartialRead::Blank, Some(vec![0xFF; 4])),
        (PartialRead::Nack, None),
    ] {
        let mut host = Host::of(Chip::blank(Revision::Atecc608A).with_partial_read(choice));
        host.wake();
        host.i2c.write(ADDRESS, &[0x03, 0x07, 0x30]).unwrap();
        for _ in 0..3 {
            let error = matches!(host.read(4), Err(BusError::AddressNack(ADDRESS)));
            assert_eq!(error, answer.is_none());
            assert_eq!(host.read(4).ok(), answer, "{choice:?}");
        }
        // Writes are acknowledged all the while.
        let rest = [&[0x03], &INFO[2..]].concat();
        host.i2c.write(ADDRESS, &rest).unwrap();
        assert_eq!(host.receive(), INFO_608A);
        host.i2c.write(ADDRESS, &[0x03, 0x07, 0x30]).unwrap();
        host.i2c.write(ADDRESS, &[0x00]).unwrap();
        assert_eq!(host.read(7).unwrap(), INFO_608A);
    }
}

/// A partial command is dropped by the reset token, not by a read or a
/// probe; the response before it is readable again then.
#[test]
fn what_drops_a_partial_group() {
    let mut host = awake();
    host.i2c.write(ADDRESS, &[0x03, 0x07, 0x30]).unwrap();
    host.i2c.write(ADDRESS, &[]).unwrap();
    assert_eq!(host.read(1).unwrap(), [0xFF]);
    host.i2c.write(ADDRESS, &[0x00]).unwrap();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    assert_eq!(host.exchange(&INFO), INFO_608A);
    // Idle and the wake after it drop it, too.
    host.i2c.write(ADDRESS, &[0x03, 0x07, 0x30]).unwrap();
    host.idle();
    host.wake();
    assert_eq!(host.exchange(&INFO), INFO_608A);
}

/// Bytes beyond `count` are not acknowledged, and the command is executed.
#[test]
fn surplus_bytes() {
    let mut host = awake();
    let long = [&[0x03], &INFO[..], &[0xAA, 0xBB]].concat();
    let error = host.i2c.write(ADDRESS, &long).unwrap_err();
    assert!(
        matches!(error, BusError::DataNack { byte: 8, .. }),
        "{error}"
    );
    assert_eq!(host.receive(), INFO_608A);
}

#[test]
fn broken_groups() {
    // Each byte of a good group broken, without making `count` larger.
    for at in 0..INFO.len() {
        let mut broken = INFO;
        broken[at] ^= 0x01;
        let mut host = awake();
        // A smaller count makes the rest surplus.
        let sent = host.i2c.write(ADDRESS, &[&[0x03], &broken[..]].concat());
        assert_eq!(sent.is_err(), at == 0);
        assert_eq!(host.receive(), CRC_ERROR, "byte {at}");
    }
}

#[test]
fn impossible_counts() {
    for count in [0_u8, 1, 2, 3, 156, 200, 255] {
        let mut host = awake();
        // The count alone decides for the large ones, which never fill up.
        host.i2c.write(ADDRESS, &[0x03, count]).unwrap();
        if count < 4 {
            let rest = vec![0x03; usize::from(count).saturating_sub(1) + 1];
            host.i2c.write(ADDRESS, &rest).unwrap_or(());
        }
        assert_eq!(host.read(4).unwrap(), CRC_ERROR, "count {count}");
        assert_eq!(host.exchange(&INFO), INFO_608A);
    }
}

/// With a good CRC but no room for the parameters: 0x03 (unconfirmed).
#[test]
fn groups_without_parameters() {
    for body in [
        &[0x04, 0x30][..],
        &[0x05, 0x30, 0x00],
        &[0x06, 0x30, 0x00, 0x00],
    ] {
        let mut host = awake();
        let short = [body, &crc(body)].concat();
        assert_eq!(host.exchange(&short), PARSE_ERROR, "{short:02X?}");
    }
}

#[test]
fn the_longest_group() {
    let mut host = awake();
    // 155 bytes, which no command takes.
    assert_eq!(host.exchange(&group(0x16, 0x03, 0, &[0; 148])), PARSE_ERROR);
}

#[test]
fn opcodes_the_chip_does_not_have() {
    let mut host = awake();
    // HMAC and Pause are for the 508, the others for nobody.
    for opcode in [0x00, 0x01, 0x03, 0x11, 0x1A, 0x81, 0xFF] {
        assert_eq!(
            host.exchange(&group(opcode, 0, 0, &[])),
            PARSE_ERROR,
            "{opcode:02X}"
        );
    }
}

/// A form of each command that is legal where the command exists.
fn one_form(opcode: Opcode) -> Vec<u8> {
    let (p1, p2, length) = match opcode {
        Opcode::Aes => (0x00, 0xFFFF, 16),
        Opcode::CheckMac => (0x00, 0, 77),
        Opcode::Ecdh => (0x00, 0, 64),
        Opcode::GenDig => (0x02, 0, 0),
        Opcode::Kdf => (0x00, 0, 4),
        Opcode::Mac => (0x00, 0, 32),
        Opcode::Nonce => (0x03, 0, 32),
        Opcode::PrivWrite => (0x00, 0, 68),
        Opcode::SecureBoot => (0x05, 0, 96),
        Opcode::Verify => (0x02, 4, 128),
        Opcode::Write => (0x00, 0x04, 4),
        _ => (0x00, 0, 0),
    };
    group(opcode as u8, p1, p2, &vec![0; length])
}

#[test]
fn each_chip_has_its_own_commands() {
    for revision in Revision::ALL {
        let mut host = Host::of(Chip::blank(revision));
        for opcode in Opcode::ALL {
            let refused = host.session(&one_form(opcode)) == PARSE_ERROR;
            assert_eq!(refused, !opcode.is_on(revision), "{revision} {opcode:?}");
        }
    }
}

/// Trap 6 of `docs/sources.md`: with nothing locked, what needs no stored key
/// works; the rest does not.
#[test]
fn trap_06_an_unlocked_chip() {
    for revision in Revision::ALL {
        let mut host = Host::of(Chip::blank(revision));
        let numin: Vec<u8> = (0..20).collect();
        for (command, length) in [
            (group(0x30, 0x00, 0, &[]), 7),
            (group(0x30, 0x02, 0, &[]), 7),
            (group(0x1B, 0x00, 0, &[]), 35),
            (group(0x16, 0x00, 0, &numin), 35),
            (group(0x02, 0x80, 0, &[]), 35),
            (group(0x24, 0x00, 0, &[]), 7),
        ] {
            assert_eq!(
                host.session(&command).len(),
                length,
                "{revision} {command:02X?}"
            );
        }
        assert_eq!(host.session(&group(0x16, 0x03, 0, &[7; 32])), SUCCESS);
        // A signature that is none, for a key that is one.
        let verify = [vec![1; 64], bytes(PUBLIC_KEY)].concat();
        assert_eq!(host.session(&group(0x45, 0x02, 4, &verify)), MISMATCH);
        assert_eq!(host.session(&group(0x47, 0x00, 0, &[])), SUCCESS);
        assert_eq!(host.session(&group(0x47, 0x02, 1, &[7])).len(), 35);
        if revision != Revision::Atecc508A {
            assert_eq!(host.session(&group(0x16, 0x03, 0, &[7; 32])), SUCCESS);
            let aes = host.session(&group(0x51, 0x00, 0xFFFF, &[7; 16]));
            assert_eq!(aes.len(), 19, "AES with TempKey");
            assert_eq!(host.session(&group(0x51, 0x03, 0, &[7; 32])).len(), 19);
            assert_eq!(host.session(&group(0x77, 0x3B, 0, &[])), SUCCESS);
        }
        assert_eq!(host.session(&group(0x16, 0x03, 0, &[7; 32])), SUCCESS);
        for refused in [
            group(0x40, 0x04, 0, &[]),
            group(0x40, 0x00, 0, &[]),
            group(0x41, 0x80, 0, &[]),
            group(0x02, 0x82, 0x0048, &[]),
            group(0x12, 0x82, 0x0048, &[0; 32]),
            group(0x08, 0x00, 0, &[0; 32]),
            group(0x28, 0x00, 0, &[0; 77]),
            group(0x15, 0x02, 3, &[]),
            group(0x1C, 0x04, 9, &[]),
            group(0x43, 0x00, 0, &[1; 64]),
            group(0x46, 0x00, 0, &[1; 68]),
            group(0x45, 0x00, 15, &[1; 64]),
        ] {
            assert_eq!(
                host.session(&refused),
                EXECUTION_ERROR,
                "{revision} {refused:02X?}"
            );
        }
    }
}

/// A vendor's test sends this after a Start.
#[test]
fn an_empty_update_of_a_608() {
    let mut host = awake();
    assert_eq!(host.exchange(&group(0x47, 0x00, 0, &[])), SUCCESS);
    assert_eq!(host.exchange(&bytes("07470100002D0F")), SUCCESS);
}

/// The next command may be sent without the answer having been read, as seen on
/// three 608B.
#[test]
fn an_answer_nobody_reads() {
    let mut host = awake();
    host.send(&group(0x1B, 0x00, 0, &[]));
    assert_eq!(host.exchange(&INFO), INFO_608A);
}

/// Recorded from a blank 608A: the wake group, then the random pattern.
#[test]
fn random_of_a_blank_608a() {
    let mut host = awake();
    let recorded =
        bytes("23 FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000 411A");
    assert_eq!(host.exchange(&bytes("071B00000024CD")), recorded);
}
