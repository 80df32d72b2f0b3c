//! The commands themselves.

use atecc::command::Chips;
use atecc::commands::{
    Aes, AesGfm, AesKey, AesMode, Afterwards, Blocks, CheckMac, Counter, CounterId, CounterMode,
    CreateTempKey, DeriveKey, DigSource, DigestPublicKey, DigestSource, DigestTarget, Ecdh,
    EcdhMode, Engines, FixedNonce, GenDig, GenKey, GenKeyMode, Half, HkdfKey, HkdfMessage, Hmac,
    IncludeSerial, InfoGpio, InfoKeyValid, InfoLatch, InfoRevision, InfoState, InternalPurpose,
    Kdf, KdfFunction, KdfSource, KdfTarget, KeyBlock, LoadNonce, LoadNonce64, Lock, LockTarget,
    LockWithoutCrc, Mac, MacBlocks, MacOtp, NonceTarget, NonceTarget64, OtpPart, Pause,
    PrfKeyLength, PrfResult, PrivWrite, PrivateKeyData, Protection, Quarter, Random, RandomNonce,
    ReadBlock, ReadWord, SecureBoot, SecureBootMode, SeedUpdate, SelfTest, ShaContext, ShaEnd,
    ShaPiece, ShaPublic, ShaReadContext, ShaStart, ShaUpdate, ShaWriteContext, Sign, SignInternal,
    SourceFlag, UpdateExtra, Validate, ValidityChange, Verify, VerifyAnswer, VerifyKey, WriteBlock,
    WriteEncrypted, WriteWord, ZoneState,
};
use atecc::{Command, Family, Region, Slot};

use super::{Before, Case, Cases, block, request, word};
use crate::chips::{DIGEST, Kit};

const S: [Slot; 16] = Slot::ALL;
const VALUE: [u8; 32] = [0x77; 32];

impl Cases {
    pub(super) fn add<C: Command>(&mut self, name: &str, before: Before, command: &C) {
        if matches!(command.chips(), Chips::Only(family) if family != self.family) {
            return;
        }
        self.list.push(Case {
            name: name.into(),
            opcode: C::OPCODE,
            before: before.requests(),
            request: request(command),
        });
    }

    pub(super) fn plain(&mut self) {
        use Before::{Loaded, Nothing};
        let input = [0x44; 20];
        let (automatic, never) = (SeedUpdate::Automatic, SeedUpdate::Never);
        self.add("Info revision", Nothing, &InfoRevision);
        self.add("Info key", Nothing, &InfoKeyValid { slot: S[0] });
        self.add("Info state", Nothing, &InfoState);
        self.add("Info GPIO", Nothing, &InfoGpio { driver: 0 });
        self.add("Info latch", Nothing, &InfoLatch::Read);
        self.add("Info latch set", Nothing, &InfoLatch::Set);
        self.add("Random", Nothing, &Random { seed: automatic });
        self.add("Random no seed", Nothing, &Random { seed: never });
        for (name, target) in [
            ("Nonce load", NonceTarget::TempKey),
            ("Nonce load digest", NonceTarget::MessageDigestBuffer),
            ("Nonce load alternate", NonceTarget::AlternateKeyBuffer),
        ] {
            let value = DIGEST;
            self.add(name, Nothing, &LoadNonce { target, value });
        }
        let (target, value) = (NonceTarget64::TempKey, [0x66; 64]);
        self.add("Nonce load 64", Nothing, &LoadNonce64 { target, value });
        let seed = automatic;
        self.add("Nonce random", Nothing, &RandomNonce { input, seed });
        self.add("Nonce fixed", Loaded, &FixedNonce { input, seed });
        for (name, mode, counter) in [
            ("Counter read", CounterMode::Read, CounterId::Zero),
            ("Counter read 1", CounterMode::Read, CounterId::One),
            ("Counter increment", CounterMode::Increment, CounterId::One),
        ] {
            self.add(name, Nothing, &Counter { mode, counter });
        }
        self.add("Pause", Nothing, &Pause { selector: 1 });
        self.add("Pause none", Nothing, &Pause { selector: 0 });
        self.add("UpdateExtra", Nothing, &UpdateExtra::UserExtra(0));
        self.add("UpdateExtra key", Nothing, &UpdateExtra::UseKey(S[4]));
        let target = LockTarget::Slot(S[14]);
        self.add("Lock slot", Nothing, &Lock { target });
        self.add("Lock config", Nothing, &LockWithoutCrc::Config);
    }

