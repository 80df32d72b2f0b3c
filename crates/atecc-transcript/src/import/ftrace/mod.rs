//! Traces of the Linux kernel: the events `i2c_write`, `i2c_read`, `i2c_reply`
//! and `i2c_result` as `/sys/kernel/tracing/trace` and `trace-cmd report` print
//! them.
//!
//! ```text
//! host-7127 [001] ..... 987.236090: i2c_write: i2c-1 #0 a=060 f=0000 l=2 [03-07]
//! host-7127 [001] ..... 987.236091: i2c_read: i2c-1 #1 a=060 f=0001 l=4
//! host-7127 [001] ..... 987.236656: i2c_reply: i2c-1 #1 a=060 f=0001 l=4 [04-11-33-43]
//! host-7127 [001] ..... 987.236657: i2c_result: i2c-1 n=2 ret=2
//! ```
//!
//! The kernel traces the messages of a transfer before it begins, so that the
//! first alone has a time, and prints 64 bytes at most of each: the others are
//! given as bytes that are not told. A transfer that fails does not say where.
//! Format: include/trace/events/i2c.h of the kernel; the 64 bytes are those of
//! `%*ph` in its printk formats.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::error::{at, field};
use super::value::{Since, bare_hex, scaled};
use super::wire::{line, refused_write};
use super::{ImportError, Malformed};
use crate::{Ack, Action, Line, Time};

/// Seconds to nanoseconds.
const SECONDS: i32 = 9;

/// Errors that adapters have for a missing acknowledge: ENXIO, ENODEV,
/// EREMOTEIO. Source: Documentation/i2c/fault-codes.rst of the kernel.
const NACK: [i32; 3] = [-6, -19, -121];

const NAMES: [&str; 4] = ["i2c_write", "i2c_read", "i2c_reply", "i2c_result"];

/// The actions on bus `i2c-ADAPTER`, or on the only one that is traced.
///
/// # Errors
/// [`ImportError`].
pub fn lines(text: &str, adapter: Option<u32>) -> Result<Vec<Line>, ImportError> {
    let mut trace = Trace {
        adapter,
        chosen: adapter.is_some(),
        ..Trace::default()
    };
    let mut last = 1;
    for (number, text) in (1..).zip(text.lines()) {
        last = number;
        trace.line(text).map_err(at(number))?;
    }
    if trace.done.is_empty() {
        return Err(at(last)(Malformed::Nothing));
    }
    Ok(trace.done)
}

/// Whether a line is one of these events.
pub(super) fn is_event(line: &str) -> bool {
    split(line).is_some()
}

/// What is before the name of the event, the name, and what is after it.
fn split(line: &str) -> Option<(&str, &'static str, &str)> {
    NAMES.into_iter().find_map(|name| {
        let (before, after) = line.split_once(name)?;
        Some((before, name, after.strip_prefix(": ")?))
    })
}

#[derive(Default)]
struct Trace {
    adapter: Option<u32>,
    /// By the caller: others are passed over.
    chosen: bool,
    since: Since,
    /// The transfer under way.
    at: Option<Time>,
    messages: Vec<Message>,
    /// The ring buffer had no room for some events.
    lost: bool,
    done: Vec<Line>,
}

struct Message {
    address: u8,
    content: Content,
}

enum Content {
    Write(Bytes),
    /// What was read is in the reply.
    Read(Option<Bytes>),
}

/// Bytes, with zeros for those that are not printed.
struct Bytes {
    bytes: Vec<u8>,
    printed: usize,
}

