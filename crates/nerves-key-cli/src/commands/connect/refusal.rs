//! Why there is no authenticated connection, and what to do about it.

use atecc_x509::{Certificate, DateTime};
use rustls::{AlertDescription, CertificateError, PeerIncompatible};
use serde_json::{Value, json};

use super::handshake::{Attempt, End};
use super::names;
use super::observed::Observed;
use super::service::{Service, Target};
use super::words;

/// Who refused, why probably, and the next step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) by: By,
    /// As it was said: an alert, an error.
    pub(super) what: String,
    pub(super) cause: String,
    pub(super) next: String,
}

/// Who refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    Network,
    Chip,
    /// This program: the server's certificates.
    Trust,
    Server,
    /// Nobody: but the device is not authenticated.
    Nobody,
}

impl By {
    const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Chip => "chip",
            Self::Trust => "trust",
            Self::Server => "server",
            Self::Nobody => "nobody",
        }
    }
}

impl Refusal {
    pub(super) fn new(
        by: By,
        what: impl Into<String>,
        cause: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            by,
            what: what.into(),
            cause: cause.into(),
            next: next.into(),
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "by": self.by.name(),
            "what": self.what,
            "cause": self.cause,
            "next": self.next,
        })
    }
}

/// What is looked at.
pub(super) struct Evidence<'a> {
    pub(super) target: &'a Target,
    pub(super) attempt: &'a Attempt,
    pub(super) observed: &'a Observed,
    /// Ours, the device's own first.
    pub(super) chain: &'a [Certificate],
    pub(super) now: DateTime,
}

