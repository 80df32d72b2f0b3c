//! What the server shows and asks for, also where the handshake fails.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// The server's certificates in DER, its own first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// What it asked for; nothing where it asked for no certificate.
    pub(super) asked: Option<Asked>,
}

/// The server's request for a certificate.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Names of the authorities that it takes, in DER; none: it does not say.
    pub(super) authorities: Vec<Vec<u8>>,
    /// Whether it takes a signature of the chip's key.
    pub(super) takes_ecdsa: bool,
}

/// Shared by the two that see something.
#[derive(Clone, Debug, Default)]
pub(super) struct Observer(Arc<Mutex<Observed>>);

impl Observer {
    fn note(&self, change: impl FnOnce(&mut Observed)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn seen(&self) -> Observed {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Verifies as `inner` does.
#[derive(Debug)]
pub(super) struct ObservedVerifier {
    pub(super) inner: Arc<dyn ServerCertVerifier>,
    pub(super) observer: Observer,
}

impl ServerCertVerifier for ObservedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let own = |one: &CertificateDer<'_>| one.clone().into_owned();
        let all = std::iter::once(end_entity).chain(intermediates);
        self.observer
            .note(|seen| seen.chain = all.map(own).collect());
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.inner.root_hint_subjects()
    }
}

/// Always the chip's certificates.
pub(super) struct ObservedResolver {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) observer: Observer,
}

impl fmt::Debug for ObservedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedResolver").finish_non_exhaustive()
    }
}

impl ResolvesClientCert for ObservedResolver {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let asked = Asked {
            authorities: root_hint_subjects.iter().map(|one| one.to_vec()).collect(),
            takes_ecdsa: sigschemes.contains(&SignatureScheme::ECDSA_NISTP256_SHA256),
        };
        self.observer.note(|seen| seen.asked = Some(asked));
        Some(Arc::clone(&self.certified))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
