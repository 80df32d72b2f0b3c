//! The private keys of parts that are no NervesKeys, which may have several.

use atecc::Slot;
use atecc_config::Policy;
use data_encoding::HEXUPPER;
use nerves_key::{Snapshot, Stage};
use nerves_key_pkcs11_core::key_slots::{KeySlots, ReadKeySlots, SlotKey, private_slots};
use serde_json::{Value, json};

use crate::causes;
use crate::chip::RecordedDevice;
use crate::error::CliError;

/// One of them.
pub(crate) struct Key {
    slot: Slot,
    held: SlotKey,
    /// As `config explain` has them.
    uses: Vec<&'static str>,
}

/// Those of the part in `snapshot`; `None` of a NervesKey, which has one.
pub(crate) fn read(
    device: &mut RecordedDevice,
    snapshot: &Snapshot,
) -> Result<Option<Vec<Key>>, CliError> {
    if !matches!(snapshot.stage(), Stage::TrustPart | Stage::Foreign(_)) {
        return Ok(None);
    }
    let config = &snapshot.config;
    let read = ReadKeySlots::new(config, private_slots(config), KeySlots::default());
    let held = causes::run(device, read)?;
    let keys = private_slots(config).filter_map(|slot| {
        let held = held.get(slot);
        let uses = Policy::of(config, slot).uses();
        let uses = uses
            .into_iter()
            .map(atecc_config::Operation::name)
            .collect();
        (held != SlotKey::Empty).then_some(Key { slot, held, uses })
    });
    Ok(Some(keys.collect()))
}

/// In one line.
pub(crate) fn text(keys: &[Key]) -> String {
    let each = keys.iter().map(|key| match &key.uses[..] {
        [] => key.slot.to_string(),
        uses => format!("{} ({})", key.slot, uses.join(" ")),
    });
    let each: Vec<_> = each.collect();
    if each.is_empty() {
        "none".to_owned()
    } else {
        each.join(", ")
    }
}

/// Slot, uses, and the public half where the chip tells it.
pub(crate) fn document(keys: &[Key]) -> Value {
    let each = keys.iter().map(|key| {
        let public = key.held.public();
        json!({
            "slot": key.slot.index(),
            "uses": key.uses,
            "public_key": public.map(|public| HEXUPPER.encode(public.as_bytes())),
        })
    });
    each.collect()
}
