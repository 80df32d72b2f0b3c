//! Tasks in packages of their own, so that the door is built in seconds.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use xtask_support::run;

/// A package of `xtask/` that does a task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    pub(crate) package: &'static str,
    pub(crate) build: Build,
}

/// How a tool is built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Build {
    Debug,
    /// What works for minutes.
    Release,
}

/// Judges of recordings, vectors, certificates, terms and provisioning.
pub(crate) const JUDGES: Tool = Tool::new("xtask-judges", Build::Debug);
/// Those of them that judge by the million.
pub(crate) const LONG_JUDGES: Tool = Tool::new("xtask-judges", Build::Release);
/// How long operations keep a bus: thousands of them.
pub(crate) const BUS_TIME: Tool = Tool::new("xtask-bustime", Build::Release);
/// The public items.
pub(crate) const API: Tool = Tool::new("xtask-api", Build::Debug);
/// The table of commands.
pub(crate) const COMMANDS: Tool = Tool::new("xtask-commands", Build::Debug);
/// What was linked.
pub(crate) const SIZE: Tool = Tool::new("xtask-size", Build::Debug);
/// What the processor does; in a debug build it says nothing.
pub(crate) const BENCH: Tool = Tool::new("xtask-bench", Build::Release);
/// Many processes at once.
pub(crate) const LOAD: Tool = Tool::new("xtask-load", Build::Debug);
/// Stations of a manufacturing line.
pub(crate) const LINE: Tool = Tool::new("xtask-line", Build::Debug);
/// The same for what is measured.
pub(crate) const LONG_LINE: Tool = Tool::new("xtask-line", Build::Release);
/// What a release needs.
pub(crate) const RELEASE: Tool = Tool::new("xtask-release", Build::Debug);
/// Faults that are planted.
pub(crate) const MUTANTS: Tool = Tool::new("xtask-mutants", Build::Debug);

/// What is said to a tool.
#[derive(Clone, Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// As the tool takes them; `--help` shows them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Tool {
    const fn new(package: &'static str, build: Build) -> Self {
        Self { package, build }
    }

    /// It, built and run, where we were called: its arguments may be paths.
    pub(crate) fn command(self) -> Command {
        let mut command = run::cargo(["run", "--quiet", "--manifest-path"]);
        command.arg(run::root().join("Cargo.toml"));
        if self.build == Build::Release {
            command.arg("--release");
        }
        command.args(["--package", self.package, "--"]);
        if let Ok(here) = std::env::current_dir() {
            command.current_dir(here);
        }
        command
    }

    /// Have it do `task`. It says itself what went wrong.
    pub(crate) fn run(self, task: Option<&str>, arguments: &Arguments) -> ExitCode {
        let mut command = self.command();
        let status = command.args(task).args(&arguments.arguments).status();
        match status {
            Ok(status) if status.success() => ExitCode::SUCCESS,
            Ok(_) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!(
                    "error: `{}` cannot be started: {error}",
                    run::line(&command)
                );
                ExitCode::FAILURE
            }
        }
    }
}
