//! Secrets of the command line, kept out of messages.
//!
//! A usage error quotes the argument that it is about, and so do errors of our
//! own. An argument may hold a PIN (`pkcs11:..?pin-value=`) or a password, in a
//! command (`exec:`) or of a ledger's server (`--ledger`), so every message passes here: wherever it quotes such an
//! argument, as it is or escaped, the secret is replaced by dots.
//!
//! Arguments often come from a script, and the script's from a file, so what is
//! invisible in them is escaped as it is anywhere else.

use std::env;

use atecc_text::{Lines, Shown, hidden};
use clap::Parser;
use nerves_key_provision::Pkcs11Uri;

use crate::cli::Cli;
use crate::output::one_line;

/// Names of environment variables that the arguments' parser reads.
const VARIABLES: [&str; 2] = ["NERVES_KEY_DEVICE", "NERVES_KEY_LEDGER"];

/// What messages tell to write. An argument may be the beginning of it.
const REMEDY: &str = "postgres://USER@HOST/DATABASE";

/// `message` without the secrets of this process's arguments.
pub(crate) fn redact(message: &str) -> String {
    let arguments = env::args_os().skip(1);
    let variables = VARIABLES.iter().filter_map(env::var_os);
    let given = arguments.chain(variables);
    without(message, given.map(|it| it.to_string_lossy().into_owned()))
}

/// What `error` says, in lines that are all the parser's own.
///
/// The parser quotes arguments as they are, but for escape sequences, which it
/// drops. So it is asked once more, about the arguments as they are shown.
pub(crate) fn usage(error: &clap::Error) -> String {
    let texts: Vec<_> = env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let is_hidden = |text: &str| hidden(text).is_some();
    let mut text = error.to_string();
    if texts.iter().any(|argument| is_hidden(argument)) {
        let shown = texts.iter().map(|argument| Shown(argument).to_string());
        text = match Cli::try_parse_from(shown) {
            Err(again) if again.use_stderr() => again.to_string(),
            // What is shown is right: only the original is wrong.
            Ok(_) | Err(_) => one_line(&text),
        };
    }
    let mut variables = VARIABLES.iter().filter_map(env::var_os);
    if variables.any(|value| is_hidden(&value.to_string_lossy())) {
        text = one_line(text.trim_end());
    }
    text
}

fn without(message: &str, arguments: impl Iterator<Item = String>) -> String {
    let mut message = message.to_owned();
    for argument in arguments {
        let value = argument.split_once('=').map(|(_, value)| value);
        for text in [Some(argument.as_str()), value].into_iter().flatten() {
            let safe = of_argument(text);
            // What shows all of it hides nothing.
            if safe.contains(text) {
                continue;
            }
            let quote = |text: &str| format!("{text:?}").trim_matches('"').to_owned();
            let shown = Shown(text).to_string();
            let spellings = [
                text.to_owned(),
                quote(text),
                quote(&shown),
                shown,
                Lines(text).to_string(),
            ];
            let hide = |part: &str| {
                let spellings = spellings.iter();
                spellings.fold(part.to_owned(), |part, spelling| {
                    part.replace(spelling, &safe)
                })
            };
            message = if text.contains(REMEDY) {
                hide(&message)
            } else {
                let parts = message.split(REMEDY).map(hide);
                parts.collect::<Vec<_>>().join(REMEDY)
            };
        }
    }
    // What is left quotes a part of one.
    message.lines().map(of_line).collect::<Vec<_>>().join("\n")
}

/// What may be shown of an argument. A line end in it is escaped, so that it
/// makes no line of its own.
fn of_argument(text: &str) -> String {
    let safe = match text.split_once("exec:") {
        Some((before, command)) if !command.is_empty() => format!("{before}exec:..."),
        _ => Pkcs11Uri::redacted(text),
    };
    one_line(&of_server(safe))
}

