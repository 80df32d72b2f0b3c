//! Explains what passes between a host and an ATECC508A, ATECC608A or
//! ATECC608B: groups become typed commands and responses, and words.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
