//! The same, awaited. A transaction that is dropped before it ends is not
//! recorded.

use embedded_hal::i2c::{Error, Operation, SevenBitAddress};
use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::i2c::I2c;

use super::delay::{NS_PER_MS, NS_PER_US};
use super::{Clock, DelayRecorder, Recorder, Sink};

impl<I2C: I2c, S: Sink, C: Clock> I2c for Recorder<'_, I2C, S, C> {
    async fn transaction(
        &mut self,
        address: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), I2C::Error> {
        let at = self.now();
        let outcome = self.bus.transaction(address, operations).await;
        self.ended(
            at,
            address,
            operations,
            outcome.as_ref().err().map(Error::kind),
        );
        outcome
    }
}

impl<D: DelayNs, S: Sink, C: Clock> DelayNs for DelayRecorder<'_, D, S, C> {
    async fn delay_ns(&mut self, ns: u32) {
        self.begins(ns.into());
        self.delay.delay_ns(ns).await;
    }

    async fn delay_us(&mut self, us: u32) {
        self.begins(u64::from(us) * NS_PER_US);
        self.delay.delay_us(us).await;
    }

    async fn delay_ms(&mut self, ms: u32) {
        self.begins(u64::from(ms) * NS_PER_MS);
        self.delay.delay_ms(ms).await;
    }
}
