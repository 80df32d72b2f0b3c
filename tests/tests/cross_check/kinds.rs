//! Commands with random parameters. A further command is a further line of
//! [`KINDS`].

use atecc::command::{Chips, Request};
use atecc::commands::{
    Aes, AesGfm, AesKey, AesMode, Afterwards, Blocks, CheckMac, Counter, CounterId, CounterMode,
    CreateTempKey, DeriveKey, DigSource, DigestPublicKey, DigestSource, DigestTarget, Ecdh,
    EcdhMode, Engines, GenDig, GenKey, GenKeyMode, Half, HkdfKey, HkdfMessage, Hmac, IncludeSerial,
    InfoGpio, InfoKeyValid, InfoLatch, InfoState, InternalPurpose, Kdf, KdfFunction, KdfSource,
    KdfTarget, KeyBlock, LoadNonce, LoadNonce64, Lock, LockTarget, Mac, MacBlocks, MacOtp,
    NonceTarget, NonceTarget64, OtpPart, PrfKeyLength, PrfResult, PrivWrite, PrivateKeyData,
    Protection, Quarter, Random, RandomNonce, ReadBlock, ReadWord, SecureBoot, SecureBootMode,
    SeedUpdate, SelfTest, ShaEnd, ShaPiece, ShaPublic, ShaReadContext, ShaStart, ShaUpdate, Sign,
    SignInternal, SourceFlag, UpdateExtra, Validate, ValidityChange, Verify, VerifyAnswer,
    VerifyKey, WriteBlock, WriteEncrypted, WriteWord, ZoneState,
};
use atecc::error::Cause;
use atecc::procedure::Once;
use atecc::procedures::Prepared;
use atecc::{BlockAddress, Command, Device, Error, Failure, Opcode, Region, Status, WordAddress};
use atecc_decode::AnyCommand;
use atecc_emulator::{BusError, Delay, I2cHandle};

use crate::prng::{Prng, scalar};

/// The driver, and what it sends first in the session of each command.
pub(crate) struct Wire {
    pub(crate) driver: Device<I2cHandle, Delay>,
    pub(crate) preparation: Preparation,
}

/// Most commands need what an earlier one left in the chip, which a sleep
/// erases.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Preparation {
    None,
    /// `TempKey` from the host.
    Load,
    /// `TempKey` from a random number.
    Random,
    /// A SHA in progress.
    Hash,
}

/// What became of one command.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Opcode and parameters.
    pub(crate) head: (Opcode, u8, u16),
    pub(crate) chips: Chips,
    pub(crate) error: Option<Error<BusError>>,
}

impl Sent {
    /// Which command the chip refused, and how.
    pub(crate) const fn refusal(&self) -> Option<(Opcode, Status)> {
        match self.error {
            Some(Error::Failed(Failure {
                cause: Cause::Status { opcode, status, .. },
                ..
            })) => Some((opcode, status)),
            _ => None,
        }
    }
}

impl Wire {
    fn send<'a, C>(&mut self, command: C) -> Sent
    where
        C: Command + Clone + Into<AnyCommand<'a>>,
    {
        parses_back(&command);
        let chips = command.chips();
        let head = (C::OPCODE, command.param1(), command.param2());
        let error = match self.preparation {
            Preparation::None => self.driver.execute(command).err(),
            Preparation::Load => {
                let (target, value) = (NonceTarget::TempKey, [0xA5; 32]);
                self.after(LoadNonce { target, value }, command)
            }
            Preparation::Random => {
                let (input, seed) = ([0x5A; 20], SeedUpdate::Never);
                self.after(RandomNonce { input, seed }, command)
            }
            Preparation::Hash => self.after(ShaStart::Sha256, command),
        };
        Sent { head, chips, error }
    }

    fn after<P, C>(&mut self, preparation: P, command: C) -> Option<Error<BusError>>
    where
        P: Command + Clone,
        P::Response: Clone,
        C: Command,
    {
        let both = Prepared::new(Once(preparation), command);
        self.driver.run(both).err()
    }
}

/// The command's bytes parse to the same command.
fn parses_back<'a, C>(command: &C)
where
    C: Command + Clone + Into<AnyCommand<'a>>,
{
    let request = Request::new(command).unwrap();
    let group = &request.as_bytes()[1..];
    let expected: AnyCommand<'_> = command.clone().into();
    let parsed = AnyCommand::parse(group).unwrap();
    assert_eq!(parsed, expected);
    assert_eq!(parsed.group(), group);
}

