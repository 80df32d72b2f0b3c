//! Slots that stay writable, read and written piece by piece.
//!
//! A piece is what one command carries: 32 bytes, or what a slot has after its last
//! 32: of 4 bytes a word, of 8 a short block, whose rest the chip drops. Two words
//! would take two writes.
//! A write of the whole leaves out the pieces that are there already: each
//! costs bus time and wears the EEPROM.

use alloc::vec::Vec;

use atecc::commands::{ReadBlock, ReadWord, WriteBlock, WriteWord};
use atecc::procedure::{Answer, Next};
use atecc::{BlockAddress, Failure, Procedure, Region, Slot, WordAddress};
use zeroize::Zeroizing;

/// What a chunk is to hold. Settings may be passwords.
pub(crate) type Contents = Zeroizing<[u8; 32]>;

/// A block or a word of a slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Chunk {
    Block(BlockAddress),
    Word(WordAddress),
}

impl Chunk {
    /// Its bytes: 32, 8 or 4.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Block(address) => {
                let before = 32 * usize::from(address.block());
                address.region().size().saturating_sub(before).min(32)
            }
            Self::Word(_) => 4,
        }
    }

    fn read<T>(self) -> Next<T, Failure> {
        match self {
            Self::Block(address) => Next::send(&ReadBlock { address }),
            Self::Word(address) => Next::send(&ReadWord { address }),
        }
    }

    fn write<T>(self, bytes: &[u8; 32]) -> Next<T, Failure> {
        match self {
            Self::Block(address) => Next::send(&WriteBlock {
                address,
                data: *bytes,
            }),
            Self::Word(address) => {
                let [a, b, c, d, ..] = *bytes;
                Next::send(&WriteWord {
                    address,
                    data: [a, b, c, d],
                })
            }
        }
    }
}

/// The chunks of `slots`, one slot after the other.
pub(crate) fn chunks(slots: &[Slot]) -> Vec<Chunk> {
    let of_slot = |slot: &Slot| {
        let place = Region::Slot(*slot);
        let (blocks, words) = (slot.size() / 32, slot.size() / 4);
        let count = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        let block = move |index| BlockAddress::new(place, index).ok().map(Chunk::Block);
        let word = move |index| WordAddress::new(place, index).ok().map(Chunk::Word);
        let rest = match words - 8 * blocks {
            0 => None,
            1 => word(count(8 * blocks)),
            _ => block(count(blocks)),
        };
        (0..count(blocks)).filter_map(block).chain(rest)
    };
    slots.iter().flat_map(of_slot).collect()
}

/// Read all chunks, in their order, into one run of bytes.
#[derive(Clone, Debug)]
pub(crate) struct ReadChunks {
    chunks: Vec<Chunk>,
    bytes: Zeroizing<Vec<u8>>,
    done: usize,
}

impl ReadChunks {
    pub(crate) fn new(slots: &[Slot]) -> Self {
        Self::of(chunks(slots))
    }

    /// Of some chunks only.
    pub(crate) fn of(chunks: Vec<Chunk>) -> Self {
        // One that grows would leave copies behind.
        let len = chunks.iter().map(|chunk| chunk.len()).sum();
        Self {
            chunks,
            bytes: Zeroizing::new(Vec::with_capacity(len)),
            done: 0,
        }
    }
}

impl Procedure for ReadChunks {
    type Output = Zeroizing<Vec<u8>>;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Zeroizing<Vec<u8>>, Failure> {
        match answer {
            Answer::Start => {}
            Answer::Payload(payload) => {
                let len = self.chunks.get(self.done).map_or(0, |chunk| chunk.len());
                self.bytes.extend(payload.iter().take(len));
                self.done += 1;
            }
            Answer::Failed(failure) => return Next::failed(failure),
        }
        match self.chunks.get(self.done) {
            Some(chunk) => chunk.read(),
            None => Next::Done(Ok(core::mem::take(&mut self.bytes))),
        }
    }
}

/// Write some chunks, in the order given.
#[derive(Clone, Debug)]
pub(crate) struct WriteChunks {
    steps: Vec<(Chunk, Contents)>,
    done: usize,
}

