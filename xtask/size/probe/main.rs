//! A firmware whose size is measured: a bus that does nothing, and as much of
//! `atecc` as the feature says. Without a feature it is the baseline that is
//! subtracted.
//!
//! It is built to be measured and not to run.
#![no_std]
#![no_main]

mod bus;
#[cfg(feature = "everything")]
mod everything;
#[cfg(feature = "tls")]
mod tls;

use core::hint::black_box;

use atecc::Device;
#[cfg(feature = "sign")]
use atecc::{Slot, procedures::SignDigest};

use bus::{Bus, Delay};

type Chip = Device<Bus, Delay>;

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    bus::touch();
    black_box(bytes_at::<256>());
    let chip = &mut Device::new(Bus, Delay);
    black_box(&mut *chip);
    #[cfg(feature = "sign")]
    apart(chip, |chip| {
        chip.run(SignDigest::new(given(Slot::S0), bytes()))
    });
    #[cfg(feature = "everything")]
    everything::use_all(chip);
    #[cfg(feature = "tls")]
    tls::exchange(chip);
    loop {}
}

/// Run `operation` in a stack frame of its own, which the measurement starts
/// from: what it is given, what it works with and what comes of it.
#[cfg(any(feature = "sign", feature = "everything", feature = "tls"))]
#[inline(never)]
fn apart<R>(chip: &mut Chip, operation: impl FnOnce(&mut Chip) -> R) {
    black_box(operation(chip));
}

/// `value`, unknown to the compiler.
#[cfg(any(feature = "sign", feature = "everything", feature = "tls"))]
#[inline(always)]
fn given<T>(value: T) -> T {
    black_box(value)
}

/// Bytes from somewhere.
#[cfg(any(feature = "sign", feature = "everything"))]
#[inline(always)]
fn bytes<const N: usize>() -> [u8; N] {
    *bytes_at()
}

#[inline(always)]
fn bytes_at<const N: usize>() -> &'static [u8; N] {
    static SOMEWHERE: [u8; 256] = [0; 256];
    black_box(&SOMEWHERE).first_chunk().unwrap_or(&[0; N])
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
