#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod attribute;
pub mod chip;
pub mod derive;
pub mod error;
pub mod fault;
pub mod generate;
pub mod hash;
pub mod key;
pub mod key_slots;
pub mod log;
pub mod mechanism;
pub mod module;
pub mod object;
pub mod operation;
pub mod options;
pub mod output;
mod presence;
pub mod random;
mod read_contents;
mod replace_key;
pub mod session;
mod session_objects;
pub mod settings;
pub mod stuck_bus;
pub mod token;

pub use error::Error;
pub use module::Module;
