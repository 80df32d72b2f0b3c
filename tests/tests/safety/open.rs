//! Up to the data lock.

use atecc::{Opcode, Status};
use atecc_x509::SignatureBytes;
use nerves_key_provision::{CertificateSigner, KeySigner, RunError, Step};
use nerves_key_schema::Layout;
use tests_fault_sweep::SETUPS;

use crate::tampered::{At, Ended, Tamper, blank, index, plan, run, run_changed, run_signed};

/// `Lock` of the configuration: Param1 0.
const CONFIG: [u8; 1] = [0x00];

/// Every setup, with the first bytes of the answer number `answer` to the
/// `nth` step that is `step` changed.
fn stopped(step: &Step, nth: usize, answer: usize, judge: impl Fn(&str, &Ended)) {
    for setup in SETUPS {
        let (bus, mut station) = blank(setup);
        let plan = plan(&bus, &station);
        let step = index(&plan, step, nth);
        let what = (At { step, answer }, Tamper::Flip(0));
        judge(
            &setup.to_string(),
            &run(&bus, &plan, &mut station, Some(what)),
        );
    }
}

/// The chip in front of the run is the one of the plan.
#[test]
fn another_chip_at_the_beginning() {
    stopped(&Step::CheckChip, 0, 0, |setup, ended| {
        let changed = matches!(ended.error(), RunError::OtherChip { .. });
        assert!(changed, "{setup}: {ended:?}");
        assert_eq!((ended.writes, ended.locks.as_slice()), (0, &[][..]));
    });
}

/// Each of the 128 bytes is compared before they are locked.
#[test]
fn a_configuration_that_reads_back_otherwise() {
    for setup in SETUPS {
        for at in 0..128 {
            let (bus, mut station) = blank(setup);
            let plan = plan(&bus, &station);
            let step = index(&plan, &Step::CheckConfig, 0);
            let answer = at / 32;
            let what = (At { step, answer }, Tamper::Flip(at % 32));
            let ended = run(&bus, &plan, &mut station, Some(what));
            let RunError::Config {
                offset,
                wrote,
                read,
            } = *ended.error()
            else {
                panic!("{setup}, byte {at}: {ended:?}");
            };
            assert_eq!((offset, wrote ^ read), (at, 1), "{setup}");
            assert_eq!(ended.locks, [0; 0], "{setup}, byte {at}");
        }
    }
}

/// No certificate is asked for a key that the chip does not have.
#[test]
fn a_signature_of_another_key_before_the_certificate() {
    // LoadNonce, then Sign.
    stopped(&Step::ProveKey, 0, 1, |setup, ended| {
        let error = ended.error();
        assert!(matches!(error, RunError::Possession(_)), "{setup}: {error}");
        assert!(!ended.asked, "{setup}");
        assert_eq!(ended.locks, CONFIG, "{setup}");
    });
}

/// The signer's answer is verified under its own certificate.
#[test]
fn a_signer_that_signs_wrongly() {
    for setup in SETUPS {
        let mut other = KeySigner::from_bytes(&[0x43; 32]).unwrap();
        for garbage in [true, false] {
            let (bus, station) = blank(setup);
            let plan = plan(&bus, &station);
            let ended = run_signed(&bus, &plan, &[], |request| {
                if garbage {
                    SignatureBytes::from_bytes([0x5A; 64])
                } else {
                    other.sign(request).unwrap()
                }
            });
            let error = ended.error();
            assert!(matches!(error, RunError::Signer(_)), "{setup}: {error}");
            assert_eq!(ended.locks, CONFIG, "{setup}");
        }
    }
}

/// The chain is verified from the very bytes that will be locked: here the
/// signer certificate's 72 bytes are not those of the certificate.
#[test]
fn a_chain_that_does_not_verify_from_its_bytes() {
    for setup in SETUPS {
        let (bus, mut station) = blank(setup);
        let good = station.request.signer.compressed.to_bytes();
        let mut bytes = good;
        // In R of the signature.
        bytes[3] ^= 0x01;
        station.request.signer.compressed =
            atecc_x509::CompressedCertificate::from_bytes(&bytes).unwrap();
        let plan = plan(&bus, &station);
        let ended = run(&bus, &plan, &mut station, None);
        let error = ended.error();
        assert!(matches!(error, RunError::Chain(_)), "{setup}: {error}");
        assert_eq!(ended.locks, CONFIG, "{setup}");
    }
}

