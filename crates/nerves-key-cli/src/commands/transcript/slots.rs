//! What a chip's slots are called: by a NervesKey's names only where its
//! configuration is one, or where somebody says so.

use atecc::config::offset;
use atecc::{ConfigZone, Slot};
use atecc_decode::Labels;
use atecc_emulator::Image;
use atecc_transcript::{Cause, Exchange, Start, Transcript, exchanges};
use nerves_key_schema::{Layout, check_for_use, slot};

use crate::cli::SlotNames;

/// The names of one layout, or none.
pub(super) struct Slots(Option<Layout>);

impl Labels for Slots {
    fn slot(&self, slot: Slot) -> Option<&str> {
        match slot::purpose(slot, self.0?) {
            "free" => None,
            purpose => Some(purpose),
        }
    }
}

impl Slots {
    /// As asked for; nothing tells by itself what one frame belongs to.
    pub(super) const fn named(asked: Option<SlotNames>) -> Self {
        Self(match asked {
            None => None,
            Some(SlotNames::NervesKey) => Some(Layout::Standard),
            Some(SlotNames::NervesKeyVolatile) => Some(Layout::Volatile),
        })
    }

    /// As asked for, else as the chip of `transcript` is configured, as far as
    /// that is in it.
    pub(super) fn of(transcript: &Transcript, asked: Option<SlotNames>) -> Self {
        if asked.is_some() {
            return Self::named(asked);
        }
        Self(configuration(transcript).and_then(|zone| {
            let layouts = [Layout::Standard, Layout::Volatile];
            layouts
                .into_iter()
                .find(|layout| check_for_use(&zone, *layout))
        }))
    }
}

/// The configuration zone as it is at the end of `transcript`, taken as locked,
/// where all is known that decides.
fn configuration(transcript: &Transcript) -> Option<ConfigZone> {
    let mut zone = match &transcript.header.start {
        Start::Known(text) | Start::Constructed(text) => Image::from_text(text)
            .ok()
            .map_or([None; 128], |image| image.config().map(Some)),
        Start::Unknown => [None; 128],
    };
    for exchange in exchanges(transcript.header.address, &transcript.lines) {
        let (at, bytes) = passed(&exchange).unwrap_or_default();
        for (to, byte) in zone.iter_mut().skip(at).zip(bytes) {
            *to = Some(byte);
        }
    }
    let decides = (offset::OTP_MODE..52).chain(96..128);
    let known = decides.clone().all(|at| zone[at].is_some());
    let mut bytes = zone.map(Option::unwrap_or_default);
    bytes[offset::LOCK_CONFIG] = 0x00;
    known.then_some(ConfigZone(bytes))
}

/// Bytes of the configuration zone that were read or written, by their offset.
/// Source: ATECC508A datasheet, section 9.1.4: the zone is in bits 1 and 0 of
/// Param1, bit 7 says 32 bytes, Param2 has block and word.
fn passed(exchange: &Exchange) -> Option<(usize, Vec<u8>)> {
    let Cause::Command(group) = &exchange.cause else {
        return None;
    };
    let [_count, opcode, param1, low, _high, data @ ..] = group.as_slice() else {
        return None;
    };
    let answer = exchange.response()?;
    let bytes = match opcode {
        0x02 => answer.get(1..answer.len().checked_sub(2)?)?,
        0x12 if answer.get(1) == Some(&0x00) => data.get(..data.len().checked_sub(2)?)?,
        _ => return None,
    };
    let length = if param1 & 0x80 == 0 { 4 } else { 32 };
    let word = if length == 4 { low & 0x1F } else { low & 0x18 };
    let zone = param1 & 0x03;
    let whole = zone == 0 && bytes.len() == length;
    whole.then(|| (4 * usize::from(word), bytes.to_vec()))
}
