//! Groups: what travels after the word address, in both directions.
//!
//! `count | body .. | crc low | crc high`; `count` counts itself and the CRC.
//! Source: ATECC508A datasheet, "I/O Groups".

use crate::crc::crc16;

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
/// use atecc::group::parse_group;
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

/// A body between its count and its CRC, as it travels in either direction.
///
/// ```
/// use atecc::group::Group;
///
/// // What a chip says when it has been woken.
/// assert_eq!(Group::new(&[0x11])?.as_bytes(), [0x04, 0x11, 0x33, 0x43]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Group {
    bytes: [u8; MAX_GROUP],
    count: u8,
}

/// A body that no group can hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("body of {0} bytes, but a group holds 1 to {MAX_BODY}")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BodyLength(pub usize);

/// The largest group less its count and its CRC.
const MAX_BODY: usize = MAX_GROUP - 3;

impl Group {
    /// The group around `body`.
    ///
    /// # Errors
    /// [`BodyLength`] when `body` is empty or longer than 152 bytes.
    pub fn new(body: &[u8]) -> Result<Self, BodyLength> {
        let wrong = BodyLength(body.len());
        let mut bytes = [0; MAX_GROUP];
        let [_, room @ ..] = &mut bytes;
        let room = room.get_mut(..body.len()).ok_or(wrong)?;
        room.copy_from_slice(body);
        let count = seal(&mut bytes, body.len()).ok_or(wrong)?;
        Ok(Self { bytes, count })
    }

    /// Count, body and CRC.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        // `new` has written that many.
        self.bytes
            .get(..usize::from(self.count))
            .unwrap_or_default()
    }
}

/// The body may hold a key, so it is not shown.
impl core::fmt::Debug for Group {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Group")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// Put the count before the body that follows the first byte of `group`, and the
/// CRC after it. The count, unless it is that of no group.
pub(crate) fn seal(group: &mut [u8; MAX_GROUP], body_len: usize) -> Option<u8> {
    let end = body_len.checked_add(3)?;
    let group = group.get_mut(..end).filter(|_| end >= MIN_GROUP)?;
    let [covered @ .., low, high] = group else {
        return None;
    };
    let count = u8::try_from(end).ok()?;
    *covered.first_mut()? = count;
    [*low, *high] = crc16(covered).to_le_bytes();
    Some(count)
}

/// A sound group in its parts.
pub(crate) struct Parts<'a> {
    /// Of all its bytes, this one and the CRC included.
    pub(crate) count: u8,
    pub(crate) body: &'a [u8],
    /// As it travels, low byte first.
    pub(crate) crc: [u8; 2],
}

/// The group that `bytes` begins with.
pub(crate) fn split_group(bytes: &[u8]) -> Result<Parts<'_>, GroupError> {
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
        Ok(Parts { count, body, crc })
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

    /// Requests from the vendor's logs, and the answer to a wake.
    #[test]
    fn bodies_of_real_groups() {
        for (body, bytes) in [
            (&[0x11][..], &[0x04, 0x11, 0x33, 0x43][..]),
            (
                &[0x30, 0x00, 0x00, 0x00],
                &[0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D],
            ),
            (
                &[0x40, 0x04, 0x00, 0x00],
                &[0x07, 0x40, 0x04, 0x00, 0x00, 0x83, 0x87],
            ),
        ] {
            assert_eq!(Group::new(body).unwrap().as_bytes(), bytes);
        }
    }

    #[test]
    fn a_body_of_1_to_152_bytes_has_a_group() {
        for len in [1, 152] {
            let group = Group::new(&[0xAB; 152][..len]).unwrap();
            assert_eq!(parse_group(group.as_bytes()), Ok(&[0xAB; 152][..len]));
        }
        for len in [0, 153, 154, 155, 300] {
            let error = Group::new(&[0xAB; 300][..len]).unwrap_err();
            assert_eq!(error, BodyLength(len));
        }
        let shown = std::format!("{:?}", Group::new(&[0xAB; 16]).unwrap());
        assert_eq!(shown, "Group { count: 19, .. }");
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
