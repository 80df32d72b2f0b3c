//! Signing and verifying, from the first byte to the digest.
//!
//! A P-256 signature is over 32 bytes. A longer digest is cut to its leftmost
//! 32 bytes (FIPS 186-5, section 6.4.1), a shorter one is padded with zeros on
//! the left, which is the same number. `CKM_ECDSA` takes what the caller says
//! is a digest: nothing is longer than SHA-512's 64 bytes, and more than that
//! is a message given in error, of which the start would be signed.

use cryptoki_sys::{CK_FLAGS, CKF_DIGEST, CKF_SIGN, CKF_VERIFY};

use crate::error::Error;
use crate::hash::Hash;
use crate::key::Key;

/// Bytes of R and S.
pub const SIGNATURE: usize = 64;
/// The longest digest that `CKM_ECDSA` takes.
const LONGEST: usize = 64;

/// What a session can be in the midst of, besides a search.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OperationKind {
    /// `C_Digest*`.
    Digest,
    /// `C_Sign*`.
    Sign,
    /// `C_Verify*`.
    Verify,
}

impl OperationKind {
    /// As `C_SessionCancel` names it.
    #[must_use]
    pub const fn flag(self) -> CK_FLAGS {
        match self {
            Self::Digest => CKF_DIGEST,
            Self::Sign => CKF_SIGN,
            Self::Verify => CKF_VERIFY,
        }
    }
}

/// Signing or verifying that has begun.
#[derive(Clone, Debug)]
pub struct Operation {
    input: Input,
    /// The key that signs, or whose public half verifies.
    pub key: Key,
    /// How its data is given.
    pub progress: Progress,
}

/// Whether an operation has got a part of its data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// Not yet.
    Empty,
    /// It has: only more parts and the end can follow.
    InParts,
}

#[derive(Clone, Debug)]
enum Input {
    Digest(Vec<u8>),
    Message(Hash),
}

impl Operation {
    /// Over a message when there is a `hash`, else over a digest.
    #[must_use]
    pub fn new(hash: Option<Hash>, key: Key) -> Self {
        Self {
            key,
            input: hash.map_or(Input::Digest(Vec::new()), Input::Message),
            progress: Progress::Empty,
        }
    }

    /// Take a part.
    ///
    /// # Errors
    /// [`Error::DataLength`] when it is no digest any more.
    pub fn update(&mut self, part: &[u8]) -> Result<(), Error> {
        self.progress = Progress::InParts;
        self.take(part)
    }

    /// All data there is: the number that gets signed.
    ///
    /// # Errors
    /// [`Error::DataLength`] when it is no digest.
    pub fn whole(mut self, data: &[u8]) -> Result<[u8; 32], Error> {
        self.take(data)?;
        self.finish()
    }

    /// The number that gets signed.
    ///
    /// # Errors
    /// [`Error::DataLength`] when there was no digest.
    pub fn finish(self) -> Result<[u8; 32], Error> {
        match self.input {
            Input::Message(hash) => Ok(fitted(&hash.finish())),
            Input::Digest(digest) if digest.is_empty() => Err(Error::DataLength(0)),
            Input::Digest(digest) => Ok(fitted(&digest)),
        }
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Error> {
        match &mut self.input {
            Input::Message(hash) => hash.update(data),
            Input::Digest(digest) => {
                let length = digest.len().saturating_add(data.len());
                if length > LONGEST {
                    return Err(Error::DataLength(length));
                }
                digest.extend_from_slice(data);
            }
        }
        Ok(())
    }
}

/// The leftmost 32 bytes, or all of them after zeros.
fn fitted(digest: &[u8]) -> [u8; 32] {
    let mut number = [0; 32];
    match digest.first_chunk() {
        Some(left) => number = *left,
        None => number[32 - digest.len()..].copy_from_slice(digest),
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Allowed, Generation, KeyOrigin, KeyUse, Uses};
    use atecc::Slot;
    use cryptoki_sys::{CKM_ECDSA_SHA256, CKM_ECDSA_SHA384};

    fn begun(hash: Option<Hash>) -> Operation {
        let key = Key {
            slot: Slot::S0,
            public: None,
            can: KeyUse {
                sign: Allowed::Yes,
                derive: Allowed::No,
            },
            uses: Uses::Unlimited,
            origin: KeyOrigin::Chip,
            generation: Generation::default(),
        };
        Operation::new(hash, key)
    }

    #[test]
    fn digests_are_cut_on_the_right_and_padded_on_the_left() {
        let of = |digest: &[u8]| begun(None).whole(digest);
        assert_eq!(of(&[1]).unwrap()[30..], [0, 1]);
        assert_eq!(of(&[7; 32]).unwrap(), [7; 32]);
        let long: Vec<u8> = (0..64).collect();
        assert_eq!(of(&long).unwrap()[..], long[..32]);
        for bad in [0, 65] {
            let error = of(&vec![1; bad]).unwrap_err();
            assert!(matches!(error, Error::DataLength(length) if length == bad));
        }
    }

    #[test]
    fn parts_are_the_whole() {
        let mut parts = begun(None);
        parts.update(&[1, 2]).unwrap();
        parts.update(&[3]).unwrap();
        let whole = begun(None).whole(&[1, 2, 3]).unwrap();
        assert_eq!(parts.finish().unwrap(), whole);
    }

    #[test]
    fn messages_are_hashed() {
        // Source: FIPS 180-4 examples, "abc".
        let abc = |mechanism| {
            let mut operation = begun(Hash::for_signature(mechanism));
            operation.update(b"ab").unwrap();
            operation.update(b"c").unwrap();
            operation.finish().unwrap()
        };
        assert_eq!(abc(CKM_ECDSA_SHA256)[..4], [0xBA, 0x78, 0x16, 0xBF]);
        assert_eq!(abc(CKM_ECDSA_SHA384)[..4], [0xCB, 0x00, 0x75, 0x3F]);
    }
}
