//! Which commands need what a sleep erases, and which begin a sequence by
//! loading it.
//!
//! Source: ATECC508A datasheet, the commands' sections of chapter 9; ATECC608:
//! cryptoauthlib `calib_command.h` and its tests.

use atecc::command::{Chips, Request, ResponseKind, Retry};
use atecc::commands::*;
use atecc::{BlockAddress, Command, Family, PublicKey, Region, Slot};

const SLOT: Slot = Slot::S9;
const KEY: PublicKey = PublicKey([0x11; 64]);
/// What they are, of [`Command::needs_volatile`] and [`Command::loads_volatile`].
const NEEDS: (bool, bool) = (true, false);
const LOADS: (bool, bool) = (false, true);
const NEITHER: (bool, bool) = (false, false);

fn volatile<C: Command>(command: &C) -> (bool, bool) {
    let request = Request::new(command).unwrap();
    let own = (command.needs_volatile(), command.loads_volatile());
    assert_eq!((request.needs_volatile(), request.loads_volatile()), own);
    own
}

#[test]
fn what_temp_key_is_for() {
    let seed = SeedUpdate::Automatic;
    let value = [7; 32];
    for target in [NonceTarget::TempKey, NonceTarget::MessageDigestBuffer] {
        assert_eq!(volatile(&LoadNonce { target, value }), LOADS);
    }
    let (target, value) = (NonceTarget64::TempKey, [7; 64]);
    assert_eq!(volatile(&LoadNonce64 { target, value }), LOADS);
    let input = [7; 20];
    assert_eq!(volatile(&RandomNonce { input, seed }), LOADS);
    assert_eq!(volatile(&FixedNonce { input, seed }), NEEDS);
    assert_eq!(volatile(&CreateTempKey), LOADS);
    assert_eq!(volatile(&InfoRevision), NEITHER);
    assert_eq!(volatile(&Random { seed }), NEITHER);
    for (mode, expected) in [
        (GenKeyMode::Public, NEITHER),
        (GenKeyMode::Create, NEITHER),
        (GenKeyMode::PublicDigest, NEEDS),
        (GenKeyMode::CreateDigest, NEEDS),
    ] {
        assert_eq!(volatile(&GenKey { mode, slot: SLOT }), expected, "{mode:?}");
    }
    let other_data = None;
    let digest = DigestPublicKey {
        slot: SLOT,
        other_data,
    };
    assert_eq!(volatile(&digest), NEEDS);
    let source = DigSource::Data(SLOT);
    assert_eq!(volatile(&GenDig { source }), NEEDS);
    let (temp_key, mac) = (SourceFlag::Random, None);
    let derive = DeriveKey {
        target: SLOT,
        temp_key,
        mac,
    };
    assert_eq!(volatile(&derive), NEEDS);
    let source = DigestSource::TempKey;
    assert_eq!(volatile(&Sign { source, slot: SLOT }), NEEDS);
    let internal = SignInternal {
        slot: SLOT,
        serial: IncludeSerial::Fixed,
        purpose: InternalPurpose::Any,
    };
    assert_eq!(volatile(&internal), NEEDS);
}

/// With a challenge from outside and the key alone nothing is needed.
#[test]
fn what_macs_are_of() {
    let flag = SourceFlag::Random;
    for (blocks, expected) in [
        (MacBlocks::KeyThenChallenge([1; 32]), NEITHER),
        (MacBlocks::KeyThenTempKey(flag), NEEDS),
        (MacBlocks::TempKeyThenChallenge(flag, [1; 32]), NEEDS),
        (MacBlocks::TempKeyTwice(flag), NEEDS),
    ] {
        let (otp, serial) = (MacOtp::None, IncludeSerial::Fixed);
        let mac = Mac {
            blocks,
            otp,
            serial,
            slot: SLOT,
        };
        assert_eq!(volatile(&mac), expected, "{blocks:?}");
    }
    for (blocks, expected) in [
        (Blocks::KeyThenChallenge, NEITHER),
        (Blocks::KeyThenTempKey(flag), NEEDS),
        (Blocks::TempKeyThenChallenge(flag), NEEDS),
        (Blocks::TempKeyTwice(flag), NEEDS),
    ] {
        let check = CheckMac {
            blocks,
            otp: OtpPart::None,
            slot: SLOT,
            challenge: [1; 32],
            response: [2; 32],
            other_data: [3; 13],
        };
        assert_eq!(volatile(&check), expected, "{blocks:?}");
    }
    let hmac = Hmac {
        slot: SLOT,
        temp_key: flag,
        otp: MacOtp::None,
        serial: IncludeSerial::Fixed,
    };
    assert_eq!(volatile(&hmac), NEEDS);
}

