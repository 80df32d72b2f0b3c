//! The chip's I2C address.

/// A 7-bit I2C address outside the ranges that the I2C specification
/// reserves: 0x08 to 0x77.
///
/// ```
/// use atecc::BusAddress;
///
/// assert_eq!(BusAddress::DEFAULT.get(), 0x60);
/// assert!(BusAddress::new(0xC0).is_err()); // The 8-bit form.
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BusAddress(u8);

/// A number that is no usable 7-bit address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBusAddress {
    /// Past 7 bits: most likely the 8-bit form of the data sheets.
    #[error("I2C address 0x{0:02X} is the 8-bit form: the 7-bit address is 0x{half:02X}", half = .0 >> 1)]
    EightBit(u8),
    /// Reserved by the I2C specification.
    #[error("I2C address 0x{0:02X} is reserved: usable addresses are 0x08 to 0x77")]
    Reserved(u8),
}

impl BusAddress {
    /// A part as delivered: 0x60 (0xC0 in the data sheet's 8-bit form).
    pub const DEFAULT: Self = Self(0x60);
    /// A Trust&GO TLS part: 0x35.
    pub const TRUST_AND_GO: Self = Self(0x35);

    /// # Errors
    /// [`InvalidBusAddress`] outside 0x08 to 0x77.
    pub const fn new(address: u8) -> Result<Self, InvalidBusAddress> {
        match address {
            0x08..=0x77 => Ok(Self(address)),
            0x80..=0xFF => Err(InvalidBusAddress::EightBit(address)),
            _ => Err(InvalidBusAddress::Reserved(address)),
        }
    }

    /// The 7-bit address.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl core::fmt::Display for BusAddress {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "0x{:02X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eight_bit_form_is_named() {
        assert_eq!(BusAddress::new(0x60), Ok(BusAddress::DEFAULT));
        assert_eq!(
            BusAddress::new(0x07),
            Err(InvalidBusAddress::Reserved(0x07))
        );
        assert_eq!(
            BusAddress::new(0x78),
            Err(InvalidBusAddress::Reserved(0x78))
        );
        let error = BusAddress::new(0xC0).unwrap_err();
        assert!(error.to_string().ends_with("0x60"), "{error}");
    }
}
