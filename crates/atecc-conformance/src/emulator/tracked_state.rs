//! How far the emulated chip holds what the recorded one held.

use std::ops::Range;

use atecc::Opcode;
use atecc::config::offset;
use atecc::parse::CommandGroup;
use atecc_emulator::{CONFIG_SIZE, OTP_SIZE};
use atecc_transcript::Exchange;

use super::mathematics::Mathematics;
use crate::knowledge::Knowledge;
use crate::seal::command;
use crate::start::may_have_changed;
use crate::target::{Place, Target};

/// Bytes 68 to 83 of a 508. Source: ATECC508A datasheet, Table 2-5.
const LAST_KEY_USE: Range<usize> = 68..84;

/// Memory and registers, as far as they are known.
#[derive(Debug)]
pub(super) struct TrackedState {
    pub(super) known: Knowledge,
    pub(super) mathematics: Mathematics,
    /// `TempKey` is what the recorded chip had in it.
    pub(super) temp_key: bool,
    /// So is what the SHA engine works on.
    pub(super) sha: bool,
    /// All registers are: no command went otherwise.
    pub(super) registers: bool,
}

impl TrackedState {
    pub(super) fn at_start(known: Knowledge) -> Self {
        Self {
            known,
            mathematics: Mathematics::default(),
            temp_key: true,
            sha: true,
            registers: true,
        }
    }

    /// Take account of one command: what the recorded chip answered, and
    /// whether the emulated one answered the same. What comes back is to be
    /// sent to the emulated chip, so that it follows the recorded one.
    pub(super) fn follow(
        &mut self,
        group: &CommandGroup<'_>,
        answer: Option<&[u8]>,
        same: bool,
    ) -> Option<Vec<u8>> {
        let done = answer == Some(&[0]);
        if !same {
            self.diverge(group);
        }
        self.registers(group, done, same);
        match group.opcode {
            Opcode::Write if same && done => {
                let target = Target::from_group(group)?;
                let range = target.offset..target.offset + target.len;
                if group.data.len() == target.len && group.param1 & 0x40 == 0 {
                    self.known.tell(target.place, target.offset, group.data);
                } else {
                    self.known.forget(target.place, range);
                }
            }
            // Made from random numbers.
            Opcode::GenKey if group.param1 & 0x04 != 0 => {
                self.known.forget(Place::Slot(group.slot().index()), 0..36);
            }
            // The recorded chip is locked, whatever it holds.
            Opcode::Lock if done && !same => {
                match group.param1 & 0x03 {
                    0 => self.known.tell(Place::Config, offset::LOCK_CONFIG, &[0x00]),
                    1 => self.known.tell(Place::Config, offset::LOCK_VALUE, &[0x00]),
                    _ => false,
                };
                return Some(command(Opcode::Lock, group.param1 | 0x80, 0, &[]));
            }
            _ => {}
        }
        None
    }

    /// Something was done that the source does not show.
    pub(super) fn unrecorded(&mut self, lone: &Exchange) {
        let changed = may_have_changed(lone);
        self.unseen(changed.into_iter());
    }

    /// From now on it is another moment, before or after: what the transcript
    /// ever changes is no more known, and neither are the registers.
    pub(super) fn unseen(&mut self, changed: impl Iterator<Item = (Place, Range<usize>)>) {
        for (place, range) in changed {
            if let Place::Slot(slot) = place {
                self.mathematics.new_key(slot);
            }
            self.known.forget(place, range);
        }
        self.temp_key = false;
        self.sha = false;
        self.registers = false;
        self.mathematics.load(None);
    }

    /// One of the chips did something that the other refused: what it may have
    /// changed is no more known.
    fn diverge(&mut self, group: &CommandGroup<'_>) {
        self.temp_key = false;
        self.sha = false;
        self.registers = false;
        let config = |range: Range<usize>| Some((Place::Config, range));
        let changed = match group.opcode {
            Opcode::Write => Target::from_group(group)
                .map(|target| (target.place, target.offset..target.offset + target.len)),
            Opcode::Lock => config(match group.param1 & 0x03 {
                0 => offset::LOCK_CONFIG..offset::LOCK_CONFIG + 1,
                1 => offset::LOCK_VALUE..offset::LOCK_VALUE + 1,
                _ => offset::SLOT_LOCKED..offset::SLOT_LOCKED + 2,
            }),
            Opcode::UpdateExtra => config(offset::USER_EXTRA..offset::USER_EXTRA + 2),
            Opcode::Counter => {
                let at = offset::COUNTERS + 8 * usize::from(group.param2 & 1);
                config(at..at + 8)
            }
            Opcode::GenKey | Opcode::DeriveKey | Opcode::PrivWrite => {
                Some((Place::Slot(group.slot().index()), 0..36))
            }
            Opcode::Read | Opcode::Info | Opcode::Random | Opcode::Nonce => None,
            // A key of limited use counts in Counter0, and slot 15 of a 508 in
            // bytes of its own. Source: ATECC508A datasheet, sections 3.2.5
            // and 3.2.6.
            _ => {
                self.known.forget(Place::Config, LAST_KEY_USE);
                config(offset::COUNTERS..offset::COUNTERS + 8)
            }
        };
        if let Some((place, range)) = changed {
            self.known.forget(place, range);
        }
    }

    fn registers(&mut self, group: &CommandGroup<'_>, done: bool, same: bool) {
        let slot = Place::Slot(group.slot().index());
        match group.opcode {
            Opcode::Nonce => {
                self.temp_key = same;
                let fixed = (group.param1 == 0x03 && done).then(|| group.data.try_into().ok());
                return self.mathematics.load(fixed.flatten());
            }
            Opcode::GenKey if group.param1 & 0x18 != 0 => {
                let known = self.known.knows(slot, 0..64) && group.param1 & 0x08 == 0;
                self.temp_key &= same && known;
            }
            Opcode::GenDig => {
                let source = match group.param1 {
                    0x00 => self.known.knows(Place::Config, 0..CONFIG_SIZE),
                    0x01 => self.known.knows(Place::Otp, 0..OTP_SIZE),
                    0x02 => self.known.knows(slot, 0..32),
                    _ => true,
                };
                self.temp_key &= same && source;
            }
            Opcode::Sha => {
                self.sha = match group.param1 & 0x07 {
                    0x00 => same,
                    0x04 => same && self.known.knows(slot, 0..32),
                    _ => self.sha && same,
                };
                // The end leaves its digest there, unless Param1 says not to.
                self.temp_key &= self.sha;
            }
            // What they put there comes from a secret.
            Opcode::Kdf | Opcode::Ecdh | Opcode::CheckMac if done => self.temp_key = false,
            Opcode::Sign => {}
            _ => return,
        }
        self.mathematics.load(None);
    }
}
