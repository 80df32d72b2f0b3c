//! Handshakes with the chip's key, on either side, and what they cost the bus.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use atecc_emulator::{Bus, Chip, Entropy, Image, Revision};
use atecc_x509::{Certificate, DateTime, PublicKey};
use nerves_key_rustls::{
    CertificatePair, ChipError, ChipKey, Origin, ReadError, TlsChip, TlsIdentity,
};
use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, RootCertStore, ServerConfig,
    ServerConnection, SupportedProtocolVersion,
};
use tests_station::Station;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
const NAME: &str = "server.example";

/// 2026-12-20, when the station's certificates are valid.
#[derive(Debug)]
struct December;

impl TimeProvider for December {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(
            1_797_724_800,
        )))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A finished NervesKey.
fn chip(revision: Revision) -> Bus {
    let image = Image::blank(revision);
    let entropy = Entropy::Seeded(revision as u64);
    let bus = Bus::with_chip(Chip::new(image, entropy).unwrap());
    let now = DateTime::new(2026, 11, 24, 9, 30, 0).unwrap();
    Station::new([0x42; 32], now, Some("N1234"))
        .provision(&bus)
        .unwrap();
    bus
}

fn identity(bus: &Bus) -> TlsIdentity {
    TlsIdentity::read(Station::device(bus), CertificatePair::Primary).unwrap()
}

fn roots(certificate: &[u8]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(certificate.to_vec()))
        .unwrap();
    roots
}

/// A server with a key of its own, which wants certificates under `signer`.
struct Server {
    config: Arc<ServerConfig>,
    roots: RootCertStore,
}

fn server(signer: &Certificate) -> Server {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
    let clients = Arc::new(roots(signer.as_der()));
    let verifier = WebPkiClientVerifier::builder_with_provider(clients, provider());
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_details(provider(), Arc::new(December))
        .with_protocol_versions(&VERSIONS)
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Server {
        config: Arc::new(config),
        roots: roots(made.cert.der()),
    }
}

fn client(
    identity: &TlsIdentity,
    roots: RootCertStore,
    version: &'static SupportedProtocolVersion,
) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_details(provider(), Arc::new(December))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(config.with_client_cert_resolver(identity.client_resolver()))
}

/// What each end says; the client's first error, or else the server's.
fn handshake(
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let mut client = ClientConnection::new(client, ServerName::try_from(NAME).unwrap()).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    let mut refused = None;
    while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut bytes.as_slice()).unwrap();
        refused = refused.or(server.process_new_packets().err());
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets()?;
        if let Some(error) = refused {
            return Err(error);
        }
    }
    Ok((client, server))
}

#[test]
fn the_server_sees_the_chips_certificates() {
    for revision in [
        Revision::Atecc508A,
        Revision::Atecc608A,
        Revision::Atecc608B,
    ] {
        let bus = chip(revision);
        let identity = identity(&bus);
        let server = server(&identity.chain()[1]);
        for version in VERSIONS {
            let config = client(&identity, server.roots.clone(), version);
            let (client, server) = handshake(config, server.config.clone()).unwrap();
            assert_eq!(client.protocol_version(), Some(version.version));
            let seen = server.peer_certificates().unwrap();
            let sent = identity.chain().iter().map(Certificate::as_der);
            assert!(seen.iter().map(AsRef::as_ref).eq(sent), "{revision}");
        }
        identity.certified_key().keys_match().unwrap();
    }
}

