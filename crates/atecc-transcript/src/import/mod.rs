//! Bus traffic that others recorded.
//!
//! Each importer gives the actions; where they come from is for the caller to
//! say, in a [`Header`]. The JSON of recordings says it itself. What a source
//! does not tell is not made up: no times, no acknowledges, no wakes.

mod address;
mod annotation;
mod error;
pub mod ftrace;
mod json;
pub mod saleae;
pub mod sigrok;
mod table;
mod value;
mod wire;

pub use error::{ImportError, Malformed};
pub use json::recording;

/// What a text seems to be.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// A transcript already.
    Transcript,
    /// The JSON of recordings: [`recording`].
    Recording,
    /// A table that a Saleae program exported: [`saleae::lines`].
    Saleae,
    /// What sigrok-cli printed: [`sigrok::lines`].
    Sigrok,
    /// A trace of the Linux kernel: [`ftrace::lines`].
    Ftrace,
}

impl Format {
    /// What `text` seems to be, by its first lines; `None` when it is nothing
    /// known.
    #[must_use]
    pub fn detect(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().find(|line| !line.trim().is_empty())?;
        let any = |found: fn(&str) -> bool| text.lines().any(found);
        if first.starts_with("atecc-transcript ") {
            Some(Self::Transcript)
        } else if first.trim_start().starts_with('{') {
            Some(Self::Recording)
        } else if saleae::is_header(first) {
            Some(Self::Saleae)
        } else if any(ftrace::is_event) {
            Some(Self::Ftrace)
        } else if any(sigrok::is_event) {
            Some(Self::Sigrok)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn formats_are_told_apart() {
        for (text, format) in [
            ("atecc-transcript 1\n", Some(Format::Transcript)),
            ("\n {\"schema\": 1}", Some(Format::Recording)),
            (
                "name,type,start_time,duration,\"ack\",\"address\",\"read\",\"data\"\n",
                Some(Format::Saleae),
            ),
            (
                "Time [s],Packet ID,Address,Data,Read/Write,ACK/NAK\n",
                Some(Format::Saleae),
            ),
            (
                "# tracer: nop\n a-1 [0] 1.0: i2c_read: i2c-1 #0 a=060\n",
                Some(Format::Ftrace),
            ),
            ("i2c-1: Start\n", Some(Format::Sigrok)),
            ("12-34 i2c-1: Start\n", Some(Format::Sigrok)),
            ("once upon a time\n", None),
            ("", None),
        ] {
            assert_eq!(Format::detect(text), format, "{text}");
        }
    }
}
