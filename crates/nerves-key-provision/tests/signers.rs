//! Signing requests, their answers, and who signs them, without a chip.

use core::convert::Infallible;
use std::collections::BTreeMap;
use std::time::Duration;

use atecc::SerialNumber;
use atecc_x509::{
    DateTime, Format, Name, NervesKeyDevice, PublicKey, SignatureBytes, Tbs, Validity,
};
use data_encoding::HEXUPPER;
use nerves_key_provision::{
    CertificateSigner, DEVICE_YEARS, DeviceKey, DocumentError, ExecError, ExecSigner, KeyFileError,
    KeySigner, SigningAnswer, SigningRequest, SigningRequestError,
};
use nerves_key_schema::{BoardName, ManufacturerSerial, Otp};

/// Made by `openssl ecparam -name prime256v1 -genkey`, for tests.
const PEM: &str = "-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIPB6wTBxl1QWduG/o8juRn4pTtYKCjivysyjA5/8/+ccoAoGCCqGSM49
AwEHoUQDQgAESnfx4u3T9cE8u/B0Vx0OVONjWNRbUvnb+3KOE51JybTiGLln1eNr
DEZBWp9QeR7lMkYQkkkjs3D7iKlD/NevOw==
-----END EC PRIVATE KEY-----
";
/// Its halves, as `openssl ec -text` shows them.
const SCALAR: &str = "F07AC1307197541676E1BFA3C8EE467E294ED60A0A38AFCACCA3039FFCFFE71C";
const POINT: &str = "4A77F1E2EDD3F5C13CBBF074571D0E54E36358D45B52F9DBFB728E139D49C9B4\
                     E218B967D5E36B0C46415A9F50791EE5324610924923B370FB88A943FCD7AF3B";

const SERIAL: &str = "N1234";
const CHIP: SerialNumber = SerialNumber([0x01, 0x23, 1, 2, 3, 4, 5, 6, 0xEE]);

fn signer() -> KeySigner {
    KeySigner::from_pem(PEM).unwrap()
}

fn tbs(format: Format) -> Tbs {
    let now = DateTime::new(2026, 12, 6, 10, 0, 0).unwrap();
    NervesKeyDevice {
        subject: Name::from_serial(SERIAL).unwrap(),
        device_sn: *CHIP.as_bytes(),
        public_key: KeySigner::from_bytes(&[0x42; 32]).unwrap().public_key(),
        signer_public_key: signer().public_key(),
    }
    .issue(
        Validity::issued_in(now, DEVICE_YEARS, format).unwrap(),
        format,
    )
    .unwrap()
}

fn request_in(format: Format) -> SigningRequest {
    let board = BoardName::new("NervesKey").unwrap();
    let serial = ManufacturerSerial::new(SERIAL).unwrap();
    let tbs = tbs(format);
    SigningRequest {
        to_be_signed: tbs.as_der().to_vec(),
        digest: tbs.digest(),
        public_key: KeySigner::from_bytes(&[0x42; 32]).unwrap().public_key(),
        chip: CHIP,
        serial: SERIAL.into(),
        otp: Otp::new(&board, &serial, b"user").unwrap(),
        signer_public_key: signer().public_key(),
        not_before: DateTime::new(2026, 12, 6, 10, 0, 0).unwrap(),
    }
}

fn request() -> SigningRequest {
    request_in(Format::V0)
}

fn answer() -> SigningAnswer {
    let signature = signer().sign(&request()).unwrap();
    SigningAnswer::new(request(), signature).unwrap()
}

fn members(text: &str) -> BTreeMap<String, String> {
    serde_json::from_str(text).unwrap()
}

fn json(members: &BTreeMap<String, String>) -> String {
    serde_json::to_string(members).unwrap()
}

/// The members that `docs/signers.md` names, with these values.
#[test]
fn the_document() {
    let request = request();
    let found = members(&request.to_json().unwrap());
    let otp = HEXUPPER.encode(request.otp.as_bytes());
    let bytes = HEXUPPER.encode(&request.to_be_signed);
    let digest = HEXUPPER.encode(&request.digest);
    let key = HEXUPPER.encode(request.public_key.as_bytes());
    let expected = [
        ("format", "nerves-key signing request 1"),
        ("chip_serial_number", "0123010203040506EE"),
        ("public_key", &key),
        ("manufacturer_serial", SERIAL),
        ("otp", &otp),
        ("signer_public_key", POINT),
        ("not_before", "2026-12-06T10:00:00Z"),
        ("digest", &digest),
        ("to_be_signed", &bytes),
    ]
    .map(|(member, value)| (member.to_owned(), value.to_owned()));
    assert_eq!(found, BTreeMap::from(expected));
    assert_eq!(SigningRequest::from_json(&json(&found)).unwrap(), request);
}

