//! `site`: the pages as a book, by mdBook, with its search; every link in it leads
//! to a file of the book, and to a place that is in that file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use xtask_support::error::Error;
use xtask_support::run;

use super::Outcome;
use crate::dist;
use crate::tools::CargoTool;

const MDBOOK: CargoTool = CargoTool {
    package: "mdbook",
    version: "0.5.4",
};

/// What the search looks into; its name goes on with a sum.
const INDEX: &str = "searchindex-";

/// Attributes that lead somewhere.
const LINKS: [&str; 2] = [" href=\"", " src=\""];

pub(super) fn run() -> Result<Outcome, Error> {
    let program = MDBOOK.install()?;
    let book = run::target().join("release-check/site");
    let mut build = Command::new(program);
    build.arg("build").arg(run::root().join("docs"));
    run::shown(build.arg("--dest-dir").arg(&book))?;
    let files = files(&book)?;
    let (links, mut findings) = follow(&files);
    if !files.keys().any(|path| is_index(path)) {
        findings.push(format!("there is no {INDEX}*.js to be searched"));
    }
    Error::unless_empty("links of the book", findings)?;
    let pages = files.values().filter(|text| !text.is_empty()).count();
    Ok(Outcome::Passed(format!("{pages} pages, {links} links")))
}

fn is_index(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(INDEX)
}

/// What is in a folder, by its path there; the text of a page, nothing of another
/// file.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, String>, Error> {
    let mut list = run::program("find", [".", "-type", "f", "-printf", "%P\\0"]);
    list.current_dir(folder);
    let mut files = BTreeMap::new();
    for name in run::captured(&mut list)?.split_terminator('\0') {
        let path = folder.join(name);
        let text = if path.extension().is_some_and(|it| it == "html") {
            std::fs::read_to_string(&path).map_err(|error| dist::at(&path, error))?
        } else {
            String::new()
        };
        files.insert(PathBuf::from(name), text);
    }
    Ok(files)
}

/// How many links inside the book there are, and those that lead nowhere.
fn follow(files: &BTreeMap<PathBuf, String>) -> (usize, Vec<String>) {
    let of = |text: &str| values(text, " id=\"").map(str::to_owned).collect();
    let places: BTreeMap<&Path, BTreeSet<String>> = files
        .iter()
        .map(|(path, text)| (path.as_path(), of(text)))
        .collect();
    let (mut count, mut findings) = (0, Vec::new());
    for (page, text) in files {
        let links = LINKS.iter().flat_map(|attribute| values(text, attribute));
        for link in links.filter(|link| is_inside(link)) {
            count += 1;
            let (path, place) = link.split_once('#').unwrap_or((link, ""));
            let reached = resolve(page, path).and_then(|path| places.get(path.as_path()));
            let what = match reached {
                None => "there is no such file in the book",
                Some(places) if !place.is_empty() && !places.contains(place) => {
                    "the page has no such place"
                }
                Some(_) => continue,
            };
            findings.push(format!("{}: {link}: {what}", page.display()));
        }
    }
    (count, findings)
}

/// What stands between `before` and the next quotation mark, each time.
fn values<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    let parts = text.split(before).skip(1);
    parts.filter_map(|rest| rest.split('"').next())
}

/// Other sites have a scheme; `/` is the page's own base, where nothing was found.
fn is_inside(link: &str) -> bool {
    let scheme = link.split(['/', '#', '?']).next().unwrap_or_default();
    !scheme.contains(':') && link != "/"
}

/// The file that `path` leads to from a page; none outside of the book.
fn resolve(page: &Path, path: &str) -> Option<PathBuf> {
    if path.is_empty() {
        return Some(page.to_owned());
    }
    let mut resolved = page.parent()?.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => resolved.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !resolved.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(links: &str) -> (usize, Vec<String>) {
        let files = [
            ("a.html", ""),
            ("p/b.html", "<h1 id=\"top\">"),
            ("p/c.html", links),
            ("d.svg", ""),
        ];
        follow(&files.map(|(path, text)| (path.into(), text.into())).into())
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let links = "<i id=\"own\"><a href=\"#own\"><a href=\"b.html#top\"><a href=\"../a.html\">\
            <img src=\"../d.svg\"><a href=\"https://example.org/x\"><base href=\"/\">\
            <a href=\"mailto:a@example.org\">";
        assert_eq!(found(links), (4, vec![]));
    }

    #[test]
    fn each_link_that_leads_nowhere_is_found() {
        for link in [
            "e.html",
            "a.html",
            "b.html#bottom",
            "#none",
            "../../README.md",
            "/a.html",
        ] {
            let (_, findings) = found(&format!("<a class=\"x\" href=\"{link}\">"));
            assert_eq!(findings.len(), 1, "{link}: {findings:?}");
        }
    }
}
