//! Image files of the emulator. What is read is written and read again as the
//! same.
#![no_main]

use atecc_emulator::Image;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Image::from_text(text) {
        Ok(image) => {
            let written = image.to_text();
            let again = Image::from_text(&written).expect("what was written can be read");
            assert_eq!(again.to_text(), written);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
