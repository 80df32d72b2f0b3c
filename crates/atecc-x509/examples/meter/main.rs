//! A layout of one's own, from a blank chip to use: a water meter. Its key is in
//! slot 2, its readings are counted, its tariff crosses the bus encrypted with
//! the IO protection key, and its certificate is signed by its maker's chip.

mod certificate;
mod layout;

use atecc::commands::{Counter, CounterMode, ZoneState};
use atecc::procedures::{
    Configure, CreateKey, IncrementCounter, LockConfiguration, LockData, ReadEncrypted, ReadRegion,
    SessionKey, SignDigest, WriteBlockEncrypted, WriteData,
};
use atecc::{BlockAddress, ConfigZone, Device, Region, Timing};
use atecc_emulator::{Bus, Chip, Delay, I2cHandle, Revision};
use atecc_x509::{DateTime, PublicKey, SignatureBytes};

use certificate::Meter;
use layout::{CERTIFICATE, IDENTITY, IO_KEY, MAKER, READINGS, TARIFF, layout};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
type Emulated = Device<I2cHandle, Delay>;

/// From the host's random number generator, one for each meter.
const SECRET: [u8; 32] = [0x10; 32];

/// A blank chip, configured and with a key. From here on its configuration is
/// locked **for ever**.
fn with_key(revision: Revision) -> Result<(Emulated, ConfigZone, PublicKey)> {
    let bus = Bus::with_chip(Chip::blank(revision));
    let mut device = Device::new(bus.i2c(), bus.delay());
    let configured = device.run(Configure::new(layout))?;
    let config = device.run(LockConfiguration::new(configured))?;
    device.set_timing(Timing::from_config(&config));
    let key = device.run(CreateKey::new(IDENTITY))?;
    Ok((device, config, key.into()))
}

/// Certificate, keys and OTP are written and locked **for ever**.
fn finish(
    device: &mut Emulated,
    config: &ConfigZone,
    meter: &Meter,
    maker: &mut Emulated,
) -> Result {
    let certificate = meter
        .issue(maker, DateTime::new(2026, 11, 24, 9, 30, 0)?)?
        .to_bytes();
    let maker_key = meter.maker.to_padded_slot();
    let mut otp = [0; 64];
    otp[..11].copy_from_slice(b"WATER METER");
    let write = WriteData::new(config, &otp)
        .with_slot(IO_KEY, &SECRET)?
        .with_slot(CERTIFICATE, &certificate)?
        .with_slot(MAKER, &maker_key)?;
    let written = device.run(write)?;
    Ok(device.run(LockData::new(written))?)
}

/// The tariff, written and read so that no one on the bus sees it.
fn tariff(device: &mut Emulated, config: &ConfigZone, tariff: &[u8; 32]) -> Result {
    let session = |input| SessionKey {
        slot: IO_KEY,
        key: &SECRET,
        input,
        serial: config.serial_number(),
    };
    let block = BlockAddress::new(Region::Slot(TARIFF), 0)?;
    // The inputs are from the host's random number generator.
    let (to_write, to_read) = (session([0x57; 20]), session([0x52; 20]));
    device.run(WriteBlockEncrypted::new(
        block,
        tariff,
        ZoneState::Locked,
        to_write,
    ))?;
    let read = device.run(ReadEncrypted::new(block, to_read))?;
    assert_eq!(*read, *tariff);
    // In the clear there is nothing to be had, of the key neither.
    for slot in [TARIFF, IO_KEY] {
        assert!(
            device
                .run(ReadRegion::<32>::new(Region::Slot(slot)))
                .is_err()
        );
    }
    Ok(())
}

/// A reading is counted before it is signed, so that none is shown twice.
fn reading(device: &mut Emulated, litres: u32, key: &PublicKey) -> Result<u32> {
    let number = device.run(IncrementCounter::new(READINGS))?;
    let mut message = [0; 32];
    message[..4].copy_from_slice(&number.to_be_bytes());
    message[4..8].copy_from_slice(&litres.to_be_bytes());
    let signature = device.run(SignDigest::new(IDENTITY, message))?;
    key.verify(&message, &SignatureBytes::from_bytes(signature))?;
    Ok(number)
}

fn main() -> Result {
    for revision in [
        Revision::Atecc508A,
        Revision::Atecc608A,
        Revision::Atecc608B,
    ] {
        let (mut maker, _, maker_key) = with_key(revision)?;
        let (mut device, config, public_key) = with_key(revision)?;
        let meter = Meter {
            serial: config.serial_number(),
            public_key,
            maker: maker_key,
        };
        finish(&mut device, &config, &meter, &mut maker)?;
        let certificate = meter.certificate(&mut device)?;
        println!("{revision}: {}", certificate.subject_text());
        tariff(&mut device, &config, b"Tariff 7: 0.0021 for each litre.")?;
        for litres in [10, 25] {
            println!(
                "reading {}: {litres} l",
                reading(&mut device, litres, &public_key)?
            );
        }
        let (mode, counter) = (CounterMode::Read, READINGS);
        assert_eq!(device.execute(Counter { mode, counter })?, 2);
    }
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
