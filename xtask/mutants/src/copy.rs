//! A copy of the working tree, in which mutants are planted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask_support::error::Error;
use xtask_support::run;

/// Its files change only where their content does, so that cargo builds no
/// more than it must.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) root: PathBuf,
    /// Relative to the root.
    pub(super) files: Vec<String>,
}

impl Copy {
    /// The folder is one of this name in `mutants`, below the target directory.
    pub(super) fn make(name: &str) -> Result<Self, Error> {
        let listed = run::captured(&mut run::program(
            "git",
            ["ls-files", "--cached", "--others", "--exclude-standard"],
        ))?;
        let copy = Self {
            root: run::target().join("mutants").join(name),
            files: listed
                .lines()
                .filter(|file| run::root().join(file).is_file())
                .map(str::to_owned)
                .collect(),
        };
        copy.prune(&copy.root)?;
        for file in &copy.files {
            let path = run::root().join(file);
            // A planted file is overwritten when it is planted again.
            if !has_mutants(file) {
                copy.write(file, &fs::read(&path).map_err(|error| at(&path, error))?)?;
            }
        }
        Ok(copy)
    }

    /// Without the files that are no more.
    fn prune(&self, folder: &Path) -> Result<(), Error> {
        // There is none before the first copy.
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(());
        };
        for entry in entries {
            let path = entry.map_err(|error| at(folder, error))?.path();
            if path.is_dir() {
                self.prune(&path)?;
                continue;
            }
            let name = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            if !name.is_some_and(|name| self.files.iter().any(|file| file == name)) {
                fs::remove_file(&path).map_err(|error| at(&path, error))?;
            }
        }
        Ok(())
    }

    pub(super) fn write(&self, file: &str, content: &[u8]) -> Result<(), Error> {
        let path = self.root.join(file);
        if fs::read(&path).is_ok_and(|old| old == content) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
        }
        fs::write(&path, content).map_err(|error| at(&path, error))
    }

    /// A cargo in the copy, with a target directory of its own.
    pub(super) fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = run::cargo(arguments);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.root.with_file_name("target"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
            .env("RUSTFLAGS", "--cap-lints=warn -Awarnings");
        command
    }
}

/// Whether a file may have mutants, and is written by who plants them.
pub(super) fn has_mutants(file: &str) -> bool {
    super::subject::SUBJECTS
        .iter()
        .any(|subject| file.starts_with(&format!("crates/{}/src/", subject.package)))
        && is_rust(file)
}

/// Whether it belongs to a crate with mutants or to one that judges. What
/// examples in the documentation include is no module.
pub(super) fn is_built(file: &str) -> bool {
    is_rust(file)
        && !file.contains("/doc/")
        && (file.starts_with("crates/") || file.starts_with("tests/"))
}

fn is_rust(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|end| end == "rs")
}

pub(super) fn read(file: &str) -> Result<String, Error> {
    let path = run::root().join(file);
    fs::read_to_string(&path).map_err(|error| at(&path, error))
}

pub(super) fn at(path: &Path, error: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that became a folder would be two tests of one name.
    #[test]
    fn what_is_no_more_leaves_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let copy = Copy {
            root: folder.path().to_owned(),
            files: vec!["tests/one/main.rs".to_owned()],
        };
        copy.write("tests/one.rs", b"").unwrap();
        copy.write("tests/one/main.rs", b"").unwrap();
        copy.prune(&copy.root).unwrap();
        assert!(!folder.path().join("tests/one.rs").exists());
        assert!(folder.path().join("tests/one/main.rs").exists());
    }
}
