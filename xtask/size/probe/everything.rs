//! Every command, every procedure, and all that the features `host`,
//! `rand_core` and `signature` add.

use core::hint::black_box;

use atecc::commands::*;
use atecc::host::{self, DigInput, CommandHeader, InternalMessage, MacInput, TempKeyState, Validity};
use atecc::procedures::*;
use atecc::signer::{ChipSigner, ChipVerifier, Signature};
use atecc::rng::ChipRng;
use atecc::{BlockAddress, ConfigZone, Device, Family, Region, PublicKey, SerialNumber, Slot, Timing, WordAddress};
use rand_core::TryRng;
use sha2::{Digest, Sha256};
use signature::hazmat::{PrehashSigner, PrehashVerifier};
use signature::{DigestSigner, DigestVerifier, Signer, Verifier};

use crate::bus::{Bus, Delay};
use crate::{Chip, apart, bytes, bytes_at, given};

const SLOT: Slot = Slot::S0;

pub fn use_all(chip: &mut Chip) {
    chip.set_timing(Timing::new(given(Some(Family::Atecc608))));
    simple_commands(chip);
    keys_and_digests(chip);
    zones(chip);
    procedures(chip);
    host_side(chip);
    traits(chip);
}

macro_rules! execute {
    ($chip:ident: $($command:expr),+ $(,)?) => {
        $( apart($chip, |chip| chip.execute($command)); )+
    };
}

macro_rules! run {
    ($chip:ident: $($procedure:expr),+ $(,)?) => {
        $( apart($chip, |chip| chip.run($procedure)); )+
    };
}

#[inline(always)]
fn simple_commands(chip: &mut Chip) {
    execute!(chip:
        InfoRevision,
        InfoKeyValid { slot: given(SLOT) },
        InfoState,
        InfoGpio { driver: given(0) },
        given(InfoLatch::Set),
        Counter { mode: given(CounterMode::Read), counter: given(CounterId::Zero) },
        Lock { target: given(LockTarget::Slot(SLOT)) },
        given(LockWithoutCrc::Config),
        Pause { selector: given(0) },
        Random { seed: given(SeedUpdate::Automatic) },
        SelfTest { tests: given(Engines::ALL) },
        given(UpdateExtra::UserExtra(0)),
    );
}

#[inline(always)]
fn keys_and_digests(chip: &mut Chip) {
    execute!(chip:
        Aes { mode: given(AesMode::Encrypt), key: given(AesKey::Slot(SLOT, KeyBlock::First)), input: bytes() },
        AesGfm { h: bytes(), input: bytes() },
        CheckMac {
            blocks: given(Blocks::KeyThenChallenge), otp: given(OtpPart::None), slot: given(SLOT),
            challenge: bytes(), response: bytes(), other_data: bytes(),
        },
        DeriveKey { target: given(SLOT), temp_key: given(SourceFlag::Random), mac: given(Some(bytes())) },
        Ecdh { mode: given(EcdhMode::Compatible(SLOT)), peer: PublicKey(bytes()) },
        GenDig { source: given(DigSource::SharedNonce { location: 0, nonce: bytes() }) },
        GenKey { mode: given(GenKeyMode::Public), slot: given(SLOT) },
        DigestPublicKey { slot: given(SLOT), other_data: given(Some(bytes())) },
        CreateTempKey,
        Hmac { slot: given(SLOT), temp_key: given(SourceFlag::Random), otp: given(MacOtp::None), serial: given(IncludeSerial::Whole) },
        Mac {
            blocks: given(MacBlocks::KeyThenChallenge(bytes())), otp: given(MacOtp::None),
            serial: given(IncludeSerial::Whole), slot: given(SLOT),
        },
        LoadNonce { target: given(NonceTarget::TempKey), value: bytes() },
        LoadNonce64 { target: given(NonceTarget64::TempKey), value: bytes() },
        RandomNonce { input: bytes(), seed: given(SeedUpdate::Automatic) },
        FixedNonce { input: bytes(), seed: given(SeedUpdate::Automatic) },
        SecureBoot {
            mode: given(SecureBootMode::Full(bytes())), digest: bytes(),
            protection: given(Protection::Clear), afterwards: given(Afterwards::Nothing),
        },
        given(ShaStart::Sha256),
        ShaUpdate { piece: ShaPiece::first_of(bytes_at::<64>()) },
        ShaEnd { piece: ShaPiece::first_of(bytes_at::<64>()), target: given(DigestTarget::OutputOnly) },
        ShaPublic { slot: given(SLOT) },
        ShaReadContext,
        Sign { source: given(DigestSource::TempKey), slot: given(SLOT) },
        SignInternal {
            slot: given(SLOT), serial: given(IncludeSerial::Whole), purpose: given(InternalPurpose::Any),
        },
        Verify {
            key: given(VerifyKey::External(PublicKey(bytes()))), source: given(DigestSource::TempKey),
            signature: bytes(), answer: given(VerifyAnswer::Status),
        },
        Validate {
            change: given(ValidityChange::Validate), slot: given(SLOT),
            signature: bytes(), other_data: bytes(), answer: given(VerifyAnswer::Status),
        },
    );
    apart(chip, |chip| {
        ShaContext::new(bytes_at::<99>()).map(|context| chip.execute(ShaWriteContext { context }))
    });
    apart(chip, |chip| {
        let message = &bytes_at::<127>()[..];
        let function = given(KdfFunction::Hkdf {
            key: HkdfKey::Source,
            message: HkdfMessage::Input(message),
        });
        Kdf::new(given(KdfSource::TempKey), given(KdfTarget::Output), function)
            .map(|kdf| chip.execute(kdf))
    });
}

