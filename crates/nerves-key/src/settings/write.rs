//! Writes whose interruption is seen.

use alloc::vec::Vec;

use atecc::procedure::{Answer, Next};
use atecc::{Procedure, SerialNumber};

use super::typed::{self, HEADER, SECOND};
use super::{Settings, SettingsError, Stored, TERM};
use crate::WriteError;
use crate::chunks::{WriteChunks, changes, chunks, padded};
use crate::rewrite::Rewrite;

/// Byte of the first block while the rest is written.
const INVALID: u8 = 0xFF;

/// A write of settings; what is there already is left out.
///
/// It reads them again first: what it writes is only right over what the
/// caller had read. After a write that did not end they are another, the
/// caller's own: read them again then too.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::settings::{Area, ReadSettings};
///
/// let before = device.run(ReadSettings::new(Area::NervesKey))?;
/// device.run(before.set(&42_u32)?)?;
/// let after = device.run(ReadSettings::new(Area::NervesKey))?;
/// assert_eq!(after.get::<u32>()?, Some(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WriteSettings {
    before: Settings,
    after: Settings,
    write: WriteChunks,
    rewrite: Rewrite,
}

impl WriteSettings {
    /// Only on this chip.
    #[must_use]
    pub fn on_chip(self, chip: SerialNumber) -> Self {
        Self {
            rewrite: self.rewrite.on_chip(chip),
            ..self
        }
    }

    /// What the chip must have, for this to be written.
    pub(super) const fn before(&self) -> &Settings {
        &self.before
    }

    pub(super) fn into_parts(self) -> (Settings, WriteChunks) {
        (self.after, self.write)
    }

    /// What the chip has in the end.
    #[must_use]
    pub const fn after(&self) -> &Settings {
        &self.after
    }

    /// How many Write commands it takes.
    #[must_use]
    pub const fn commands(&self) -> usize {
        self.write.len()
    }
}

impl Settings {
    /// Write `term`, which begins with the byte 131, and zeros behind it.
    ///
    /// # Errors
    /// [`SettingsError::TooLarge`]; [`SettingsError::Unknown`] when it would
    /// not be read as a term.
    pub fn write_term(&self, term: &[u8]) -> Result<WriteSettings, SettingsError> {
        let after = Self::from_bytes(self.area, term)?;
        match after.stored()? {
            Stored::Term(_) => Ok(self.becomes(after)),
            Stored::Empty | Stored::Typed(_) => Err(SettingsError::Unknown),
        }
    }

    /// Write `bytes` as they are, and zeros behind them.
    ///
    /// # Errors
    /// [`SettingsError::TooLarge`].
    pub fn write_raw(&self, bytes: &[u8]) -> Result<WriteSettings, SettingsError> {
        Ok(self.becomes(Self::from_bytes(self.area, bytes)?))
    }

    /// Leave nothing but zeros.
    #[must_use]
    pub fn clear(&self) -> WriteSettings {
        let mut after = self.clone();
        after.bytes.fill(0);
        self.becomes(after)
    }

    /// Write a typed record with this payload, beside the newest one where
    /// both fit.
    ///
    /// # Errors
    /// [`SettingsError::TooLarge`].
    pub fn write_typed(&self, payload: &[u8]) -> Result<WriteSettings, SettingsError> {
        let limit = self.area.size() - HEADER;
        SettingsError::fitting(payload, limit)?;
        let last = typed::newest(&self.bytes);
        let generation = last.map_or(1, |last| last.generation.wrapping_add(1));
        let len = HEADER + payload.len();
        let at = match last {
            Some(last) if last.at == 0 && last.end() <= SECOND => SECOND,
            _ => 0,
        };
        // One that does not fit the second place takes all from the first on.
        let at = if at + len > self.area.size() { 0 } else { at };
        let mut after = self.clone();
        let record = typed::header(generation, payload);
        let record = record.iter().chain(payload);
        // The rest of the last block is nobody's.
        let padded = record.copied().chain(core::iter::repeat(0));
        let place = after.bytes.iter_mut().skip(at);
        for (to, from) in place.zip(padded).take(len.next_multiple_of(32)) {
            *to = from;
        }
        Ok(self.becomes(after))
    }

