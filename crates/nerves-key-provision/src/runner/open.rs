//! Until the device certificate is issued: the configuration and the key.

use alloc::boxed::Box;

use atecc::ConfigZone;
use atecc::commands::{GenKey, GenKeyMode, LockTarget, WriteBlock, WriteWord};
use atecc::procedure::Once;
use atecc::procedures::{CreateKey, ReadConfig, RefreshConfig};
use atecc_x509::{Name, NervesKeyDevice, SignatureBytes, round_trip};
use nerves_key_schema::{ConfigWrite, slot};

use super::lock_compared::LockCompared;
use super::prove::prove;
use super::state::{
    AsPlanned, Compared, ConfigLocked, Contents, Context, Issued, KeySlot, Keyed, Locked, LockedBy,
    Open, Proved, Signing, State,
};
use super::task::{StepStart, out_of_order, run};
use crate::{Plan, RunError, SigningRequest, Step};

/// Ask for the public half of the device key.
pub(super) const READ_PUBLIC_KEY: GenKey = GenKey {
    mode: GenKeyMode::Public,
    slot: slot::DEVICE_KEY,
};

/// The first look: the plan's chip, as the plan found it.
pub(super) fn begin_unread<'p>(
    Context { plan, .. }: Context<'p>,
    step: &'p Step,
) -> Result<StepStart<'p>, RunError> {
    match step {
        Step::CheckChip => {
            // What the plan found locked is so for ever. An open zone that somebody has
            // locked since then refuses to be written; but a key is made in slot 0
            // until that slot has a lock of its own, so the locks are looked at where
            // no write comes before.
            let refresh = if plan.found.config_lock().is_locked() {
                RefreshConfig::chip_and_zone_locks(plan.found)
            } else {
                RefreshConfig::chip(plan.found)
            };
            Ok(run(step, refresh, move |zone| {
                same_chip(&plan.found, &zone)?;
                Ok(if zone.data_lock().is_locked() {
                    let by = LockedBy::EarlierRun { zone };
                    State::Locked(Locked { by })
                } else if zone.config_lock().is_locked() {
                    let slot_0 = KeySlot::MayHoldKey;
                    State::ConfigLocked(ConfigLocked { zone, slot_0 })
                } else {
                    State::Open(Open)
                })
            }))
        }
        _ => Err(out_of_order(step)),
    }
}

impl Open {
    pub(super) fn begin<'p>(
        self,
        Context { plan, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        let written = move |()| Ok(State::Open(self));
        Ok(match step {
            Step::WriteConfig(ConfigWrite::Word(address, data)) => {
                let (address, data) = (*address, *data);
                run(step, Once(WriteWord { address, data }), written)
            }
            Step::WriteConfig(ConfigWrite::Block(address, data)) => {
                let (address, data) = (*address, *data);
                run(step, Once(WriteBlock { address, data }), written)
            }
            Step::CheckConfig => run(step, ReadConfig::new(), move |zone| {
                same_config(&plan.config, &zone)?;
                Ok(State::AsPlanned(AsPlanned { zone }))
            }),
            _ => return Err(out_of_order(step)),
        })
    }
}

impl AsPlanned {
    pub(super) fn begin(self, step: &Step) -> Result<StepStart<'_>, RunError> {
        match step {
            Step::LockConfig { crc } => {
                let lock = LockCompared::new(LockTarget::Config { crc: *crc });
                Ok(run(step, lock, move |compared| {
                    let zone = self.zone.with_config_locked();
                    // No chip makes a key, or takes one, before that. Somebody else
                    // may have locked the one that did not answer.
                    let slot_0 = match compared {
                        Compared::ByChip => KeySlot::Empty,
                        Compared::Unknown => KeySlot::MayHoldKey,
                    };
                    Ok(State::ConfigLocked(ConfigLocked { zone, slot_0 }))
                }))
            }
            _ => Err(out_of_order(step)),
        }
    }
}

