//! A list of serials: a column of a CSV file.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use nerves_key_schema::{ManufacturerSerial, OtpError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SerialError;

/// Serials that are given in their order, each once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct SerialList(Vec<ManufacturerSerial>);

/// Why a file is no list of serials. Lines and columns count from 1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialListError {
    /// There is nothing in it.
    #[error("the list has no serials")]
    Empty,
    /// One stands twice.
    #[error("the serial {serial:?} stands in the list twice: as its {first}. and its {second}.")]
    Twice {
        /// The serial.
        serial: String,
        /// Which of the serials.
        first: usize,
        /// Which of the serials.
        second: usize,
    },
    /// One cannot be given.
    #[error("the {at}. serial of the list would be refused: {error}")]
    Serial {
        /// Which of the serials.
        at: usize,
        /// Why the OTP zone does not take it.
        #[source]
        error: OtpError,
    },
}

impl SerialList {
    /// # Errors
    /// [`SerialListError`] for an empty list, a serial that stands twice, or one that
    /// cannot be given.
    pub fn new<'a>(serials: impl IntoIterator<Item = &'a str>) -> Result<Self, SerialListError> {
        let mut list = Vec::new();
        let mut first = BTreeMap::new();
        for (index, text) in serials.into_iter().enumerate() {
            let at = index + 1;
            let serial = ManufacturerSerial::new(text);
            let serial = serial.map_err(|error| SerialListError::Serial { at, error })?;
            if let Some(first) = first.insert(text, at) {
                return Err(SerialListError::Twice {
                    serial: text.to_owned(),
                    first,
                    second: at,
                });
            }
            list.push(serial);
        }
        if list.is_empty() {
            return Err(SerialListError::Empty);
        }
        Ok(Self(list))
    }

    /// SHA-256 of the serials, a line feed behind each; lower-case hex.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest = self.0.iter().fold(Sha256::new(), |digest, serial| {
            digest.chain_update(serial.as_str()).chain_update("\n")
        });
        HEXLOWER.encode(&digest.finalize())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There is always one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The serial of `number`, from 0.
    ///
    /// # Errors
    /// [`SerialError::ListUsed`] behind the end.
    pub fn serial(&self, number: u64) -> Result<ManufacturerSerial, SerialError> {
        let serial = usize::try_from(number).ok().and_then(|at| self.0.get(at));
        serial.copied().ok_or(SerialError::ListUsed {
            length: self.0.len(),
        })
    }
}

impl TryFrom<Vec<String>> for SerialList {
    type Error = SerialListError;

    fn try_from(serials: Vec<String>) -> Result<Self, SerialListError> {
        Self::new(serials.iter().map(String::as_str))
    }
}

impl From<SerialList> for Vec<String> {
    fn from(list: SerialList) -> Self {
        let serials = list.0.iter();
        serials.map(|serial| serial.as_str().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_given_in_its_order() {
        let list = SerialList::new(["B", "A"]).unwrap();
        assert_eq!(list.serial(0).unwrap().as_str(), "B");
        assert_eq!(list.serial(1).unwrap().as_str(), "A");
        assert_eq!(list.serial(2), Err(SerialError::ListUsed { length: 2 }));
    }

    #[test]
    fn what_is_no_list_is_named() {
        let error = SerialList::new(["A", "B", "A"]).unwrap_err().to_string();
        assert!(error.contains("as its 1. and its 3."), "{error}");
        assert_eq!(SerialList::new([]), Err(SerialListError::Empty));
        let error = SerialList::new(["A", ""]).unwrap_err().to_string();
        assert!(error.contains("the 2. serial"), "{error}");
    }
}