#[test]
fn an_answer_is_the_request_and_a_signature() {
    let answer = answer();
    assert_eq!(
        answer.device_key(),
        DeviceKey::Answered(request().public_key)
    );
    let text = answer.to_json().unwrap();
    let mut found = members(&text);
    assert_eq!(SigningAnswer::from_json(&text).unwrap(), answer);
    let raw = found.remove("signature").unwrap();
    assert_eq!(found, members(&request().to_json().unwrap()));
    assert!(matches!(
        SigningAnswer::from_json(&json(&found)),
        Err(DocumentError::NoSignature)
    ));

    let signature = HEXUPPER.decode(raw.as_bytes()).unwrap();
    let signature = SignatureBytes::from_bytes(signature.try_into().unwrap());
    let der = HEXUPPER.encode(&signature.to_der());
    for members in [
        [Some(("signature", raw.clone())), None],
        [None, Some(("signature_der", der.clone()))],
        [
            Some(("signature", raw.clone())),
            Some(("signature_der", der)),
        ],
    ] {
        let mut with = found.clone();
        let members = members.into_iter().flatten();
        with.extend(members.map(|(member, value)| (member.to_owned(), value)));
        assert_eq!(SigningAnswer::from_json(&json(&with)).unwrap(), answer);
    }

    // Two that differ are none, though each is right.
    let mut other = signer().sign_digest(&request().digest).unwrap();
    let mut s = *other.as_bytes();
    let negated = negated(&s[32..]);
    s[32..].copy_from_slice(&negated);
    other = SignatureBytes::from_bytes(s);
    request().verify(&other).unwrap();
    found.insert("signature".to_owned(), raw);
    let other = HEXUPPER.encode(&other.to_der());
    found.insert("signature_der".to_owned(), other);
    assert!(matches!(
        SigningAnswer::from_json(&json(&found)),
        Err(DocumentError::NoSignature)
    ));
}

