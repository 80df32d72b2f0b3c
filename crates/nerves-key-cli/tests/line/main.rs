//! `nerves-key line`, as a bench uses it: on a ledger in a file and emulated
//! chips in image files.

mod around;
mod at_a_terminal;
mod bad_input;
mod bench;
mod damaged;
mod exports;
mod interrupted;
mod ledger_file;
mod reports;
#[cfg(feature = "line-postgres")]
mod server;
#[cfg(feature = "line-postgres")]
mod spool;
mod stations;
mod status;
mod swapping;
mod volatile;
