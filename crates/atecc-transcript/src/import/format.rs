//! What a text seems to be.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::{bus_pirate, dsview, esp_idf, ftrace, pulseview, saleae, sigrok};

/// A form that can be imported.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// A transcript already.
    Transcript,
    /// The JSON of recordings: [`super::recording`].
    Recording,
    /// What a Saleae program exported: [`saleae::lines`].
    Saleae,
    /// What sigrok-cli printed: [`sigrok::lines`].
    Sigrok,
    /// Annotations that PulseView exported: [`pulseview::lines`].
    PulseView,
    /// A table that DSView exported: [`dsview::lines`].
    DsView,
    /// A trace of the Linux kernel: [`ftrace::lines`].
    Ftrace,
    /// A log of cryptoauthlib on an ESP32: [`esp_idf::lines`].
    EspIdf,
    /// The terminal of a Bus Pirate: [`bus_pirate::lines`].
    BusPirate,
}

/// Whether a line can only be of one form.
type IsEvent = fn(&str) -> bool;

/// Forms that one of their lines gives away, wherever it is.
const BY_LINE: [(Format, IsEvent); 7] = [
    (Format::DsView, dsview::is_header),
    (Format::Ftrace, ftrace::is_event),
    (Format::Sigrok, sigrok::is_event),
    (Format::PulseView, pulseview::is_event),
    (Format::Saleae, saleae::is_event),
    (Format::EspIdf, esp_idf::is_event),
    (Format::BusPirate, bus_pirate::is_event),
];

impl Format {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::Transcript,
        Self::Recording,
        Self::Saleae,
        Self::Sigrok,
        Self::PulseView,
        Self::DsView,
        Self::Ftrace,
        Self::EspIdf,
        Self::BusPirate,
    ];

    /// What `text` seems to be: by how it begins, or else the only form of which
    /// it has a line.
    ///
    /// # Errors
    /// [`Unrecognized`]: nothing known, or several forms.
    pub fn detect(text: &str) -> Result<Self, Unrecognized> {
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().find(|line| !line.trim().is_empty());
        let first = first.unwrap_or("");
        if first.starts_with("atecc-transcript ") {
            return Ok(Self::Transcript);
        }
        if first.trim_start().starts_with('{') {
            return Ok(Self::Recording);
        }
        let mut found = Vec::new();
        for (format, is_event) in BY_LINE {
            if text.lines().any(is_event) {
                found.push(format);
            }
        }
        match found.as_slice() {
            [] => Err(Unrecognized::Unknown),
            [format] => Ok(*format),
            _ => Err(Unrecognized::Several(found)),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transcript => "a transcript",
            Self::Recording => "the JSON of recordings",
            Self::Saleae => "Saleae Logic (tables, Decoded Protocol Result, terminal)",
            Self::Sigrok => "sigrok-cli",
            Self::PulseView => "PulseView",
            Self::DsView => "DSView",
            Self::Ftrace => "ftrace of Linux",
            Self::EspIdf => "the HAL_I2C log of cryptoauthlib on ESP-IDF",
            Self::BusPirate => "Bus Pirate (terminal, sniffer)",
        })
    }
}

/// Why a text is not taken for a capture.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unrecognized {
    /// No line of it is known.
    #[error("no capture of a known form; known are {}", listed(&Format::ALL))]
    Unknown,
    /// Lines of several forms.
    #[error("lines of several forms: {}", listed(.0))]
    Several(Vec<Format>),
}

fn listed(formats: &[Format]) -> String {
    let names: Vec<String> = formats.iter().map(ToString::to_string).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Format, Unrecognized};

    const TRANSCRIPT: &str = "atecc-transcript 1\n";
    const RECORDING: &str = "\n {\"schema\": 1}\n";

    /// Those that any of their lines gives away.
    const CAPTURES: [(Format, &str); 11] = [
        (
            Format::Saleae,
            "name,type,start_time,duration,\"ack\",\"address\",\"read\",\"data\"\n",
        ),
        (
            Format::Saleae,
            "Time [s],Packet ID,Address,Data,Read/Write,ACK/NAK\n",
        ),
        (
            Format::Saleae,
            include_str!("../../tests/captures/saleae-results.csv"),
        ),
        (
            Format::Saleae,
            include_str!("../../tests/captures/saleae-terminal.txt"),
        ),
        (
            Format::DsView,
            include_str!("../../tests/captures/dsview.csv"),
        ),
        (
            Format::Ftrace,
            "# tracer: nop\n a-1 [0] 1.0: i2c_read: i2c-1 #0 a=060\n",
        ),
        (Format::Sigrok, "12-34 i2c-1: Start\n"),
        (
            Format::PulseView,
            include_str!("../../tests/captures/pulseview.txt"),
        ),
        (
            Format::EspIdf,
            include_str!("../../tests/captures/esp-idf.txt"),
        ),
        (
            Format::BusPirate,
            include_str!("../../tests/captures/bus-pirate.txt"),
        ),
        (
            Format::BusPirate,
            include_str!("../../tests/captures/bus-pirate-sniffer.txt"),
        ),
    ];

    #[test]
    fn formats_are_told_apart() {
        for (format, text) in CAPTURES {
            assert_eq!(Format::detect(text), Ok(format), "{text}");
            for (begins, other) in [
                (TRANSCRIPT, Format::Transcript),
                (RECORDING, Format::Recording),
            ] {
                assert_eq!(Format::detect(begins), Ok(other));
                assert_eq!(Format::detect(&format!("{begins}{text}")), Ok(other));
            }
            assert_eq!(Format::detect(&format!("\u{feff}{text}")), Ok(format));
        }
        assert_eq!(Format::detect("i2c-1: Start\n"), Ok(Format::Sigrok));
        for text in ["once upon a time\n", "", "03 07 30 00 00 00 03 5d\n"] {
            assert_eq!(Format::detect(text), Err(Unrecognized::Unknown), "{text}");
        }
    }

    #[test]
    fn a_text_of_two_forms_is_neither() {
        for (one, first) in CAPTURES {
            for (other, second) in CAPTURES {
                let text = format!("{first}{second}");
                let detected = Format::detect(&text);
                if one == other {
                    assert_eq!(detected, Ok(one));
                    continue;
                }
                let Err(error @ Unrecognized::Several(_)) = detected else {
                    panic!("{detected:?} {text}");
                };
                let error = error.to_string();
                assert_eq!(error.matches(", ").count(), names(one) + names(other) + 1);
                assert!(error.contains(&one.to_string()), "{error}");
                assert!(error.contains(&other.to_string()), "{error}");
            }
        }
    }

    /// A Bus Pirate's bytes without the START that stood before them.
    #[test]
    fn bytes_alone_give_their_form_away() {
        for word in ["WRITE:", "TX:", "READ:", "RX:"] {
            let bytes = format!("{word} 0xC0 ACK\n");
            assert_eq!(Format::detect(&bytes), Ok(Format::BusPirate));
            let both = format!("{bytes}write to 0x60 ack data: 0x03\n");
            let several = Unrecognized::Several([Format::Saleae, Format::BusPirate].into());
            assert_eq!(Format::detect(&both), Err(several), "{both}");
        }
        assert_eq!(Format::detect("TX: hello\n"), Err(Unrecognized::Unknown));
    }

    /// Commas in the name of a form.
    fn names(format: Format) -> usize {
        format.to_string().matches(", ").count()
    }

    #[test]
    fn the_refusal_names_every_form() {
        let text = Unrecognized::Unknown.to_string();
        for format in Format::ALL {
            assert!(text.contains(&format.to_string()), "{text}");
        }
    }
}
