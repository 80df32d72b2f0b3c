//! All that a NervesKey shows of itself, read in one awake session.

use atecc::commands::{GenKey, GenKeyMode};
use atecc::procedure::{Answer, Next, Once};
use atecc::procedures::{ReadConfig, ReadRegion};
use atecc::{ConfigZone, Failure, Procedure, PublicKey, Region, Slot, Status};
use nerves_key_schema::slot;

use crate::{Stage, TrustKind};

/// The MAC address of a trust part. Source: cryptoauthlib `app/tng`.
const MAC: Slot = Slot::S5;

/// Signer's key, device certificate and signer certificate of a Trust&GO part
/// for `LoRaWAN`, 72 bytes each. Source: cryptoauthlib `app/tng`.
const LORA_CERTIFICATES: Slot = Slot::S8;

/// What [`ReadSnapshot`] found. `None` is what the chip does not show in its
/// present state.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::{ReadSnapshot, Stage};
///
/// let snapshot = device.run(ReadSnapshot::new())?;
/// // Locked, but the OTP zone is no NervesKey's.
/// assert!(matches!(snapshot.stage(), Stage::Foreign(_)));
/// assert!(snapshot.public_key.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Snapshot {
    /// The configuration zone.
    pub config: ConfigZone,
    /// The OTP zone.
    pub otp: Option<[u8; 64]>,
    /// Slot 10, compressed.
    pub device_certificate: Option<[u8; 72]>,
    /// Slot 11.
    pub signer_public_key: Option<[u8; 72]>,
    /// Slot 12, compressed.
    pub signer_certificate: Option<[u8; 72]>,
    /// The public half of the key in slot 0.
    pub public_key: Option<PublicKey>,
    /// Of a trust part: 16 characters that may be an EUI, slot 5 (the last
    /// four are none of it); slot 10 of a `LoRaWAN` part.
    pub eui: Option<[u8; 16]>,
}

impl Snapshot {
    /// With nothing else yet.
    pub(crate) const fn of_config(config: ConfigZone) -> Self {
        Self {
            config,
            otp: None,
            device_certificate: None,
            signer_public_key: None,
            signer_certificate: None,
            public_key: None,
            eui: None,
        }
    }

    /// How far the chip's life has gone.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage::of(self)
    }

    fn keep_lora(&mut self, bytes: Option<&[u8]>) {
        let part = |index: usize| bytes?.as_chunks::<72>().0.get(index).copied();
        self.signer_public_key = part(0);
        self.device_certificate = part(1);
        self.signer_certificate = part(2);
    }
}

/// Read a [`Snapshot`]: the configuration; the public key once the
/// configuration is locked; OTP and certificates once data and OTP are locked;
/// where Microchip has provisioned them, also what may be an EUI.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::ReadSnapshot;
///
/// let snapshot = device.run(ReadSnapshot::new())?;
/// println!("{:?}", snapshot.config.serial_number());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReadSnapshot {
    phase: Phase,
    snapshot: Snapshot,
}

#[derive(Clone, Debug)]
enum Phase {
    Config(ReadConfig),
    PublicKey(Once<GenKey>),
    Otp(ReadRegion<64>),
    Slot(Slot, ReadRegion<72>),
    Eui(ReadRegion<16>),
    LoraKey(Once<GenKey>),
    LoraSlot(ReadRegion<216>),
    Done,
}

