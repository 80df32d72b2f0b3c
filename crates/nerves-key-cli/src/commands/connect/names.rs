//! Names of certificates that may be anybody's, escaped.

use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

use crate::output::one_line;

const UNKNOWN: &str = "an unreadable name";

fn shown(name: &Name) -> String {
    match name.to_string() {
        text if text.is_empty() => "an empty name".to_owned(),
        text => one_line(&text),
    }
}

/// Of the `Name` in DER.
pub(super) fn of_der(der: &[u8]) -> String {
    Name::from_der(der).map_or_else(|_| UNKNOWN.to_owned(), |name| shown(&name))
}

/// At most five, and how many more there are.
pub(super) fn list(names: &[Vec<u8>]) -> String {
    let first: Vec<_> = names.iter().take(5).map(|one| of_der(one)).collect();
    match names.len().checked_sub(first.len()) {
        Some(0) | None => first.join("; "),
        Some(more) => format!("{}; and {more} more", first.join("; ")),
    }
}

fn parsed(certificate: Option<&CertificateDer<'_>>) -> Option<Certificate> {
    Certificate::from_der(certificate?).ok()
}

pub(super) fn subject(certificate: Option<&CertificateDer<'_>>) -> String {
    parsed(certificate).map_or_else(
        || UNKNOWN.to_owned(),
        |one| shown(one.tbs_certificate().subject()),
    )
}

pub(super) fn issuer(certificate: Option<&CertificateDer<'_>>) -> String {
    parsed(certificate).map_or_else(
        || UNKNOWN.to_owned(),
        |one| shown(one.tbs_certificate().issuer()),
    )
}

/// The hosts that a server's certificate is for.
pub(super) fn alternative_names(certificate: Option<&CertificateDer<'_>>) -> String {
    let names = parsed(certificate).and_then(|one| {
        let (_, names) = one
            .tbs_certificate()
            .get_extension::<SubjectAltName>()
            .ok()??;
        let shown = names.0.iter().filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(one_line(name.as_str())),
            GeneralName::IpAddress(bytes) => match *bytes.as_bytes() {
                [a, b, c, d] => Some(format!("{a}.{b}.{c}.{d}")),
                _ => None,
            },
            _ => None,
        });
        Some(shown.collect::<Vec<_>>().join(", "))
    });
    names
        .filter(|names| !names.is_empty())
        .unwrap_or_else(|| "no host".to_owned())
}

pub(super) fn protocols(names: &[Vec<u8>]) -> String {
    let shown = |name: &Vec<u8>| name.escape_ascii().to_string();
    names.iter().map(shown).collect::<Vec<_>>().join(", ")
}
