//! The plan: what remains to be done to one chip, before anything is done.

mod checks;
mod contents;
mod steps;

use alloc::string::String;
use alloc::vec::Vec;

use atecc::ConfigZone;
use atecc_x509::{CheckedSigner, Format, PublicKey, Validity};
use nerves_key::{Snapshot, Stage};
use nerves_key_schema::{
    BoardName, Layout, ManufacturerSerial, Otp, check_for_provisioning, configure,
};

use checks::{
    check_certificate, check_contents, check_keys, check_keys_differ, check_layout, check_lockable,
    check_revision, check_signer, check_time, stranded, verified_otp,
};
use steps::{activation, slot_locks, steps};

use crate::{AcceptedSigner, DeviceKey, Refusal, Request, Step, VolatileSecrets, default_serial};

pub(crate) use checks::other_signer;

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
        check_keys_differ(request)?;
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
            steps: steps(stage, layout, (&snapshot.config, &config), request),
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
        } else if request.volatile_keys.is_some() {
            check_keys(request)?;
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
}

fn x509_key(snapshot: &Snapshot) -> Option<PublicKey> {
    let key = snapshot.public_key?;
    Some(key.into())
}