pub(crate) type Kind = fn(&mut Prng, &mut Wire) -> Sent;

const FLAGS: [SourceFlag; 2] = [SourceFlag::Random, SourceFlag::Input];
const SERIALS: [IncludeSerial; 2] = [IncludeSerial::Fixed, IncludeSerial::Whole];
const SEEDS: [SeedUpdate; 2] = [SeedUpdate::Automatic, SeedUpdate::Never];
const SOURCES: [DigestSource; 2] = [DigestSource::TempKey, DigestSource::MessageDigestBuffer];
const BLOCKS: [KeyBlock; 4] = [
    KeyBlock::First,
    KeyBlock::Second,
    KeyBlock::Third,
    KeyBlock::Fourth,
];

pub(crate) const KINDS: &[Kind] = &[
    aes,
    |prng, wire| {
        wire.send(AesGfm {
            h: prng.bytes(),
            input: prng.bytes(),
        })
    },
    check_mac,
    |prng, wire| {
        let mode = prng.one_of(&[CounterMode::Read, CounterMode::Increment]);
        wire.send(Counter {
            mode,
            counter: prng.one_of(&[CounterId::Zero, CounterId::One]),
        })
    },
    |prng, wire| {
        let mac = prng.bytes();
        let mac = prng.one_of(&[None, Some(mac)]);
        wire.send(DeriveKey {
            target: prng.slot(),
            temp_key: prng.one_of(&FLAGS),
            mac,
        })
    },
    ecdh,
    gen_dig,
    |prng, wire| {
        let modes = [
            GenKeyMode::Public,
            GenKeyMode::Create,
            GenKeyMode::PublicDigest,
            GenKeyMode::CreateDigest,
        ];
        wire.send(GenKey {
            mode: prng.one_of(&modes),
            slot: prng.slot(),
        })
    },
    |prng, wire| {
        let other_data = prng.bytes();
        let other_data = prng.one_of(&[None, Some(other_data)]);
        wire.send(DigestPublicKey {
            slot: prng.slot(),
            other_data,
        })
    },
    |_, wire| wire.send(CreateTempKey),
    |prng, wire| {
        let (temp_key, serial) = (prng.one_of(&FLAGS), prng.one_of(&SERIALS));
        wire.send(Hmac {
            slot: prng.slot(),
            temp_key,
            otp: prng.one_of(&[MacOtp::None, MacOtp::First11, MacOtp::First8]),
            serial,
        })
    },
    |prng, wire| wire.send(InfoKeyValid { slot: prng.slot() }),
    |_, wire| wire.send(InfoState),
    |prng, wire| {
        wire.send(InfoGpio {
            driver: prng.byte() & 1,
        })
    },
    |prng, wire| wire.send(prng.one_of(&[InfoLatch::Read, InfoLatch::Clear, InfoLatch::Set])),
    kdf,
    lock,
    mac,
    |prng, wire| {
        let targets = [
            NonceTarget::TempKey,
            NonceTarget::MessageDigestBuffer,
            NonceTarget::AlternateKeyBuffer,
        ];
        wire.send(LoadNonce {
            target: prng.one_of(&targets),
            value: prng.bytes(),
        })
    },
    |prng, wire| {
        let targets = [NonceTarget64::TempKey, NonceTarget64::MessageDigestBuffer];
        wire.send(LoadNonce64 {
            target: prng.one_of(&targets),
            value: prng.bytes(),
        })
    },
    |prng, wire| {
        wire.send(RandomNonce {
            input: prng.bytes(),
            seed: prng.one_of(&SEEDS),
        })
    },
    priv_write,
    |prng, wire| {
        wire.send(Random {
            seed: prng.one_of(&SEEDS),
        })
    },
    |prng, wire| {
        wire.send(ReadBlock {
            address: prng.block(),
        })
    },
    |prng, wire| {
        let place = prng.place();
        wire.send(ReadWord {
            address: prng.word_of(place),
        })
    },
    secure_boot,
    |prng, wire| {
        let tests = [
            Engines::RNG,
            Engines::ECDSA,
            Engines::ECDH,
            Engines::AES,
            Engines::SHA,
        ];
        wire.send(SelfTest {
            tests: prng.one_of(&tests),
        })
    },
    |prng, wire| {
        let hmac = ShaStart::Hmac(prng.slot());
        wire.send(prng.one_of(&[ShaStart::Sha256, hmac, ShaStart::HmacTempKey]))
    },
    |prng, wire| {
        let bytes = prng.bytes::<64>();
        let piece = ShaPiece::new(&bytes).unwrap();
        wire.send(ShaUpdate { piece })
    },
    sha_end,
    |prng, wire| wire.send(ShaPublic { slot: prng.slot() }),
    |_, wire| wire.send(ShaReadContext),
    |prng, wire| {
        wire.send(Sign {
            source: prng.one_of(&SOURCES),
            slot: prng.slot(),
        })
    },
    |prng, wire| {
        let purpose = prng.one_of(&[InternalPurpose::Any, InternalPurpose::Invalidate]);
        let serial = prng.one_of(&SERIALS);
        wire.send(SignInternal {
            slot: prng.slot(),
            serial,
            purpose,
        })
    },
    |prng, wire| {
        // Not the I2C address, by which the driver knows the chip.
        let value = UpdateExtra::UserExtra(prng.byte());
        let key = UpdateExtra::UseKey(prng.slot());
        wire.send(prng.one_of(&[value, key]))
    },
    verify,
    |prng, wire| {
        let change = prng.one_of(&[ValidityChange::Validate, ValidityChange::Invalidate]);
        let (signature, other_data) = (prng.bytes(), prng.bytes());
        wire.send(Validate {
            change,
            slot: prng.slot(),
            signature,
            other_data,
            answer: prng.one_of(&[VerifyAnswer::Status, VerifyAnswer::Mac]),
        })
    },
    |prng, wire| {
        wire.send(WriteBlock {
            address: prng.block(),
            data: prng.bytes(),
        })
    },
    write_word,
    |prng, wire| {
        let zone_state = prng.one_of(&[ZoneState::Unlocked, ZoneState::Locked]);
        let (cipher, mac) = (prng.bytes(), prng.bytes());
        let place = [Region::Otp, Region::Slot(prng.slot())];
        let address = BlockAddress::new(prng.one_of(&place), 0).unwrap();
        wire.send(WriteEncrypted {
            address,
            zone_state,
            cipher,
            mac,
        })
    },
];

