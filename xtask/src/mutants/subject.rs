//! What is judged, by which tests, and how much of it they must catch.

/// A crate whose mutants are listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) package: &'static str,
    /// What the files' names begin with below `src`; none stands for all.
    modules: &'static [&'static str],
    /// In percent of the mutants that change what the crate does.
    pub(super) threshold: usize,
    /// Packages whose tests judge it beside its own.
    judges: &'static [&'static str],
    /// Which of the long tests of these packages judge it.
    long: &'static [&'static str],
}

/// Tests that take seconds: they come by much, and look at little of it.
const LONG: [&str; 5] = ["provision", "readable", "strand", "torn", "writers"];

const ACROSS: &[&str] = &["nerves-key-tests", "atecc-conformance"];
const ALL: &[&str] = &["nerves-key-tests", "atecc-conformance", "atecc-judge"];

/// In the order in which they are tested.
pub(super) const SUBJECTS: [Subject; 8] = [
    Subject::new("atecc-x509", &[], 95, ACROSS),
    Subject::new("atecc-config", &[], 90, ACROSS),
    Subject::new("nerves-key-schema", &[], 95, ACROSS),
    Subject {
        long: &["provision", "writers"],
        ..Subject::new("nerves-key", &[], 90, ACROSS)
    },
    Subject::new(
        "atecc-emulator",
        &[
            "memory/",
            "command/lock.rs",
            "command/write.rs",
            "command/read.rs",
            "command/gen_key.rs",
            "command/sign.rs",
            "command/nonce.rs",
        ],
        90,
        ALL,
    ),
    Subject::new("atecc-linux", &[], 90, &[]),
    Subject {
        long: &LONG,
        ..Subject::new("nerves-key-provision", &[], 95, ACROSS)
    },
    Subject::new("atecc", &[], 95, ALL),
];

impl Subject {
    const fn new(
        package: &'static str,
        modules: &'static [&'static str],
        threshold: usize,
        judges: &'static [&'static str],
    ) -> Self {
        Self {
            package,
            modules,
            threshold,
            judges,
            long: &[],
        }
    }

    /// Whether a file, named from the root, is part of it.
    pub(super) fn has(&self, file: &str) -> bool {
        let source = format!("crates/{}/src/", self.package);
        file.strip_prefix(&source).is_some_and(|file| {
            self.modules.is_empty() || self.modules.iter().any(|module| file.starts_with(module))
        })
    }

    /// Whether tests of this name judge it.
    pub(super) fn needs(&self, test: &str) -> bool {
        !LONG.contains(&test) || self.long.contains(&test)
    }

    /// The packages whose tests judge it, its own first.
    pub(super) fn judges(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.package).chain(self.judges.iter().copied())
    }
}
