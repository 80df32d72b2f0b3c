//! Ctrl-C while a chip is changed: what was begun is brought to a good end first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use crate::error::CliError;

static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From here on Ctrl-C and SIGTERM end nothing by themselves: what this gives is
/// true then. A second one ends the process as it would without this.
///
/// # Errors
/// The system's.
pub(crate) fn hold() -> Result<&'static AtomicBool, CliError> {
    #[cfg(target_os = "linux")]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let again = signal_hook::flag::register_conditional_default(signal, Arc::clone(&STOP));
        let first = signal_hook::flag::register(signal, Arc::clone(&STOP));
        again.and(first).map_err(CliError::failed)?;
    }
    Ok(&STOP)
}

/// Whether one came.
pub(crate) fn has_come() -> bool {
    STOP.load(Ordering::Relaxed)
}
