//! What single actions mean to a chip.

use atecc_transcript::{Ack, Action, Exchange, Line, import};

/// SDA low for long enough: by name, or by an address of zeros.
pub(crate) fn is_pulse(action: &Action<Vec<u8>>, chip: u8) -> bool {
    match action {
        Action::Wake | Action::Write { address: 0, .. } => true,
        Action::Write {
            address,
            bytes,
            ack,
        } => *address == chip && bytes.is_empty() && *ack != Ack::All,
        _ => false,
    }
}

/// Whether the source prints it beside what passed on its bus.
pub(crate) fn is_beside(line: &Line) -> bool {
    let comment = line.comment.as_deref().unwrap_or_default();
    comment.starts_with(import::BESIDE)
}

/// Whether the whole answer was read again and no rewind is shown: a chip may
/// start over, or it is the answer to something that is not shown.
pub(crate) fn says_again(lines: &[Line], chip: u8, exchange: &Exchange) -> bool {
    let whole = exchange.readings.iter().filter(|one| one.group().is_some());
    let whole: Vec<_> = whole.collect();
    whole.windows(2).any(|pair| {
        let (Some(from), Some(to)) = (pair[0].lines.last(), pair[1].lines.first()) else {
            return false;
        };
        let between = lines.get(*from..*to).unwrap_or_default();
        !between.iter().any(|line| {
            matches!(&line.action, Action::Write { address, bytes, ack: Ack::All }
                if *address == chip && bytes[..] == [0x00])
        })
    })
}

/// Whether something of the exchange is left out.
pub(crate) fn redacted(lines: &[Line], exchange: &Exchange) -> bool {
    let readings = exchange.readings.iter().flat_map(|reading| &reading.lines);
    readings
        .chain([&exchange.line])
        .filter_map(|line| lines.get(*line))
        .any(|line| !line.redacted.is_empty())
}

pub(super) fn describe(ack: Ack) -> String {
    match ack {
        Ack::All => "all acknowledged".to_owned(),
        Ack::NoAddress => "address not acknowledged".to_owned(),
        Ack::Bytes(count) => format!("{count} bytes acknowledged"),
        Ack::Unknown => "not all acknowledged".to_owned(),
    }
}
