//! Whether a recording determines an answer that the emulator gives
//! differently, and if not, why not.

use atecc::Opcode;
use atecc::config::offset;
use atecc::group::parse_group;
use atecc::parse::CommandGroup;
use atecc_emulator::{CONFIG_SIZE, Image, OTP_SIZE, Slot};

use super::tracked_state::TrackedState;
use crate::reason::Reason;
use crate::target::{Place, Target};
use crate::usage::is_pattern;

/// What an answer may depend on.
pub(super) struct Context<'a> {
    pub(super) tracked: &'a TrackedState,
    /// The emulated chip's memory.
    pub(super) image: &'a Image,
}

/// Why `recorded` may differ from `emulated`, both payloads. `None` when it may
/// not.
pub(super) fn explain(
    group: &CommandGroup<'_>,
    recorded: &[u8],
    emulated: &[u8],
    context: &Context<'_>,
) -> Option<Reason> {
    // Sources: ATECC508A datasheet, "Status/Error Codes".
    if matches!(recorded, [0x05 | 0xEE | 0xFF]) {
        return Some(Reason::Passing);
    }
    // A refusal by one of them: locks and slot configurations decide.
    if (refused(recorded) || refused(emulated)) && !context.configured(group) {
        return Some(Reason::Configuration);
    }
    context.contents(group, recorded, emulated)
}

/// Whether a payload is the status of a failure.
pub(super) fn refused(payload: &[u8]) -> bool {
    matches!(payload, [0x03..=0xFF])
}

