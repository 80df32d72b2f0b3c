//! A signer's key, named: a file, `pkcs11:..`, `exec:..`.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use nerves_key_provision::{Pkcs11Uri, Pkcs11UriError};

/// Where a signer's private key is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum KeyName {
    /// In a PEM file.
    File(PathBuf),
    /// In a PKCS#11 token.
    Token(Box<Pkcs11Uri>),
    /// Where this command reaches it.
    Command(String),
}

impl FromStr for KeyName {
    type Err = Pkcs11UriError;

    fn from_str(text: &str) -> Result<Self, Pkcs11UriError> {
        match text.split_once(':') {
            Some(("pkcs11", _)) => text.parse().map(|uri| Self::Token(Box::new(uri))),
            Some(("exec", command)) => Ok(Self::Command(command.into())),
            _ => Ok(Self::File(text.into())),
        }
    }
}

/// Where a passphrase or PIN is, when nobody is to be asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum SecretName {
    /// `env:NAME`.
    Variable(String),
    /// `file:PATH`.
    File(PathBuf),
    /// A path, or by mistake the secret itself: never quoted.
    Bare(PathBuf),
}

impl FromStr for SecretName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.split_once(':') {
            Some(("env", name)) => Self::Variable(name.into()),
            Some(("file", path)) => Self::File(path.into()),
            _ => Self::Bare(text.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let key = |text: &str| text.parse::<KeyName>().map_err(|error| error.to_string());
        assert_eq!(key("a/b.key"), Ok(KeyName::File("a/b.key".into())));
        assert_eq!(key("exec:ssh ca"), Ok(KeyName::Command("ssh ca".into())));
        assert!(matches!(
            key("pkcs11:object=k?module-path=m"),
            Ok(KeyName::Token(_))
        ));
        assert!(key("pkcs11:object=k").unwrap_err().contains("module-path"));
        let Ok(secret) = "env:PIN".parse::<SecretName>();
        assert_eq!(secret, SecretName::Variable("PIN".into()));
        let Ok(secret) = "file:a:b".parse::<SecretName>();
        assert_eq!(secret, SecretName::File("a:b".into()));
        let Ok(secret) = "a/b".parse::<SecretName>();
        assert_eq!(secret, SecretName::Bare("a/b".into()));
    }
}
