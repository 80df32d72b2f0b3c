//! What a chip forgets: the registers in SRAM.
//!
//! Idle keeps all of it. Sleep and the watchdog clear all but the latch.
//! Source: ATECC508A datasheet, sections 2.5.1 and 6.2; 608 online
//! documentation, "SRAM".

use std::fmt;

use zeroize::Zeroize;

use crate::sha_context::{Embedded, Finished, ShaContext};

/// `TempKey` and its flags. A 508 has only the first 32 bytes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags are the datasheet's"
)]
#[derive(Default)]
pub(crate) struct TempKey {
    low: [u8; 32],
    high: [u8; 32],
    pub(crate) valid: bool,
    /// The upper half was loaded too. Only a 608 has one.
    wide: bool,
    pub(crate) source: Source,
    pub(crate) key_id: u8,
    pub(crate) gen_dig_data: bool,
    pub(crate) gen_key_data: bool,
    pub(crate) no_mac: bool,
    /// When the content is a digest that the chip made: the public key that
    /// is part of its message.
    embedded: Option<Embedded>,
}

/// Where the content of `TempKey` came from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Source {
    /// The chip's random number generator took part. `SourceFlag` 0.
    #[default]
    Rand,
    /// The host chose it. `SourceFlag` 1.
    Input,
}

impl TempKey {
    /// A fresh value with all other flags clear, as `Nonce` leaves it.
    pub(crate) fn load(&mut self, low: [u8; 32], source: Source) {
        self.low = low;
        self.valid = true;
        self.wide = false;
        self.embedded = None;
        self.source = source;
        self.key_id = 0;
        self.gen_dig_data = false;
        self.gen_key_data = false;
        self.no_mac = false;
    }

    /// The same with 64 bytes.
    pub(crate) fn load_64(&mut self, low: [u8; 32], high: [u8; 32], source: Source) {
        self.load(low, source);
        self.high = high;
        self.wide = true;
    }

    /// The upper half. The lower one stays as it was, or becomes zero when
    /// it was not valid (unconfirmed).
    pub(crate) fn load_high(&mut self, high: [u8; 32]) {
        if !self.valid {
            self.load([0; 32], Source::Input);
        }
        self.high = high;
        self.wide = true;
    }

    /// A digest of the SHA engine. `SourceFlag` Input is unconfirmed.
    pub(crate) fn load_hash(&mut self, hash: &Finished) {
        self.load(hash.digest, Source::Input);
        self.embedded = hash.embedded;
    }

    /// Another value under the same flags.
    pub(crate) const fn replace(&mut self, low: [u8; 32]) {
        self.low = low;
        self.wide = false;
        self.embedded = None;
    }

    /// A digest over a stored key, which `GenDig` makes for `slot`.
    pub(crate) const fn load_stored_digest(&mut self, digest: [u8; 32], slot: u8) {
        self.load_other_digest(digest);
        self.gen_dig_data = true;
        self.key_id = slot;
    }

    /// A digest of `GenDig` over something else. That `GenKeyData` becomes 0
    /// is unconfirmed.
    pub(crate) const fn load_other_digest(&mut self, digest: [u8; 32]) {
        self.replace(digest);
        self.gen_dig_data = false;
        self.gen_key_data = false;
        self.key_id = 0;
    }

    /// A digest over a public key, which `GenKey` makes for `slot`.
    pub(crate) const fn load_key_digest(&mut self, digest: [u8; 32], slot: u8) {
        self.replace(digest);
        self.valid = true;
        self.gen_dig_data = false;
        self.gen_key_data = true;
        self.key_id = slot;
    }

    /// The first 32 bytes, when valid.
    pub(crate) fn get(&self) -> Option<[u8; 32]> {
        self.valid.then_some(self.low)
    }

    /// The upper 32 bytes, when they were loaded.
    pub(crate) fn get_high(&self) -> Option<[u8; 32]> {
        (self.valid && self.wide).then_some(self.high)
    }

    /// The 32 or 64 bytes that were loaded last, when valid.
    pub(crate) fn loaded(&self) -> Option<Vec<u8>> {
        let high: &[u8] = if self.wide { &self.high } else { &[] };
        self.valid.then(|| [&self.low[..], high].concat())
    }

    /// All 64 bytes, when valid, whatever the upper half holds.
    pub(crate) fn get_64(&self) -> Option<[u8; 64]> {
        let mut whole = [0; 64];
        whole[..32].copy_from_slice(&self.low);
        whole[32..].copy_from_slice(&self.high);
        self.valid.then_some(whole)
    }

    /// The public key in the message whose digest this is.
    pub(crate) fn embedded(&self) -> Option<Embedded> {
        self.embedded.filter(|_| self.valid)
    }

    /// Valid, and random since the last `Nonce`.
    pub(crate) fn is_random(&self) -> bool {
        self.valid && self.source == Source::Rand
    }

