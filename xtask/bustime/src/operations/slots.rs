//! Slots read and written whole, in the cheapest way.

use crate::floor::commands::Place;
use crate::floor::{ChipCommand, Need, Session};

/// A slot, or the beginning of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub(super) slot: u16,
    /// Bytes, whole words.
    pub(super) size: u16,
}

/// All bytes of `regions`: blocks, and at the end words or a short block.
pub(super) fn reads(why: &'static str, regions: &[Region]) -> Session {
    pieces(
        why,
        regions,
        ChipCommand::read_block,
        ChipCommand::read_word,
    )
}

/// The same, written. Slots that are not secret take words once data are locked.
/// Source: ATECC508A datasheet, "Write Command".
pub(super) fn writes(why: &'static str, regions: &[Region]) -> Session {
    pieces(
        why,
        regions,
        ChipCommand::write_block,
        ChipCommand::write_word,
    )
}

fn pieces(
    why: &'static str,
    regions: &[Region],
    block: fn(Place, u16) -> ChipCommand,
    word: fn(Place, u16) -> ChipCommand,
) -> Session {
    let of_region = |region: &Region| {
        let place = Place::Slot(region.slot);
        let (blocks, words) = (region.size / 32, region.size / 4);
        let whole = (0..blocks).map(move |index| Need::one(why, block(place, index)));
        let rest: Vec<_> = (blocks * 8..words)
            .map(|index| word(place, index))
            .collect();
        let rest = (!rest.is_empty()).then(|| Need::any(why, [rest, vec![block(place, blocks)]]));
        whole.chain(rest)
    };
    regions.iter().flat_map(of_region).collect()
}
