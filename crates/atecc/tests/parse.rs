//! What a command is encoded to parses to the same command, and to none of
//! another type.
#![cfg(feature = "parse")]

use std::fmt::Debug;

use atecc::command::Request;
use atecc::commands::{
    Aes, AesGfm, AesKey, AesMode, Afterwards, Blocks, CheckMac, Counter, CounterId, CounterMode,
    CreateTempKey, DeriveKey, DigSource, DigestPublicKey, DigestSource, DigestTarget, Ecdh,
    EcdhMode, Engines, FixedNonce, GenDig, GenKey, GenKeyMode, Half, HkdfKey, HkdfMessage, Hmac,
    IncludeSerial, InfoGpio, InfoKeyValid, InfoLatch, InfoRevision, InfoState, InternalPurpose,
    Kdf, KdfFunction, KdfMessageTooLong, KdfSource, KdfTarget, KeyBlock, LoadNonce, LoadNonce64,
    Lock, LockTarget, LockWithoutCrc, Mac, MacBlocks, MacOtp, NonceTarget, NonceTarget64, OtpPart,
    Pause, PrfKeyLength, PrfResult, PrivWrite, PrivateKeyData, Protection, Quarter, Random,
    RandomNonce, ReadBlock, ReadWord, SecureBoot, SecureBootMode, SeedUpdate, SelfTest, ShaContext,
    ShaEnd, ShaPiece, ShaPublic, ShaReadContext, ShaStart, ShaUpdate, ShaWriteContext, Sign,
    SignInternal, SourceFlag, UpdateExtra, Validate, ValidityChange, Verify, VerifyAnswer,
    VerifyKey, WriteBlock, WriteEncrypted, WriteWord, ZoneState,
};
use atecc::group::Group;
use atecc::parse::{CommandError, Parse, Part};
use atecc::{BlockAddress, Opcode, PublicKey, Region, Slot, WordAddress};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::{select, subsequence};

/// The test of each type, and who claims bytes.
macro_rules! commands {
    (
        $($test:ident: $name:ident in $strategy:expr;)*
        => $($borrowed:ident),*
    ) => {
        /// The types that do not leave `group` to another one.
        fn claimants(group: &[u8]) -> Vec<&'static str> {
            let mut claimants = Vec::new();
            $(if is_claim(&$name::parse(group)) { claimants.push(stringify!($name)); })*
            $(if is_claim(&$borrowed::parse(group)) { claimants.push(stringify!($borrowed)); })*
            claimants
        }

        proptest! {
            $(
                #[test]
                fn $test(command in $strategy) {
                    let request = Request::new(&command).unwrap();
                    parses_back(&command, group(&request), stringify!($name));
                }
            )*
        }
    };
}

/// Whether a type has the opcode and the mode, be the rest wrong or not.
fn is_claim<C>(parsed: &Result<C, CommandError>) -> bool {
    !matches!(
        parsed,
        Err(CommandError::OtherOpcode { .. } | CommandError::Mode { .. })
    )
}

/// What follows the word address.
fn group(request: &Request) -> &[u8] {
    &request.as_bytes()[1..]
}

fn parses_back<'a, C>(command: &C, group: &'a [u8], name: &str)
where
    C: Parse<'a> + PartialEq + Debug,
{
    assert_eq!(C::parse(group).as_ref(), Ok(command));
    assert_eq!(claimants(group), [name]);
}

fn bytes<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    any::<[u8; N]>()
}

fn slots() -> impl Strategy<Value = Slot> {
    (0..16_u8).prop_map(|index| Slot::new(index).unwrap())
}

fn regions() -> impl Strategy<Value = Region> {
    prop_oneof![
        Just(Region::Config),
        Just(Region::Otp),
        slots().prop_map(Region::Slot),
    ]
}

/// Of whole length or shorter, as the last of a slot is.
fn blocks() -> impl Strategy<Value = BlockAddress> {
    regions().prop_flat_map(|region| {
        let blocks = u8::try_from(region.size().div_ceil(32)).unwrap();
        (0..blocks).prop_map(move |block| BlockAddress::new(region, block).unwrap())
    })
}

fn words() -> impl Strategy<Value = WordAddress> {
    regions().prop_flat_map(|region| {
        let words = u8::try_from(region.size() / 4).unwrap();
        (0..words).prop_map(move |word| WordAddress::new(region, word).unwrap())
    })
}

