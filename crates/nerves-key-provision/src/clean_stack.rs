//! No secrets left on the stack.
//!
//! What is moved is copied, and the bytes stay where they were: zeroizing a
//! value when it is dropped wipes its last place only. So work with secrets is
//! done in a frame of its own, and the stack below is written over when it is
//! done. Source: libgcrypt does the same, `src/misc.c`, `_gcry_burn_stack`.

/// More than the frames of any of our calls take. Those of a debug build pass
/// 16 KiB, since certificates are taken apart on the stack.
#[cfg(not(target_os = "none"))]
const DEPTH: usize = 64 * 1024;
/// Firmware may have no such stack at all; its threads have none to share with.
#[cfg(target_os = "none")]
const DEPTH: usize = 512;

/// The result of `work`, of whose frames nothing is left.
pub(crate) fn with_clean_stack<T>(work: impl FnOnce() -> T) -> T {
    let result = in_a_frame(work);
    wipe();
    result
}

#[inline(never)]
fn in_a_frame<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
#[cfg_attr(
    not(target_os = "none"),
    expect(
        clippy::large_stack_arrays,
        reason = "the stack is what is written over"
    )
)]
fn wipe() {
    let mut stack = [0_u8; DEPTH];
    zeroize::Zeroize::zeroize(&mut stack);
    core::hint::black_box(&stack);
}