/// Two commands in one awake session, and nothing of it is read again.
#[test]
fn a_handshake_is_one_signature() {
    for revision in [Revision::Atecc508A, Revision::Atecc608B] {
        for times in [1_u16, 100] {
            let count = usize::from(times);
            let bus = chip(revision);
            let identity = identity(&bus);
            let server = server(&identity.chain()[1]);
            bus.start_log();
            let (transactions, start) = (bus.transactions(), bus.clock().now());
            let config = client(&identity, server.roots, &TLS13);
            for _ in 0..count {
                let mut config = ClientConfig::clone(&config);
                config.resumption = rustls::client::Resumption::disabled();
                handshake(Arc::new(config), server.config.clone()).unwrap();
            }
            let log = bus.take_log();
            let wakes = log.iter().filter(|entry| entry.address == 0);
            // Word address, count, opcode.
            let opcodes = log.iter().filter_map(|entry| match entry.bytes[..] {
                [0x03, _, opcode, ..] if entry.address != 0 => Some(opcode),
                _ => None,
            });
            let opcodes: Vec<_> = opcodes.collect();
            // A session begins with two pulses: the first may find the chip awake, with
            // little time left.
            let pulses = 2 * count;
            assert_eq!(wakes.count(), pulses, "{revision}");
            assert!(opcodes.len() <= 3 * count, "{opcodes:02X?}");
            let signatures = opcodes.iter().filter(|code| **code == 0x41);
            let signatures = signatures.count();
            assert_eq!(signatures, count);
            println!(
                "{revision}, handshakes {count}: pulses {pulses}, commands {}, transactions {}, bus {:.1} ms each",
                opcodes.len(),
                bus.transactions() - transactions,
                bus.clock().now().saturating_sub(start).as_secs_f64() * 1e3 / f64::from(times)
            );
        }
    }
}

/// A public key that its chip certifies nothing with.
struct Certified([u8; 65]);

impl PublicKeyData for Certified {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

fn certificate_for(key: PublicKey) -> (Certificate, RootCertStore) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new([]).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = ca.self_signed(&ca_key).unwrap();
    let params = CertificateParams::new([NAME.to_owned()]).unwrap();
    let issuer = Issuer::from_params(&ca, &ca_key);
    let made = params
        .signed_by(&Certified(key.to_sec1()), &issuer)
        .unwrap();
    let made = Certificate::from_der(made.der().to_vec()).unwrap();
    (made, roots(root.der()))
}

