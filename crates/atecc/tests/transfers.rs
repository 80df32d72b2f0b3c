//! What a transfer that fails is to a device, and the host's clock.

use atecc::commands::InfoRevision;
use atecc::device::{GeneralCall, WakePulse};
use atecc::error::Cause;
use atecc::session::Left;
use atecc::{Device, Error};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{
    ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation, SevenBitAddress,
};

/// Fails every transfer in one way, each after some time of its own clock.
struct Failing {
    kind: ErrorKind,
    each_us: u64,
    now_us: u64,
    transfers: usize,
}

impl Failing {
    const fn new(kind: ErrorKind, each_us: u64) -> Self {
        Self {
            kind,
            each_us,
            now_us: 0,
            transfers: 0,
        }
    }
}

impl ErrorType for Failing {
    type Error = ErrorKind;
}

impl I2c for Failing {
    fn transaction(
        &mut self,
        _: SevenBitAddress,
        _: &mut [Operation<'_>],
    ) -> Result<(), ErrorKind> {
        self.now_us += self.each_us;
        self.transfers += 1;
        Err(self.kind)
    }
}

struct NoDelay;

impl DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

/// The general call, by a host with a clock.
struct WithClock;

impl WakePulse<Failing, NoDelay> for WithClock {
    fn pulse(&mut self, i2c: &mut Failing, delay: &mut NoDelay) -> Result<(), ErrorKind> {
        GeneralCall.pulse(i2c, delay)
    }

    fn now_us(&mut self, i2c: &mut Failing, _: &mut NoDelay) -> Option<u64> {
        Some(i2c.now_us)
    }
}

const NACK: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown);
const ADDRESS_NACK: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);

/// Nobody acknowledges a pulse; whatever else happens is the bus's fault.
#[test]
fn a_pulse_needs_no_acknowledge() {
    for (kind, expected) in [
        (NACK, Ok(())),
        (ADDRESS_NACK, Ok(())),
        (ErrorKind::Bus, Err(ErrorKind::Bus)),
        (ErrorKind::ArbitrationLoss, Err(ErrorKind::ArbitrationLoss)),
    ] {
        let mut bus = Failing::new(kind, 0);
        assert_eq!(GeneralCall.pulse(&mut bus, &mut NoDelay), expected);
        assert_eq!(
            WakePulse::<_, NoDelay>::now_us(&mut GeneralCall, &mut bus, &mut NoDelay),
            None
        );
    }
}

/// A fault ends the run with the bus's own error; a missing acknowledge and a
/// lost arbitration are tried again until nobody is there.
#[test]
fn which_failures_are_the_buss() {
    for kind in [ErrorKind::Bus, ErrorKind::Overrun, ErrorKind::Other] {
        let mut device = Device::new(Failing::new(kind, 0), NoDelay);
        let failed = device.execute(InfoRevision).unwrap_err();
        assert!(
            matches!(failed, Error::Bus { error, .. } if error == kind),
            "{failed:?}"
        );
    }
    for kind in [NACK, ADDRESS_NACK] {
        let mut device = Device::new(Failing::new(kind, 0), NoDelay);
        let failed = device.execute(InfoRevision).unwrap_err();
        let Error::Failed(failure) = failed else {
            panic!("{kind:?}: {failed:?}");
        };
        // A silent address may be a chip at work, so that it is looked at for long.
        assert!(matches!(failure.cause, Cause::NoAnswer { pulses: 4.. }));
    }
    let lost = ErrorKind::ArbitrationLoss;
    let mut device = Device::new(Failing::new(lost, 0), NoDelay);
    let failed = device.execute(InfoRevision).unwrap_err();
    assert!(!matches!(failed, Error::Bus { .. }), "{failed:?}");
    let (bus, _) = device.release();
    assert!(
        bus.transfers > 1,
        "arbitration that is lost is fought again"
    );
}

/// Transfers that fail after 25 ms and more, one after the other, are a stuck
/// bus, and the time in them is told; without a clock nobody knows.
#[test]
fn a_hanging_bus_is_timed() {
    let hanging = || Failing::new(NACK, 200_000);
    let mut device = Device::new(hanging(), NoDelay).with_wake(WithClock);
    assert_eq!(device.slow_us(), 0);
    let failed = device.execute(InfoRevision).unwrap_err();
    let Error::Failed(failure) = failed else {
        panic!("{failed:?}");
    };
    let Cause::Stuck { spent_us } = failure.cause else {
        panic!("{failure}");
    };
    // Whole transfers, all of them slow.
    assert!(spent_us >= 200_000 && spent_us % 200_000 == 0, "{spent_us}");
    assert_eq!(device.slow_us(), spent_us);
    assert_eq!(device.left(), Left::Unknown);

    let mut device = Device::new(hanging(), NoDelay);
    let failed = device.execute(InfoRevision).unwrap_err();
    assert!(matches!(
        failed,
        Error::Failed(failure) if matches!(failure.cause, Cause::NoAnswer { pulses: 4.. })
    ));
    assert_eq!(device.slow_us(), 0);
}

#[cfg(feature = "async")]
mod awaited {
    use core::future::Future;
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    use atecc::asynch::AsyncWakePulse;
    use embedded_hal_async::i2c::I2c;

    use super::*;

    impl I2c for Failing {
        async fn transaction(
            &mut self,
            address: SevenBitAddress,
            operations: &mut [Operation<'_>],
        ) -> Result<(), ErrorKind> {
            embedded_hal::i2c::I2c::transaction(self, address, operations)
        }
    }

    /// Nothing here waits.
    fn ready<T>(future: impl Future<Output = T>) -> T {
        let mut context = Context::from_waker(Waker::noop());
        match pin!(future).poll(&mut context) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn a_pulse_needs_no_acknowledge() {
        for (kind, expected) in [
            (NACK, Ok(())),
            (ADDRESS_NACK, Ok(())),
            (ErrorKind::Bus, Err(ErrorKind::Bus)),
        ] {
            let mut bus = Failing::new(kind, 0);
            let pulse = ready(AsyncWakePulse::pulse(
                &mut GeneralCall,
                &mut bus,
                &mut NoDelay,
            ));
            assert_eq!(pulse, expected);
            let now =
                AsyncWakePulse::<_, NoDelay>::now_us(&mut GeneralCall, &mut bus, &mut NoDelay);
            assert_eq!(now, None);
        }
    }
}
