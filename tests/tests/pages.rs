//! What the documents name is there: paths in this repository, links from one
//! document to another, and the places in them. Those of `docs` are a book.

use std::collections::BTreeMap;
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

/// Relative links: the file, empty for the document itself, and the place in it.
fn links(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let inline = text
        .split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0));
    // `[name]: link`, to which texts refer.
    let below = text.lines().filter(|line| line.starts_with('['));
    let below = below.filter_map(|line| Some(line.split_once("]: ")?.1));
    let links = inline.chain(below);
    let links = links.filter(|link| !link.contains(':') && !link.contains(' '));
    links.map(|link| match link.split_once('#') {
        Some((file, place)) => (file, Some(place)),
        None => (link, None),
    })
}

/// What is no code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The places of a document: its headings, in small letters, with `-` for blanks
/// and without other marks; a number behind those that were there before.
fn places(text: &str) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let place: String = words
                .chars()
                .filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'))
                .map(|it| if it == ' ' { '-' } else { it })
                .collect();
            let before: &mut usize = seen.entry(place.clone()).or_default();
            *before += 1;
            match *before {
                1 => place,
                again => format!("{place}-{}", again - 1),
            }
        })
        .collect()
}

#[test]
fn documents_name_what_is_there() {
    let (root, mut pages) = (root(), Vec::new());
    documents(&root, &mut pages);
    let (mut wrong, mut named) = (Vec::new(), 0);
    for page in &pages {
        let prose = prose(&fs::read_to_string(page).unwrap());
        let shown = page.strip_prefix(&root).unwrap().display();
        let here = page.parent().unwrap();
        for path in paths(&prose) {
            named += 1;
            if !root.join(path).exists() {
                wrong.push(format!("{shown}: {path}"));
            }
        }
        for (file, place) in links(&prose) {
            named += 1;
            let target = match file {
                "" => page.clone(),
                file => here.join(file),
            };
            if !target.exists() {
                wrong.push(format!("{shown}: {file}"));
            } else if let Some(place) = place {
                let places = places(&fs::read_to_string(&target).unwrap());
                if !places.iter().any(|it| it == place) {
                    wrong.push(format!("{shown}: {file}#{place}, of {places:?}"));
                }
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

/// Each page of `docs` has its place in the book, once, and the book's pages
/// lead to nothing outside, where a reader of the site would find nothing.
#[test]
fn the_book_has_every_page_and_no_way_out() {
    let (docs, mut pages) = (root().join("docs"), Vec::new());
    documents(&docs, &mut pages);
    let name = |path: &Path| path.strip_prefix(&docs).unwrap().display().to_string();
    let mut pages: Vec<_> = pages.iter().map(|page| name(page)).collect();
    pages.retain(|page| page != "SUMMARY.md");
    pages.sort();
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let mut listed: Vec<_> = links(&summary).map(|(file, _)| file.to_owned()).collect();
    listed.sort();
    assert_eq!(listed, pages);
    assert!(docs.join("book.toml").exists());
    let mut out = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(docs.join(page)).unwrap();
        let depth = page.matches('/').count();
        for (file, _) in links(&prose(&text)) {
            if file.matches("../").count() > depth {
                out.push(format!("{page}: {file}"));
            }
        }
    }
    assert_eq!(out, [""; 0]);
}

#[test]
fn what_counts_as_a_path_a_link_or_a_place() {
    let text = "`tests/a.rs` `tests/CHIP/x` `cargo x` [a](b.md#c) [d](https://e) `docs/README.md`";
    assert!(paths(text).eq(["tests/a.rs", "docs/README.md"]));
    assert!(links(text).eq([("b.md", Some("c"))]));
    assert!(links("[a]\n[a]: ../e.md#f\n").eq([("../e.md", Some("f"))]));
    assert!(links("[a](#b) [c](d.md)").eq([("", Some("b")), ("d.md", None)]));
    let text = "# A refusal: `0x0F`\n## a\n```sh\n# no\n```\n### A\n";
    assert_eq!(places(text), ["a-refusal-0x0f", "a", "a-1"]);
}

/// The code of a page stands in the example that is named before it, but for its
/// indentation. How many pieces there are.
fn compare_with_examples(page: &str) -> usize {
    let page = fs::read_to_string(root().join(page)).unwrap();
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
    compared
}

#[test]
fn code_of_pages_is_that_of_the_examples() {
    let compared = compare_with_examples("docs/extending.md");
    assert!(compared > 5, "{compared} pieces of code");
    assert_eq!(compare_with_examples("README.md"), 1);
}
