//! Certificate definitions that are files, against what is built in and against
//! public certificates of other makers.

mod built_in;
mod foreign;
mod layout;

use std::fs;
use std::path::Path;

use atecc_certdef::Definition;
use atecc_x509::{Certificate, CertificateDef, Part, round_trip};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn definition(path: &str) -> Definition {
    let text = fs::read_to_string(repository().join(path)).unwrap();
    Definition::from_toml(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Parts of `certificate` that would come back as others.
fn lost(certificate: &Certificate, definition: &dyn CertificateDef) -> Vec<Part> {
    let checks = certificate.check_fields(definition).unwrap();
    let lost: Vec<_> = checks
        .iter()
        .filter(|check| !check.survives())
        .map(|check| check.part)
        .collect();
    assert_eq!(lost.is_empty(), round_trip(certificate, definition).is_ok());
    lost
}
