//! Every operation on every slot of a zone: what `evaluate` says of it against
//! what the emulator does.
//!
//! An operation that is allowed is executed once all its needs are met, and
//! changes the slot that it is said to change and no other; with any one of its
//! needs unmet it is refused. One that is refused is refused whatever the host
//! does before.

use std::collections::BTreeMap;
use std::fmt;

use atecc::config::SlotConfig;
use atecc::{ConfigZone, Failure, Slot};
use atecc_config::{
    Explanation, Judgement, KeyNeed, Known, Need, Operation, SessionNonce, evaluate,
};

use crate::chip::{Host, Latch, Variant};

/// What was compared, and where the two differ.
#[derive(Default)]
pub(crate) struct Comparison {
    pub(crate) zones: usize,
    pub(crate) executed: usize,
    pub(crate) refused: usize,
    pub(crate) unmet: usize,
    /// Refusals whose cause was told.
    pub(crate) explained: usize,
    pub(crate) differences: Vec<String>,
    /// How often each operation was executed.
    pub(crate) by_operation: BTreeMap<&'static str, usize>,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} zones, {} comparisons: {} executed, {} refused, {} refused for one need unmet, {} \
             causes told; {} differences",
            self.zones,
            self.executed + self.refused + self.unmet,
            self.executed,
            self.refused,
            self.unmet,
            self.explained,
            self.differences.len()
        )
    }
}

impl Comparison {
    pub(crate) fn zone(&mut self, name: &str, zone: &ConfigZone) {
        self.zones += 1;
        for operation in Operation::ALL {
            for slot in Slot::ALL {
                let before = self.executed;
                if let Err(difference) = self.operation(zone, operation, slot) {
                    self.differences
                        .push(format!("{name}: {operation} {slot}: {difference} {zone:?}"));
                }
                let count = self.by_operation.entry(operation.name()).or_default();
                *count += self.executed - before;
            }
        }
    }

    fn operation(
        &mut self,
        zone: &ConfigZone,
        operation: Operation,
        slot: Slot,
    ) -> Result<(), String> {
        match evaluate(zone, operation, slot) {
            Judgement::Refused(reasons) => {
                for needs in everything(zone, operation, slot) {
                    let (answer, changed, refusal) =
                        attempt(zone, Variant::default(), operation, slot, &needs);
                    self.refused += 1;
                    self.explanation(zone, (operation, slot), refusal, |told| {
                        reasons.iter().all(|reason| {
                            let reason = reason.to_string();
                            told.causes.iter().any(|cause| cause.text == reason)
                        })
                    })?;
                    if answer.is_ok() || !changed.is_empty() {
                        return Err(format!(
                            "refused ({reasons:?}), but {answer:?} and {changed:?}"
                        ));
                    }
                }
                Ok(())
            }
            // By the sources that the emulator follows, bit 2 sets no latch.
            Judgement::Allowed(needs)
                if needs
                    .iter()
                    .any(|need| matches!(need, Need::Key(_, KeyNeed::LatchUnconfirmed))) =>
            {
                let (answer, changed, _) =
                    attempt(zone, Variant::default(), operation, slot, &needs);
                self.refused += 1;
                if answer.is_ok() || !changed.is_empty() {
                    return Err(format!("needs {needs:?}, but {answer:?} and {changed:?}"));
                }
                Ok(())
            }
            Judgement::Allowed(needs) => {
                let mut host = Host::new(zone, at_first(zone, operation, slot));
                let answer = host.perform(operation, slot, &needs);
                self.executed += 1;
                if let Err(status) = answer {
                    return Err(format!("allowed ({needs:?}), but {status:02X}"));
                }
                let target: Vec<_> = operation.target(zone, slot).into_iter().collect();
                if host.changed() != target {
                    return Err(format!("changes {target:?}, but {:?}", host.changed()));
                }
                let marks = operation == Operation::Validate
                    && at_first(zone, operation, slot) != Variant::default();
                if marks && !host.is_mark_changed(slot) {
                    return Err("marks nothing".to_owned());
                }
                self.unmet(zone, operation, slot, &needs)
            }
            untold @ Judgement::Depends { .. } => Err(format!("{untold:?}")),
        }
    }

