//! TLS to a server, by rustls.
//!
//! Its cryptography is ring's: those without C are not reviewed yet, and whoever
//! builds `SQLite` has a C compiler, which is all that ring needs beside it.
//! Either a connection is verified in full (the chain of certificates, and the
//! host's name in the server's), or it is not encrypted because somebody has
//! said so, or because it does not leave the machine.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, crypto};

use super::postgres_url::Options;

/// How a server is reached.
#[derive(Clone)]
pub(super) enum Encryption {
    /// In plain text.
    None,
    /// By TLS, verified.
    Verified(Arc<ClientConfig>),
}

/// Why a server is not reached at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A mode that `PostgreSQL` has, and that could end in plain text unnoticed.
    #[error(
        "sslmode={0} may go on without encryption: say verify-full, or disable for a network of \
         the line's own"
    )]
    MayBePlain(String),
    /// No mode.
    #[error("sslmode={0:?}: verify-full or disable")]
    Mode(String),
    /// Two things that cannot both be.
    #[error("sslmode=disable, but {0} is given: leave one of them out")]
    Contradiction(&'static str),
    /// Nothing to verify the server by.
    #[error(
        "the server {host:?} is reached over a network, so that it needs TLS, and nothing says \
         which CA its certificate is from: name the CA's certificate (sslrootcert=FILE, or \
         --ledger-ca of nerves-key), or say sslmode=disable for a network of the line's own"
    )]
    NoCa {
        /// The first host.
        host: String,
    },
    /// A socket of this machine.
    #[error("TLS is asked for, but {0:?} is a socket of this machine: name a host")]
    Socket(PathBuf),
    /// One of the two.
    #[error("sslcert and sslkey belong together: {0} is missing")]
    Half(&'static str),
    /// A file.
    #[error("{path:?}: {error}")]
    File {
        /// Its name.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: pem::Error,
    },
    /// A file without a certificate.
    #[error("{0:?}: there is no certificate in it")]
    Empty(PathBuf),
    /// What rustls does not take.
    #[error("{path:?}: {error}")]
    Unusable {
        /// The name of the file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: rustls::Error,
    },
}

impl Encryption {
    /// What `options` ask for, of a server that `config` names.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(super) fn new(options: &Options, config: &Config) -> Result<Self, TlsError> {
        let files = [
            ("a CA", &options.root),
            ("sslcert", &options.certificate),
            ("sslkey", &options.key),
        ];
        let given = files.iter().find(|(_, file)| file.is_some());
        let wanted = match (options.mode.as_deref(), given) {
            (Some("disable"), Some((name, _))) => return Err(TlsError::Contradiction(name)),
            (Some("disable"), None) => false,
            // Whoever asks for less than verify-full gets it: a server that is
            // not verified may be anybody's.
            (Some("require" | "verify-ca" | "verify-full"), _) | (None, Some(_)) => true,
            (Some(mode @ ("prefer" | "allow")), _) => {
                return Err(TlsError::MayBePlain(mode.to_owned()));
            }
            (Some(mode), _) => return Err(TlsError::Mode(mode.to_owned())),
            (None, None) => leaves_machine(config),
        };
        if !wanted {
            return Ok(Self::None);
        }
        let mut name = String::new();
        for host in config.get_hosts() {
            match host {
                Host::Tcp(host) if name.is_empty() => name.clone_from(host),
                Host::Tcp(_) => {}
                #[cfg(unix)]
                Host::Unix(path) => return Err(TlsError::Socket(path.clone())),
            }
        }
        let root = options.root.as_deref();
        let root = root.ok_or(TlsError::NoCa { host: name })?;
        Ok(Self::Verified(Arc::new(client(options, root)?)))
    }

    /// In the words of the driver, which adds no others.
    pub(super) const fn mode(&self) -> SslMode {
        match self {
            Self::None => SslMode::Disable,
            Self::Verified(_) => SslMode::Require,
        }
    }
}

/// Whether a host is another machine, as far as its name says.
fn leaves_machine(config: &Config) -> bool {
    let is_elsewhere = |host: &Host| match host {
        Host::Tcp(name) => match name.parse::<std::net::IpAddr>() {
            Ok(address) => !address.is_loopback(),
            Err(_) => name != "localhost",
        },
        #[cfg(unix)]
        Host::Unix(_) => false,
    };
    let addresses = config.get_hostaddrs();
    if addresses.is_empty() {
        config.get_hosts().iter().any(is_elsewhere)
    } else {
        addresses.iter().any(|address| !address.is_loopback())
    }
}

fn client(options: &Options, root: &Path) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(root)? {
        let unusable = |error| TlsError::Unusable {
            path: root.to_owned(),
            error,
        };
        roots.add(certificate).map_err(unusable)?;
    }
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |error| TlsError::Unusable { path, error }
    };
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(unusable(root))?
        .with_root_certificates(roots);
    match (&options.certificate, &options.key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(path)) => {
            let file = |error| TlsError::File {
                path: path.clone(),
                error,
            };
            let key = PrivateKeyDer::from_pem_file(path).map_err(file)?;
            let chain = certificates(certificate)?;
            let client = builder.with_client_auth_cert(chain, key);
            client.map_err(unusable(path))
        }
        (Some(_), None) => Err(TlsError::Half("sslkey")),
        (None, Some(_)) => Err(TlsError::Half("sslcert")),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let file = |error| TlsError::File {
        path: path.to_owned(),
        error,
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(file)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(file)?;
    if certificates.is_empty() {
        return Err(TlsError::Empty(path.to_owned()));
    }
    Ok(certificates)
}

/// Whether it is TLS that refuses: the same again would be refused again.
pub(super) fn is_refusal(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        let inner = error.get_ref();
        return inner.is_some_and(|inner| is_refusal(inner));
    }
    if error.is::<rustls::Error>() || error.to_string() == NO_TLS {
        return true;
    }
    error.source().is_some_and(is_refusal)
}

/// What the driver says of a server that answers in plain text; a test notices
/// when it says something else.
const NO_TLS: &str = "server does not support TLS";

/// Makes a connection for each host.
#[derive(Clone)]
pub(super) struct Connector(Arc<ClientConfig>);

impl Connector {
    pub(super) fn new(client: &Arc<ClientConfig>) -> Self {
        Self(Arc::clone(client))
    }
}

/// To one host.
pub(super) struct ToHost {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// A connection.
pub(super) struct Stream(tokio_rustls::client::TlsStream<Socket>);

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Stream;
    type TlsConnect = ToHost;
    type Error = rustls::pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<ToHost, Self::Error> {
        Ok(ToHost {
            connector: TlsConnector::from(Arc::clone(&self.0)),
            name: ServerName::try_from(domain)?.to_owned(),
        })
    }
}

impl TlsConnect<Socket> for ToHost {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        let connected = self.connector.connect(self.name, stream);
        Box::pin(async { connected.await.map(Stream) })
    }
}

impl TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