    /// The beginning is written last. What begins there is made invalid before
    /// anything else changes, unless the newest record is elsewhere and stays.
    fn becomes(&self, after: Self) -> WriteSettings {
        let slots = self.area.slots();
        let mut changed = changes(slots, &self.bytes, &after.bytes);
        changed.sort_by_key(|(index, ..)| *index == 0);
        let mut steps = Vec::with_capacity(changed.len() + 1);
        let begins = self.bytes.first() == Some(&TERM) || typed::begins(&self.bytes);
        let in_one_step = changed.iter().all(|(index, ..)| *index == 0);
        if begins && !in_one_step && !self.survives(&after) {
            let first = chunks(slots).into_iter().next();
            steps.extend(first.map(|chunk| (chunk, padded(&[INVALID; 32]))));
            if !changed.iter().any(|(index, ..)| *index == 0) {
                let bytes = padded(self.bytes.get(..32).unwrap_or_default());
                changed.extend(first.map(|chunk| (0, chunk, bytes)));
            }
        }
        steps.extend(changed.into_iter().map(|(_, chunk, bytes)| (chunk, bytes)));
        WriteSettings {
            before: self.clone(),
            after,
            write: WriteChunks::new(steps),
            rewrite: Rewrite::new(slots),
        }
    }

    /// Whether the newest record is still there afterwards, untouched.
    fn survives(&self, after: &Self) -> bool {
        typed::newest(&self.bytes).is_some_and(|last| {
            let range = last.at..last.end();
            self.bytes.get(range.clone()) == after.bytes.get(range)
        })
    }
}

