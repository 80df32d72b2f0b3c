//! What happens when the library is loaded.

use std::os::fd::BorrowedFd;

use crate::connection::recognise_inherited;

/// Called by the dynamic linker, before the program begins.
#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = start;

extern "C" fn start() {
    // SAFETY: the numbers begin with 0, so none is -1. A descriptor that is
    // not open is only asked for its peer, which the system refuses.
    recognise_inherited(|fd| unsafe { BorrowedFd::borrow_raw(fd) });
}
