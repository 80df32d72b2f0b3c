//! Which chip is emulated.

use std::fmt;
use std::str::FromStr;

/// The emulated part.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Revision {
    /// ATECC508A.
    Atecc508A,
    /// ATECC608A.
    Atecc608A,
    /// ATECC608B. No command-level difference from the 608A is documented
    /// publicly (unconfirmed; source: Microchip AN3539).
    Atecc608B,
}

impl Revision {
    /// The parts, oldest first.
    pub const ALL: [Self; 3] = [Self::Atecc508A, Self::Atecc608A, Self::Atecc608B];

    /// The part that has `rev_num` in configuration bytes 4 to 7.
    ///
    /// Source: real dumps; 00 00 50 xx is a 508A, 00 00 60 03 a 608B, and
    /// other 00 00 60 xx (01 and 02 were seen) a 608A.
    #[must_use]
    pub const fn from_rev_num(rev_num: [u8; 4]) -> Option<Self> {
        match rev_num {
            [0, 0, 0x50, _] => Some(Self::Atecc508A),
            [0, 0, 0x60, 0x03] => Some(Self::Atecc608B),
            [0, 0, 0x60, _] => Some(Self::Atecc608A),
            _ => None,
        }
    }

    /// Whether the rules of the ATECC508A hold. The others share one set.
    pub(crate) const fn is_508(self) -> bool {
        matches!(self, Self::Atecc508A)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Atecc508A => "ATECC508A",
            Self::Atecc608A => "ATECC608A",
            Self::Atecc608B => "ATECC608B",
        })
    }
}

/// A name that is none of the emulated parts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not an emulated chip; ATECC508A, ATECC608A and ATECC608B are")]
pub struct UnknownRevision(pub String);

impl FromStr for Revision {
    type Err = UnknownRevision;

    /// Upper and lower case are the same.
    fn from_str(name: &str) -> Result<Self, UnknownRevision> {
        Self::ALL
            .into_iter()
            .find(|revision| revision.to_string().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownRevision(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Revision;

    #[test]
    fn names_read_back() {
        for revision in Revision::ALL {
            assert_eq!(revision.to_string().parse(), Ok(revision));
            assert_eq!(revision.to_string().to_lowercase().parse(), Ok(revision));
        }
        assert!("ATSHA204A".parse::<Revision>().is_err());
    }

    #[test]
    fn revision_numbers_of_real_parts() {
        let part = Revision::from_rev_num;
        assert_eq!(part([0, 0, 0x50, 0]), Some(Revision::Atecc508A));
        assert_eq!(part([0, 0, 0x60, 1]), Some(Revision::Atecc608A));
        assert_eq!(part([0, 0, 0x60, 2]), Some(Revision::Atecc608A));
        assert_eq!(part([0, 0, 0x60, 3]), Some(Revision::Atecc608B));
        assert_eq!(part([0, 9, 4, 0]), None);
    }
}
