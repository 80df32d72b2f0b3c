//! `deny`: `deny.toml`, by cargo-deny. Known weaknesses are in a database that
//! it fetches; where that cannot be had the other three are checked all the same.

use std::path::Path;
use std::process::Command;

use xtask_support::error::Error;
use xtask_support::run;

use super::Outcome;
use crate::tools::CargoTool;

const CARGO_DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    version: "0.20.2",
};

pub(super) fn run() -> Result<Outcome, Error> {
    let program = CARGO_DENY.install()?;
    run::shown(&mut cargo_deny(
        &program,
        &["check", "bans", "licenses", "sources"],
    ))?;
    let advisories = match run::captured(&mut cargo_deny(&program, &["fetch", "db"])) {
        Ok(_) => {
            run::shown(&mut cargo_deny(&program, &["check", "advisories"]))?;
            "advisories"
        }
        Err(error) => {
            println!("{error}");
            "advisories left out: their database cannot be fetched"
        }
    };
    Ok(Outcome::Passed(format!(
        "bans, licenses, sources; {advisories}"
    )))
}

fn cargo_deny(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(run::root()).args(arguments);
    command
}
