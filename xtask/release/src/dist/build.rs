//! Builds whose bytes do not tell where they were built.

use std::path::{Path, PathBuf};
use std::process::Command;

use xtask_support::error::Error;
use xtask_support::run;

use super::archive::Entry;
use super::epoch::Epoch;
use super::targets::{COMMAND, EVERYTHING, Linked, Target};
use super::{at, finding};

pub(crate) const PROFILE: &str = "dist";

/// `libdl`, which a crate asks for: musl has what belongs there in its libc, and
/// the compiler's copy of musl lacks the empty library that musl itself installs.
/// Relative, so that the flag is the same wherever the sources are.
const EMPTY_LIBRARIES: &str = "xtask/release/data/musl";

/// A tree of sources, and where its builds go.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) epoch: Epoch,
}

/// What was built for a target. A static command has no libraries beside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Built {
    pub(super) command: Vec<u8>,
    pub(super) module: Vec<u8>,
    pub(super) preload: Vec<u8>,
}

impl Sources {
    /// This tree.
    pub(crate) fn here() -> Result<Self, Error> {
        Ok(Self {
            root: run::root().to_owned(),
            target: run::target().join("dist-build"),
            epoch: Epoch::of_sources()?,
        })
    }

    /// A file of the tree.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        read(&self.root.join(path))
    }

    /// A cargo for these sources.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = run::cargo(arguments.iter().copied());
        command.current_dir(&self.root);
        command.env("CARGO_TARGET_DIR", &self.target);
        command.env("CARGO_INCREMENTAL", "0");
        command.env("SOURCE_DATE_EPOCH", self.epoch.0.to_string());
        command
    }

    /// The programs and libraries for a target. Each is built by itself: together
    /// cargo would give the module the command's emulator as well.
    pub(super) fn build(&self, target: &Target) -> Result<Built, Error> {
        let one = |package: &str, file: &str| {
            let mut command = self.cargo(&["build", "--quiet", "--locked", "--profile", PROFILE]);
            command.args(["--package", package, "--target", target.triple]);
            command.args(target.features(package));
            let name = target.triple.to_uppercase().replace('-', "_");
            command.env(format!("CARGO_TARGET_{name}_LINKER"), target.linker());
            let names = self.names()?;
            let mut flags = names.flags("--remap-path-prefix");
            match target.linked {
                Linked::Statically => flags.push(format!("-Clink-arg=-L{EMPTY_LIBRARIES}")),
                Linked::ForDebian { .. } => {
                    let name = target.triple.replace('-', "_");
                    command.env(format!("CC_{name}"), target.linker());
                    let flags = names.flags("-ffile-prefix-map");
                    command.env(format!("CFLAGS_{name}"), flags.join(" "));
                }
            }
            command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
            run::shown(&mut command)?;
            read(&self.target.join(target.triple).join(PROFILE).join(file))
        };
        let command = one(COMMAND, "nerves-key")?;
        if matches!(target.linked, Linked::Statically) {
            return Ok(Built {
                command,
                ..Built::default()
            });
        }
        Ok(Built {
            command,
            module: one("nerves-key-pkcs11", "libnerves_key_pkcs11.so")?,
            preload: one("atecc-emulator-preload", "libatecc_emulator_preload.so")?,
        })
    }

    /// Folders of this machine, and the names that they get.
    fn names(&self) -> Result<Names, Error> {
        let sysroot = run::captured(&mut run::program("rustc", ["--print", "sysroot"]))?;
        let version = run::captured(&mut run::program("rustc", ["-vV"]))?;
        let commit = version
            .lines()
            .find_map(|line| line.strip_prefix("commit-hash: "))
            .ok_or_else(|| finding("the commit in `rustc -vV`", version.clone()))?;
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
        let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
        // The last one that fits is taken, so the target comes after the sources
        // that it may lie in.
        let mut names = vec![
            (self.root.clone(), "/nerves-key".to_owned()),
            (self.target.clone(), "/target".to_owned()),
        ];
        names.extend(home.map(|home| (home, "/cargo".to_owned())));
        names.push((library, format!("/rustc/{commit}")));
        Ok(Names(names))
    }

    /// Completions and manual pages, by the command itself, built for this machine.
    pub(super) fn pages(&self) -> Result<Vec<Entry>, Error> {
        let mut build = self.cargo(&["build", "--quiet", "--locked", "--package", COMMAND]);
        run::shown(build.args(EVERYTHING))?;
        let program = self.target.join("debug/nerves-key");
        let mut pages = Vec::new();
        for (shell, path) in [
            ("bash", "usr/share/bash-completion/completions/nerves-key"),
            (
                "fish",
                "usr/share/fish/vendor_completions.d/nerves-key.fish",
            ),
            ("zsh", "usr/share/zsh/vendor-completions/_nerves-key"),
        ] {
            let script = run::captured(Command::new(&program).args(["completions", shell]))?;
            pages.push(Entry::new(path, 0o644, script));
        }
        let folder = self.target.join("man");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|error| at(&folder, error))?;
        }
        std::fs::create_dir_all(&folder).map_err(|error| at(&folder, error))?;
        run::captured(Command::new(&program).arg("man").arg(&folder))?;
        for page in std::fs::read_dir(&folder).map_err(|error| at(&folder, error))? {
            let page = page.map_err(|error| at(&folder, error))?;
            let name = page.file_name().to_string_lossy().into_owned();
            let bytes = super::archive::gzip(&read(&page.path())?)
                .map_err(|error| at(&page.path(), error))?;
            pages.push(Entry::new(
                format!("usr/share/man/man1/{name}.gz"),
                0o644,
                bytes,
            ));
        }
        Ok(pages)
    }
}

/// Folders, and what compilers call them.
struct Names(Vec<(PathBuf, String)>);

impl Names {
    /// An option of a compiler, once for each.
    fn flags(&self, option: &str) -> Vec<String> {
        let flag = |(from, to): &(PathBuf, String)| format!("{option}={}={to}", from.display());
        self.0.iter().map(flag).collect()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| at(path, error))
}
