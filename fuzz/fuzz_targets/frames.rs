//! The emulator against a host that writes and reads anything, in any lock
//! state.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use nerves_key_fuzz::bus::{Action, chip, play};

fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    let Ok(image) = chip(&mut u) else { return };
    let actions: Vec<_> = u
        .arbitrary_iter::<Action<'_>>()
        .into_iter()
        .flatten()
        .take(40)
        .flatten()
        .collect();
    play(image, &actions);
});
