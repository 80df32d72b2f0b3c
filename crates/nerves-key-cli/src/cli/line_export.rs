//! Arguments of `nerves-key line export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::line::Place;
use super::signer_key::KeyOptions;
use crate::signing::KeyName;

#[derive(Args, Debug)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The batch.
    #[arg(long, value_name = "NAME")]
    pub(crate) batch: String,
    /// The form.
    #[arg(long = "for", value_name = "FORM")]
    pub(crate) form: Form,
    /// Write to this file, which must not exist, instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Only what is new since the export that wrote this file by --heads-out.
    #[arg(long, value_name = "FILE")]
    pub(crate) since: Option<PathBuf>,
    /// Write the ends of the chains to this file, which must not exist: for the
    /// next --since, and for line audit --heads.
    #[arg(long, value_name = "FILE")]
    pub(crate) heads_out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) manifest: Manifest,
}

/// For whom units are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Form {
    /// CSV: chip, serial, state, public key, certificate.
    Csv,
    /// A JSON document on each line.
    Jsonl,
    /// CSV for `nh device bulk_create`.
    NervesHub,
    /// JSON lines for bulk registration of AWS `IoT`, with `CertificatePem`.
    Aws,
    /// JSON for Azure DPS: bulk creation of individual enrolments, ten at a
    /// time.
    Azure,
    /// Microchip's manifest, each chip signed: with --sign-key, --sign-cert,
    /// --model, --part-number and --organization.
    Manifest,
}

/// What a manifest has besides what the ledger knows.
#[derive(Args, Debug)]
pub(crate) struct Manifest {
    /// The private key that signs a manifest: a PEM file, or pkcs11:.. (RFC
    /// 7512).
    #[arg(
        long,
        value_name = "FILE|pkcs11:..",
        required_if_eq("form", "manifest")
    )]
    pub(crate) sign_key: Option<KeyName>,
    /// Its certificate, which readers of the manifest have to have. It needs a
    /// subject key identifier.
    #[arg(long, value_name = "FILE", required_if_eq("form", "manifest"))]
    pub(crate) sign_cert: Option<PathBuf>,
    /// The chips' base model, such as ATECC608B.
    #[arg(long, value_name = "TEXT", required_if_eq("form", "manifest"))]
    pub(crate) model: Option<String>,
    /// Their complete part number, such as ATECC608B-MAHDA-T.
    #[arg(long, value_name = "TEXT", required_if_eq("form", "manifest"))]
    pub(crate) part_number: Option<String>,
    /// Who provisions and distributes them.
    #[arg(long, value_name = "NAME", required_if_eq("form", "manifest"))]
    pub(crate) organization: Option<String>,
    #[command(flatten)]
    pub(crate) options: KeyOptions,
}