/// A digest is begun, goes on and ends in what a sleep erases.
#[test]
fn what_a_digest_lives_in() {
    let block = [7; 64];
    for start in [ShaStart::Sha256, ShaStart::Hmac(SLOT)] {
        assert_eq!(volatile(&start), LOADS, "{start:?}");
    }
    let piece = ShaPiece::new(&block).unwrap();
    assert_eq!(volatile(&ShaUpdate { piece }), NEEDS);
    assert_eq!(volatile(&ShaPublic { slot: SLOT }), NEEDS);
    let target = DigestTarget::TempKey;
    assert_eq!(volatile(&ShaEnd { piece, target }), NEEDS);
    let context = ShaContext::new(&[7; 99]).unwrap();
    assert_eq!(volatile(&ShaWriteContext { context }), LOADS);
}

/// An ATECC508A takes 64 bytes in the middle and at most 63 at the end, and has
/// an end of its own for HMAC.
#[test]
fn which_chips_take_which_pieces() {
    let bytes = [7; 64];
    let (all, new, old) = (
        Chips::All,
        Chips::Only(Family::Atecc608),
        Chips::Only(Family::Atecc508),
    );
    for len in [0, 1, 63, 64] {
        let piece = ShaPiece::new(&bytes[..len]).unwrap();
        let update = if len == 64 { all } else { new };
        assert_eq!(ShaUpdate { piece }.chips(), update, "{len}");
        let end = |target| ShaEnd { piece, target }.chips();
        let own = if len < 64 { all } else { new };
        assert_eq!(end(DigestTarget::TempKey), own, "{len}");
        assert_eq!(end(DigestTarget::MessageDigestBuffer), new);
        assert_eq!(end(DigestTarget::OutputOnly), new);
        assert_eq!(end(DigestTarget::Hmac508), old);
    }
}

#[test]
fn where_secrets_of_ecdh_go() {
    for (mode, expected, chips) in [
        (EcdhMode::Compatible(SLOT), NEITHER, Chips::All),
        (
            EcdhMode::SlotToTempKey(SLOT),
            LOADS,
            Chips::Only(Family::Atecc608),
        ),
        (
            EcdhMode::SlotToOutput(SLOT),
            NEITHER,
            Chips::Only(Family::Atecc608),
        ),
    ] {
        let ecdh = Ecdh { mode, peer: KEY };
        assert_eq!(volatile(&ecdh), expected, "{mode:?}");
        assert_eq!(ecdh.chips(), chips, "{mode:?}");
    }
}

#[test]
fn what_secure_boot_compares() {
    for (protection, expected) in [(Protection::Clear, NEITHER), (Protection::Encrypted, NEEDS)] {
        let boot = SecureBoot {
            mode: SecureBootMode::Stored,
            digest: [1; 32],
            protection,
            afterwards: Afterwards::Nothing,
        };
        assert_eq!(volatile(&boot), expected, "{protection:?}");
    }
}

/// `KDF` takes its key, and HKDF its message, from `TempKey` or a slot, and
/// leaves its result there, where both loads it anew.
#[test]
fn what_kdf_takes_and_gives() {
    let message = [1; 16];
    let prf = KdfFunction::Prf {
        key: PrfKeyLength::Bytes32,
        result: PrfResult::Bytes32,
        message: &message,
    };
    let hkdf = |message| KdfFunction::Hkdf {
        key: HkdfKey::Source,
        message,
    };
    let input = hkdf(HkdfMessage::Input(&message));
    let (slot, out) = (KdfSource::Slot(SLOT), KdfTarget::Output);
    for (source, target, function, expected) in [
        (slot, out, prf, NEITHER),
        (slot, KdfTarget::EncryptedOutput, prf, NEITHER),
        (slot, KdfTarget::Slot(SLOT), prf, NEITHER),
        (slot, KdfTarget::TempKey, prf, LOADS),
        (slot, KdfTarget::AlternateKeyBuffer, prf, LOADS),
        (slot, KdfTarget::TempKey, input, LOADS),
        (slot, KdfTarget::TempKey, hkdf(HkdfMessage::TempKey), NEEDS),
        (slot, out, hkdf(HkdfMessage::TempKey), NEEDS),
        (KdfSource::TempKey, out, prf, NEEDS),
        (KdfSource::TempKey, out, input, NEEDS),
        (KdfSource::TempKeyUpper, KdfTarget::TempKey, prf, NEEDS),
        (KdfSource::AlternateKeyBuffer, out, prf, NEEDS),
    ] {
        let kdf = Kdf::new(source, target, function).unwrap();
        assert_eq!(
            volatile(&kdf),
            expected,
            "{source:?} {target:?} {function:?}"
        );
    }
}

