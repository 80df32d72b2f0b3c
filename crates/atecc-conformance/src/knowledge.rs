//! What is known of a chip's memory, byte by byte.

use std::ops::Range;

use atecc_emulator::{CONFIG_SIZE, DATA_SIZE, Image, OTP_SIZE, Revision, Slot};
use data_encoding::HEXLOWER_PERMISSIVE;

use crate::target::Place;

/// Bytes, and which of them are known.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Zone {
    bytes: Vec<u8>,
    known: Vec<bool>,
}

impl Zone {
    fn unknown(size: usize) -> Self {
        Self {
            bytes: vec![0; size],
            known: vec![false; size],
        }
    }

    fn fill(&self, into: &mut [u8]) {
        for ((to, byte), known) in into.iter_mut().zip(&self.bytes).zip(&self.known) {
            if *known {
                *to = *byte;
            }
        }
    }
}

/// The zones of a chip as far as they are known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Knowledge {
    config: Zone,
    otp: Zone,
    slots: Vec<Zone>,
}

/// A start image that is malformed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("start image, line {line}: {problem}")]
pub struct StartError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

impl Knowledge {
    /// Nothing is known.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            config: Zone::unknown(CONFIG_SIZE),
            otp: Zone::unknown(OTP_SIZE),
            slots: Slot::all().map(|slot| Zone::unknown(slot.size())).collect(),
        }
    }

    /// What an image says, in the format of the emulator's image files; it may
    /// leave bytes out.
    ///
    /// # Errors
    /// [`StartError`] at the first line that is not understood.
    pub fn from_text(text: &str) -> Result<Self, StartError> {
        let mut knowledge = Self::nothing();
        for (line, number) in text.lines().zip(1..) {
            knowledge.line(line).map_err(|problem| StartError {
                line: number,
                problem,
            })?;
        }
        Ok(knowledge)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let place = match words.next() {
            None | Some("atecc-emulator-image" | "chip") => return Ok(()),
            Some("config") => Place::Config,
            Some("otp") => Place::Otp,
            Some("slot") => {
                let index = words.next().unwrap_or_default();
                Place::Slot(index.parse().or(Err(format!("{index:?} is no slot")))?)
            }
            Some(other) => return Err(format!("{other:?} is none of chip, config, otp, slot")),
        };
        let offset = words.next().unwrap_or_default();
        let digits = offset.strip_prefix("0x").unwrap_or_default();
        let offset =
            usize::from_str_radix(digits, 16).or(Err(format!("{offset:?} is no offset")))?;
        let bytes = from_hex(&words.collect::<String>()).ok_or("bytes are pairs of digits")?;
        if self.tell(place, offset, &bytes) {
            Ok(())
        } else {
            Err(format!("{} bytes do not fit at {offset}", bytes.len()))
        }
    }

    fn zone(&self, place: Place) -> Option<&Zone> {
        match place {
            Place::Config => Some(&self.config),
            Place::Otp => Some(&self.otp),
            Place::Slot(index) => self.slots.get(usize::from(index)),
        }
    }

    fn zone_mut(&mut self, place: Place) -> Option<&mut Zone> {
        match place {
            Place::Config => Some(&mut self.config),
            Place::Otp => Some(&mut self.otp),
            Place::Slot(index) => self.slots.get_mut(usize::from(index)),
        }
    }

    /// From now on these bytes are known. False when there is no such place;
    /// what lies past the end of a slot's last block is ignored.
    pub(crate) fn tell(&mut self, place: Place, offset: usize, bytes: &[u8]) -> bool {
        let Some(zone) = self.zone_mut(place) else {
            return false;
        };
        let Some(room) = zone.bytes.get_mut(offset..) else {
            return false;
        };
        if bytes.len() > room.len().next_multiple_of(32) {
            return false;
        }
        for ((at, known), byte) in room.iter_mut().zip(&mut zone.known[offset..]).zip(bytes) {
            (*at, *known) = (*byte, true);
        }
        true
    }

    /// From now on these bytes are not known.
    pub(crate) fn forget(&mut self, place: Place, range: Range<usize>) {
        if let Some(zone) = self.zone_mut(place) {
            let end = range.end.min(zone.known.len());
            if let Some(known) = zone.known.get_mut(range.start..end) {
                known.fill(false);
            }
        }
    }

    /// Whether all of these bytes are known.
    pub(crate) fn knows(&self, place: Place, range: Range<usize>) -> bool {
        let zone = self.zone(place);
        let known = zone.and_then(|zone| {
            let end = range.end.min(zone.known.len());
            zone.known.get(range.start..end)
        });
        known.is_some_and(|known| known.iter().all(|known| *known))
    }

    /// One byte of the configuration, if it is known.
    pub(crate) fn config(&self, at: usize) -> Option<u8> {
        self.knows(Place::Config, at..at + 1)
            .then(|| self.config.bytes.get(at).copied())
            .flatten()
    }

    /// An image of `base` with all that is known. What is not known comes from
    /// `base`.
    pub(crate) fn image(&self, base: &Image) -> Option<Image> {
        let mut config = *base.config();
        self.config.fill(&mut config);
        let mut otp = *base.otp();
        self.otp.fill(&mut otp);
        let mut image = Image::from_zones(config, otp, [0; DATA_SIZE]).ok()?;
        for (slot, zone) in Slot::all().zip(&self.slots) {
            image.slot_mut(slot).copy_from_slice(base.slot(slot));
            zone.fill(image.slot_mut(slot));
        }
        Some(image)
    }

    /// The part that the known revision bytes name.
    pub(crate) fn revision(&self) -> Option<Revision> {
        let bytes = [
            self.config(4)?,
            self.config(5)?,
            self.config(6)?,
            self.config(7)?,
        ];
        Revision::from_rev_num(bytes)
    }
}

/// Pairs of digits.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_image_leaves_out_is_not_known() {
        let text = "chip ATECC508A\nconfig 0x004 0000 5000 # revision\nslot 3 0x020 01020304\n";
        let knowledge = Knowledge::from_text(text).unwrap();
        assert_eq!(knowledge.revision(), Some(Revision::Atecc508A));
        assert!(knowledge.knows(Place::Slot(3), 32..36));
        assert!(!knowledge.knows(Place::Slot(3), 31..36));
        let blank = Image::blank(Revision::Atecc508A);
        let image = knowledge.image(&blank).unwrap();
        assert_eq!(image.config(), blank.config());
        assert_eq!(
            image.slot(Slot::of_param2(3))[30..],
            [0xFF, 0xFF, 1, 2, 3, 4]
        );
    }

    #[test]
    fn malformed_lines_are_named() {
        for (text, line) in [
            ("config 4 00", 1),
            ("\nslot 16 0x0 00", 2),
            ("otp 0x40 00", 1),
            ("config 0x00 0", 1),
            ("rom 0x00 00", 1),
        ] {
            assert_eq!(Knowledge::from_text(text).unwrap_err().line, line, "{text}");
        }
    }
}
