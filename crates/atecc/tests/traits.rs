//! The chip behind other crates' traits, on a mocked bus.
#![cfg(all(feature = "rand_core", feature = "signature"))]

use atecc::commands::{Random, VerifyKey};
use atecc::error::{Cause, Executed};
use atecc::group::Group;
use atecc::rng::{ChipRng, RngError};
use atecc::signer::{ChipSigner, ChipVerifier, Signature};
use atecc::{Device, Error, Failure, Opcode, PublicKey, Slot};
use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
use embedded_hal_mock::eh1::delay::NoopDelay;
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use rand_core::TryRng;
use sha2::{Digest, Sha256};
use signature::hazmat::{PrehashSigner, PrehashVerifier};
use signature::{DigestSigner, DigestVerifier, Signer, Verifier};

const CHIP: u8 = 0x60;

/// The bus of one awake session with these commands and answers.
fn session(exchanges: &[(Vec<u8>, Vec<u8>)]) -> Vec<Transaction> {
    let nack = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown);
    let wake = [
        Transaction::write(0x00, vec![0x00]).with_error(nack),
        Transaction::read(CHIP, vec![0x04, 0x11, 0x33, 0x43]),
    ];
    let idle = Transaction::write(CHIP, vec![0x02]);
    let mut bus = [&wake[..], &[idle], &wake].concat();
    for (index, (command, answer)) in exchanges.iter().enumerate() {
        let mut write = vec![0x03];
        write.extend(group(command));
        bus.push(Transaction::write(CHIP, write));
        if index > 0 {
            // Its answer may be like the one before: is it busy?
            let busy = Transaction::read(CHIP, group(answer)).with_error(nack);
            bus.extend([busy.clone(), busy]);
        }
        bus.push(Transaction::read(CHIP, group(answer)));
    }
    bus.push(Transaction::write(CHIP, vec![0x01]));
    bus
}

fn group(body: &[u8]) -> Vec<u8> {
    Group::new(body).unwrap().as_bytes().to_vec()
}

fn on<T>(bus: &[Transaction], run: impl FnOnce(Device<Mock, NoopDelay>) -> T) -> T {
    let mut mock = Mock::new(bus);
    let result = run(Device::new(mock.clone(), NoopDelay::new()));
    mock.done();
    result
}

fn nonce(digest: [u8; 32]) -> (Vec<u8>, Vec<u8>) {
    let mut command = vec![Opcode::Nonce as u8, 0x03, 0x00, 0x00];
    command.extend(digest);
    (command, vec![0x00])
}

#[test]
fn random_numbers_fill_any_length_in_one_session() {
    let random = vec![Opcode::Random as u8, 0x00, 0x00, 0x00];
    let bus = session(&[(random.clone(), vec![0x11; 32]), (random, vec![0x22; 32])]);
    let bytes = on(&bus, |mut device| {
        let mut bytes = [0; 40];
        ChipRng::new(&mut device)
            .try_fill_bytes(&mut bytes)
            .map(|()| bytes)
    });
    let bytes = bytes.unwrap();
    assert_eq!(bytes[..32], [0x11; 32]);
    assert_eq!(bytes[32..], [0x22; 8]);
}

/// Little-endian, of the first bytes of a block of its own.
#[test]
fn numbers_of_32_and_64_bits() {
    let random = vec![Opcode::Random as u8, 0x00, 0x00, 0x00];
    let block: Vec<u8> = (1..=32).collect();
    let mut bus = session(&[(random.clone(), block.clone())]);
    bus.extend(session(&[(random, block)]));
    on(&bus, |mut device| {
        let mut rng = ChipRng::new(&mut device);
        assert_eq!(rng.try_next_u32(), Ok(0x0403_0201));
        assert_eq!(rng.try_next_u64(), Ok(0x0807_0605_0403_0201));
    });
}

