//! Why a token does not sign.

use std::boxed::Box;
use std::format;
use std::path::PathBuf;
use std::string::{String, ToString};
use std::vec::Vec;

use atecc_x509::NotOnCurve;
use cryptoki::error::Error as CryptokiError;

use super::Pkcs11ErrorKind;

/// Why a token does not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs11Error {
    /// The library cannot be used.
    #[error("PKCS#11 library {}: {}", path.display(), in_short(source))]
    Module {
        /// The library.
        path: PathBuf,
        /// The loader's answer, or that of `C_Initialize`.
        source: CryptokiError,
    },
    /// This program is linked statically with musl: it can load no library.
    #[error(
        "PKCS#11 library {}: this program is linked statically and loads no libraries; \
         take one that is linked dynamically, such as that of the Debian package",
        .0.display()
    )]
    LinkedStatically(PathBuf),
    /// No token is the one asked for, or several are.
    #[error("{} the one asked for; there is {}", count(*found, "token"), list(present))]
    Token {
        /// How many match.
        found: usize,
        /// The labels of all.
        present: Vec<String>,
    },
    /// The PIN is wrong.
    #[error("token {token:?}: the PIN is wrong{}", if *last_try { "; one try is left" } else { "" })]
    WrongPin {
        /// The token's label.
        token: String,
        /// Whether the token locks itself after another wrong one.
        last_try: bool,
    },
    /// The PIN was wrong too often.
    #[error("token {0:?}: the PIN is locked")]
    PinLocked(String),
    /// No private key is the one asked for, or several are.
    #[error("token {token:?}: {} the one asked for", count(*found, "private key"))]
    Key {
        /// The token's label.
        token: String,
        /// How many match.
        found: usize,
    },
    /// The key is of another kind.
    #[error("token {0:?}: the key is not one of P-256")]
    NotP256(String),
    /// The public key object holds no point.
    #[error("the public key in the token: {0}")]
    Point(#[from] NotOnCurve),
    /// The signature has another length than R and S.
    #[error("the token gave a signature of {0} bytes instead of 64")]
    Signature(usize),
    /// The token, or the library.
    #[error("PKCS#11: {}", in_short(_0))]
    Other(#[from] CryptokiError),
    /// The token says that it has a PIN, and then that it has none.
    #[error("token {0:?}: it has a user PIN, and says at the login that it has none")]
    PinDenied(String),
    /// Logging in failed before the token said anything about the PIN, and it
    /// counts a wrong one: another could lock it.
    #[error(
        "token {0:?} failed while it was given the PIN, and counts a wrong one: the PIN is not \
         given again"
    )]
    PinInDoubt(String),
    /// The token was lost while it was used, and did not let us in again.
    #[error("token {0:?} was lost: open it anew")]
    Lost(String),
    /// The same again and again, or nearly.
    #[error("{last} (the last of {tries} tries)")]
    Lasting {
        /// How often it was tried.
        tries: usize,
        /// What came of the last.
        last: Box<Self>,
    },
}

impl Pkcs11Error {
    /// What is to be done about it.
    #[must_use]
    pub fn kind(&self) -> Pkcs11ErrorKind {
        match self {
            Self::Module { source, .. } | Self::Other(source) => match source {
                CryptokiError::Pkcs11(code, _) => Pkcs11ErrorKind::from_code(*code),
                _ => Pkcs11ErrorKind::Input,
            },
            // Taken out, or not to be read just then.
            Self::Token { found: 0, present } if present.is_empty() => Pkcs11ErrorKind::Passing,
            Self::PinDenied(_) => Pkcs11ErrorKind::Passing,
            Self::Signature(_) | Self::Point(_) | Self::PinInDoubt(_) | Self::Lost(_) => {
                Pkcs11ErrorKind::Token
            }
            Self::LinkedStatically(_)
            | Self::Token { .. }
            | Self::WrongPin { .. }
            | Self::PinLocked(_)
            | Self::Key { .. }
            | Self::NotP256(_) => Pkcs11ErrorKind::Input,
            Self::Lasting { last, .. } => last.kind(),
        }
    }

    /// Whether the same may come to another end a moment later. A token that is
    /// not among the others may be: `SoftHSM` leaves out one whose file another
    /// process writes just then, as it does at each login.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Token { found: 0, .. }) || self.kind() == Pkcs11ErrorKind::Passing
    }
}

/// The function and the code, as the standard names them: the library's own
/// words quote it at length.
fn in_short(error: &CryptokiError) -> String {
    match error {
        CryptokiError::Pkcs11(code, function) => format!("C_{function:?}: {code:?}"),
        CryptokiError::LibraryLoading(error) => error.to_string(),
        error => error.to_string(),
    }
}

fn count(found: usize, what: &str) -> String {
    match found {
        0 => format!("no {what} is"),
        found => format!("{found} {what}s are"),
    }
}

fn list(labels: &[String]) -> String {
    match labels {
        [] => "no token at all".into(),
        labels => format!("{labels:?}"),
    }
}
