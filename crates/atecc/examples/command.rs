//! A command that this crate does not know: the `Delete` of an ECC204.
//! Source: cryptoauthlib `calib_delete.c` and `calib_command.h`.

use atecc::command::{Data, DecodeError, ResponseKind, Retry};
use atecc::{Command, Device, Opcode};

/// Erase every slot. `mac` proves who asks for it.
struct Delete {
    mac: [u8; 32],
}

impl Command for Delete {
    const OPCODE: Opcode = Opcode::Foreign;
    const BYTE: u8 = 0x13;
    type Response = ();

    fn param1(&self) -> u8 {
        0x00
    }
    fn data(&self) -> Data<'_> {
        Data::one(&self.mac)
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Status
    }
    /// A second one would meet slots that are erased, and another MAC.
    fn repeat(&self) -> Retry {
        Retry::CheckStateFirst
    }
    fn decode(&self, payload: &[u8]) -> Result<(), DecodeError> {
        DecodeError::done(Self::OPCODE, payload)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let chip = wire::Ecc204::default();
    let mut device = Device::new(&chip, wire::NoDelay);
    device.execute(Delete { mac: [0x5A; 32] })?;
    // Count, opcode, mode, two bytes of zero, MAC, CRC.
    let heard = chip.heard();
    assert_eq!(heard[..5], [39, 0x13, 0x00, 0x00, 0x00]);
    assert_eq!(heard[5..37], [0x5A; 32]);
    // An ATECC608 has no such command, and says so.
    let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
        atecc_emulator::Revision::Atecc608B,
    ));
    let mut device = Device::new(bus.i2c(), bus.delay());
    let error = device.execute(Delete { mac: [0x5A; 32] }).unwrap_err();
    println!("{error}");
    assert!(
        error
            .to_string()
            .starts_with("foreign command: chip answered")
    );
    Ok(())
}

/// As much of another chip as this needs: it wakes, hears one command, and
/// answers that it is done.
mod wire {
    use std::cell::RefCell;

    use embedded_hal::delay::DelayNs;
    use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

    #[derive(Debug, Default)]
    pub(super) struct Ecc204 {
        heard: RefCell<Vec<u8>>,
    }

    impl Ecc204 {
        /// The last command, without its word address.
        pub(super) fn heard(&self) -> Vec<u8> {
            self.heard.borrow().clone()
        }
    }

    impl ErrorType for &Ecc204 {
        type Error = ErrorKind;
    }

    impl I2c for &Ecc204 {
        fn transaction(
            &mut self,
            address: u8,
            operations: &mut [Operation<'_>],
        ) -> Result<(), ErrorKind> {
            for operation in operations {
                match operation {
                    _ if address == 0 => {
                        return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
                    }
                    Operation::Write([0x03, group @ ..]) => {
                        *self.heard.borrow_mut() = group.to_vec();
                    }
                    Operation::Write(_) => {}
                    Operation::Read(buffer) => {
                        let woken = [0x04, 0x11, 0x33, 0x43];
                        let done = [0x04, 0x00, 0x03, 0x40];
                        let is_done = !self.heard.borrow().is_empty();
                        buffer.copy_from_slice(if is_done { &done } else { &woken });
                    }
                }
            }
            Ok(())
        }
    }

    #[derive(Debug)]
    pub(super) struct NoDelay;

    impl DelayNs for NoDelay {
        fn delay_ns(&mut self, _: u32) {}
    }
}

#[test]
fn runs() {
    main().unwrap();
}