impl WriteChunks {
    pub(crate) const fn new(steps: Vec<(Chunk, Contents)>) -> Self {
        Self { steps, done: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.steps.len()
    }

    /// What is there afterwards: of a chunk that is written twice the second.
    fn left(&self) -> impl Iterator<Item = &(Chunk, Contents)> {
        self.steps.iter().enumerate().filter_map(|(at, step)| {
            let mut later = self.steps.iter().skip(at + 1);
            (!later.any(|(chunk, _)| *chunk == step.0)).then_some(step)
        })
    }

    /// Read back the chunks that were written.
    pub(crate) fn read_back(&self) -> ReadChunks {
        ReadChunks::of(self.left().map(|(chunk, _)| *chunk).collect())
    }

    /// Whether that read what was written.
    pub(crate) fn holds(&self, read: &[u8]) -> bool {
        let wrote = self
            .left()
            .flat_map(|(chunk, bytes)| bytes.iter().take(chunk.len()));
        wrote.eq(read)
    }
}

impl Procedure for WriteChunks {
    type Output = ();
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), Failure> {
        match answer {
            Answer::Start => {}
            Answer::Payload(_) => self.done += 1,
            Answer::Failed(failure) => return Next::failed(failure),
        }
        match self.steps.get(self.done) {
            Some((chunk, bytes)) => chunk.write(bytes),
            None => Next::Done(Ok(())),
        }
    }
}

/// The chunks of `slots` in which `new` differs from `old`, with their new
/// bytes and their places among all chunks.
pub(crate) fn changes(slots: &[Slot], old: &[u8], new: &[u8]) -> Vec<(usize, Chunk, Contents)> {
    let mut at = 0;
    let mut changes = Vec::new();
    for (index, chunk) in chunks(slots).into_iter().enumerate() {
        let range = at..at + chunk.len();
        at = range.end;
        match (old.get(range.clone()), new.get(range)) {
            (old, Some(new)) if old != Some(new) => changes.push((index, chunk, padded(new))),
            _ => {}
        }
    }
    changes
}

/// `bytes`, zeros behind them.
pub(crate) fn padded(bytes: &[u8]) -> Contents {
    let mut block = Zeroizing::new([0; 32]);
    for (to, from) in block.iter_mut().zip(bytes) {
        *to = *from;
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_cut_into_blocks_and_words() {
        let lens = |slot: usize| -> Vec<_> {
            let chunks = chunks(&[Slot::ALL[slot]]);
            chunks.into_iter().map(Chunk::len).collect()
        };
        assert_eq!(lens(8), [32; 13]);
        assert_eq!(lens(5), [32, 4]);
        assert_eq!(lens(9), [32, 32, 8]);
    }

    #[test]
    fn of_a_chunk_written_twice_the_second_is_read_back() {
        let [first, second, ..] = chunks(&[Slot::S5])[..] else {
            panic!("slot 5 has a block and a word")
        };
        let steps = [(first, 0xFF), (second, 2), (first, 1)];
        let write = WriteChunks::new(
            steps
                .map(|(chunk, byte)| (chunk, padded(&[byte; 32])))
                .into(),
        );
        assert_eq!(write.read_back().chunks, [second, first]);
        let mut read = std::vec![2; 4];
        read.extend([1; 32]);
        assert!(write.holds(&read));
        read[35] = 0;
        assert!(!write.holds(&read));
        assert!(!write.holds(&read[..4]));
    }

    #[test]
    fn what_is_there_already_is_not_written() {
        let slots = [Slot::S5, Slot::S6];
        let old = [0; 72];
        let mut new = old;
        assert_eq!(changes(&slots, &old, &new), []);
        new[35] = 1;
        new[71] = 2;
        let changed: Vec<_> = changes(&slots, &old, &new)
            .into_iter()
            .map(|(index, chunk, bytes)| (index, chunk.len(), bytes[3]))
            .collect();
        assert_eq!(changed, [(1, 4, 1), (3, 4, 2)]);
    }
}
