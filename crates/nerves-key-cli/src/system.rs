//! What the operating system is asked for: time and randomness.

use std::time::{SystemTime, SystemTimeError, UNIX_EPOCH};

use atecc_x509::DateTime;
use nerves_key_provision::{Challenges, KeySigner};

use crate::error::CliError;

/// The day of this release, as CHANGELOG.md has it: year, month, day.
const RELEASED: (u16, u8, u8) = (2026, 11, 23);

/// The present time, UTC.
///
/// # Errors
/// Exit code 5 when the clock is behind the day of this release.
pub(crate) fn now() -> Result<DateTime, CliError> {
    let now = DateTime::from_unix_seconds(since_1970(SystemTime::now())?);
    let now = now.map_err(CliError::refused)?;
    let released = release_day()?;
    if now < released {
        return Err(CliError::refused(format!(
            "the clock says {now}, which is before this release ({released}): set it first"
        )));
    }
    Ok(now)
}

/// The present time in seconds since 1970.
///
/// # Errors
/// As [`now`].
pub(crate) fn unix_seconds() -> Result<u64, CliError> {
    now()?;
    since_1970(SystemTime::now())
}

/// In seconds.
fn since_1970(clock: SystemTime) -> Result<u64, CliError> {
    let before = |by: SystemTimeError| {
        let seconds = by.duration().as_secs();
        CliError::refused(format!(
            "the clock says a time {seconds} s before 1970: set it first"
        ))
    };
    let since = clock.duration_since(UNIX_EPOCH).map_err(before)?;
    Ok(since.as_secs())
}

/// The day of this release: a clock that says less is not set.
pub(crate) fn release_day() -> Result<DateTime, CliError> {
    let (year, month, day) = RELEASED;
    DateTime::new(year, month, day, 0, 0, 0).map_err(CliError::failed)
}

/// Fresh random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], CliError> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn fill(bytes: &mut [u8]) -> Result<(), CliError> {
    getrandom::fill(bytes).map_err(|error| CliError::failed(error).about("no random numbers"))
}

/// A new private key.
pub(crate) fn new_key() -> Result<KeySigner, CliError> {
    KeySigner::from_bytes(&*new_scalar()?).map_err(CliError::failed)
}

/// The 32 bytes of a new private key.
pub(crate) fn new_scalar() -> Result<zeroize::Zeroizing<[u8; 32]>, CliError> {
    loop {
        let mut bytes = zeroize::Zeroizing::new([0; 32]);
        fill(bytes.as_mut())?;
        // Once in 2^32 the bytes are past the order of the group.
        if KeySigner::from_bytes(&bytes).is_ok() {
            return Ok(bytes);
        }
    }
}

/// Fresh challenges.
pub(crate) fn challenges() -> Result<Challenges, CliError> {
    Ok(Challenges {
        before_certificate: random()?,
        before_lock: random()?,
        after_lock: random()?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_before_1970_is_to_be_set() {
        let clock = UNIX_EPOCH - Duration::from_secs(86_400);
        assert_eq!(
            since_1970(clock).unwrap_err().to_string(),
            "the clock says a time 86400 s before 1970: set it first"
        );
        assert_eq!(since_1970(UNIX_EPOCH).unwrap(), 0);
    }
}
