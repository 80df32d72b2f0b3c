//! The least time that an operation can take: its commands, their bytes, the
//! times that the chip drew for them in the very run that is judged, one wake
//! for each session, and what the session's documentation asks for besides.
//!
//! A command belongs to the floor when the operation cannot be had without it,
//! or a guarantee that is documented falls with it. What a driver sends besides
//! is above the floor, whatever it is good for. Where the chip offers several
//! ways to the same end the cheapest counts, with the times of this run.

pub(crate) mod commands;
mod drawn;
#[cfg(test)]
mod tests;

use std::time::Duration;

use atecc_emulator::ExecutionEntry;

pub(crate) use commands::ChipCommand;
pub(crate) use drawn::Drawn;

use crate::setting::Setting;

/// What an operation needs of one awake session.
pub(crate) type Session = Vec<Need>;

/// One thing that is needed.
#[derive(Clone, Debug)]
pub(crate) struct Need {
    pub(crate) why: &'static str,
    /// Each does it.
    pub(crate) ways: Vec<Vec<ChipCommand>>,
}

/// The least that an operation takes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Floor {
    pub(crate) time: Duration,
    /// Of it, the commands.
    pub(crate) commands_time: Duration,
    pub(crate) wakes: u64,
    pub(crate) commands: u64,
    pub(crate) transactions: u64,
    pub(crate) bytes: u64,
}

/// What is needed was not executed, so that nobody knows how long it takes.
#[derive(Debug, thiserror::Error)]
#[error(
    "no command {opcode:02X} was executed, which this takes: {why}; the floor or the run is wrong"
)]
pub(crate) struct NotExecuted {
    pub(crate) opcode: u8,
    pub(crate) why: &'static str,
}

/// From the wake pulse to the first traffic: tWHI. Source: ATECC508A datasheet,
/// section 8.3.
const WAKE_HIGH: Duration = Duration::from_micros(1_500);
/// What a session waits after its sleep token, so that the next pulse is not
/// lost. Source: `atecc::session`.
const REST: Duration = Duration::from_micros(1_500);
/// A pulse is an address byte that nobody acknowledges, between START and STOP,
/// at 100 kHz.
const PULSE: Duration = Duration::from_micros(110);
/// The earliest watchdog: what has not ended by then has to begin after another
/// wake. Source: ATECC508A datasheet, section 8.3, tWATCHDOG.
const WATCHDOG: Duration = Duration::from_millis(700);
/// For a command that takes longer than that: it is begun right after a wake.
const FRESH: Duration = Duration::from_millis(10);
/// The group that a woken chip gives.
const WAKE_GROUP: usize = 4;

impl Need {
    pub(crate) fn new(why: &'static str, commands: impl Into<Vec<ChipCommand>>) -> Self {
        Self {
            why,
            ways: vec![commands.into()],
        }
    }

    pub(crate) fn one(why: &'static str, command: ChipCommand) -> Self {
        Self::new(why, [command])
    }

    /// The cheapest of these.
    pub(crate) fn any(why: &'static str, ways: impl Into<Vec<Vec<ChipCommand>>>) -> Self {
        Self {
            why,
            ways: ways.into(),
        }
    }
}

/// START, address, bytes, STOP.
fn transfer_time(bit: Duration, bytes: usize) -> Duration {
    bit * u32::try_from(2 + 9 * (1 + bytes)).unwrap_or(u32::MAX)
}

fn command_time(bit: Duration, command: &ChipCommand, executes: Duration) -> Duration {
    let there = transfer_time(bit, command.sent());
    there + until_start(bit, executes) + transfer_time(bit, command.answered())
}

/// From the STOP after a command to the START of the read that gets its answer: the
/// emulated chip says after the START whether it acknowledges its address.
fn until_start(bit: Duration, executes: Duration) -> Duration {
    executes.saturating_sub(bit)
}

