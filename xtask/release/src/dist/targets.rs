//! What a release is built for.

use xtask_support::error::Error;

use super::finding;
use crate::tools::{add_packages, add_target};

/// A target of the compiler, and what is made for it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) triple: &'static str,
    pub(crate) linked: Linked,
}

/// How its programs are linked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Linked {
    /// With musl and by the compiler's own linker, which needs nothing of this
    /// machine. Such a program loads no libraries.
    Statically,
    /// With Debian's C library, by Debian's compiler.
    ForDebian {
        /// Debian's name of the architecture.
        architecture: &'static str,
        /// Packages, and what each brings: the program that compiles C and links, and
        /// the C library.
        linker: [(&'static str, &'static str); 2],
    },
}

/// The package of the command.
pub(super) const COMMAND: &str = "nerves-key-cli";

/// What makes it have everything: connections, and a manufacturing line with both
/// kinds of ledger.
pub(super) const EVERYTHING: [&str; 2] = ["--features", "connect,line-postgres"];

/// All of them.
pub(crate) const TARGETS: [Target; 6] = [
    musl("x86_64-unknown-linux-musl"),
    musl("aarch64-unknown-linux-musl"),
    musl("armv7-unknown-linux-musleabihf"),
    debian(
        "x86_64-unknown-linux-gnu",
        "amd64",
        [
            ("gcc-x86-64-linux-gnu", "x86_64-linux-gnu-gcc"),
            ("libc6-dev", "/usr/lib/x86_64-linux-gnu/crti.o"),
        ],
    ),
    debian(
        "aarch64-unknown-linux-gnu",
        "arm64",
        [
            ("gcc-aarch64-linux-gnu", "aarch64-linux-gnu-gcc"),
            ("libc6-dev-arm64-cross", "/usr/aarch64-linux-gnu/lib/crti.o"),
        ],
    ),
    debian(
        "armv7-unknown-linux-gnueabihf",
        "armhf",
        [
            ("gcc-arm-linux-gnueabihf", "arm-linux-gnueabihf-gcc"),
            (
                "libc6-dev-armhf-cross",
                "/usr/arm-linux-gnueabihf/lib/crti.o",
            ),
        ],
    ),
];

const fn musl(triple: &'static str) -> Target {
    Target {
        triple,
        linked: Linked::Statically,
    }
}

const fn debian(
    triple: &'static str,
    architecture: &'static str,
    linker: [(&'static str, &'static str); 2],
) -> Target {
    Target {
        triple,
        linked: Linked::ForDebian {
            architecture,
            linker,
        },
    }
}

impl Target {
    /// Features of a package that are not its defaults. The ledger of a line has
    /// `SQLite` and a connection has ring, both of them in C: where there is a C
    /// compiler, the command has them.
    pub(crate) fn features(&self, package: &str) -> &'static [&'static str] {
        match self.linked {
            Linked::ForDebian { .. } if package == COMMAND => &EVERYTHING,
            Linked::ForDebian { .. } | Linked::Statically => &[],
        }
    }

    /// The program that links.
    pub(crate) fn linker(&self) -> &'static str {
        match self.linked {
            Linked::Statically => "rust-lld",
            Linked::ForDebian { linker, .. } => linker[0].1,
        }
    }
}

/// Those of `wanted` (of all, if that is empty) that can be built here, after
/// installing what may be installed, and why the others cannot.
pub(crate) fn available(wanted: &[String]) -> Result<(Vec<&'static Target>, Vec<String>), Error> {
    let known = |name: &String| TARGETS.iter().any(|target| target.triple == name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        let all = TARGETS.map(|target| target.triple).join(", ");
        let what = format!("{unknown} is not one; there are {all}");
        return Err(finding("targets of a release", what));
    }
    let (mut there, mut absent) = (Vec::new(), Vec::new());
    for target in &TARGETS {
        let triple = target.triple;
        if !wanted.is_empty() && !wanted.iter().any(|name| name == triple) {
            continue;
        }
        if !add_target(triple) {
            absent.push(format!("{triple}: rustup has no library for it here"));
            continue;
        }
        match target.linked {
            Linked::Statically => there.push(target),
            Linked::ForDebian { linker, .. } => match add_packages(&linker).first() {
                Some(package) => absent.push(format!("{triple}: Debian's {package} is missing")),
                None => there.push(target),
            },
        }
    }
    Ok((there, absent))
}
