//! `nerves-key transcript show`.

use std::path::Path;

use atecc_decode::{Explained, Summary, facts, html, svg};
use atecc_transcript::Transcript;
use serde_json::{Map, Value, json};

use super::load::load;
use super::slots::Slots;
use crate::cli::transcript::Show;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::{Output, escape, one_line};

pub(super) fn run(arguments: &Show, output: Output) -> Result<(), CliError> {
    let transcript = load(&arguments.file)?;
    let slots = Slots::of(&transcript, arguments.slots);
    let summary = Explained::new(&transcript, &slots).summary;
    let mut facts = facts(&transcript.header);
    facts.push(("holds", summary.to_string()));
    let mut create = |name, path: Option<&Path>, draw: &dyn Fn() -> String| {
        let Some(path) = path else { return Ok(()) };
        files::create(path, draw().as_bytes(), Readers::Owner)?;
        facts.push((name, path.to_string_lossy().into_owned()));
        Ok::<_, CliError>(())
    };
    create("timeline", arguments.html.as_deref(), &|| {
        html(&transcript, &slots)
    })?;
    create("picture", arguments.svg.as_deref(), &|| {
        svg(&transcript, &slots)
    })?;
    let facts = facts
        .into_iter()
        .map(|(name, value)| format!("{name:<12}{}\n", escape(&value)));
    let mut text: String = facts.collect();
    if arguments.html.is_none() && arguments.svg.is_none() {
        let lines = transcript.lines.iter().map(ToString::to_string);
        let lines = lines.map(|line| one_line(line.trim_end_matches('\n')) + "\n");
        text = text + "\n" + &lines.collect::<String>();
    }
    output.result(&text, &document(&transcript, summary, arguments)?)
}

fn document(
    transcript: &Transcript,
    summary: Summary,
    arguments: &Show,
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
        "timeline": arguments.html.as_ref().map(|path| path.display().to_string()),
        "picture": arguments.svg.as_ref().map(|path| path.display().to_string()),
    }))
}
