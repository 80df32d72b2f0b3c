//! Which certificate a compressed one is: bytes 69 and 70.
//!
//! Source: compressed certificate application note (Atmel-8974). The numbers
//! name no certificate by themselves, they only must be those that the reader
//! expects in a slot; `NervesKey`'s are those of `nerves_key` 1.3.

use core::fmt;

use crate::SerialSource;

/// Template ID, chain ID and where the serial number comes from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Template {
    template_id: u8,
    chain_id: u8,
    serial_source: SerialSource,
}

/// A template or chain ID is 16 or more.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("template or chain ID {0} is not below 16")]
pub struct NibbleError(pub u8);

impl Template {
    /// The signer certificate of a `NervesKey`, slot 12.
    pub const NERVES_KEY_SIGNER: Self = Self {
        template_id: 1,
        chain_id: 0,
        serial_source: SerialSource::PublicKeyPositive,
    };

    /// The device certificate of a `NervesKey`, slot 10.
    pub const NERVES_KEY_DEVICE: Self = Self {
        template_id: 0,
        chain_id: 0,
        serial_source: SerialSource::DeviceSnHashPositive,
    };

    /// The signer certificate of a trust part.
    pub const TRUST_SIGNER: Self = Self::of_trust_part(1);
    /// The device certificate of the first Trust&GO parts.
    pub const TRUST_DEVICE_2: Self = Self::of_trust_part(2);
    /// The device certificate of Trust&GO and TrustFLEX parts for TLS.
    pub const TRUST_DEVICE_3: Self = Self::of_trust_part(3);
    /// The device certificate of Trust&GO parts for `LoRaWAN`.
    pub const TRUST_DEVICE_4: Self = Self::of_trust_part(4);

    /// Source: cryptoauthlib `app/tng`, certificate definitions.
    const fn of_trust_part(template_id: u8) -> Self {
        Self {
            template_id,
            chain_id: 0,
            serial_source: SerialSource::PublicKeyPositive,
        }
    }

    /// # Errors
    /// [`NibbleError`] unless both IDs are 0 to 15.
    pub const fn new(
        template_id: u8,
        chain_id: u8,
        serial_source: SerialSource,
    ) -> Result<Self, NibbleError> {
        if template_id > 0x0F {
            return Err(NibbleError(template_id));
        }
        if chain_id > 0x0F {
            return Err(NibbleError(chain_id));
        }
        Ok(Self {
            template_id,
            chain_id,
            serial_source,
        })
    }

    /// 0 to 15, high half of byte 69.
    #[must_use]
    pub const fn template_id(self) -> u8 {
        self.template_id
    }

    /// 0 to 15, low half of byte 69.
    #[must_use]
    pub const fn chain_id(self) -> u8 {
        self.chain_id
    }

    /// High half of byte 70.
    #[must_use]
    pub const fn serial_source(self) -> SerialSource {
        self.serial_source
    }

    /// Bytes 69 and 70, without the format version.
    pub(crate) const fn to_bytes(self) -> [u8; 2] {
        [
            self.template_id << 4 | self.chain_id,
            self.serial_source.code() << 4,
        ]
    }

    /// Of byte 69 and a known serial source.
    pub(crate) const fn from_byte_69(byte: u8, serial_source: SerialSource) -> Self {
        Self {
            template_id: byte >> 4,
            chain_id: byte & 0x0F,
            serial_source,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "template {}, chain {}, serial source {:X}",
            self.template_id,
            self.chain_id,
            self.serial_source.code()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    /// Bytes 69 and 70 of a `NervesKey`'s slots 12 and 10 are 10 A0 and 00 B0.
    #[test]
    fn templates_are_shown_by_their_numbers() {
        assert_eq!(
            Template::NERVES_KEY_SIGNER.to_string(),
            "template 1, chain 0, serial source A"
        );
        assert_eq!(
            Template::NERVES_KEY_DEVICE.to_string(),
            "template 0, chain 0, serial source B"
        );
    }
}
