//! A transcript as text.

use alloc::string::{String, ToString};
use core::fmt::{self, Write};

use super::action::HIDDEN;
use super::number::Microseconds;
use super::{MAGIC, VERSION};
use crate::action::WORDS;
use crate::word_address;
use crate::{Ack, Action, Header, Line, Start, Time, Transcript};

/// Width of the column of times.
const TIME: usize = 12;
/// Bytes on the first line of an action that does not fit in one, and on those
/// that continue it.
const ROW: usize = 32;
/// Bytes of a command before its data: word address, count, opcode, param1,
/// param2. Source: ATECC508A datasheet, "Command Packets" in "I/O Groups".
const COMMAND: usize = 6;

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.header)?;
        self.lines.iter().try_for_each(|line| write!(f, "{line}"))
    }
}

impl Transcript {
    /// The text form: [`Header`]'s and each [`Line`]'s, one after the other.
    #[must_use]
    pub fn render(&self) -> String {
        self.to_string()
    }
}

/// The text form from its first line to the empty line before the actions.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC} {VERSION}")?;
        field(f, "id", &self.id)?;
        field(f, "chip", &self.chip)?;
        if let Some([a, b, c, d]) = self.revision {
            writeln!(f, "revision: {a:02x}{b:02x}{c:02x}{d:02x}")?;
        }
        writeln!(f, "address: {:02x}", self.address)?;
        if let Some(scl_hz) = self.scl_hz {
            writeln!(f, "scl-hz: {scl_hz}")?;
        }
        writeln!(f, "provenance: {}", self.provenance)?;
        for (key, value) in [
            ("host", &self.host),
            ("story", &self.story),
            ("date", &self.date),
        ] {
            value.iter().try_for_each(|value| field(f, key, value))?;
        }
        field(f, "origin", &self.origin)?;
        field(f, "licence", &self.licence)?;
        self.notes
            .iter()
            .try_for_each(|note| field(f, "note", note))?;
        match &self.start {
            Start::Unknown => writeln!(f, "start: unknown")?,
            Start::Known(image) => start(f, "known", image)?,
            Start::Constructed(image) => start(f, "constructed", image)?,
        }
        writeln!(f)
    }
}

fn field(f: &mut fmt::Formatter<'_>, key: &str, value: &str) -> fmt::Result {
    writeln!(f, "{key}: {}", single_line(value))
}

fn start(f: &mut fmt::Formatter<'_>, kind: &str, image: &str) -> fmt::Result {
    writeln!(f, "start: {kind}")?;
    image.lines().try_for_each(|line| {
        if line.is_empty() {
            writeln!(f, "|")
        } else {
            writeln!(f, "| {}", line.replace(char::is_control, " "))
        }
    })
}

/// What is between two line ends.
fn single_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_string()
}

/// The line of one action, with its end, and those that continue it.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = match self.at {
            Some(Time(ns)) => Microseconds(ns).to_string(),
            None => "-".to_string(),
        };
        write!(f, "{time:<TIME$} ")?;
        let comment = self.comment.as_deref().map(single_line);
        let comment = comment.filter(|comment| !comment.is_empty());
        let (name, address, ack) = match self.action {
            Action::Wake => return end(f, "wake", comment.as_deref()),
            Action::Delay(ns) => {
                let text = alloc::format!("delay {}", Microseconds(ns));
                return end(f, &text, comment.as_deref());
            }
            Action::Write { address, ack, .. } => ("write", address, ack),
            Action::Read { address, ack, .. } => ("read", address, ack),
        };
        let ack = match ack {
            Ack::All => String::new(),
            Ack::NoAddress => " nack".to_string(),
            Ack::Bytes(count) => alloc::format!(" nack after {count}"),
            Ack::Unknown => " nack somewhere".to_string(),
        };
        if let Some(word) = self.word() {
            let text = alloc::format!("{word} {address:02x}{ack}");
            return end(f, &text, comment.as_deref());
        }
        let rows = self.rows()?;
        let mut rows = rows.lines();
        let first = rows.next().unwrap_or_default();
        let mut text = alloc::format!("{name} {address:02x}{first}");
        let mut comment = comment.as_deref();
        for row in rows {
            end(f, &text, comment.take())?;
            write!(f, "{:TIME$} ", "")?;
            // In the column of the first byte of a write.
            text = alloc::format!("{:8}{row}", "");
        }
        text.push_str(&ack);
        end(f, &text, comment)
    }
}

fn end(f: &mut fmt::Formatter<'_>, text: &str, comment: Option<&str>) -> fmt::Result {
    match comment {
        Some(comment) => writeln!(f, "{text}  # {comment}"),
        None => writeln!(f, "{text}"),
    }
}

impl Line {
    /// The name of a write of one byte that has one.
    fn word(&self) -> Option<&'static str> {
        let (Action::Write { bytes, .. }, true) = (&self.action, self.redacted.is_empty()) else {
            return None;
        };
        let [byte] = bytes.as_slice() else {
            return None;
        };
        let word = WORDS.iter().find(|(_, known)| known == byte);
        word.map(|(word, _)| *word)
    }

    /// The bytes in groups, a blank before each, and in rows.
    fn rows(&self) -> Result<String, fmt::Error> {
        let (mut text, mut column) = (String::new(), 0);
        for (index, byte) in self.action.bytes().iter().enumerate() {
            if self.begins_group(index) {
                if column >= ROW {
                    text.push('\n');
                    column = 0;
                }
                text.push(' ');
            }
            if self.redacted.contains(&index) {
                text.push_str(HIDDEN);
            } else {
                write!(text, "{byte:02x}")?;
            }
            column += 1;
        }
        Ok(text)
    }

    /// Word address, count, opcode, param1, param2; count; the CRC, where the
    /// count says that it is one; and the data by fours.
    fn begins_group(&self, index: usize) -> bool {
        let bytes = self.action.bytes();
        let (front, count) = match (&self.action, bytes) {
            (Action::Write { .. }, [word_address::COMMAND, count, ..]) => {
                (COMMAND, 1 + usize::from(*count))
            }
            (Action::Read { .. }, [count, ..]) => (1, usize::from(*count)),
            _ => (0, usize::MAX),
        };
        let crc = (count == bytes.len()).then(|| count.saturating_sub(2));
        match index.checked_sub(front) {
            // The high byte of param2.
            None => index != COMMAND - 1,
            Some(_) if crc.is_some_and(|crc| index > crc) => false,
            Some(data) => data % 4 == 0 || crc == Some(index),
        }
    }
}
