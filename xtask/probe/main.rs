//! A firmware without an allocator. It links only if nothing in its crate
//! graph needs one.
#![no_std]
#![no_main]

use PACKAGE as _;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
