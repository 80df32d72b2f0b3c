//! Transcripts and what is imported as one. What is read is written, in both
//! forms, and read again as the same.
#![no_main]

use atecc_transcript::import::{self, Format, ImportError};
use atecc_transcript::{Header, Line, Provenance, Redaction, Start, Transcript};
use libfuzzer_sys::fuzz_target;

fn header() -> Header {
    Header {
        id: "fuzz".into(),
        chip: "ATECC608B".into(),
        revision: None,
        address: 0x60,
        scl_hz: None,
        provenance: Provenance::HardwareLog,
        host: None,
        story: None,
        start: Start::Unknown,
        origin: "here".into(),
        licence: "none".into(),
        date: None,
        notes: Vec::new(),
    }
}

/// Both forms, and what is left when secrets are hidden.
fn kept(transcript: &Transcript) {
    let text = transcript.render();
    let parsed = Transcript::parse(&text).expect("what was written can be read");
    assert_eq!(parsed, *transcript, "{text}");
    let binary = transcript.to_binary().expect("frames");
    let decoded = Transcript::from_binary(&binary).expect("what was written can be read");
    assert_eq!(decoded, *transcript, "{text}");
    let mut hidden = parsed;
    hidden.redact(Redaction::secrets());
    let shown = Transcript::parse(&hidden.render()).expect("what was written can be read");
    assert_eq!(shown, hidden);
    let _ = atecc_transcript::exchanges(transcript.header.address, &transcript.lines);
}

fn imported(lines: Result<Vec<Line>, ImportError>) {
    match lines {
        Ok(lines) => kept(&Transcript {
            header: header(),
            lines,
        }),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fuzz_target!(|data: &[u8]| {
    match Transcript::from_binary(data) {
        // What a recorder sent need not be what a text can hold.
        Ok(transcript) => drop(transcript.render()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match Transcript::parse(text) {
        Ok(transcript) => kept(&transcript),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // Whatever it looks like: --from can say anything.
    let rate = 1_000_000.try_into().ok();
    for format in Format::ALL {
        match format {
            Format::Transcript => {}
            Format::Recording => match import::recording(text) {
                Ok(transcript) => kept(&transcript),
                Err(error) => assert!(!error.to_string().is_empty()),
            },
            Format::Saleae => imported(import::saleae::lines(text)),
            Format::Sigrok => imported(import::sigrok::lines(text, rate)),
            Format::PulseView => imported(import::pulseview::lines(text, rate)),
            Format::DsView => imported(import::dsview::lines(text)),
            Format::Ftrace => imported(import::ftrace::lines(text, None)),
            Format::EspIdf => imported(import::esp_idf::lines(text, 0x60)),
            Format::BusPirate => imported(import::bus_pirate::lines(text)),
        }
    }
    if let Err(error) = Format::detect(text) {
        assert!(!error.to_string().is_empty());
    }
});
