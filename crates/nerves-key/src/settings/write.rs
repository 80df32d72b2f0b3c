//! Writes whose interruption is seen.

use alloc::vec::Vec;

use atecc::{Answer, Next, Procedure, SerialNumber};

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
            Stored::Term(_) => Ok(self.becomes(after, 0)),
            Stored::Empty | Stored::Typed(_) => Err(SettingsError::Unknown),
        }
    }

    /// Write `bytes` as they are, and zeros behind them.
    ///
    /// # Errors
    /// [`SettingsError::TooLarge`].
    pub fn write_raw(&self, bytes: &[u8]) -> Result<WriteSettings, SettingsError> {
        Ok(self.becomes(Self::from_bytes(self.area, bytes)?, 0))
    }

    /// Leave nothing but zeros.
    #[must_use]
    pub fn clear(&self) -> WriteSettings {
        let mut after = self.clone();
        after.bytes.fill(0);
        self.becomes(after, 0)
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
        Ok(self.becomes(after, at / 32))
    }

    /// Chunk `last` is written last. A term at the beginning is made invalid
    /// before anything else changes.
    fn becomes(&self, after: Self, last: usize) -> WriteSettings {
        let slots = self.area.slots();
        let mut changed = changes(slots, &self.bytes, &after.bytes);
        changed.sort_by_key(|(index, ..)| *index == last);
        let mut steps = Vec::with_capacity(changed.len() + 1);
        let begins = self.bytes.first() == Some(&TERM) || typed::begins(&self.bytes);
        let in_one_step = changed.iter().all(|(index, ..)| *index == 0);
        let first_is_last = last == 0;
        if begins && first_is_last && !in_one_step && !self.survives(&after) {
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
