//! Who refused: the chip, the server's certificates, or the server.

use std::io;

use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use crate::ChipError;

/// Where a connection's error comes from.
///
/// ```
/// use nerves_key_rustls::Origin;
/// use rustls::{AlertDescription, Error};
///
/// let error = Error::AlertReceived(AlertDescription::UnknownCA);
/// assert_eq!(Origin::of(&error), Some(Origin::Server(AlertDescription::UnknownCA)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Origin<'a> {
    /// The chip gave no signature.
    Chip(&'a ChipError),
    /// The server's certificates are not those that this program trusts.
    ServerCertificate(&'a CertificateError),
    /// The server ended it with this alert: its opinion of our certificate, for
    /// example.
    Server(AlertDescription),
    /// Server and program have no protocol version, suite or scheme in common.
    Incompatible(&'a PeerIncompatible),
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Server(one), Self::Server(other)) => one == other,
            (Self::ServerCertificate(one), Self::ServerCertificate(other)) => one == other,
            (Self::Incompatible(one), Self::Incompatible(other)) => one == other,
            (Self::Chip(one), Self::Chip(other)) => std::ptr::eq(*one, *other),
            _ => false,
        }
    }
}

impl<'a> Origin<'a> {
    /// Of an error of rustls; `None` where it is none of these.
    #[must_use]
    pub fn of(error: &'a rustls::Error) -> Option<Self> {
        use rustls::Error as E;
        match error {
            E::Other(other) => other.0.downcast_ref().map(Self::Chip),
            E::InvalidCertificate(error) => Some(Self::ServerCertificate(error)),
            E::AlertReceived(alert) => Some(Self::Server(*alert)),
            E::PeerIncompatible(reason) => Some(Self::Incompatible(reason)),
            _ => None,
        }
    }

    /// Of any error that has one of rustls among its causes, as those of I/O and
    /// of HTTP clients have.
    #[must_use]
    pub fn find(error: &'a (dyn std::error::Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<rustls::Error>() {
                return Self::of(error);
            }
            // The source of one of these is the inner error's, not itself.
            next = match error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref)
            {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }
}
