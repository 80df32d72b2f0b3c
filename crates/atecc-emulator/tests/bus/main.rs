//! Chips on an emulated bus, seen by a host that speaks in literal bytes.

mod faults;
mod framing;
mod golden;
mod self_test;
mod states;
mod support;
mod transfers;
mod traps;