    /// What is said of the operation's own refusal. One of a command before it
    /// is another operation's.
    fn explanation(
        &mut self,
        zone: &ConfigZone,
        asked: (Operation, Slot),
        refusal: Option<Failure>,
        is_told: impl FnOnce(&Explanation) -> bool,
    ) -> Result<(), String> {
        let told = refusal.and_then(|it| Explanation::new(zone, &it, Known::default()));
        match told.filter(|told| told.asked.contains(&asked)) {
            Some(told) if !is_told(&told) => Err(format!("explained as {told}")),
            told => {
                self.explained += usize::from(told.is_some());
                Ok(())
            }
        }
    }

    /// Each need alone.
    fn unmet(
        &mut self,
        zone: &ConfigZone,
        operation: Operation,
        slot: Slot,
        needs: &[Need],
    ) -> Result<(), String> {
        for need in needs {
            for (variant, rest) in without(zone, operation, slot, *need, needs) {
                let (answer, changed, refusal) = attempt(zone, variant, operation, slot, &rest);
                self.unmet += 1;
                // These a driver meets itself, or the zone tells them.
                let hidden = matches!(need, Need::TempKey | Need::WholeBlock)
                    || matches!(need, Need::Key(_, KeyNeed::Use(_)));
                self.explanation(zone, (operation, slot), refusal, |told| {
                    hidden || told.causes.iter().any(|cause| cause.need == Some(*need))
                })?;
                if answer.is_ok() || !changed.is_empty() {
                    return Err(format!(
                        "needs {need:?}, but without {answer:?} {changed:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// What a key that is validated or written is marked with before.
fn at_first(zone: &ConfigZone, operation: Operation, slot: Slot) -> Variant {
    let itself = zone.slot_config(slot).read_key() == slot;
    match operation {
        Operation::Write => Variant::default().with_mark(slot, 0xA),
        Operation::Validate if !itself => Variant::default().with_mark(slot, 0xA),
        _ => Variant::default(),
    }
}

fn attempt(
    zone: &ConfigZone,
    variant: Variant,
    operation: Operation,
    slot: Slot,
    needs: &[Need],
) -> (Result<(), u8>, Vec<Slot>, Option<Failure>) {
    let mut host = Host::new(zone, variant);
    let answer = host.perform(operation, slot, needs);
    let refusal = answer.err().and_then(|status| host.refusal(status));
    (answer, host.changed(), refusal)
}

/// Chip and host as they should be, but for `need`; in each way in which it can
/// be unmet.
fn without(
    zone: &ConfigZone,
    operation: Operation,
    slot: Slot,
    need: Need,
    needs: &[Need],
) -> Vec<(Variant, Vec<Need>)> {
    let but = |dropped: &dyn Fn(&Need) -> bool| -> Vec<Need> {
        needs.iter().copied().filter(|one| !dropped(one)).collect()
    };
    let is_random = |one: &Need| matches!(one, Need::Key(_, KeyNeed::RandomNonce));
    let usual = at_first(zone, operation, slot);
    let all = needs.to_vec();
    match need {
        Need::Key(_, KeyNeed::Use(_)) => {
            let used_up = Variant {
                used_up: true,
                ..usual
            };
            vec![(used_up, all)]
        }
        Need::KeyPresent => {
            let boot = matches!(
                operation,
                Operation::SecureBoot | Operation::SecureBootStore
            );
            let key = if boot {
                Slot::from_nibble(zone.0[71] >> 4)
            } else {
                slot
            };
            let empty = Variant {
                empty: Some(key),
                ..usual
            };
            vec![(empty, all)]
        }
        Need::Validated => vec![(usual.with_mark(slot, 0xA), all)],
        Need::NotValidated => vec![(usual.with_mark(slot, 0x5), all)],
        // One nonce is there for all keys that ask for a random one, and one
        // latch.
        Need::Key(_, KeyNeed::RandomNonce) => vec![(usual, but(&is_random))],
        Need::Key(_, KeyNeed::Latch) => {
            let rest = but(&|one| matches!(one, Need::Key(_, KeyNeed::Latch)));
            let clear = Variant {
                latch: Latch::Never,
                ..usual
            };
            vec![(clear, rest)]
        }
        Need::TempKey => {
            let rest = but(&|one| *one == Need::TempKey || is_random(one));
            vec![(usual, rest)]
        }
        Need::SessionKey(key, nonce) => {
            let mut ways = vec![(usual, but(&|one| *one == need))];
            if nonce == SessionNonce::Random {
                let any = needs
                    .iter()
                    .map(|one| {
                        if *one == need {
                            Need::SessionKey(key, SessionNonce::Any)
                        } else {
                            *one
                        }
                    })
                    .filter(|one| !is_random(one))
                    .collect();
                ways.push((usual, any));
            }
            ways
        }
        _ => vec![(usual, but(&|one| *one == need))],
    }
}

/// All that could be needed, read from the zone's bits: where a command has
/// several forms, each.
fn everything(zone: &ConfigZone, operation: Operation, slot: Slot) -> Vec<Vec<Need>> {
    let read_key = zone.slot_config(slot).read_key();
    let write_key = zone.slot_config(slot).write_key();
    let SlotConfig(bits) = zone.slot_config(slot);
    let mut needs = vec![Need::TempKey, Need::WholeBlock];
    match operation {
        Operation::ReadEncrypted => {
            needs.push(Need::SessionKey(read_key, SessionNonce::Random));
            needs.extend(of_key(zone, read_key));
        }
        Operation::WriteEncrypted | Operation::PrivWrite => {
            needs.push(Need::SessionKey(write_key, SessionNonce::Random));
            needs.extend(of_key(zone, write_key));
        }
        Operation::DeriveKey => {
            needs.extend(of_key(zone, slot));
            if bits & 0x9000 != 0 {
                needs.extend(of_key(zone, write_key));
            }
            if bits & 0x8000 != 0 {
                needs.push(Need::ParentMac(write_key));
            }
        }
        Operation::Validate => {
            needs.extend([Need::PublicKeyDigest, Need::SignatureFor(read_key)]);
            needs.extend(of_key(zone, slot));
            needs.extend(of_key(zone, read_key));
        }
        Operation::SecureBoot | Operation::SecureBootStore => {
            if zone.0[70] & 0x10 != 0 {
                needs.push(Need::EncryptedDigest(Slot::from_nibble(zone.0[91] >> 4)));
            }
        }
        Operation::SetLatch => needs.push(Need::Permission(slot)),
        Operation::CopyKey => {
            return [slot.index() & !1, slot.index()]
                .map(|with| {
                    let with = Slot::from_nibble(with);
                    let mut needs = vec![Need::TempKey, Need::Match(with)];
                    needs.extend(of_key(zone, with));
                    needs
                })
                .to_vec();
        }
        Operation::SignInternal => {
            needs.push(Need::InternalDigest);
            needs.extend(of_key(zone, slot));
        }
        _ => needs.extend(of_key(zone, slot)),
    }
    vec![needs]
}

fn of_key(zone: &ConfigZone, key: Slot) -> Vec<Need> {
    let key_config = zone.key_config(key);
    let mut needs = Vec::new();
    if key_config.latch_disable() {
        needs.push(Need::Key(key, KeyNeed::Latch));
    }
    if key_config.req_auth() {
        let by = key_config.auth_key();
        needs.push(Need::Key(key, KeyNeed::Authorization(by)));
    }
    if key_config.req_random() {
        needs.push(Need::Key(key, KeyNeed::RandomNonce));
    }
    if zone.slot_config(key).no_mac() {
        needs.push(Need::OtherData(key));
    }
    needs
}