/// The answer has the length of the result, and a nonce of 32 bytes more where
/// it is encrypted.
#[test]
fn what_kdf_answers() {
    let message = [1; 16];
    let kdf = |target, result| {
        let function = KdfFunction::Prf {
            key: PrfKeyLength::Bytes32,
            result,
            message: &message,
        };
        Kdf::new(KdfSource::TempKey, target, function).unwrap()
    };
    let whole: [u8; 96] = core::array::from_fn(|at| u8::try_from(at).unwrap());
    let (long, short) = (PrfResult::Bytes64, PrfResult::Bytes32);
    let decoded = |target, result, len: usize| kdf(target, result).decode(&whole[..len]);
    assert!(matches!(
        decoded(KdfTarget::Output, short, 32),
        Ok(DerivedKey::Clear32(bytes)) if bytes == whole[..32]
    ));
    assert!(matches!(
        decoded(KdfTarget::Output, long, 64),
        Ok(DerivedKey::Clear64(bytes)) if bytes == whole[..64]
    ));
    assert!(matches!(
        decoded(KdfTarget::EncryptedOutput, short, 64),
        Ok(DerivedKey::Encrypted32 { cipher, nonce })
            if cipher == whole[..32] && nonce == whole[32..64]
    ));
    assert!(matches!(
        decoded(KdfTarget::EncryptedOutput, long, 96),
        Ok(DerivedKey::Encrypted64 { cipher, nonce })
            if cipher == whole[..64] && nonce == whole[64..]
    ));
    let kept = kdf(KdfTarget::Slot(SLOT), short);
    assert!(matches!(kept.decode(&[0]), Ok(DerivedKey::Kept)));
    for len in [0, 2, 31, 33, 63, 65, 95] {
        assert!(decoded(KdfTarget::Output, short, len).is_err(), "{len}");
    }
}

/// An answer of another length than the command's is none.
fn check<C: Command>(command: &C, len: usize)
where
    C::Response: core::fmt::Debug,
{
    let bytes = [0; 100];
    for given in 0..bytes.len() {
        let decoded = command.decode(&bytes[..given]);
        assert_eq!(decoded.is_ok(), given == len, "{given}: {decoded:?}");
    }
}

#[test]
fn answers_with_bytes_have_one_length() {
    let key = AesKey::TempKey(KeyBlock::First);
    let (mode, input) = (AesMode::Encrypt, [0; 16]);
    check(&Aes { mode, key, input }, 16);
    check(&AesGfm { h: [0; 16], input }, 16);
    check(&InfoGpio { driver: 0 }, 4);
    check(&ShaStart::Sha256, 1);
    check(&ShaPublic { slot: SLOT }, 1);
    let piece = ShaPiece::new(&[]).unwrap();
    check(&ShaUpdate { piece }, 1);
    let target = DigestTarget::TempKey;
    check(&ShaEnd { piece, target }, 32);
    let seed = SeedUpdate::Automatic;
    check(
        &FixedNonce {
            input: [0; 20],
            seed,
        },
        32,
    );
    check(
        &RandomNonce {
            input: [0; 20],
            seed,
        },
        32,
    );
    check(&UpdateExtra::UserExtra(1), 1);
    check(&LockWithoutCrc::Config, 1);
}

