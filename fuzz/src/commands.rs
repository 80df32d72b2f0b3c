//! Every command of `atecc`, one of them chosen by the fuzzer.

use arbitrary::{Result, Unstructured};
use atecc::commands::*;
use atecc::{BlockAddress, Command, PublicKey, Region, Slot, WordAddress};

/// What is done with a command.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Do it.
    fn visit<C: Command>(self, command: C) -> Self::Output;
}

/// How many commands there are.
const COMMANDS: u8 = 41;

/// Choose a command and its parameters from `u`, and do `visitor` with it.
///
/// # Errors
/// When `u` has no bytes left.
pub fn choose<V: Visitor>(u: &mut Unstructured<'_>, visitor: V) -> Result<V::Output> {
    let slot = slot(u)?;
    let kind: u8 = u.arbitrary()?;
    Ok(match u.int_in_range(0..=COMMANDS - 1)? {
        0 => visitor.visit(Aes {
            mode: pick(kind, &[AesMode::Encrypt, AesMode::Decrypt]),
            key: pick(
                kind,
                &[
                    AesKey::Slot(slot, KeyBlock::Second),
                    AesKey::TempKey(KeyBlock::Fourth),
                ],
            ),
            input: u.arbitrary()?,
        }),
        1 => visitor.visit(AesGfm {
            h: u.arbitrary()?,
            input: u.arbitrary()?,
        }),
        2 => visitor.visit(CheckMac {
            blocks: pick(
                kind,
                &[
                    Blocks::KeyThenChallenge,
                    Blocks::TempKeyTwice(SourceFlag::Input),
                ],
            ),
            otp: OtpPart::First8,
            slot,
            challenge: u.arbitrary()?,
            response: u.arbitrary()?,
            other_data: u.arbitrary()?,
        }),
        3 => visitor.visit(Counter {
            mode: pick(kind, &[CounterMode::Read, CounterMode::Increment]),
            counter: CounterId::One,
        }),
        4 => visitor.visit(DeriveKey {
            target: slot,
            temp_key: SourceFlag::Random,
            mac: u.arbitrary()?,
        }),
        5 => visitor.visit(Ecdh {
            mode: pick(
                kind,
                &[
                    EcdhMode::Compatible(slot),
                    EcdhMode::CompatibleEncrypted(slot),
                    EcdhMode::SlotToTempKey(slot),
                    EcdhMode::SlotToOutput(slot),
                    EcdhMode::SlotToEncryptedOutput(slot),
                    EcdhMode::TempKeyToSlot(slot),
                    EcdhMode::TempKeyToTempKey,
                    EcdhMode::TempKeyToOutput,
                    EcdhMode::TempKeyToEncryptedOutput,
                ],
            ),
            peer: PublicKey(u.arbitrary()?),
        }),
        6 => visitor.visit(GenDig {
            source: pick(
                kind,
                &[
                    DigSource::Config(Quarter::Fourth),
                    DigSource::Otp(Half::Second),
                    DigSource::Data(slot),
                    DigSource::DataNoMac(slot, [kind; 4]),
                    DigSource::TransportKey(kind.into()),
                    DigSource::SharedNonce {
                        location: kind,
                        nonce: [kind; 32],
                    },
                    DigSource::SharedNonceLast {
                        location: kind,
                        nonce: [kind; 32],
                    },
                    DigSource::Counter(CounterId::Zero),
                    DigSource::KeyConfig(slot),
                ],
            ),
        }),
        7 => visitor.visit(GenKey {
            slot,
            mode: pick(
                kind,
                &[
                    GenKeyMode::Public,
                    GenKeyMode::Create,
                    GenKeyMode::PublicDigest,
                    GenKeyMode::CreateDigest,
                ],
            ),
        }),
        8 => visitor.visit(DigestPublicKey {
            slot,
            other_data: u.arbitrary()?,
        }),
        9 => visitor.visit(CreateTempKey),
        10 => visitor.visit(Hmac {
            slot,
            temp_key: SourceFlag::Input,
            otp: MacOtp::None,
            serial: IncludeSerial::Whole,
        }),
        11 => visitor.visit(InfoRevision),
        12 => visitor.visit(InfoKeyValid { slot }),
        13 => visitor.visit(InfoState),
        14 => visitor.visit(InfoGpio { driver: kind }),
        15 => visitor.visit(pick(
            kind,
            &[InfoLatch::Read, InfoLatch::Clear, InfoLatch::Set],
        )),
        16 => {
            let len = usize::from(kind).min(u.len());
            let message = u.bytes(len)?;
            let target = pick(
                kind,
                &[
                    KdfTarget::TempKey,
                    KdfTarget::TempKeyUpper,
                    KdfTarget::Slot(slot),
                    KdfTarget::AlternateKeyBuffer,
                    KdfTarget::Output,
                    KdfTarget::EncryptedOutput,
                ],
            );
            let function = pick(
                u.arbitrary()?,
                &[
                    KdfFunction::Prf {
                        key: PrfKeyLength::Bytes32,
                        result: PrfResult::Bytes32,
                        message,
                    },
                    KdfFunction::Prf {
                        key: PrfKeyLength::Bytes16,
                        result: PrfResult::Bytes64,
                        message,
                    },
                    KdfFunction::Prf {
                        key: PrfKeyLength::Bytes64,
                        result: PrfResult::Split,
                        message,
                    },
                    KdfFunction::Aes {
                        key: KeyBlock::First,
                        message: &[0xA5; 16],
                    },
                    KdfFunction::Hkdf {
                        key: HkdfKey::Zero,
                        message: HkdfMessage::Input(message),
                    },
                    KdfFunction::Hkdf {
                        key: HkdfKey::Source,
                        message: HkdfMessage::Iv(message),
                    },
                    KdfFunction::Hkdf {
                        key: HkdfKey::Source,
                        message: HkdfMessage::Slot(slot),
                    },
                ],
            );
            let kdf = Kdf::new(KdfSource::TempKey, target, function);
            visitor.visit(kdf.map_err(|_| arbitrary::Error::IncorrectFormat)?)
        }
        17 => visitor.visit(Lock {
            target: pick(
                kind,
                &[
                    LockTarget::Config { crc: kind.into() },
                    LockTarget::Data { crc: kind.into() },
                    LockTarget::Slot(slot),
                ],
            ),
        }),
        18 => visitor.visit(Mac {
            blocks: pick(
                kind,
                &[
                    MacBlocks::KeyThenChallenge([kind; 32]),
                    MacBlocks::KeyThenTempKey(SourceFlag::Random),
                    MacBlocks::TempKeyThenChallenge(SourceFlag::Input, [kind; 32]),
                    MacBlocks::TempKeyTwice(SourceFlag::Input),
                ],
            ),
            otp: MacOtp::First11,
            serial: IncludeSerial::Fixed,
            slot,
        }),
        19 => visitor.visit(LoadNonce {
            target: NonceTarget::TempKey,
            value: u.arbitrary()?,
        }),
        20 => visitor.visit(LoadNonce64 {
            target: NonceTarget64::TempKey,
            value: u.arbitrary()?,
        }),
        21 => visitor.visit(RandomNonce {
            input: u.arbitrary()?,
            seed: SeedUpdate::Never,
        }),
        22 => visitor.visit(FixedNonce {
            input: u.arbitrary()?,
            seed: SeedUpdate::Automatic,
        }),
        23 => visitor.visit(Pause { selector: kind }),
        24 => visitor.visit(PrivWrite {
            slot,
            key: pick(
                kind,
                &[
                    PrivateKeyData::Clear([kind; 32]),
                    PrivateKeyData::Encrypted {
                        cipher: [kind; 36],
                        mac: [kind; 32],
                    },
                ],
            ),
        }),
        25 => visitor.visit(Random {
            seed: SeedUpdate::Automatic,
        }),
        26 => visitor.visit(ReadBlock {
            address: block(slot, kind)?,
        }),
        27 => visitor.visit(ReadWord {
            address: word(slot, kind)?,
        }),
        28 => visitor.visit(SecureBoot {
            mode: pick(
                kind,
                &[
                    SecureBootMode::Full([kind; 64]),
                    SecureBootMode::Stored,
                    SecureBootMode::FullCopy([kind; 64]),
                ],
            ),
            digest: u.arbitrary()?,
            protection: pick(u.arbitrary()?, &[Protection::Clear, Protection::Encrypted]),
            afterwards: Afterwards::Nothing,
        }),
        29 => visitor.visit(SelfTest {
            tests: pick(kind, &[Engines::ALL, Engines::AES]),
        }),
        30 => visitor.visit(pick(
            kind,
            &[
                ShaStart::Sha256,
                ShaStart::Hmac(slot),
                ShaStart::HmacTempKey,
            ],
        )),
        31 => visitor.visit(ShaUpdate {
            piece: ShaPiece::first_of(rest(u)),
        }),
        32 => visitor.visit(ShaEnd {
            target: pick(
                kind,
                &[
                    DigestTarget::TempKey,
                    DigestTarget::MessageDigestBuffer,
                    DigestTarget::OutputOnly,
                    DigestTarget::Hmac508,
                ],
            ),
            piece: ShaPiece::first_of(rest(u)),
        }),
        33 => visitor.visit(ShaPublic { slot }),
        34 => visitor.visit(ShaReadContext),
        35 => {
            let context = ShaContext::new(&[kind; 40]);
            let context = context.map_err(|_| arbitrary::Error::IncorrectFormat)?;
            visitor.visit(ShaWriteContext { context })
        }
        36 => visitor.visit(SignInternal {
            slot,
            serial: IncludeSerial::Whole,
            purpose: InternalPurpose::Any,
        }),
        37 => visitor.visit(Verify {
            key: pick(
                kind,
                &[
                    VerifyKey::External(PublicKey([kind; 64])),
                    VerifyKey::Stored(slot),
                    VerifyKey::ValidateExternal(slot),
                ],
            ),
            source: DigestSource::TempKey,
            signature: u.arbitrary()?,
            answer: pick(u.arbitrary()?, &[VerifyAnswer::Status, VerifyAnswer::Mac]),
        }),
        38 => visitor.visit(Validate {
            change: ValidityChange::Invalidate,
            slot,
            signature: u.arbitrary()?,
            other_data: u.arbitrary()?,
            answer: pick(u.arbitrary()?, &[VerifyAnswer::Status, VerifyAnswer::Mac]),
        }),
        39 => visitor.visit(pick(kind, &[LockWithoutCrc::Config, LockWithoutCrc::Data])),
        _ => visitor.visit(UpdateExtra::UserExtra(kind)),
    })
}

/// One of the 16 slots.
///
/// # Errors
/// When `u` has no bytes left.
pub fn slot(u: &mut Unstructured<'_>) -> Result<Slot> {
    Ok(*u.choose(&Slot::ALL)?)
}

fn rest<'a>(u: &mut Unstructured<'a>) -> &'a [u8] {
    let len = u.len() / 2;
    u.bytes(len).unwrap_or(&[])
}

fn pick<T: Clone>(kind: u8, of: &[T]) -> T {
    of[usize::from(kind) % of.len()].clone()
}

fn block(slot: Slot, block: u8) -> Result<BlockAddress> {
    BlockAddress::new(Region::Slot(slot), block).map_err(|_| arbitrary::Error::IncorrectFormat)
}

fn word(slot: Slot, word: u8) -> Result<WordAddress> {
    WordAddress::new(Region::Slot(slot), word).map_err(|_| arbitrary::Error::IncorrectFormat)
}