impl Evidence<'_> {
    /// Nothing where the server knows the device now.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match &self.attempt.end {
            Some(End::Name(error)) => Some(Refusal::new(
                By::Network,
                error.to_string(),
                format!("{:?} has no address", self.target.host),
                "check the name, and the network's name server",
            )),
            Some(End::Tcp(error)) => Some(Refusal::new(
                By::Network,
                error.to_string(),
                format!("nothing takes connections at port {}", self.target.port),
                "check the port, the firewall, and that the server runs",
            )),
            Some(End::Timeout) => Some(Refusal::new(
                By::Network,
                "no answer in time",
                "the server does not answer, or it does not speak TLS on this port",
                "check the port; --timeout waits longer",
            )),
            Some(End::Closed) => Some(self.closed()),
            Some(End::Tls(error)) => Some(self.tls(error)),
            None => self.unauthenticated(),
        }
    }

    fn signer(&self) -> String {
        let signer = self.chain.get(1).or(self.chain.first());
        signer.map_or_else(String::new, Certificate::subject_text)
    }

    /// Our certificate's dates, where they do not include the present.
    fn expired(&self) -> Option<String> {
        self.chain.iter().find_map(|one| {
            let (from, to) = (one.not_before().ok()?, one.not_after().ok()?);
            let is_valid = from <= self.now && self.now <= to;
            (!is_valid).then(|| {
                format!(
                    "{} is valid from {from} to {to}, and this computer's clock says {}",
                    one.subject_text(),
                    self.now
                )
            })
        })
    }

    /// What the server asked for, where that excludes us.
    fn not_asked_for(&self) -> Option<Refusal> {
        let asked = self.observed.asked.as_ref()?;
        if !asked.takes_ecdsa {
            return Some(Refusal::new(
                By::Server,
                "it takes no ECDSA signature with P-256",
                "the server takes clients with RSA keys only, and a NervesKey's key is P-256",
                "let the server take ecdsa_secp256r1_sha256 (OpenSSL: ClientSignatureAlgorithms)",
            ));
        }
        let ours: Vec<_> = self.chain.iter().map(Certificate::issuer_der).collect();
        let is_ours = |name: &Vec<u8>| ours.contains(&name.as_slice());
        if asked.authorities.is_empty() || asked.authorities.iter().any(is_ours) {
            return None;
        }
        Some(Refusal::new(
            By::Server,
            format!(
                "it asked for certificates of {}",
                names::list(&asked.authorities)
            ),
            format!("our signer, {}, is not among them", self.signer()),
            self.target.service.registration(),
        ))
    }

    fn closed(&self) -> Refusal {
        if let Some(refusal) = self.not_asked_for() {
            return refusal;
        }
        let cause = match self.target.service {
            Service::Aws => {
                "AWS IoT does so where it does not know the certificate, where it is not active, \
                 of another region or account, or where the endpoint's name was not sent"
            }
            Service::Azure => "Azure does so where it does not know the device or its signer",
            Service::Any | Service::NervesHub => {
                "the server does not know our certificate, or does not speak TLS on this port"
            }
        };
        let next = self.target.service.registration();
        Refusal::new(
            By::Server,
            "it closed the connection without an alert",
            cause,
            next,
        )
    }

    fn tls(&self, error: &rustls::Error) -> Refusal {
        match error {
            rustls::Error::InvalidCertificate(error) => self.untrusted(error),
            rustls::Error::AlertReceived(alert) => self.alert(*alert),
            rustls::Error::PeerIncompatible(reason) => incompatible(reason),
            rustls::Error::Other(_) => Refusal::new(
                By::Chip,
                words::tls(error),
                "the chip gave no signature",
                "nerves-key doctor says more",
            ),
            rustls::Error::InvalidMessage(_) => Refusal::new(
                By::Server,
                words::tls(error),
                "what answers on this port does not speak TLS",
                "check the port",
            ),
            _ => Refusal::new(
                By::Server,
                words::tls(error),
                "the handshake failed",
                "try openssl s_client with the same server, and compare",
            ),
        }
    }

    fn untrusted(&self, error: &CertificateError) -> Refusal {
        let server = names::subject(self.observed.chain.first());
        let issuer = names::issuer(self.observed.chain.last());
        let host = &self.target.host;
        let (cause, next) = match error {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (
                    format!(
                        "the server's certificate ({server}) is for {}, not for {host}",
                        names::alternative_names(self.observed.chain.first())
                    ),
                    "use the name that stands in it; another server may answer at this address"
                        .to_owned(),
                )
            }
            CertificateError::UnknownIssuer => (
                format!(
                    "the server's certificate was issued by {issuer}, which is not trusted here"
                ),
                "give its authority's certificate with --ca FILE, if that is the one".to_owned(),
            ),
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => (
                format!(
                    "the server's certificate ({server}) is not valid at {}, by this computer's \
                     clock",
                    self.now
                ),
                "set the clock; if it is right, the server needs a new certificate".to_owned(),
            ),
            _ => (
                format!("the server's certificate ({server}) does not verify"),
                "the server's administrator has to mend it, or --ca is of another server"
                    .to_owned(),
            ),
        };
        let what = format!("the server's certificate: {}", words::fault(error));
        Refusal::new(By::Trust, what, cause, next)
    }

    fn alert(&self, alert: AlertDescription) -> Refusal {
        use AlertDescription as A;
        let service = self.target.service;
        let what = words::alert(alert);
        let registration = service.registration();
        let refused = |cause: String, next: &str| Refusal::new(By::Server, &*what, cause, next);
        match alert {
            A::ProtocolVersion => {
                return refused(
                    "the server takes none of the versions of TLS that were offered (1.2, 1.3)"
                        .to_owned(),
                    "let the server take TLS 1.2 or 1.3; without --tls both are offered",
                );
            }
            A::NoApplicationProtocol => {
                return refused(
                    format!(
                        "the server has none of the application protocols that were offered ({})",
                        names::protocols(&self.target.alpn)
                    ),
                    "offer the service's own by --alpn, or none",
                );
            }
            A::UnrecognisedName => {
                return refused(
                    format!("the server has no service of the name {}", self.target.host),
                    "use the name that the service has told, not an address or an alias",
                );
            }
            _ => {}
        }
        if let Some(refusal) = self.not_asked_for() {
            return Refusal { what, ..refusal };
        }
        if let (A::CertificateExpired | A::BadCertificate | A::CertificateUnknown, Some(dates)) =
            (alert, self.expired())
        {
            return refused(
                format!("our certificate has expired, or the clocks differ: {dates}"),
                "set the clock; a certificate that has expired is replaced by an auxiliary one \
                 (nerves-key aux provision)",
            );
        }
        match (alert, service) {
            (A::UnknownCA, _) => refused(
                format!("the server does not know our signer, {}", self.signer()),
                registration,
            ),
            (A::CertificateExpired, _) => refused(
                "our certificate is not valid by the server's clock".to_owned(),
                "compare the server's clock with the certificate's dates (nerves-key cert show)",
            ),
            (A::HandshakeFailure, Service::NervesHub) if self.observed.asked.is_some() => refused(
                "NervesHub knows the signer, but no device of this name, or another key of it"
                    .to_owned(),
                "create the device with the certificate's common name as identifier, or remove its \
                 old certificates",
            ),
            (A::BadCertificate | A::CertificateUnknown | A::DecryptError | A::AccessDenied, _) => {
                refused(
                    format!(
                        "the server does not take our certificate: it knows another {} under this \
                         name, or this device not at all",
                        self.signer()
                    ),
                    registration,
                )
            }
            (A::UnsupportedCertificate, _) => refused(
                "the server does not take certificates of this kind: P-256, client authentication"
                    .to_owned(),
                "let it take ECDSA with P-256",
            ),
            (A::CertificateRequired, _) => refused(
                "the server says that it got no certificate".to_owned(),
                "another program on the way (a proxy) may end TLS: connect without it",
            ),
            _ => refused(
                "the server does not say more".to_owned(),
                "look into the server's log at this time",
            ),
        }
    }

    /// TLS is there, but who is the device?
    fn unauthenticated(&self) -> Option<Refusal> {
        if self.observed.asked.is_none() {
            return Some(Refusal::new(
                By::Nobody,
                "the server asked for no certificate",
                "it takes anybody, or learns who we are in another way: the chip was not used",
                "check the port and the path; let the server demand certificates",
            ));
        }
        if let Some(refusal) = self.not_asked_for().filter(|_| {
            let asked = self.observed.asked.as_ref();
            asked.is_some_and(|asked| !asked.takes_ecdsa)
        }) {
            return Some(refusal);
        }
        if !self.target.alpn.is_empty() && self.attempt.alpn.is_none() {
            return Some(Refusal::new(
                By::Server,
                "the server chose no application protocol",
                format!(
                    "it does not know {}: another service may answer on this port",
                    names::protocols(&self.target.alpn)
                ),
                "check the port, or leave --alpn out",
            ));
        }
        None
    }
}

fn incompatible(reason: &PeerIncompatible) -> Refusal {
    use PeerIncompatible as P;
    let what = words::incompatible(reason);
    let (cause, next) = match reason {
        P::ServerDoesNotSupportTls12Or13
        | P::ServerTlsVersionIsDisabledByOurConfig
        | P::Tls12NotOfferedOrEnabled => (
            "the server speaks an older TLS than 1.2, or another version than --tls says",
            "let the server take TLS 1.2 or 1.3",
        ),
        P::NoCertificateRequestSignatureSchemesInCommon => (
            "the server takes clients with RSA keys only, and a NervesKey's key is P-256",
            "let the server take ecdsa_secp256r1_sha256 (OpenSSL: ClientSignatureAlgorithms)",
        ),
        _ => (
            "the server and this program have no way of TLS in common",
            "try openssl s_client with the same server, and compare",
        ),
    };
    Refusal::new(By::Server, what, cause, next)
}
