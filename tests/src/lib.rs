//! Tests across the crates of this repository, and their vectors.

pub mod certificates;
pub mod fault_sweep;
pub mod host;
pub mod hosts;
pub mod jwt;
pub mod layout;
pub mod prng;
pub mod protocol;
mod random;
pub mod roundtrip;
pub mod sequences;
pub mod settings;
pub mod station;
pub mod terms;
pub mod torn;
pub mod trust;
pub mod vector_runner;
pub mod wire;

/// Every suite, by the vector file that it runs.
pub const SUITES: &[(&str, vector_runner::Suite)] = &[
    ("validity.json", certificates::validity),
    ("serial.json", certificates::serial),
    ("certs.json", certificates::certs),
    ("crc.json", protocol::crc),
    ("requests.json", protocol::requests),
    ("host_crypto.json", host::host),
    ("otp.json", layout::otp),
    ("config.json", layout::config),
    ("transcripts.json", sequences::transcripts),
    ("settings.json", settings::settings),
    ("jwt.json", jwt::jwt),
    ("tng.json", trust::tng),
];
