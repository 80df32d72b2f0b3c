//! What a text that names a server says of TLS. The driver knows fewer words of
//! it than `PostgreSQL`'s own programs do, so that they are taken out before.

use std::path::PathBuf;

/// What is said of TLS.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Options {
    pub(super) mode: Option<String>,
    /// The CA's certificate.
    pub(super) root: Option<PathBuf>,
    /// Of the client.
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

/// A text that cannot be taken apart. Values are not quoted, nor are names that
/// nobody knows: either may be of a password.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0} of the server's words cannot be read: write name=value, without blanks around =, and in \
     a URL % as %25"
)]
pub struct OptionError(&'static str);

impl OptionError {
    fn new(name: &str) -> Self {
        const NAMES: [&str; 8] = [
            "sslmode",
            "sslrootcert",
            "sslcert",
            "sslkey",
            "user",
            "password",
            "dbname",
            "host",
        ];
        let known = NAMES.into_iter().find(|known| *known == name);
        Self(known.unwrap_or("a word"))
    }
}

/// What follows the scheme of a URL.
fn without_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_ours = ["postgres", "postgresql"]
        .iter()
        .any(|ours| scheme.eq_ignore_ascii_case(ours));
    is_ours.then_some(rest)
}

/// Whether nothing of `text` may be shown where it cannot be read. A password may
/// then be in any part of it.
pub(super) fn may_have_password(text: &str) -> bool {
    text.contains("://") || text.contains('@') || text.to_ascii_lowercase().contains("password")
}

impl Options {
    /// True for a word of TLS, which is kept.
    fn take(&mut self, name: &str, value: &str) -> bool {
        let place = match name {
            "sslmode" => {
                self.mode = Some(value.to_owned());
                return true;
            }
            "sslrootcert" => &mut self.root,
            "sslcert" => &mut self.certificate,
            "sslkey" => &mut self.key,
            _ => return false,
        };
        *place = Some(value.into());
        true
    }
}

/// The words of TLS, and the text without them.
///
/// # Errors
/// [`OptionError`] for words that would be overlooked.
pub(super) fn take_options(text: &str) -> Result<(Options, String), OptionError> {
    let mut options = Options::default();
    let rest = if let Some(url) = without_scheme(text) {
        // The driver knows the scheme in small letters alone.
        let Some((before, words)) = url.split_once('?') else {
            return Ok((options, format!("postgres://{url}")));
        };
        let mut others = Vec::new();
        for word in words.split('&') {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let value = percent_decode(value).ok_or_else(|| OptionError::new(name))?;
            if !options.take(name, &value) {
                others.push(word);
            }
        }
        let question = if others.is_empty() { "" } else { "?" };
        format!("postgres://{before}{question}{}", others.join("&"))
    } else {
        let mut others = Vec::new();
        for word in words(text) {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            if name.starts_with("ssl") && value.is_empty() {
                return Err(OptionError::new(name));
            }
            if !options.take(name, &unquote(value)) {
                others.push(word);
            }
        }
        others.join(" ")
    };
    Ok((options, rest))
}

/// Parted by blanks, but for those in quotes.
fn words(text: &str) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let words = text.split(move |letter: char| {
        let is_plain = !std::mem::take(&mut is_escaped);
        match letter {
            '\\' if is_plain => is_escaped = true,
            '\'' if is_plain => is_quoted = !is_quoted,
            _ => {}
        }
        letter.is_ascii_whitespace() && is_plain && !is_quoted
    });
    words.filter(|word| !word.is_empty()).collect()
}

/// Without quotes, and what follows a backslash as it is.
fn unquote(value: &str) -> String {
    let mut text = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {}
            '\\' => text.extend(letters.next()),
            letter => text.push(letter),
        }
    }
    text
}

/// `%41` is `A`.
fn percent_decode(value: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        let (digits, after) = after.split_at_checked(2)?;
        bytes.extend(
            data_encoding::HEXLOWER_PERMISSIVE
                .decode(digits.as_bytes())
                .ok()?,
        );
        rest = after;
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::postgres::{Postgres, PostgresUrlError};

    fn options_and_rest(text: &str) -> (Options, String) {
        take_options(text).unwrap()
    }

    #[test]
    fn words_of_tls_are_taken_out_of_either_form() {
        let wanted = Options {
            mode: Some("verify-full".to_owned()),
            root: Some("a b/ca.pem".into()),
            ..Options::default()
        };
        for (text, rest) in [
            (
                "postgres://u@h/d?sslmode=verify-full&sslrootcert=a%20b/ca.pem",
                "postgres://u@h/d",
            ),
            (
                "postgresql://u@h/d?sslrootcert=a%20b%2fca.pem&connect_timeout=3&sslmode=verify-full",
                "postgres://u@h/d?connect_timeout=3",
            ),
            (
                "host=h sslmode=verify-full  sslrootcert='a b/ca.pem' user='x sslmode=y'",
                "host=h user='x sslmode=y'",
            ),
            (
                r"sslrootcert=a\ b/ca.pem sslmode=verify-full password='it\'s '",
                r"password='it\'s '",
            ),
        ] {
            assert_eq!(
                options_and_rest(text),
                (wanted.clone(), rest.to_owned()),
                "{text}"
            );
        }
        let plain = "postgres://u:p%25@h/d";
        assert_eq!(
            options_and_rest(plain),
            (Options::default(), plain.to_owned())
        );
    }

    #[test]
    fn what_would_be_overlooked_is_refused() {
        for text in [
            "host=h sslmode = require",
            "host=h sslmode =require",
            "host=h sslmode= require",
            "postgres://h/d?sslrootcert=%zz",
            "postgres://h/d?sslrootcert=%f",
        ] {
            assert!(take_options(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_scheme_may_be_in_capitals() {
        let (options, rest) = options_and_rest("PostGres://u@h/d?sslmode=disable");
        assert_eq!(options.mode.as_deref(), Some("disable"));
        assert_eq!(rest, "postgres://u@h/d");
    }

    #[test]
    fn a_password_is_in_no_refusal() {
        for text in [
            "postgres://u:p@SECRET@ledger.example/d",
            "postgres://localhost/d?SECRET=1",
            "postgres:u:SECRET=1@localhost",
            "host=localhost password=a SECRET=b",
            "host=localhost PASSWORD=a SECRET=b",
        ] {
            let refused = Postgres::new(text, None).unwrap_err();
            assert!(matches!(refused, PostgresUrlError::Unreadable), "{text}");
            assert!(!format!("{refused} {refused:?}").contains("SECRET"));
        }
        let refused = Postgres::new("host=localhost foo=b", None).unwrap_err();
        assert!(refused.to_string().contains("unknown option `foo`"));
    }

    #[test]
    fn a_refusal_names_a_word_and_not_its_value() {
        for (text, name) in [
            ("postgres://h/d?password=SECRET%", "password"),
            ("postgres://u:p?SECRET=%zz@h/d", "a word"),
            ("postgres://h/d?sslkey=%zzSECRET", "sslkey"),
            ("host=h password=a sslSECRET", "a word"),
        ] {
            let message = take_options(text).unwrap_err().to_string();
            assert!(
                message.contains(name) && !message.contains("SECRET"),
                "{message}"
            );
        }
    }
}