#[inline(always)]
fn zones(chip: &mut Chip) {
    let block = || BlockAddress::new(given(Region::Slot(SLOT)), given(0));
    let word = || WordAddress::new(given(Region::Config), given(0));
    apart(chip, |chip| block().map(|address| chip.execute(ReadBlock { address })));
    apart(chip, |chip| word().map(|address| chip.execute(ReadWord { address })));
    apart(chip, |chip| {
        block().map(|address| chip.execute(WriteBlock { address, data: bytes() }))
    });
    apart(chip, |chip| {
        word().map(|address| chip.execute(WriteWord { address, data: bytes() }))
    });
    apart(chip, |chip| {
        block().map(|address| {
            let zone_state = given(ZoneState::Locked);
            let (cipher, mac) = (bytes(), bytes());
            chip.execute(WriteEncrypted { address, zone_state, cipher, mac })
        })
    });
    apart(chip, |chip| {
        let key = given(PrivateKeyData::Encrypted { cipher: bytes(), mac: bytes() });
        chip.execute(PrivWrite { slot: given(SLOT), key })
    });
}

#[inline(always)]
fn procedures(chip: &mut Chip) {
    run!(chip:
        CreateKey::new(given(SLOT)),
        IncrementCounter::new(given(CounterId::One)),
        LockAndConfirm::new(given(LockTarget::Slot(SLOT))),
        ChallengeMac::new(given(SLOT), bytes()),
        DeterministicMac::new(given(SLOT), bytes()),
        ReadConfig::new(),
        RefreshConfig::locks(given(ConfigZone([0; 128]))),
        ReadRegion::<72>::new(given(Region::Slot(SLOT))),
        Confirmed::new(ReadConfig::new()),
        HashInChip::new(given(ShaStart::Sha256), given(Family::Atecc608), &bytes_at::<256>()[..]),
        SignDigest::new(given(SLOT), bytes()),
        VerifyDigest::new(given(VerifyKey::Stored(SLOT)), bytes(), bytes()),
        sign_about_key(
            bytes(),
            GenKey { mode: given(GenKeyMode::PublicDigest), slot: given(SLOT) },
            internal(),
        ),
        sign_about_data(bytes(), GenDig { source: given(DigSource::Data(SLOT)) }, internal()),
    );
    apart(chip, |chip| {
        let layout = |part: &ConfigZone| part.with(given(20), bytes_at::<64>());
        chip.run(Configure::new(layout)).map(|done| chip.run(LockConfiguration::new(done)))
    });
    apart(chip, |chip| {
        WriteData::new(&ConfigZone(bytes()), bytes_at())
            .with_slot(given(SLOT), bytes_at::<36>())
            .map(|write| chip.run(write).map(|done| chip.run(LockData::new(done))))
    });
    apart(chip, |chip| {
        WriteRegion::new(given(Region::Slot(SLOT)), &bytes_at::<72>()[..]).map(|write| chip.run(write))
    });
    apart(chip, |chip| {
        BlockAddress::new(given(Region::Slot(SLOT)), given(0))
            .map(|address| chip.run(ReadEncrypted::new(address, session_key())))
    });
    apart(chip, |chip| {
        BlockAddress::new(given(Region::Slot(SLOT)), given(0)).map(|address| {
            let zone = given(ZoneState::Locked);
            chip.run(WriteBlockEncrypted::new(address, bytes_at(), zone, session_key()))
        })
    });
}

