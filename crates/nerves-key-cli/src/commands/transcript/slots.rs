//! What a chip's slots are called: by a NervesKey's names only where its
//! configuration is one, or where somebody says so.

use atecc::config::offset;
use atecc::{BlockAddress, ConfigZone, Region, Slot, WordAddress};
use atecc_decode::{AnyCommand, Labels};
use atecc_emulator::Image;
use atecc_transcript::{Cause, Exchange, Start, Transcript, exchanges};
use nerves_key_schema::{Layout, check_for_use, slot};

use crate::cli::transcript::SlotNames;

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
    pub(super) const fn from_option(asked: Option<SlotNames>) -> Self {
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
            return Self::from_option(asked);
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
        let (at, bytes) = command_of(&exchange).unwrap_or_default();
        for (to, byte) in zone.iter_mut().skip(at).zip(bytes) {
            *to = Some(byte);
        }
    }
    let decides = (offset::OTP_MODE..offset::COUNTERS).chain(offset::KEY_CONFIG..128);
    let known = decides.clone().all(|at| zone[at].is_some());
    let zone = ConfigZone(zone.map(Option::unwrap_or_default));
    known.then(|| zone.with_config_locked())
}

/// Bytes of the configuration zone that were read or written, by their offset.
fn command_of(exchange: &Exchange) -> Option<(usize, Vec<u8>)> {
    let Cause::Command(group) = &exchange.cause else {
        return None;
    };
    let command = AnyCommand::parse(group).ok()?;
    let answer = command.parse_response(exchange.response()?).ok()?;
    let bytes = answer.payload();
    let done = bytes == [0x00];
    let (place, at, bytes) = match command {
        AnyCommand::ReadWord(read) => (read.address.region(), word(read.address), bytes),
        AnyCommand::ReadBlock(read) => (read.address.region(), block(read.address), bytes),
        AnyCommand::WriteWord(write) if done => (
            write.address.region(),
            word(write.address),
            write.data.into(),
        ),
        AnyCommand::WriteBlock(write) if done => (
            write.address.region(),
            block(write.address),
            write.data.into(),
        ),
        _ => return None,
    };
    // A status in the place of an answer is none of its bytes.
    (place == Region::Config && bytes.len() > 1).then_some((at, bytes))
}

const fn word(address: WordAddress) -> usize {
    4 * address.word() as usize
}

const fn block(address: BlockAddress) -> usize {
    32 * address.block() as usize
}
