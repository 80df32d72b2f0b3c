//! Addresses, seen in the Param2 of the Read commands that have them.
//!
//! The reference computes an address for regions that do not exist; here such
//! an address cannot be made.

use std::error::Error;

use atecc::address::AddressError;
use atecc::command::Request;
use atecc::commands::{ReadBlock, ReadWord};
use atecc::{BlockAddress, Command, Region, Slot, WordAddress};
use serde::Deserialize;

use tests_vector_runner::{Checked, Outcome, Verdict, holds, same};

const PAST_THE_END: Verdict = Verdict::Differs("past-the-end");

/// Byte offset, address.
#[derive(Deserialize)]
pub(super) struct Offset(u16, u16);

/// Block, word in it, address.
#[derive(Deserialize)]
pub(super) struct InBlock(u16, u16, u16);

/// Slot, block, word in it, address.
#[derive(Deserialize)]
pub(super) struct InSlot(u8, u16, u16, u16);

#[derive(Deserialize)]
pub(super) struct Data {
    slot: u8,
    addr_of_byte_offset: Vec<u16>,
}

#[derive(Deserialize)]
pub(super) struct EdgeArgs {
    call: String,
    result: Outcome<u16>,
}

#[derive(Deserialize)]
pub(super) struct SlotSizes {
    slot_sizes: Vec<usize>,
}

pub(super) fn config(Offset(offset, address): &Offset) -> Checked {
    holds("a whole word", offset % 4 == 0)?;
    word(Region::Config, offset / 4, *address)
}

pub(super) fn otp(Offset(offset, address): &Offset) -> Checked {
    holds("a whole word", offset % 4 == 0)?;
    word(Region::Otp, offset / 4, *address)
}

pub(super) fn config_block(InBlock(block, offset, address): &InBlock) -> Checked {
    in_block(Region::Config, *block, *offset, *address)
}

pub(super) fn data(row: &Data) -> Checked {
    let region = Region::Slot(Slot::new(row.slot)?);
    let mut verdict = Verdict::Pass;
    for (index, address) in (0..).zip(&row.addr_of_byte_offset) {
        if word(region, index, *address)? == PAST_THE_END {
            verdict = PAST_THE_END;
        }
    }
    Ok(verdict)
}

pub(super) fn data_block(InSlot(slot, block, offset, address): &InSlot) -> Checked {
    in_block(Region::Slot(Slot::new(*slot)?), *block, *offset, *address)
}

pub(super) fn edge_args(row: &EdgeArgs) -> Checked {
    let region = region_of_call(&row.call)?;
    match (region, &row.result) {
        (Some((region, index)), Outcome::Value(address)) => word(region, index, *address),
        (Some((region, index)), Outcome::Raised { .. }) => {
            let ours = WordAddress::new(region, u8::try_from(index)?);
            holds("there is no such word", ours.is_err())?;
            Ok(Verdict::Pass)
        }
        (None, Outcome::Raised { .. }) => Ok(Verdict::Pass),
        (None, Outcome::Value(_)) => Err("ours cannot say this address".into()),
    }
}

pub(super) fn slot_sizes(row: &SlotSizes) -> Checked {
    let ours = Slot::ALL.map(Slot::size);
    same("sizes", &ours[..], &row.slot_sizes)?;
    for slot in Slot::ALL {
        same(
            "size",
            ours[usize::from(slot.index())],
            size(Region::Slot(slot)),
        )?;
    }
    Ok(Verdict::Pass)
}

/// Size in bytes. Source: ATECC508A datasheet, "EEPROM Organization".
const fn size(region: Region) -> usize {
    match region {
        Region::Config => 128,
        Region::Otp => 64,
        Region::Slot(slot) => match slot.index() {
            0..=7 => 36,
            8 => 416,
            _ => 72,
        },
    }
}

/// Ours has the same address, or says that the word does not exist when it
/// does not.
fn word(region: Region, index: u16, theirs: u16) -> Checked {
    let index = u8::try_from(index)?;
    let exists = usize::from(index) * 4 < size(region);
    match WordAddress::new(region, index) {
        Ok(address) => {
            holds("the word exists", exists)?;
            same("address", param2(&ReadWord { address })?, theirs)?;
            Ok(Verdict::Pass)
        }
        Err(error) => {
            let expected = AddressError::Word {
                word: index,
                limit: u8::try_from(size(region) / 4)?,
                region,
            };
            holds("the word does not exist", !exists)?;
            same("error", error, expected)?;
            Ok(PAST_THE_END)
        }
    }
}

/// As [`word`]; the first word of a block that exists has the block's address.
fn in_block(region: Region, block: u16, offset: u16, theirs: u16) -> Checked {
    if let (0, Ok(address)) = (offset, BlockAddress::new(region, u8::try_from(block)?)) {
        same(
            "address of the block",
            param2(&ReadBlock { address })?,
            theirs,
        )?;
    }
    let index = block
        .checked_mul(8)
        .and_then(|word| word.checked_add(offset));
    word(region, index.ok_or("no such block")?, theirs)
}

fn param2<C: Command>(command: &C) -> Result<u16, Box<dyn Error>> {
    let request = Request::new(command)?;
    let bytes = request.as_bytes().get(4..6).ok_or("a short group")?;
    Ok(u16::from_le_bytes(bytes.try_into()?))
}

/// The word that a call of the reference is about, when ours can say it: not
/// when it is no whole word or lies past its block.
fn region_of_call(call: &str) -> Result<Option<(Region, u16)>, Box<dyn Error>> {
    let (function, rest) = call.split_once('(').ok_or("no call")?;
    let arguments = rest.trim_end_matches(')').split(',');
    let arguments: Vec<i32> = arguments
        .map(|argument| argument.trim().parse())
        .collect::<Result<_, _>>()?;
    let slot = |index: i32| Some(Region::Slot(Slot::new(u8::try_from(index).ok()?).ok()?));
    let (region, index) = match (function, arguments.as_slice()) {
        ("to_config_addr", [offset]) => (Some(Region::Config), whole_word(*offset)),
        ("to_config_addr", [block, offset]) => (Some(Region::Config), of_block(*block, *offset)),
        ("to_otp_addr", [offset]) => (Some(Region::Otp), whole_word(*offset)),
        ("to_data_addr", [index, offset]) => (slot(*index), whole_word(*offset)),
        ("to_data_addr", [index, block, offset]) => (slot(*index), of_block(*block, *offset)),
        _ => return Err(format!("{call} is not known here").into()),
    };
    Ok(region.zip(index))
}

fn whole_word(offset: i32) -> Option<u16> {
    (offset % 4 == 0).then_some(offset / 4)?.try_into().ok()
}

fn of_block(block: i32, offset: i32) -> Option<u16> {
    let word = u16::try_from(offset).ok().filter(|word| *word < 8)?;
    u16::try_from(block).ok()?.checked_mul(8)?.checked_add(word)
}
