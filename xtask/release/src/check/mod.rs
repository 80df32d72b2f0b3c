//! The steps of `cargo xtask release-check`. Each can be run alone; a step that
//! cannot run on this machine is left out, and says why.

mod clients;
mod deny;
mod doc;
mod features;
mod install;
mod instructions;
mod packages;
mod root;
mod semver;
mod site;
mod targets;
mod trial;
mod twice;

use std::process::ExitCode;
use std::time::Instant;

use clap::ValueEnum;
use xtask_support::error::Error;
use xtask_support::table;

/// Options of `cargo xtask release-check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these steps; without any, all.
    #[arg(value_enum, value_name = "STEP")]
    steps: Vec<Step>,
    /// In `dist` only these targets; without any, all that can be
    /// built here.
    #[arg(long = "target", value_name = "TRIPLE")]
    targets: Vec<String>,
}

/// A step, the quick ones first.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Step {
    /// Every set of features of the `no_std` crates builds.
    Features,
    /// The documentation builds without a warning.
    Doc,
    /// The pages are a book, whose links lead somewhere (mdBook).
    Site,
    /// Licences, sources, duplicates, and known weaknesses (cargo-deny).
    Deny,
    /// The crates can be published as they are.
    Packages,
    /// Command and libraries for other machines; unit tests on two of them.
    Targets,
    /// The version says what has changed (cargo-semver-checks).
    Semver,
    /// Operations on certificates take as many instructions as before (valgrind).
    Instructions,
    /// The Debian packages installed, used and purged in clean roots.
    Install,
    /// PKCS#11 clients that the tests leave out; and every client before a chip
    /// with another key.
    Pkcs11Clients,
    /// PKCS#11 clients of Debian 13, in a root of it.
    Pkcs11Debian13,
    /// What is released, built twice: the same bytes.
    Dist,
}

/// How a step ended that did not fail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It ran; what it counted.
    Passed(String),
    /// It cannot run here; why not.
    LeftOut(String),
}

/// Run the steps, all of them even when one fails.
pub(crate) fn run(options: &Options) -> ExitCode {
    let all = Step::value_variants();
    let wanted = |step: &&Step| options.steps.is_empty() || options.steps.contains(step);
    let (mut rows, mut counts) = (Vec::new(), [0_u32; 3]);
    for step in all.iter().filter(wanted) {
        println!("\n==> {}", step.name());
        let start = Instant::now();
        let result = step.perform(options);
        let seconds = format!("{:.1} s", start.elapsed().as_secs_f64());
        let (index, verdict, said) = match result {
            Ok(Outcome::Passed(figures)) => (0, "ok", figures),
            Err(error) => {
                eprintln!("error: {error}");
                (1, "FAILED", String::new())
            }
            Ok(Outcome::LeftOut(reason)) => (2, "left out", reason),
        };
        counts[index] += 1;
        rows.push([step.name(), seconds, verdict.to_owned(), said]);
    }
    println!();
    table::print(["step", "time", "result", "figures"], &rows);
    let [passed, failed, left_out] = counts;
    println!("{passed} passed, {failed} failed, {left_out} skipped");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Step {
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn perform(self, options: &Options) -> Result<Outcome, Error> {
        match self {
            Self::Features => features::run(),
            Self::Doc => doc::run(),
            Self::Site => site::run(),
            Self::Deny => deny::run(),
            Self::Packages => packages::run(),
            Self::Targets => targets::run(),
            Self::Semver => semver::run(),
            Self::Instructions => instructions::run(),
            Self::Install => install::run(),
            Self::Pkcs11Clients => clients::run(),
            Self::Pkcs11Debian13 => clients::run_in_debian_13(),
            Self::Dist => twice::run(&options.targets),
        }
    }
}
