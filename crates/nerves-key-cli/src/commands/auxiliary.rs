//! `nerves-key aux`.

use nerves_key::{Auxiliary, AuxiliarySlots, ReadAuxiliary, WriteAuxiliary};
use nerves_key_provision::create_auxiliary;
use serde_json::json;

use crate::certificate::Summary;
use crate::cli::auxiliary::{Aux, AuxProvision};
use crate::cli::cert::ChainPart;
use crate::cli::chip::Chip;
use crate::error::{CliError, Exit};
use crate::files;
use crate::output::Output;
use crate::signing::AnySigner;
use crate::{causes, interrupt, missing_part, signing, system};

pub(super) fn run(command: &Aux, output: Output) -> Result<(), CliError> {
    match command {
        Aux::Provision(arguments) => provision(arguments, output),
        Aux::Clear(chip) => clear(chip, output),
        Aux::Show(chip) => {
            let Found { auxiliary, .. } = Found::on(chip)?;
            show(auxiliary.as_ref(), output)
        }
        Aux::Export { chip, which, out } => {
            files::check_out(out.as_deref())?;
            let auxiliary = Found::on(chip)?.auxiliary.ok_or_else(none)?;
            let certificates: &[_] = match which {
                ChainPart::Device => &[&auxiliary.device_certificate],
                ChainPart::Signer | ChainPart::Root => &[&auxiliary.signer_certificate],
                ChainPart::Chain => &[&auxiliary.device_certificate, &auxiliary.signer_certificate],
            };
            super::cert::export(certificates, out.as_deref(), output)
        }
    }
}

/// What a chip has, verified.
struct Found {
    auxiliary: Option<Auxiliary>,
}

impl Found {
    fn on(chip: &Chip) -> Result<Self, CliError> {
        let mut device = chip.open()?;
        let identity = missing_part::read_identity(&mut device)?;
        let slots = causes::run(&mut device, ReadAuxiliary::new())?;
        Ok(Self {
            auxiliary: identity.auxiliary(&slots).map_err(|error| {
                CliError::failed(error).with_advice(
                    "A write of them may have been interrupted: nerves-key aux provision writes \
                     them again, nerves-key aux clear removes them.",
                )
            })?,
        })
    }
}

fn none() -> CliError {
    CliError::new(Exit::Stage, "the chip has no auxiliary certificates")
}

fn show(auxiliary: Option<&Auxiliary>, output: Output) -> Result<(), CliError> {
    let Some(auxiliary) = auxiliary else {
        let document = json!({ "auxiliary": null });
        return output.result("no auxiliary certificates", &document);
    };
    let device = Summary::of(&auxiliary.device_certificate).map_err(CliError::failed)?;
    let signer = Summary::of(&auxiliary.signer_certificate).map_err(CliError::failed)?;
    let text = format!(
        "{}\n{}",
        device.text("auxiliary device certificate"),
        signer.text("auxiliary signer certificate")
    );
    let document = json!({
        "auxiliary": {
            "device_certificate": device.json(),
            "signer_certificate": signer.json(),
        }
    });
    output.result(&text, &document)
}

fn provision(arguments: &AuxProvision, output: Output) -> Result<(), CliError> {
    let now = system::now()?;
    let signer = files::signer(&arguments.signer_cert)?;
    signing::check_validity(&signer, now)?;
    let format = signing::announce_format(arguments.format, output);
    let mut signing = AnySigner::open(&arguments.signer_key, &arguments.options)?;
    signing.check(&signer.signer.public_key)?;
    let mut device = arguments.chip.open()?;
    let identity = missing_part::read_identity(&mut device)?;
    let slots = create_auxiliary(&identity, &signer, &mut signing, now, format)
        .map_err(CliError::failed)?;
    // What is going to be written is what will be read.
    let auxiliary = identity.auxiliary(&slots)?;
    interrupt::hold()?;
    causes::run(&mut device, WriteAuxiliary::new(&identity, &slots))?;
    if let Some(auxiliary) = &auxiliary {
        signing::warn_of_certificate(&auxiliary.device_certificate, output)?;
    }
    show(auxiliary.as_ref(), output)
}

fn clear(chip: &Chip, output: Output) -> Result<(), CliError> {
    let mut device = chip.open()?;
    let identity = missing_part::read_identity(&mut device)?;
    interrupt::hold()?;
    causes::run(
        &mut device,
        WriteAuxiliary::new(&identity, &AuxiliarySlots::EMPTY),
    )?;
    let document = json!({ "auxiliary": null });
    output.result("the auxiliary certificates are cleared", &document)
}