impl Context<'_> {
    /// Whether all the configuration is known on which `group` depends.
    fn configured(&self, group: &CommandGroup<'_>) -> bool {
        let known =
            |from: usize, len: usize| self.tracked.known.knows(Place::Config, from..from + len);
        let locks = known(offset::LOCK_VALUE, 4);
        let slot = match Target::from_group(group) {
            Some(Target {
                place: Place::Slot(slot),
                ..
            }) if matches!(group.opcode, Opcode::Read | Opcode::Write) => Some(slot),
            _ if matches!(group.opcode, Opcode::Read | Opcode::Write) => None,
            _ if group.opcode == Opcode::Lock => Some(group.param1 >> 2 & 0x0F),
            _ => Some(group.slot().index()),
        };
        let by_slot = slot.is_none_or(|slot| {
            let at = 2 * usize::from(slot);
            known(offset::SLOT_CONFIG + at, 2) && known(offset::KEY_CONFIG + at, 2)
        });
        // Options of the part, such as which slot an AES key may be in.
        let options = known(18, 2) && known(68, 18) && known(90, 2);
        match group.opcode {
            Opcode::Info | Opcode::Nonce | Opcode::Random => known(offset::LOCK_CONFIG, 1),
            Opcode::Read | Opcode::Write => locks && by_slot,
            _ => locks && by_slot && options,
        }
    }

    fn key(&self, slot: u8) -> bool {
        self.tracked.known.knows(Place::Slot(slot), 0..32)
    }

    /// Why memory or registers may make the difference.
    fn contents(
        &self,
        group: &CommandGroup<'_>,
        recorded: &[u8],
        emulated: &[u8],
    ) -> Option<Reason> {
        let slot = group.slot().index();
        let temp_key = (!self.tracked.temp_key).then_some(Reason::TempKey);
        let key = (!self.key(slot)).then_some(Reason::Key);
        let private =
            (!self.tracked.known.knows(Place::Slot(slot), 4..36)).then_some(Reason::PrivateKey);
        match group.opcode {
            Opcode::Read => temp_key
                .filter(|_| {
                    matches!(
                        Target::from_group(group),
                        Some(Target {
                            place: Place::Slot(_),
                            ..
                        })
                    )
                })
                .or_else(|| self.unread(group, recorded, emulated)),
            Opcode::GenKey | Opcode::Ecdh => private.or(temp_key),
            Opcode::Sign => Some(private.unwrap_or(Reason::Random)),
            // Bit 1: TempKey is in the key's place. Source: ATECC508A datasheet,
            // "MAC Command" and "CheckMac Command".
            Opcode::Mac | Opcode::CheckMac if group.param1 & 0x02 != 0 => temp_key,
            Opcode::Mac
            | Opcode::Hmac
            | Opcode::CheckMac
            | Opcode::Aes
            | Opcode::Kdf
            | Opcode::SecureBoot => key.or(temp_key),
            Opcode::GenDig if group.param1 == 0x02 => key.or(temp_key),
            Opcode::GenDig | Opcode::PrivWrite => temp_key,
            // The parent is the slot itself or any other.
            Opcode::DeriveKey => key
                .or(temp_key)
                .or_else(|| (!self.all_slots()).then_some(Reason::Key)),
            Opcode::Write if group.data.len() > 32 => temp_key,
            Opcode::Sha => (!self.tracked.sha).then_some(Reason::Key),
            Opcode::Verify => match group.param1 & 0x07 {
                0x02 => temp_key,
                _ => key.map(|_| Reason::Content).or(temp_key),
            },
            Opcode::Counter => {
                let at = offset::COUNTERS + 8 * usize::from(group.param2 & 1);
                (!self.tracked.known.knows(Place::Config, at..at + 8)).then_some(Reason::Count)
            }
            Opcode::Lock => self.unlockable(group),
            Opcode::Info => match group.param1 {
                0x01 => private,
                0x02 => (!self.tracked.registers).then_some(Reason::TempKey),
                0x03 => Some(Reason::Pin),
                _ => None,
            },
            Opcode::Nonce if group.param2 != 0 => temp_key,
            Opcode::Random | Opcode::Nonce => {
                let random = |payload: &[u8]| payload.len() == 32 && !is_pattern(payload);
                (random(recorded) && random(emulated)).then_some(Reason::Random)
            }
            // Write of a block, SelfTest, Pause and UpdateExtra, whose answers depend
            // on nothing that may be unknown; and what no recording has.
            _ => None,
        }
    }

    /// Whether the bytes that differ are not known.
    fn unread(&self, group: &CommandGroup<'_>, recorded: &[u8], emulated: &[u8]) -> Option<Reason> {
        let target = Target::from_group(group)?;
        if recorded.len() != emulated.len() {
            return None;
        }
        let differ = recorded.iter().zip(emulated).map(|(a, b)| a != b);
        let unknown = (target.offset..)
            .zip(differ)
            .all(|(at, differs)| !differs || !self.tracked.known.knows(target.place, at..at + 1));
        unknown.then_some(Reason::Content)
    }

    /// Whether a lock's CRC covers bytes that are not known.
    fn unlockable(&self, group: &CommandGroup<'_>) -> Option<Reason> {
        let known = match group.param1 & 0x83 {
            0x00 => self.tracked.known.knows(Place::Config, 0..CONFIG_SIZE),
            0x01 => self.tracked.known.knows(Place::Otp, 0..OTP_SIZE) && self.public_slots(),
            _ => true,
        };
        (!known).then_some(Reason::Content)
    }

    fn all_slots(&self) -> bool {
        Slot::all().all(|slot| self.key(slot.index()))
    }

    /// Whether all of the slots without a private key is known.
    fn public_slots(&self) -> bool {
        Slot::all().all(|slot| {
            let index = slot.index();
            let private = self.image.config()[offset::KEY_CONFIG + 2 * usize::from(index)] & 1 == 1;
            private || self.tracked.known.knows(Place::Slot(index), 0..slot.size())
        })
    }
}

/// The payload of a reading, if it is a sound group.
pub(super) fn payload(reading: &[u8]) -> Option<&[u8]> {
    parse_group(reading).ok()
}

/// The payload of a reading, or as much of it as the host asked for.
pub(super) fn payload_so_far(reading: &[u8]) -> Option<&[u8]> {
    let (count, rest) = reading.split_first()?;
    let short = usize::from(*count) > reading.len();
    payload(reading).or(short.then_some(rest))
}