/// The signature traits' error says nothing: the device's own is kept.
#[test]
fn what_failed_is_kept() {
    let digest: [u8; 32] = Sha256::digest(b"message").into();
    let sign = vec![Opcode::Sign as u8, 0x80, 5, 0];
    let mut refused = session(&[nonce(digest), (sign, vec![0; 64])]);
    // The answer is read at its full length.
    let mut answer = group(&[0x03]);
    answer.resize(67, 0xFF);
    let last = refused.len() - 2;
    refused[last] = Transaction::read(CHIP, answer);
    on(&refused, |device| {
        let signer = ChipSigner::new(device, Slot::S5);
        assert!(signer.sign_prehash(&digest).is_err());
        let kept = signer.take_error();
        assert!(kept.is_some_and(|error| error.to_string().contains("0x03")));
        assert!(signer.take_error().is_none());
    });
    let (key, signature) = (PublicKey([0xB0; 64]), Signature([0x51; 64]));
    let mut command = vec![Opcode::Verify as u8, 0x02, 0x04, 0x00];
    command.extend(signature.0);
    command.extend(key.0);
    let refused = session(&[nonce(digest), (command, vec![0x03])]);
    on(&refused, |device| {
        let verifier = ChipVerifier::new(device, VerifyKey::External(key));
        assert!(verifier.verify_prehash(&digest, &signature).is_err());
        let kept = verifier.take_error();
        assert!(kept.is_some_and(|error| error.to_string().contains("0x03")));
        assert!(verifier.verify_prehash(&digest[1..], &signature).is_err());
    });
}

#[test]
fn the_test_pattern_is_no_random_number() {
    let random = vec![Opcode::Random as u8, 0x00, 0x00, 0x00];
    let bus = session(&[(random, Random::TEST_PATTERN.to_vec())]);
    let error = on(&bus, |mut device| ChipRng::new(&mut device).try_next_u64());
    assert_eq!(error, Err(RngError::TestPattern));
    // A failure is told as that of every other command.
    let failure = Failure {
        cause: Cause::BadWake([0x04, 0x11, 0x33, 0x44]),
        executed: Executed::No,
    };
    let error = RngError::<ErrorKind>::Device(Error::Failed(failure));
    assert_eq!(error.to_string(), failure.to_string());
}

#[test]
fn a_message_is_hashed_once() {
    let digest: [u8; 32] = Sha256::digest(b"message").into();
    let sign = (vec![Opcode::Sign as u8, 0x80, 0x05, 0x00], vec![0x5A; 64]);
    let one = session(&[nonce(digest), sign]);
    let bus: Vec<_> = one.iter().chain(&one).chain(&one).cloned().collect();
    on(&bus, |device| {
        let signer = ChipSigner::new(device, Slot::S5);
        let expected = Signature([0x5A; 64]);
        assert_eq!(signer.sign(b"message"), expected);
        assert_eq!(signer.sign_prehash(&digest).unwrap(), expected);
        let hashed = signer.sign_digest(|hasher: &mut Sha256| hasher.update(b"message"));
        assert_eq!(hashed, expected);
        assert!(signer.sign_prehash(&digest[1..]).is_err());
        assert!(signer.take_error().is_none());
    });
}

#[test]
fn verification_in_the_chip() {
    let digest: [u8; 32] = Sha256::digest(b"message").into();
    let (key, signature) = (PublicKey([0xB0; 64]), Signature([0x51; 64]));
    let verify = |status| {
        let mut command = vec![Opcode::Verify as u8, 0x02, 0x04, 0x00];
        command.extend(signature.0);
        command.extend(key.0);
        session(&[nonce(digest), (command, vec![status])])
    };
    let bus: Vec<_> = [verify(0x00), verify(0x01)].concat();
    on(&bus, |device| {
        let verifier = ChipVerifier::new(device, VerifyKey::External(key));
        assert!(verifier.verify(b"message", &signature).is_ok());
        let hash = |hasher: &mut Sha256| {
            hasher.update(b"message");
            Ok(())
        };
        assert!(verifier.verify_digest(hash, &signature).is_err());
        assert!(verifier.take_error().is_none());
    });
}
