//! One command as such a host carries it.

use atecc::command::Request;
use atecc::group::parse_group;
use atecc::word_address::{IDLE, SLEEP};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use super::{AwakeFor, End, Host};

const CHIP: u8 = 0x60;
/// Source: ATECC508A datasheet, "Wake-Up and Sleep".
const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
/// Longer than any watchdog. Source: ATECC508A datasheet, "Watchdog Failsafe".
const WATCHDOG_US: u32 = 1_800_000;

/// The bus and the host's place on it.
pub(super) struct Wire<'a, B, D> {
    host: &'a Host,
    i2c: B,
    delay: D,
    is_awake: bool,
    awake_for: AwakeFor,
}

impl<'a, B: I2c, D: DelayNs> Wire<'a, B, D> {
    pub(super) const fn new(host: &'a Host, i2c: B, delay: D) -> Self {
        Self {
            host,
            i2c,
            delay,
            is_awake: false,
            awake_for: AwakeFor::Command,
        }
    }

    /// What the host stays awake for, until [`Self::end`].
    pub(super) const fn stay(&mut self, awake_for: AwakeFor) {
        self.awake_for = awake_for;
    }

    /// The payload of the answer, and how many reads it took.
    pub(super) fn exchange(
        &mut self,
        request: &Request,
        (wait_us, reads): (u32, u32),
    ) -> Result<(Vec<u8>, u32), String> {
        self.wake()?;
        let sent = self.i2c.write(CHIP, request.as_bytes());
        sent.map_err(|error| format!("the command was refused: {error:?}"))?;
        self.delay.delay_us(wait_us);
        let mut answer = vec![0; usize::from(request.expect().payload_len()) + 3];
        let mut looks = 1;
        while let Err(error) = self.i2c.read(CHIP, &mut answer) {
            if looks == reads {
                return Err(format!("no answer to {reads} reads: {error:?}"));
            }
            looks += 1;
            self.delay.delay_us(self.host.every_us);
        }
        if self.awake_for == AwakeFor::Command {
            self.end();
        }
        let payload = parse_group(&answer).map_err(|error| error.to_string())?;
        Ok((payload.to_vec(), looks))
    }

    fn wake(&mut self) -> Result<(), String> {
        if self.is_awake {
            return Ok(());
        }
        // Nobody acknowledges the general call.
        let _ = self.i2c.write(0x00, &[0x00]);
        self.delay.delay_us(self.host.wake_wait_us);
        let mut answer = [0; 4];
        let read = self.i2c.read(CHIP, &mut answer);
        read.map_err(|error| format!("no answer to the wake pulse: {error:?}"))?;
        if answer != AWAKE {
            return Err(format!("the wake pulse was answered by {answer:02X?}"));
        }
        self.is_awake = true;
        Ok(())
    }

    /// The end of a wake, if the host is in one.
    pub(super) fn end(&mut self) {
        self.awake_for = AwakeFor::Command;
        if std::mem::take(&mut self.is_awake) {
            let token = match self.host.after_each {
                End::Idle => IDLE,
                End::Sleep => SLEEP,
            };
            // The hosts do not look at it either.
            let _ = self.i2c.write(CHIP, &[token]);
            self.delay.delay_us(self.host.then_wait_us);
        }
    }

    /// Let the chip fall asleep, so that what comes next begins anew.
    pub(super) fn give_up(&mut self) {
        self.is_awake = false;
        self.delay.delay_us(WATCHDOG_US);
    }
}