#[test]
fn a_server_has_its_key_in_the_chip() {
    let bus = chip(Revision::Atecc608B);
    let read = identity(&bus);
    let (certificate, roots) = certificate_for(read.public_key());
    let own = TlsIdentity::with_certificates(read.key(), vec![certificate]).unwrap();
    let server = ServerConfig::builder_with_details(provider(), Arc::new(December))
        .with_protocol_versions(&VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(own.server_resolver());
    let server = Arc::new(server);
    for version in VERSIONS {
        let client = ClientConfig::builder_with_details(provider(), Arc::new(December))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let (client, _) = handshake(Arc::new(client), server.clone()).unwrap();
        let seen = client.peer_certificates().unwrap();
        assert_eq!(seen[0].as_ref(), own.chain()[0].as_der());
    }
}

#[test]
fn a_certificate_of_another_key_is_no_identity() {
    let (one, other) = (chip(Revision::Atecc608A), chip(Revision::Atecc608B));
    let chain = identity(&other).chain().to_vec();
    let identity = identity(&one);
    let refused = TlsIdentity::with_certificates(identity.key(), chain);
    assert!(matches!(refused, Err(ReadError::OtherKey)), "{refused:?}");
    let refused = TlsIdentity::with_certificates(identity.key(), Vec::new());
    assert!(
        matches!(refused, Err(ReadError::NoCertificate)),
        "{refused:?}"
    );
}

/// A chip that is not there yet, and one without what was asked for: the device comes
/// back, and reads something when there is something.
#[test]
fn after_an_error_the_same_device_reads_again() {
    let bus = chip(Revision::Atecc608B);
    let device = Station::device(&bus);
    bus.power_down();
    let error = TlsIdentity::read(device, CertificatePair::Primary).unwrap_err();
    assert!(
        matches!(error.error(), ReadError::Chip(_) | ReadError::Bus(_)),
        "{error}"
    );
    bus.power_up();
    let error = TlsIdentity::read(error.into_device(), CertificatePair::Auxiliary).unwrap_err();
    assert!(matches!(error.error(), ReadError::NoAuxiliary), "{error}");
    let read = TlsIdentity::read(error.into_device(), CertificatePair::Primary).unwrap();
    assert_eq!(read.chain(), identity(&bus).chain());
    let signature = read.key().sign_digest([0x5A; 32]).unwrap();
    read.public_key().verify(&[0x5A; 32], &signature).unwrap();
}

/// `?` takes it into the errors of programs, which cross threads.
#[test]
fn a_programs_error_takes_it() {
    fn read(bus: &Bus) -> Result<TlsIdentity, Box<dyn Error + Send + Sync>> {
        let device = Station::device(bus);
        Ok(TlsIdentity::read(device, CertificatePair::Auxiliary)?)
    }
    fn read_alone(bus: &Bus) -> Result<TlsIdentity, ReadError> {
        let device = Station::device(bus);
        Ok(TlsIdentity::read(device, CertificatePair::Auxiliary)?)
    }
    let bus = chip(Revision::Atecc608B);
    let cause = read_alone(&bus).unwrap_err();
    assert!(matches!(cause, ReadError::NoAuxiliary), "{cause}");
    assert_eq!(read(&bus).unwrap_err().to_string(), cause.to_string());
}

#[test]
fn auxiliary_certificates_are_another_identity() {
    let bus = chip(Revision::Atecc608B);
    let read = |pair| TlsIdentity::read(Station::device(&bus), pair).map_err(ReadError::from);
    let none = read(CertificatePair::Auxiliary);
    assert!(matches!(none, Err(ReadError::NoAuxiliary)), "{none:?}");
    let snapshot = Station::snapshot(&bus).unwrap();
    let known = snapshot.identity().unwrap();
    let slots = tests_station::issue_auxiliary(&known, [0x43; 32]).unwrap();
    let write = nerves_key::WriteAuxiliary::new(&known, &slots);
    Station::device(&bus).run(write).unwrap();
    let auxiliary = read(CertificatePair::Auxiliary).unwrap();
    let server = server(&auxiliary.chain()[1]);
    let config = client(&auxiliary, server.roots.clone(), &TLS13);
    handshake(config, server.config.clone()).unwrap();
    // Of the same key, but of another signer.
    let primary = client(&identity(&bus), server.roots, &TLS13);
    let error = handshake(primary, server.config).unwrap_err();
    // Both signers have one name; the signature is what differs.
    assert_eq!(
        Origin::of(&error),
        Some(Origin::Server(AlertDescription::DecryptError))
    );
}

/// The chip, the server's certificate, the server: each has its own words.
#[test]
fn who_refused_is_told() {
    let bus = chip(Revision::Atecc608B);
    let identity = identity(&bus);
    let signer = identity.chain()[1].clone();

    let stranger = server(&signer);
    let config = client(&identity, roots(signer.as_der()), &TLS13);
    let error = handshake(config, stranger.config).unwrap_err();
    assert!(
        matches!(Origin::of(&error), Some(Origin::ServerCertificate(_))),
        "{error}"
    );

    let own = server(&signer);
    bus.power_down();
    let config = client(&identity, own.roots, &TLS12);
    let error = handshake(config, own.config).unwrap_err();
    let wrapped = std::io::Error::other(error);
    let Some(Origin::Chip(error)) = Origin::find(&wrapped) else {
        panic!("{wrapped}");
    };
    assert!(
        matches!(error, ChipError::Chip(_) | ChipError::Bus(_)),
        "{error}"
    );

    let alert = rustls::Error::AlertReceived(AlertDescription::CertificateExpired);
    let wrapped = std::io::Error::other(std::io::Error::other(alert));
    assert_eq!(
        Origin::find(&wrapped),
        Some(Origin::Server(AlertDescription::CertificateExpired))
    );
    assert_eq!(Origin::find(&std::io::Error::other("another")), None);
}

/// A chip that another program disturbs so often: it signs something else.
struct Disturbed<C> {
    chip: C,
    left: u8,
}

impl<C: TlsChip> TlsChip for Disturbed<C> {
    fn sign(&mut self, slot: atecc::Slot, digest: [u8; 32]) -> Result<[u8; 64], ChipError> {
        let is_disturbed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        let digest = if is_disturbed { [0xAA; 32] } else { digest };
        self.chip.sign(slot, digest)
    }
}

#[test]
fn a_signature_over_something_else_is_not_sent() {
    let bus = chip(Revision::Atecc608B);
    let key = identity(&bus).public_key();
    let sign = |left| {
        let chip = Disturbed {
            chip: Station::device(&bus),
            left,
        };
        ChipKey::new(chip, atecc::Slot::S0, key).sign_digest([0x5A; 32])
    };
    for disturbed in 0..3 {
        key.verify(&[0x5A; 32], &sign(disturbed).unwrap()).unwrap();
    }
    let error = sign(3).unwrap_err();
    assert!(matches!(error, ChipError::SomethingElse(3)), "{error}");
}