    pub(super) fn memory(&mut self) {
        use Before::{Digested, Nothing};
        let (data, word) = (VALUE, [0x99; 4]);
        for (name, place, at) in [
            ("Read block", Region::Slot(S[8]), 0),
            ("Read block 1", Region::Slot(S[8]), 1),
            ("Read block config", Region::Config, 0),
            ("Read block OTP", Region::Otp, 0),
            ("Read block secret", Region::Slot(S[2]), 0),
        ] {
            let address = block(place, at);
            self.add(name, Nothing, &ReadBlock { address });
        }
        let address = self::word(Region::Config, 21);
        self.add("Read word", Nothing, &ReadWord { address });
        let address = block(Region::Slot(S[6]), 0);
        self.add("Read block encrypted", Digested, &ReadBlock { address });
        let address = block(Region::Slot(S[8]), 2);
        self.add("Write block", Nothing, &WriteBlock { address, data });
        let address = block(Region::Slot(S[2]), 0);
        self.add("Write block secret", Nothing, &WriteBlock { address, data });
        let (address, data) = (self::word(Region::Slot(S[13]), 1), word);
        self.add("Write word", Nothing, &WriteWord { address, data });
        let write = WriteEncrypted {
            address: block(Region::Slot(S[6]), 0),
            zone_state: ZoneState::Locked,
            cipher: [0x12; 32],
            mac: [0x34; 32],
        };
        self.add("Write block encrypted", Digested, &write);
        let key = PrivateKeyData::Encrypted {
            cipher: [0x12; 36],
            mac: [0x34; 32],
        };
        self.add("PrivWrite", Digested, &PrivWrite { slot: S[3], key });
    }

    pub(super) fn symmetric(&mut self) {
        use Before::{Loaded, Nothing, Random};
        let slot = S[2];
        for (name, before, blocks) in [
            ("MAC challenge", Nothing, MacBlocks::KeyThenChallenge(VALUE)),
            ("MAC", Random, MacBlocks::KeyThenTempKey(SourceFlag::Random)),
            (
                "MAC loaded",
                Loaded,
                MacBlocks::KeyThenTempKey(SourceFlag::Input),
            ),
            (
                "MAC TempKey",
                Loaded,
                MacBlocks::TempKeyThenChallenge(SourceFlag::Input, VALUE),
            ),
        ] {
            let (otp, serial) = (MacOtp::None, IncludeSerial::Whole);
            let mac = Mac {
                blocks,
                otp,
                serial,
                slot,
            };
            self.add(name, before, &mac);
        }
        let hmac = Hmac {
            slot,
            temp_key: SourceFlag::Random,
            otp: MacOtp::None,
            serial: IncludeSerial::Whole,
        };
        self.add("HMAC", Random, &hmac);
        for (name, before, blocks) in [
            ("CheckMac", Nothing, Blocks::KeyThenChallenge),
            (
                "CheckMac loaded",
                Loaded,
                Blocks::KeyThenTempKey(SourceFlag::Input),
            ),
        ] {
            let check = CheckMac {
                blocks,
                otp: OtpPart::None,
                slot,
                challenge: VALUE,
                response: VALUE,
                other_data: [0; 13],
            };
            self.add(name, before, &check);
        }
        for (name, source) in [
            ("GenDig config", DigSource::Config(Quarter::First)),
            ("GenDig OTP", DigSource::Otp(Half::First)),
            ("GenDig data", DigSource::Data(S[2])),
            ("GenDig counter", DigSource::Counter(CounterId::Zero)),
        ] {
            self.add(name, Random, &GenDig { source });
        }
        let derive = DeriveKey {
            target: S[2],
            temp_key: SourceFlag::Random,
            mac: None,
        };
        self.add("DeriveKey", Random, &derive);
    }

    pub(super) fn keys(&mut self, kit: &Kit) {
        use Before::{Loaded, Nothing, PublicDigest};
        for (name, before, mode, slot) in [
            ("GenKey public", Nothing, GenKeyMode::Public, S[0]),
            ("GenKey create", Nothing, GenKeyMode::Create, S[7]),
            ("GenKey digest", Loaded, GenKeyMode::PublicDigest, S[0]),
            (
                "GenKey create digest",
                Loaded,
                GenKeyMode::CreateDigest,
                S[7],
            ),
        ] {
            self.add(name, before, &GenKey { mode, slot });
        }
        let other_data = Some([1, 2, 3]);
        let (slot, digest) = (
            S[9],
            DigestPublicKey {
                slot: S[9],
                other_data,
            },
        );
        self.add("GenKey digest stored", Loaded, &digest);
        let source = DigestSource::TempKey;
        self.add("Sign", Loaded, &Sign { source, slot: S[0] });
        let internal = SignInternal {
            slot: S[0],
            serial: IncludeSerial::Whole,
            purpose: InternalPurpose::Any,
        };
        self.add("Sign internal", PublicDigest, &internal);
        let mut bad = kit.signature;
        bad[40] ^= 1;
        for (name, key, signature) in [
            ("Verify", VerifyKey::External(kit.public), kit.signature),
            ("Verify bad", VerifyKey::External(kit.public), bad),
            ("Verify stored", VerifyKey::Stored(slot), kit.signature),
        ] {
            let answer = VerifyAnswer::Status;
            let verify = Verify {
                key,
                source,
                signature,
                answer,
            };
            self.add(name, Loaded, &verify);
        }
        let validate = Validate {
            change: ValidityChange::Validate,
            slot: S[10],
            signature: kit.signature,
            other_data: [0; 19],
            answer: VerifyAnswer::Status,
        };
        self.add("Verify validate", PublicDigest, &validate);
        let peer = kit.public;
        for (name, mode) in [
            ("ECDH", EcdhMode::Compatible(S[0])),
            ("ECDH TempKey", EcdhMode::SlotToTempKey(S[0])),
        ] {
            self.add(name, Nothing, &Ecdh { mode, peer });
        }
    }

