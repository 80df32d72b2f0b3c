//! Transcripts of any kind, for property tests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::{Ack, Action, Header, Line, Provenance, Start, Time, Transcript};

/// One line of any characters but controls, not empty.
fn text() -> impl Strategy<Value = String> {
    "[^\\p{Cc}]{0,40}".prop_filter_map("empty", |text| {
        let text = text.trim().to_string();
        (!text.is_empty()).then_some(text)
    })
}

fn start() -> impl Strategy<Value = Start> {
    let image = vec("[^\\p{Cc}]{0,40}", 0..6);
    let image = image.prop_map(|lines: Vec<String>| {
        lines
            .into_iter()
            .flat_map(|line| [line, "\n".into()])
            .collect::<String>()
    });
    (0..3, image).prop_map(|(kind, image)| match kind {
        0 => Start::Unknown,
        1 => Start::Known(image),
        _ => Start::Constructed(image),
    })
}

pub(crate) fn header() -> impl Strategy<Value = Header> {
    let names = ("[a-z0-9-]{1,20}", text(), text(), text());
    let chip = (
        any::<Option<[u8; 4]>>(),
        0..0x80_u8,
        option::of(1..=u32::MAX),
    );
    let provenance = prop::sample::select(Provenance::ALL.to_vec());
    let date = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
    let more = (option::of(text()), option::of(text()), option::of(date));
    (names, chip, provenance, more, vec(text(), 0..3), start()).prop_map(
        |(
            (id, chip, origin, licence),
            (revision, address, scl_hz),
            provenance,
            (host, story, date),
            notes,
            start,
        )| Header {
            id,
            chip,
            revision,
            address,
            scl_hz,
            provenance,
            host,
            story,
            start,
            origin,
            licence,
            date,
            notes,
        },
    )
}

/// Bytes as a command group or a response has them, and any others.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let any = vec(any::<u8>(), 0..170);
    (any, 0..4).prop_map(|(mut bytes, kind)| {
        let length = u8::try_from(bytes.len()).unwrap_or(0);
        match (kind, bytes.as_mut_slice()) {
            (1, [count, ..]) => *count = length,
            (2, [word, count, ..]) => (*word, *count) = (0x03, length - 1),
            (3, [word, ..]) => {
                *word &= 0x03;
                bytes.truncate(1);
            }
            _ => {}
        }
        bytes
    })
}

fn action() -> impl Strategy<Value = Action<Vec<u8>>> {
    let write = (0..0x80_u8, bytes(), 0..5, any::<prop::sample::Index>());
    let write = write.prop_map(|(address, bytes, ack, index)| {
        let ack = match ack {
            0 => Ack::NoAddress,
            1 => Ack::Unknown,
            2 if !bytes.is_empty() => {
                Ack::Bytes(u16::try_from(index.index(bytes.len())).unwrap_or(0))
            }
            _ => Ack::All,
        };
        Action::Write {
            address,
            bytes,
            ack,
        }
    });
    let read = (0..0x80_u8, bytes(), 0..5).prop_map(|(address, bytes, ack)| {
        let (bytes, ack) = match ack {
            0 => (Vec::new(), Ack::NoAddress),
            1 => (Vec::new(), Ack::Unknown),
            _ => (bytes, Ack::All),
        };
        Action::Read {
            address,
            bytes,
            ack,
        }
    });
    prop_oneof![
        1 => Just(Action::Wake),
        1 => any::<u64>().prop_map(Action::Delay),
        4 => write,
        4 => read,
    ]
}

fn line() -> impl Strategy<Value = Line> {
    let range = (any::<bool>(), any::<(prop::sample::Index, u8)>());
    (
        option::of(0..=u64::MAX / 64),
        action(),
        range,
        option::of(text()),
    )
        .prop_map(|(at, mut action, (hide, (first, length)), comment)| {
            let mut redacted = 0..0;
            if let Action::Write { bytes, .. } | Action::Read { bytes, .. } = &mut action
                && hide
                && !bytes.is_empty()
            {
                let start = first.index(bytes.len());
                let end = bytes.len().min(start + 1 + usize::from(length));
                redacted = start..end;
                bytes[start..end].fill(0);
            }
            Line {
                // The step from the line before, until `lines` adds them up.
                at: at.map(Time),
                action,
                redacted,
                comment,
            }
        })
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    vec(line(), 0..20).prop_map(|mut lines| {
        let mut now = 0;
        for at in lines.iter_mut().filter_map(|line| line.at.as_mut()) {
            now += at.0;
            at.0 = now;
        }
        lines
    })
}

pub(crate) fn transcript() -> impl Strategy<Value = Transcript> {
    (header(), lines()).prop_map(|(header, lines)| Transcript { header, lines })
}