impl ConfigLocked {
    pub(super) fn begin<'p>(
        self,
        Context { plan, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        let keyed = move |key| {
            let zone = self.zone;
            Ok(State::Keyed(Keyed { zone, key }))
        };
        Ok(match step {
            Step::CreateKey => {
                let create = match self.slot_0 {
                    KeySlot::Empty => CreateKey::in_empty(slot::DEVICE_KEY),
                    KeySlot::MayHoldKey => CreateKey::new(slot::DEVICE_KEY),
                };
                run(step, create, keyed)
            }
            Step::ReadPublicKey => run(step, Once(READ_PUBLIC_KEY), move |key| {
                if plan.device_key.known() != Some(key.into()) {
                    return Err(RunError::KeyChanged);
                }
                keyed(key)
            }),
            _ => return Err(out_of_order(step)),
        })
    }
}

impl Keyed {
    /// Data are open still: a chip may refuse, and is asked again after the lock.
    pub(super) fn begin<'p>(
        self,
        Context { challenges, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        let Self { zone, key } = self;
        match step {
            Step::ProveKey => Ok(prove(
                step,
                &key,
                challenges.before_certificate,
                move |_| State::Proved(Proved { zone, key }),
            )),
            _ => Err(out_of_order(step)),
        }
    }
}

impl Proved {
    pub(super) fn begin<'p>(
        self,
        Context { plan, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        match step {
            Step::IssueCertificate => {
                let device = self.device(plan);
                let tbs = device.issue(plan.validity, plan.format)?;
                let request = SigningRequest {
                    to_be_signed: tbs.as_der().to_vec(),
                    digest: tbs.digest(),
                    public_key: device.public_key,
                    chip: plan.config.serial_number(),
                    serial: plan.serial.clone(),
                    otp: plan.otp,
                    signer_public_key: device.signer_public_key,
                    not_before: plan.validity.not_before(),
                };
                let signing = Signing { proved: self, tbs };
                let state = State::Signing(Box::new(signing));
                Ok(StepStart::NeedsSignature(Box::new(request), state))
            }
            _ => Err(out_of_order(step)),
        }
    }

    /// What the chip will hold of its certificate beside the 72 bytes.
    fn device(&self, plan: &Plan) -> NervesKeyDevice {
        NervesKeyDevice {
            subject: Name::from_stored_serial(plan.otp.manufacturer_serial()),
            device_sn: *plan.config.serial_number().as_bytes(),
            public_key: self.key.into(),
            signer_public_key: plan.signer.signer.public_key,
        }
    }
}

impl Signing {
    /// With the signer's signature.
    ///
    /// # Errors
    /// [`RunError`] when it does not verify, or the certificate would not come
    /// back byte for byte.
    pub(super) fn sign<'p>(
        &self,
        plan: &'p Plan,
        signature: &SignatureBytes,
    ) -> Result<Issued<'p>, RunError> {
        let Self { proved, tbs } = self;
        let device = proved.device(plan);
        let certificate = tbs.assemble(signature);
        certificate
            .verify(&device.signer_public_key)
            .map_err(RunError::Signer)?;
        let certificate = round_trip(&certificate, &device)?.to_bytes();
        Ok(Issued {
            contents: Box::new(Contents {
                zone: proved.zone,
                key: proved.key,
                image: plan.image(certificate),
            }),
        })
    }
}

pub(super) fn same_chip(planned: &ConfigZone, found: &ConfigZone) -> Result<(), RunError> {
    same_serial_number(planned, found)?;
    match first_difference(planned, found) {
        Some((offset, ..)) => Err(RunError::Changed { offset }),
        None => Ok(()),
    }
}

pub(super) fn same_serial_number(planned: &ConfigZone, found: &ConfigZone) -> Result<(), RunError> {
    let (planned, found) = (planned.serial_number(), found.serial_number());
    if planned == found {
        Ok(())
    } else {
        Err(RunError::OtherChip { planned, found })
    }
}

fn same_config(planned: &ConfigZone, found: &ConfigZone) -> Result<(), RunError> {
    match first_difference(planned, found) {
        Some((offset, wrote, read)) => Err(RunError::Config {
            offset,
            wrote,
            read,
        }),
        None => Ok(()),
    }
}

fn first_difference(planned: &ConfigZone, found: &ConfigZone) -> Option<(usize, u8, u8)> {
    let pairs = planned.0.iter().zip(&found.0).enumerate();
    pairs
        .map(|(offset, (planned, found))| (offset, *planned, *found))
        .find(|(_, planned, found)| planned != found)
}
