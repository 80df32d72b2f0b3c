//! Which chip answers. Source: the RevNum bytes of real parts; ATECC508A
//! datasheet, "Info Command".

/// The revision number: bytes 4..8 of the configuration zone, or the answer
/// of `Info`.
///
/// ```
/// use atecc::{Family, Revision};
///
/// let revision = Revision::from_bytes([0x00, 0x00, 0x60, 0x02]);
/// assert_eq!(revision.family(), Some(Family::Atecc608));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Revision {
    /// `00 00 50 xx`; the last byte is kept (real parts: 00).
    Atecc508A(u8),
    /// `00 00 60 01` (early parts) and `00 00 60 02`; the last byte is kept.
    Atecc608A(u8),
    /// `00 00 60 03`.
    Atecc608B,
    /// Four bytes that no source lists.
    Unknown([u8; 4]),
}

/// Chips that take the same commands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Family {
    /// ATECC508A.
    Atecc508,
    /// ATECC608A and ATECC608B; no difference of their commands is public.
    Atecc608,
}

impl Revision {
    /// Read the four bytes of RevNum.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        match bytes {
            [0x00, 0x00, 0x50, minor] => Self::Atecc508A(minor),
            [0x00, 0x00, 0x60, minor @ 0x01..=0x02] => Self::Atecc608A(minor),
            [0x00, 0x00, 0x60, 0x03] => Self::Atecc608B,
            bytes => Self::Unknown(bytes),
        }
    }

    /// The four bytes of RevNum.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        match self {
            Self::Atecc508A(minor) => [0x00, 0x00, 0x50, minor],
            Self::Atecc608A(minor) => [0x00, 0x00, 0x60, minor],
            Self::Atecc608B => [0x00, 0x00, 0x60, 0x03],
            Self::Unknown(bytes) => bytes,
        }
    }

    /// The family, unless the revision is unknown. A third byte of 0x60 with
    /// an unlisted last byte counts as ATECC608, as cryptoauthlib has it.
    #[must_use]
    pub const fn family(self) -> Option<Family> {
        match self {
            Self::Atecc508A(_) => Some(Family::Atecc508),
            Self::Atecc608A(_) | Self::Atecc608B | Self::Unknown([0x00, 0x00, 0x60, _]) => {
                Some(Family::Atecc608)
            }
            Self::Unknown(_) => None,
        }
    }
}

impl core::fmt::Display for Family {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Atecc508 => "ATECC508A",
            Self::Atecc608 => "ATECC608",
        })
    }
}

impl core::fmt::Display for Revision {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let name = match self {
            Self::Atecc508A(_) => "ATECC508A",
            Self::Atecc608A(_) => "ATECC608A",
            Self::Atecc608B => "ATECC608B",
            Self::Unknown([0x00, 0x00, 0x60, _]) => "unknown revision of a 608",
            Self::Unknown(_) => "unknown chip",
        };
        let number = u32::from_be_bytes(self.to_bytes());
        write!(f, "{name} (revision {number:08X})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_parts() {
        for (bytes, revision) in [
            ([0x00, 0x00, 0x50, 0x00], Revision::Atecc508A(0)),
            ([0x00, 0x00, 0x60, 0x01], Revision::Atecc608A(1)),
            ([0x00, 0x00, 0x60, 0x02], Revision::Atecc608A(2)),
            ([0x00, 0x00, 0x60, 0x03], Revision::Atecc608B),
            // An ATSHA204A, a sister chip, is not one of ours.
            (
                [0x00, 0x02, 0x00, 0x09],
                Revision::Unknown([0x00, 0x02, 0x00, 0x09]),
            ),
        ] {
            assert_eq!(Revision::from_bytes(bytes), revision);
            assert_eq!(revision.to_bytes(), bytes);
        }
        assert_eq!(Revision::Unknown([0x00, 0x02, 0x00, 0x09]).family(), None);
        let unlisted = Revision::from_bytes([0x00, 0x00, 0x60, 0x04]);
        assert_eq!(unlisted.family(), Some(Family::Atecc608));
        assert_eq!(
            unlisted.to_string(),
            "unknown revision of a 608 (revision 00006004)"
        );
    }
}