impl Trace {
    fn line(&mut self, text: &str) -> Result<(), Malformed> {
        if text.contains("[LOST ") {
            self.lost = true;
            self.messages.clear();
            return Ok(());
        }
        let Some((before, name, after)) = split(text) else {
            return Ok(());
        };
        let mut words = after.split_whitespace();
        let bus = words.next().unwrap_or("");
        let adapter = bus
            .strip_prefix("i2c-")
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| field("bus", bus, "i2c- and a number"))?;
        match self.adapter {
            Some(known) if known != adapter && self.chosen => return Ok(()),
            Some(known) if known != adapter => return Err(Malformed::Adapters(known, adapter)),
            _ => self.adapter = Some(adapter),
        }
        let words: Vec<&str> = words.collect();
        let content = match name {
            "i2c_result" => return self.result(&words),
            "i2c_reply" => return self.reply(&words),
            "i2c_write" => Content::Write(bytes(&words)?),
            _ => Content::Read(None),
        };
        let time = self.time(before)?;
        self.message(&words, time, content)
    }

    /// The last word before the event is `987.236090:`, if times are printed.
    fn time(&mut self, before: &str) -> Result<Option<Time>, Malformed> {
        let word = before.split_whitespace().next_back();
        let Some(seconds) = word.and_then(|word| word.strip_suffix(':')) else {
            return Ok(None);
        };
        let ns = scaled(seconds, SECONDS);
        let ns = ns.ok_or_else(|| field("time", seconds, "seconds since the start"))?;
        self.since.time(ns).map(Some).ok_or(Malformed::Backwards)
    }

    fn message(
        &mut self,
        words: &[&str],
        time: Option<Time>,
        content: Content,
    ) -> Result<(), Malformed> {
        if number(words)? == 0 {
            self.messages.clear();
            self.at = time;
        }
        let address = address(words)?;
        self.messages.push(Message { address, content });
        Ok(())
    }

    /// A reply whose read was traced before the trace begins is passed over.
    fn reply(&mut self, words: &[&str]) -> Result<(), Malformed> {
        let (number, found) = (number(words)?, bytes(words)?);
        let message = self.messages.get_mut(number);
        if let Some(Content::Read(reply)) = message.map(|message| &mut message.content) {
            *reply = Some(found);
        }
        Ok(())
    }

    fn result(&mut self, words: &[&str]) -> Result<(), Malformed> {
        let outcome = value(words, "ret=")?;
        let outcome: i32 = outcome
            .parse()
            .ok()
            .ok_or_else(|| field("ret", outcome, "a number"))?;
        let messages = core::mem::take(&mut self.messages);
        let only = messages.len() == 1;
        let mut at = self.at.take();
        for (index, message) in messages.into_iter().enumerate() {
            let done = usize::try_from(outcome).is_ok_and(|done| index < done);
            let mut line = message.line(at.take(), done, only && NACK.contains(&outcome))?;
            if !done && line.action != Action::Wake {
                let comment = alloc::format!("the transfer ended with {outcome}");
                line.comment.get_or_insert(comment);
            }
            if core::mem::take(&mut self.lost) {
                line.comment = Some("events before this are lost".to_string());
            }
            self.done.push(line);
        }
        Ok(())
    }
}

impl Message {
    fn line(self, at: Option<Time>, done: bool, nack: bool) -> Result<Line, Malformed> {
        let address = self.address;
        match self.content {
            Content::Write(bytes) if done => {
                let printed = bytes.printed;
                let ack = Ack::All;
                let bytes = bytes.bytes;
                let action = Action::Write {
                    address,
                    bytes,
                    ack,
                };
                Ok(untold(line(at, action)?, printed))
            }
            Content::Write(bytes) => {
                let printed = bytes.printed;
                let action = refused_write(address, bytes.bytes, Ack::Unknown);
                Ok(untold(line(at, action)?, printed))
            }
            Content::Read(Some(bytes)) if done => {
                let printed = bytes.printed;
                let (bytes, ack) = (bytes.bytes, Ack::All);
                let action = Action::Read {
                    address,
                    bytes,
                    ack,
                };
                Ok(untold(line(at, action)?, printed))
            }
            Content::Read(_) => {
                let ack = if nack { Ack::NoAddress } else { Ack::Unknown };
                let bytes = Vec::new();
                let action = Action::Read {
                    address,
                    bytes,
                    ack,
                };
                line(at, action)
            }
        }
    }
}

/// Bytes from `printed` on are not known.
fn untold(mut line: Line, printed: usize) -> Line {
    let length = line.action.bytes().len();
    if printed < length {
        line.redacted = printed..length;
        line.comment = Some(alloc::format!(
            "the trace shows {printed} of {length} bytes"
        ));
    }
    line
}

fn value<'a>(words: &[&'a str], key: &'static str) -> Result<&'a str, Malformed> {
    let found = words.iter().find_map(|word| word.strip_prefix(key));
    found.ok_or_else(|| field("event", &words.join(" "), "as long as events are"))
}

/// `#0`: which message of its transfer.
fn number(words: &[&str]) -> Result<usize, Malformed> {
    let text = value(words, "#")?;
    let number = text.parse().ok();
    number.ok_or_else(|| field("message", text, "a number"))
}

/// `a=060`.
fn address(words: &[&str]) -> Result<u8, Malformed> {
    let text = value(words, "a=")?;
    let address = u16::from_str_radix(text, 16).ok();
    let address = address.and_then(|address| u8::try_from(address).ok());
    address
        .filter(|address| *address < 0x80)
        .ok_or_else(|| field("a", text, "a seven-bit address, such as 060"))
}

/// `l=4 [04-11-33-43]`.
fn bytes(words: &[&str]) -> Result<Bytes, Malformed> {
    let text = value(words, "l=")?;
    let length = text.parse::<u16>().ok();
    let length = usize::from(length.ok_or_else(|| field("l", text, "a number"))?);
    let text = value(words, "[")?;
    let list = text.strip_suffix(']').unwrap_or(text);
    let wanted = "as many bytes as l says, 64 at most, in hexadecimal with \"-\" between them";
    let mut bytes = list
        .split('-')
        .filter(|_| !list.is_empty())
        .map(|digits| bare_hex(digits).filter(|_| digits.len() == 2))
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(|| field("bytes", text, wanted))?;
    let printed = bytes.len();
    if printed != length.min(64) {
        return Err(field("bytes", text, wanted));
    }
    bytes.resize(length, 0);
    Ok(Bytes { bytes, printed })
}

#[cfg(test)]
mod tests;
