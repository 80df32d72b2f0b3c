//! The arrows of `docs/architecture.md`, one row per crate.

/// What a crate may depend on.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) package: &'static str,
    /// Crates of this workspace.
    pub(super) may: Workspace,
    /// More crates of this workspace, for its tests alone.
    pub(super) in_tests: &'static [&'static str],
    /// Crates from elsewhere, tests aside.
    pub(super) elsewhere: Elsewhere,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Workspace {
    Only(&'static [&'static str]),
    Any,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Elsewhere {
    Only(&'static [&'static str]),
    Except(&'static [&'static str]),
}

const EMULATOR: &[&str] = &["atecc-emulator"];

/// A chip or a bus.
const NO_BUS: &[&str] = &[
    "embedded-hal",
    "embedded-hal-async",
    "embedded-hal-bus",
    "i2cdev",
    "linux-embedded-hal",
];

/// A bus, or cryptography.
const NO_BUS_NO_CRYPTO: &[&str] = &[
    "aes",
    "ecdsa",
    "elliptic-curve",
    "embedded-hal",
    "embedded-hal-async",
    "embedded-hal-bus",
    "getrandom",
    "hmac",
    "i2cdev",
    "linux-embedded-hal",
    "p256",
    "rand_core",
    "sha1",
    "sha2",
    "signature",
];

/// A bus of its own (the trait is none), a terminal.
const NO_ADAPTER_NO_TERMINAL: &[&str] = &["clap", "i2cdev", "linux-embedded-hal"];

/// Arrows that may be there behind a feature alone: package and dependency.
pub(super) const BEHIND_FEATURES: &[(&str, &str)] = &[("atecc-x509", "atecc")];

