//! The words of one action, without time and comment.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use super::Problem;
use super::number::{decimal, hex, nanoseconds};
use crate::action::WORDS;
use crate::{Ack, Action};

/// A redacted byte.
pub(super) const HIDDEN: &str = "..";

/// The action, and which of its bytes are redacted.
pub(super) type Found = (Action<Vec<u8>>, Range<usize>);

/// `text`: from the name of the action to its last word.
pub(super) fn parse(text: &str) -> Result<Found, Problem> {
    let mut words = Words(text.split_whitespace().collect());
    let name = words.next().unwrap_or("");
    let (action, redacted) = match name {
        "wake" => (Action::Wake, 0..0),
        "delay" => (Action::Delay(words.delay()?), 0..0),
        "write" => {
            let (address, (bytes, redacted)) = (words.address()?, words.bytes()?);
            let ack = words.ack()?;
            let action = Action::Write {
                address,
                bytes,
                ack,
            };
            (action, redacted)
        }
        "read" => {
            let (address, (bytes, redacted)) = (words.address()?, words.bytes()?);
            let ack = words.ack()?;
            let action = Action::Read {
                address,
                bytes,
                ack,
            };
            (action, redacted)
        }
        _ => {
            let word = WORDS.iter().find(|(word, _)| *word == name);
            let (_, byte) = word.ok_or_else(|| Problem::Action(name.to_string()))?;
            let (address, ack) = (words.address()?, words.ack()?);
            let action = Action::Write {
                address,
                bytes: [*byte].into(),
                ack,
            };
            (action, 0..0)
        }
    };
    words.end()?;
    action.check(&redacted)?;
    Ok((action, redacted))
}

struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    fn address(&mut self) -> Result<u8, Problem> {
        let word = self.next().unwrap_or("");
        let address = hex(word).filter(|address| *address < 0x80);
        address.ok_or_else(|| Problem::Address(word.to_string()))
    }

    fn delay(&mut self) -> Result<u64, Problem> {
        let word = self.next().unwrap_or("");
        nanoseconds(word).ok_or_else(|| Problem::Delay(word.to_string()))
    }

    /// The words up to `nack`, or all.
    fn bytes(&mut self) -> Result<(Vec<u8>, Range<usize>), Problem> {
        let end = self.0.iter().position(|word| *word == "nack");
        let end = end.unwrap_or(self.0.len());
        let (mut bytes, mut redacted) = (Vec::new(), 0..0);
        for word in self.0.drain(..end) {
            let malformed = || Problem::Bytes(word.to_string());
            for pair in word.as_bytes().chunks(2) {
                let pair = core::str::from_utf8(pair).ok().ok_or_else(malformed)?;
                if pair != HIDDEN {
                    bytes.push(hex(pair).ok_or_else(malformed)?);
                    continue;
                }
                if redacted.is_empty() {
                    redacted = bytes.len()..bytes.len();
                }
                if redacted.end != bytes.len() {
                    return Err(Problem::Scattered);
                }
                redacted.end += 1;
                bytes.push(0);
            }
        }
        Ok((bytes, redacted))
    }

    fn ack(&mut self) -> Result<Ack, Problem> {
        match self.next() {
            None => return Ok(Ack::All),
            Some("nack") => {}
            Some(word) => return Err(Problem::End(word.to_string())),
        }
        match self.next() {
            None => Ok(Ack::NoAddress),
            Some("somewhere") => Ok(Ack::Unknown),
            Some("after") => {
                let word = self.next().unwrap_or("");
                let count = decimal(word).and_then(|count| u16::try_from(count).ok());
                let count = count.ok_or_else(|| Problem::End(word.to_string()))?;
                Ok(Ack::Bytes(count))
            }
            Some(word) => Err(Problem::End(word.to_string())),
        }
    }

    fn end(&mut self) -> Result<(), Problem> {
        self.next()
            .map_or(Ok(()), |word| Err(Problem::End(String::from(word))))
    }
}
