//! Commands with random parameters. A further command is a further line of
//! [`KINDS`].

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
use atecc::procedures::Prepared;
use atecc::{
    BlockAddress, Cause, Chips, Command, Device, Error, Failure, Once, Opcode, Place, Request,
    Status, WordAddress,
};
use atecc_decode::AnyCommand;
use atecc_emulator::{BusError, Delay, I2cHandle};

use crate::dice::{Dice, scalar};

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
    let group = &request.bytes()[1..];
    let expected: AnyCommand<'_> = command.clone().into();
    let parsed = AnyCommand::parse(group).unwrap();
    assert_eq!(parsed, expected);
    assert_eq!(parsed.group(), group);
}

pub(crate) type Kind = fn(&mut Dice, &mut Wire) -> Sent;

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
    |dice, wire| {
        wire.send(AesGfm {
            h: dice.bytes(),
            input: dice.bytes(),
        })
    },
    check_mac,
    |dice, wire| {
        let mode = dice.one_of(&[CounterMode::Read, CounterMode::Increment]);
        wire.send(Counter {
            mode,
            counter: dice.one_of(&[CounterId::Zero, CounterId::One]),
        })
    },
    |dice, wire| {
        let mac = dice.bytes();
        let mac = dice.one_of(&[None, Some(mac)]);
        wire.send(DeriveKey {
            target: dice.slot(),
            temp_key: dice.one_of(&FLAGS),
            mac,
        })
    },
    ecdh,
    gen_dig,
    |dice, wire| {
        let modes = [
            GenKeyMode::Public,
            GenKeyMode::Create,
            GenKeyMode::PublicDigest,
            GenKeyMode::CreateDigest,
        ];
        wire.send(GenKey {
            mode: dice.one_of(&modes),
            slot: dice.slot(),
        })
    },
    |dice, wire| {
        let other_data = dice.bytes();
        let other_data = dice.one_of(&[None, Some(other_data)]);
        wire.send(DigestPublicKey {
            slot: dice.slot(),
            other_data,
        })
    },
    |_, wire| wire.send(CreateTempKey),
    |dice, wire| {
        let (temp_key, serial) = (dice.one_of(&FLAGS), dice.one_of(&SERIALS));
        wire.send(Hmac {
            slot: dice.slot(),
            temp_key,
            otp: dice.one_of(&[MacOtp::None, MacOtp::First11, MacOtp::First8]),
            serial,
        })
    },
    |dice, wire| wire.send(InfoKeyValid { slot: dice.slot() }),
    |_, wire| wire.send(InfoState),
    |dice, wire| {
        wire.send(InfoGpio {
            driver: dice.byte() & 1,
        })
    },
    |dice, wire| wire.send(dice.one_of(&[InfoLatch::Read, InfoLatch::Clear, InfoLatch::Set])),
    kdf,
    lock,
    mac,
    |dice, wire| {
        let targets = [
            NonceTarget::TempKey,
            NonceTarget::MessageDigestBuffer,
            NonceTarget::AlternateKeyBuffer,
        ];
        wire.send(LoadNonce {
            target: dice.one_of(&targets),
            value: dice.bytes(),
        })
    },
    |dice, wire| {
        let targets = [NonceTarget64::TempKey, NonceTarget64::MessageDigestBuffer];
        wire.send(LoadNonce64 {
            target: dice.one_of(&targets),
            value: dice.bytes(),
        })
    },
    |dice, wire| {
        wire.send(RandomNonce {
            input: dice.bytes(),
            seed: dice.one_of(&SEEDS),
        })
    },
    priv_write,
    |dice, wire| {
        wire.send(Random {
            seed: dice.one_of(&SEEDS),
        })
    },
    |dice, wire| {
        wire.send(ReadBlock {
            address: dice.block(),
        })
    },
    |dice, wire| {
        let place = dice.place();
        wire.send(ReadWord {
            address: dice.word_of(place),
        })
    },
    secure_boot,
    |dice, wire| {
        let tests = [
            Engines::RNG,
            Engines::ECDSA,
            Engines::ECDH,
            Engines::AES,
            Engines::SHA,
        ];
        wire.send(SelfTest {
            tests: dice.one_of(&tests),
        })
    },
    |dice, wire| {
        let hmac = ShaStart::Hmac(dice.slot());
        wire.send(dice.one_of(&[ShaStart::Sha256, hmac, ShaStart::HmacTempKey]))
    },
    |dice, wire| {
        let bytes = dice.bytes::<64>();
        let piece = ShaPiece::new(&bytes).unwrap();
        wire.send(ShaUpdate { piece })
    },
    sha_end,
    |dice, wire| wire.send(ShaPublic { slot: dice.slot() }),
    |_, wire| wire.send(ShaReadContext),
    |dice, wire| {
        wire.send(Sign {
            source: dice.one_of(&SOURCES),
            slot: dice.slot(),
        })
    },
    |dice, wire| {
        let purpose = dice.one_of(&[InternalPurpose::Any, InternalPurpose::Invalidate]);
        let serial = dice.one_of(&SERIALS);
        wire.send(SignInternal {
            slot: dice.slot(),
            serial,
            purpose,
        })
    },
    |dice, wire| {
        // Not the I2C address, by which the driver knows the chip.
        let value = UpdateExtra::UserExtra(dice.byte());
        let key = UpdateExtra::UseKey(dice.slot());
        wire.send(dice.one_of(&[value, key]))
    },
    verify,
    |dice, wire| {
        let change = dice.one_of(&[ValidityChange::Validate, ValidityChange::Invalidate]);
        let (signature, other_data) = (dice.bytes(), dice.bytes());
        wire.send(Validate {
            change,
            slot: dice.slot(),
            signature,
            other_data,
            answer: dice.one_of(&[VerifyAnswer::Status, VerifyAnswer::Mac]),
        })
    },
    |dice, wire| {
        wire.send(WriteBlock {
            address: dice.block(),
            data: dice.bytes(),
        })
    },
    write_word,
    |dice, wire| {
        let zone_state = dice.one_of(&[ZoneState::Unlocked, ZoneState::Locked]);
        let (cipher, mac) = (dice.bytes(), dice.bytes());
        let place = [Place::Otp, Place::Slot(dice.slot())];
        let address = BlockAddress::new(dice.one_of(&place), 0).unwrap();
        wire.send(WriteEncrypted {
            address,
            zone_state,
            cipher,
            mac,
        })
    },
];

