//! The command as its user runs it: real processes, real files, emulated
//! chips.

mod basics;
mod bench;
mod births;
mod compressed;
mod config;
mod emulator;
mod halves;
mod in_process;
mod kept;
mod key_use;
mod killed;
mod look;
mod other_devices;
mod readable;
mod refusals;
mod secrets;
mod serials;
mod serving;
mod signers;
mod stuck;
mod tap;
mod terminal;
mod together;
mod transcript;
mod volatile;
