#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]

mod bus;
mod connection;
mod descriptors;
mod edge;
mod ioctl;
mod smbus;
