//! Bytes of a known number, as arguments have them.

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::error::CliError;

/// `text` as `N` bytes of hex, upper or lower case; `what` is what to call it.
///
/// # Errors
/// Exit code 5, with what is wrong or how many bytes there are.
pub(crate) fn array<const N: usize>(what: &str, text: &str) -> Result<[u8; N], CliError> {
    let bytes = HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|error| CliError::refused(format_args!("{what} {text:?}: {error}")))?;
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        CliError::refused(format_args!(
            "{what} has {} bytes instead of {N}",
            bytes.len()
        ))
    })
}
/// Pairs of digits with spaces between, as a chip's answers are written.
pub(crate) fn spaced(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(" ")
}
