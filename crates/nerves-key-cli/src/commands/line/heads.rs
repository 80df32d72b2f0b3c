//! The ends of the chains, in a document and read from one.

use std::path::Path;

use nerves_key_line::ChainHead;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::files;

pub(super) fn document(heads: &[ChainHead]) -> Value {
    let heads = heads
        .iter()
        .map(|head| json!({ "station": head.station, "seq": head.seq, "digest": head.digest }));
    heads.collect()
}

/// Those of a file that `line status --json`, an audit or an export wrote.
///
/// # Errors
/// Exit code 5.
pub(super) fn read(path: &Path) -> Result<Vec<ChainHead>, CliError> {
    let text = files::read_text(path)?;
    let document: Value =
        serde_json::from_str(&text).map_err(|error| CliError::input(path, error))?;
    let wrong = || CliError::input(path, "it has no list of \"heads\"");
    from_document(&document).ok_or_else(wrong)
}

fn from_document(document: &Value) -> Option<Vec<ChainHead>> {
    let heads = document.get("heads")?.as_array()?.iter().map(|head| {
        Some(ChainHead {
            station: head.get("station")?.as_str()?.to_owned(),
            seq: head.get("seq")?.as_i64()?,
            digest: head.get("digest")?.as_str()?.to_owned(),
        })
    });
    heads.collect()
}
