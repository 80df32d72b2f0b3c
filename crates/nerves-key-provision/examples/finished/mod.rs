//! An emulated chip, blank or finished, for the examples.
#![allow(dead_code, reason = "each example takes what it needs")]

use atecc::Device;
use atecc_emulator::{Bus, Chip, Delay, I2cHandle, Revision};
use atecc_x509::{DateTime, Format, NervesKeySigner};
use nerves_key::ReadSnapshot;
use nerves_key_provision::{
    Challenges, KeySigner, Plan, Request, VolatileSecrets, create_signer, provision,
};
use nerves_key_schema::{Layout, ManufacturerSerial};

/// What the examples return.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A driver on an emulated bus. On Linux it would be `atecc_linux::open`, on a
/// microcontroller any embedded-hal bus and delay.
pub(crate) type Emulated = Device<I2cHandle, Delay>;

/// A blank chip.
pub(crate) fn blank() -> Emulated {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    Device::new(bus.i2c(), bus.delay())
}

/// When the examples take place.
pub(crate) fn now() -> Result<DateTime> {
    Ok(DateTime::new(2026, 11, 24, 9, 30, 0)?)
}

/// The signer's key. A real one is random, and in an HSM.
pub(crate) fn signer_key() -> Result<KeySigner> {
    Ok(KeySigner::from_bytes(&[0x42; 32])?)
}

/// What is asked for.
pub(crate) fn request(layout: Layout) -> Result<Request> {
    let key = signer_key()?;
    let certificate = create_signer(&key, now()?, 10, Format::V0)?;
    let signer = NervesKeySigner::check(&certificate)?;
    let mut request = Request::new(signer, now()?, now()?);
    request.serial = Some(ManufacturerSerial::new("N1234")?);
    request.layout = layout;
    if layout == Layout::Volatile {
        request.volatile_keys = Some(VolatileSecrets::new(&ACTIVATION_KEY, &[0xE7; 16]));
    }
    request.signer_key = Some(key.public_key());
    Ok(request)
}

/// Of the volatile layout.
pub(crate) const ACTIVATION_KEY: [u8; 16] = [0xA5; 16];

/// What proves the key while it is provisioned; from a random number generator.
pub(crate) const CHALLENGES: Challenges = Challenges {
    before_certificate: [0xCE; 32],
    before_lock: [0xB0; 32],
    after_lock: [0xAF; 32],
};

/// A provisioned chip.
pub(crate) fn finished(layout: Layout) -> Result<Emulated> {
    let mut device = blank();
    let snapshot = device.run(ReadSnapshot::new())?;
    let plan = Plan::new(&snapshot, &request(layout)?)?;
    provision(&mut device, &plan, &mut signer_key()?, CHALLENGES, |_| {})?;
    Ok(device)
}
