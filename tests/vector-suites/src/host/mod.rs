//! The vectors of what a host computes next to the chip.
//!
//! The lists of the reference are in this repository. Those of another
//! library, [`EXTRA`], are run where a file has them.

mod boot;
mod derive;
mod elixir;
mod gen_dig;
mod gen_key;
mod mac;
mod nonce;
mod row;
mod sign;
mod write;

use std::path::Path;

use tests_vector_runner::{Tally, has_list, run_list};

const FILE: &str = "host_crypto.json";

/// The lists that the file in this repository does not have.
pub const EXTRA: &[&str] = &[
    "atcah_nonce",
    "atcah_mac",
    "atcah_check_mac",
    "atcah_hmac",
    "atcah_gen_dig",
    "atcah_gen_mac",
    "atcah_write_auth_mac",
    "atcah_privwrite_auth_mac",
    "atcah_derive_key",
    "atcah_derive_key_mac",
    "atcah_decrypt",
    "atcah_gen_key_msg",
    "atcah_config_to_sign_internal",
    "atcah_sign_internal_msg",
    "atcah_verify_mac",
    "atcah_secureboot_enc",
    "atcah_secureboot_mac",
    "atcah_io_decrypt",
    "atcah_encode_counter_match",
];

/// `host_crypto.json`: the lists of the reference, and as many of [`EXTRA`] as
/// the file has.
#[must_use]
pub fn host(dir: &Path) -> Vec<Tally> {
    let reference = [
        run_list(dir, FILE, "elixir_random_nonce", elixir::random_nonce),
        run_list(dir, FILE, "elixir_checkmac", elixir::check_mac),
        run_list(dir, FILE, "elixir_mac", elixir::mac),
    ];
    let extra = EXTRA
        .iter()
        .filter(|list| has_list(&dir.join(FILE), list))
        .map(|list| extra(dir, list));
    reference.into_iter().chain(extra).collect()
}

/// One list of [`EXTRA`].
fn extra(dir: &Path, list: &str) -> Tally {
    match list {
        "atcah_nonce" => run_list(dir, FILE, list, nonce::nonce),
        "atcah_mac" => run_list(dir, FILE, list, mac::mac),
        "atcah_check_mac" => run_list(dir, FILE, list, mac::check_mac),
        "atcah_hmac" => run_list(dir, FILE, list, mac::hmac),
        "atcah_gen_dig" => run_list(dir, FILE, list, gen_dig::gen_dig),
        "atcah_gen_mac" => run_list(dir, FILE, list, write::gen_mac),
        "atcah_write_auth_mac" => run_list(dir, FILE, list, write::block),
        "atcah_privwrite_auth_mac" => run_list(dir, FILE, list, write::private_key),
        "atcah_derive_key" => run_list(dir, FILE, list, derive::key),
        "atcah_derive_key_mac" => run_list(dir, FILE, list, derive::mac),
        "atcah_decrypt" => run_list(dir, FILE, list, write::decrypt),
        "atcah_gen_key_msg" => run_list(dir, FILE, list, gen_key::digest),
        "atcah_config_to_sign_internal" => run_list(dir, FILE, list, sign::config),
        "atcah_sign_internal_msg" => run_list(dir, FILE, list, sign::message),
        "atcah_verify_mac" => run_list(dir, FILE, list, sign::verify_mac),
        "atcah_secureboot_enc" => run_list(dir, FILE, list, boot::encrypt),
        "atcah_secureboot_mac" => run_list(dir, FILE, list, boot::mac),
        "atcah_io_decrypt" => run_list(dir, FILE, list, boot::io_decrypt),
        "atcah_encode_counter_match" => run_list(dir, FILE, list, boot::counter_match),
        _ => {
            let mut tally = Tally::new(FILE, list);
            tally.failures.push(format!("{list}: nobody checks it"));
            tally
        }
    }
}
