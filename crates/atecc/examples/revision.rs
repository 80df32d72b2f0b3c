//! A chip whose revision no source lists: what the driver makes of it, and how
//! to say what it is.

use atecc::commands::{Counter, CounterId, CounterMode, Engines, InfoRevision, SelfTest};
use atecc::error::Cause;
use atecc::{Device, Error, Family, Opcode, Revision, Timing};
use atecc_emulator::{Bus, Chip};
use renamed::Renamed;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A later ATECC608: 60 is the family, and what follows is kept.
    let later = device([0x00, 0x00, 0x60, 0x04]).execute(InfoRevision)?;
    assert_eq!(later, Revision::Unknown([0x00, 0x00, 0x60, 0x04]));
    assert_eq!(later.family(), Some(Family::Atecc608));

    // One with a number of its own: no family. Every command is sent, and the
    // shorter times are expected, which costs looks.
    let mut device = device([0x00, 0x00, 0x70, 0x01]);
    assert_eq!(device.execute(InfoRevision)?.family(), None);
    let (mode, counter) = (CounterMode::Read, CounterId::Zero);
    assert_eq!(device.execute(Counter { mode, counter })?, 0);

    // Whose commands and times it has is then for the caller to say.
    device.set_timing(Timing::new(Some(Family::Atecc508)));
    let refused = device.execute(SelfTest {
        tests: Engines::ALL,
    });
    let not_here = Cause::NotOnThisChip {
        opcode: Opcode::SelfTest,
        has: Family::Atecc608,
        is: Family::Atecc508,
    };
    assert!(matches!(refused, Err(Error::Failed(failure)) if failure.cause == not_here));
    println!("{later}");
    Ok(())
}

fn device(rev_num: [u8; 4]) -> Device<Renamed, atecc_emulator::Delay> {
    let bus = Bus::with_chip(Chip::blank(atecc_emulator::Revision::Atecc608B));
    Device::new(Renamed::new(bus.i2c(), rev_num), bus.delay())
}

/// An emulated ATECC608B that says another revision.
mod renamed {
    use atecc::crc::crc16;
    use atecc_emulator::{BusError, I2cHandle};
    use embedded_hal::i2c::{ErrorType, I2c, Operation};

    #[derive(Debug)]
    pub(super) struct Renamed {
        i2c: I2cHandle,
        rev_num: [u8; 4],
    }

    impl Renamed {
        pub(super) const fn new(i2c: I2cHandle, rev_num: [u8; 4]) -> Self {
            Self { i2c, rev_num }
        }
    }

    impl ErrorType for Renamed {
        type Error = BusError;
    }

    impl I2c for Renamed {
        fn transaction(
            &mut self,
            address: u8,
            operations: &mut [Operation<'_>],
        ) -> Result<(), BusError> {
            self.i2c.transaction(address, operations)?;
            for operation in operations {
                let Operation::Read(buffer) = operation else {
                    continue;
                };
                if let [7, payload @ .., low, high] = &mut **buffer
                    && *payload == [0x00, 0x00, 0x60, 0x03]
                {
                    payload.copy_from_slice(&self.rev_num);
                    [*low, *high] = crc16(&[&[7], &self.rev_num[..]].concat()).to_le_bytes();
                }
            }
            Ok(())
        }
    }
}

#[test]
fn runs() {
    main().unwrap();
}
