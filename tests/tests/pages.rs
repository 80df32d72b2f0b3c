//! What the documents name is there: paths in this repository, and links from
//! one document to another.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders of this repository that a path in backticks may begin with.
const FOLDERS: &[&str] = &["crates/", "docs/", "fuzz/", "tests/", "xtask/"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every document, but those of other projects and of builds.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            documents(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "md") {
            found.push(path);
        }
    }
}

/// Paths in backticks. One with a word in capitals, such as `CHIP`, stands for
/// others.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|quoted| {
        let ours = FOLDERS.iter().any(|folder| quoted.starts_with(folder));
        let plain = |it: char| it.is_ascii_alphanumeric() || "/._-".contains(it);
        let capitals =
            |part: &str| part.len() > 1 && part.bytes().all(|it| it.is_ascii_uppercase());
        ours && quoted.chars().all(plain)
            && !quoted
                .split(['/', '.'])
                .any(|part| capitals(part) && part != "README" && part != "CHANGELOG")
    })
}

/// Relative links, without the place in the document.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let links = links.filter_map(|(link, _)| link.split('#').next());
    links.filter(|link| !link.is_empty() && !link.contains(':') && !link.contains(' '))
}

#[test]
fn documents_name_what_is_there() {
    let (root, mut pages) = (root(), Vec::new());
    documents(&root, &mut pages);
    let (mut wrong, mut named) = (Vec::new(), 0);
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        // Code is code.
        let prose: String = text.split("```").step_by(2).collect();
        let shown = page.strip_prefix(&root).unwrap().display();
        let here = page.parent().unwrap();
        for (path, from) in paths(&prose)
            .map(|path| (path, root.as_path()))
            .chain(links(&prose).map(|link| (link, here)))
        {
            named += 1;
            if !from.join(path).exists() {
                wrong.push(format!("{shown}: {path}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(
        pages.len() > 30 && named > 100,
        "{} pages, {named} names",
        pages.len()
    );
}

#[test]
fn what_counts_as_a_path_or_a_link() {
    let text = "`tests/a.rs` `tests/CHIP/x` `cargo x` [a](b.md#c) [d](https://e) `docs/README.md`";
    assert!(paths(text).eq(["tests/a.rs", "docs/README.md"]));
    assert!(links(text).eq(["b.md"]));
}

/// The code of `docs/extending.md` stands in the example that is named before
/// it, but for its indentation.
#[test]
fn code_of_extending_is_that_of_the_examples() {
    let page = fs::read_to_string(root().join("docs/extending.md")).unwrap();
    let flat = |code: &str| -> String {
        code.lines()
            .map(|line| line.trim().to_owned() + "\n")
            .collect()
    };
    let is_example = |path: &str| {
        path.contains("/examples/") && Path::new(path).extension().is_some_and(|kind| kind == "rs")
    };
    let (mut example, mut compared) = (String::new(), 0);
    for (at, part) in page.split("```").enumerate() {
        if at % 2 == 0 {
            let named = paths(part).filter(|path| is_example(path));
            if let Some(path) = named.last() {
                example = fs::read_to_string(root().join(path)).unwrap();
            }
        } else if let Some(code) = part.strip_prefix("rust\n") {
            assert!(flat(&example).contains(&flat(code)), "{code}");
            compared += 1;
        }
    }
    assert!(compared > 5, "{compared} pieces of code");
}
