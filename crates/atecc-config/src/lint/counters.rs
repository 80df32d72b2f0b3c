//! Bytes that count, and those that an ATECC508A has where an ATECC608 has
//! others.

use alloc::format;

use atecc::config::offset;

use super::{Lint, Severity};
use crate::{Counter, is_508, is_608};

impl Lint<'_> {
    pub(super) fn counters(&mut self) {
        for (number, at) in Counter::OFFSETS.into_iter().enumerate() {
            let bytes = Counter::bytes_at(self.zone, at);
            let value = Counter::from_bytes(bytes);
            if value.to_bytes() != bytes {
                self.find(
                    Severity::Warning,
                    "counter-bytes",
                    None,
                    format!("no counter has the bytes of Counter{number} (byte {at})"),
                    "look whether the dump is right; FFFFFFFF00000000 is a counter at 0",
                );
            } else if value >= Counter::LAST {
                self.find(
                    Severity::Warning,
                    "counter",
                    None,
                    format!(
                        "Counter{number} is at its end, 2097151{}",
                        if number == 0 {
                            ": keys with limited uses are of no use"
                        } else {
                            ""
                        }
                    ),
                    "set the counters to FFFFFFFF00000000",
                );
            }
        }
        if is_508(self.zone)
            && (offset::LAST_KEY_USE..offset::USER_EXTRA)
                .any(|at| !is_last_key_use(self.zone.byte(at)))
        {
            self.find(
                Severity::Warning,
                "last-key-use",
                None,
                "LastKeyUse has bytes that no use leaves there (FF, 7F, 3F .. 01, 00)",
                "look whether the dump is right; FF in bytes 68 to 83 is 128 uses",
            );
        }
        if is_608(self.zone) {
            self.bytes_of_a_508();
        }
    }

    /// A configuration for an ATECC508A, written to an ATECC608.
    fn bytes_of_a_508(&mut self) {
        let nonzero = (75..84).any(|at| self.zone.byte(at) != 0);
        let last_key_use = (offset::LAST_KEY_USE..offset::USER_EXTRA)
            .all(|at| is_last_key_use(self.zone.byte(at)));
        if nonzero && last_key_use {
            self.find(
                Severity::Fault,
                "of-508",
                None,
                format!(
                    "bytes 18 and 68 to 83 are those of an ATECC508A (OTPmode {:02X}, LastKeyUse): \
                     here they are CountMatch, UseLock, VolatileKeyPermission, SecureBoot, KdfIv, \
                     and 75 to 83 must be 0",
                    self.zone.byte(offset::OTP_MODE)
                ),
                "before the lock write 00 to byte 18 and to bytes 68 to 83",
            );
        } else if nonzero {
            self.find(
                Severity::Warning,
                "reserved",
                None,
                "bytes 75 to 83 are reserved and must be 0",
                "write 00 to bytes 75 to 83",
            );
        }
    }
}

/// Uses are cleared from the most significant bit on.
const fn is_last_key_use(byte: u8) -> bool {
    byte & byte.wrapping_add(1) == 0
}
