//! What rustls and rumqttc say, in words: many of their errors show the names of
//! Rust's variants, which are nobody's who looks for a device's fault.

use std::fmt;
use std::io::{self, ErrorKind};

use atecc_x509::DateTime;
use nerves_key_rustls::Origin;
use rumqttc::{ConnectReturnCode, ConnectionError, StateError};
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// `alert unknown_ca (48)`: the name and number of RFC 8446, 6.
pub(super) fn alert(alert: AlertDescription) -> String {
    let number = u8::from(alert);
    let name = match alert {
        AlertDescription::Unknown(_) => return format!("alert {number}"),
        AlertDescription::UnrecognisedName => "unrecognized_name".to_owned(),
        known => separated(&format!("{known:?}"), '_'),
    };
    format!("alert {name} ({number})")
}

/// What ended a handshake.
pub(super) fn tls(error: &Error) -> String {
    match error {
        Error::AlertReceived(received) => alert(*received),
        Error::InvalidCertificate(error) => format!("the server's certificate: {}", fault(error)),
        Error::InvalidMessage(why) => format!("an answer that is no TLS: {}", variant(why)),
        Error::PeerIncompatible(why) => incompatible(why),
        Error::PeerMisbehaved(why) => {
            format!("the server breaks the rules of TLS: {}", variant(why))
        }
        Error::InappropriateMessage { got_type, .. } => {
            format!("a message that does not belong here: {}", variant(got_type))
        }
        Error::InappropriateHandshakeMessage { got_type, .. } => {
            format!("a message that does not belong here: {}", variant(got_type))
        }
        Error::Other(other) => other.0.to_string(),
        Error::General(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What client and server do not have in common.
pub(super) fn incompatible(reason: &PeerIncompatible) -> String {
    use PeerIncompatible as P;
    let words = match reason {
        P::ServerDoesNotSupportTls12Or13 => "the server has neither TLS 1.2 nor 1.3",
        P::ServerTlsVersionIsDisabledByOurConfig | P::Tls12NotOfferedOrEnabled => {
            "the server has no version of TLS that was offered"
        }
        P::NoCertificateRequestSignatureSchemesInCommon => {
            "the server takes no signature of this key"
        }
        other => return format!("no TLS in common: {}", variant(other)),
    };
    words.to_owned()
}

/// What is wrong with a certificate.
pub(super) fn fault(error: &CertificateError) -> String {
    let words = match error {
        CertificateError::BadEncoding => "it cannot be decoded",
        CertificateError::BadSignature => "the signature on it is wrong",
        CertificateError::UnknownIssuer => "its issuer is not known",
        CertificateError::Expired => "it has expired",
        CertificateError::ExpiredContext { not_after, .. } => {
            return format!("it has expired: it was valid until {}", date(*not_after));
        }
        CertificateError::NotValidYet => "it is not valid yet",
        CertificateError::NotValidYetContext { not_before, .. } => {
            return format!("it is not valid yet: it will be from {}", date(*not_before));
        }
        CertificateError::Revoked => "it is revoked",
        CertificateError::NotValidForName => "it is for another name",
        CertificateError::NotValidForNameContext { expected, .. } => {
            return format!("it is for another name than {}", expected.to_str());
        }
        CertificateError::UnhandledCriticalExtension => {
            "it has a critical extension that is not known here"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its extended key usage is another one than a server's"
        }
        CertificateError::Other(other) => return name_in_words(&other.to_string()),
        other => return variant(other),
    };
    words.to_owned()
}

/// What ended a connection by MQTT.
pub(super) fn mqtt(error: &ConnectionError) -> String {
    match Origin::find(error) {
        Some(Origin::Server(received)) => return alert(received),
        Some(Origin::ServerCertificate(error)) => {
            return format!("the server's certificate: {}", fault(error));
        }
        Some(Origin::Incompatible(reason)) => return incompatible(reason),
        _ => {}
    }
    match error {
        ConnectionError::Io(error) | ConnectionError::MqttState(StateError::Io(error)) => io(error),
        ConnectionError::MqttState(StateError::ConnectionAborted) => CLOSED.to_owned(),
        ConnectionError::MqttState(StateError::Deserialization(why)) => {
            format!(
                "the broker sent what is no packet of MQTT: {}",
                variant(why)
            )
        }
        ConnectionError::MqttState(StateError::Unsolicited(id)) => {
            format!("the broker acknowledged the packet {id}, which was not sent")
        }
        ConnectionError::MqttState(StateError::AwaitPingResp) => {
            "the broker does not answer a ping".to_owned()
        }
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => {
            "no answer in time".to_owned()
        }
        ConnectionError::ConnectionRefused(code) => returned(*code).to_owned(),
        ConnectionError::NotConnAck(_) => {
            "the broker's first packet is not the answer to ours (CONNACK)".to_owned()
        }
        other => other.to_string(),
    }
}

/// Source: MQTT 3.1.1, 3.2.2.3.
const fn returned(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::Success => "accepted",
        ConnectReturnCode::RefusedProtocolVersion => "unacceptable protocol version",
        ConnectReturnCode::BadClientId => "identifier rejected",
        ConnectReturnCode::ServiceUnavailable => "server unavailable",
        ConnectReturnCode::BadUserNamePassword => "bad user name or password",
        ConnectReturnCode::NotAuthorized => "not authorized",
    }
}

const CLOSED: &str = "the broker closed the connection";

/// Without rustls's address of a manual for programmers.
fn io(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionAborted => CLOSED.to_owned(),
        _ => match error.get_ref().and_then(|it| it.downcast_ref()) {
            Some(error) => tls(error),
            None => error.to_string(),
        },
    }
}

fn date(time: UnixTime) -> String {
    DateTime::from_unix_seconds(time.as_secs()).map_or_else(
        |_far| format!("{} s after 1970", time.as_secs()),
        |date| date.to_string(),
    )
}

/// The name of a variant in words, and what it holds where that is a text or a
/// number.
fn variant(value: &impl fmt::Debug) -> String {
    let shown = format!("{value:?}");
    let end = shown.find(|it: char| !it.is_ascii_alphanumeric());
    let (name, held) = shown.split_at(end.unwrap_or(shown.len()));
    let held = held.trim_matches(|it: char| matches!(it, '(' | ')' | '"'));
    let is_plain = held.chars().all(|it| it.is_ascii_alphanumeric());
    match held {
        "" => name_in_words(name),
        held if is_plain => format!("{}: {}", name_in_words(name), name_in_words(held)),
        _ => name_in_words(name),
    }
}

/// `CaUsedAsEndEntity` as "ca used as end entity"; what is no such name stays.
fn name_in_words(name: &str) -> String {
    let is_name = name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|it| it.is_ascii_alphanumeric());
    if is_name {
        separated(name, ' ')
    } else {
        name.to_owned()
    }
}

