//! The vectors of the wire protocol: CRC, addresses, commands, groups, whole
//! conversations on the bus.

mod address;
mod call;
mod conversation;
mod data_zone;
mod frame;
mod script;
mod several;
mod status;
mod typed;

use std::path::Path;

use tests_vector_runner::{Tally, run_list};

pub(crate) use script::{Reply, Transfer, payload, run_with};

/// crc.json.
#[must_use]
pub fn crc(dir: &Path) -> Vec<Tally> {
    vec![run_list(dir, "crc.json", "cases", frame::crc)]
}

/// requests.json.
#[must_use]
pub fn requests(dir: &Path) -> Vec<Tally> {
    let file = "requests.json";
    vec![
        run_list(dir, file, "config_addr", address::config),
        run_list(dir, file, "config_addr_block", address::config_block),
        run_list(dir, file, "otp_addr", address::otp),
        run_list(dir, file, "data_addr", address::data),
        run_list(dir, file, "data_addr_block", address::data_block),
        run_list(dir, file, "edge_args", address::edge_args),
        run_list(dir, file, "slot_sizes", address::slot_sizes),
        run_list(dir, file, "calls", call::call),
        run_list(dir, file, "data_zone", data_zone::data_zone),
        run_list(dir, file, "status_codes", status::status_code),
        run_list(dir, file, "package", frame::package),
        run_list(dir, file, "unpackage", frame::unpackage),
        run_list(dir, file, "bus", conversation::conversation),
    ]
}
