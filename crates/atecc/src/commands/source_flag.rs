//! Where TempKey's content came from: a bit in several commands, which must
//! agree with what the chip remembers. Source: ATECC508A datasheet, "`TempKey`".

/// TempKey's origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SourceFlag {
    /// A nonce that the chip's random generator took part in.
    Random,
    /// A value that came in as it is.
    Input,
}

impl SourceFlag {
    /// Bit 2 of Param1 of MAC, CheckMac, HMAC and DeriveKey.
    pub(crate) const fn bit(self) -> u8 {
        match self {
            Self::Random => 0x00,
            Self::Input => 0x04,
        }
    }

    /// That bit.
    #[cfg(feature = "parse")]
    pub(crate) const fn from_param1(param1: u8) -> Self {
        match param1 & 0x04 {
            0 => Self::Random,
            _ => Self::Input,
        }
    }
}
