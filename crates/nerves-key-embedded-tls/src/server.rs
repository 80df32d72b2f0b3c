//! What the server has to show.
//!
//! embedded-tls 0.19 asks its verifier about each message that comes, and goes on
//! without those that do not: a server that leaves out certificate and signature
//! is accepted, and a signature before the certificate is a panic. So what was
//! shown is kept here.

use embedded_tls::{
    Aes128GcmSha256, CertificateEntryRef, CertificateRef, CertificateVerifyRef, TlsCipherSuite,
    TlsError, TlsVerifier,
};

use crate::authority::{may_certify, may_serve};

/// How far a server has proven who it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof {
    None,
    /// A certificate that the verifier accepts.
    Certificate,
    /// A signature by its key over this handshake.
    Key,
    Refused(TlsError),
}

/// The caller's verifier, and what it has said in one handshake.
pub(crate) struct ServerVerifier<'p, V> {
    verifier: &'p mut V,
    proof: Proof,
}

impl<'p, V> ServerVerifier<'p, V> {
    pub(crate) const fn new(verifier: &'p mut V) -> Self {
        Self {
            verifier,
            proof: Proof::None,
        }
    }

    pub(crate) const fn proof(&self) -> Proof {
        self.proof
    }

    fn advance(&mut self, result: Result<(), TlsError>, proof: Proof) -> Result<(), TlsError> {
        self.proof = match result {
            Ok(()) => proof,
            Err(error) => Proof::Refused(error),
        };
        result
    }
}

impl<V: TlsVerifier<Aes128GcmSha256>> TlsVerifier<Aes128GcmSha256> for ServerVerifier<'_, V> {
    fn set_hostname_verification(&mut self, hostname: &str) -> Result<(), TlsError> {
        self.verifier.set_hostname_verification(hostname)
    }

    fn verify_certificate(
        &mut self,
        transcript: &<Aes128GcmSha256 as TlsCipherSuite>::Hash,
        certificate: CertificateRef<'_>,
    ) -> Result<(), TlsError> {
        let result = check_roles(&certificate)
            .and_then(|()| self.verifier.verify_certificate(transcript, certificate));
        self.advance(result, Proof::Certificate)
    }

    fn verify_signature(&mut self, verify: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        let result = match self.proof {
            Proof::Certificate => self.verifier.verify_signature(verify),
            _ => Err(TlsError::InvalidHandshake),
        };
        self.advance(result, Proof::Key)
    }
}

/// The first certificate is a server's, the others are authorities'.
fn check_roles(certificate: &CertificateRef<'_>) -> Result<(), TlsError> {
    let mut entries = certificate.entries.iter().map(|entry| match entry {
        CertificateEntryRef::X509(der) => Ok(*der),
        CertificateEntryRef::RawPublicKey(_) => Err(TlsError::InvalidCertificate),
    });
    let first = entries.next().ok_or(TlsError::InvalidCertificate)??;
    if !may_serve(first) {
        return Err(TlsError::InvalidCertificate);
    }
    for (below, authority) in entries.enumerate() {
        if !may_certify(authority?, below) {
            return Err(TlsError::InvalidCertificate);
        }
    }
    Ok(())
}