/// n - S. Source of n: SEC 2 v2.0, section 2.4.2.
fn negated(s: &[u8]) -> [u8; 32] {
    let order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    let order = HEXUPPER.decode(order.as_bytes()).unwrap();
    let mut difference = [0; 32];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let digit = i32::from(order[at]) - i32::from(s[at]) - borrow;
        borrow = i32::from(digit < 0);
        difference[at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    difference
}

#[test]
fn documents_that_are_none() {
    let good = members(&answer().to_json().unwrap());
    let broken = |member: &str, value: &str| {
        let mut members = good.clone();
        members.insert(member.to_owned(), value.to_owned());
        SigningAnswer::from_json(&json(&members))
            .unwrap_err()
            .to_string()
    };
    for (member, value, error) in [
        (
            "format",
            "nerves-key signing request 2",
            "its format is \"nerves-key signing request 2\", not \"nerves-key signing request 1\"",
        ),
        ("digest", "AB", "digest has 1 bytes instead of 32"),
        ("public_key", "", "public_key has 0 bytes instead of 64"),
        (
            "otp",
            "xy",
            "otp is no hex, two digits for each byte: invalid symbol at 0",
        ),
        ("not_before", "2026-12-06", "not_before: "),
        ("signature_der", "30", "signature_der: "),
    ] {
        let found = broken(member, value);
        assert!(found.starts_with(error), "{member}: {found}");
    }
    let foreign = "00".repeat(64);
    assert!(broken("otp", &foreign).contains("OTP"));
}

/// Each member that can differ is named.
#[test]
fn what_an_answer_is_not_for() {
    let answer = answer();
    assert_eq!(answer.is_for(&request()), Ok(()));
    for (what, change) in [
        (
            "the chip",
            (|r: &mut SigningRequest| r.chip.0[4] ^= 1) as fn(&mut _),
        ),
        ("the serial", |r| r.serial.push('X')),
        ("the key", |r| {
            r.public_key = PublicKey::from_bytes([1; 64]);
        }),
        ("the OTP contents", |r| {
            let board = BoardName::new("Other").unwrap();
            let serial = ManufacturerSerial::new(SERIAL).unwrap();
            r.otp = Otp::new(&board, &serial, &[]).unwrap();
        }),
        ("the signer", |r| {
            r.signer_public_key = PublicKey::from_bytes([1; 64]);
        }),
        ("the date", |r| {
            r.not_before = DateTime::new(2026, 12, 6, 11, 0, 0).unwrap();
        }),
        ("the certificate", |r| r.to_be_signed.push(0)),
    ] {
        let mut wanted = request();
        change(&mut wanted);
        let mismatch = answer.is_for(&wanted).unwrap_err();
        assert_eq!(mismatch.what, what);
        assert_ne!(mismatch.answered, mismatch.wanted, "{what}");
        assert_eq!(answer.clone().sign_once(&wanted).unwrap_err(), mismatch);
    }
}

#[test]
fn a_request_is_checked() {
    for format in [Format::V0, Format::V1] {
        let request = request_in(format);
        request.check().unwrap();
        assert_eq!(request.tbs().unwrap().as_der(), tbs(format).as_der());
    }
    assert_ne!(tbs(Format::V0).as_der(), tbs(Format::V1).as_der());
    let broken = |change: fn(&mut SigningRequest)| {
        let mut request = request();
        change(&mut request);
        request.check().unwrap_err()
    };
    assert!(matches!(
        broken(|request| request.to_be_signed[40] ^= 1),
        SigningRequestError::ToBeSigned
    ));
    assert!(matches!(
        broken(|request| request.digest[31] ^= 1),
        SigningRequestError::Digest
    ));
    assert!(matches!(
        broken(|request| request.serial = "N1235".into()),
        SigningRequestError::Serial { otp, serial } if otp == SERIAL && serial == "N1235"
    ));
    let mut signature = *signer().sign(&request()).unwrap().as_bytes();
    request()
        .verify(&SignatureBytes::from_bytes(signature))
        .unwrap();
    signature[63] ^= 1;
    let signature = SignatureBytes::from_bytes(signature);
    request().verify(&signature).unwrap_err();
    assert!(matches!(
        SigningAnswer::new(request(), signature),
        Err(DocumentError::Signature(_))
    ));
}

/// Gives one signature after the other, and counts.
struct Given(Vec<SignatureBytes>, usize);

impl CertificateSigner for Given {
    type Error = Infallible;

    fn sign_once(&mut self, _: &SigningRequest) -> Result<SignatureBytes, Infallible> {
        self.1 += 1;
        Ok(self.0[self.1 - 1])
    }
}

/// A request whose first signature, of RFC 6979, has a short R.
fn with_short_r() -> (SigningRequest, SignatureBytes) {
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    let scalar = HEXUPPER.decode(SCALAR.as_bytes()).unwrap();
    let key = p256::ecdsa::SigningKey::from_slice(&scalar).unwrap();
    let mut request = request();
    for number in 0..=u16::MAX {
        request.digest[..2].copy_from_slice(&number.to_be_bytes());
        let signature: p256::ecdsa::Signature = key.sign_prehash(&request.digest).unwrap();
        let bytes: [u8; 64] = signature.to_bytes().into();
        let signature = SignatureBytes::from_bytes(bytes).with_long_s();
        if !signature.is_readable_by_reference() {
            return (request, signature);
        }
    }
    panic!("one in 512 has a short R");
}

#[test]
fn a_short_r_is_asked_for_once_more() {
    let (request, short) = with_short_r();
    request.verify(&short).unwrap();
    let long = signer().sign_digest(&request.digest).unwrap();
    assert!(long.is_readable_by_reference());
    request.verify(&long).unwrap();
    let wrong = SignatureBytes::from_bytes([0x5A; 64]);
    assert!(wrong.is_readable_by_reference());
    let mut wrong_and_short = *short.as_bytes();
    wrong_and_short[40] ^= 1;
    let wrong_and_short = SignatureBytes::from_bytes(wrong_and_short);
    for (given, taken, asked) in [
        (vec![long, short], long, 1),
        (vec![short, long], long, 2),
        (vec![short, short], short, 2),
        // What does not verify is not preferred, and not asked for again.
        (vec![short, wrong], short, 2),
        (vec![wrong, long], wrong, 1),
        (vec![wrong_and_short, long], wrong_and_short, 1),
    ] {
        let mut signer = Given(given, 0);
        let Ok(signature) = signer.sign(&request);
        assert_eq!((signature, signer.1), (taken, asked));
    }
}

#[test]
fn a_key_of_a_file() {
    let scalar: [u8; 32] = HEXUPPER
        .decode(SCALAR.as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    let around = format!("a bag of attributes\n{PEM}\nand more\n");
    let generated = KeySigner::from_bytes(&scalar).unwrap();
    let own = generated.to_pem().unwrap();
    for key in [
        KeySigner::from_pem(PEM),
        KeySigner::from_pem(&around),
        KeySigner::from_pem(own.as_ref()),
    ] {
        let key = key.unwrap();
        assert_eq!(HEXUPPER.encode(key.public_key().as_bytes()), POINT);
        assert_eq!(format!("{key:?}"), "KeySigner { .. }");
    }
    let (_, rest) = PEM.split_at(PEM.find("-----END EC PRIVATE").unwrap());
    for none in ["", POINT, &PEM.replace(rest, ""), rest] {
        assert!(matches!(
            KeySigner::from_pem(none),
            Err(KeyFileError::NoKey)
        ));
    }
}

/// A shell command that prints the answer to [`request`].
fn printing(signature: &SignatureBytes) -> String {
    let hex = HEXUPPER.encode(signature.as_bytes());
    format!("printf '{{\"signature\": \"{hex}\"}}'")
}

fn exec(command: &str, patience: Duration) -> Result<SignatureBytes, ExecError> {
    ExecSigner::new(command, patience)?.sign_once(&request())
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_command_signs() {
    let signature = signer().sign(&request()).unwrap();
    let print = printing(&signature);
    let question = request().to_json().unwrap();
    let folder = std::env::temp_dir().join(format!("nerves-key-exec-{}", std::process::id()));
    let asked = folder.to_str().unwrap();
    let command = format!("cat > {asked}; {print}");
    assert_eq!(exec(&command, LONG).unwrap(), signature);
    assert_eq!(std::fs::read_to_string(&folder).unwrap(), question);
    std::fs::remove_file(&folder).unwrap();
    // It may take its time, before it answers and after it.
    assert_eq!(
        exec(&format!("sleep 0.3; {print}"), LONG).unwrap(),
        signature
    );
    let after = format!("{print}; exec >&-; sleep 0.3");
    assert_eq!(exec(&after, LONG).unwrap(), signature);
}

/// Whoever knows the answer need not read the question, be it longer than a
/// pipe holds (65,536 bytes; pipe(7)).
#[test]
fn a_question_need_not_be_read() {
    let signature = signer().sign(&request()).unwrap();
    let mut long = request();
    long.to_be_signed = vec![0; 100_000];
    let command = format!("exec <&-; {}", printing(&signature));
    let mut signer = ExecSigner::new(command, LONG).unwrap();
    assert_eq!(signer.sign_once(&long).unwrap(), signature);
}

#[test]
fn a_command_fails() {
    let print = printing(&signer().sign(&request()).unwrap());
    let failed = exec(&format!("{print}; exit 3"), LONG).unwrap_err();
    assert!(matches!(failed, ExecError::Failed(status) if status.code() == Some(3)));
    for command in ["true", "printf '{}'", "printf no"] {
        let found = exec(command, LONG).unwrap_err();
        assert!(matches!(found, ExecError::Answer(_)), "{command}: {found}");
    }
    // Silent, and silent at the end.
    for command in ["sleep 60", "exec >&-; sleep 60"] {
        let found = exec(command, SHORT).unwrap_err();
        assert!(
            matches!(found, ExecError::Timeout(SHORT)),
            "{command}: {found}"
        );
    }
}

/// Before the chip is locked that the certificate is for.
#[test]
fn what_can_never_sign_is_refused_at_once() {
    for command in ["", "  ", "\n"] {
        let error = ExecSigner::new(command, LONG).unwrap_err();
        assert!(matches!(error, ExecError::NoCommand), "{error}");
    }
    for (patience, part) in [
        (Duration::ZERO, "0 s is no time"),
        (Duration::from_secs(86_401), "86401 s is no time"),
        (Duration::MAX, "to 86400 s"),
    ] {
        let error = ExecSigner::new("true", patience).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    ExecSigner::new("true", ExecSigner::LONGEST).unwrap();
}

/// 64 KiB are taken, one byte more is not.
#[test]
fn an_answer_has_a_limit() {
    let signature = signer().sign(&request()).unwrap();
    let print = printing(&signature);
    let answer = "{\"signature\": \"\"}".len() + 128;
    let spaces = 64 * 1024 - answer;
    let padded = |spaces: usize| format!("{print}; head -c {spaces} /dev/zero | tr '\\0' ' '");
    assert_eq!(exec(&padded(spaces), LONG).unwrap(), signature);
    for more in [spaces + 1, spaces + 100_000] {
        let found = exec(&padded(more), LONG).unwrap_err();
        assert!(matches!(found, ExecError::TooLong), "{found}");
    }
}

/// Ctrl-C goes to the command and to what it runs, too: neither ends by it.
#[test]
fn a_command_goes_on_when_it_is_interrupted() {
    let signature = signer().sign(&request()).unwrap();
    let print = printing(&signature);
    let command = format!("kill -INT $$; sh -c 'kill -INT $$; exit 0' && {print}");
    assert_eq!(exec(&command, LONG).unwrap(), signature);
}

#[test]
fn a_command_is_not_shown() {
    let signer = ExecSigner::new("pass=secret sign", LONG).unwrap();
    assert_eq!(format!("{signer:?}"), "ExecSigner { patience: 60s, .. }");
}
