//! What is about the whole chip.

use alloc::format;

use atecc::Revision;
use atecc::config::offset;

use super::{Lint, Severity};
use crate::options::{ChipOptions, Protection};
use crate::{address_byte, i2c_address, is_508, is_608};

impl Lint<'_> {
    /// What is about the whole chip.
    pub(super) fn chip(&mut self) {
        self.interface();
        match self.zone.revision() {
            Revision::Unknown([0, 0, 0, 0]) => self.find(
                Severity::Note,
                "not-told",
                None,
                "bytes 4 to 7 do not tell which chip it is: what depends on that is left out",
                "say which: --chip atecc508a, atecc608a or atecc608b",
            ),
            Revision::Unknown([0, 0, 0x60, _]) => self.find(
                Severity::Note,
                "revision",
                None,
                format!("RevNum is an {}: judged as one", self.zone.revision()),
                "what is said here may not hold for it",
            ),
            Revision::Unknown(_) => self.find(
                Severity::Warning,
                "revision",
                None,
                format!(
                    "RevNum {} is no ATECC508A or ATECC608",
                    self.zone.revision()
                ),
                "what is said here may not hold for it",
            ),
            _ => {}
        }
        let locks = (self.zone.config_lock(), self.zone.data_lock());
        if locks.0.is_locked() && !locks.1.is_locked() {
            self.find(
                Severity::Warning,
                "data-unlocked",
                None,
                "the configuration is locked, data and OTP are not: slots can be overwritten, and \
                 nothing of data and OTP can be read",
                "lock data and OTP once they are written",
            );
        }
        if !locks.0.is_locked() && locks.1.is_locked() {
            self.find(
                Severity::Fault,
                "lock-order",
                None,
                "data and OTP are locked, the configuration is not: no chip is in that state",
                "look whether the dump is right",
            );
        }
        if is_608(self.zone) {
            self.chip_608();
        }
        if is_508(self.zone) {
            self.chip_508();
        }
    }

    /// What byte 16 is, byte 14 tells.
    fn interface(&mut self) {
        if i2c_address(self.zone).is_some() {
            self.address();
        } else {
            self.find(
                Severity::Warning,
                "interface",
                None,
                "I2C_Enable is 0: this is a single-wire part",
                "use a part for I2C; the manufacturer sets the bit",
            );
        }
    }

    fn address(&mut self) {
        let (byte, address) = address_byte(self.zone);
        if address & 1 == 1 || atecc::BusAddress::new(address >> 1).is_err() {
            self.find(
                Severity::Fault,
                "address",
                None,
                format!("{byte} is {address:02X}: no usable address, nothing reaches the chip"),
                "write C0, or another even number from 10 to EE",
            );
        }
    }

    fn chip_508(&mut self) {
        let mode = self.zone.byte(offset::OTP_MODE);
        if !matches!(mode, 0xAA | 0x55) {
            self.find(
                Severity::Warning,
                "otp-mode",
                None,
                format!("OTPmode is {mode:02X}, a reserved value"),
                "write AA: OTP is read-only once locked",
            );
        }
        if mode == 0x55 {
            self.find(
                Severity::Note,
                "otp-consumption",
                None,
                "OTPmode is 55: everybody may clear bits of OTP once it is locked",
                "write AA, unless OTP is to be consumed",
            );
        }
    }

    fn chip_608(&mut self) {
        if self.zone.byte(offset::USE_LOCK) & 0x0F == 0x0A {
            self.find(
                Severity::Fault,
                "use-lock",
                None,
                "UseLock enables a transport lock; no public source says how it is undone",
                "write 00 to byte 68",
            );
        }
        let options = ChipOptions::of(self.zone);
        if [options.ecdh(), options.kdf()].contains(&Protection::Invalid) {
            self.find(
                Severity::Fault,
                "protection",
                None,
                "ChipOptions has 3 as output protection, an invalid value",
                "write 0, 1 or 2 to bits 9-8 and 11-10",
            );
        }
    }
}
