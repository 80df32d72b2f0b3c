//! What is judged, by which tests, and how much of it they must catch.

/// A crate whose mutants are listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub(super) package: &'static str,
    /// What the files' names begin with below `src`; none stands for all.
    modules: &'static [&'static str],
    /// In percent of the mutants that change what the crate does.
    pub(super) threshold: usize,
    /// What judges it beside its own tests.
    judges: &'static [Judges],
}

/// Test targets of a package.
#[derive(Clone, Copy, Debug)]
struct Judges {
    package: &'static str,
    /// None stands for all.
    tests: &'static [&'static str],
}

/// Which of the tests judge: what few of them miss is for more of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum Tests {
    /// The crate's own.
    Own,
    /// All but those of tens of seconds.
    Short,
    All,
}

/// Tests of tens of seconds: package and target.
const SLOWEST: [(&str, &str); 6] = [
    ("nerves-key-tests", "readable"),
    ("nerves-key-tests", "fault_sweep"),
    ("nerves-key-tests", "torn"),
    ("atecc-judge", "gaps"),
    ("atecc-judge", "procedures"),
    ("atecc-judge", "search"),
];

/// Tests of the repository's files, which planting changes.
const OF_FILES: [(&str, &str); 2] = [
    ("nerves-key-tests", "pages"),
    ("nerves-key-tests", "published"),
];

const CONFORMANCE: Judges = Judges::all("atecc-conformance");
/// Tests across the crates that are not about a whole provisioning.
const ACROSS: Judges = Judges {
    package: "nerves-key-tests",
    tests: &[
        "births",
        "config",
        "cross_check",
        "recorded_frames",
        "recorded_macs",
        "refusals",
        "residue",
        "roundtrip",
        "signing",
        "trust",
        "vectors",
    ],
};

/// The example of a layout of one's own.
const LAYOUT: Judges = Judges {
    package: "atecc-x509",
    tests: &["meter"],
};

/// The own tests of what they share.
const SWEEP: Judges = Judges::all("tests-fault-sweep");
const SUITES: Judges = Judges::all("tests-vector-suites");

/// In the order in which they are tested.
pub(super) const SUBJECTS: [Subject; 8] = [
    Subject::new("atecc-x509", 95, &[ACROSS, SWEEP, SUITES]),
    Subject::new("atecc-config", 90, &[ACROSS, SWEEP, SUITES]),
    Subject::new("nerves-key-schema", 95, &[ACROSS, SWEEP, SUITES]),
    Subject::new(
        "nerves-key",
        90,
        &[Judges::all("nerves-key-tests"), SWEEP, SUITES],
    ),
    Subject {
        modules: &[
            "memory/",
            "command/lock.rs",
            "command/write.rs",
            "command/read.rs",
            "command/gen_key.rs",
            "command/sign.rs",
            "command/nonce.rs",
        ],
        ..Subject::new("atecc-emulator", 90, &[ACROSS, SWEEP, SUITES, CONFORMANCE])
    },
    Subject::new(
        "nerves-key-provision",
        95,
        &[Judges::all("nerves-key-tests"), SWEEP, SUITES],
    ),
    Subject::new(
        "atecc",
        95,
        &[
            ACROSS,
            SWEEP,
            SUITES,
            CONFORMANCE,
            Judges::all("atecc-judge"),
            LAYOUT,
        ],
    ),
    Subject::new("atecc-linux", 90, &[]),
];

impl Judges {
    fn has(&self, test: &str) -> bool {
        self.tests.is_empty() || self.tests.contains(&test)
    }

    const fn all(package: &'static str) -> Self {
        Self {
            package,
            tests: &[],
        }
    }
}

impl Subject {
    const fn new(package: &'static str, threshold: usize, judges: &'static [Judges]) -> Self {
        Self {
            package,
            modules: &[],
            threshold,
            judges,
        }
    }

    /// Whether a file, named from the root, is part of it.
    pub(super) fn has(&self, file: &str) -> bool {
        let source = format!("crates/{}/src/", self.package);
        file.strip_prefix(&source).is_some_and(|file| {
            self.modules.is_empty() || self.modules.iter().any(|module| file.starts_with(module))
        })
    }

    /// Whether a test target of a package judges it.
    pub(super) fn needs(&self, package: &str, test: &str, tests: Tests) -> bool {
        let target = (package, test);
        let slow = tests == Tests::Short && SLOWEST.contains(&target);
        if slow || OF_FILES.contains(&target) {
            return false;
        }
        let mut judges = self.judges.iter();
        self.judges_in(tests).any(|judge| judge == package)
            && (package == self.package
                || judges.any(|judges| judges.package == package && judges.has(test)))
    }

    /// The packages whose tests judge it, its own first.
    pub(super) fn judges_in(&self, tests: Tests) -> impl Iterator<Item = &'static str> {
        let others = if tests == Tests::Own {
            &[]
        } else {
            self.judges
        };
        std::iter::once(self.package).chain(others.iter().map(|judges| judges.package))
    }
}
