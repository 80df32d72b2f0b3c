//! JSON Web Tokens with ES256. Source: RFC 7515, section 3; RFC 7518, section
//! 3.4.

use alloc::format;
use alloc::string::String;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// A token that waits for its signature.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::{Jwt, sign};
///
/// let token = Jwt::new(Jwt::HEADER, r#"{"aud":"my-project","iat":1795507411}"#);
/// let signature = device.run(sign(token.digest()))?;
/// println!("{}", token.assemble(&signature));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwt {
    signing_input: String,
}

impl Jwt {
    /// The header of a token that has nothing special.
    pub const HEADER: &str = r#"{"alg":"ES256","typ":"JWT"}"#;

    /// Of header and claims, JSON objects as they are to be sent.
    #[must_use]
    pub fn new(header: &str, claims: &str) -> Self {
        let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
        Self {
            signing_input: format!("{header}.{claims}"),
        }
    }

    /// Header and claims in Base64, a point between them.
    #[must_use]
    pub fn signing_input(&self) -> &str {
        &self.signing_input
    }

    /// What the chip signs: SHA-256 of [`Jwt::signing_input`].
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.signing_input.as_bytes()).into()
    }

    /// The token with its signature, R then S.
    #[must_use]
    pub fn assemble(&self, signature: &[u8; 64]) -> String {
        format!(
            "{}.{}",
            self.signing_input,
            BASE64URL_NOPAD.encode(signature)
        )
    }
}
