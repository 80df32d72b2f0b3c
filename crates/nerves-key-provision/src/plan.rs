//! The plan: what remains to be done to one chip, before anything is done.

use alloc::string::String;
use alloc::vec::Vec;

use atecc::{ConfigZone, Family, SerialNumber, Slot};
use atecc_x509::{CheckedSigner, Format, Name, NervesKeyDevice, PublicKey, Validity};
use data_encoding::HEXLOWER;
use nerves_key::{IdentityError, Snapshot, Stage};
use nerves_key_schema::{
    BoardName, ConfigField, ConfigWrite, DataImage, Layout, ManufacturerSerial, Otp,
    check_for_provisioning, configure, mismatches, open_certificates, slot, writes,
};

use crate::{
    AcceptedSigner, CertificateSlots, DeviceKey, KeyOrigin, Refusal, Request, Step,
    VolatileSecrets, default_serial,
};

/// A device certificate is valid for as long as the format can say. Source:
/// `nerves_key` 1.3, which asks for 31 years always.
pub const DEVICE_YEARS: u16 = 31;

/// The board name where none is given. Source: `nerves_key` 1.3.
pub(crate) const DEFAULT_BOARD: &str = "NervesKey";

/// What remains to be done to one chip. Pure: made from what was read and
/// what is asked, and printable.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/request.rs"));
/// use nerves_key::ReadSnapshot;
/// use nerves_key_provision::Plan;
///
/// let snapshot = device.run(ReadSnapshot::new())?;
/// let plan = Plan::new(&snapshot, &request)?;
/// assert!(plan.is_irreversible() && plan.needs_signature());
/// print!("{plan}"); // Every step and every byte.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) stage: Stage,
    pub(crate) layout: Layout,
    pub(crate) found: ConfigZone,
    pub(crate) config: ConfigZone,
    pub(crate) otp: Otp,
    pub(crate) serial: String,
    pub(crate) signer: CheckedSigner,
    pub(crate) accepted_signer: AcceptedSigner,
    pub(crate) validity: Validity,
    pub(crate) format: Format,
    pub(crate) volatile_keys: Option<VolatileSecrets>,
    pub(crate) device_key: DeviceKey,
    pub(crate) replaced_key: Option<PublicKey>,
    pub(crate) steps: Vec<Step>,
}

impl Plan {
    /// The plan for the chip of `snapshot`.
    ///
    /// # Errors
    /// [`Refusal`] for what could not be undone later.
    pub fn new(snapshot: &Snapshot, request: &Request) -> Result<Self, Refusal> {
        let stage = snapshot.stage();
        let chip = snapshot.config.serial_number();
        match stage {
            Stage::Foreign(reason) => return Err(reason.into()),
            Stage::TrustPart => return Err(Refusal::TrustPart),
            Stage::KeySlotOpen(layout) | Stage::Finished(layout) => {
                return Self::for_locked_data(snapshot, request, stage, layout);
            }
            Stage::Blank | Stage::Configured(_) | Stage::Keyed(_) => {}
        }
        if snapshot.config.data_lock().is_locked() {
            return Err(Refusal::DataLockedFirst);
        }
        let layout = stage.layout().unwrap_or(request.layout);
        check_revision(&snapshot.config)?;
        check_layout(&snapshot.config, layout, request)?;
        check_keys(request)?;
        check_for_provisioning(&snapshot.config, layout)?;
        check_time(request)?;
        if let Some(found) = request.signer_key {
            let expected = request.signer.signer.public_key;
            if found != expected {
                return Err(Refusal::SignerKey { expected, found });
            }
        }
        let found = x509_key(snapshot);
        if request
            .device_key
            .known()
            .is_some_and(|key| Some(key) != found)
        {
            return Err(Refusal::OtherKey(found));
        }
        let serial = match request.serial {
            Some(serial) => serial,
            None => default_serial(&chip)?,
        };
        if request.used_serials.contains(serial.as_str()) {
            return Err(Refusal::SerialUsed(serial.as_str().into()));
        }
        let board = match request.board {
            Some(board) => board,
            None => BoardName::new(DEFAULT_BOARD)?,
        };
        // As new ones are made; a serial or name of another chip may be worse.
        let serial = ManufacturerSerial::incompatible(serial.as_str())?;
        let board = BoardName::new(board.as_str())?;
        let user = request.user.as_deref().unwrap_or_default();
        let otp = Otp::new(&board, &serial, user)?;
        let validity = Validity::issued_in(request.now, DEVICE_YEARS, request.format)
            .map_err(atecc_x509::Error::from)?;
        check_certificate(request, chip, &serial, validity)?;
        let config = configure(&snapshot.config, layout);
        Ok(Self {
            stage,
            layout,
            found: snapshot.config,
            config,
            otp,
            serial: serial.as_str().into(),
            signer: request.signer.clone(),
            accepted_signer: request.accepted_signer,
            validity,
            format: request.format,
            volatile_keys: request.volatile_keys.clone(),
            device_key: request.device_key,
            replaced_key: match request.device_key {
                DeviceKey::New => x509_key(snapshot),
                DeviceKey::Recorded(_) | DeviceKey::Answered(_) => None,
            },
            steps: steps(stage, layout, &config, request),
        })
    }

