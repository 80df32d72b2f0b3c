//! Whatever is done to a capture: a transcript that can be read again, or a
//! refusal.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{Format, bus_pirate, dsview, esp_idf, ftrace, pulseview, recording, saleae, sigrok};
use crate::{Header, Line, Provenance, Start, Transcript};

const CAPTURES: [&str; 9] = [
    include_str!("../../tests/captures/bus-pirate.txt"),
    include_str!("../../tests/captures/bus-pirate-sniffer.txt"),
    include_str!("../../tests/captures/dsview.csv"),
    include_str!("../../tests/captures/esp-idf.txt"),
    include_str!("../../tests/captures/pulseview.txt"),
    include_str!("../../tests/captures/saleae-results.csv"),
    include_str!("../../tests/captures/saleae-terminal.txt"),
    "a-1 [0] 1.0: i2c_write: i2c-1 #0 a=060 f=0000 l=1 [01]\na-1 [0] 1.0: i2c_result: i2c-1 n=1 ret=1\n",
    "10-10 i2c-1: Start\n10-40 i2c-1: Address write: 60\n40-50 i2c-1: ACK\n",
];

/// Words of all forms.
const WORDS: [&str; 16] = [
    "ACK",
    "NACK",
    "NAK",
    "0xC1",
    "0x60",
    "60",
    "[",
    "]",
    "+",
    ": ",
    ",",
    "\n",
    "txlength: 0",
    "I2C START",
    "I²C",
    "-1e99",
];

fn imported(format: Format, text: &str) -> Option<Vec<Line>> {
    let rate = 1_000_000.try_into().ok();
    match format {
        Format::Transcript => None,
        Format::Recording => recording(text).ok().map(|transcript| transcript.lines),
        Format::Saleae => saleae::lines(text).ok(),
        Format::Sigrok => sigrok::lines(text, rate).ok(),
        Format::PulseView => pulseview::lines(text, rate).ok(),
        Format::DsView => dsview::lines(text).ok(),
        Format::Ftrace => ftrace::lines(text, None).ok(),
        Format::EspIdf => esp_idf::lines(text, 0x60).ok(),
        Format::BusPirate => bus_pirate::lines(text).ok(),
    }
}

fn header() -> Header {
    Header {
        id: "any".into(),
        chip: "ATECC608A".into(),
        revision: None,
        address: 0x60,
        scl_hz: None,
        provenance: Provenance::HardwareCapture,
        host: None,
        story: None,
        start: Start::Unknown,
        origin: "here".into(),
        licence: "none".into(),
        date: None,
        notes: Vec::new(),
    }
}

/// The characters from one place to another, with something else there.
fn changed(text: &str, from: Index, length: usize, word: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let from = from.index(characters.len());
    let end = characters.len().min(from + length);
    let kept = |part: &[char]| part.iter().collect::<String>();
    format!(
        "{}{word}{}",
        kept(&characters[..from]),
        kept(&characters[end..])
    )
}

#[test]
fn the_samples_are_imported() {
    for text in &CAPTURES {
        let format = Format::detect(text).expect("a known form");
        assert!(imported(format, text).is_some(), "{format}");
    }
}

proptest! {
    #[test]
    fn what_is_imported_can_be_read(
        capture in select(CAPTURES.to_vec()),
        changes in prop::collection::vec((any::<Index>(), 0..40_usize, select(WORDS.to_vec())), 0..4),
    ) {
        let text = changes.into_iter().fold(capture.to_string(), |text, (from, length, word)| {
            if text.is_empty() { text } else { changed(&text, from, length, word) }
        });
        let _ = Format::detect(&text);
        for format in Format::ALL {
            let Some(lines) = imported(format, &text) else { continue };
            let transcript = Transcript { header: header(), lines };
            let rendered = transcript.render();
            let read = Transcript::parse(&rendered);
            prop_assert_eq!(read.as_ref(), Ok(&transcript), "{}: {}\n{}", format, text, rendered);
        }
    }
}