fn aes(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let block = dice.one_of(&BLOCKS);
    let slot = AesKey::Slot(dice.slot(), block);
    let command = Aes {
        mode: dice.one_of(&[AesMode::Encrypt, AesMode::Decrypt]),
        key: dice.one_of(&[slot, AesKey::TempKey(KeyBlock::First)]),
        input: dice.bytes(),
    };
    wire.send(command)
}

fn check_mac(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let flag = dice.one_of(&FLAGS);
    let blocks = [
        Blocks::KeyThenChallenge,
        Blocks::KeyThenTempKey(flag),
        Blocks::TempKeyThenChallenge(flag),
        Blocks::TempKeyTwice(flag),
    ];
    let command = CheckMac {
        blocks: dice.one_of(&blocks),
        otp: dice.one_of(&[OtpPart::None, OtpPart::First8]),
        slot: dice.slot(),
        challenge: dice.bytes(),
        response: dice.bytes(),
        other_data: dice.bytes(),
    };
    wire.send(command)
}

fn ecdh(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let slot = dice.slot();
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
    let mode = dice.one_of(&modes);
    wire.send(Ecdh {
        mode,
        peer: dice.point(),
    })
}

fn gen_dig(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let (slot, nonce) = (dice.slot(), dice.bytes());
    let location = dice.byte();
    let sources = [
        DigSource::Config(Quarter::Third),
        DigSource::Otp(Half::Second),
        DigSource::Data(slot),
        DigSource::DataNoMac(slot, dice.bytes()),
        DigSource::SharedNonce { location, nonce },
        DigSource::SharedNonceLast { location, nonce },
        DigSource::Counter(CounterId::One),
        DigSource::KeyConfig(slot),
    ];
    let source = dice.one_of(&sources);
    wire.send(GenDig { source })
}

