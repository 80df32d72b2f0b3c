//! Emulated parts with the certificates of a row of `tng.json`.

use std::error::Error;

use atecc_emulator::{Bus, Chip, DATA_SIZE, Entropy, Image, Slot};

use super::Row;
use tests_vector_runner::Hex;

/// The configuration of a real 608B-TNGTLS. Source: recording
/// `ducky-608b-tngtls`.
const TNGTLS: &str = "012321a10000600307d31d31016145006a0000018500820085208520\
    85200f8f8f0f8f8f0f0f8f0f0f8f0f8f0f8f8f8f8f8f8f8fffffffff00000000ffffffff0000\
    0000000000f700697600000000000000000000000000ffff0e60000000005300530073007300\
    73001c007c001c003c001a001c0010001c001c001c001c00";

impl Row {
    /// A Trust&GO part for TLS with this row's certificates and key, which has
    /// to be a made-up one.
    ///
    /// # Errors
    /// When the row has no private key.
    pub fn part(&self) -> Result<Bus, Box<dyn Error>> {
        let mut image = self.image(TNGTLS, *b"KQp2ZkD8", 0)?;
        put(&mut image, 5, 0, &self.slot_5)?;
        put(&mut image, 10, 0, &self.slot_10)?;
        put(&mut image, 11, 0, &self.slot_11)?;
        put(&mut image, 12, 0, &self.slot_12)?;
        Ok(Bus::with_chip(Chip::new(image, Entropy::Seeded(7))?))
    }

    /// The same certificates where a Trust&GO part for `LoRaWAN` has them. Its
    /// configuration is that for TLS: no recording has another, and slot 1
    /// takes the key's place alike.
    ///
    /// # Errors
    /// When the row has no private key.
    pub fn lora_part(&self) -> Result<Bus, Box<dyn Error>> {
        let mut image = self.image(TNGTLS, *b"jsMu7iYO", 1)?;
        put(&mut image, 8, 0, &self.slot_11)?;
        put(&mut image, 8, 72, &self.slot_10)?;
        put(&mut image, 8, 144, &self.slot_12)?;
        Ok(Bus::with_chip(Chip::new(image, Entropy::Seeded(8))?))
    }

    fn image(&self, config: &str, code: [u8; 8], key: u8) -> Result<Image, Box<dyn Error>> {
        let mut config: [u8; 128] = Hex::try_from(config.to_owned())
            .map_err(|error| error.to_string())?
            .array()?;
        let serial: [u8; 9] = self.device_sn.array()?;
        config[..4].copy_from_slice(&serial[..4]);
        config[8..13].copy_from_slice(&serial[4..]);
        let mut otp = [0; 64];
        otp[..8].copy_from_slice(&code);
        let mut image = Image::from_zones(config, otp, [0; DATA_SIZE])?;
        let keys = self.private_keys.as_ref().ok_or("a row without its keys")?;
        put(&mut image, key, 4, &keys.device)?;
        Ok(image)
    }
}

fn put(image: &mut Image, slot: u8, at: usize, bytes: &Hex) -> Result<(), Box<dyn Error>> {
    let slot = Slot::new(slot).ok_or("no such slot")?;
    let place = image.slot_mut(slot).get_mut(at..at + bytes.0.len());
    place
        .ok_or("past the end of a slot")?
        .copy_from_slice(&bytes.0);
    Ok(())
}