    pub(super) fn hashes(&mut self) {
        use Before::{Hashing, Nothing};
        let full = ShaPiece::new(&[0x31; 64]).expect("a block");
        let part = ShaPiece::new(&[0x32; 20]).expect("a part");
        self.add("SHA start", Nothing, &ShaStart::Sha256);
        self.add("SHA HMAC start", Nothing, &ShaStart::Hmac(S[2]));
        self.add("SHA update", Hashing, &ShaUpdate { piece: full });
        let (before, target) = if self.family == Family::Atecc508 {
            let target = DigestTarget::Hmac508;
            let end = ShaEnd {
                piece: part,
                target,
            };
            self.add("SHA HMAC end", Before::Hmac, &end);
            (Hashing, DigestTarget::TempKey)
        } else {
            (Hashing, DigestTarget::OutputOnly)
        };
        let end = ShaEnd {
            piece: part,
            target,
        };
        self.add("SHA end", before, &end);
        self.add("SHA public", Hashing, &ShaPublic { slot: S[9] });
        self.add("SHA read context", Hashing, &ShaReadContext);
        let context = ShaContext::new(&[0x00; 40]).expect("a context");
        self.add("SHA write context", Nothing, &ShaWriteContext { context });
    }

    pub(super) fn of_608(&mut self, kit: &Kit) {
        use Before::{Loaded, Nothing};
        let (mode, input) = (AesMode::Encrypt, [0x41; 16]);
        for (name, before, key) in [
            ("AES", Nothing, AesKey::Slot(S[1], KeyBlock::First)),
            ("AES TempKey", Loaded, AesKey::TempKey(KeyBlock::First)),
        ] {
            self.add(name, before, &Aes { mode, key, input });
        }
        let h = [0x42; 16];
        self.add("AES GFM", Nothing, &AesGfm { h, input });
        let message = [0x43; 16];
        let hkdf = KdfFunction::Hkdf {
            key: HkdfKey::Source,
            message: HkdfMessage::Input(&message),
        };
        let prf = KdfFunction::Prf {
            key: PrfKeyLength::Bytes32,
            result: PrfResult::Bytes32,
            message: &message,
        };
        for (name, before, source, target, function) in [
            (
                "KDF",
                Nothing,
                KdfSource::Slot(S[2]),
                KdfTarget::Output,
                hkdf,
            ),
            (
                "KDF PRF",
                Loaded,
                KdfSource::TempKey,
                KdfTarget::Output,
                prf,
            ),
            (
                "KDF TempKey",
                Loaded,
                KdfSource::TempKey,
                KdfTarget::TempKey,
                hkdf,
            ),
        ] {
            let kdf = Kdf::new(source, target, function).expect("short");
            self.add(name, before, &kdf);
        }
        for (name, tests) in [
            ("SelfTest", Engines::ALL),
            ("SelfTest none", Engines::NONE),
            ("SelfTest RNG", Engines::RNG),
        ] {
            self.add(name, Nothing, &SelfTest { tests });
        }
        self.add("GenKey TempKey", Nothing, &CreateTempKey);
        for (name, mode, digest) in [
            ("SecureBoot", SecureBootMode::Stored, DIGEST),
            ("SecureBoot bad", SecureBootMode::Stored, VALUE),
            (
                "SecureBoot full",
                SecureBootMode::Full(kit.signature),
                DIGEST,
            ),
        ] {
            let boot = SecureBoot {
                mode,
                digest,
                protection: Protection::Clear,
                afterwards: Afterwards::Nothing,
            };
            self.add(name, Nothing, &boot);
        }
    }
}
