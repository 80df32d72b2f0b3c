//! Chips on an emulated bus, seen by a host that speaks in literal bytes.

mod faults;
mod framing;
mod golden;
mod states;
mod support;
