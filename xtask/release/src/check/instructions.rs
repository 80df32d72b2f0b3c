//! `instructions`: as many as before, of operations on certificates (callgrind).

use std::process::Command;

use xtask_support::error::Error;
use xtask_support::run;

use super::Outcome;

pub(super) fn run() -> Result<Outcome, Error> {
    if let Err(error) = run::captured(Command::new("valgrind").arg("--version")) {
        let reason = format!("{error}; Debian's package valgrind has it");
        return Ok(Outcome::LeftOut(reason));
    }
    run::shown(&mut run::cargo(["xtask", "instructions"]))?;
    Ok(Outcome::Passed("as recorded".to_owned()))
}
