//! Programs that no machine brings along: installed where that is allowed.

use std::path::{Path, PathBuf};
use std::process::Command;

use xtask_support::error::Error;
use xtask_support::run;

/// A program of crates.io, of one version, so that a check says the same today
/// and tomorrow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CargoTool {
    pub(crate) package: &'static str,
    pub(crate) version: &'static str,
}

impl CargoTool {
    /// Where it is, in the target directory; cargo puts it there once. It is built
    /// without optimization: what it does takes seconds, and its build is long.
    pub(crate) fn install(self) -> Result<PathBuf, Error> {
        let Self { package, version } = self;
        let root = run::target().join("tools").join(package).join(version);
        let program = root.join("bin").join(package);
        if !program.exists() {
            let mut command = run::cargo(["install", package, "--locked", "--debug"]);
            command.args(["--version", version, "--root"]).arg(&root);
            run::shown(command.env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
        }
        Ok(program)
    }
}

/// Install a target of the compiler; whether it is there then. A target may be
/// known to rustup and its library not be had.
pub(crate) fn add_target(target: &str) -> bool {
    let rustup = |arguments: &[&str]| {
        let mut command = run::program("rustup", arguments.iter().copied());
        run::captured(&mut command)
    };
    rustup(&["target", "list", "--installed"])
        .is_ok_and(|installed| installed.lines().any(|line| line == target))
        || rustup(&["target", "add", target]).is_ok()
}

/// Install Debian packages whose programs (or files) are missing; the ones that are missing
/// all the same.
pub(crate) fn add_packages(programs: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    let missing = |programs: &[(&'static str, &'static str)]| -> Vec<&'static str> {
        let absent = programs.iter().filter(|(_, program)| !is_there(program));
        absent.map(|(package, _)| *package).collect()
    };
    let packages = missing(programs);
    if packages.is_empty() || !is_root() {
        return packages;
    }
    let mut install = run::program("apt-get", ["install", "--yes", "--quiet"]);
    install.arg("--no-install-recommends").args(&packages);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    let updated = run::captured(&mut run::program("apt-get", ["update", "--quiet"]));
    if let Err(error) = updated.and_then(|_| run::captured(&mut install)) {
        println!("{error}");
    }
    missing(programs)
}

/// Whether a program is in `PATH`, or a file where it should be.
fn is_there(program: &str) -> bool {
    if program.starts_with('/') {
        return Path::new(program).exists();
    }
    run::captured(&mut run::program("which", [program])).is_ok()
}

/// Whether this is root, who may install packages and change the root directory.
pub(crate) fn is_root() -> bool {
    run::captured(&mut run::program("id", ["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// `cargo` with a target directory of its own: with other flags, what others
/// built would be built anew.
pub(crate) fn cargo_apart<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = run::cargo(arguments);
    command.env("CARGO_TARGET_DIR", run::target().join("release-check"));
    command
}