fn flags() -> impl Strategy<Value = SourceFlag> {
    select(&[SourceFlag::Random, SourceFlag::Input][..])
}

fn serials() -> impl Strategy<Value = IncludeSerial> {
    select(&[IncludeSerial::Fixed, IncludeSerial::Whole][..])
}

fn otps() -> impl Strategy<Value = MacOtp> {
    select(&[MacOtp::None, MacOtp::First11, MacOtp::First8][..])
}

fn seeds() -> impl Strategy<Value = SeedUpdate> {
    select(&[SeedUpdate::Automatic, SeedUpdate::Never][..])
}

fn counters() -> impl Strategy<Value = CounterId> {
    select(&[CounterId::Zero, CounterId::One][..])
}

fn sources() -> impl Strategy<Value = DigestSource> {
    select(&[DigestSource::TempKey, DigestSource::MessageDigestBuffer][..])
}

fn answers() -> impl Strategy<Value = VerifyAnswer> {
    select(&[VerifyAnswer::Status, VerifyAnswer::Mac][..])
}

fn key_blocks() -> impl Strategy<Value = KeyBlock> {
    select(
        &[
            KeyBlock::First,
            KeyBlock::Second,
            KeyBlock::Third,
            KeyBlock::Fourth,
        ][..],
    )
}

fn aes_keys() -> impl Strategy<Value = AesKey> {
    prop_oneof![
        (slots(), key_blocks()).prop_map(|(slot, block)| AesKey::Slot(slot, block)),
        key_blocks().prop_map(AesKey::TempKey),
    ]
}

fn check_blocks() -> impl Strategy<Value = Blocks> {
    prop_oneof![
        Just(Blocks::KeyThenChallenge),
        flags().prop_map(Blocks::KeyThenTempKey),
        flags().prop_map(Blocks::TempKeyThenChallenge),
        flags().prop_map(Blocks::TempKeyTwice),
    ]
}

fn mac_blocks() -> impl Strategy<Value = MacBlocks> {
    prop_oneof![
        bytes().prop_map(MacBlocks::KeyThenChallenge),
        flags().prop_map(MacBlocks::KeyThenTempKey),
        (flags(), bytes())
            .prop_map(|(flag, challenge)| { MacBlocks::TempKeyThenChallenge(flag, challenge) }),
        flags().prop_map(MacBlocks::TempKeyTwice),
    ]
}

fn ecdh_modes() -> impl Strategy<Value = EcdhMode> {
    prop_oneof![
        slots().prop_map(EcdhMode::Compatible),
        slots().prop_map(EcdhMode::CompatibleEncrypted),
        slots().prop_map(EcdhMode::SlotToTempKey),
        slots().prop_map(EcdhMode::SlotToOutput),
        slots().prop_map(EcdhMode::SlotToEncryptedOutput),
        slots().prop_map(EcdhMode::TempKeyToSlot),
        Just(EcdhMode::TempKeyToTempKey),
        Just(EcdhMode::TempKeyToOutput),
        Just(EcdhMode::TempKeyToEncryptedOutput),
    ]
}

fn dig_sources() -> impl Strategy<Value = DigSource> {
    let quarters = [
        Quarter::First,
        Quarter::Second,
        Quarter::Third,
        Quarter::Fourth,
    ];
    prop_oneof![
        select(quarters.to_vec()).prop_map(DigSource::Config),
        select(&[Half::First, Half::Second][..]).prop_map(DigSource::Otp),
        slots().prop_map(DigSource::Data),
        (slots(), bytes()).prop_map(|(slot, other)| DigSource::DataNoMac(slot, other)),
        // Bit 15 of Param2 tells a transport key.
        (0..0x8000_u16).prop_map(DigSource::TransportKey),
        (any::<u8>(), bytes())
            .prop_map(|(location, nonce)| DigSource::SharedNonce { location, nonce }),
        (any::<u8>(), bytes())
            .prop_map(|(location, nonce)| DigSource::SharedNonceLast { location, nonce }),
        counters().prop_map(DigSource::Counter),
        slots().prop_map(DigSource::KeyConfig),
    ]
}

