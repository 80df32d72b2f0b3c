//! The ATECC608's limit of counter 0, in the slot that CountMatch names.

/// A value that no counter match can hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a counter match is a multiple of 32 up to 2097120, not {0}")]
pub struct CounterMatchError(pub u32);

/// The first 8 bytes of the slot that CountMatch names: limited keys work
/// while counter 0 is below `value`.
///
/// # Errors
/// [`CounterMatchError`] unless `value` is a multiple of 32 that a counter can
/// reach.
pub const fn counter_match(value: u32) -> Result<[u8; 8], CounterMatchError> {
    /// Source: ATECC508A datasheet, "Counter Command".
    const LAST_COUNT: u32 = 2_097_151;
    if !value.is_multiple_of(32) || value >= LAST_COUNT {
        return Err(CounterMatchError(value));
    }
    let [a, b, c, d] = value.to_le_bytes();
    Ok([a, b, c, d, a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_low_byte_first() {
        assert_eq!(counter_match(64), Ok([0x40, 0, 0, 0, 0x40, 0, 0, 0]));
        assert_eq!(counter_match(33), Err(CounterMatchError(33)));
        assert_eq!(counter_match(2_097_152), Err(CounterMatchError(2_097_152)));
    }
}
