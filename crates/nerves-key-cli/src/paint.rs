//! Words that stand out on a terminal.
//!
//! What is painted is said where the text is made: what a chip or a file says is
//! not. The codes are written when all else has been escaped.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use atecc_text::Lines;

/// Why words stand out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warning,
    /// Of a table or a section.
    Head,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Head => Style::new().bold(),
        }
    }
}

/// Whether a stream takes colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ink {
    Plain,
    Colour,
}

impl Ink {
    /// As `--color` and the environment say, or as the stream is a terminal.
    pub(crate) fn of(stream: &impl anstream::stream::RawStream) -> Self {
        match anstream::AutoStream::choice(stream) {
            anstream::ColorChoice::Never => Self::Plain,
            _ => Self::Colour,
        }
    }
}

/// A text in parts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Painted(Vec<(Option<Tone>, String)>);

impl Painted {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::default().then(None, text)
    }

    /// The first line of `table` as its head.
    pub(crate) fn table(table: &str) -> Self {
        let (head, rows) = table.split_once('\n').unwrap_or((table, ""));
        Self::default()
            .then(Tone::Head, head)
            .then(None, format!("\n{rows}"))
    }

    /// `text`, which this program has written, its first word in the tone that the
    /// word itself has.
    pub(crate) fn led(text: &str) -> Self {
        let (word, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
        Self::default().then(tone_of(word), word).then(None, rest)
    }

    /// Help, its headings as such.
    pub(crate) fn help(text: &str) -> Self {
        text.lines().fold(Self::default(), |all, line| {
            let is_heading = line.ends_with(':') && !line.starts_with(' ');
            let all = match line.strip_prefix("Usage:") {
                Some(rest) => all.then(Tone::Head, "Usage:").then(None, rest),
                None if is_heading => all.then(Tone::Head, line),
                None => all.then(None, line),
            };
            all.then(None, "\n")
        })
    }

    #[must_use]
    pub(crate) fn then(mut self, tone: impl Into<Option<Tone>>, text: impl Into<String>) -> Self {
        self.0.push((tone.into(), text.into()));
        self
    }

    #[must_use]
    pub(crate) fn append(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// What is written, without white space at the end.
    pub(crate) fn render(&self, ink: Ink) -> String {
        let mut text = String::new();
        for (tone, part) in &self.0 {
            let part = Lines(part);
            let _infallible = match (tone, ink) {
                (Some(tone), Ink::Colour) => {
                    let style = tone.style();
                    write!(text, "{style}{part}{style:#}")
                }
                _ => write!(text, "{part}"),
            };
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// Of the words that this program begins its lines with.
fn tone_of(word: &str) -> Option<Tone> {
    match word {
        "PASS" | "ok" => Some(Tone::Good),
        "FAIL" | "FAULT" | "nerves-key:" | "error:" => Some(Tone::Bad),
        "warning" | "warning:" => Some(Tone::Warning),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_around_words_that_are_ours() {
        let text = Painted::led("FAIL  chip \u{1B}[2J");
        // SGR 31 and 1: red, bold. Source: ECMA-48, 8.3.117.
        let red = text.render(Ink::Colour);
        assert!(
            red.starts_with("\u{1B}[1m\u{1B}[31mFAIL\u{1B}[0m  chip "),
            "{red:?}"
        );
        assert!(red.ends_with("\\u{1b}[2J"), "{red:?}");
        assert_eq!(text.render(Ink::Plain), "FAIL  chip \\u{1b}[2J");
        assert_eq!(Painted::led("FAILED").render(Ink::Colour), "FAILED");
    }

    #[test]
    fn a_table_has_a_head_and_help_has_headings() {
        let table = Painted::table("a  b\n1  2\n").render(Ink::Colour);
        assert_eq!(table, "\u{1B}[1ma  b\u{1B}[0m\n1  2");
        let help = Painted::help("Does it.\n\nUsage: x\n\nOptions:\n  -h  It:\n");
        assert_eq!(
            help.render(Ink::Colour),
            "Does it.\n\n\u{1B}[1mUsage:\u{1B}[0m x\n\n\u{1B}[1mOptions:\u{1B}[0m\n  -h  It:"
        );
        assert_eq!(
            help.render(Ink::Plain),
            "Does it.\n\nUsage: x\n\nOptions:\n  -h  It:"
        );
    }
}
