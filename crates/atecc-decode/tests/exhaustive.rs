//! Every opcode and mode, with many second parameters and lengths of data:
//! what parses encodes to the same bytes, and so do all answers to it.

use std::collections::BTreeSet;

use atecc::Opcode;
use atecc::crc::crc16;
use atecc::group::Group;
use atecc_decode::{AnyCommand, AnyResponse, CommandError, NoLabels, Part, ResponseError};

/// Addresses, slots, counters, lengths, and what only few commands take.
const PARAM2: [u16; 11] = [
    0x0000, 0x0001, 0x0004, 0x000F, 0x0010, 0x0028, 0x0048, 0x0151, 0x0D40, 0x8000, 0xFFFF,
];
const LENGTHS: [usize; 15] = [0, 1, 3, 4, 16, 20, 32, 36, 40, 64, 68, 77, 83, 96, 128];
/// The number of typed variants.
const TYPES: usize = 45;

fn group_of(body: &[u8]) -> Vec<u8> {
    Group::new(body).unwrap().as_bytes().to_vec()
}

fn request(opcode: u8, param1: u8, param2: u16, data: &[u8]) -> Vec<u8> {
    let [low, high] = param2.to_le_bytes();
    group_of(&[&[opcode, param1, low, high][..], data].concat())
}

/// Bytes that are no repetition; the fourth is the length of a KDF message.
fn data(length: usize) -> Vec<u8> {
    let mut data: Vec<u8> = (0..length)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect();
    if let Some(details) = data.first_chunk_mut::<4>() {
        *details = [2, 0, 0, u8::try_from(length - 4).unwrap()];
    }
    data
}

fn for_each_request(mut check: impl FnMut(&[u8])) {
    for opcode in Opcode::ALL {
        for param1 in 0..=u8::MAX {
            for param2 in PARAM2 {
                for length in LENGTHS {
                    check(&request(*opcode as u8, param1, param2, &data(length)));
                }
            }
        }
    }
}

/// The variant's name.
fn kind(command: &AnyCommand<'_>) -> String {
    let debug = format!("{command:?}");
    debug.split('(').next().unwrap().to_owned()
}

#[test]
fn commands() {
    let mut kinds = BTreeSet::new();
    for_each_request(|group| match AnyCommand::parse(group) {
        Ok(command) => {
            assert_eq!(command.group(), group, "{command:?}");
            assert!(!command.explain(&NoLabels).is_empty());
            if let AnyCommand::Untyped(untyped) = &command {
                let nearest = untyped.nearest.as_ref().map(|nearest| nearest.group());
                assert_ne!(nearest.as_deref(), Some(group), "{command:?}");
            }
            kinds.insert(kind(&command));
        }
        Err(error) => assert!(
            matches!(error.part(), Part::Count | Part::Param1 | Part::Param2),
            "{group:02x?}: {error}"
        ),
    });
    assert_eq!(kinds.len(), TYPES + 1, "{kinds:?}");
}

#[test]
fn responses() {
    let mut answers: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| group_of(&[byte])).collect();
    answers.extend((1..=99).chain([128]).map(|length| group_of(&data(length))));
    // Too short for a group: a count and the CRC of it.
    let [low, high] = crc16(&[3]).to_le_bytes();
    answers.push(vec![3, low, high]);
    let mut modes = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for_each_request(|group| {
        let Ok(command) = AnyCommand::parse(group) else {
            return;
        };
        // One command of each mode; Param2 above 7FFF may be part of the mode.
        let mode = (
            group[1],
            group[2],
            u16::from_le_bytes([group[3], group[4]]).max(0x7FFF),
        );
        if !modes.insert(mode) {
            return;
        }
        for answer in &answers {
            match command.parse_response(answer) {
                Ok(response) => {
                    assert_eq!(response.group(), *answer, "{command:?}: {response:?}");
                    assert!(!command.explain_response(&response).is_empty());
                    if !matches!(response, AnyResponse::Status(_)) {
                        kinds.insert(kind(&command));
                    }
                }
                Err(ResponseError::Decode(error)) => {
                    assert_eq!(error.got, answer.len() - 3);
                }
                // Only Pause answers nothing at all, without even a group.
                Err(error) => assert_eq!(answer.len(), 3, "{error}"),
            }
        }
    });
    assert!(kinds.len() >= TYPES, "{kinds:?}");
}

#[test]
fn damaged_bytes_are_named() {
    let part = |group: &[u8]| AnyCommand::parse(group).unwrap_err().part();
    let info = request(0x30, 0, 0, &[]);
    for (at, expected) in [
        (0, Part::Count),
        (1, Part::Crc),
        (4, Part::Crc),
        (5, Part::Crc),
        (6, Part::Crc),
    ] {
        let mut damaged = info.clone();
        damaged[at] ^= 0x80;
        assert_eq!(part(&damaged), expected, "byte {at}");
    }
    assert_eq!(part(&[]), Part::Count);
    assert_eq!(part(&group_of(&[0x30, 0])), Part::Count);
    assert_eq!(part(&[&info[..], &[0xFF]].concat()), Part::Count);
    assert_eq!(part(&request(0x31, 0, 0, &[])), Part::Opcode);
    assert_eq!(part(&request(0x30, 5, 0, &[])), Part::Param1);
    // Configuration has four blocks; there are two counters.
    assert_eq!(part(&request(0x02, 0x80, 0x20, &[])), Part::Param2);
    assert_eq!(part(&request(0x24, 0, 2, &[])), Part::Param2);
    let short = request(0x16, 0x03, 0, &[0; 31]);
    assert_eq!(
        AnyCommand::parse(&short),
        Err(CommandError::Length {
            opcode: Opcode::Nonce,
            mode: 3,
            len: 31
        })
    );
}
