//! A folder of transcripts is frozen, and its skips are exact.

use std::fs;
use std::path::{Path, PathBuf};

use atecc_conformance::{Case, Engine, ORIGINS, SKIPS, Suite, files};
use serde_json::{Value, json};

const TRANSCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/transcripts");
const ONE: &str = "atecc508a/sigrok-atecc508a-s3.txt";

/// A folder with one transcript, and its entries in both lists.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("atecc508a")).unwrap();
        fs::copy(Path::new(TRANSCRIPTS).join(ONE), folder.path().join(ONE)).unwrap();
        let folder = Self(folder);
        for (list, key, value) in [
            (ORIGINS, "path", ONE),
            (SKIPS, "transcript", "sigrok-atecc508a-s3"),
        ] {
            let text = fs::read_to_string(Path::new(TRANSCRIPTS).join(list)).unwrap();
            let mut rows: Vec<Value> = serde_json::from_str(&text).unwrap();
            rows.retain(|row| row[key] == value);
            assert_eq!(rows.len(), 1, "{list}");
            folder.write(list, &Value::from(rows).to_string());
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn problems(&self) -> Vec<String> {
        Suite::run(&Engine::new(), self.0.path(), None).problems
    }
}

#[test]
fn as_it_is_nothing_is_wrong() {
    assert_eq!(Folder::new().problems(), [""; 0]);
}

#[test]
fn a_changed_file_is_noticed() {
    let folder = Folder::new();
    let text = fs::read_to_string(folder.path(ONE)).unwrap();
    folder.write(ONE, &text.replace("# ", "#  "));
    let problems = folder.problems();
    assert!(
        matches!(&problems[..], [one] if one.contains("was changed")),
        "{problems:?}"
    );
}

#[test]
fn files_come_and_go_with_their_entries() {
    let folder = Folder::new();
    folder.write("another.txt", "not listed");
    let problems = folder.problems();
    assert!(problems[0].contains("another.txt") && problems[0].contains("is not in origins.json"));
    fs::remove_file(folder.path("another.txt")).unwrap();
    fs::remove_file(folder.path(ONE)).unwrap();
    let problems = folder.problems();
    assert!(
        problems
            .iter()
            .any(|one| one.ends_with("is in origins.json but missing"))
    );
}

#[test]
fn skips_are_exact() {
    let folder = Folder::new();
    folder.write(SKIPS, "[]");
    let problems = folder.problems();
    let [missing] = &problems[..] else {
        panic!("{problems:?}");
    };
    assert!(
        missing.contains("GenKey: not judged (the private key is not known)"),
        "{missing}"
    );
    let row = json!({
        "transcript": "sigrok-atecc508a-s3", "judge": "emulator", "item": "action 3",
        "what": "Nonce", "reason": "random",
    });
    folder.write(SKIPS, &json!([row]).to_string());
    let problems = folder.problems();
    assert!(
        problems
            .iter()
            .any(|one| one.contains("but not skipped so")),
        "{problems:?}"
    );
}

/// Text, bytes and JSON are told apart by their content.
#[test]
fn every_form_is_read() {
    let text = fs::read(Path::new(TRANSCRIPTS).join(ONE)).unwrap();
    let case = Case::parse(&text).unwrap();
    let transcript = case.transcript.unwrap();
    let binary = Case::parse(&transcript.to_binary().unwrap()).unwrap();
    assert_eq!(binary.transcript.as_ref(), Some(&transcript));
    let json = Path::new(TRANSCRIPTS).join("../recordings/sigrok-atecc508a-s3.json");
    let json = Case::load(&json).unwrap();
    assert_eq!(json.header.id, transcript.header.id);
    assert_eq!(json.keys.len(), 2);
    for (wrong, told) in [
        (
            &b"{\"schema\": \"another/1\"}"[..],
            "JSON, but no recording",
        ),
        (b"{\"schema\"", "not a recording"),
        (b"atecc-transcript 9\n", "version"),
        (b"\xFF\x00", ""),
    ] {
        let error = Case::parse(wrong).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let readme = Path::new(TRANSCRIPTS).join("absent");
    assert!(Case::load(&readme).is_err());
    assert!(files(Path::new(TRANSCRIPTS)).unwrap().len() > 50);
}
