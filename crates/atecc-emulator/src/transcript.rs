//! What went over a bus, as a transcript.

use atecc_transcript::{Ack, Action, Header, Line, Provenance, Start, Time, Transcript};

use crate::bus::{Acked, Bus, LogEntry};
use crate::chip::{Chip, Direction};

impl From<&LogEntry> for Line {
    /// A write to address 0 that nobody acknowledges is a wake pulse.
    fn from(entry: &LogEntry) -> Self {
        let address = entry.address;
        let bytes = entry.bytes.clone();
        let ack = match entry.acked {
            Acked::All => Ack::All,
            Acked::Nothing => Ack::NoAddress,
            Acked::Bytes(count) => u16::try_from(count).map_or(Ack::Unknown, Ack::Bytes),
        };
        let action = match entry.direction {
            Direction::Write if address == 0 && ack == Ack::NoAddress => Action::Wake,
            Direction::Write => Action::Write {
                address,
                bytes,
                ack,
            },
            Direction::Read => Action::Read {
                address,
                bytes,
                ack,
            },
        };
        Self {
            at: u64::try_from(entry.at.as_nanos()).ok().map(Time),
            action,
            redacted: 0..0,
            comment: None,
        }
    }
}

impl Bus {
    /// The header of a transcript that begins now, for chip number `index`.
    /// Its start image is the chip's, private keys included. `None` when there
    /// is no such chip.
    #[must_use]
    pub fn transcript_header(&self, index: usize, id: &str) -> Option<Header> {
        let (chip, revision, address, image) = self.inspect(index, |chip: &Chip| {
            let image = chip.image();
            let config = image.config();
            // Source: ATECC508A datasheet, Table 2-5, "RevNum".
            let revision = config.get(4..8).and_then(|bytes| bytes.try_into().ok());
            (
                image.revision().to_string(),
                revision,
                chip.address(),
                image.to_text(),
            )
        })?;
        Some(Header {
            id: id.to_owned(),
            chip,
            revision,
            address,
            scl_hz: Some(self.scl_hz().get()),
            provenance: Provenance::Emulator,
            host: None,
            story: None,
            start: Start::Known(image),
            origin: concat!("atecc-emulator ", env!("CARGO_PKG_VERSION")).to_owned(),
            licence: env!("CARGO_PKG_LICENSE").to_owned(),
            date: None,
            notes: Vec::new(),
        })
    }

    /// What was logged since [`Bus::start_log`], under `header`; logging goes
    /// on.
    #[must_use]
    pub fn take_transcript(&self, header: Header) -> Transcript {
        let lines = self.take_log().iter().map(Line::from).collect();
        Transcript { header, lines }
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal::delay::DelayNs;
    use embedded_hal::i2c::I2c;

    use super::*;
    use crate::{Entropy, Image, Revision};

    #[test]
    fn a_session_is_a_transcript() {
        let image = Image::blank(Revision::Atecc608B);
        let bus = Bus::with_chip(Chip::new(image.clone(), Entropy::Seeded(0)).expect("a chip"));
        let header = bus.transcript_header(0, "a-session").expect("a chip");
        assert_eq!(bus.transcript_header(1, "a-session"), None);
        assert_eq!(header.start, Start::Known(image.to_text()));
        bus.start_log();
        let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
        assert!(i2c.write(0x00, &[0x00]).is_err());
        delay.delay_us(1_500);
        let mut wake = [0; 4];
        i2c.read(0x60, &mut wake).expect("awake");
        i2c.write(0x60, &[0x02]).expect("awake");
        assert!(i2c.read(0x60, &mut wake).is_err());
        let transcript = bus.take_transcript(header);
        let lines: String = transcript.lines.iter().map(ToString::to_string).collect();
        let words: Vec<_> = lines
            .lines()
            .map(|line| {
                line.split_whitespace()
                    .skip(1)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        assert_eq!(
            words,
            ["wake", "read 60 04 11 3343", "idle 60", "read 60 nack"]
        );
        assert!(transcript.lines.iter().all(|line| line.at.is_some()));
        assert_eq!(Transcript::parse(&transcript.render()), Ok(transcript));
    }
}