#[inline(always)]
fn internal() -> SignInternal {
    SignInternal {
        slot: given(SLOT),
        serial: given(IncludeSerial::Whole),
        purpose: given(InternalPurpose::Any),
    }
}

#[inline(always)]
fn session_key() -> SessionKey<'static> {
    SessionKey {
        slot: given(SLOT),
        key: bytes_at(),
        input: bytes(),
        serial: SerialNumber(bytes()),
    }
}

#[inline(always)]
fn host_side(chip: &mut Chip) {
    fn serial() -> &'static SerialNumber {
        static SERIAL: SerialNumber = SerialNumber([0; 9]);
        black_box(&SERIAL)
    }
    fn head() -> CommandHeader {
        given(CommandHeader::of(&InfoRevision))
    }
    fn input() -> MacInput<'static> {
        MacInput {
            first: bytes_at(),
            second: bytes_at(),
            otp: bytes_at(),
            serial: serial(),
        }
    }
    // The chip is not asked, but has its place in the frame as elsewhere.
    macro_rules! compute {
        ($($value:expr),+ $(,)?) => { $( apart(chip, |_| $value); )+ };
    }
    let seed = SeedUpdate::Automatic;
    compute!(
        host::counter_match(given(32)),
        host::derive_key(head(), bytes_at(), bytes_at(), serial()),
        host::derive_key_mac(head(), bytes_at(), serial()),
        host::encrypt_private_key(head(), bytes_at(), bytes_at(), serial()),
        host::encrypt_write(head(), bytes_at(), bytes_at(), serial()),
        host::xor(bytes_at(), bytes_at()),
        host::gen_dig(head(), given(DigInput::Stored(bytes_at())), bytes_at(), serial()),
        host::gen_key_digest(head(), &PublicKey(bytes()), bytes_at(), serial()),
        host::decrypt_32(bytes_at(), bytes_at(), bytes_at()),
        host::decrypt_64(bytes_at(), bytes_at(), bytes_at()),
        host::check_mac_response(head(), &input(), bytes_at()),
        host::hmac_508(head(), &input()),
        host::mac(head(), &input()),
        host::fixed_nonce(bytes_at(), bytes_at(), given(seed)),
        host::random_nonce(bytes_at(), bytes_at(), given(seed)),
        host::BootKey::new(bytes_at(), bytes_at()).encrypt(bytes_at()),
        host::secure_boot_mac(head(), &host::BootKey::from_bytes(bytes()), bytes_at(), given(Some(bytes_at()))),
        host::verify_mac(head(), bytes_at(), bytes_at(), bytes_at(), bytes_at()),
        {
            let config = ConfigZone(bytes());
            let state = TempKeyState::of(given(0), &config, given(SLOT), given(Validity::Validated));
            let message = InternalMessage::new(head(), bytes_at(), &state, serial());
            (message.digest(), message.other_data())
        },
    );
}

#[inline(always)]
fn traits(chip: &mut Chip) {
    apart(chip, |chip| {
        let mut random = [0; 64];
        let filled = ChipRng::new(chip).try_fill_bytes(&mut random);
        (filled, random)
    });
    apart(chip, |chip| ChipRng::new(chip).try_next_u64());
    let signer = ChipSigner::new(Device::new(Bus, Delay), given(SLOT));
    let signer = black_box(&signer);
    apart(chip, |_| signer.sign_prehash(bytes_at::<32>()));
    apart(chip, |_| signer.try_sign(bytes_at::<256>()));
    apart(chip, |_| {
        signer.try_sign_digest(|hasher: &mut Sha256| {
            hasher.update(bytes_at::<256>());
            Ok(())
        })
    });
    apart(chip, |_| signer.take_error());
    let verifier = ChipVerifier::new(Device::new(Bus, Delay), given(VerifyKey::Stored(SLOT)));
    let verifier = black_box(&verifier);
    apart(chip, |_| verifier.verify_prehash(bytes_at::<32>(), &Signature(bytes())));
    apart(chip, |_| verifier.verify(bytes_at::<256>(), &Signature(bytes())));
    apart(chip, |_| {
        let hash = |hasher: &mut Sha256| {
            hasher.update(bytes_at::<256>());
            Ok(())
        };
        verifier.verify_digest(hash, &Signature(bytes()))
    });
    apart(chip, |_| verifier.take_error());
}
