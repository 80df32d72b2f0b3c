//! A bus and a delay that make a future wait, and what drops it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use atecc_emulator::Delay;
use embedded_hal::delay::DelayNs as _;
use embedded_hal::i2c::{ErrorType, I2c as _, Operation};

use crate::wire::{Wire, WireError};

/// Poll at most so many times, then drop.
pub(super) fn poll<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

/// Ready the second time it is asked.
async fn pause() {
    let mut asked = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut asked, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// The bus, awaited.
#[derive(Debug)]
pub(super) struct AwaitedWire(pub(super) Wire);

impl ErrorType for AwaitedWire {
    type Error = WireError;
}

impl embedded_hal_async::i2c::I2c for AwaitedWire {
    async fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), WireError> {
        pause().await;
        if let [Operation::Write(bytes)] = operations {
            let half = Half {
                wire: self.0.clone(),
                address,
                bytes: &bytes[..bytes.len() / 2],
            };
            pause().await;
            // The transfer goes on, and is whole.
            std::mem::forget(half);
        }
        let result = self.0.transaction(address, operations);
        pause().await;
        result
    }
}

/// A write under way: dropped, it has ended there.
struct Half<'a> {
    wire: Wire,
    address: u8,
    bytes: &'a [u8],
}

impl Drop for Half<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.wire.write(self.address, self.bytes);
    }
}

/// The delay, awaited.
#[derive(Debug)]
pub(super) struct AwaitedDelay(pub(super) Delay);

impl embedded_hal_async::delay::DelayNs for AwaitedDelay {
    async fn delay_ns(&mut self, ns: u32) {
        pause().await;
        self.0.delay_ns(ns);
        pause().await;
    }
}
