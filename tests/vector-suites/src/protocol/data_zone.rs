//! How reading and writing a slot is split into commands.

use std::error::Error;

use atecc::procedure::{Answer, Next};
use atecc::procedures::{ReadRegion, TooManyBytes, WriteRegion};
use atecc::{Failure, Procedure, Region, Slot};
use serde::Deserialize;

use super::script::payload;
use tests_vector_runner::{Checked, Hex, Outcome, Verdict, holds, same};

/// `Read` and `Write` of a block, and of a word, in the data zone.
const READ: [u8; 2] = [0x02, 0x82];
const READ_WORD: [u8; 2] = [0x02, 0x02];
const WRITE: [u8; 2] = [0x12, 0x82];

#[derive(Deserialize)]
pub(super) struct DataZone {
    call: String,
    args: Args,
    sends: Vec<Sent>,
    result: Outcome<serde_json::Value>,
}

#[derive(Deserialize)]
struct Args {
    slot: u8,
    #[serde(default)]
    data: Option<Hex>,
}

#[derive(Deserialize)]
struct Sent {
    payload: Hex,
}

pub(super) fn data_zone(row: &DataZone) -> Checked {
    let slot = Slot::new(row.args.slot)?;
    let theirs: Vec<_> = row
        .sends
        .iter()
        .map(|sent| sent.payload.0.clone())
        .collect();
    match (row.call.as_str(), &row.args.data) {
        ("DataZone.read", None) => match slot.size() {
            36 => read::<36>(slot, &theirs),
            72 => read::<72>(slot, &theirs),
            _ => read::<416>(slot, &theirs),
        },
        ("DataZone.write" | "DataZone.write_padded", Some(data)) => {
            write(row, slot, &data.0, &theirs)
        }
        (call, _) => Err(format!("{call} is not known here").into()),
    }
}

/// The reference reads the last 32 bytes of slot 8 word by word; here they are
/// one block. It reads the blocks of a certificate's slot and then the words; here
/// they take turns.
fn read<const N: usize>(slot: Slot, theirs: &[Vec<u8>]) -> Checked {
    // No two words are alike, so that a wrong address would show.
    let memory: [u8; N] = std::array::from_fn(|at| u8::try_from(at % 251).unwrap_or_default());
    let (result, ours) = drive(ReadRegion::<N>::new(Region::Slot(slot)), &memory)?;
    same("bytes read", result?, memory)?;
    if ours == theirs {
        return Ok(Verdict::Pass);
    }
    if in_order(&ours) == in_order(theirs) {
        return Ok(Verdict::Differs("by-turns"));
    }
    let words: Vec<_> = theirs
        .iter()
        .filter(|sent| sent.starts_with(&READ_WORD))
        .collect();
    same("words of the last block", words.len(), 8)?;
    let first = words
        .first()
        .and_then(|sent| sent.get(2..))
        .unwrap_or_default();
    let mut expected = theirs[..theirs.len() - words.len()].to_vec();
    expected.push([&READ, first].concat());
    same("commands", ours, expected)?;
    Ok(Verdict::Differs("last-block"))
}

/// The same reads, whatever their order.
fn in_order(reads: &[Vec<u8>]) -> Vec<&[u8]> {
    let mut reads: Vec<_> = reads.iter().map(Vec::as_slice).collect();
    reads.sort_unstable();
    reads
}

/// The reference's `write` ends with words, which a chip takes only once its
/// data zone is locked; ours always writes whole blocks, as its `write_padded`.
fn write(row: &DataZone, slot: Slot, data: &[u8], theirs: &[Vec<u8>]) -> Checked {
    let region = Region::Slot(slot);
    let procedure = match WriteRegion::new(region, data) {
        Ok(procedure) => procedure,
        Err(error) => {
            let len = data.len();
            same("error", error, TooManyBytes { region, len })?;
            holds("both refuse", len > slot.size() && theirs.is_empty())?;
            return Ok(Verdict::Pass);
        }
    };
    let (result, ours) = drive(procedure, &[])?;
    result?;
    let raised = matches!(row.result, Outcome::Raised { .. });
    if ours == theirs && !raised {
        return Ok(Verdict::Pass);
    }
    same("call", row.call.as_str(), "DataZone.write")?;
    let address = slot.index() << 3;
    let expected: Vec<_> = (0..)
        .zip(data.chunks(32))
        .map(|(block, chunk)| {
            let mut bytes = chunk.to_vec();
            bytes.resize(32, 0);
            [&WRITE[..], &[address, block], &bytes].concat()
        })
        .collect();
    same("commands", ours, expected)?;
    Ok(Verdict::Differs("whole-blocks"))
}

/// What a procedure gave, and what it sent: opcode to data of each command.
type Driven<T> = (Result<T, Failure>, Vec<Vec<u8>>);

/// Run `procedure` on a slot that holds `memory`.
fn drive<P: Procedure<Error = Failure>>(
    mut procedure: P,
    memory: &[u8],
) -> Result<Driven<P::Output>, Box<dyn Error>> {
    let mut sent = Vec::new();
    let mut next = procedure.resume(Answer::Start);
    loop {
        let command = match next {
            Next::Send(request) => payload(&request),
            Next::Done(result) => return Ok((result, sent)),
        };
        let answer = match command.split_first_chunk() {
            Some((&[0x02, param1, low, block], [])) => {
                let at = 32 * usize::from(block) + 4 * usize::from(low & 7);
                let length = if param1 & 0x80 == 0 { 4 } else { 32 };
                memory
                    .get(at..at + length)
                    .ok_or("a read past the slot's end")?
            }
            _ => &[0x00],
        };
        sent.push(command.clone());
        next = procedure.resume(Answer::Payload(answer));
    }
}
