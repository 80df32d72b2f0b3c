//! `install`: the Debian packages, installed in clean roots, used, and purged.
//!
//! What a purge leaves is seen by comparing all files with those before.

use std::collections::BTreeMap;
use std::path::Path;

use xtask_support::error::Error;
use xtask_support::{run, table};

use super::{Outcome, root};
use crate::dist::{self, Files, Sources};

/// The releases of Debian that the packages are for.
const SUITES: [&str; 2] = ["bookworm", "trixie"];
/// The target whose packages this machine can run.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// What dpkg and others note of themselves.
const NOTES: [&str; 4] = ["var/lib/dpkg", "var/log", "var/cache", "release"];
/// Made by whoever changes users and groups: the files before.
const BACKUPS: [&str; 2] = ["etc/group-", "etc/gshadow-"];

/// What was measured in a root.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Times {
    installed: u64,
    signed: u64,
}

pub(super) fn run() -> Result<Outcome, Error> {
    if let Some(left_out) = root::absent() {
        return Ok(left_out);
    }
    let (targets, absent) = dist::available(&[TARGET.to_owned()])?;
    if let Some(reason) = absent.first() {
        return Ok(Outcome::LeftOut(reason.clone()));
    }
    let files = dist::make(&Sources::here()?, &targets)?;
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    for suite in SUITES {
        let Some(root) = root::fresh(suite, &format!("{suite}-used")) else {
            rows.push([suite, "left out: no root to be had", ""].map(str::to_owned));
            continue;
        };
        let (times, left) = try_in(&root, &files)?;
        rows.push([
            suite.to_owned(),
            format!("{:.2} s", seconds(times.installed)),
            format!("{:.2} s", seconds(times.signed)),
        ]);
        findings.extend(left.into_iter().map(|path| format!("{suite}: {path}")));
    }
    table::print(["Debian", "installed in", "then signed in"], &rows);
    Error::unless_empty("files that a purge leaves or changes", findings)?;
    let figures: Vec<_> = rows.iter().map(|row| row.join(" ")).collect();
    Ok(Outcome::Passed(figures.join("; ")))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of minutes")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// What was measured, and what is other than before.
fn try_in(root: &Path, files: &Files) -> Result<(Times, Vec<String>), Error> {
    let packages = files.iter().filter(|(name, _)| name.contains("_amd64."));
    let packages: Files = packages
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    dist::write(&root.join("release"), &packages)?;
    let script = root.join("release/use.sh");
    std::fs::write(&script, include_str!("../../data/use.sh"))
        .map_err(|error| dist::at(&script, error))?;
    let before = listing(root)?;
    let mut used = run::program("chroot", []);
    used.arg(root).args(["sh", "/release/use.sh"]);
    let output = run::captured(&mut used)?;
    print!("{output}");
    let times = times(&output).ok_or_else(|| Error::Findings {
        check: "the last line of xtask/release/data/use.sh",
        findings: vec![output.clone()],
    })?;
    let left = differences(&before, &listing(root)?);
    root::remove(root)?;
    Ok((times, left))
}

/// Of a last line such as `812 1034`.
fn times(output: &str) -> Option<Times> {
    let (installed, signed) = output.lines().last()?.split_once(' ')?;
    Some(Times {
        installed: installed.parse().ok()?,
        signed: signed.parse().ok()?,
    })
}

/// Each path with its kind and mode, and the sum of a file.
fn listing(root: &Path) -> Result<BTreeMap<String, String>, Error> {
    let mut find = run::program("find", [".", "-xdev"]);
    find.args(["-printf", "%P\t%y %m %u %g %l\n"])
        .current_dir(root);
    let mut all: BTreeMap<_, _> = run::captured(&mut find)?
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(path, what)| (path.to_owned(), what.to_owned()))
        .collect();
    let mut sums = run::program("find", [".", "-xdev", "-type", "f"]);
    sums.args(["-exec", "sha256sum", "{}", "+"])
        .current_dir(root);
    for line in run::captured(&mut sums)?.lines() {
        if let Some((sum, path)) = line.split_once("  ./") {
            all.entry(path.to_owned()).or_default().push_str(sum);
        }
    }
    all.retain(|path, _| {
        let noted = NOTES.iter().any(|note| Path::new(path).starts_with(note));
        !noted && !BACKUPS.contains(&path.as_str())
    });
    Ok(all)
}

fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, what) in after {
        match before.get(path) {
            None => found.push(format!("{path} is left")),
            Some(old) if old != what => found.push(format!("{path} was changed")),
            Some(_) => {}
        }
    }
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    found.extend(gone.map(|path| format!("{path} is gone")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_changed_or_gone_is_found() {
        let listing = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = |&(path, what): &(&str, &str)| (path.to_owned(), what.to_owned());
            list.iter().map(owned).collect()
        };
        let before = listing(&[("a", "f 644"), ("b", "f 644"), ("c", "d 755")]);
        let after = listing(&[("a", "f 600"), ("c", "d 755"), ("d", "f 644")]);
        assert_eq!(
            differences(&before, &after),
            ["a was changed", "d is left", "b is gone"]
        );
        assert_eq!(differences(&before, &before), [""; 0]);
    }

    #[test]
    fn a_mode_and_a_byte_are_seen_and_notes_are_not() {
        let folder = run::target().join("release-check/listing-test");
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("etc/a", "1");
        write("var/log/b", "1");
        let before = listing(&folder).unwrap();
        write("etc/a", "2");
        write("var/log/b", "2");
        let after = listing(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(differences(&before, &after), ["etc/a was changed"]);
    }

    #[test]
    fn the_last_line_has_the_times() {
        let wanted = Times {
            installed: 812,
            signed: 1034,
        };
        assert_eq!(times("valid\n812 1034\n"), Some(wanted));
        assert_eq!(times("valid\n"), None);
    }
}
