// The `device` of the examples: an emulated ATECC608B whose zones are locked.
{
    use atecc_emulator::{Bus, Chip, Entropy, Image, Revision};

    let blank = Image::blank(Revision::Atecc608B);
    let mut config = *blank.config();
    let mut configure = |slot: usize, slot_config: u16, key_config: u16| {
        config[20 + 2 * slot..][..2].copy_from_slice(&slot_config.to_le_bytes());
        config[96 + 2 * slot..][..2].copy_from_slice(&key_config.to_le_bytes());
    };
    // As from the factory: 0 and 1 are private keys, 4 is a secret of 32 times FF,
    // 8 to 14 are in the clear.
    configure(5, 0x44C4, 0x001C); // Read and written encrypted with the key in slot 4.
    configure(9, 0x8F8F, 0x0018); // An AES key.
    configure(13, 0x2080, 0x001C); // A key that DeriveKey rolls.
    config[86..88].fill(0);
    let chip = Chip::new(blank.with_config(config)?, Entropy::Seeded(7))?;
    let bus = Bus::with_chip(chip);
    atecc::Device::new(bus.i2c(), bus.delay())
}
