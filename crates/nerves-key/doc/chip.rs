// The `device` of the examples: an emulated chip that is configured and locked as a
// NervesKey is, with a key, and without certificates.
{
    use atecc_emulator::{Bus, Chip, Entropy, Image, Revision};
    use nerves_key_schema::{Layout, configure, slot};

    let blank = Image::blank(Revision::Atecc608B);
    let mut config = configure(&atecc::ConfigZone(*blank.config()), Layout::Standard).0;
    config[86..88].fill(0);
    let chip = Chip::new(blank.with_config(config)?, Entropy::Seeded(7))?;
    let bus = Bus::with_chip(chip);
    let mut device = atecc::Device::new(bus.i2c(), bus.delay());
    device.run(atecc::procedures::CreateKey::new(slot::DEVICE_KEY))?;
    device
}
