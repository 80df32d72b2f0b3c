//! From a complete group to the command's result and duration.

use std::time::Duration;

use super::port::is_possible;
use super::{Chip, Execution, ExecutionEntry};
use crate::command::{Core, Frame, Opcode, Status};
use crate::crc::is_closed;
use crate::timing::Times;

impl Chip {
    /// Work out what `group` does. Registers change at once, unseen while the
    /// chip is busy; the EEPROM when the execution ends.
    ///
    /// An error takes the time of `Info`: failing commands usually answer
    /// much sooner than their time in the table (source: ATECC508A datasheet,
    /// section 9.1.3; the figure is this project's choice).
    pub(super) fn execute(&mut self, now: Duration, group: &[u8]) -> Execution {
        let mut memory = Box::new(self.memory.clone());
        let outcome = match self.admit(now, group) {
            Ok(frame) => Core {
                memory: &mut memory,
                volatile: &mut self.volatile,
                generator: &mut self.generator,
                defects: &mut self.defects,
            }
            .run(&frame)
            .map(|payload| (frame.opcode, payload)),
            Err(status) => Err(status),
        };
        let (timed_as, response, memory) = match outcome {
            Ok((opcode, payload)) => {
                let changed = *memory != self.memory;
                let memory = changed.then_some(memory);
                (Opcode::from_byte(opcode), payload, memory)
            }
            Err(status) => (None, vec![status as u8], None),
        };
        let times = Times::of(timed_as.unwrap_or(Opcode::Info), &self.memory);
        let time = times.choose(self.execution_time, &mut self.timing_generator);
        if let Some(executions) = &mut self.executions {
            executions.push(ExecutionEntry {
                command: group.to_vec(),
                answer: response.clone(),
                time,
            });
        }
        Execution {
            ends: now + time,
            response,
            memory,
        }
    }

    /// Framing, CRC and the time left: nothing is executed on an error here.
    fn admit<'a>(&self, now: Duration, group: &'a [u8]) -> Result<Frame<'a>, Status> {
        let count = group.first().copied().unwrap_or(0);
        if !is_possible(count) || group.len() != usize::from(count) || !is_closed(group) {
            return Err(Status::Crc);
        }
        // Groups of 4 to 6 bytes have no room for parameters (unconfirmed).
        let frame = Frame::cut(group).ok_or(Status::Parse)?;
        let opcode = Opcode::from_byte(frame.opcode);
        let longest = opcode.map_or(Duration::ZERO, |opcode| {
            Times::of(opcode, &self.memory).longest()
        });
        let left = self
            .watchdog
            .map_or(Duration::MAX, |expiry| expiry.saturating_sub(now));
        if left < longest {
            return Err(Status::Watchdog);
        }
        Ok(frame)
    }
}
