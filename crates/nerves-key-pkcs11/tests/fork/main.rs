//! Processes that fork while a thread is in a session. Here and not beside the
//! lock, because forking wants unsafe code.

#[path = "../support/mod.rs"]
mod support;

mod child;
mod lock;
mod many;
mod module;
