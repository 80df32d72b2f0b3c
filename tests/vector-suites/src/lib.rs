//! The suites of the vector files: what a reference implementation answered,
//! against what ours answers.
#![forbid(unsafe_code)]

pub mod certificates;
pub mod host;
pub mod jwt;
pub mod layout;
pub mod protocol;
pub mod sequences;
pub mod settings;

/// Every suite, by the vector file that it runs.
pub const SUITES: &[(&str, tests_vector_runner::Suite)] = &[
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
    ("tng.json", tests_trust::tng),
];
