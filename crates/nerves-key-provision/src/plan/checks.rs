//! What is refused before anything is written.

use atecc::{ConfigZone, Family, SerialNumber};
use atecc_x509::{CheckedSigner, Name, NervesKeyDevice, PublicKey, Validity};
use nerves_key::{IdentityError, Snapshot};
use nerves_key_schema::{ConfigField, Layout, ManufacturerSerial, Otp, mismatches};

use crate::{AcceptedSigner, Refusal, Request};

/// The OTP zone of a chip whose identity verifies. A key that is not activated
/// may be hidden *(unconfirmed)*: then the run verifies once it is.
pub(super) fn verified_otp(snapshot: &Snapshot, layout: Layout) -> Result<Otp, IdentityError> {
    match (snapshot.identity(), layout, snapshot.otp) {
        (Ok(identity), ..) => Ok(identity.otp),
        (Err(IdentityError::Hidden(_)), Layout::Volatile, Some(otp))
            if snapshot.public_key.is_none() =>
        {
            Ok(Otp::from_bytes(otp)?)
        }
        (Err(error), ..) => Err(error),
    }
}

/// What cannot be mended is only what was seen.
pub(super) fn stranded(error: IdentityError) -> Refusal {
    match error {
        IdentityError::Hidden(what) => Refusal::NotShown(what),
        error => Refusal::Stranded(error),
    }
}

pub(super) fn check_layout(
    config: &ConfigZone,
    found: Layout,
    request: &Request,
) -> Result<(), Refusal> {
    let asked = request.layout;
    if found != asked {
        return Err(Refusal::OtherLayout { found, asked });
    }
    match (asked, config.revision().family()) {
        (Layout::Volatile, Some(Family::Atecc508)) => Err(Refusal::NoLatch(config.revision())),
        _ => Ok(()),
    }
}

pub(super) const fn check_keys(request: &Request) -> Result<(), Refusal> {
    match (request.layout, &request.volatile_keys) {
        (Layout::Standard, None) | (Layout::Volatile, Some(_)) => Ok(()),
        (layout, _) => Err(Refusal::VolatileKeys(layout)),
    }
}

/// A slip of the hand that nothing undoes: whoever may ask for MACs would have the
/// chip compute what activates its device key.
pub(super) fn check_keys_differ(request: &Request) -> Result<(), Refusal> {
    match &request.volatile_keys {
        Some(keys) if keys.are_alike() => Err(Refusal::AlikeKeys),
        _ => Ok(()),
    }
}

/// The slots that are still to be locked can be.
pub(super) fn check_lockable(config: &ConfigZone, layout: Layout) -> Result<(), Refusal> {
    let to_be_locked = |field| match field {
        ConfigField::KeyConfig(slot) => layout.locked_slots().contains(&slot),
        _ => false,
    };
    match mismatches(config, layout).find(|mismatch| to_be_locked(mismatch.field)) {
        Some(mismatch) => Err(mismatch.into()),
        None => Ok(()),
    }
}

/// What was asked for by name must be what a locked chip holds.
pub(super) fn check_contents(otp: &Otp, request: &Request) -> Result<(), Refusal> {
    if request
        .board
        .is_some_and(|board| board.as_str().as_bytes() != otp.board_name())
    {
        return Err(Refusal::OtherContents("board name"));
    }
    let area = otp.user().map_or(&[][..], |area| area);
    if request.user.as_ref().is_some_and(|user| !holds(area, user)) {
        return Err(Refusal::OtherContents("user area"));
    }
    Ok(())
}

/// As [`check_contents`], of the signer. What the chip does not show yet is
/// judged when it is read back.
pub(super) fn check_signer(snapshot: &Snapshot, request: &Request) -> Result<(), Refusal> {
    let other = other_signer(snapshot, &request.signer, request.accepted_signer);
    match other.map_err(stranded)? {
        Some(found) => Err(Refusal::OtherSigner {
            found,
            asked: request.signer.signer.public_key,
        }),
        None => Ok(()),
    }
}

/// The key of the signer that a chip holds, where that is another than
/// `accepted`. A certificate is known by its key, its dates and its signature,
/// which are what a chip stores.
pub(crate) fn other_signer(
    snapshot: &Snapshot,
    asked: &CheckedSigner,
    accepted: AcceptedSigner,
) -> Result<Option<PublicKey>, IdentityError> {
    let (Some(key), Some(compressed)) = (snapshot.signer_public_key, snapshot.signer_certificate)
    else {
        return Ok(None);
    };
    let key = PublicKey::from_nerves_key_slot(&key)?;
    let same = key == asked.signer.public_key && compressed == asked.compressed.to_bytes();
    Ok((!same && accepted == AcceptedSigner::Asked).then_some(key))
}

/// Whether a field filled with zeros holds `content`.
pub(super) fn holds(field: &[u8], content: &[u8]) -> bool {
    field.starts_with(content) && field.iter().skip(content.len()).all(|byte| *byte == 0)
}

pub(super) fn check_revision(config: &ConfigZone) -> Result<(), Refusal> {
    match config.revision() {
        atecc::Revision::Unknown(bytes) => Err(Refusal::Revision(bytes)),
        _ => Ok(()),
    }
}

pub(super) fn check_time(request: &Request) -> Result<(), Refusal> {
    let (now, clock_floor) = (request.now, request.clock_floor);
    if now < clock_floor {
        return Err(Refusal::Clock { now, clock_floor });
    }
    let validity = request.signer.validity;
    let (from, to) = (validity.not_before(), validity.not_after());
    if now < from || now > to {
        return Err(Refusal::SignerNotValid { from, to, now });
    }
    Ok(())
}

/// That the certificate survives compression depends on everything but the
/// key and the signature, so any stand in for them.
pub(super) fn check_certificate(
    request: &Request,
    chip: SerialNumber,
    serial: &ManufacturerSerial,
    validity: Validity,
) -> Result<(), Refusal> {
    let stand_in = PublicKey::from_bytes([0x5A; 64]);
    let device = NervesKeyDevice {
        subject: Name::from_serial(serial.as_str())?,
        device_sn: *chip.as_bytes(),
        public_key: stand_in,
        signer_public_key: request.signer.signer.public_key,
    };
    let signature = atecc_x509::SignatureBytes::from_bytes([0x5A; 64]);
    let tbs = device.issue(validity, request.format)?;
    let certificate = tbs.assemble(&signature);
    atecc_x509::round_trip(&certificate, &device)?;
    Ok(())
}
