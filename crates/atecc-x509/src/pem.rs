//! Certificates in PEM files.
//!
//! Source: RFC 7468. People keep text around the block, `openssl x509 -text`
//! writes it, and the existing libraries end with an empty line; the strict
//! decoder gets the first certificate's block alone.

use alloc::string::String;
use alloc::vec::Vec;

use data_encoding::BASE64;
use der::pem;

use crate::{Certificate, Error};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Become the 64 characters of a line.
const BYTES_OF_A_LINE: usize = 48;

/// Why a text is not a certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// There is no begin line.
    #[error("no line says {BEGIN:?}")]
    NoBegin,
    /// There is no end line after it.
    #[error("no line says {END:?}")]
    NoEnd,
    /// What stands between is not Base64.
    #[error("PEM: {0}")]
    Decode(#[from] pem::Error),
}

impl Certificate {
    /// The first certificate of a PEM text.
    ///
    /// # Errors
    /// [`Error::Pem`] when there is none, [`Error::Der`] when it is no
    /// certificate.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        Self::split_first(text).map(|(certificate, _)| certificate)
    }

    /// Every certificate of a PEM text, in its order; at least one.
    ///
    /// # Errors
    /// [`Error::Pem`] when there is none, [`Error::Der`] when one is no
    /// certificate.
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>, Error> {
        let (first, mut rest) = Self::split_first(text)?;
        let mut chain = alloc::vec![first];
        while rest.contains(BEGIN) {
            let (next, after) = Self::split_first(rest)?;
            chain.push(next);
            rest = after;
        }
        Ok(chain)
    }

    /// The first certificate, and the text after it.
    fn split_first(text: &str) -> Result<(Self, &str), Error> {
        let (_, rest) = text.split_once(BEGIN).ok_or(PemError::NoBegin)?;
        let (body, rest) = rest.split_once(END).ok_or(PemError::NoEnd)?;
        let block = [BEGIN, body, END, "\n"].concat();
        let (_, der) = pem::decode_vec(block.as_bytes()).map_err(PemError::from)?;
        Ok((Self::from_der(der)?, rest))
    }

    /// The certificate as PEM, lines of 64 characters ended by LF.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let lines = self.as_der().chunks(BYTES_OF_A_LINE);
        let body = lines.flat_map(|line| [BASE64.encode(line), String::from("\n")]);
        let ends = |text| [String::from(text), String::from("\n")];
        ends(BEGIN)
            .into_iter()
            .chain(body)
            .chain(ends(END))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use der::pem::LineEnding;

    use super::*;
    use crate::testing::signer;

    #[test]
    fn pem_round_trip_with_text_around() {
        let certificate = signer();
        let pem = certificate.to_pem();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\nMIIBpz"));
        let text = std::format!("Certificate:\n    Data: ...\n{pem}\n\n");
        assert_eq!(Certificate::from_pem(&text).unwrap(), certificate);
        let theirs = pem::encode_string("CERTIFICATE", LineEnding::LF, certificate.as_der());
        assert_eq!(pem, theirs.unwrap());
        let dos = pem.replace('\n', "\r\n");
        assert_eq!(Certificate::from_pem(&dos).unwrap(), certificate);
    }

    /// A chain, with text between: leaf first, as servers have it.
    #[test]
    fn every_certificate_of_a_text() {
        let certificate = signer();
        let pem = certificate.to_pem();
        let text = std::format!("subject: one\n{pem}\nsubject: two\n{pem}rest\n");
        let chain = Certificate::chain_from_pem(&text).unwrap();
        assert_eq!(chain, [certificate.clone(), certificate]);
        assert_eq!(
            Certificate::chain_from_pem("none"),
            Err(PemError::NoBegin.into())
        );
        let cut = text.rsplit_once("-----END").unwrap().0;
        assert_eq!(
            Certificate::chain_from_pem(cut),
            Err(PemError::NoEnd.into())
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, error) in [
            ("", PemError::NoBegin),
            ("-----BEGIN EC PRIVATE KEY-----\n", PemError::NoBegin),
            ("-----BEGIN CERTIFICATE-----\nMIIB", PemError::NoEnd),
        ] {
            assert_eq!(Certificate::from_pem(text), Err(error.into()));
        }
        let bad = "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n";
        assert!(matches!(
            Certificate::from_pem(bad),
            Err(Error::Pem(PemError::Decode(_)))
        ));
    }
}