fn aes(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let block = prng.one_of(&BLOCKS);
    let slot = AesKey::Slot(prng.slot(), block);
    let command = Aes {
        mode: prng.one_of(&[AesMode::Encrypt, AesMode::Decrypt]),
        key: prng.one_of(&[slot, AesKey::TempKey(KeyBlock::First)]),
        input: prng.bytes(),
    };
    wire.send(command)
}

fn check_mac(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let flag = prng.one_of(&FLAGS);
    let blocks = [
        Blocks::KeyThenChallenge,
        Blocks::KeyThenTempKey(flag),
        Blocks::TempKeyThenChallenge(flag),
        Blocks::TempKeyTwice(flag),
    ];
    let command = CheckMac {
        blocks: prng.one_of(&blocks),
        otp: prng.one_of(&[OtpPart::None, OtpPart::First8]),
        slot: prng.slot(),
        challenge: prng.bytes(),
        response: prng.bytes(),
        other_data: prng.bytes(),
    };
    wire.send(command)
}

fn ecdh(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let slot = prng.slot();
    let modes = [
        EcdhMode::Compatible(slot),
        EcdhMode::CompatibleEncrypted(slot),
        EcdhMode::SlotToTempKey(slot),
        EcdhMode::SlotToOutput(slot),
        EcdhMode::SlotToEncryptedOutput(slot),
        EcdhMode::TempKeyToSlot(slot),
        EcdhMode::TempKeyToTempKey,
        EcdhMode::TempKeyToOutput,
        EcdhMode::TempKeyToEncryptedOutput,
    ];
    let mode = prng.one_of(&modes);
    wire.send(Ecdh {
        mode,
        peer: prng.point(),
    })
}

fn gen_dig(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let (slot, nonce) = (prng.slot(), prng.bytes());
    let location = prng.byte();
    let sources = [
        DigSource::Config(Quarter::Third),
        DigSource::Otp(Half::Second),
        DigSource::Data(slot),
        DigSource::DataNoMac(slot, prng.bytes()),
        DigSource::SharedNonce { location, nonce },
        DigSource::SharedNonceLast { location, nonce },
        DigSource::Counter(CounterId::One),
        DigSource::KeyConfig(slot),
    ];
    let source = prng.one_of(&sources);
    wire.send(GenDig { source })
}

