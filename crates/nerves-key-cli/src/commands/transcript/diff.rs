//! `nerves-key transcript diff`: where two transcripts part.
//!
//! Actions are compared one by one, without times, delays, comments and reads
//! that came too early: how often a host has to ask is chance. Hosts differ in
//! how they wake and read, so the exchanges are compared too.

use std::ops::Range;
use std::path::Path;

use atecc_transcript::{Ack, Action, Cause, Line, Transcript, exchanges};
use data_encoding::HEXLOWER;
use serde_json::json;

use super::load::load;
use crate::error::CliError;
use crate::output::{Output, escape_path, one_line};

pub(super) fn run(a: &Path, b: &Path, output: Output) -> Result<(), CliError> {
    let (first, second) = (load(a)?, load(b)?);
    let actions = parting(&actions(&first), &actions(&second));
    let (ours, theirs) = (groups(&first), groups(&second));
    let same = ours
        .iter()
        .zip(&theirs)
        .take_while(|(ours, theirs)| ours == theirs)
        .count();
    let equal_exchanges = ours == theirs;
    let text = match &actions {
        None => "the same actions".to_owned(),
        Some((index, ours, theirs)) => format!(
            "first difference at action {}:\n- {}\n+ {}",
            index + 1,
            one_line(ours.as_deref().unwrap_or("(the end)")),
            one_line(theirs.as_deref().unwrap_or("(the end)"))
        ),
    };
    let summary = if equal_exchanges {
        format!("the same {} exchanges", ours.len())
    } else {
        format!(
            "{same} exchanges are the same; then {} more in {}, {} in {}",
            ours.len() - same,
            escape_path(a),
            theirs.len() - same,
            escape_path(b)
        )
    };
    let document = json!({
        "same_actions": actions.is_none(),
        "same_exchanges": equal_exchanges,
        "first_difference": actions.as_ref().map(|(index, ours, theirs)| {
            json!({"action": index + 1, "a": ours, "b": theirs})
        }),
        "exchanges": {"same": same, "a": ours.len(), "b": theirs.len()},
    });
    output.result(&format!("{text}\n{summary}"), &document)?;
    if actions.is_none() && equal_exchanges {
        Ok(())
    } else {
        Err(CliError::failed("they differ").after_document())
    }
}

/// An action without its time, and which bytes of it are not told.
type Compared<'a> = (&'a Action<Vec<u8>>, &'a Range<usize>, &'a Line);

fn actions(transcript: &Transcript) -> Vec<Compared<'_>> {
    transcript
        .lines
        .iter()
        .filter(|line| !is_wait(&line.action))
        .map(|line| (&line.action, &line.redacted, line))
        .collect()
}

const fn is_wait(action: &Action<Vec<u8>>) -> bool {
    match action {
        Action::Delay(_) => true,
        Action::Read { ack, .. } => !matches!(ack, Ack::All),
        Action::Wake | Action::Write { .. } => false,
    }
}

/// Index and text of the first action that is another one.
fn parting(
    a: &[Compared<'_>],
    b: &[Compared<'_>],
) -> Option<(usize, Option<String>, Option<String>)> {
    let text = |all: &[Compared<'_>], index| {
        let (.., line): &Compared<'_> = all.get(index)?;
        Some(line.to_string().trim_end().to_owned())
    };
    let index = (0..a.len().max(b.len())).find(|&index| match (a.get(index), b.get(index)) {
        (Some(ours), Some(theirs)) => (ours.0, ours.1) != (theirs.0, theirs.1),
        _ => true,
    })?;
    Some((index, text(a, index), text(b, index)))
}

/// What was asked and what was answered, in hex.
fn groups(transcript: &Transcript) -> Vec<(String, String)> {
    exchanges(transcript.header.address, &transcript.lines)
        .iter()
        .map(|exchange| {
            let cause = match &exchange.cause {
                Cause::Wake => "wake".to_owned(),
                Cause::Unrecorded => "not recorded".to_owned(),
                Cause::Command(group) => HEXLOWER.encode(group),
            };
            let response = exchange.response().unwrap_or_default();
            (cause, HEXLOWER.encode(response))
        })
        .collect()
}