#[test]
fn answers_of_keys_and_slots_have_one_length() {
    let source = DigSource::Data(SLOT);
    check(&GenDig { source }, 1);
    let (temp_key, mac) = (SourceFlag::Random, None);
    let target = SLOT;
    check(
        &DeriveKey {
            target,
            temp_key,
            mac,
        },
        1,
    );
    let other_data = None;
    let slot = SLOT;
    check(&DigestPublicKey { slot, other_data }, 1);
    let (otp, serial) = (MacOtp::None, IncludeSerial::Fixed);
    check(
        &Hmac {
            slot,
            temp_key,
            otp,
            serial,
        },
        32,
    );
    let blocks = MacBlocks::KeyThenChallenge([1; 32]);
    check(
        &Mac {
            blocks,
            otp,
            serial,
            slot,
        },
        32,
    );
    let target = LockTarget::Slot(SLOT);
    check(&Lock { target }, 1);
    let (target, value) = (NonceTarget::TempKey, [7; 32]);
    check(&LoadNonce { target, value }, 1);
    let (target, value) = (NonceTarget64::TempKey, [7; 64]);
    check(&LoadNonce64 { target, value }, 1);
    let key = PrivateKeyData::Clear([7; 32]);
    check(&PrivWrite { slot, key }, 1);
    let context = ShaContext::new(&[7; 99]).unwrap();
    check(&ShaWriteContext { context }, 1);
    let address = BlockAddress::new(Region::Slot(SLOT), 0).unwrap();
    let data = [7; 32];
    check(&WriteBlock { address, data }, 1);
    let (cipher, mac, zone_state) = ([7; 32], [7; 32], ZoneState::Locked);
    check(
        &WriteEncrypted {
            address,
            zone_state,
            cipher,
            mac,
        },
        1,
    );
    let (slot, serial) = (SLOT, IncludeSerial::Fixed);
    let purpose = InternalPurpose::Any;
    check(
        &SignInternal {
            slot,
            serial,
            purpose,
        },
        64,
    );
}

/// What is kept is answered by a status; what goes out has its length, and with
/// a nonce 32 bytes more.
#[test]
fn what_kdf_and_ecdh_are_to_answer() {
    let message = [1; 16];
    let prf = |result| KdfFunction::Prf {
        key: PrfKeyLength::Bytes32,
        result,
        message: &message,
    };
    let aes = KdfFunction::Aes {
        key: KeyBlock::First,
        message: &message,
    };
    let (short, long, split) = (PrfResult::Bytes32, PrfResult::Bytes64, PrfResult::Split);
    for (target, function, expected) in [
        (KdfTarget::Output, prf(short), ResponseKind::Bytes(32)),
        (KdfTarget::Output, prf(long), ResponseKind::Bytes(64)),
        (KdfTarget::Output, aes, ResponseKind::Bytes(32)),
        (
            KdfTarget::EncryptedOutput,
            prf(short),
            ResponseKind::Bytes(64),
        ),
        (
            KdfTarget::EncryptedOutput,
            prf(long),
            ResponseKind::Bytes(96),
        ),
        (KdfTarget::TempKey, prf(short), ResponseKind::Status),
        (KdfTarget::Slot(SLOT), prf(short), ResponseKind::Status),
        (KdfTarget::TempKey, prf(split), ResponseKind::Bytes(32)),
    ] {
        let kdf = Kdf::new(KdfSource::TempKey, target, function).unwrap();
        assert_eq!(kdf.expect(), expected, "{target:?} {function:?}");
    }
    // A use of a slot's key may count; `TempKey` has to be made again.
    for (source, repeat) in [
        (KdfSource::Slot(SLOT), Retry::CheckStateFirst),
        (KdfSource::TempKey, Retry::RestartSequence),
    ] {
        let kdf = Kdf::new(source, KdfTarget::Output, prf(short)).unwrap();
        assert_eq!(kdf.repeat(), repeat, "{source:?}");
    }
    for (mode, repeat) in [
        (EcdhMode::SlotToOutput(SLOT), Retry::CheckStateFirst),
        (EcdhMode::TempKeyToOutput, Retry::RestartSequence),
        (EcdhMode::TempKeyToSlot(SLOT), Retry::RestartSequence),
    ] {
        assert_eq!(Ecdh { mode, peer: KEY }.repeat(), repeat, "{mode:?}");
    }
}

/// Param1 of a nonce says what becomes of the seed: 0 updates it, 1 does not.
#[test]
fn what_becomes_of_a_seed() {
    for (seed, param1) in [(SeedUpdate::Automatic, 0), (SeedUpdate::Never, 1)] {
        let input = [7; 20];
        assert_eq!(RandomNonce { input, seed }.param1(), param1);
        assert_eq!(Random { seed }.param1(), param1);
        // Bit 0 is the same, and Param2 has bit 15.
        assert_eq!(FixedNonce { input, seed }.param1() & 1, param1);
    }
}