/// A text without what follows the scheme of a URL, or a password's name. No
/// argument but a server's is a URL.
fn of_server(text: String) -> String {
    const NAME: &str = "password";
    if let Some((before, _)) = text.split_once("://") {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-=+.".contains(letter);
        let scheme = if before.chars().all(is_plain) {
            before
        } else {
            ""
        };
        return format!("{scheme}://...");
    }
    let small = text.to_ascii_lowercase();
    for scheme in ["postgres:", "postgresql:"] {
        let end = small.find(scheme).map(|at| at + scheme.len());
        if let Some(before) = end.and_then(|end| text.get(..end)) {
            return format!("{before}...");
        }
    }
    let mut names = small.match_indices(NAME).map(|(at, _)| at + NAME.len());
    let is_given = |end: &usize| {
        let after = small.get(*end..).unwrap_or_default();
        after.trim_ascii_start().starts_with('=')
    };
    match names.find(is_given).and_then(|end| text.get(..end)) {
        Some(before) => format!("{before}=..."),
        None => text,
    }
}

/// A line in which nothing is known to be an argument: what follows the name of a
/// secret up to the end of its word.
fn of_line(line: &str) -> String {
    let mut line = line.to_owned();
    for name in ["pin-value=", "password="] {
        let mut safe = String::new();
        let mut rest = line.as_str();
        while let Some((before, after)) = rest.split_once(name) {
            let end = after.find([' ', '\'', '"', '&']).unwrap_or(after.len());
            safe = safe + before + name + "...";
            rest = after.get(end..).unwrap_or_default();
        }
        line = safe + rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_arguments_lose_their_secrets() {
        let uri = "pkcs11:object=k?module-path=m&pin-value=31'4 \"15";
        for argument in [uri.to_owned(), format!("--signer-key={uri}")] {
            for message in [
                format!("invalid value '{uri}' for it"),
                format!("{uri:?} names no chip"),
                format!("unexpected {argument}"),
            ] {
                let safe = without(&message, std::iter::once(argument.clone()));
                assert!(!safe.contains("31") && !safe.contains("15"), "{safe}");
                assert!(safe.contains("pkcs11:object=k"), "{safe}");
            }
        }
        let safe = without(
            "no exec:sign -p 1 here",
            ["exec:sign -p 1".into()].into_iter(),
        );
        assert_eq!(safe, "no exec:... here");
        let safe = without("'x?pin-value=1234&y' pin-value=5", std::iter::empty());
        assert_eq!(safe, "'x?pin-value=...&y' pin-value=...");
    }

    #[test]
    fn servers_lose_their_secrets() {
        for (argument, shown) in [
            ("postgres://u:SECRET@h/d", "postgres://..."),
            (
                "--ledger=Postgress://u:SECRET@h/d",
                "--ledger=Postgress://...",
            ),
            ("u:SECRET@x://h", "://..."),
            ("postgres:u:SECRET@h", "postgres:..."),
            ("host=h PASSWORD = 'SECRET", "host=h PASSWORD=..."),
            ("exec:psql postgres://u:SECRET@h/d", "exec:..."),
            ("postgres://u:SECRET@h/exec:d", "postgres://..."),
        ] {
            let message = format!("unexpected '{argument}' found");
            let safe = without(&message, std::iter::once(argument.to_owned()));
            assert_eq!(safe, format!("unexpected '{shown}' found"));
        }
        let safe = without("option 'password=SECRET'", std::iter::empty());
        assert_eq!(safe, "option 'password=...'");
    }

    /// An argument may be the beginning of what a message tells to write.
    #[test]
    fn a_remedy_stays_as_it_is_written() {
        let remedy = "write postgres://USER@HOST/DATABASE, or host=.. user=..";
        for argument in [
            "postgres:",
            "--ledger=postgres:",
            "postgres:/",
            "postgres://",
            "postgresql://",
            "postgres://U",
            "postgres://USER@H",
            "password=",
            "exec:",
        ] {
            let argument = || std::iter::once(argument.to_owned());
            assert_eq!(without(remedy, argument()), remedy);
        }
        let typed = "postgres://USER@HOST/DATABASE:SECRET";
        let safe = without(
            &format!("{typed:?} is none"),
            std::iter::once(typed.to_owned()),
        );
        assert_eq!(safe, "\"postgres://...\" is none");
        // However often a message is looked through.
        let safe = without(
            "'postgres:u:SECRET'",
            ["postgres:u:SECRET".into()].into_iter(),
        );
        assert_eq!(safe, "'postgres:...'");
    }

    #[test]
    fn other_words_stay() {
        let message = "two\nlines: exec: and pkcs11:object=k?module-path=m, password";
        let arguments = [
            "exec:".into(),
            "pkcs11:object=k?module-path=m".into(),
            "password".into(),
        ];
        assert_eq!(without(message, arguments.into_iter()), message);
    }
}
