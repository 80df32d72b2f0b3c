//! PKCS#11 module for NervesKeys: the key in the chip for every program that
//! can load one.
//!
//! Programs see the functions in `ffi`, which is the only unsafe code: it
//! turns pointers into slices and back, and lets no panic out. Behind it is a
//! [`Module`] for each process: its [`token::Token`]s are the slots, each with
//! the chip that was last seen in it, and a [`session::Session`] has the
//! operations of one caller with one chip. The bus is shared with other
//! processes; it is locked for the length of one wake to sleep, never between
//! calls. No thread is made.
//!
//! After PKCS#11 3.0 and 2.40 (OASIS), and what clients were seen to need.
#![deny(unsafe_code)]

pub mod attribute;
pub mod chip;
pub mod derive;
pub mod error;
#[expect(unsafe_code, reason = "the C interface is pointers")]
pub mod ffi;
pub mod hash;
pub mod log;
pub mod mechanism;
pub mod module;
pub mod object;
pub mod operation;
pub mod output;
pub mod random;
pub mod session;
pub mod settings;
pub mod token;

pub use error::Error;
pub use module::Module;
