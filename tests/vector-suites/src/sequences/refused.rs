//! Settings for a chip that refuses to be written.

use std::error::Error;

use atecc::error::{Cause, Executed};
use atecc::{Failure, Opcode, Status};
use nerves_key::WriteError;
use nerves_key::settings::{Area, Settings, WriteSettings};

use super::operation::blank;
use super::row::Operation;
use crate::protocol::{Reply, Transfer, run_with};
use tests_station::Station;
use tests_vector_runner::{Checked, Verdict, holds, same};

/// The reference asks for the first block of each slot, is refused each time,
/// and says ok. Ours asks for the same first block, and its refusal is the error;
/// on the row's own chip, where nothing is locked, already that of the read is.
pub(super) fn refused(row: &Operation) -> Checked {
    same("result", &row.result, &"ok".into())?;
    let first = row.requests().next().ok_or("a row without commands")?;
    let term = first.get(4..).ok_or("a write without data")?;
    let write = Settings::from_bytes(Area::NervesKey, &[])?.write_term(term)?;
    Ours::new(write.clone()).judge(first)?;

    let bus = blank(row)?;
    let before = bus.image(0);
    match Station::device(&bus).run(write) {
        Err(atecc::Error::Failed(error)) => refusal(&error, &READ)?,
        Err(error) => return Err(error.into()),
        Ok(()) => return Err("ours has written an open chip".into()),
    }
    holds("nothing is touched", bus.image(0) == before)?;
    Ok(Verdict::Differs("write-refused"))
}

/// The first block of slot 8, which is asked for first.
const READ: [u8; 4] = [Opcode::Read as u8, 0x82, 0x40, 0x00];

/// What ours does with a chip of zeros that refuses each write.
#[derive(Debug)]
struct Ours {
    result: Result<(), WriteError>,
    /// Opcode, Param1, Param2, data.
    writes: Vec<Vec<u8>>,
}

impl Ours {
    fn new(write: WriteSettings) -> Self {
        let is_write = |command: &&[u8]| command.first() == Some(&(Opcode::Write as u8));
        let (result, log) = run_with(write, |command| {
            let words = command.get(1).is_some_and(|mode| mode & 0x80 == 0);
            Some(match (is_write(&command), words) {
                (true, _) => Reply::new(&[Status::Execution.byte()]),
                (false, true) => Reply::new(&[0; 4]),
                (false, false) => Reply::new(&[0; 32]),
            })
        });
        let sent = log.iter().filter_map(Transfer::command);
        Self {
            result,
            writes: sent.filter(is_write).map(<[u8]>::to_vec).collect(),
        }
    }

    fn judge(&self, first: &[u8]) -> Result<(), Box<dyn Error>> {
        same("writes", &self.writes, &vec![first.to_vec()])?;
        match &self.result {
            Ok(()) => Err("ours says ok".into()),
            Err(error) => refusal(error, first),
        }
    }
}

/// The chip has refused this command, and nothing else is wrong.
fn refusal(error: &WriteError, command: &[u8]) -> Result<(), Box<dyn Error>> {
    let WriteError::Chip(Failure {
        cause, executed, ..
    }) = error
    else {
        return Err(format!("another error: {error}").into());
    };
    let [opcode, parameters @ ..] = command.first_chunk::<4>().ok_or("which command?")?;
    let refused = Cause::Status {
        opcode: Opcode::from_byte(*opcode).ok_or("which command?")?,
        parameters: *parameters,
        status: Status::Execution,
    };
    same("cause", *cause, refused)?;
    same("executed", *executed, Executed::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map of nothing.
    const TERM: [u8; 6] = [0x83, 0x74, 0, 0, 0, 0];

    fn ours() -> Ours {
        let empty = Settings::from_bytes(Area::NervesKey, &[]).unwrap();
        Ours::new(empty.write_term(&TERM).unwrap())
    }

    #[test]
    fn another_answer_fails() {
        let mut first = vec![0x12, 0x82, 0x40, 0x00];
        first.extend(TERM);
        first.resize(36, 0);
        ours().judge(&first).unwrap();
        let refused = |opcode, status| {
            let parameters = [0x82, 0x40, 0x00];
            let cause = Cause::Status {
                opcode,
                parameters,
                status,
            };
            cause.before_execution()
        };
        let other = Cause::Status {
            opcode: Opcode::Write,
            parameters: [0x82, 0x48, 0x00],
            status: Status::Execution,
        };
        let errors = [
            other.before_execution(),
            refused(Opcode::Read, Status::Execution),
            refused(Opcode::Write, Status::Parse),
            Failure {
                executed: Executed::Unknown,
                ..refused(Opcode::Write, Status::Execution)
            },
        ];
        let errors = errors.map(|failure| Err(failure.into()));
        let others = [Ok(()), Err(WriteError::Changed), Err(WriteError::ReadBack)];
        for result in errors.into_iter().chain(others) {
            let wrong = Ours { result, ..ours() };
            assert!(wrong.judge(&first).is_err(), "{wrong:?}");
        }
        for writes in [vec![], vec![first.clone(); 2], vec![first[..35].to_vec()]] {
            let wrong = Ours { writes, ..ours() };
            assert!(wrong.judge(&first).is_err(), "{wrong:?}");
        }
    }
}
