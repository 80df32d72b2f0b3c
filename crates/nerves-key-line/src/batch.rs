//! A batch: what is made.

use data_encoding::HEXLOWER;
use nerves_key_schema::{BoardName, Layout, OtpError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::serials::{SerialScheme, count_serials};

/// What is made. It is loaded once and never changes: what the ledger has is
/// compared by its [digest](Batch::digest).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Batch {
    /// Unique in the ledger.
    pub name: String,
    /// Within which manufacturer serial numbers are unique.
    pub product: String,
    /// How many units, 1 to 1,000,000.
    pub count: u32,
    /// The board name in OTP, at most 10 bytes.
    pub board: String,
    /// How the slots are configured.
    pub layout: BatchLayout,
    /// The format of compressed certificates, 0 or 1.
    pub format: u8,
    /// The signer certificate: DER, in lower-case hex.
    pub signer: String,
    /// How serials are given.
    pub serials: SerialScheme,
}

/// [`Layout`], as it stands in a batch.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchLayout {
    /// [`Layout::Standard`].
    #[default]
    Standard,
    /// [`Layout::Volatile`].
    Volatile,
}

impl From<BatchLayout> for Layout {
    fn from(layout: BatchLayout) -> Self {
        match layout {
            BatchLayout::Standard => Self::Standard,
            BatchLayout::Volatile => Self::Volatile,
        }
    }
}

/// Why something is no batch.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// A name is empty, long or not to be seen.
    #[error(
        "the {what} {text:?}: 1 to 64 characters that can be seen, without a blank at either end"
    )]
    Name {
        /// Whose.
        what: &'static str,
        /// The name.
        text: String,
    },
    /// Its count.
    #[error("a batch of {0}: 1 to 1000000 units")]
    Count(u32),
    /// More than the scheme can give.
    #[error(
        "a batch of {count}, but its scheme has {}: take a pattern of more digits, a longer list, \
         or a smaller count",
        count_serials(serials)
    )]
    Serials {
        /// Of units.
        count: u32,
        /// That there are.
        serials: u64,
    },
    /// The board name.
    #[error("the board name: {0}")]
    Board(#[source] OtpError),
    /// The format of compressed certificates.
    #[error("format {0}: 0 or 1")]
    Format(u8),
    /// What should be a certificate.
    #[error("the signer certificate is no hex: {0}")]
    Signer(#[source] data_encoding::DecodeError),
    /// The document of another version.
    #[error("the document of the batch cannot be read: {0}")]
    Document(String),
}

impl Batch {
    /// That every part of it can be used, before any chip is touched.
    ///
    /// # Errors
    /// [`BatchError`] names the part.
    pub fn check(&self) -> Result<(), BatchError> {
        check_name("name", &self.name)?;
        check_name("product", &self.product)?;
        if !(1..=1_000_000).contains(&self.count) {
            return Err(BatchError::Count(self.count));
        }
        if self.format > 1 {
            return Err(BatchError::Format(self.format));
        }
        BoardName::new(&self.board).map_err(BatchError::Board)?;
        self.signer_der()?;
        let serials = match &self.serials {
            SerialScheme::Pattern(pattern) => pattern.last() - pattern.first() + 1,
            SerialScheme::List(list) => list.len() as u64,
            SerialScheme::Scanned | SerialScheme::Chip => return Ok(()),
        };
        if serials < u64::from(self.count) {
            return Err(BatchError::Serials {
                count: self.count,
                serials,
            });
        }
        Ok(())
    }

    /// The signer certificate, DER.
    ///
    /// # Errors
    /// [`BatchError::Signer`].
    pub fn signer_der(&self) -> Result<Vec<u8>, BatchError> {
        HEXLOWER
            .decode(self.signer.as_bytes())
            .map_err(BatchError::Signer)
    }

    /// Its canonical form: JSON without blanks, members in the order of this
    /// struct.
    #[must_use]
    pub fn document(&self) -> String {
        // Strings, numbers and enums: nothing that JSON does not have.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From its [document](Self::document).
    ///
    /// # Errors
    /// [`BatchError::Document`], or as [`Batch::check`].
    pub fn from_document(document: &str) -> Result<Self, BatchError> {
        let batch: Self = serde_json::from_str(document)
            .map_err(|error| BatchError::Document(error.to_string()))?;
        batch.check()?;
        Ok(batch)
    }

    /// SHA-256 of its [document](Self::document), lower-case hex.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.document())
    }
}

/// The digest of a document, as it stands beside it in the ledger.
pub(crate) fn digest(document: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(document))
}

/// # Errors
/// [`BatchError::Name`].
fn check_name(what: &'static str, text: &str) -> Result<(), BatchError> {
    let fits = (1..=64).contains(&text.chars().count());
    let seen = text.trim() == text && atecc_text::hidden(text).is_none();
    if fits && seen {
        return Ok(());
    }
    Err(BatchError::Name {
        what,
        text: text.to_owned(),
    })
}
