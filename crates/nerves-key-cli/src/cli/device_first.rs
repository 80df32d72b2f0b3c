//! `--device` before the command, which is where it belongs to the commands that
//! use a chip.

use std::ffi::OsString;

use clap::Arg;

const OPTION: &str = "--device";

/// An option of all commands that has a value.
const COLOR: &str = "--color";

/// For the help of the whole program; [`moved`] leaves none to be read.
pub(super) fn argument() -> Arg {
    Arg::new("device-first")
        .long("device")
        .value_name("URI")
        .help("The chip, of commands that use one: here, or after the command")
}

/// `arguments` with what stands before the first command put where the command's
/// own options are, at the end.
pub(super) fn moved(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut moved = Vec::new();
    let mut kept = Vec::new();
    let mut rest = arguments.into_iter();
    kept.extend(rest.next());
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == OPTION {
            moved.push(argument);
            moved.extend(rest.next());
        } else if text.starts_with("--device=") {
            moved.push(argument);
        } else if text == COLOR {
            kept.push(argument);
            kept.extend(rest.next());
        } else if text.starts_with('-') {
            kept.push(argument);
        } else {
            kept.push(argument);
            break;
        }
    }
    kept.extend(rest);
    // What stands after `--` is no option.
    let end = kept.iter().position(|argument| argument == "--");
    let end = end.unwrap_or(kept.len());
    kept.splice(end..end, moved);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let words = text.split(' ').map(OsString::from).collect();
        let moved = moved(words).into_iter();
        let moved: Vec<_> = moved.map(|it| it.into_string().unwrap()).collect();
        moved.join(" ")
    }

    #[test]
    fn what_is_moved() {
        assert_eq!(of("x --device a info"), "x info --device a");
        assert_eq!(
            of("x --json --device=a sign -- f"),
            "x --json sign --device=a -- f"
        );
        assert_eq!(of("x info --device a"), "x info --device a");
        assert_eq!(
            of("x settings set --device a b"),
            "x settings set --device a b"
        );
        assert_eq!(of("x --device"), "x --device");
        assert_eq!(
            of("x --color never --device a info"),
            "x --color never info --device a"
        );
    }
}