    /// The byte that `Info` and internal `Sign` show: `NoMacFlag`,
    /// `GenKeyData`, `GenDigData`, `SourceFlag`, `KeyID`.
    pub(crate) fn flags(&self) -> u8 {
        u8::from(self.no_mac) << 7
            | u8::from(self.gen_key_data) << 6
            | u8::from(self.gen_dig_data) << 5
            | u8::from(self.source == Source::Input) << 4
            | self.key_id & 0x0F
    }
}

impl Drop for TempKey {
    fn drop(&mut self) {
        self.low.zeroize();
        self.high.zeroize();
    }
}

/// All volatile registers.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags are the datasheet's"
)]
#[derive(Default)]
pub(crate) struct Volatile {
    pub(crate) temp_key: TempKey,
    /// Message digest buffer of a 608; the second half may be unspecified.
    pub(crate) digest_buffer: Option<[u8; 64]>,
    /// As in `TempKey`: the public key in the message of that digest.
    pub(crate) digest_embedded: Option<Embedded>,
    /// Alternate key buffer of a 608.
    pub(crate) alternate_key: Option<[u8; 32]>,
    /// SHA in progress. A 508 keeps it in `TempKey`, a 608 in a buffer of
    /// its own.
    pub(crate) sha: Option<ShaContext>,
    /// `AuthValid`.
    pub(crate) auth_valid: bool,
    /// `AuthKeyID`.
    pub(crate) auth_key: u8,
    /// The random generator has run since the last sleep, with the seed in
    /// SRAM and with the seed in EEPROM.
    pub(crate) seeded_sram: bool,
    pub(crate) seeded_eeprom: bool,
    /// Persistent latch of a 608: survives sleep (unconfirmed), not power.
    pub(crate) latch: bool,
    /// `SecureBoot` of a 608 refuses until the next power cycle; that this
    /// survives sleep is unconfirmed.
    pub(crate) boot_prohibited: bool,
    /// Engines of a 608 whose self-test failed: bits as in `SelfTest`.
    pub(crate) failures: u8,
}

impl Volatile {
    /// What remains after sleep or the watchdog.
    pub(crate) fn sleep(&mut self) {
        let (latch, boot_prohibited) = (self.latch, self.boot_prohibited);
        *self = Self::default();
        self.latch = latch;
        self.boot_prohibited = boot_prohibited;
    }

    /// A digest into the message digest buffer; its other half is
    /// unspecified.
    pub(crate) fn load_digest_buffer(&mut self, first: &[u8; 32], second: &[u8; 32]) {
        let mut buffer = [0; 64];
        buffer[..32].copy_from_slice(first);
        buffer[32..].copy_from_slice(second);
        self.digest_buffer = Some(buffer);
        self.digest_embedded = None;
    }

    /// What remains without power: nothing.
    pub(crate) fn lose_power(&mut self) {
        *self = Self::default();
    }
}

impl Drop for Volatile {
    fn drop(&mut self) {
        self.digest_buffer.zeroize();
        self.alternate_key.zeroize();
    }
}

impl fmt::Debug for Volatile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Volatile")
            .field("temp_key_valid", &self.temp_key.valid)
            .field("temp_key_flags", &self.temp_key.flags())
            .field("auth_valid", &self.auth_valid)
            .field("auth_key", &self.auth_key)
            .field("latch", &self.latch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{ShaContext, Source, TempKey, Volatile};

    fn full() -> Volatile {
        let mut volatile = Volatile {
            digest_buffer: Some([1; 64]),
            alternate_key: Some([2; 32]),
            digest_embedded: None,
            sha: Some(ShaContext::new()),
            auth_valid: true,
            auth_key: 4,
            seeded_sram: true,
            seeded_eeprom: true,
            latch: true,
            boot_prohibited: true,
            failures: 1,
            temp_key: TempKey::default(),
        };
        volatile.temp_key.load([3; 32], Source::Input);
        volatile
    }

    fn is_empty_but_for_the_latch(volatile: &Volatile) -> bool {
        volatile.temp_key.get().is_none()
            && volatile.temp_key.flags() == 0
            && volatile.digest_buffer.is_none()
            && volatile.alternate_key.is_none()
            && volatile.sha.is_none()
            && volatile.failures == 0
            && !volatile.auth_valid
            && volatile.auth_key == 0
            && !volatile.seeded_sram
            && !volatile.seeded_eeprom
    }

    #[test]
    fn sleep_keeps_the_latch_alone() {
        let mut volatile = full();
        volatile.sleep();
        assert!(is_empty_but_for_the_latch(&volatile) && volatile.latch);
        assert!(volatile.boot_prohibited);
    }

    #[test]
    fn without_power_nothing_is_kept() {
        let mut volatile = full();
        volatile.lose_power();
        assert!(is_empty_but_for_the_latch(&volatile) && !volatile.latch);
        assert!(!volatile.boot_prohibited);
    }
}
