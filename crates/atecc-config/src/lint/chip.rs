//! What is about the whole chip.

use alloc::format;

use atecc::config::offset;

use super::{Lint, Severity};
use crate::judge::slot as slot_of;
use crate::{Counter, byte, is_608};

impl Lint<'_> {
    /// What is about the whole chip.
    pub(super) fn chip(&mut self) {
        let address = byte(self.zone, offset::I2C_ADDRESS);
        if address & 1 == 1 || atecc::BusAddress::new(address >> 1).is_err() {
            self.find(
                Severity::Fault,
                "address",
                None,
                format!(
                    "I2C_Address is {address:02X}: no usable address, nothing reaches the chip"
                ),
                "write C0, or another even number from 10 to EE",
            );
        }
        if byte(self.zone, 14) & 1 == 0 {
            self.find(
                Severity::Warning,
                "interface",
                None,
                "I2C_Enable is 0: this is a single-wire part",
                "use a part for I2C; the manufacturer sets the bit",
            );
        }
        if self.zone.revision().family().is_none() {
            self.find(
                Severity::Warning,
                "revision",
                None,
                format!(
                    "RevNum {} is no ATECC508A or ATECC608",
                    self.zone.revision()
                ),
                "what is said here may not hold for it",
            );
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
        } else {
            self.chip_508();
        }
        let used_up = [52, 60].into_iter().any(|at| {
            let mut bytes = [0; 8];
            for (to, at) in bytes.iter_mut().zip(at..) {
                *to = byte(self.zone, at);
            }
            Counter::from_bytes(bytes) >= Counter::LAST
        });
        if used_up {
            self.find(
                Severity::Warning,
                "counter",
                None,
                "a counter is at its end, 2097151: it and keys with limited uses are of no use",
                "set the counters to FFFFFFFF00000000",
            );
        }
    }

    fn chip_508(&mut self) {
        let mode = byte(self.zone, offset::OTP_MODE);
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
        if byte(self.zone, 68) & 0x0F == 0x0A {
            self.find(
                Severity::Fault,
                "use-lock",
                None,
                "UseLock enables a transport lock; no public source says how it is undone",
                "write 00 to byte 68",
            );
        }
        let options = u16::from_le_bytes([byte(self.zone, 90), byte(self.zone, 91)]);
        if options >> 8 & 0b11 == 3 || options >> 10 & 0b11 == 3 {
            self.find(
                Severity::Fault,
                "protection",
                None,
                "ChipOptions has 3 as output protection, an invalid value",
                "write 0, 1 or 2 to bits 9-8 and 11-10",
            );
        }
        let permission = byte(self.zone, 69);
        let key = slot_of(permission);
        if permission & 0x80 != 0 && self.is_private(key) {
            self.find(
                Severity::Fault,
                "latch-key",
                Some(key),
                "VolatileKeyPermission names a slot with a private key, with which CheckMac cannot \
                 permit the latch",
                "name a slot with a secret",
            );
        }
    }
}