    /// Data and OTP are locked: check them, then lock what is still open.
    fn for_locked_data(
        snapshot: &Snapshot,
        request: &Request,
        stage: Stage,
        layout: Layout,
    ) -> Result<Self, Refusal> {
        let otp = verified_otp(snapshot, layout).map_err(stranded)?;
        let found = otp.manufacturer_serial();
        if let Some(asked) = request
            .serial
            .filter(|asked| asked.as_str().as_bytes() != found)
        {
            return Err(Refusal::OtherSerial {
                found: String::from_utf8_lossy(found).into_owned(),
                asked: asked.as_str().into(),
            });
        }
        check_contents(&otp, request)?;
        check_signer(snapshot, request)?;
        check_layout(&snapshot.config, layout, request)?;
        let mut steps = Vec::new();
        if !matches!(stage, Stage::Finished(_)) {
            check_keys(request)?;
            check_lockable(&snapshot.config, layout)?;
            steps.push(Step::CheckChip);
            steps.extend(activation(layout));
            steps.extend([Step::ReadBack, Step::ProveKey]);
            steps.extend(slot_locks(&snapshot.config, layout, request));
            steps.push(Step::CheckLocks);
        }
        Ok(Self {
            stage,
            layout,
            found: snapshot.config,
            config: snapshot.config,
            otp,
            serial: String::from_utf8_lossy(found).into_owned(),
            signer: request.signer.clone(),
            accepted_signer: request.accepted_signer,
            validity: request.signer.validity,
            format: request.format,
            volatile_keys: request.volatile_keys.clone(),
            device_key: request.device_key,
            replaced_key: None,
            steps,
        })
    }

    /// The steps that remain, in order; none for a finished chip.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The stage that the plan starts from.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The layout that the chip gets.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// The configuration zone as it will be locked.
    #[must_use]
    pub const fn config(&self) -> &ConfigZone {
        &self.config
    }

    /// The OTP zone as it will be locked.
    #[must_use]
    pub const fn otp(&self) -> &Otp {
        &self.otp
    }

    /// The manufacturer serial.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The signer certificate.
    #[must_use]
    pub const fn signer(&self) -> &CheckedSigner {
        &self.signer
    }

    /// Validity of the device certificate to be issued.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The key that the chip holds and the plan replaces by a new one.
    #[must_use]
    pub const fn replaced_key(&self) -> Option<PublicKey> {
        self.replaced_key
    }

    /// Where `key`, the device's when the plan is done, was born.
    #[must_use]
    pub fn key_origin(&self, key: &PublicKey) -> KeyOrigin {
        match self.device_key {
            DeviceKey::Recorded(known) if known == *key => KeyOrigin::EarlierRun,
            DeviceKey::Answered(known) if known == *key => KeyOrigin::Request,
            _ if self.steps.contains(&Step::CreateKey) => KeyOrigin::ThisRun,
            _ => KeyOrigin::Unknown,
        }
    }

    /// The bytes that a step writes, where the plan knows and shows them: not
    /// those of the device certificate, which is issued for a key that the
    /// chip is yet to make or to show, and not the secrets.
    #[must_use]
    pub fn bytes(&self, step: &Step) -> Option<Vec<u8>> {
        match step {
            Step::WriteConfig(ConfigWrite::Word(_, data)) => Some(data.to_vec()),
            Step::WriteConfig(ConfigWrite::Block(_, data)) => Some(data.to_vec()),
            Step::WriteOtp => Some(self.otp.bytes().to_vec()),
            Step::WriteSlot(slot::DEVICE_CERTIFICATE) => None,
            Step::WriteSlot(slot) => self.image([0; 72]).slot(*slot).map(<[u8]>::to_vec),
            _ => None,
        }
    }

    /// The slots with this compressed device certificate.
    pub(crate) fn image(&self, device_certificate: [u8; 72]) -> DataImage<'_> {
        DataImage {
            volatile_keys: self.volatile_keys.as_deref(),
            device_certificate,
            signer_public_key: self.signer.signer.public_key.to_nerves_key_slot(),
            signer_certificate: self.signer.compressed.to_bytes(),
        }
    }

    /// The slots that the plan locks.
    pub(crate) fn locked_by_steps(&self) -> impl Iterator<Item = &Slot> {
        self.steps.iter().filter_map(|step| match step {
            Step::LockSlot(slot) => Some(slot),
            _ => None,
        })
    }

    /// Whether the signer has yet to issue the device certificate.
    #[must_use]
    pub fn needs_signature(&self) -> bool {
        self.steps.contains(&Step::IssueCertificate)
    }

    /// Whether anything that remains cannot be undone.
    #[must_use]
    pub fn is_irreversible(&self) -> bool {
        self.steps.iter().any(Step::is_irreversible)
    }
}

