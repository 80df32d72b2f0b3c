//! Frames of the recordings, each out of its context: an answer is never taken
//! for a command, nor a command for an answer.

use std::path::{Path, PathBuf};

use atecc::crc::crc16;
use atecc::group::Group;
use atecc_decode::{BytesKind, NoLabels, explain_bytes};
use atecc_transcript::{Cause, Transcript, exchanges};
use serde::Deserialize;
use tests_vector_runner::Hex;

/// How frames were read.
#[derive(Debug, Default)]
struct Tally {
    right: usize,
    undecided: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn count(&mut self, frame: &[u8], right: BytesKind) {
        let explained = explain_bytes(frame, &NoLabels);
        match explained.kind {
            kind if kind == right => self.right += 1,
            BytesKind::Undecided => self.undecided += 1,
            _ => self.wrong.push(format!("{frame:02X?}: {}", explained.text)),
        }
    }
}

fn files(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            found.push(path);
        }
    }
}

fn group(payload: &[u8]) -> Vec<u8> {
    Group::new(payload).unwrap().as_bytes().to_vec()
}

fn is_sound(frame: &[u8]) -> bool {
    frame.split_last_chunk::<2>().is_some_and(|(covered, crc)| {
        usize::from(frame[0]) == frame.len() && crc16(covered).to_le_bytes() == *crc
    })
}

#[test]
fn every_frame_of_the_transcripts() {
    let mut paths = Vec::new();
    files(Path::new("transcripts"), "txt", &mut paths);
    let (mut answers, mut commands) = (Tally::default(), Tally::default());
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let transcript: Transcript = text.parse().unwrap();
        for exchange in exchanges(transcript.header.address, &transcript.lines) {
            // Recorded as broken, or redacted.
            let whole = |frame: &&[u8]| is_sound(frame);
            if let Some(answer) = exchange.response().filter(whole) {
                answers.count(answer, BytesKind::Response);
            }
            let Cause::Command(command) = &exchange.cause else {
                continue;
            };
            if is_sound(command) {
                commands.count(command, BytesKind::Command);
                let addressed = [&[0x03], command.as_slice()].concat();
                let with = explain_bytes(&addressed, &NoLabels);
                assert_eq!(with.kind, BytesKind::Command, "{}", with.text);
            }
        }
    }
    println!("answers {answers:?}\ncommands {commands:?}");
    assert!(answers.right > 500 && commands.right > 400);
    assert_eq!(answers.wrong, [""; 0]);
    assert_eq!(commands.wrong, [""; 0]);
}

#[derive(Deserialize)]
struct Recording {
    #[serde(default)]
    config_zones: Vec<Zone>,
}

#[derive(Deserialize)]
struct Zone {
    hex: Hex,
}

/// Every word and block of the recorded configuration zones, and counters.
#[test]
fn every_answer_to_a_read_of_the_configuration() {
    let mut paths = Vec::new();
    files(Path::new("recordings"), "json", &mut paths);
    let mut answers = Tally::default();
    let mut zones = 0;
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let recording: Recording = serde_json::from_str(&text).unwrap();
        for Zone { hex } in &recording.config_zones {
            zones += 1;
            for answer in hex.0.chunks(4).chain(hex.0.chunks(32)) {
                answers.count(&group(answer), BytesKind::Response);
            }
            // Whose these are shows.
            let (word, block) = (group(&hex.0[..4]), group(&hex.0[..32]));
            let word = explain_bytes(&word, &NoLabels);
            assert_eq!(word.kind, BytesKind::Response);
            assert!(word.text.contains("configuration word 0"), "{}", word.text);
            let block = explain_bytes(&block, &NoLabels).text;
            let (start, rest) = (&hex.0[..4], &hex.0[8..13]);
            let serial = data_encoding::HEXUPPER.encode(&[start, rest].concat());
            let address = format!("address 0x{:02X}", hex.0[16] >> 1);
            let revision = data_encoding::HEXUPPER.encode(&hex.0[4..8]);
            for part in ["configuration block 0", &serial, &address, &revision] {
                assert!(block.contains(part), "{part}: {block}");
            }
        }
    }
    for counter in (0..4096_u32).chain([2_097_151]) {
        answers.count(&group(&counter.to_le_bytes()), BytesKind::Response);
    }
    println!("{zones} zones, answers {answers:?}");
    assert_eq!(zones, 19);
    assert_eq!(answers.wrong, [""; 0]);
}

/// Frames that people asked about. Source: public threads.
#[test]
fn frames_that_people_asked_about() {
    for (frame, kind, text) in [
        (
            &[0x04, 0x0F, 0x23, 0x42][..],
            BytesKind::Response,
            "execution error",
        ),
        (&[0x04, 0x11, 0x33, 0x43], BytesKind::Response, "awake"),
        (
            &[0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38],
            BytesKind::Response,
            "ATECC608A",
        ),
        (&[0xFF; 4], BytesKind::Damaged, "nobody drove SDA"),
        (
            &[0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D],
            BytesKind::Undecided,
            "Info revision; or an answer: 4 bytes 30000000",
        ),
    ] {
        let explained = explain_bytes(frame, &NoLabels);
        assert_eq!(explained.kind, kind, "{}", explained.text);
        assert!(explained.text.contains(text), "{}", explained.text);
    }
}
