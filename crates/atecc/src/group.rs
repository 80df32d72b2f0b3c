//! Groups: what travels after the word address, in both directions.
//!
//! `count | body .. | crc low | crc high`; `count` counts itself and the CRC.
//! Source: ATECC508A datasheet, "I/O Groups".

use crate::crc16;

/// The smallest group: a count, one status byte and the CRC.
pub const MIN_GROUP: usize = 4;
/// The largest group that the chip's buffer takes.
pub const MAX_GROUP: usize = 155;

/// Bytes that are no group.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum GroupError {
    /// The count byte is outside 4 to 155.
    #[error("count byte {0} is outside {MIN_GROUP} to {MAX_GROUP}")]
    Count(u8),
    /// Fewer bytes than the count byte says.
    #[error("{got} bytes of a group of {count}")]
    Short {
        /// What the count byte says.
        count: u8,
        /// How many bytes there are.
        got: usize,
    },
    /// The CRC does not fit the bytes.
    #[error("CRC is {got:04X} on the wire, {computed:04X} by the bytes")]
    Crc {
        /// Received.
        got: u16,
        /// Over the bytes received.
        computed: u16,
    },
}

/// The body of the group that `bytes` begins with: what stands between count
/// and CRC. Bytes past the end of the group are ignored.
///
/// ```
/// use atecc::parse_group;
///
/// let awake = [0x04, 0x11, 0x33, 0x43];
/// assert_eq!(parse_group(&awake)?, [0x11]);
/// assert!(parse_group(&[0x04, 0x11, 0x33, 0x42]).is_err()); // The CRC.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`GroupError`] when there is no whole and sound group.
pub fn parse_group(bytes: &[u8]) -> Result<&[u8], GroupError> {
    split_group(bytes).map(|group| group.body)
}

/// A sound group in its parts.
pub(crate) struct Group<'a> {
    /// Of all its bytes, this one and the CRC included.
    pub(crate) count: u8,
    pub(crate) body: &'a [u8],
    /// As it travels, low byte first.
    pub(crate) crc: [u8; 2],
}

/// The group that `bytes` begins with.
pub(crate) fn split_group(bytes: &[u8]) -> Result<Group<'_>, GroupError> {
    let Some(&count) = bytes.first() else {
        return Err(GroupError::Count(0));
    };
    let length = usize::from(count);
    if !(MIN_GROUP..=MAX_GROUP).contains(&length) {
        return Err(GroupError::Count(count));
    }
    let short = GroupError::Short {
        count,
        got: bytes.len(),
    };
    let group = bytes.get(..length).ok_or(short)?;
    let [covered @ .., low, high] = group else {
        return Err(short);
    };
    let [_, body @ ..] = covered else {
        return Err(short);
    };
    let crc = [*low, *high];
    let (got, computed) = (u16::from_le_bytes(crc), crc16(covered));
    if got == computed {
        Ok(Group { count, body, crc })
    } else {
        Err(GroupError::Crc { got, computed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wake_response_and_what_follows_it() {
        // The chip fills a read past its group with FF.
        let bytes = [0x04, 0x11, 0x33, 0x43, 0xFF, 0xFF];
        assert_eq!(parse_group(&bytes), Ok(&[0x11][..]));
    }

    #[test]
    fn damaged() {
        // Read too early after a wake token: a real capture of an ATECC508A.
        assert_eq!(
            parse_group(&[0xFC, 0x11, 0x33, 0x43]),
            Err(GroupError::Count(0xFC))
        );
        assert_eq!(
            parse_group(&[0x04, 0x13, 0x33, 0x43]),
            Err(GroupError::Crc {
                got: 0x4333,
                computed: 0xC2B0
            })
        );
        assert_eq!(
            parse_group(&[0x07, 0x00, 0x00]),
            Err(GroupError::Short { count: 7, got: 3 })
        );
        assert_eq!(parse_group(&[]), Err(GroupError::Count(0)));
    }
}