impl ReadSnapshot {
    /// Nothing is read before the procedure runs.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            phase: Phase::Config(ReadConfig::new()),
            snapshot: Snapshot::of_config(ConfigZone([0; 128])),
        }
    }

    /// The rest of a snapshot, where the configuration zone was read in this
    /// session before. It is not read again, and a public key that is known is not
    /// asked for.
    ///
    /// ```
    /// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
    /// use atecc::procedures::ReadConfig;
    /// use nerves_key::ReadSnapshot;
    ///
    /// let all = device.run(ReadSnapshot::new())?;
    /// let config = device.run(ReadConfig::new())?;
    /// assert_eq!(device.run(ReadSnapshot::from_known(config, None))?, all);
    /// assert_eq!(device.run(ReadSnapshot::from_known(config, all.public_key))?, all);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_known(config: ConfigZone, public_key: Option<PublicKey>) -> Self {
        let mut read = Self::new();
        read.snapshot.config = config;
        read.snapshot.public_key = public_key;
        read.phase = read.after_config();
        read
    }

    /// A chip with an open configuration uses no key.
    fn after_config(&self) -> Phase {
        if !self.snapshot.config.config_lock().is_locked() {
            return Phase::Done;
        }
        match self.snapshot.public_key {
            Some(_) => self.after_key(),
            None => Phase::PublicKey(Once(GenKey {
                mode: GenKeyMode::Public,
                slot: slot::DEVICE_KEY,
            })),
        }
    }

    fn after_key(&self) -> Phase {
        if self.snapshot.config.data_lock().is_locked() {
            Phase::Otp(ReadRegion::new(Region::Otp))
        } else {
            Phase::Done
        }
    }

    /// Give `answer` to the phase under way; at its end keep the result and
    /// say which phase is next.
    fn phase(&mut self, answer: Answer<'_>) -> Next<Phase, Failure> {
        match &mut self.phase {
            Phase::Config(read) => read.resume(answer).map(|config| {
                self.snapshot.config = config;
                self.after_config()
            }),
            Phase::PublicKey(ask) => shown(ask.resume(answer)).map(|key| {
                self.snapshot.public_key = key;
                self.after_key()
            }),
            Phase::Otp(read) => shown(read.resume(answer)).map(|otp| {
                self.snapshot.otp = otp;
                match self.snapshot.trust_kind() {
                    Some(kind @ TrustKind::TngLora) => Phase::LoraKey(Once(GenKey {
                        mode: GenKeyMode::Public,
                        slot: kind.key_slot(),
                    })),
                    _ => reading(slot::DEVICE_CERTIFICATE),
                }
            }),
            Phase::LoraKey(ask) => shown(ask.resume(answer)).map(|key| {
                self.snapshot.public_key = key;
                Phase::LoraSlot(ReadRegion::new(Region::Slot(LORA_CERTIFICATES)))
            }),
            Phase::LoraSlot(read) => shown(read.resume(answer)).map(|bytes| {
                self.snapshot
                    .keep_lora(bytes.as_ref().map(<[_; 216]>::as_slice));
                Phase::Eui(ReadRegion::new(Region::Slot(slot::DEVICE_CERTIFICATE)))
            }),
            Phase::Eui(read) => shown(read.resume(answer)).map(|eui| {
                self.snapshot.eui = eui;
                Phase::Done
            }),
            Phase::Slot(place, read) => {
                let place = *place;
                shown(read.resume(answer)).map(|bytes| match place {
                    slot::DEVICE_CERTIFICATE => {
                        self.snapshot.device_certificate = bytes;
                        reading(slot::SIGNER_PUBLIC_KEY)
                    }
                    slot::SIGNER_PUBLIC_KEY => {
                        self.snapshot.signer_public_key = bytes;
                        reading(slot::SIGNER_CERTIFICATE)
                    }
                    _ => {
                        self.snapshot.signer_certificate = bytes;
                        match self.snapshot.stage() {
                            Stage::TrustPart => Phase::Eui(ReadRegion::new(Region::Slot(MAC))),
                            _ => Phase::Done,
                        }
                    }
                })
            }
            Phase::Done => Next::Done(Ok(Phase::Done)),
        }
    }
}

impl Default for ReadSnapshot {
    fn default() -> Self {
        Self::new()
    }
}

impl Procedure for ReadSnapshot {
    type Output = Snapshot;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Snapshot, Failure> {
        let mut answer = answer;
        loop {
            match self.phase(answer) {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Err(failure)) => return Next::failed(failure),
                Next::Done(Ok(Phase::Done)) => return Next::Done(Ok(self.snapshot)),
                Next::Done(Ok(phase)) => self.phase = phase,
            }
            answer = Answer::Start;
        }
    }
}

fn reading(slot: Slot) -> Phase {
    Phase::Slot(slot, ReadRegion::new(Region::Slot(slot)))
}

/// A refusal is an answer: the chip does not show this.
pub(crate) fn shown<T>(next: Next<T, Failure>) -> Next<Option<T>, Failure> {
    next.map(Some).or_else(|failure| match failure.refusal() {
        Some(Status::Execution | Status::Parse) => Next::Done(Ok(None)),
        _ => Next::failed(failure),
    })
}