/// What a command took that was executed: its bytes, its time, its answer's bytes.
pub(crate) fn execution_time(setting: Setting, entry: &ExecutionEntry) -> Duration {
    let bit = setting.bit();
    let there = transfer_time(bit, 1 + entry.command.len());
    there + until_start(bit, entry.time) + transfer_time(bit, 3 + entry.answer.len())
}

/// What so many pulses, tokens and rests take, each pulse with its look.
pub(crate) fn session_time(setting: Setting, pulses: u32, tokens: u32, rests: u32) -> Duration {
    let bit = setting.bit();
    let wake = PULSE + WAKE_HIGH + transfer_time(bit, WAKE_GROUP);
    wake * pulses + transfer_time(bit, 1) * tokens + REST * rests
}

/// A bus with its clock, and what goes over it.
#[derive(Clone, Copy, Debug)]
struct Meter {
    bit: Duration,
    floor: Floor,
    /// Since the last pulse.
    awake: Duration,
}

impl Meter {
    fn wait(&mut self, time: Duration) {
        self.floor.time += time;
        self.awake += time;
    }

    /// START, address, bytes, STOP.
    fn transfer(&mut self, bytes: usize) {
        self.floor.transactions += 1;
        self.floor.bytes += 1 + bytes as u64;
        self.wait(transfer_time(self.bit, bytes));
    }

    /// Pulse, pause, and a look: whether the chip is awake is known by nothing
    /// else.
    fn wake(&mut self) {
        self.floor.wakes += 1;
        self.floor.transactions += 1;
        self.floor.bytes += 1;
        self.floor.time += PULSE;
        self.awake = Duration::ZERO;
        self.wait(WAKE_HIGH);
        self.transfer(WAKE_GROUP);
    }

    /// Idle and wake restart the watchdog and keep what the chip holds.
    fn renew(&mut self) {
        self.transfer(1);
        self.wake();
    }
}

/// The floor of `sessions` with the times that were drawn, and in `drawn` what was
/// executed besides.
///
/// # Errors
/// [`NotExecuted`].
pub(crate) fn floor(
    sessions: &[Session],
    setting: Setting,
    drawn: &mut Drawn,
) -> Result<Floor, NotExecuted> {
    let mut meter = Meter {
        bit: setting.bit(),
        floor: Floor::default(),
        awake: Duration::ZERO,
    };
    for session in sessions {
        // Others may have woken the chip before, so that its watchdog may be
        // about to expire: a session renews it at its beginning.
        meter.wake();
        meter.renew();
        for need in session {
            for (command, executes) in cheapest(need, meter.bit, drawn)? {
                let takes = command_time(meter.bit, &command, executes);
                if meter.awake + takes > WATCHDOG && meter.awake > FRESH {
                    meter.renew();
                }
                meter.floor.commands += 1;
                meter.floor.commands_time += takes;
                meter.transfer(command.sent());
                meter.wait(until_start(meter.bit, executes));
                meter.transfer(command.answered());
            }
        }
        meter.transfer(1);
        meter.wait(REST);
    }
    Ok(meter.floor)
}

/// The way that takes the least time, and the time of each of its commands.
fn cheapest(
    need: &Need,
    bit: Duration,
    drawn: &mut Drawn,
) -> Result<Vec<(ChipCommand, Duration)>, NotExecuted> {
    let timed = need.ways.iter().map(|way| {
        let mut drawn = drawn.clone();
        let commands: Option<Vec<_>> = way
            .iter()
            .map(|command| Some((*command, drawn.take(command)?)))
            .collect();
        let commands = commands.ok_or(NotExecuted {
            opcode: way.first().map_or(0, |command| command.opcode),
            why: need.why,
        })?;
        let costs = commands
            .iter()
            .map(|(command, executes)| command_time(bit, command, *executes));
        Ok((costs.sum::<Duration>(), drawn, commands))
    });
    let timed: Vec<_> = timed.collect::<Result<_, _>>()?;
    let best = timed.into_iter().min_by_key(|(cost, ..)| *cost);
    let Some((_, left, commands)) = best else {
        return Ok(Vec::new());
    };
    *drawn = left;
    Ok(commands)
}