fn lock_targets() -> impl Strategy<Value = LockTarget> {
    prop_oneof![
        any::<u16>().prop_map(|crc| LockTarget::Config { crc }),
        any::<u16>().prop_map(|crc| LockTarget::Data { crc }),
        slots().prop_map(LockTarget::Slot),
    ]
}

fn private_keys() -> impl Strategy<Value = PrivateKeyData> {
    prop_oneof![
        bytes().prop_map(PrivateKeyData::Clear),
        (bytes(), bytes()).prop_map(|(cipher, mac)| PrivateKeyData::Encrypted { cipher, mac }),
    ]
}

fn boot_modes() -> impl Strategy<Value = SecureBootMode> {
    prop_oneof![
        bytes().prop_map(SecureBootMode::Full),
        Just(SecureBootMode::Stored),
        bytes().prop_map(SecureBootMode::FullCopy),
    ]
}

fn engines() -> impl Strategy<Value = Engines> {
    let all = [
        Engines::RNG,
        Engines::ECDSA,
        Engines::ECDH,
        Engines::AES,
        Engines::SHA,
    ];
    subsequence(all.to_vec(), 0..=5)
        .prop_map(|some| some.into_iter().fold(Engines::NONE, Engines::and))
}

fn verify_keys() -> impl Strategy<Value = VerifyKey> {
    prop_oneof![
        bytes().prop_map(|key| VerifyKey::External(PublicKey(key))),
        slots().prop_map(VerifyKey::Stored),
        slots().prop_map(VerifyKey::ValidateExternal),
    ]
}

fn digest_targets() -> impl Strategy<Value = DigestTarget> {
    select(
        &[
            DigestTarget::TempKey,
            DigestTarget::MessageDigestBuffer,
            DigestTarget::OutputOnly,
            DigestTarget::Hmac508,
        ][..],
    )
}

fn kdf_sources() -> impl Strategy<Value = KdfSource> {
    prop_oneof![
        Just(KdfSource::TempKey),
        Just(KdfSource::TempKeyUpper),
        slots().prop_map(KdfSource::Slot),
        Just(KdfSource::AlternateKeyBuffer),
    ]
}

fn kdf_targets() -> impl Strategy<Value = KdfTarget> {
    prop_oneof![
        Just(KdfTarget::TempKey),
        Just(KdfTarget::TempKeyUpper),
        slots().prop_map(KdfTarget::Slot),
        Just(KdfTarget::AlternateKeyBuffer),
        Just(KdfTarget::Output),
        Just(KdfTarget::EncryptedOutput),
    ]
}

/// The functions of KDF over a message of 1 to 127 bytes, or one of 16.
fn kdf_functions<'a>(
    message: &'a [u8],
    block: &'a [u8; 16],
    slot: Slot,
) -> impl Iterator<Item = KdfFunction<'a>> {
    let prf = [
        (PrfKeyLength::Bytes16, PrfResult::Bytes32),
        (PrfKeyLength::Bytes32, PrfResult::Bytes64),
        (PrfKeyLength::Bytes48, PrfResult::Split),
        (PrfKeyLength::Bytes64, PrfResult::Bytes32),
    ];
    let prf = prf.map(|(key, result)| KdfFunction::Prf {
        key,
        result,
        message,
    });
    let blocks = [
        KeyBlock::First,
        KeyBlock::Second,
        KeyBlock::Third,
        KeyBlock::Fourth,
    ];
    let aes = blocks.map(|key| KdfFunction::Aes {
        key,
        message: block,
    });
    let hkdf = [
        (HkdfKey::Source, HkdfMessage::Slot(slot)),
        (HkdfKey::Zero, HkdfMessage::TempKey),
        (HkdfKey::Source, HkdfMessage::Input(message)),
        (HkdfKey::Zero, HkdfMessage::Iv(message)),
    ];
    let hkdf = hkdf.map(|(key, message)| KdfFunction::Hkdf { key, message });
    prf.into_iter().chain(aes).chain(hkdf)
}