impl Procedure for WriteSettings {
    type Output = ();
    type Error = WriteError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), WriteError> {
        let Self { before, write, .. } = self;
        self.rewrite.resume(answer, |found| {
            if found == before.bytes {
                Ok(write.clone())
            } else {
                Err(WriteError::Changed)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Area;
    use std::vec;

    fn empty() -> Settings {
        Settings::from_bytes(Area::NervesKey, &[]).unwrap()
    }

    #[test]
    fn small_records_take_turns() {
        let mut settings = empty();
        for turn in 0..5_u8 {
            let write = settings.write_typed(&[turn; 100]).unwrap();
            settings = write.after().clone();
            assert_eq!(settings.stored().unwrap(), Stored::Typed(&[turn; 100]));
            let at = typed::newest(&settings.bytes).unwrap().at;
            assert_eq!(at, if turn % 2 == 0 { 0 } else { SECOND });
        }
    }

    #[test]
    fn a_large_record_takes_all() {
        let small = empty().write_typed(&[1; 100]).unwrap().after().clone();
        let large = small.write_typed(&[2; 508]).unwrap().after().clone();
        assert_eq!(large.stored().unwrap(), Stored::Typed(&[2; 508]));
        let error = large.write_typed(&[2; 509]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the settings have 509 bytes, 1 too many: 508 fit"
        );
    }

    #[test]
    fn a_term_is_made_invalid_first_and_begun_last() {
        let mut term = vec![TERM; 300];
        let old = empty().write_term(&term).unwrap().after().clone();
        term[290] = 7;
        let write = old.write_term(&term).unwrap();
        // Invalid, the changed block, the beginning again.
        assert_eq!(write.commands(), 3);
        assert_eq!(old.write_term(&term[..290]).unwrap().commands(), 3);
        assert_eq!(old.write_term(&[TERM; 300]).unwrap().commands(), 0);
        assert!(matches!(old.write_term(&[1]), Err(SettingsError::Unknown)));
    }

    /// Two places of 208 bytes of payload.
    #[test]
    fn a_record_beside_another_has_room_there() {
        for (first, second, at) in [
            (208, 100, SECOND),
            (209, 100, 0),
            (100, 284, SECOND),
            (100, 285, 0),
        ] {
            let old = empty().write_typed(&vec![1; first]).unwrap();
            let new = old.after().write_typed(&vec![2; second]).unwrap();
            let found = typed::newest(&new.after().bytes).unwrap();
            assert_eq!((found.at, found.payload.len()), (at, second), "{first}");
        }
    }

    /// Nothing is made invalid that is not there, or while another record stays.
    #[test]
    fn commands_are_the_blocks_that_change() {
        // 300 bytes and 116 bytes.
        assert_eq!(empty().write_term(&[TERM; 300]).unwrap().commands(), 10);
        let mut settings = empty();
        for turn in 1..5 {
            let write = settings.write_typed(&[turn; 100]).unwrap();
            assert_eq!(write.commands(), 4, "{turn}");
            settings = write.after().clone();
        }
        // The only record: 13 blocks of slot 8, and then a block and a word of
        // each other slot; before them the beginning once more.
        let large = empty().write_typed(&[1; 508]).unwrap().after().clone();
        assert_eq!(large.write_typed(&[2; 508]).unwrap().commands(), 20);
    }

    /// What the chip holds after each Write command, read as the datasheet of
    /// the ATECC508A has it: "Address Encoding", and "Write Command".
    fn steps(write: &WriteSettings) -> Vec<Settings> {
        let mut settings = write.before.clone();
        let mut commands = write.write.clone();
        let mut answer = Answer::Start;
        let mut steps = vec![settings.clone()];
        while let Next::Send(request) = commands.resume(answer) {
            let [0x03, _, 0x12, zone, low, high, data @ ..] = request.as_bytes() else {
                panic!("{:02X?} is no Write", request.as_bytes());
            };
            let len = if zone & 0x80 == 0 { 4 } else { 32 };
            let slot = match low >> 3 {
                8 => 0,
                7 => 416,
                6 => 452,
                slot => {
                    assert_eq!(slot, 5);
                    488
                }
            };
            let at = slot + usize::from(*high) * 32 + usize::from(low & 7) * 4;
            settings.bytes[at..at + len].copy_from_slice(&data[..len]);
            steps.push(settings.clone());
            answer = Answer::Payload(&[0x00]);
        }
        steps
    }

    /// Wherever a write ends, there is the old value, the new one, or an error
    /// that says so; and of records that have two places never an error.
    #[test]
    fn a_write_that_ends_early_is_seen() {
        let term = |byte, len| {
            let mut term = vec![byte; len];
            term[0] = TERM;
            empty().write_term(&term).unwrap().after().clone()
        };
        let typed = |settings: &Settings, byte, len| {
            let write = settings.write_typed(&vec![byte; len]).unwrap();
            write.after().clone()
        };
        let small = typed(&empty(), 1, 100);
        let twice = typed(&small, 2, 100);
        let large = typed(&empty(), 3, 508);
        for before in [empty(), term(4, 300), term(5, 20), small, twice, large] {
            let writes = [
                before.clear(),
                before.write_term(&[TERM; 290]).unwrap(),
                before.write_term(&[TERM; 10]).unwrap(),
                before.write_typed(&[6; 100]).unwrap(),
                before.write_typed(&[7; 400]).unwrap(),
            ];
            for write in writes {
                let steps = steps(&write);
                assert_eq!(steps.last(), Some(write.after()));
                let (old, new) = (before.stored().unwrap(), write.after().stored().unwrap());
                let is_kept = [old, new]
                    .iter()
                    .all(|value| matches!(value, Stored::Typed(payload) if payload.len() <= 208));
                for step in &steps {
                    match step.stored() {
                        Ok(found) => assert!(found == old || found == new, "{found:?}"),
                        Err(error) => {
                            assert!(matches!(error, SettingsError::Torn), "{error}");
                            assert!(!is_kept);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn on_another_chip_nothing_is_written() {
        // SN[0..4], RevNum, SN[4..9]. Source: ATECC508A datasheet,
        // "Configuration Zone".
        let mut config = [0x55; 32];
        config[..4].copy_from_slice(&[0x01, 0x23, 1, 2]);
        config[8..13].copy_from_slice(&[3, 4, 5, 6, 0xEE]);
        let here = SerialNumber([0x01, 0x23, 1, 2, 3, 4, 5, 6, 0xEE]);
        let another = SerialNumber([0x01, 0x23, 9, 9, 9, 9, 9, 9, 0xEE]);
        for expected in [here, another] {
            let mut write = empty().write_typed(&[1]).unwrap().on_chip(expected);
            assert!(matches!(write.resume(Answer::Start), Next::Send(_)));
            match write.resume(Answer::Payload(&config)) {
                Next::Send(_) => assert_eq!(expected, here),
                Next::Done(Err(WriteError::OtherChip { found, .. })) => {
                    assert_eq!((expected, found), (another, here));
                }
                Next::Done(result) => panic!("{result:?}"),
            }
        }
    }

    #[test]
    fn what_was_never_written_is_empty() {
        for byte in [0x00, 0xFF] {
            let settings = Settings::from_bytes(Area::TrustPart, &[byte; 416]).unwrap();
            assert_eq!(settings.stored().unwrap(), Stored::Empty);
        }
        let unknown = Settings::from_bytes(Area::TrustPart, b"hello").unwrap();
        assert!(matches!(unknown.stored(), Err(SettingsError::Unknown)));
        let mut torn = vec![0xFF; 32];
        torn.push(1);
        let torn = Settings::from_bytes(Area::TrustPart, &torn).unwrap();
        assert!(matches!(torn.stored(), Err(SettingsError::Torn)));
    }
}
