//! The chips that commands are tried on: both zones locked, and slots such that
//! most commands succeed.

use atecc::commands::{GenKey, GenKeyMode};
use atecc::procedures::SignDigest;
use atecc::{Device, PublicKey};
use atecc_emulator::{Bus, Chip, Entropy, Image, Revision, Slot};

/// What is signed.
pub const DIGEST: [u8; 32] = [0x5A; 32];
/// The symmetric key in slot 2.
pub const KEY: [u8; 32] = [0x22; 32];

/// `SlotConfig` and `KeyConfig` of each slot.
const SLOTS: [(u16, u16); 16] = [
    // A private key for everything.
    (0x2087, 0x0033),
    // An AES key.
    (0x8080, 0x0018),
    // A symmetric key, which DeriveKey may change.
    (0x2080, 0x003C),
    // A private key that can be written, encrypted with the key in slot 2.
    (0x4287, 0x0033),
    // A symmetric key of limited use.
    (0x80A0, 0x003C),
    // Free.
    (0x0000, 0x003C),
    // Read and written encrypted, with the key in slot 2.
    (0x42C2, 0x003C),
    // A private key that can be made again.
    (0x2087, 0x0033),
    // Free.
    (0x0000, 0x003C),
    // A public key.
    (0x0000, 0x0030),
    // A public key whose validity is tracked.
    (0x0000, 0x0032),
    // The digest of the secure boot.
    (0x0000, 0x003C),
    // The IO protection key.
    (0x0000, 0x003C),
    (0x0000, 0x003C),
    // To be locked.
    (0x0000, 0x003C),
    (0x0000, 0x003C),
];

/// A chip's memory, and what a host knows of it.
#[derive(Clone, Debug)]
pub struct Kit {
    /// The memory.
    pub image: Image,
    /// Of the key in slot 0; also in slot 9.
    pub public: PublicKey,
    /// Of [`DIGEST`] with that key.
    pub signature: [u8; 64],
}

impl Kit {
    /// For a `revision` with this `ChipMode`.
    ///
    /// # Panics
    /// When a chip on a quiet bus does not sign.
    #[must_use]
    pub fn new(revision: Revision, chip_mode: u8) -> Self {
        let mut image = image(revision, chip_mode);
        let bus = Bus::with_chip(chip(&image, 1));
        let mut device = Device::new(bus.i2c(), bus.delay());
        let public = device.execute(GenKey {
            mode: GenKeyMode::Public,
            slot: atecc::Slot::S0,
        });
        let public = public.expect("a public key");
        let signature = device.run(SignDigest::new(atecc::Slot::S0, DIGEST));
        let signature = signature.expect("a signature");
        for (at, half) in public.0.chunks(32).enumerate() {
            let start = 36 * at + 4;
            slot(&mut image, 9)[start..start + 32].copy_from_slice(half);
        }
        Self {
            image,
            public,
            signature,
        }
    }

    /// The same of a chip that tests itself at each wake, for 20 ms.
    ///
    /// # Panics
    /// Never: it stays the chip that it was.
    #[must_use]
    pub fn testing_itself(mut self) -> Self {
        let mut config = *self.image.config();
        // ChipOptions bit 0.
        config[90] |= 0x01;
        let image = self.image.with_config(config);
        self.image = image.expect("the same revision");
        self
    }
}

/// A chip with this memory, whose random numbers follow from `seed`.
///
/// # Panics
/// Never: such a seed asks the operating system for nothing.
#[must_use]
pub fn chip(image: &Image, seed: u64) -> Chip {
    Chip::new(image.clone(), Entropy::Seeded(seed)).expect("seeded")
}

fn image(revision: Revision, chip_mode: u8) -> Image {
    let mut config = *Image::blank(revision).config();
    config[19] = chip_mode;
    for (at, (slot_config, key_config)) in SLOTS.iter().enumerate() {
        config[20 + 2 * at..][..2].copy_from_slice(&slot_config.to_le_bytes());
        config[96 + 2 * at..][..2].copy_from_slice(&key_config.to_le_bytes());
    }
    // LockValue and LockConfig: both locked.
    config[86..88].fill(0x00);
    if revision != Revision::Atecc508A {
        // Secure boot with a stored digest: that in slot 11, the key in slot 9.
        config[70..72].copy_from_slice(&[0x03, 0x9B]);
        // ChipOptions: an IO protection key, in slot 12; KDF may use AES.
        config[90..92].copy_from_slice(&[0x06, 0xC0]);
    }
    let image = Image::blank(revision).with_config(config);
    let mut image = image.expect("the same revision");
    for index in 0..16 {
        slot(&mut image, index).fill(0x11 * index);
    }
    slot(&mut image, 0)[..4].fill(0x00);
    slot(&mut image, 0)[4..].fill(0x01);
    slot(&mut image, 11)[..32].copy_from_slice(&DIGEST);
    image
}

fn slot(image: &mut Image, index: u8) -> &mut [u8] {
    image.slot_mut(Slot::new(index).expect("a slot"))
}