commands! {
    aes: Aes in (
        select(&[AesMode::Encrypt, AesMode::Decrypt][..]), aes_keys(), bytes(),
    ).prop_map(|(mode, key, input)| Aes { mode, key, input });
    aes_gfm: AesGfm in (bytes(), bytes()).prop_map(|(h, input)| AesGfm { h, input });
    check_mac: CheckMac in (
        check_blocks(), select(&[OtpPart::None, OtpPart::First8][..]), slots(),
        bytes(), bytes(), bytes(),
    ).prop_map(|(blocks, otp, slot, challenge, response, other_data)| {
        CheckMac { blocks, otp, slot, challenge, response, other_data }
    });
    counter: Counter in (
        select(&[CounterMode::Read, CounterMode::Increment][..]), counters(),
    ).prop_map(|(mode, counter)| Counter { mode, counter });
    derive_key: DeriveKey in (slots(), flags(), option::of(bytes()))
        .prop_map(|(target, temp_key, mac)| DeriveKey { target, temp_key, mac });
    ecdh: Ecdh in (ecdh_modes(), bytes())
        .prop_map(|(mode, peer)| Ecdh { mode, peer: PublicKey(peer) });
    gen_dig: GenDig in dig_sources().prop_map(|source| GenDig { source });
    gen_key: GenKey in (
        select(&[
            GenKeyMode::Public,
            GenKeyMode::Create,
            GenKeyMode::PublicDigest,
            GenKeyMode::CreateDigest,
        ][..]),
        slots(),
    ).prop_map(|(mode, slot)| GenKey { mode, slot });
    digest_public_key: DigestPublicKey in (slots(), option::of(bytes()))
        .prop_map(|(slot, other_data)| DigestPublicKey { slot, other_data });
    create_temp_key: CreateTempKey in Just(CreateTempKey);
    hmac: Hmac in (slots(), flags(), otps(), serials())
        .prop_map(|(slot, temp_key, otp, serial)| Hmac { slot, temp_key, otp, serial });
    info_revision: InfoRevision in Just(InfoRevision);
    info_key_valid: InfoKeyValid in slots().prop_map(|slot| InfoKeyValid { slot });
    info_state: InfoState in Just(InfoState);
    info_gpio: InfoGpio in any::<u8>().prop_map(|driver| InfoGpio { driver });
    info_latch: InfoLatch in select(&[InfoLatch::Read, InfoLatch::Clear, InfoLatch::Set][..]);
    lock: Lock in lock_targets().prop_map(|target| Lock { target });
    lock_without_crc: LockWithoutCrc in
        select(&[LockWithoutCrc::Config, LockWithoutCrc::Data][..]);
    mac: Mac in (mac_blocks(), otps(), serials(), slots())
        .prop_map(|(blocks, otp, serial, slot)| Mac { blocks, otp, serial, slot });
    load_nonce: LoadNonce in (
        select(&[
            NonceTarget::TempKey,
            NonceTarget::MessageDigestBuffer,
            NonceTarget::AlternateKeyBuffer,
        ][..]),
        bytes(),
    ).prop_map(|(target, value)| LoadNonce { target, value });
    load_nonce_64: LoadNonce64 in (
        select(&[NonceTarget64::TempKey, NonceTarget64::MessageDigestBuffer][..]), bytes(),
    ).prop_map(|(target, value)| LoadNonce64 { target, value });
    random_nonce: RandomNonce in (bytes(), seeds())
        .prop_map(|(input, seed)| RandomNonce { input, seed });
    fixed_nonce: FixedNonce in (bytes(), seeds())
        .prop_map(|(input, seed)| FixedNonce { input, seed });
    pause: Pause in any::<u8>().prop_map(|selector| Pause { selector });
    priv_write: PrivWrite in (slots(), private_keys())
        .prop_map(|(slot, key)| PrivWrite { slot, key });
    random: Random in seeds().prop_map(|seed| Random { seed });
    read_block: ReadBlock in blocks().prop_map(|address| ReadBlock { address });
    read_word: ReadWord in words().prop_map(|address| ReadWord { address });
    secure_boot: SecureBoot in (
        boot_modes(),
        bytes(),
        select(&[Protection::Clear, Protection::Encrypted][..]),
        select(&[Afterwards::Nothing, Afterwards::Prohibit][..]),
    ).prop_map(|(mode, digest, protection, afterwards)| {
        SecureBoot { mode, digest, protection, afterwards }
    });
    self_test: SelfTest in engines().prop_map(|tests| SelfTest { tests });
    sha_start: ShaStart in prop_oneof![
        Just(ShaStart::Sha256),
        slots().prop_map(ShaStart::Hmac),
        Just(ShaStart::HmacTempKey),
    ];
    sha_public: ShaPublic in slots().prop_map(|slot| ShaPublic { slot });
    sha_read_context: ShaReadContext in Just(ShaReadContext);
    sha_write_context: ShaWriteContext in vec(any::<u8>(), 36..=99).prop_map(|context| {
        let context = ShaContext::new(&context).unwrap();
        ShaWriteContext { context }
    });
    sign: Sign in (sources(), slots()).prop_map(|(source, slot)| Sign { source, slot });
    sign_internal: SignInternal in (
        slots(),
        serials(),
        select(&[InternalPurpose::Any, InternalPurpose::Invalidate][..]),
    ).prop_map(|(slot, serial, purpose)| SignInternal { slot, serial, purpose });
    update_extra: UpdateExtra in prop_oneof![
        any::<u8>().prop_map(UpdateExtra::UserExtra),
        any::<u8>().prop_map(UpdateExtra::SelectorOrAddress),
        slots().prop_map(UpdateExtra::UseKey),
    ];
    verify: Verify in (verify_keys(), sources(), bytes(), answers())
        .prop_map(|(key, source, signature, answer)| Verify { key, source, signature, answer });
    validate: Validate in (
        select(&[ValidityChange::Validate, ValidityChange::Invalidate][..]),
        slots(), bytes(), bytes(), answers(),
    ).prop_map(|(change, slot, signature, other_data, answer)| {
        Validate { change, slot, signature, other_data, answer }
    });
    write_block: WriteBlock in (blocks(), bytes())
        .prop_map(|(address, data)| WriteBlock { address, data });
    write_encrypted: WriteEncrypted in (
        blocks(), select(&[ZoneState::Unlocked, ZoneState::Locked][..]), bytes(), bytes(),
    ).prop_map(|(address, zone_state, cipher, mac)| {
        WriteEncrypted { address, zone_state, cipher, mac }
    });
    write_word: WriteWord in (words(), bytes())
        .prop_map(|(address, data)| WriteWord { address, data });
    => ShaUpdate, ShaEnd, Kdf
}

