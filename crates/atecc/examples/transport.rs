//! A transport of one's own: the sans-IO machine without embedded-hal.

use atecc::commands::InfoRevision;
use atecc::procedure::{Once, Run};
use atecc::session::{Outcome, Step};
use atecc::{Procedure, Timing};
use atecc_emulator::{Bus, BusError, Chip, Message, Revision};
use embedded_hal::i2c::Operation;

/// What a platform has: here an emulated bus, elsewhere a USB bridge or another
/// vendor's SDK.
struct Bridge(Bus);

impl Bridge {
    fn write(&self, address: u8, bytes: &[u8]) -> Outcome {
        let operation = Operation::Write(bytes);
        outcome(&self.0.transfer(&mut [Message { address, operation }]))
    }

    fn read(&self, address: u8, buffer: &mut [u8]) -> Outcome {
        let operation = Operation::Read(buffer);
        outcome(&self.0.transfer(&mut [Message { address, operation }]))
    }
}

/// An acknowledge that was not there must not be reported; where one is missing,
/// the address apart from a data byte.
fn outcome(result: &Result<(), BusError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(BusError::AddressNack(_)) => Outcome::AddressNack,
        Err(BusError::DataNack { .. }) => Outcome::Nack,
        Err(_) => Outcome::Fault,
    }
}

/// The loop: perform each step, say what came of it.
fn run<P: Procedure>(bridge: &Bridge, procedure: P) -> Result<P::Output, P::Error> {
    let mut run = Run::new(procedure, Timing::default());
    loop {
        let outcome = match run.step() {
            Step::Done => return run.finish(),
            // Nobody acknowledges the general call: that is no fault.
            Step::Wake => {
                bridge.write(0x00, &[0x00]);
                Outcome::Done
            }
            Step::Write(bytes) => bridge.write(0x60, bytes),
            Step::Read(buffer) => bridge.read(0x60, buffer),
            Step::Wait(us) => {
                bridge
                    .0
                    .clock()
                    .advance(core::time::Duration::from_micros(us.into()));
                Outcome::Done
            }
        };
        run.advance(outcome);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bridge = Bridge(Bus::with_chip(Chip::blank(Revision::Atecc608B)));
    let revision = run(&bridge, Once(InfoRevision))?;
    println!("{revision}");
    assert_eq!(revision, atecc::Revision::Atecc608B);
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
