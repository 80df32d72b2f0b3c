//! Who ended a handshake.

use core::fmt;

use embedded_tls::TlsError;

/// Why there is no connection, and who refused it.
///
/// A server that refuses the chip's certificate does so after the handshake of TLS
/// 1.3 has ended for the client: embedded-tls 0.19 says `InternalError` at the first
/// read then, or `Io` as soon as the server has closed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum OpenError<E> {
    /// The chip gave no signature.
    Chip(E),
    /// The chip's answer is no signature: R or S is zero or too large.
    NoSignature([u8; 64]),
    /// The server's certificates are not those that this program trusts: another
    /// authority, name or date, or the key is not the server's.
    ServerCertificate(TlsError),
    /// The server has not shown a certificate and a signature by its key, which
    /// it may leave out with a pre-shared key only. It is anybody.
    Unproven,
    /// Anything else that embedded-tls has to say; `HandshakeAborted` and `Io` are the
    /// server's and the network's.
    Tls(TlsError),
}

impl<E: fmt::Display> fmt::Display for OpenError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chip(error) => write!(f, "the chip gave no signature: {error}"),
            Self::NoSignature(bytes) => {
                write!(f, "the chip answered {bytes:02X?}, which is no signature")
            }
            Self::ServerCertificate(error) => write!(
                f,
                "the server's certificate is refused ({error}): check authority, name and clock"
            ),
            Self::Unproven => f.write_str(
                "the server has not shown a certificate and a signature by its key: \
                 nothing was sent to it",
            ),
            Self::Tls(error) => write!(f, "TLS: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for OpenError<E> {}
