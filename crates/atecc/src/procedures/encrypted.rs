//! Encrypted reads and writes of a block: random nonce, GenDig with the
//! slot's key, then the transfer. Plain text never crosses the bus.

use zeroize::Zeroizing;

use super::Prepared;
use crate::command::DecodeError;
use crate::commands::{
    DigSource, GenDig, RandomNonce, ReadBlock, SeedUpdate, WriteEncrypted, ZoneState,
};
use crate::host::{self, CommandHeader, DigInput};
use crate::procedure::{Answer, Next, Once};
use crate::{BlockAddress, Command, Failure, Procedure, SerialNumber, Slot};

/// The key that a slot's reads or writes are encrypted with, and what else the
/// host has to know.
#[derive(Clone, Copy)]
pub struct SessionKey<'a> {
    /// The slot that holds the key: ReadKey or WriteKey of the data's slot.
    pub slot: Slot,
    /// The key.
    pub key: &'a [u8; 32],
    /// Fresh random bytes from the host.
    pub input: [u8; 20],
    /// The chip.
    pub serial: SerialNumber,
}

/// The key is not shown.
impl core::fmt::Debug for SessionKey<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SessionKey")
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

impl SessionKey<'_> {
    const fn nonce(&self) -> RandomNonce {
        RandomNonce {
            input: self.input,
            seed: SeedUpdate::Automatic,
        }
    }

    const fn gen_dig(&self) -> GenDig {
        GenDig {
            source: DigSource::Data(self.slot),
        }
    }

    /// `TempKey` after nonce and GenDig.
    fn temp_key(&self, random: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let nonce = host::random_nonce(random, &self.input, SeedUpdate::Automatic);
        let head = CommandHeader::of(&self.gen_dig());
        let temp_key = host::gen_dig(head, DigInput::Stored(self.key), &nonce, &self.serial);
        Zeroizing::new(temp_key)
    }
}

/// Read a block whose slot is read encrypted.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::procedures::{ReadConfig, ReadEncrypted, SessionKey, WriteBlockEncrypted};
/// use atecc::commands::ZoneState;
/// use atecc::{BlockAddress, Region, Slot};
///
/// let serial = device.run(ReadConfig::new())?.serial_number();
/// let key = SessionKey {
///     slot: Slot::S4,
///     key: &[0xFF; 32],
///     serial,
///     input: [0x11; 20], // Random, and another one each time.
/// };
/// let address = BlockAddress::new(Region::Slot(Slot::S5), 0)?;
/// device.run(WriteBlockEncrypted::new(address, &[0x5A; 32], ZoneState::Locked, key))?;
/// assert_eq!(*device.run(ReadEncrypted::new(address, key))?, [0x5A; 32]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ReadEncrypted<'a> {
    key: SessionKey<'a>,
    procedure: Prepared<Prepared<Once<RandomNonce>, GenDig>, ReadBlock>,
}

impl<'a> ReadEncrypted<'a> {
    /// The block at `address`.
    #[must_use]
    pub fn new(address: BlockAddress, key: SessionKey<'a>) -> Self {
        let prepared = Prepared::new(Once(key.nonce()), key.gen_dig());
        Self {
            key,
            procedure: Prepared::new(prepared, ReadBlock { address }),
        }
    }

    /// For a key whose slot has no `LimitedUse`; see
    /// [`Prepared::with_unlimited_key`].
    #[must_use]
    pub fn with_unlimited_key(self) -> Self {
        let prepared =
            Prepared::new(Once(self.key.nonce()), self.key.gen_dig()).with_unlimited_key();
        let procedure = Prepared::new(prepared, *self.procedure.command());
        Self { procedure, ..self }
    }
}

impl Procedure for ReadEncrypted<'_> {
    /// The plain text.
    type Output = Zeroizing<[u8; 32]>;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Self::Output, Failure> {
        let next = self.procedure.resume(answer);
        next.map(|((random, ()), cipher)| {
            Zeroizing::new(host::xor(&cipher, &self.key.temp_key(&random)))
        })
    }
}

/// Write a block whose slot is written encrypted.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::ZoneState;
/// use atecc::procedures::{ReadConfig, SessionKey, WriteBlockEncrypted};
/// use atecc::{BlockAddress, Region, Slot};
///
/// let key = SessionKey {
///     slot: Slot::S4,
///     key: &[0xFF; 32],
///     input: [0x11; 20], // Random, and another one each time.
///     serial: device.run(ReadConfig::new())?.serial_number(),
/// };
/// let address = BlockAddress::new(Region::Slot(Slot::S5), 0)?;
/// device.run(WriteBlockEncrypted::new(address, &[0x5A; 32], ZoneState::Locked, key))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct WriteBlockEncrypted<'a> {
    key: SessionKey<'a>,
    address: BlockAddress,
    zone_state: ZoneState,
    plain: &'a [u8; 32],
    session: Prepared<Once<RandomNonce>, GenDig>,
    sent: bool,
}

/// The plain text is not shown.
impl core::fmt::Debug for WriteBlockEncrypted<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WriteBlockEncrypted")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl<'a> WriteBlockEncrypted<'a> {
    /// Write `plain` at `address`; `zone_state` says whether the data zone is
    /// locked.
    #[must_use]
    pub fn new(
        address: BlockAddress,
        plain: &'a [u8; 32],
        zone_state: ZoneState,
        key: SessionKey<'a>,
    ) -> Self {
        Self {
            session: Prepared::new(Once(key.nonce()), key.gen_dig()),
            key,
            address,
            zone_state,
            plain,
            sent: false,
        }
    }

    fn write(&self, random: &[u8; 32]) -> WriteEncrypted {
        let mut write = WriteEncrypted {
            address: self.address,
            zone_state: self.zone_state,
            cipher: [0; 32],
            mac: [0; 32],
        };
        let temp_key = self.key.temp_key(random);
        let head = CommandHeader::of(&write);
        let encrypted = host::encrypt_write(head, self.plain, &temp_key, &self.key.serial);
        write.cipher = encrypted.cipher;
        write.mac = encrypted.mac;
        write
    }

    /// For a key whose slot has no `LimitedUse`; see
    /// [`Prepared::with_unlimited_key`].
    #[must_use]
    pub fn with_unlimited_key(self) -> Self {
        let session = self.session.with_unlimited_key();
        Self { session, ..self }
    }
}

impl Procedure for WriteBlockEncrypted<'_> {
    type Output = ();
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), Failure> {
        match (answer, self.sent) {
            (Answer::Payload(payload), true) => {
                let opcode = <WriteEncrypted as Command>::OPCODE;
                Next::Done(DecodeError::done(opcode, payload).map_err(Failure::from))
            }
            (Answer::Failed(failure), true) => Next::failed(failure),
            (answer, _) => self.session.resume(answer).and_then(|(random, ())| {
                self.sent = true;
                Next::send(&self.write(&random))
            }),
        }
    }
}