fn kdf(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let (message, block, slot) = (dice.bytes::<40>(), dice.bytes(), dice.slot());
    let functions = [
        KdfFunction::Prf {
            key: PrfKeyLength::Bytes32,
            result: dice.one_of(&[PrfResult::Bytes32, PrfResult::Bytes64]),
            message: &message,
        },
        KdfFunction::Aes {
            key: dice.one_of(&BLOCKS),
            message: &block,
        },
        KdfFunction::Hkdf {
            key: dice.one_of(&[HkdfKey::Source, HkdfKey::Zero]),
            message: HkdfMessage::Input(&message),
        },
    ];
    let source = dice.one_of(&[KdfSource::TempKey, KdfSource::Slot(slot)]);
    let target = dice.one_of(&[
        KdfTarget::TempKey,
        KdfTarget::Slot(slot),
        KdfTarget::AlternateKeyBuffer,
        KdfTarget::Output,
        KdfTarget::EncryptedOutput,
    ]);
    let command = Kdf::new(source, target, dice.one_of(&functions)).unwrap();
    wire.send(command)
}

fn lock(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let crc = u16::from_le_bytes(dice.bytes());
    let slot = LockTarget::Slot(dice.slot());
    let targets = [LockTarget::Config { crc }, LockTarget::Data { crc }, slot];
    let target = dice.one_of(&targets);
    wire.send(Lock { target })
}

fn mac(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let (flag, challenge) = (dice.one_of(&FLAGS), dice.bytes());
    let blocks = [
        MacBlocks::KeyThenChallenge(challenge),
        MacBlocks::KeyThenTempKey(flag),
        MacBlocks::TempKeyThenChallenge(flag, challenge),
        MacBlocks::TempKeyTwice(flag),
    ];
    let command = Mac {
        blocks: dice.one_of(&blocks),
        otp: dice.one_of(&[MacOtp::None, MacOtp::First11, MacOtp::First8]),
        serial: dice.one_of(&SERIALS),
        slot: dice.slot(),
    };
    wire.send(command)
}

fn priv_write(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let clear = PrivateKeyData::Clear(scalar(dice.byte() | 1));
    let (cipher, mac) = (dice.bytes(), dice.bytes());
    let encrypted = PrivateKeyData::Encrypted { cipher, mac };
    let slot = dice.slot();
    if dice.byte() & 1 == 0 {
        wire.send(PrivWrite { slot, key: clear })
    } else {
        let key = encrypted;
        wire.send(PrivWrite { slot, key })
    }
}

fn secure_boot(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let signature = dice.bytes();
    let modes = [
        SecureBootMode::Full(signature),
        SecureBootMode::Stored,
        SecureBootMode::FullCopy(signature),
    ];
    let command = SecureBoot {
        mode: dice.one_of(&modes),
        digest: dice.bytes(),
        protection: dice.one_of(&[Protection::Clear, Protection::Encrypted]),
        afterwards: dice.one_of(&[Afterwards::Nothing, Afterwards::Prohibit]),
    };
    wire.send(command)
}

fn sha_end(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let bytes = dice.bytes::<64>();
    let length = usize::from(dice.byte() & 0x3F);
    let targets = [
        DigestTarget::TempKey,
        DigestTarget::MessageDigestBuffer,
        DigestTarget::OutputOnly,
        DigestTarget::Hmac508,
    ];
    let command = ShaEnd {
        piece: ShaPiece::new(&bytes[..length]).unwrap(),
        target: dice.one_of(&targets),
    };
    wire.send(command)
}

fn verify(dice: &mut Dice, wire: &mut Wire) -> Sent {
    let (slot, point) = (dice.slot(), dice.point());
    let keys = [
        VerifyKey::External(point),
        VerifyKey::Stored(slot),
        VerifyKey::ValidateExternal(slot),
    ];
    let command = Verify {
        key: dice.one_of(&keys),
        source: dice.one_of(&SOURCES),
        signature: dice.bytes(),
        answer: dice.one_of(&[VerifyAnswer::Status, VerifyAnswer::Mac]),
    };
    wire.send(command)
}

/// Not the word with the I2C address, by which the driver knows the chip, and
/// with the length of the watchdog.
fn write_word(dice: &mut Dice, wire: &mut Wire) -> Sent {
    const ADDRESS_AND_MODE: u8 = 4;
    let place = dice.place();
    let address = dice.word_of(place);
    let kept = WordAddress::new(Place::Config, ADDRESS_AND_MODE).unwrap();
    let data = dice.bytes();
    let address = if address == kept {
        dice.word_of(Place::Otp)
    } else {
        address
    };
    wire.send(WriteWord { address, data })
}
