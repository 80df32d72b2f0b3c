//! A server that leaves out what would prove who it is: TLS 1.3 by hand, as RFC 8446
//! has it, so that it can.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, KeyInit};
use atecc::Slot;
use embedded_io_adapters::std::FromStd;
use embedded_tls::blocking::TlsConnection;
use embedded_tls::pki::CertVerifier;
use embedded_tls::{Aes128GcmSha256, Certificate, NoClock, TlsConfig, TlsError};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use nerves_key_embedded_tls::{ChipClient, OpenError, TlsChip, embedded_tls};
use p256::ecdh::EphemeralSecret;
use p256::{EncodedPoint, PublicKey};
use rand_core::OsRng;
use rcgen::{CertificateParams, KeyPair};
use sha2::{Digest, Sha256};

const NAME: &str = "server.example";

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &length[..], body].concat()
}

/// HKDF-Expand-Label, RFC 8446 section 7.1.
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &str, context: &[u8]) -> [u8; N] {
    let label = format!("tls13 {label}");
    let sizes = [label.len(), context.len()].map(|size| u8::try_from(size).unwrap());
    let length = u16::try_from(N).unwrap().to_be_bytes();
    let info = [
        &length[..],
        &sizes[..1],
        label.as_bytes(),
        &sizes[1..],
        context,
    ]
    .concat();
    let mut output = [0; N];
    secret.expand(&info, &mut output).unwrap();
    output
}

/// The point in the client's key share: `secp256r1`, 65 bytes, uncompressed.
fn client_point(hello: &[u8]) -> PublicKey {
    let head = [0x00, 0x17, 0x00, 0x41];
    let at = hello.windows(4).position(|bytes| bytes == head).unwrap() + 4;
    PublicKey::from_sec1_bytes(&hello[at..at + 65]).unwrap()
}

/// A whole handshake of a server that says `proof` between its extensions and its
/// `Finished`.
fn serve(mut socket: UnixStream, proof: &[Vec<u8>]) {
    let mut head = [0; 5];
    socket.read_exact(&mut head).unwrap();
    let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    socket.read_exact(&mut hello).unwrap();

    let secret = EphemeralSecret::random(&mut OsRng);
    let shared = secret.diffie_hellman(&client_point(&hello));
    let point = EncodedPoint::from(secret.public_key());
    // Behind type, length, version and random.
    let session = &hello[38..39 + usize::from(hello[38])];
    let versions = [0x00, 0x2B, 0x00, 0x02, 0x03, 0x04];
    let share = [0x00, 0x33, 0x00, 0x45, 0x00, 0x17, 0x00, 0x41];
    let answer = [
        &[0x03, 0x03],
        &[0x5A; 32][..],
        session,
        // TLS_AES_128_GCM_SHA256, no compression, 79 bytes of extensions.
        &[0x13, 0x01, 0x00, 0x00, 0x4F],
        &versions,
        &share,
        point.as_bytes(),
    ]
    .concat();
    let answer = message(2, &answer);
    socket.write_all(&record(22, &answer)).unwrap();

    let (early, _) = Hkdf::<Sha256>::extract(None, &[0; 32]);
    let early = Hkdf::<Sha256>::from_prk(&early).unwrap();
    let salt: [u8; 32] = expand(&early, "derived", &Sha256::digest([]));
    let handshake = Hkdf::<Sha256>::new(Some(&salt), shared.raw_secret_bytes());
    let mut transcript = [hello, answer].concat();
    let traffic: [u8; 32] = expand(&handshake, "s hs traffic", &Sha256::digest(&transcript));
    let traffic = Hkdf::<Sha256>::from_prk(&traffic).unwrap();

    let mut flight = message(8, &[0, 0]);
    flight.extend(proof.concat());
    transcript.extend(&flight);
    let key: [u8; 32] = expand(&traffic, "finished", &[]);
    let finished = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
    let finished = finished
        .chain_update(Sha256::digest(&transcript))
        .finalize();
    flight.extend(message(20, &finished.into_bytes()));
    // What it is of: a handshake.
    flight.push(22);

    let length = u16::try_from(flight.len() + 16).unwrap().to_be_bytes();
    let key: [u8; 16] = expand(&traffic, "key", &[]);
    let nonce: [u8; 12] = expand(&traffic, "iv", &[]);
    let payload = Payload {
        msg: &flight,
        aad: &[23, 3, 3, length[0], length[1]],
    };
    let sealed = Aes128Gcm::new(&key.into()).encrypt(&nonce.into(), payload);
    socket.write_all(&record(23, &sealed.unwrap())).unwrap();
    // What the client answers is of no interest.
    socket.read_to_end(&mut Vec::new()).ok();
}

/// A chip that must not be asked.
struct Untouched;

impl TlsChip for Untouched {
    type Error = &'static str;

    fn sign(&mut self, _: Slot, _: [u8; 32]) -> Result<[u8; 64], &'static str> {
        panic!("a signature for a server that is anybody")
    }
}

fn opened_with(root: &[u8], proof: Vec<Vec<u8>>) -> Result<(), OpenError<&'static str>> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || serve(theirs, &proof));
    let verifier = CertVerifier::<_, NoClock, 4096>::new(Certificate::X509(root));
    let mut client = ChipClient::new(Untouched, Slot::S0, b"mine", verifier, OsRng);
    let (mut reading, mut writing) = (vec![0; 16640], vec![0; 4096]);
    let opened = {
        let mut tls = TlsConnection::<_, Aes128GcmSha256>::new(
            FromStd::new(ours),
            &mut reading,
            &mut writing,
        );
        client.open(&mut tls, &TlsConfig::new().with_server_name(NAME))
    };
    server.join().unwrap();
    opened
}

/// A certificate that the verifier accepts, as anybody may have seen it, in its
/// message.
fn known_certificate() -> (Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([NAME.to_owned()]).unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let entry = [&message(0, &der)[1..], &[0, 0]].concat();
    let list = [&[0], &message(0, &entry)[1..]].concat();
    (der, message(11, &list))
}

/// `CertificateRequest` for ECDSA with P-256.
fn request() -> Vec<u8> {
    message(
        13,
        &[
            0x00, 0x00, 0x08, 0x00, 0x0D, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03,
        ],
    )
}

/// embedded-tls says Ok to each of these.
#[test]
fn a_server_without_proof_is_anybody() {
    let (root, certificate) = known_certificate();
    for proof in [
        vec![],
        vec![request()],
        vec![certificate.clone()],
        vec![request(), certificate],
    ] {
        let opened = opened_with(&root, proof);
        assert!(matches!(opened, Err(OpenError::Unproven)), "{opened:?}");
    }
}

/// By itself embedded-tls panics.
#[test]
fn a_signature_before_the_certificate_is_refused() {
    let (root, certificate) = known_certificate();
    let signature = message(15, &[0x04, 0x03, 0x00, 0x01, 0x30]);
    for proof in [
        vec![signature.clone()],
        vec![signature.clone(), certificate.clone()],
    ] {
        let opened = opened_with(&root, proof);
        let Err(OpenError::ServerCertificate(TlsError::InvalidHandshake)) = opened else {
            panic!("{opened:?}");
        };
    }
    // In order it is one that does not verify.
    let opened = opened_with(&root, vec![certificate, signature]);
    let Err(OpenError::ServerCertificate(TlsError::DecodeError)) = opened else {
        panic!("{opened:?}");
    };
}
