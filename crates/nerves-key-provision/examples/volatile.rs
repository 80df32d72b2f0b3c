//! The volatile layout: the key rests until somebody who knows the activation
//! key has been there.

mod finished;

use finished::{ACTIVATION_KEY, Result, finished};
use nerves_key::{Activate, Activation, ReadSnapshot, sign};
use nerves_key_schema::Layout;

fn main() -> Result {
    let mut device = finished(Layout::Volatile)?;
    let serial = device.run(ReadSnapshot::new())?.config.serial_number();
    // Provisioning has proved the key, so the latch is set until the supply
    // fails; with a served or a real chip it would not be after power-up.
    let nonce = [0x07; 20]; // From a random number generator.
    let activation = device.run(Activate::with_key(&ACTIVATION_KEY, serial, nonce))?;
    assert_eq!(activation, Activation::Active);
    println!("{:02X?}", device.run(sign([0x5A; 32]))?);
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
