//! Certificates that the Elixir library reads: R and S of 2^247 or more,
//! whoever signs.

use std::path::Path;
use std::process::Command;

use atecc::SerialNumber;
use atecc_x509::{CheckedSigner, DateTime, Format, NervesKeySigner, PublicKey, SignatureBytes};
use nerves_key_provision::{
    CertificateSigner, DeviceSubject, IssueError, KeySigner, Pkcs11Token, SigningRequest,
    create_device, create_signer, self_signed,
};
use nerves_key_schema::ManufacturerSerial;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};

const KEY: [u8; 32] = [0x42; 32];
const ISSUED: u32 = 2000;
const DEVICE_KEY: PublicKey = PublicKey::from_bytes([0x5A; 64]);

fn now() -> DateTime {
    DateTime::new(2026, 12, 6, 10, 20, 30).unwrap()
}

fn file_signer() -> (KeySigner, CheckedSigner) {
    let key = KeySigner::from_bytes(&KEY).unwrap();
    let certificate = create_signer(&key, now(), 10, Format::V0).unwrap();
    (key, NervesKeySigner::check(&certificate).unwrap())
}

/// The deterministic signature of RFC 6979, as it comes.
fn plain(digest: &[u8; 32]) -> SignatureBytes {
    let key = SigningKey::from_slice(&KEY).unwrap();
    let signature: Signature = key.sign_prehash(digest).unwrap();
    SignatureBytes::from_bytes(signature.to_bytes().into())
}

/// Issue for device `number`.
fn issue<S: CertificateSigner>(
    signer: &CheckedSigner,
    signing: &mut S,
    number: u32,
) -> Result<SignatureBytes, IssueError<S::Error>> {
    let mut chip = [0x01; 9];
    chip[2..6].copy_from_slice(&number.to_be_bytes());
    let serial = ManufacturerSerial::new(&format!("N{number}")).unwrap();
    let device = DeviceSubject {
        public_key: DEVICE_KEY,
        chip: SerialNumber(chip),
        serial: &serial,
    };
    let certificate = create_device(&device, signer, signing, now(), Format::V0)?;
    Ok(certificate.signature()?)
}

/// Signs with [`KEY`]; remembers what it was asked.
struct Asked<F> {
    times: usize,
    sign: F,
}

impl<F: FnMut(usize, &[u8; 32]) -> Option<SignatureBytes>> CertificateSigner for Asked<F> {
    type Error = ();

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, ()> {
        self.times += 1;
        (self.sign)(self.times, &request.digest).ok_or(())
    }
}

fn asked<F: FnMut(usize, &[u8; 32]) -> Option<SignatureBytes>>(sign: F) -> Asked<F> {
    Asked { times: 0, sign }
}

/// A device whose certificate's plain signature has a short R.
fn short_r(signer: &CheckedSigner) -> u32 {
    let mut found = None;
    for number in 0..10_000 {
        let mut signing = asked(|_, digest| {
            let signature = plain(digest);
            if !signature.with_long_s().is_readable_by_reference() {
                found = Some(number);
            }
            Some(signature)
        });
        issue(signer, &mut signing, number).unwrap();
        if let Some(number) = found {
            return number;
        }
    }
    panic!("no short R in 10000");
}

#[test]
fn of_a_key_file_all_are_readable() {
    let (mut key, signer) = file_signer();
    let (mut short_r, mut short_s) = (0, 0);
    for number in 0..ISSUED {
        let mut count = asked(|_, digest| {
            let signature = plain(digest);
            if !signature.is_readable_by_reference() {
                if signature.with_long_s().is_readable_by_reference() {
                    short_s += 1;
                } else {
                    short_r += 1;
                }
            }
            Some(signature)
        });
        issue(&signer, &mut count, number).unwrap();
        let signature = issue(&signer, &mut key, number).unwrap();
        assert!(
            signature.is_readable_by_reference(),
            "{number}: {signature:?}"
        );
    }
    // As many would not have been: 2000 / 512 each.
    println!("{ISSUED} issued; short R {short_r}, short S {short_s}, unreadable 0");
    assert!(short_r > 0 && short_s > 0, "{short_r}, {short_s}");
}

#[test]
fn what_was_readable_stays_as_it_was() {
    let (key, _) = file_signer();
    for number in 0..64_u8 {
        let digest = [number; 32];
        let signature = plain(&digest);
        if signature.is_readable_by_reference() {
            assert_eq!(key.sign_digest(&digest).unwrap(), signature);
        }
    }
}