/// Others may have had the bus while the signer signed.
#[test]
fn another_chip_after_the_signature() {
    stopped(&Step::CheckChip, 1, 0, |setup, ended| {
        let changed = matches!(ended.error(), RunError::OtherChip { .. });
        assert!(changed, "{setup}: {ended:?}");
        assert_eq!(ended.locks, CONFIG, "{setup}");
    });
}

/// The word with both zones' locks is the second that is read.
#[test]
fn a_zone_locked_after_the_signature() {
    stopped(&Step::CheckChip, 1, 1, |setup, ended| {
        let changed = matches!(ended.error(), RunError::Changed { offset: 84 });
        assert!(changed, "{setup}: {ended:?}");
        assert_eq!(ended.locks, CONFIG, "{setup}");
    });
}

const fn refused(opcode: Opcode) -> Tamper {
    Tamper::SayTo(opcode, Status::Execution)
}

/// A chip that signs proves its key; one that refuses, or signs otherwise, is asked
/// for its key.
#[test]
fn another_key_after_the_signature() {
    for setup in SETUPS {
        for why in [refused(Opcode::Sign), Tamper::FlipAll(Opcode::Sign)] {
            let (bus, mut station) = blank(setup);
            let plan = plan(&bus, &station);
            let step = index(&plan, &Step::ProveKey, 1);
            let at = At { step, answer: 0 };
            let what = [(at, why), (at, Tamper::FlipAll(Opcode::GenKey))];
            let ended = run_changed(&bus, &plan, &mut station, &what);
            let error = ended.error();
            assert!(matches!(error, RunError::KeyChanged), "{setup}: {error}");
            assert_eq!(ended.locks, CONFIG, "{setup}");
        }
    }
}

/// Which key it is cannot be told of one that neither signs nor says.
#[test]
fn a_key_that_is_not_named_either() {
    for setup in SETUPS {
        let (bus, mut station) = blank(setup);
        let plan = plan(&bus, &station);
        let step = index(&plan, &Step::ProveKey, 1);
        let at = At { step, answer: 0 };
        let what = [Opcode::Sign, Opcode::GenKey].map(|opcode| (at, refused(opcode)));
        let ended = run_changed(&bus, &plan, &mut station, &what);
        let error = ended.error();
        assert!(matches!(error, RunError::Step { .. }), "{setup}: {error}");
        assert_eq!(ended.locks, CONFIG, "{setup}");
    }
}

/// A refusal is put up with before the data lock, as silicon may not sign then;
/// nothing else is.
#[test]
fn a_proof_that_fails_otherwise_before_the_data_lock() {
    for setup in SETUPS {
        for nth in [0, 1] {
            let (bus, mut station) = blank(setup);
            let plan = plan(&bus, &station);
            let step = index(&plan, &Step::ProveKey, nth);
            let fault = Tamper::SayTo(Opcode::Sign, Status::EccFault);
            let what = (At { step, answer: 0 }, fault);
            let ended = run(&bus, &plan, &mut station, Some(what));
            let error = ended.error();
            assert!(matches!(error, RunError::Step { .. }), "{setup}: {error}");
            assert_eq!(ended.locks, CONFIG, "{setup}");
        }
    }
}

/// The lock's CRC does not cover the key.
#[test]
fn a_signature_of_another_key_before_the_data_lock() {
    stopped(&Step::ProveKey, 1, 1, |setup, ended| {
        let error = ended.error();
        assert!(matches!(error, RunError::Possession(_)), "{setup}: {error}");
        assert_eq!(ended.locks, CONFIG, "{setup}");
    });
}

/// An activation key that does not work is not locked in.
#[test]
fn an_activation_key_that_does_not_work() {
    for setup in SETUPS {
        if setup.layout != Layout::Volatile {
            continue;
        }
        let (bus, mut station) = blank(setup);
        let plan = plan(&bus, &station);
        let step = index(&plan, &Step::Activate, 0);
        let answers = run(&bus, &plan, &mut station, None).counts[step];
        let mut wrong = 0;
        for answer in 0..answers {
            let (bus, mut station) = blank(setup);
            let at = At { step, answer };
            let what = (at, Tamper::Flip(0));
            let ended = run(
                &bus,
                &crate::tampered::plan(&bus, &station),
                &mut station,
                Some(what),
            );
            if matches!(ended.result, Err(RunError::ActivationKey)) {
                wrong += 1;
                assert_eq!(ended.locks, CONFIG, "{setup}: {answer}");
            }
        }
        assert!(wrong > 0, "{setup}: {answers} answers");
    }
}