pub(super) const RULES: &[Rule] = &[
    Rule {
        package: "atecc",
        may: Workspace::Only(&[]),
        in_tests: EMULATOR,
        elsewhere: Elsewhere::Only(&[
            "crc",
            "defmt",
            "embedded-hal",
            "embedded-hal-async",
            "hmac",
            "rand_core",
            "sha2",
            "signature",
            "thiserror",
            "zeroize",
        ]),
    },
    Rule {
        package: "atecc-text",
        may: Workspace::Only(&[]),
        in_tests: &[],
        elsewhere: Elsewhere::Only(&[]),
    },
    Rule {
        package: "atecc-x509",
        may: Workspace::Only(&["atecc-text"]),
        // A chip in its example of a layout of one's own.
        in_tests: &["atecc", "atecc-emulator"],
        elsewhere: Elsewhere::Except(NO_BUS),
    },
    Rule {
        package: "atecc-certdef",
        may: Workspace::Only(&["atecc-x509"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(NO_BUS),
    },
    Rule {
        package: "atecc-config",
        may: Workspace::Only(&["atecc"]),
        in_tests: EMULATOR,
        elsewhere: Elsewhere::Except(NO_BUS_NO_CRYPTO),
    },
    Rule {
        package: "nerves-key-schema",
        may: Workspace::Only(&["atecc", "atecc-text"]),
        in_tests: EMULATOR,
        elsewhere: Elsewhere::Except(NO_BUS_NO_CRYPTO),
    },
    Rule {
        package: "nerves-key",
        may: Workspace::Only(&["atecc", "atecc-x509", "nerves-key-schema"]),
        in_tests: EMULATOR,
        elsewhere: Elsewhere::Except(NO_ADAPTER_NO_TERMINAL),
    },
    Rule {
        package: "nerves-key-provision",
        may: Workspace::Only(&["atecc", "atecc-x509", "nerves-key", "nerves-key-schema"]),
        in_tests: EMULATOR,
        elsewhere: Elsewhere::Except(NO_ADAPTER_NO_TERMINAL),
    },
    Rule {
        package: "atecc-linux",
        may: Workspace::Only(&["atecc"]),
        in_tests: EMULATOR,
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "atecc-transcript",
        may: Workspace::Only(&[]),
        in_tests: EMULATOR,
        elsewhere: Elsewhere::Except(NO_ADAPTER_NO_TERMINAL),
    },
    Rule {
        package: "atecc-decode",
        may: Workspace::Only(&["atecc", "atecc-text", "atecc-transcript"]),
        in_tests: EMULATOR,
        elsewhere: Elsewhere::Except(NO_ADAPTER_NO_TERMINAL),
    },
    Rule {
        package: "atecc-conformance",
        may: Workspace::Only(&[
            "atecc",
            "atecc-decode",
            "atecc-emulator",
            "atecc-transcript",
            "atecc-x509",
        ]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(NO_ADAPTER_NO_TERMINAL),
    },
    // A second reading of the chip's documents: with the driver's codec a wrong
    // byte would cancel out, in its own tests too.
    Rule {
        package: "atecc-emulator",
        may: Workspace::Only(&["atecc-transcript"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "atecc-emulator-preload",
        may: Workspace::Only(EMULATOR),
        // A program that locks the node: its lock is that of the served bus.
        in_tests: &["atecc", "atecc-linux"],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "nerves-key-device",
        may: Workspace::Only(&["atecc", "atecc-emulator", "atecc-linux"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&["clap"]),
    },
    Rule {
        package: "nerves-key-rustls",
        may: Workspace::Only(&["atecc", "atecc-x509", "nerves-key"]),
        in_tests: &["atecc-emulator", "nerves-key-device", "tests-station"],
        elsewhere: Elsewhere::Except(&["clap"]),
    },
    Rule {
        package: "nerves-key-embedded-tls",
        may: Workspace::Only(&["atecc"]),
        in_tests: &[
            "atecc-emulator",
            "atecc-x509",
            "nerves-key",
            "nerves-key-device",
            "tests-station",
        ],
        elsewhere: Elsewhere::Except(NO_ADAPTER_NO_TERMINAL),
    },
    Rule {
        package: "nerves-key-line",
        may: Workspace::Only(&["atecc", "atecc-text", "nerves-key-schema"]),
        in_tests: &["tests-postgres"],
        elsewhere: Elsewhere::Except(NO_BUS),
    },
    Rule {
        package: "nerves-key-cli",
        may: Workspace::Only(&[
            "atecc",
            "atecc-certdef",
            "atecc-config",
            "atecc-decode",
            "atecc-emulator",
            "atecc-text",
            "atecc-transcript",
            "atecc-x509",
            "nerves-key",
            "nerves-key-device",
            "nerves-key-line",
            "nerves-key-pkcs11-core",
            "nerves-key-provision",
            "nerves-key-rustls",
            "nerves-key-schema",
        ]),
        // The shared object, which they load as any program does.
        in_tests: &["nerves-key-pkcs11", "tests-postgres"],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "nerves-key-pkcs11-core",
        may: Workspace::Only(&[
            "atecc",
            "atecc-config",
            "atecc-text",
            "atecc-x509",
            "nerves-key",
            "nerves-key-device",
            "nerves-key-schema",
        ]),
        in_tests: &[
            "atecc-emulator",
            "atecc-linux",
            "tests-station",
            "tests-trust",
            "tests-vector-runner",
        ],
        // The unsafe code.
        elsewhere: Elsewhere::Except(&["clap", "libc"]),
    },
    Rule {
        package: "nerves-key-pkcs11",
        may: Workspace::Only(&["nerves-key-pkcs11-core"]),
        in_tests: &[
            "atecc",
            "atecc-emulator",
            "atecc-linux",
            "atecc-x509",
            "tests-random",
            "tests-station",
        ],
        elsewhere: Elsewhere::Only(&["cryptoki-sys", "libc"]),
    },
    Rule {
        package: "atecc-judge",
        may: Workspace::Only(&["atecc", "atecc-emulator"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    // What the tests share: each depends on what it is about.
    Rule {
        package: "tests-random",
        may: Workspace::Only(&[]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-postgres",
        may: Workspace::Only(&[]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-vector-runner",
        may: Workspace::Only(&[]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-station",
        may: Workspace::Only(&[
            "atecc",
            "atecc-emulator",
            "atecc-x509",
            "nerves-key",
            "nerves-key-provision",
            "nerves-key-schema",
        ]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-hosts",
        may: Workspace::Only(&["atecc"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-roundtrip",
        may: Workspace::Only(&["atecc-x509", "tests-random"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-terms",
        may: Workspace::Only(&["nerves-key", "tests-random", "tests-vector-runner"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-trust",
        may: Workspace::Only(&[
            "atecc",
            "atecc-emulator",
            "atecc-x509",
            "nerves-key",
            "tests-vector-runner",
        ]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-vector-suites",
        may: Workspace::Only(&[
            "atecc",
            "atecc-config",
            "atecc-emulator",
            "atecc-x509",
            "nerves-key",
            "nerves-key-provision",
            "nerves-key-schema",
            "tests-station",
            "tests-terms",
            "tests-trust",
            "tests-vector-runner",
        ]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "tests-fault-sweep",
        may: Workspace::Only(&[
            "atecc",
            "atecc-emulator",
            "atecc-x509",
            "nerves-key",
            "nerves-key-provision",
            "nerves-key-schema",
            "tests-random",
            "tests-station",
            "tests-vector-runner",
            "tests-vector-suites",
        ]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "nerves-key-tests",
        may: Workspace::Any,
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    // The door is built in seconds: what a check needs is in a package of its own.
    Rule {
        package: "xtask",
        may: Workspace::Only(&["xtask-support"]),
        in_tests: &[],
        elsewhere: Elsewhere::Only(&["clap", "serde_json", "tempfile"]),
    },
    Rule {
        package: "xtask-support",
        may: Workspace::Only(&[]),
        in_tests: &[],
        elsewhere: Elsewhere::Only(&["clap", "cryptoki", "serde", "serde_json", "thiserror"]),
    },
    Rule {
        package: "xtask-api",
        may: Workspace::Only(&["xtask-support"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "xtask-bustime",
        may: Workspace::Any,
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "xtask-commands",
        may: Workspace::Any,
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "xtask-bench",
        may: Workspace::Any,
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "xtask-judges",
        may: Workspace::Any,
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "xtask-line",
        may: Workspace::Any,
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "xtask-load",
        may: Workspace::Any,
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    // They read the sources, and build what they judge.
    Rule {
        package: "xtask-mutants",
        may: Workspace::Only(&["xtask-support"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    Rule {
        package: "xtask-size",
        may: Workspace::Only(&["xtask-support"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
    // It asks cargo, and builds what is released.
    Rule {
        package: "xtask-release",
        may: Workspace::Only(&["xtask-support"]),
        in_tests: &[],
        elsewhere: Elsewhere::Except(&[]),
    },
];
