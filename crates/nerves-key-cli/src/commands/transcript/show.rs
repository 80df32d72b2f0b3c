//! `nerves-key transcript show`.

use std::path::Path;

use atecc_decode::{Explained, Summary, facts, html};
use atecc_transcript::Transcript;
use serde_json::{Map, Value, json};

use super::load::load;
use super::slots::Slots;
use crate::cli::transcript::SlotNames;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::{Output, escape, one_line};

pub(super) fn run(
    file: &Path,
    page: Option<&Path>,
    slots: Option<SlotNames>,
    output: Output,
) -> Result<(), CliError> {
    let transcript = load(file)?;
    let slots = Slots::of(&transcript, slots);
    let summary = Explained::new(&transcript, &slots).summary;
    let mut facts = facts(&transcript.header);
    facts.push(("holds", summary.to_string()));
    if let Some(page) = page {
        let html = html(&transcript, &slots);
        files::create(page, html.as_bytes(), Readers::Owner)?;
        facts.push(("timeline", page.to_string_lossy().into_owned()));
    }
    let facts = facts
        .into_iter()
        .map(|(name, value)| format!("{name:<12}{}\n", escape(&value)));
    let mut text: String = facts.collect();
    if page.is_none() {
        let lines = transcript.lines.iter().map(ToString::to_string);
        let lines = lines.map(|line| one_line(line.trim_end_matches('\n')) + "\n");
        text = text + "\n" + &lines.collect::<String>();
    }
    output.result(&text, &document(&transcript, summary, page)?)
}

fn document(
    transcript: &Transcript,
    summary: Summary,
    page: Option<&Path>,
) -> Result<Value, CliError> {
    let mut header = Map::new();
    for (name, value) in facts(&transcript.header) {
        if name == "note" {
            header.insert("notes".into(), json!(transcript.header.notes));
        } else {
            header.insert(name.into(), value.into());
        }
    }
    let lines: Vec<_> = transcript.lines.iter().map(ToString::to_string).collect();
    Ok(json!({
        "header": header,
        "summary": serde_json::to_value(summary).map_err(CliError::failed)?,
        "lines": lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>(),
        "timeline": page.map(|page| page.display().to_string()),
    }))
}
