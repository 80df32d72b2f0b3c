//! Asking before what cannot be undone.

use std::io::{self, BufRead, IsTerminal, Read};

use crate::error::CliError;
use crate::output::{Output, escape};

/// More than any word that is asked for; more of a line is no such word.
const LIMIT: u64 = 1024;

/// What cannot be undone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Risk {
    Locks,
    /// What is replaced is kept nowhere else.
    Settings,
}

impl Risk {
    const fn describe(self) -> &'static str {
        match self {
            Self::Locks => "locks cannot be undone",
            Self::Settings => "settings that are replaced are lost",
        }
    }
}

/// Have `word` typed at the terminal.
///
/// # Errors
/// Exit code 5 when something else is typed, or when there is no terminal.
pub(crate) fn require_word(
    output: Output,
    risk: Risk,
    question: &str,
    word: &str,
) -> Result<(), CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::refused(format!(
            "{} and there is no terminal to ask at: give --yes to go on",
            risk.describe()
        )));
    }
    // What is shown is what can be typed; what can be typed as it is may be.
    let escaped = escape(word);
    output.message(&format!("{question}\nType {escaped} to go on:"));
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(LIMIT)
        .read_line(&mut line)
        .map_err(CliError::failed)?;
    let typed = line.trim_end_matches(['\r', '\n']);
    if typed == word || typed == escaped {
        Ok(())
    } else {
        Err(CliError::refused("not confirmed: nothing was done"))
    }
}