impl core::fmt::Display for Plan {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("nothing to do\n");
        }
        for (index, step) in self.steps.iter().enumerate() {
            let mark = if step.is_irreversible() { "!!" } else { "  " };
            write!(f, "{mark} {:>2}. {step}", index + 1)?;
            match self.bytes(step) {
                Some(bytes) if bytes.iter().all(|byte| *byte == 0) => {
                    writeln!(f, ": {} zeros", bytes.len())?;
                }
                Some(bytes) => writeln!(f, ": {}", HEXLOWER.encode(&bytes))?,
                None => writeln!(f)?,
            }
        }
        f.write_str("!! cannot be undone\n")
    }
}

/// Only what is not done yet; up to the data lock everything that the chip
/// cannot show is written again, and a key that nothing of ours knows is
/// replaced.
fn steps(stage: Stage, layout: Layout, config: &ConfigZone, request: &Request) -> Vec<Step> {
    let mut steps = alloc::vec![Step::CheckChip];
    if matches!(stage, Stage::Blank) {
        steps.extend(writes(config).map(Step::WriteConfig));
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
        // Others may have had the bus while the signer signed.
        Step::CheckChip,
        Step::CheckKey,
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
fn slot_locks(
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

fn x509_key(snapshot: &Snapshot) -> Option<PublicKey> {
    let key = snapshot.public_key?;
    Some(PublicKey::from_bytes(*key.bytes()))
}

/// What comes before each use of the device key.
fn activation(layout: Layout) -> Option<Step> {
    match layout {
        Layout::Standard => None,
        Layout::Volatile => Some(Step::Activate),
    }
}

/// The OTP zone of a chip whose identity verifies. A key that is not activated
/// may be hidden *(unconfirmed)*: then the run verifies once it is.
fn verified_otp(snapshot: &Snapshot, layout: Layout) -> Result<Otp, IdentityError> {
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
fn stranded(error: IdentityError) -> Refusal {
    match error {
        IdentityError::Hidden(what) => Refusal::NotShown(what),
        error => Refusal::Stranded(error),
    }
}

fn check_layout(config: &ConfigZone, found: Layout, request: &Request) -> Result<(), Refusal> {
    let asked = request.layout;
    if found != asked {
        return Err(Refusal::OtherLayout { found, asked });
    }
    match (asked, config.revision().family()) {
        (Layout::Volatile, Some(Family::Atecc508)) => Err(Refusal::NoLatch(config.revision())),
        _ => Ok(()),
    }
}

const fn check_keys(request: &Request) -> Result<(), Refusal> {
    match (request.layout, &request.volatile_keys) {
        (Layout::Standard, None) | (Layout::Volatile, Some(_)) => Ok(()),
        (layout, _) => Err(Refusal::VolatileKeys(layout)),
    }
}

/// The slots that are still to be locked can be.
fn check_lockable(config: &ConfigZone, layout: Layout) -> Result<(), Refusal> {
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
fn check_contents(otp: &Otp, request: &Request) -> Result<(), Refusal> {
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
fn check_signer(snapshot: &Snapshot, request: &Request) -> Result<(), Refusal> {
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
fn holds(field: &[u8], content: &[u8]) -> bool {
    field.starts_with(content) && field.iter().skip(content.len()).all(|byte| *byte == 0)
}

fn check_revision(config: &ConfigZone) -> Result<(), Refusal> {
    match config.revision() {
        atecc::Revision::Unknown(bytes) => Err(Refusal::Revision(bytes)),
        _ => Ok(()),
    }
}

fn check_time(request: &Request) -> Result<(), Refusal> {
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
fn check_certificate(
    request: &Request,
    chip: SerialNumber,
    serial: &ManufacturerSerial,
    validity: Validity,
) -> Result<(), Refusal> {
    let stand_in = PublicKey::from_bytes([0x5A; 64]);
    let device = NervesKeyDevice {
        subject: Name::from_serial(serial.as_str())?,
        device_sn: *chip.bytes(),
        public_key: stand_in,
        signer_public_key: request.signer.signer.public_key,
    };
    let signature = atecc_x509::SignatureBytes::from_bytes([0x5A; 64]);
    let certificate = device
        .issue(validity, request.format)?
        .assemble(&signature)?;
    atecc_x509::round_trip(&certificate, &device)?;
    Ok(())
}