/// The words of a name in lower case; capitals that stand together are one word, up
/// to the last of them where that begins the next.
fn separated(name: &str, between: char) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                let next = letters.get(at + 1);
                !before.is_ascii_uppercase() || next.is_some_and(char::is_ascii_lowercase)
            });
        if begins {
            words.push(between);
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rustls::pki_types::ServerName;
    use rustls::{InvalidMessage, OtherError, PeerMisbehaved};

    use super::*;

    /// Names and numbers: RFC 8446, B.2; RFC 6066, 9; RFC 4279, 6.
    #[test]
    fn alerts_have_their_names_and_numbers() {
        for (number, words) in [
            (40, "alert handshake_failure (40)"),
            (42, "alert bad_certificate (42)"),
            (48, "alert unknown_ca (48)"),
            (20, "alert bad_record_mac (20)"),
            (112, "alert unrecognized_name (112)"),
            (115, "alert unknown_psk_identity (115)"),
            (116, "alert certificate_required (116)"),
            (120, "alert no_application_protocol (120)"),
            (200, "alert 200"),
        ] {
            assert_eq!(alert(AlertDescription::from(number)), words);
        }
    }

    #[test]
    fn a_fault_is_told_in_words() {
        let other = io::Error::other("CaUsedAsEndEntity");
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        for (error, words) in [
            (
                CertificateError::Other(OtherError(Arc::new(other))),
                "ca used as end entity",
            ),
            (
                CertificateError::BadSignature,
                "the signature on it is wrong",
            ),
            (
                CertificateError::InvalidOcspResponse,
                "invalid ocsp response",
            ),
            (CertificateError::UnknownIssuer, "its issuer is not known"),
            (
                CertificateError::NotValidForNameContext {
                    expected: ServerName::try_from("a.example").unwrap(),
                    presented: vec!["DnsName(\"evil.example\")".to_owned()],
                },
                "it is for another name than a.example",
            ),
            (
                CertificateError::ExpiredContext {
                    time: at(2_000_000_000),
                    not_after: at(1_000_000_000),
                },
                "it has expired: it was valid until 2001-09-09T01:46:40Z",
            ),
        ] {
            assert_eq!(fault(&error), words);
        }
        assert_eq!(name_in_words("a text: it stays"), "a text: it stays");
    }

    #[test]
    fn a_failed_handshake_is_told_in_words() {
        for (error, words) in [
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                "an answer that is no TLS: invalid content type",
            ),
            (
                Error::InvalidMessage(InvalidMessage::MissingData("ServerHello")),
                "an answer that is no TLS: missing data: server hello",
            ),
            (
                Error::PeerMisbehaved(PeerMisbehaved::TooManyEmptyFragments),
                "the server breaks the rules of TLS: too many empty fragments",
            ),
            (
                Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
                "the server has neither TLS 1.2 nor 1.3",
            ),
        ] {
            assert_eq!(tls(&error), words);
        }
    }

    #[test]
    fn the_end_of_mqtt_is_told_in_words() {
        let eof = || io::Error::new(ErrorKind::UnexpectedEof, "see https://docs.rs/rustls");
        let alert = Error::AlertReceived(AlertDescription::UnknownCA);
        for (error, words) in [
            (ConnectionError::Io(eof()), CLOSED),
            (ConnectionError::MqttState(StateError::Io(eof())), CLOSED),
            (
                ConnectionError::Io(io::Error::other(alert)),
                "alert unknown_ca (48)",
            ),
            (
                ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized),
                "not authorized",
            ),
            (
                ConnectionError::MqttState(StateError::Unsolicited(7)),
                "the broker acknowledged the packet 7, which was not sent",
            ),
        ] {
            assert_eq!(mqtt(&error), words);
        }
    }
}
