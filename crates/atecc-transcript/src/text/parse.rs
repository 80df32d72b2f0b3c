//! Text as a transcript.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::str::FromStr;

use super::header::Draft;
use super::number::nanoseconds;
use super::{MAGIC, ParseError, Problem, VERSION, action};
use crate::{Line, Time, Transcript};

impl Transcript {
    /// Read the text form.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut lines = (1..).zip(text.lines());
        let (_, first) = lines.next().unwrap_or((1, ""));
        magic(first).map_err(at(1))?;
        let (mut draft, mut last) = (Draft::default(), 1);
        for (number, line) in lines.by_ref() {
            let line = clean(line).map_err(at(number))?;
            if line.trim().is_empty() {
                break;
            }
            last = number;
            draft.line(&line).map_err(at(number))?;
        }
        let header = draft.finish().map_err(at(last + 1))?;
        let mut actions = Actions::default();
        for (number, line) in lines {
            let line = clean(line).map_err(at(number))?;
            actions.line(number, &line)?;
        }
        let lines = actions.finish()?;
        Ok(Self { header, lines })
    }
}

impl FromStr for Transcript {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

fn at(line: usize) -> impl Fn(Problem) -> ParseError {
    move |problem| ParseError { line, problem }
}

fn magic(line: &str) -> Result<(), Problem> {
    let version = line
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.strip_prefix(' '))
        .ok_or(Problem::Magic)?
        .trim();
    if version == VERSION {
        Ok(())
    } else {
        Err(Problem::Version(version.to_string()))
    }
}

/// Tabs are blanks, and other control characters are none of a text's.
fn clean(line: &str) -> Result<String, Problem> {
    let line = line.replace('\t', " ");
    match line.chars().find(|character| character.is_control()) {
        None => Ok(line),
        Some(character) => Err(Problem::Control(character)),
    }
}

/// The lines after the header.
#[derive(Default)]
struct Actions {
    done: Vec<Line>,
    latest: Option<Time>,
    /// The action whose bytes may be continued.
    open: Option<Open>,
    /// From a line of its own, for the action that follows.
    waiting: Vec<String>,
    /// The number of that line.
    waiting_since: usize,
}

struct Open {
    number: usize,
    at: Option<Time>,
    text: String,
    comments: Vec<String>,
}

impl Actions {
    fn line(&mut self, number: usize, line: &str) -> Result<(), ParseError> {
        let (text, comment) = line.split_once('#').unwrap_or((line, ""));
        let comment = Some(comment.trim()).filter(|comment| !comment.is_empty());
        let comment = comment.map(ToString::to_string);
        if text.trim().is_empty() {
            self.waiting_since = number;
            self.waiting.extend(comment);
            return Ok(());
        }
        if text.starts_with(' ') {
            // A comment between an action and its bytes would change places.
            let open = self.open.as_mut().filter(|_| self.waiting.is_empty());
            let open = open.ok_or_else(|| at(number)(Problem::Continuation))?;
            open.text.push(' ');
            open.text.push_str(text.trim());
            open.comments.extend(comment);
            return Ok(());
        }
        self.close()?;
        let (time, text) = text.split_once(' ').unwrap_or((text.trim(), ""));
        let mut comments = core::mem::take(&mut self.waiting);
        comments.extend(comment);
        self.open = Some(Open {
            number,
            at: self.time(time).map_err(at(number))?,
            text: text.trim().to_string(),
            comments,
        });
        Ok(())
    }

    fn time(&mut self, text: &str) -> Result<Option<Time>, Problem> {
        if text == "-" {
            return Ok(None);
        }
        let time = nanoseconds(text).ok_or_else(|| Problem::Time(text.to_string()))?;
        let time = Some(Time(time));
        if time < self.latest {
            return Err(Problem::Backwards(text.to_string()));
        }
        self.latest = time;
        Ok(time)
    }

    fn close(&mut self) -> Result<(), ParseError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let (action, redacted) = action::parse(&open.text).map_err(at(open.number))?;
        self.done.push(Line {
            at: open.at,
            action,
            redacted,
            comment: (!open.comments.is_empty()).then(|| open.comments.join(" ")),
        });
        Ok(())
    }

    /// A comment at the end belongs to the last action.
    fn finish(mut self) -> Result<Vec<Line>, ParseError> {
        if let Some(open) = &mut self.open {
            open.comments.append(&mut self.waiting);
        }
        self.close()?;
        if self.waiting.is_empty() {
            Ok(self.done)
        } else {
            Err(at(self.waiting_since)(Problem::Comment))
        }
    }
}
