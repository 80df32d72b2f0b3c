//! The device on an embedded-hal-async bus: the same machine, awaited.
//! [`Device::execute_async`] and [`Device::run_async`] are the whole difference.
//!
//! A future that is dropped half-way leaves the chip awake until its watchdog
//! fires; the next run begins by waking it and copes.

use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::i2c::I2c;

use crate::device::GeneralCall;
use crate::device::{is_nack, outcome, result, took_us};
use crate::procedure::{Once, Run};
use crate::session::{Left, Session, Step};
use crate::{Command, Device, Error, Procedure};

/// How a board wakes its chips, awaited; see [`crate::device::WakePulse`].
#[expect(
    async_fn_in_trait,
    reason = "as embedded-hal-async, which leaves Send to the executor"
)]
pub trait AsyncWakePulse<B: I2c, D> {
    /// Give one pulse. A missing acknowledge is no error here.
    ///
    /// # Errors
    /// The bus's own.
    async fn pulse(&mut self, i2c: &mut B, delay: &mut D) -> Result<(), B::Error>;

    /// As [`crate::device::WakePulse::session_over`]. Not called when the future is
    /// dropped.
    fn session_over(&mut self, i2c: &mut B) {
        let _ = i2c;
    }

    /// As [`crate::device::WakePulse::now_us`].
    fn now_us(&mut self, i2c: &mut B, delay: &mut D) -> Option<u64> {
        let _ = (i2c, delay);
        None
    }
}

impl<B: I2c, D> AsyncWakePulse<B, D> for GeneralCall {
    async fn pulse(&mut self, i2c: &mut B, _: &mut D) -> Result<(), B::Error> {
        match i2c.write(0x00, &[0x00]).await {
            Err(error) if is_nack(&error) => Ok(()),
            result => result,
        }
    }
}

impl<I2C: I2c, D: DelayNs, W: AsyncWakePulse<I2C, D>> Device<I2C, D, W> {
    /// Send one command: wake, exchange, sleep.
    ///
    /// # Errors
    /// The bus's own error, or the command's [`crate::Failure`].
    pub async fn execute_async<C: Command>(
        &mut self,
        command: C,
    ) -> Result<C::Response, Error<I2C::Error>> {
        self.run_async(Once(command)).await
    }

    /// Run `procedure` in one awake session. The chip is left asleep on every
    /// way out but a dropped future.
    ///
    /// # Errors
    /// The bus's own error, or the procedure's.
    pub async fn run_async<P: Procedure>(
        &mut self,
        procedure: P,
    ) -> Result<P::Output, Error<I2C::Error, P::Error>> {
        self.finish_async(Run::new(procedure, self.timing)).await
    }

    /// As [`Device::probe`].
    ///
    /// # Errors
    /// The bus's own error, or the procedure's.
    pub async fn probe_async<P: Procedure>(
        &mut self,
        procedure: P,
    ) -> Result<P::Output, Error<I2C::Error, P::Error>> {
        self.finish_async(Run::probe(procedure, self.timing)).await
    }

    async fn finish_async<P: Procedure>(
        &mut self,
        mut run: Run<P>,
    ) -> Result<P::Output, Error<I2C::Error, P::Error>> {
        if self.left == Left::Unknown {
            run.sleep_first();
        }
        run.set_observed_times(self.observed);
        let mut fault = None;
        // Until this ends: a dropped future never says.
        self.left = Left::Unknown;
        while let Some(session) = run.session() {
            self.carry_async(session, &mut fault).await;
            run.proceed();
        }
        self.wake.session_over(&mut self.i2c);
        self.left = run.left();
        self.slow_us = run.slow_us();
        self.observed = *run.observed_times();
        result(run, fault)
    }

    /// Perform the steps of one command.
    async fn carry_async(&mut self, session: &mut Session, fault: &mut Option<I2C::Error>) {
        let mut now = self.wake.now_us(&mut self.i2c, &mut self.delay);
        loop {
            let result = match session.step() {
                Step::Done => return,
                Step::Wait(us) => {
                    self.delay.delay_us(us).await;
                    Ok(())
                }
                Step::Wake => self.wake.pulse(&mut self.i2c, &mut self.delay).await,
                Step::Write(bytes) => self.i2c.write(self.address.get(), bytes).await,
                Step::Read(buffer) => self.i2c.read(self.address.get(), buffer).await,
            };
            let then = now;
            now = self.wake.now_us(&mut self.i2c, &mut self.delay);
            session.advance_after(outcome(result, fault), took_us(then, now));
        }
    }
}
