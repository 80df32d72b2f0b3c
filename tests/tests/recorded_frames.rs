//! Every command group that the recordings and vectors hold parses, and its
//! answer with it; both encode to the same bytes again.

use std::fs;
use std::path::{Path, PathBuf};

use atecc::group::Group;
use atecc_decode::{AnyCommand, CommandError, NoLabels, ResponseError};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::Value;

/// A command group and, where it is known, the group that answered it.
struct Pair {
    origin: String,
    command: Vec<u8>,
    response: Option<Vec<u8>>,
}

fn documents(folder: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, serde_json::from_str(&text).unwrap())
        })
        .collect()
}

/// Hex digits; anything else is none.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(value.as_str()?.as_bytes()).ok()
}

/// What is written to a chip: word address 03, then a group.
fn written(value: &Value) -> Option<Vec<u8>> {
    Some(bytes(value)?.strip_prefix(&[0x03])?.to_vec())
}

fn group_of(payload: &[u8]) -> Vec<u8> {
    Group::new(payload).unwrap().as_bytes().to_vec()
}

/// A list of groups around random bytes.
const NO_COMMANDS: &str = "package";

/// The pairs anywhere in `value`, by the names that the two formats have.
fn pairs(origin: &str, value: &Value, found: &mut Vec<Pair>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| pairs(origin, item, found)),
        Value::Object(fields) => {
            let field = |name| fields.get(name);
            let pair = if let Some(tx) = field("tx").and_then(written) {
                Some((tx, field("rx").and_then(bytes)))
            } else if let Some(payload) = field("request").and_then(bytes) {
                let response = field("response").and_then(bytes);
                Some((group_of(&payload), response.map(|r| group_of(&r))))
            } else if field("dir").is_some_and(|dir| dir == "write") {
                field("data").and_then(written).map(|group| (group, None))
            } else if let Some(group) = field("bus_write").and_then(written) {
                let response = field("response").and_then(bytes);
                Some((group, response.map(|r| group_of(&r))))
            } else {
                None
            };
            let origin = field("name").and_then(Value::as_str).unwrap_or(origin);
            if let Some((command, response)) = pair {
                found.push(Pair {
                    origin: origin.to_owned(),
                    command,
                    response,
                });
            }
            fields
                .iter()
                .filter(|(name, _)| *name != NO_COMMANDS)
                .for_each(|(_, value)| pairs(origin, value, found));
        }
        _ => {}
    }
}

fn all(folder: &str) -> Vec<Pair> {
    let mut found = Vec::new();
    for (path, document) in documents(folder) {
        let origin = path.file_name().unwrap().to_string_lossy().into_owned();
        pairs(&origin, &document, &mut found);
    }
    found
}

/// What is wrong with a pair, with the origin.
fn finding(pair: &Pair) -> Option<String> {
    let wrong = judge(pair).err()?;
    Some(format!("{}: {wrong}", pair.origin))
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum Wrong {
    Command(#[from] CommandError),
    Response(#[from] ResponseError),
}

fn judge(pair: &Pair) -> Result<(), Wrong> {
    let command = AnyCommand::parse(&pair.command)?;
    assert_eq!(command.group(), pair.command, "{}", pair.origin);
    assert!(!command.explain(&NoLabels).is_empty());
    if let Some(group) = &pair.response {
        let response = command.parse_response(group)?;
        assert_eq!(response.group(), *group, "{}: {command:?}", pair.origin);
        assert!(!command.explain_response(&response).is_empty());
    }
    Ok(())
}

#[test]
fn recordings() {
    let pairs = all("recordings");
    assert!(pairs.len() > 50, "{} pairs", pairs.len());
    let wrong: Vec<_> = pairs.iter().filter_map(finding).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn vectors() {
    let pairs = all("vectors");
    assert!(pairs.len() > 200, "{} pairs", pairs.len());
    let wrong: Vec<_> = pairs.iter().filter_map(finding).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
