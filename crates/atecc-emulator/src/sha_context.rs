//! A SHA-256 computation that can be saved and resumed at any byte.
//!
//! The context of a 608 can leave the chip: byte count, eight state words
//! (both little-endian), then the bytes of the unfinished block. Source:
//! cryptoauthlib's test `sha_context`.

use sha2::block_api::compress256;
use zeroize::Zeroize;

use crate::memory::Slot;

/// Bytes of one SHA-256 block.
pub(crate) const BLOCK: usize = 64;
/// Bytes of a saved context before the unfinished block.
const SAVED_HEAD: usize = 36;
/// The initial state. Source: FIPS 180-4, section 5.3.3.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Where `SHA(Public)` put a stored public key into a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Embedded {
    pub(crate) slot: Slot,
    /// Index of the 64-byte block, when the key fills one.
    pub(crate) block: Option<u32>,
    /// 64-byte blocks of the finished message, padding included
    /// (unconfirmed); 0 before the end.
    pub(crate) blocks: u32,
}

/// A digest, and the public key that its message contains.
pub(crate) struct Finished {
    pub(crate) digest: [u8; 32],
    pub(crate) embedded: Option<Embedded>,
}

/// SHA-256 or HMAC-SHA256 in progress.
pub(crate) struct ShaContext {
    count: u32,
    state: [u32; 8],
    /// The first `count % 64` bytes are in use.
    block: [u8; BLOCK],
    /// The key block of the outer hash of an HMAC.
    outer: Option<[u8; BLOCK]>,
    embedded: Option<Embedded>,
}

impl ShaContext {
    pub(crate) const fn new() -> Self {
        Self {
            count: 0,
            state: INITIAL,
            block: [0; BLOCK],
            outer: None,
            embedded: None,
        }
    }

    /// HMAC with a key of 32 or 64 bytes. Source: FIPS 198-1, section 4.
    pub(crate) fn hmac(key: &[u8]) -> Self {
        let mut padded = [0; BLOCK];
        for (to, from) in padded.iter_mut().zip(key) {
            *to = *from;
        }
        let mut context = Self::new();
        context.update(&padded.map(|byte| byte ^ 0x36));
        context.outer = Some(padded.map(|byte| byte ^ 0x5C));
        padded.zeroize();
        context
    }

    pub(crate) const fn is_hmac(&self) -> bool {
        self.outer.is_some()
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let at = self.filled();
            self.block[at] = *byte;
            self.count = self.count.wrapping_add(1);
            if self.filled() == 0 {
                compress256(&mut self.state, &[self.block]);
            }
        }
    }

    /// `SHA(Public)`: the key of `slot`, noted for `Verify`.
    pub(crate) fn embed(&mut self, slot: Slot, public: &[u8; 64]) {
        let block = (self.filled() == 0).then_some(self.count / 64);
        self.update(public);
        self.embedded = Some(Embedded {
            slot,
            block,
            blocks: 0,
        });
    }

    pub(crate) fn finish(mut self) -> Finished {
        let outer = self.outer.take();
        let mut embedded = self.embedded;
        let inner = self.close();
        if let Some(embedded) = &mut embedded {
            embedded.blocks = self.count / 64;
        }
        let digest = match outer {
            None => inner,
            Some(mut key) => {
                let mut outer = Self::new();
                outer.update(&key);
                outer.update(&inner);
                key.zeroize();
                outer.close()
            }
        };
        Finished { digest, embedded }
    }

    /// 36 to 99 bytes. Of an HMAC only the inner hash (unconfirmed).
    pub(crate) fn save(&self) -> Vec<u8> {
        let mut saved = self.count.to_le_bytes().to_vec();
        saved.extend(self.state.iter().flat_map(|word| word.to_le_bytes()));
        saved.extend_from_slice(&self.block[..self.filled()]);
        saved
    }

    /// The context that was saved: plain SHA. `None` when the length does not
    /// belong to the byte count.
    pub(crate) fn restore(saved: &[u8]) -> Option<Self> {
        let (head, rest) = saved.split_first_chunk::<SAVED_HEAD>()?;
        let (count, words) = head.split_first_chunk::<4>()?;
        let mut context = Self::new();
        context.count = u32::from_le_bytes(*count);
        for (word, bytes) in context.state.iter_mut().zip(words.chunks_exact(4)) {
            *word = bytes
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        if rest.len() != context.filled() {
            return None;
        }
        context.block[..rest.len()].copy_from_slice(rest);
        Some(context)
    }

    /// Bytes of the unfinished block.
    const fn filled(&self) -> usize {
        self.count as usize % BLOCK
    }

    /// Padding and length. Source: FIPS 180-4, section 5.1.1.
    fn close(&mut self) -> [u8; 32] {
        let bits = u64::from(self.count) * 8;
        self.update(&[0x80]);
        while self.filled() != BLOCK - 8 {
            self.update(&[0]);
        }
        self.update(&bits.to_be_bytes());
        let mut digest = [0; 32];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }
}

impl Drop for ShaContext {
    fn drop(&mut self) {
        self.state.zeroize();
        self.block.zeroize();
        self.outer.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::{Digest, Sha256};

    use super::ShaContext;

    #[test]
    fn equals_the_libraries_at_every_length() {
        let message: Vec<u8> = (0..200).collect();
        for length in 0..message.len() {
            let part = &message[..length];
            let mut context = ShaContext::new();
            context.update(part);
            assert_eq!(context.finish().digest[..], Sha256::digest(part)[..]);
            for key in [&message[..32], &message[..64]] {
                let mut context = ShaContext::hmac(key);
                context.update(part);
                let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
                mac.update(part);
                assert_eq!(context.finish().digest[..], mac.finalize().into_bytes()[..]);
            }
        }
    }

    /// Trap 18 of `docs/sources.md`: count and state words travel
    /// little-endian. The two contexts are computed.
    #[test]
    fn trap_18_saved_contexts() {
        let hex = |text| crate::hex::decode(text).unwrap();
        let mut context = ShaContext::new();
        context.update(&[1, 2, 3, 4, 5]);
        assert_eq!(
            context.save(),
            hex(
                "0500000067E6096A85AE67BB72F36E3C3AF54FA57F520E518C68059BABD9831F\
                 19CDE05B0102030405"
            )
        );
        let message: Vec<u8> = (0..70).collect();
        let mut context = ShaContext::new();
        context.update(&message);
        let saved = context.save();
        assert_eq!(
            saved,
            hex(
                "46000000DFA299FC7A2AF48880D1B97BA2C6CD335F755602509A5B9D31CCA944\
                 A784BE5A404142434445"
            )
        );
        let resumed = ShaContext::restore(&saved).unwrap();
        let digest = "5767D69A906D4860DB9079EB7E90AB4A543E5CB032FCE846554AEF6CEB600E1D";
        assert_eq!(resumed.finish().digest[..], hex(digest));
        assert!(ShaContext::restore(&saved[..41]).is_none());
        assert!(ShaContext::restore(&saved[..35]).is_none());
    }
}
