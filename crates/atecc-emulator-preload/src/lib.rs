//! Gives any program a `/dev/i2c-N` that is a served emulator.
//!
//! Load it with `LD_PRELOAD`, and name the server's socket in
//! `ATECC_EMULATOR_SOCKET`. Opening `/dev/i2c-N` then connects to the server
//! when it has a bus N, and what the program does with the descriptor becomes
//! requests. Every other file passes untouched.
//!
//! The descriptor that the program gets is the connection itself, and the
//! server keeps its state (the bus, and the address of `I2C_SLAVE`). So
//! `dup`, `fork` and `exec` share it as they share an open file, and each
//! request brings a socket for its own reply, so that threads and processes
//! need no lock. All that is kept here is which descriptors are connections.
//!
//! What is not seen: relative names, links to `/dev/i2c-N`, `fopen`, programs
//! that are linked statically or make system calls themselves.
//!
//! Variadic functions are defined here with their one optional argument in
//! place. That is the same call on the Linux targets of x86-64, Arm and
//! RISC-V, whose optional integers travel like named ones.
#![cfg(target_os = "linux")]

mod bus;
mod connection;
mod descriptors;
mod edge;
mod ioctl;
mod smbus;
