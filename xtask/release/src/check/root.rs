//! Clean roots of Debian, by debootstrap: made once and kept; who changes one
//! changes a copy.

use std::path::{Path, PathBuf};

use xtask_support::run;

use super::Outcome;
use crate::tools::{add_packages, is_root};

/// Why there are none here, if there are none.
pub(super) fn absent() -> Option<Outcome> {
    let reason = if !is_root() {
        "only root makes Debian roots"
    } else if !add_packages(&[("debootstrap", "debootstrap")]).is_empty() {
        "there is no debootstrap"
    } else {
        return None;
    };
    Some(Outcome::LeftOut(reason.to_owned()))
}

/// A fresh copy of the clean root of `suite`, called `name`; none where it cannot
/// be had.
pub(super) fn fresh(suite: &str, name: &str) -> Option<PathBuf> {
    let (clean, copy) = (path(suite), path(name));
    // debootstrap takes it away when it has succeeded.
    let half = clean.join("debootstrap");
    if !clean.join("etc/debian_version").exists() || half.exists() {
        let mut command = run::program("debootstrap", ["--variant=minbase", suite]);
        if let Err(error) = run::captured(command.arg(&clean)) {
            println!("{error}");
            return None;
        }
    }
    let made = remove(&copy)
        .and_then(|_| run::captured(run::program("cp", ["--archive"]).args([&clean, &copy])));
    made.is_ok().then_some(copy)
}

/// Where the root called `name` is, or would be.
pub(super) fn path(name: &str) -> PathBuf {
    run::target().join("release-check/roots").join(name)
}

/// Take a root away, and nothing that might be mounted in it.
pub(super) fn remove(root: &Path) -> Result<String, xtask_support::error::Error> {
    run::captured(run::program("rm", ["-rf", "--one-file-system"]).arg(root))
}
