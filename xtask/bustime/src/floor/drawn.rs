//! The execution times of one run.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use atecc_emulator::ExecutionEntry;

use super::ChipCommand;
use super::commands::describe;

/// What the chip drew for each command that it did not refuse.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    times: HashMap<Key, VecDeque<Duration>>,
    /// By opcode: the sum, and of how many.
    all: HashMap<u8, (Duration, u32)>,
    refused: Vec<Key>,
}

/// Opcode, Param1, Param2.
type Key = (u8, u8, u16);

impl Drawn {
    pub(crate) fn new(executions: &[ExecutionEntry]) -> Self {
        let mut drawn = Self::default();
        for ExecutionEntry {
            command,
            answer,
            time,
        } in executions
        {
            let [_, opcode, param1, low, high, ..] = command[..] else {
                continue;
            };
            let key = (opcode, param1, u16::from_le_bytes([low, high]));
            // A status other than success: refused, in the time of `Info`.
            if matches!(answer[..], [status] if status != 0) {
                drawn.refused.push(key);
                continue;
            }
            drawn.times.entry(key).or_default().push_back(*time);
            let (sum, count) = drawn.all.entry(opcode).or_default();
            *sum += *time;
            *count += 1;
        }
        drawn
    }

    /// What has not been taken, and how often: commands that were not needed.
    pub(crate) fn left(&self) -> BTreeMap<String, usize> {
        let mut left = BTreeMap::new();
        for ((opcode, param1, param2), times) in &self.times {
            let name = describe(*opcode, *param1, *param2);
            if !times.is_empty() {
                *left.entry(name).or_default() += times.len();
            }
        }
        for (opcode, param1, param2) in &self.refused {
            let name = format!("{} (refused)", describe(*opcode, *param1, *param2));
            *left.entry(name).or_default() += 1;
        }
        left
    }

    /// The time of `command`: its own, once for each time that it was executed;
    /// else the mean of all with its opcode, where the run took another way.
    pub(super) fn take(&mut self, command: &ChipCommand) -> Option<Duration> {
        let mut own = self
            .times
            .iter_mut()
            .filter(|((opcode, param1, param2), _)| {
                let param2 = command.param2.is_none_or(|wanted| wanted == *param2);
                (*opcode, *param1) == (command.opcode, command.param1) && param2
            });
        if let Some(time) = own.find_map(|(_, times)| times.pop_front()) {
            return Some(time);
        }
        let (sum, count) = self.all.get(&command.opcode)?;
        Some(*sum / *count)
    }
}
