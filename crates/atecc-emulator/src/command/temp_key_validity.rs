//! How long `TempKey` stays valid.
//!
//! A 508 loses it in almost every command. A 608 keeps it, except in the
//! commands that use it up; those invalidate it in their own files.
//! Source: ATECC508A datasheet, section 2.5.1; for the 608 what
//! cryptoauthlib's tests need (the consuming commands are unconfirmed).

use super::{Core, Frame, Opcode, Status};

impl Core<'_> {
    /// Apply the rule after a command that ended with `error`, or well.
    pub(super) fn end_temp_key(
        &mut self,
        opcode: Option<Opcode>,
        frame: &Frame<'_>,
        error: Option<Status>,
    ) {
        let kept = if self.revision().is_508() {
            kept_by_508(opcode, error)
        } else {
            kept_by_608(opcode, frame, error)
        };
        if !kept {
            self.volatile.temp_key.valid = false;
        }
    }
}

fn kept_by_508(opcode: Option<Opcode>, error: Option<Status>) -> bool {
    // CheckMac copies a key or clears TempKey, SHA leaves its digest there.
    let decides_itself = matches!(
        opcode,
        Some(Opcode::Nonce | Opcode::GenDig | Opcode::GenKey | Opcode::CheckMac | Opcode::Sha)
    );
    match error {
        None => decides_itself || opcode == Some(Opcode::Info),
        Some(status) => status == Status::Ecc || opcode == Some(Opcode::Info),
    }
}

fn kept_by_608(opcode: Option<Opcode>, frame: &Frame<'_>, error: Option<Status>) -> bool {
    let writes_temp_key = match opcode {
        Some(Opcode::Nonce | Opcode::GenDig) => true,
        Some(Opcode::GenKey) => frame.p1 & 0x18 != 0,
        _ => false,
    };
    error.is_none() || !writes_temp_key
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, PUBLIC_KEY, bytes};
    use crate::memory::LockState::Locked;
    use crate::revision::Revision;
    use crate::volatile::Source;

    /// Opcode, Param1, Param2, data; then whether `TempKey` survives on a 508
    /// and on a 608. Slot 1 can sign, slot 9 can be written.
    type Row = (u8, u8, u16, &'static [u8], bool, bool);

    const SUCCEED: [Row; 11] = [
        (0x30, 0x00, 0, &[], true, true),            // Info
        (0x30, 0x02, 0, &[], true, true),            // Info state
        (0x02, 0x80, 0, &[], false, true),           // Read config
        (0x02, 0x82, 0x0048, &[], false, true),      // Read slot 9
        (0x1B, 0x00, 0, &[], false, true),           // Random
        (0x12, 0x82, 0x0048, &[0; 32], false, true), // Write slot 9
        (0x20, 0x00, 0, &[], false, true),           // UpdateExtra
        (0x17, 0x06, 0, &[], false, true),           // Lock slot 1
        (0x40, 0x00, 1, &[], true, true),            // GenKey public
        (0x40, 0x04, 1, &[], true, true),            // GenKey create
        (0x41, 0x80, 1, &[], false, false),          // Sign from TempKey
    ];

    const FAIL: [Row; 9] = [
        (0x30, 0x09, 0, &[], true, true),        // Info
        (0x02, 0x83, 0, &[], false, true),       // Read
        (0x1B, 0x0F, 0, &[], false, true),       // Random
        (0x12, 0x80, 0, &[0; 32], false, true),  // Write
        (0x17, 0x80, 0, &[], false, true),       // Lock
        (0x40, 0x00, 7, &[], false, true),       // GenKey public
        (0x40, 0x08, 7, &[], false, false),      // GenKey with digest
        (0x16, 0x02, 0, &[0; 20], false, false), // Nonce
        (0x99, 0x00, 0, &[], false, true),       // no such opcode
    ];

    fn check(revision: Revision, (opcode, p1, p2, data, old, new): Row, succeeds: bool) {
        let mut harness = Harness::new(revision, Locked);
        harness.configure(1, 0x2087, 0x0033);
        harness.configure(9, 0x0000, 0x003C);
        harness.store_private_key(1);
        harness.load_temp_key(Source::Input);
        let status = harness.status(opcode, p1, p2, data);
        assert_eq!(
            status == 0x00,
            succeeds,
            "{revision} {opcode:02X} {p1:02X}: {status:02X}"
        );
        let expected = if revision == Revision::Atecc508A {
            old
        } else {
            new
        };
        assert_eq!(
            harness.volatile.temp_key.valid, expected,
            "{revision} {opcode:02X} {p1:02X}"
        );
    }

    fn check_all(revision: Revision) {
        for row in SUCCEED {
            check(revision, row, true);
        }
        for row in FAIL {
            check(revision, row, false);
        }
    }

    /// Successes of a 608 alone, or with data that does not fit above.
    fn check_more(revision: Revision) {
        let digest = [7; 32];
        let prf = [&0x2000_0001_u32.to_le_bytes()[..], &digest].concat();
        let kept = revision != Revision::Atecc508A;
        let rows: [(u8, u8, u16, Vec<u8>, bool); 10] = [
            (0x24, 0x00, 0, vec![], kept),             // Counter
            (0x08, 0x00, 9, vec![0; 32], kept),        // MAC without TempKey
            (0x08, 0x05, 9, vec![], false),            // MAC with TempKey
            (0x28, 0x00, 9, vec![0; 77], kept),        // CheckMac, a mismatch
            (0x28, 0x05, 9, vec![0; 77], false),       // with TempKey
            (0x15, 0x02, 9, vec![], true),             // GenDig
            (0x45, 0x02, 4, verify_external(), false), // Verify
            (0x16, 0x43, 0, digest.to_vec(), kept),    // Nonce to the buffer
            (0x51, 0x00, 0xFFFF, vec![0; 16], kept),   // AES
            (0x56, 0x10, 0, prf, kept),                // KDF
        ];
        for (opcode, p1, p2, data, expected) in rows {
            let is_new = matches!(opcode, 0x51 | 0x56) || (opcode, p1) == (0x16, 0x43);
            if is_new && !kept {
                continue;
            }
            let mut harness = Harness::new(revision, Locked);
            harness.configure(9, 0x0080, 0x003C);
            harness.load_temp_key(Source::Input);
            let status = harness.status(opcode, p1, p2, &data);
            assert!(status <= 0x01, "{revision} {opcode:02X} {status:02X}");
            let valid = harness.volatile.temp_key.valid;
            assert_eq!(valid, expected, "{revision} {opcode:02X} {p1:02X}");
        }
    }

    /// A signature that is none, and a key.
    fn verify_external() -> Vec<u8> {
        [vec![1; 64], bytes(PUBLIC_KEY)].concat()
    }

    /// Trap 9 of `docs/sources.md`: on a 508 almost everything clears
    /// `TempKey`.
    #[test]
    fn trap_09_temp_key_of_a_508() {
        check_all(Revision::Atecc508A);
        check_more(Revision::Atecc508A);
    }

    /// Trap 8 of `docs/sources.md`: on a 608 it lives until it is used or
    /// overwritten.
    #[test]
    fn trap_08_temp_key_of_a_608() {
        check_all(Revision::Atecc608A);
        check_all(Revision::Atecc608B);
        check_more(Revision::Atecc608A);
        check_more(Revision::Atecc608B);
    }
}
