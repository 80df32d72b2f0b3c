//! A chip, and a server by rustls that asks for its certificate.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use atecc::Slot;
use atecc_emulator::{Bus, Chip, Entropy, Image, Revision};
use atecc_x509::{Certificate, DateTime};
use embedded_io_adapters::std::FromStd;
use embedded_tls::pki::CertVerifier;
use embedded_tls::{Aes128GcmSha256, TlsClock};
use nerves_key::Certificates;
use nerves_key_embedded_tls::{OpenError, TlsChip, embedded_tls};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use tests_station::Station;

pub(crate) const NAME: &str = "server.example";
pub(crate) const SERVERS: &[ExtendedKeyUsagePurpose] = &[ExtendedKeyUsagePurpose::ServerAuth];
pub(crate) const CLIENTS: &[ExtendedKeyUsagePurpose] = &[ExtendedKeyUsagePurpose::ClientAuth];

/// 2026-12-20, when the station's certificates are valid.
#[derive(Debug)]
pub(crate) struct December;

const DECEMBER: u64 = 1_797_724_800;

impl TimeProvider for December {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(DECEMBER)))
    }
}

impl TlsClock for December {
    fn now() -> Option<u64> {
        Some(DECEMBER)
    }
}

pub(crate) type Verifier<'a, Clock> = CertVerifier<'a, Aes128GcmSha256, Clock, 4096>;

pub(crate) fn verifier(root: &[u8]) -> Verifier<'_, December> {
    CertVerifier::new(embedded_tls::Certificate::X509(root))
}

/// A finished NervesKey.
pub(crate) fn chip(revision: Revision) -> Bus {
    let image = Image::blank(revision);
    let entropy = Entropy::Seeded(revision as u64);
    let bus = Bus::with_chip(Chip::new(image, entropy).unwrap());
    let now = DateTime::new(2026, 11, 24, 9, 30, 0).unwrap();
    Station::new([0x42; 32], now, Some("N1234"))
        .provision(&bus)
        .unwrap();
    bus
}

pub(crate) fn certificates(bus: &Bus) -> (Slot, Certificates) {
    let snapshot = Station::snapshot(bus).unwrap();
    (snapshot.key_slot(), snapshot.certificates().unwrap())
}

/// An authority for servers.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let der = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Self { issuer, der }
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::from_der(self.der.to_vec()).unwrap()
    }

    /// A server that wants certificates under `signer`.
    pub(crate) fn server(&self, signer: &Certificate) -> Arc<ServerConfig> {
        self.server_below(&[], SERVERS, signer)
    }

    /// The same, with a chain; the one nearest to the root is the first.
    pub(crate) fn server_below(
        &self,
        between: &[IsCa],
        uses: &[ExtendedKeyUsagePurpose],
        signer: &Certificate,
    ) -> Arc<ServerConfig> {
        let mut chain = Vec::new();
        let mut above: Option<Issuer<'static, KeyPair>> = None;
        for is_ca in between {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new([]).unwrap();
            params.is_ca = *is_ca;
            let issuer = above.as_ref().unwrap_or(&self.issuer);
            chain.insert(0, params.signed_by(&key, issuer).unwrap().der().clone());
            above = Some(Issuer::new(params, key));
        }
        let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
        params.extended_key_usages = uses.to_vec();
        let issuer = above.as_ref().unwrap_or(&self.issuer);
        server(&params, issuer, chain, signer)
    }

    pub(crate) fn expired_server(&self, signer: &Certificate) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2026, 12, 1);
        server(&params, &self.issuer, Vec::new(), signer)
    }
}

fn server(
    params: &CertificateParams,
    issuer: &Issuer<'_, KeyPair>,
    mut chain: Vec<CertificateDer<'static>>,
    signer: &Certificate,
) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    chain.insert(0, params.signed_by(&key, issuer).unwrap().der().clone());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let mut clients = RootCertStore::empty();
    let signer = CertificateDer::from(signer.as_der().to_vec());
    clients.add(signer).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), provider.clone());
    let config = ServerConfig::builder_with_details(provider, Arc::new(December))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// What the client says, and whose certificate the server saw. It greets.
pub(crate) fn serve<T>(
    config: Arc<ServerConfig>,
    client: impl FnOnce(FromStd<UnixStream>) -> T,
) -> (T, Result<Vec<u8>, rustls::Error>) {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        let mut tls = ServerConnection::new(config).unwrap();
        while tls.is_handshaking() {
            while tls.wants_write() {
                tls.write_tls(&mut theirs).unwrap();
            }
            if tls.read_tls(&mut theirs).unwrap_or(0) == 0 {
                return Err(rustls::Error::HandshakeNotComplete);
            }
            if let Err(error) = tls.process_new_packets() {
                // An alert, for a client that is still there; what that one has yet to
                // say is heard, so that it can read the alert.
                tls.write_tls(&mut theirs).ok();
                theirs.read_to_end(&mut Vec::new()).ok();
                return Err(error);
            }
        }
        tls.writer().write_all(b"hello").unwrap();
        while tls.wants_write() {
            // A client that has what it wants is gone.
            if tls.write_tls(&mut theirs).is_err() {
                break;
            }
        }
        Ok(tls.peer_certificates().unwrap()[0].to_vec())
    });
    let said = client(FromStd::new(ours));
    (said, server.join().unwrap())
}

pub(crate) fn buffers() -> (Vec<u8>, Vec<u8>) {
    (vec![0; 16640], vec![0; 4096])
}

pub(crate) fn blocking<'a>(
    socket: FromStd<UnixStream>,
    reading: &'a mut [u8],
    writing: &'a mut [u8],
) -> embedded_tls::blocking::TlsConnection<'a, FromStd<UnixStream>, Aes128GcmSha256> {
    embedded_tls::blocking::TlsConnection::new(socket, reading, writing)
}

pub(crate) fn in_words<E: std::fmt::Display>(error: OpenError<E>) -> OpenError<String> {
    match error {
        OpenError::Chip(error) => OpenError::Chip(error.to_string()),
        OpenError::NoSignature(bytes) => OpenError::NoSignature(bytes),
        OpenError::ServerCertificate(error) => OpenError::ServerCertificate(error),
        OpenError::Unproven => OpenError::Unproven,
        OpenError::Tls(error) => OpenError::Tls(error),
        other => panic!("{other}"),
    }
}

/// A chip that always says the same.
pub(crate) struct Fixed(pub(crate) Result<[u8; 64], &'static str>);

impl TlsChip for Fixed {
    type Error = &'static str;

    fn sign(&mut self, _: Slot, _: [u8; 32]) -> Result<[u8; 64], &'static str> {
        self.0
    }
}

/// A socket whose future is ready as soon as it is asked.
pub(crate) struct Awaited(pub(crate) FromStd<UnixStream>);

impl embedded_io_async::ErrorType for Awaited {
    type Error = std::io::Error;
}

impl embedded_io_async::Read for Awaited {
    async fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.0.inner_mut().read(bytes)
    }
}

impl embedded_io_async::Write for Awaited {
    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.inner_mut().write(bytes)
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        self.0.inner_mut().flush()
    }
}

/// What a future has that waits for [`Awaited`] only.
pub(crate) fn poll<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for something else"),
    }
}
