//! `NERVES_KEY_LOG`: why a call failed, on standard error.
//!
//! A caller of PKCS#11 gets one number. With `NERVES_KEY_LOG=error` each failed
//! call is explained in a line; with `call` every call has its line. Anything
//! else is silence, since the module is a guest in other people's programs, but for
//! what is wrong with its configuration: nobody sets a variable for a fault that he
//! does not know of.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use atecc_text::Lines;
#[cfg(unix)]
use rustix::io::Errno;

/// As the environment said at `C_Initialize`. Read once: looking at the
/// environment while a C program changes it is undefined.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// How much is said.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Level {
    /// Nothing.
    #[default]
    Silent,
    /// Calls that failed, and chips that come and go.
    Error,
    /// Every call.
    Call,
}

impl Level {
    /// Look at the environment.
    pub fn set_from_environment() {
        let level = std::env::var("NERVES_KEY_LOG").map_or(Self::Silent, |text| Self::named(&text));
        LEVEL.store(level as u8, Ordering::Relaxed);
    }

    fn named(text: &str) -> Self {
        match text {
            "error" | "1" => Self::Error,
            "call" | "2" => Self::Call,
            _ => Self::Silent,
        }
    }
}

/// Say `message` if `level` is asked for. Nothing happens when standard error
/// is closed.
pub fn log(level: Level, message: fmt::Arguments<'_>) {
    if LEVEL.load(Ordering::Relaxed) >= level as u8 {
        write(line(&message.to_string()).as_bytes());
    }
}

/// No process forks there.
#[cfg(not(unix))]
fn write(bytes: &[u8]) {
    use std::io::Write as _;
    // There is nobody to tell that nobody hears it.
    let _ = std::io::stderr().write_all(bytes);
}

/// Without the lock of Rust's standard error: a child would wait for ever for a
/// thread of its parent that was within it.
#[cfg(unix)]
fn write(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stderr(), bytes) {
            Ok(length @ 1..) => bytes = bytes.get(length..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// What was told of the configuration last.
static TOLD: AtomicU64 = AtomicU64::new(0);

/// Say what is wrong with the configuration, whatever the level. Each initialization
/// reads it again; the same is said once for each process and its children.
pub fn tell_once(problems: &[String]) {
    let mut hasher = DefaultHasher::new();
    problems.hash(&mut hasher);
    let problems_now = if problems.is_empty() {
        0
    } else {
        hasher.finish()
    };
    if TOLD.swap(problems_now, Ordering::Relaxed) != problems_now {
        for problem in problems {
            write(line(problem).as_bytes());
        }
    }
}

/// One line, whatever a path or a chip puts into the message.
fn line(message: &str) -> String {
    let message = Lines(message).to_string().replace('\n', "\\n");
    format!("nerves-key-pkcs11[{}]: {message}\n", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_line() {
        let line = line("a\u{1b}[2J\u{9b}\u{202e}\r\nnerves-key-pkcs11[1]: forged\u{2028}");
        let text = line.strip_suffix('\n').unwrap();
        assert_eq!(atecc_text::hidden(text), None, "{text}");
    }

    #[test]
    fn levels() {
        assert_eq!(Level::named("error"), Level::Error);
        assert_eq!(Level::named("call"), Level::Call);
        assert_eq!(Level::named("0"), Level::Silent);
        assert!(Level::Call > Level::Error && Level::Error > Level::Silent);
    }
}