fn kdf(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let (message, block, slot) = (prng.bytes::<40>(), prng.bytes(), prng.slot());
    let functions = [
        KdfFunction::Prf {
            key: PrfKeyLength::Bytes32,
            result: prng.one_of(&[PrfResult::Bytes32, PrfResult::Bytes64]),
            message: &message,
        },
        KdfFunction::Aes {
            key: prng.one_of(&BLOCKS),
            message: &block,
        },
        KdfFunction::Hkdf {
            key: prng.one_of(&[HkdfKey::Source, HkdfKey::Zero]),
            message: HkdfMessage::Input(&message),
        },
    ];
    let source = prng.one_of(&[KdfSource::TempKey, KdfSource::Slot(slot)]);
    let target = prng.one_of(&[
        KdfTarget::TempKey,
        KdfTarget::Slot(slot),
        KdfTarget::AlternateKeyBuffer,
        KdfTarget::Output,
        KdfTarget::EncryptedOutput,
    ]);
    let command = Kdf::new(source, target, prng.one_of(&functions)).unwrap();
    wire.send(command)
}

fn lock(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let crc = u16::from_le_bytes(prng.bytes());
    let slot = LockTarget::Slot(prng.slot());
    let targets = [LockTarget::Config { crc }, LockTarget::Data { crc }, slot];
    let target = prng.one_of(&targets);
    wire.send(Lock { target })
}

fn mac(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let (flag, challenge) = (prng.one_of(&FLAGS), prng.bytes());
    let blocks = [
        MacBlocks::KeyThenChallenge(challenge),
        MacBlocks::KeyThenTempKey(flag),
        MacBlocks::TempKeyThenChallenge(flag, challenge),
        MacBlocks::TempKeyTwice(flag),
    ];
    let command = Mac {
        blocks: prng.one_of(&blocks),
        otp: prng.one_of(&[MacOtp::None, MacOtp::First11, MacOtp::First8]),
        serial: prng.one_of(&SERIALS),
        slot: prng.slot(),
    };
    wire.send(command)
}

fn priv_write(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let clear = PrivateKeyData::Clear(scalar(prng.byte() | 1));
    let (cipher, mac) = (prng.bytes(), prng.bytes());
    let encrypted = PrivateKeyData::Encrypted { cipher, mac };
    let slot = prng.slot();
    if prng.byte() & 1 == 0 {
        wire.send(PrivWrite { slot, key: clear })
    } else {
        let key = encrypted;
        wire.send(PrivWrite { slot, key })
    }
}

fn secure_boot(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let signature = prng.bytes();
    let modes = [
        SecureBootMode::Full(signature),
        SecureBootMode::Stored,
        SecureBootMode::FullCopy(signature),
    ];
    let command = SecureBoot {
        mode: prng.one_of(&modes),
        digest: prng.bytes(),
        protection: prng.one_of(&[Protection::Clear, Protection::Encrypted]),
        afterwards: prng.one_of(&[Afterwards::Nothing, Afterwards::Prohibit]),
    };
    wire.send(command)
}

fn sha_end(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let bytes = prng.bytes::<64>();
    let length = usize::from(prng.byte() & 0x3F);
    let targets = [
        DigestTarget::TempKey,
        DigestTarget::MessageDigestBuffer,
        DigestTarget::OutputOnly,
        DigestTarget::Hmac508,
    ];
    let command = ShaEnd {
        piece: ShaPiece::new(&bytes[..length]).unwrap(),
        target: prng.one_of(&targets),
    };
    wire.send(command)
}

fn verify(prng: &mut Prng, wire: &mut Wire) -> Sent {
    let (slot, point) = (prng.slot(), prng.point());
    let keys = [
        VerifyKey::External(point),
        VerifyKey::Stored(slot),
        VerifyKey::ValidateExternal(slot),
    ];
    let command = Verify {
        key: prng.one_of(&keys),
        source: prng.one_of(&SOURCES),
        signature: prng.bytes(),
        answer: prng.one_of(&[VerifyAnswer::Status, VerifyAnswer::Mac]),
    };
    wire.send(command)
}

/// Not the word with the I2C address, by which the driver knows the chip, and
/// with the length of the watchdog.
fn write_word(prng: &mut Prng, wire: &mut Wire) -> Sent {
    const ADDRESS_AND_MODE: u8 = 4;
    let place = prng.place();
    let address = prng.word_of(place);
    let kept = WordAddress::new(Region::Config, ADDRESS_AND_MODE).unwrap();
    let data = prng.bytes();
    let address = if address == kept {
        prng.word_of(Region::Otp)
    } else {
        address
    };
    wire.send(WriteWord { address, data })
}
