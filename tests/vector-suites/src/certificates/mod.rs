//! The vectors of certificates: dates, serial numbers, whole certificates.
//!
//! Trust&Go's own time forms (`trust_and_go_x509` in validity.json) are not
//! looked at here.

mod device;
mod row;
mod signer;
mod small;
mod storage;

use std::path::Path;

use tests_vector_runner::{Tally, run_list};

/// validity.json.
#[must_use]
pub fn validity(dir: &Path) -> Vec<Tally> {
    let file = "validity.json";
    vec![
        run_list(dir, file, "compress", small::compress),
        run_list(dir, file, "decompress", small::decompress),
    ]
}

/// serial.json.
#[must_use]
pub fn serial(dir: &Path) -> Vec<Tally> {
    let file = "serial.json";
    vec![
        run_list(dir, file, "from_device_sn", small::from_device_sn),
        run_list(dir, file, "from_public_key", small::from_public_key),
    ]
}

/// certs.json.
#[must_use]
pub fn certs(dir: &Path) -> Vec<Tally> {
    let file = "certs.json";
    vec![
        run_list(dir, file, "signers", signer::signer),
        run_list(dir, file, "devices", device::device),
        run_list(dir, file, "device_errors", device::device_error),
        run_list(dir, file, "signer_errors", signer::signer_error),
    ]
}
