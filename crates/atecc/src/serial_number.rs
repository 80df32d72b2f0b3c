//! The factory serial number.

/// Nine bytes, unique for each chip: bytes 0..4 and 8..13 of the
/// configuration zone. They begin with 01 23; the last one is EE on generic
/// parts. Source: ATECC508A datasheet, "Serial Number".
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SerialNumber(pub [u8; 9]);

impl SerialNumber {
    /// The bytes SN\[0\] to SN\[8\].
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 9] {
        &self.0
    }
}

impl core::fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}