proptest! {
    #[test]
    fn sha_update(piece in vec(any::<u8>(), 0..=64)) {
        let piece = ShaPiece::new(&piece).unwrap();
        let command = ShaUpdate { piece };
        let request = Request::new(&command).unwrap();
        parses_back(&command, group(&request), "ShaUpdate");
    }

    #[test]
    fn sha_end(piece in vec(any::<u8>(), 0..=64), target in digest_targets()) {
        let piece = ShaPiece::new(&piece).unwrap();
        let command = ShaEnd { piece, target };
        let request = Request::new(&command).unwrap();
        parses_back(&command, group(&request), "ShaEnd");
    }

    #[test]
    fn kdf(
        source in kdf_sources(),
        target in kdf_targets(),
        message in vec(any::<u8>(), 0..=127),
        block in bytes(),
        slot in slots(),
    ) {
        for function in kdf_functions(&message, &block, slot) {
            let command = Kdf::new(source, target, function).unwrap();
            let request = Request::new(&command).unwrap();
            parses_back(&command, group(&request), "Kdf");
        }
    }
}

/// Source: the group of a real host that asked an ATECC508A for a public key.
#[test]
fn another_command() {
    let gen_key = [0x07, 0x40, 0x00, 0x00, 0x00, 0x00, 0x05];
    let error = CommandError::OtherOpcode {
        expected: Opcode::Counter,
        got: Opcode::GenKey,
    };
    assert_eq!(Counter::parse(&gen_key), Err(error));
    assert_eq!(error.part(), Part::Opcode);
    // The same opcode; a mode of another type.
    let error = CommandError::Mode {
        opcode: Opcode::GenKey,
        mode: 0,
    };
    assert_eq!(DigestPublicKey::parse(&gen_key), Err(error));
}

/// The chip may take it; the type has no room.
#[test]
fn longest_message_of_kdf() {
    let group = |len: u8| {
        let message = vec![0x5A; usize::from(len)];
        let head = [0x56, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, len];
        Group::new(&[&head[..], &message].concat()).unwrap()
    };
    assert!(Kdf::parse(group(127).as_bytes()).is_ok());
    let error = CommandError::Message(KdfMessageTooLong(128));
    assert_eq!(Kdf::parse(group(128).as_bytes()), Err(error));
}
