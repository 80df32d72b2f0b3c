//! Whole transcripts from frames, and back.

use alloc::string::String;
use alloc::vec::Vec;

use super::encode::frame;
use super::{Begin, CHECK, DecodeError, EncodeError, Fault, Frame, Image, MAGIC, VERSION};
use crate::{Header, Line, Start, Time, Transcript};

/// Ends a frame.
const END: u8 = 0;
/// Where the version is in the first frame: after its variant and the magic.
const PREFIX: usize = 5;

impl Transcript {
    /// The binary form.
    ///
    /// # Errors
    /// [`EncodeError::Postcard`].
    pub fn to_binary(&self) -> Result<Vec<u8>, EncodeError> {
        let Header { start, notes, .. } = &self.header;
        let image = match start {
            Start::Unknown => None,
            Start::Known(image) => Some(Frame::Image(Image::Known, image)),
            Start::Constructed(image) => Some(Frame::Image(Image::Constructed, image)),
        };
        let first = Frame::Begin {
            magic: MAGIC,
            version: VERSION,
            begin: Begin::from(&self.header),
        };
        let notes = notes.iter().map(|note| Frame::Note(note));
        let records = self.lines.iter().map(|line| Frame::Record(line.record()));
        let mut bytes = Vec::new();
        let mut buffer = alloc::vec![0; 512];
        for one in [first].into_iter().chain(image).chain(notes).chain(records) {
            loop {
                match frame(&one, &mut buffer) {
                    Ok(frame) => break bytes.extend_from_slice(frame),
                    Err(EncodeError::TooLong(size)) => buffer.resize(2 * size, 0),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(bytes)
    }

    /// Read the binary form.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_binary(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut transcript: Option<Self> = None;
        let mut latest = None;
        let mut offset = 0;
        for packed in bytes.split_inclusive(|byte| *byte == END) {
            let at = |fault| DecodeError { offset, fault };
            let packed_frame = packed.strip_suffix(&[END]).ok_or(at(Fault::Cut))?;
            let payload = cobs::decode_vec(packed_frame).or(Err(at(Fault::Damaged)))?;
            match &mut transcript {
                None => transcript = Some(first(&payload).map_err(at)?),
                Some(transcript) => next(transcript, &mut latest, &payload).map_err(at)?,
            }
            offset += packed.len();
        }
        transcript.ok_or(DecodeError {
            offset,
            fault: Fault::NoBegin,
        })
    }
}

fn first(payload: &[u8]) -> Result<Transcript, Fault> {
    let version = payload.get(PREFIX).ok_or(Fault::NoBegin)?;
    if payload.get(1..PREFIX) != Some(&MAGIC) {
        return Err(Fault::NoBegin);
    }
    if *version != VERSION {
        return Err(Fault::Version(*version));
    }
    match checked(payload)? {
        Frame::Begin { begin, .. } => Ok(Transcript {
            header: Header::from(&begin),
            lines: Vec::new(),
        }),
        _ => Err(Fault::NoBegin),
    }
}

fn next(
    transcript: &mut Transcript,
    latest: &mut Option<Time>,
    payload: &[u8],
) -> Result<(), Fault> {
    let Transcript { header, lines } = transcript;
    match checked(payload)? {
        Frame::Image(kind, image) if lines.is_empty() && header.start == Start::Unknown => {
            let image = String::from(image);
            header.start = match kind {
                Image::Known => Start::Known(image),
                Image::Constructed => Start::Constructed(image),
            };
        }
        Frame::Note(note) if lines.is_empty() => header.notes.push(note.into()),
        Frame::Begin { .. } | Frame::Image(..) | Frame::Note(_) => return Err(Fault::Again),
        Frame::Record(record) => {
            record.action.check(&record.redacted)?;
            if record.at.is_some() {
                if record.at < *latest {
                    return Err(Fault::Backwards);
                }
                *latest = record.at;
            }
            lines.push(Line::from(&record));
        }
    }
    Ok(())
}

fn checked(payload: &[u8]) -> Result<Frame<'_>, Fault> {
    let frame = postcard::de_flavors::crc::take_from_bytes_u32(payload, CHECK.digest());
    match frame {
        Ok((frame, [])) => Ok(frame),
        Ok(_) | Err(postcard::Error::DeserializeBadCrc) => Err(Fault::Damaged),
        Err(error) => Err(Fault::Postcard(error)),
    }
}

impl<'a> From<&'a Header> for Begin<'a> {
    fn from(header: &'a Header) -> Self {
        Self {
            id: &header.id,
            chip: &header.chip,
            revision: header.revision,
            address: header.address,
            scl_hz: header.scl_hz,
            provenance: header.provenance,
            host: header.host.as_deref(),
            story: header.story.as_deref(),
            origin: &header.origin,
            licence: &header.licence,
            date: header.date.as_deref(),
        }
    }
}

impl From<&Begin<'_>> for Header {
    fn from(begin: &Begin<'_>) -> Self {
        Self {
            id: begin.id.into(),
            chip: begin.chip.into(),
            revision: begin.revision,
            address: begin.address,
            scl_hz: begin.scl_hz,
            provenance: begin.provenance,
            host: begin.host.map(Into::into),
            story: begin.story.map(Into::into),
            start: Start::Unknown,
            origin: begin.origin.into(),
            licence: begin.licence.into(),
            date: begin.date.map(Into::into),
            notes: Vec::new(),
        }
    }
}
