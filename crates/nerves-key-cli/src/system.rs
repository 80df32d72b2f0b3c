//! What the operating system is asked for: time and randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use atecc_x509::DateTime;
use nerves_key_provision::{Challenges, KeySigner};

use crate::error::CliError;

/// The present time, UTC.
pub(crate) fn now() -> Result<DateTime, CliError> {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|error| CliError::refused(format_args!("the clock is before 1970: {error}")))?;
    DateTime::from_unix_seconds(since_1970.as_secs()).map_err(CliError::refused)
}

/// The day of this release: a clock that says less is not set.
pub(crate) fn release_day() -> Result<DateTime, CliError> {
    DateTime::new(2026, 11, 23, 0, 0, 0).map_err(CliError::failed)
}

/// Fresh random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], CliError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| CliError::failed(format_args!("no random numbers: {error}")))?;
    Ok(bytes)
}

/// A new private key.
pub(crate) fn new_key() -> Result<KeySigner, CliError> {
    loop {
        let bytes = zeroize::Zeroizing::new(random()?);
        // Once in 2^32 the bytes are past the order of the group.
        if let Ok(key) = KeySigner::from_bytes(&bytes) {
            return Ok(key);
        }
    }
}

/// Fresh challenges.
pub(crate) fn challenges() -> Result<Challenges, CliError> {
    Ok(Challenges {
        before_lock: random()?,
        after_lock: random()?,
    })
}
