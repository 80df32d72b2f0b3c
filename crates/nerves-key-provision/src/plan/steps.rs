//! The steps that remain, in their order.

use alloc::vec::Vec;

use atecc::ConfigZone;
use nerves_key::Stage;
use nerves_key_schema::{DataImage, Layout, changes, open_certificates, slot};

use crate::{CertificateSlots, DeviceKey, Request, Step};

/// Only what is not done yet; up to the data lock everything that the chip
/// cannot show is written again, and a key that nothing of ours knows is
/// replaced.
pub(super) fn steps(
    stage: Stage,
    layout: Layout,
    (found, config): (&ConfigZone, &ConfigZone),
    request: &Request,
) -> Vec<Step> {
    let mut steps = alloc::vec![Step::CheckChip];
    if matches!(stage, Stage::Blank) {
        steps.extend(changes(found, config).map(Step::WriteConfig));
        steps.push(Step::CheckConfig);
        steps.push(Step::LockConfig { crc: config.crc() });
    }
    steps.push(match request.device_key {
        DeviceKey::New => Step::CreateKey,
        DeviceKey::Recorded(_) | DeviceKey::Answered(_) => Step::ReadPublicKey,
    });
    steps.extend([
        Step::ProveKey,
        Step::IssueCertificate,
        Step::VerifyChain,
        // Others may have had the bus while the signer signed. That it still has
        // the key is what the proof before the lock says.
        Step::CheckChip,
        Step::WriteOtp,
    ]);
    steps.extend(DataImage::SLOTS.map(|slot| match (layout, slot) {
        (Layout::Volatile, slot::ACTIVATION_KEY | slot::ENCRYPTION_KEY) => Step::WriteSecret(slot),
        _ => Step::WriteSlot(slot),
    }));
    // A key that cannot be activated must not be locked in.
    steps.extend(activation(layout));
    // The lock's CRC does not cover the key.
    steps.extend([Step::ProveKey, Step::LockData]);
    steps.extend(activation(layout));
    steps.extend([Step::ReadBack, Step::ReadSlots, Step::ProveKey]);
    steps.extend(slot_locks(config, layout, request));
    steps.push(Step::CheckLocks);
    steps
}

/// The slots whose own lock is still open. Those of the certificates come first:
/// a chip whose key slot is open is not finished, so that an interruption shows.
pub(super) fn slot_locks(
    config: &ConfigZone,
    layout: Layout,
    request: &Request,
) -> impl Iterator<Item = Step> {
    let certificates = match request.certificate_slots {
        CertificateSlots::Lock => Some(open_certificates(config)),
        CertificateSlots::LeaveOpen => None,
    };
    let keys = layout.locked_slots().iter().copied();
    let keys = keys.filter(|slot| !config.slot_lock(*slot).is_locked());
    let slots = certificates.into_iter().flatten().chain(keys);
    slots.map(Step::LockSlot)
}

/// What comes before each use of the device key.
pub(super) fn activation(layout: Layout) -> Option<Step> {
    match layout {
        Layout::Standard => None,
        Layout::Volatile => Some(Step::Activate),
    }
}
