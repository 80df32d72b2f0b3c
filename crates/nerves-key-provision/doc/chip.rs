// The `device` of the examples: a blank chip, emulated.
{
    use atecc_emulator::{Bus, Chip, Revision};

    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    atecc::Device::new(bus.i2c(), bus.delay())
}
