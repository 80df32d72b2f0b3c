//! The serial number, stored in two pieces.

use std::fmt;
use std::str::FromStr;

use crate::entropy::EntropyError;

/// The nine bytes SN0 to SN8.
///
/// SN0 and SN1 are 01 23, and SN8 is EE on generic parts (source: ATECC508A
/// datasheet, section 2.2; real dumps). The type takes any value, since
/// pre-provisioned parts end differently.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SerialNumber(pub [u8; 9]);

impl SerialNumber {
    /// A serial number of a generic part: 01 23, `middle`, EE.
    #[must_use]
    pub const fn generic(middle: [u8; 6]) -> Self {
        let [s2, s3, s4, s5, s6, s7] = middle;
        Self([0x01, 0x23, s2, s3, s4, s5, s6, s7, 0xEE])
    }

    /// A serial number of a generic part with six random bytes.
    ///
    /// # Errors
    /// [`EntropyError`] when the operating system gives no random numbers.
    pub fn random() -> Result<Self, EntropyError> {
        let mut middle = [0; 6];
        getrandom::fill(&mut middle)?;
        Ok(Self::generic(middle))
    }

    /// Read from configuration bytes 0 to 3 and 8 to 12.
    pub(crate) fn of(config: &[u8; 128]) -> Self {
        let mut serial = [0; 9];
        serial[..4].copy_from_slice(&config[..4]);
        serial[4..].copy_from_slice(&config[8..13]);
        Self(serial)
    }

    /// Written to configuration bytes 0 to 3 and 8 to 12.
    pub(crate) fn store(self, config: &mut [u8; 128]) {
        config[..4].copy_from_slice(&self.0[..4]);
        config[8..13].copy_from_slice(&self.0[4..]);
    }

    /// SN8, SN0, SN1: the part that every digest message contains.
    pub(crate) const fn tail(self) -> [u8; 3] {
        [self.0[8], self.0[0], self.0[1]]
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that is not 18 hexadecimal digits.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not a serial number of 18 hexadecimal digits")]
pub struct BadSerial(pub String);

impl FromStr for SerialNumber {
    type Err = BadSerial;

    fn from_str(text: &str) -> Result<Self, BadSerial> {
        crate::hex::decode(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| BadSerial(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::SerialNumber;

    #[test]
    fn two_pieces_of_the_configuration() {
        let serial: SerialNumber = "0123456789ABCDEFEE".parse().unwrap();
        let mut config = [0; 128];
        serial.store(&mut config);
        assert_eq!(config[..4], [0x01, 0x23, 0x45, 0x67]);
        assert_eq!(config[4..8], [0; 4]);
        assert_eq!(config[8..13], [0x89, 0xAB, 0xCD, 0xEF, 0xEE]);
        assert_eq!(SerialNumber::of(&config), serial);
        assert_eq!(serial.tail(), [0xEE, 0x01, 0x23]);
        assert!("0123".parse::<SerialNumber>().is_err());
    }
}
