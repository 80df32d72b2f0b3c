//! Text as an image. Every byte must be given exactly once.

use zeroize::Zeroizing;

use super::VERSION;
use super::error::{ParseError, Problem};
use crate::hex;
use crate::memory::{CONFIG_SIZE, DATA_SIZE, Image, OTP_SIZE, Slot};
use crate::revision::Revision;

const HEADER: &str = "atecc-emulator-image";

pub(super) fn image(text: &str) -> Result<Image, ParseError> {
    let mut lines = text.lines().zip(1..);
    header(lines.next().map_or("", |(line, _)| line)).map_err(at(1))?;
    let mut draft = Draft::empty();
    let mut last = 1;
    for (line, number) in lines {
        draft.line(line, number).map_err(at(number))?;
        last = number;
    }
    draft.finish(last + 1)
}

fn at(line: usize) -> impl Fn(Problem) -> ParseError {
    move |problem| ParseError { line, problem }
}

fn header(line: &str) -> Result<(), Problem> {
    let version = line
        .strip_prefix(HEADER)
        .and_then(|rest| rest.strip_prefix(' '))
        .ok_or(Problem::Header)?
        .trim();
    if version == VERSION.to_string() {
        Ok(())
    } else {
        Err(Problem::Version(version.to_owned()))
    }
}

/// What has been read so far.
struct Draft {
    chip: Option<(Revision, usize)>,
    config: Zone<CONFIG_SIZE>,
    otp: Zone<OTP_SIZE>,
    data: Zone<DATA_SIZE>,
}

/// Bytes, and which of them were given.
struct Zone<const N: usize> {
    bytes: [u8; N],
    given: [bool; N],
}

impl<const N: usize> Zone<N> {
    const fn empty() -> Self {
        Self {
            bytes: [0; N],
            given: [false; N],
        }
    }

    fn missing(&self) -> Option<usize> {
        self.given.iter().position(|given| !given)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.data.bytes);
    }
}

impl Draft {
    const fn empty() -> Self {
        Self {
            chip: None,
            config: Zone::empty(),
            otp: Zone::empty(),
            data: Zone::empty(),
        }
    }

    fn line(&mut self, line: &str, number: usize) -> Result<(), Problem> {
        let line = line.split('#').next().unwrap_or("").trim();
        let (field, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim_start();
        match field {
            "" => Ok(()),
            "chip" => self.chip(rest, number),
            "config" => fill(field, &mut self.config.bytes, &mut self.config.given, rest),
            "otp" => fill(field, &mut self.otp.bytes, &mut self.otp.given, rest),
            "slot" => self.slot(rest),
            _ => Err(Problem::Field(field.chars().take(8).collect())),
        }
    }

    fn chip(&mut self, name: &str, number: usize) -> Result<(), Problem> {
        let stated: Revision = name.parse().or(Err(Problem::Chip(name.to_owned())))?;
        match self.chip.replace((stated, number)) {
            None => Ok(()),
            Some(_) => Err(Problem::ChipMismatch { stated }),
        }
    }

    fn slot(&mut self, rest: &str) -> Result<(), Problem> {
        let (index, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let slot = index
            .parse()
            .ok()
            .and_then(Slot::new)
            .ok_or_else(|| Problem::Slot(index.to_owned()))?;
        let field = format!("slot {}", slot.index());
        let range = slot.range();
        let bytes = &mut self.data.bytes[range.clone()];
        fill(
            &field,
            bytes,
            &mut self.data.given[range],
            rest.trim_start(),
        )
    }

    fn finish(self, end: usize) -> Result<Image, ParseError> {
        let missing = |what: String| ParseError {
            line: end,
            problem: Problem::Missing(what),
        };
        let (stated, line) = self.chip.ok_or_else(|| missing("chip".to_owned()))?;
        if let Some(offset) = self.config.missing() {
            return Err(missing(format!("config byte {offset}")));
        }
        if let Some(offset) = self.otp.missing() {
            return Err(missing(format!("otp byte {offset}")));
        }
        for slot in Slot::all() {
            let given = &self.data.given[slot.range()];
            if let Some(offset) = given.iter().position(|given| !given) {
                return Err(missing(format!("slot {} byte {offset}", slot.index())));
            }
        }
        Image::from_zones(self.config.bytes, self.otp.bytes, self.data.bytes)
            .ok()
            .filter(|image| image.revision() == stated)
            .ok_or(ParseError {
                line,
                problem: Problem::ChipMismatch { stated },
            })
    }
}

/// Put the bytes of one line, `0xOFFSET` and hexadecimal groups, in place.
fn fill(field: &str, bytes: &mut [u8], given: &mut [bool], rest: &str) -> Result<(), Problem> {
    let (offset, digits) = rest.split_once(' ').unwrap_or((rest, ""));
    let start = offset
        .strip_prefix("0x")
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
        .ok_or_else(|| Problem::Offset(offset.to_owned()))?;
    let joined = Zeroizing::new(digits.split_whitespace().collect::<String>());
    let line = hex::decode(&joined)
        .filter(|line| !line.is_empty())
        .map(Zeroizing::new)
        .ok_or_else(|| Problem::Bytes {
            field: field.to_owned(),
            start,
        })?;
    let size = bytes.len();
    let end = start.saturating_add(line.len());
    if end > size {
        return Err(Problem::TooLong {
            field: field.to_owned(),
            size,
            end,
        });
    }
    if let Some(repeated) = given[start..end].iter().position(|given| *given) {
        return Err(Problem::Twice {
            field: field.to_owned(),
            offset: start + repeated,
        });
    }
    bytes[start..end].copy_from_slice(&line);
    given[start..end].fill(true);
    Ok(())
}
