// The `device` of the example: an emulated NervesKey.
{
    use atecc_emulator::{Bus, Chip, Revision};
    use atecc_x509::DateTime;

    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let now = DateTime::new(2026, 11, 24, 9, 30, 0)?;
    tests_station::Station::new([0x42; 32], now, Some("N1234")).provision(&bus)?;
    tests_station::Station::device(&bus)
}
