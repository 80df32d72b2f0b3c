//! The vectors of what a NervesKey keeps where: configuration zone and OTP.

mod config;
mod otp;
mod set_field;
mod view;

use std::path::Path;

use tests_vector_runner::{Tally, run_list};

pub(crate) use config::revision_name;

/// config.json.
#[must_use]
pub fn config(dir: &Path) -> Vec<Tally> {
    let file = "config.json";
    vec![
        run_list(dir, file, "decode", config::decode),
        run_list(dir, file, "configure", config::configured),
        run_list(dir, file, "compatible", config::compatible),
        run_list(dir, file, "set_field", set_field::set_field),
    ]
}

/// otp.json.
#[must_use]
pub fn otp(dir: &Path) -> Vec<Tally> {
    let file = "otp.json";
    vec![
        run_list(dir, file, "encode", otp::encode),
        run_list(dir, file, "encode_struct", otp::encode_struct),
        run_list(dir, file, "decode", otp::decode),
    ]
}