#[test]
fn another_signer_is_asked_once_more() {
    let (key, signer) = file_signer();
    let number = short_r(&signer);

    // It has a better one.
    let mut signing = asked(|time, digest| match time {
        1 => Some(plain(digest)),
        _ => key.sign_digest(digest).ok(),
    });
    let signature = issue(&signer, &mut signing, number).unwrap();
    assert!(signature.is_readable_by_reference());
    assert_eq!(signing.times, 2);

    // It has none, fails, or gives another key's: the first one is taken.
    let first = plain;
    let other = KeySigner::from_bytes(&[0x43; 32]).unwrap();
    for second in [
        &(|digest: &[u8; 32]| Some(first(digest))) as &dyn Fn(&[u8; 32]) -> _,
        &|_| None,
        &|digest| other.sign_digest(digest).ok(),
    ] {
        let mut signing = asked(|time, digest| match time {
            1 => Some(first(digest)),
            _ => second(digest),
        });
        let signature = issue(&signer, &mut signing, number).unwrap();
        assert!(!signature.is_readable_by_reference());
        assert_eq!(signing.times, 2);
    }

    // A wrong signature is not asked for again.
    let mut signing = asked(|_, _| Some(SignatureBytes::from_bytes([0; 64])));
    let error = issue(&signer, &mut signing, number).unwrap_err();
    assert!(matches!(error, IssueError::Signature(_)), "{error:?}");
    assert_eq!(signing.times, 1);
}

/// Of itself: the certificate of `signer create`.
#[test]
fn a_signers_own_certificate_too() {
    let (key, _) = file_signer();
    let mut unreadable = 0;
    for year in 0..8 {
        for hour in 0..28 * 24 {
            let [day, hour] =
                [1 + hour / 24, hour % 24].map(|number: u16| u8::try_from(number).unwrap());
            let now = DateTime::new(2024 + year, 2, day, hour, 0, 0).unwrap();
            let mut times = 0;
            let certificate = self_signed(key.public_key(), now, 1, Format::V0, |digest| {
                times += 1;
                match times {
                    1 => Ok::<_, ()>(plain(digest)),
                    _ => Ok(key.sign_digest(digest).unwrap()),
                }
            });
            let signature = certificate.unwrap().signature().unwrap();
            assert!(signature.is_readable_by_reference(), "{now}");
            unreadable += times - 1;
        }
    }
    assert!(unreadable > 0);
}

/// `SOFTHSM2_CONF` has to be there before the library is loaded, and a test
/// cannot set its own environment: the other one runs this one.
#[test]
#[ignore = "needs a token; of_a_token_all_are_readable makes one and runs this"]
fn issues_by_the_token() {
    let uri = std::env::var("TEST_TOKEN_URI").unwrap().parse().unwrap();
    let mut token = Pkcs11Token::open(&uri)
        .unwrap()
        .signer(Some("1234"))
        .unwrap();
    let public_key = token.public_key().unwrap();
    let certificate = self_signed(public_key, now(), 10, Format::V0, |digest| {
        token.sign_digest(digest)
    });
    let signer = NervesKeySigner::check(&certificate.unwrap()).unwrap();
    for number in 0..ISSUED {
        let signature = issue(&signer, &mut token, number).unwrap();
        assert!(
            signature.is_readable_by_reference(),
            "{number}: {signature:?}"
        );
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&said)
    );
}

/// Where `SoftHSM2` and `OpenSC` are installed (Debian: softhsm2, opensc).
#[test]
fn of_a_token_all_are_readable() {
    let module = Path::new("/usr/lib/softhsm/libsofthsm2.so");
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !module.exists() || !there("softhsm2-util") || !there("pkcs11-tool") {
        println!("SoftHSM2 is not installed: not tried");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (tokens, config) = (
        folder.path().join("tokens"),
        folder.path().join("softhsm2.conf"),
    );
    std::fs::create_dir(&tokens).unwrap();
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\n",
        tokens.display()
    );
    std::fs::write(&config, text).unwrap();
    run(Command::new("softhsm2-util")
        .env("SOFTHSM2_CONF", &config)
        .args([
            "--init-token",
            "--free",
            "--label",
            "factory",
            "--so-pin",
            "87654321",
            "--pin",
            "1234",
        ]));
    run(Command::new("pkcs11-tool")
        .env("SOFTHSM2_CONF", &config)
        .arg("--module")
        .arg(module)
        .args([
            "--token-label",
            "factory",
            "--login",
            "--pin",
            "1234",
            "--keypairgen",
        ])
        .args([
            "--key-type",
            "EC:prime256v1",
            "--usage-sign",
            "--label",
            "signer",
            "--id",
            "01",
        ]));
    let uri = format!(
        "pkcs11:token=factory;object=signer?module-path={}",
        module.display()
    );
    run(Command::new(std::env::current_exe().unwrap())
        .env("SOFTHSM2_CONF", &config)
        .env("TEST_TOKEN_URI", uri)
        .args(["--exact", "issues_by_the_token", "--ignored"]));
}
