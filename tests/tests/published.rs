//! What somebody finds who meets a crate on a registry, or this repository on a
//! host: a page, words to search for, and one command that tests it all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The command that the README, CONTRIBUTING and each CI call.
const TEST: &str = "cargo xtask test";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The packages of the workspace that may be published, by name.
fn published() -> BTreeMap<String, Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        // `publish = false` is an empty list of registries.
        .filter(|package| package["publish"].is_null())
        .map(|package| {
            (
                package["name"].as_str().unwrap().to_owned(),
                package.clone(),
            )
        })
        .collect()
}

/// What is missing in `package`.
fn findings(package: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for key in ["description", "license", "repository", "readme"] {
        if package[key].as_str().is_none_or(str::is_empty) {
            found.push(format!("no {key}"));
        }
    }
    for (key, most) in [("keywords", 5), ("categories", 5)] {
        let count = package[key].as_array().map_or(0, Vec::len);
        if count == 0 || count > most {
            found.push(format!("{count} {key}, 1 to {most} are taken"));
        }
    }
    let features = package["features"]
        .as_object()
        .is_some_and(|all| !all.is_empty());
    let shown = &package["metadata"]["docs"]["rs"]["all-features"];
    if features && shown != &Value::Bool(true) {
        found.push("features that docs.rs would not show".to_owned());
    }
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    let folder = manifest.parent().unwrap();
    let page = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    let title = format!("# {}\n", package["name"].as_str().unwrap());
    if !page.starts_with(&title) {
        found.push(format!("README.md does not begin with {title:?}"));
    }
    for part in ["# Example\n", "```"] {
        if !page.contains(part) {
            found.push(format!("README.md has no {part:?}"));
        }
    }
    let source = package["targets"][0]["src_path"].as_str().unwrap();
    if !read(Path::new(source)).starts_with("#![doc = include_str!(\"../README.md\")]\n") {
        found.push("README.md is not the crate's documentation".to_owned());
    }
    found
}

#[test]
fn every_published_crate_has_a_page_and_its_metadata() {
    let packages = published();
    let found: Vec<_> = packages
        .iter()
        .flat_map(|(name, package)| {
            let found = findings(package).into_iter();
            found.map(move |finding| format!("{name}: {finding}"))
        })
        .collect();
    assert_eq!(found, [""; 0]);
    let folders = fs::read_dir(root().join("crates")).unwrap().count();
    assert_eq!(packages.len(), folders, "crates/ has what is published");
}

#[test]
fn a_crate_without_any_of_it_is_found() {
    let mut bare = published()["atecc"].clone();
    for key in [
        "description",
        "license",
        "repository",
        "readme",
        "keywords",
        "categories",
    ] {
        bare[key] = Value::Null;
    }
    bare["metadata"] = Value::Null;
    bare["name"] = "another".into();
    assert_eq!(findings(&bare).len(), 8, "{:?}", findings(&bare));
}

#[test]
fn one_command_tests_it_all() {
    let workflows = fs::read_dir(root().join(".github/workflows")).unwrap();
    for workflow in workflows {
        let path = workflow.unwrap().path();
        let text = read(&path);
        let runs: Vec<_> = text
            .lines()
            .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("run:"))
            .map(str::trim)
            .collect();
        assert_eq!(runs, [TEST], "{}", path.display());
    }
    for page in ["README.md", "CONTRIBUTING.md", ".ci/run"] {
        assert!(read(&root().join(page)).contains(TEST), "{page}");
    }
}

/// `nerves-key` tells by this day that a clock is not set.
#[test]
fn the_day_of_the_last_release_is_the_same_everywhere() {
    let changes = read(&root().join("CHANGELOG.md"));
    let mut releases = changes.lines().filter_map(|line| line.strip_prefix("## "));
    assert_eq!(releases.next(), Some("Unreleased"));
    let (_version, day) = releases.next().unwrap().split_once(" - ").unwrap();
    let [year, month, day] = day.split('-').collect::<Vec<_>>()[..] else {
        panic!("{day}: year, month, day")
    };
    let number = |text: &str| text.parse::<u16>().unwrap();
    let [year, month, day] = [year, month, day].map(number);
    let source = read(&root().join("crates/nerves-key-cli/src/system.rs"));
    let constant = format!("const RELEASED: (u16, u8, u8) = ({year}, {month}, {day});");
    assert!(source.contains(&constant), "{constant}");
}
