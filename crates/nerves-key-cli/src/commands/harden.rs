//! `nerves-key harden`.

use atecc::Timing;
use atecc_x509::Certificate;
use nerves_key::ReadSnapshot;
use nerves_key_provision::{Harden, HardenRefusal, Hardening};
use serde_json::json;

use crate::certificate::Summary;
use crate::cli;
use crate::confirm::{self, Risk};
use crate::error::CliError;
use crate::files;
use crate::output::{Output, escape, escape_path};
use crate::{causes, interrupt, missing_part};

pub(super) fn run(arguments: &cli::harden::Harden, output: Output) -> Result<(), CliError> {
    let signer = arguments.signer_cert.as_deref();
    let signer = signer.map(files::certificate).transpose()?;
    let mut device = arguments.chip.open()?;
    let snapshot = causes::run(&mut device, ReadSnapshot::new())?;
    let plan = Hardening::new(&snapshot).map_err(|refusal| match refusal {
        HardenRefusal::Identity(error) => missing_part::identity(&snapshot, error, |error| {
            HardenRefusal::Identity(error).into()
        }),
        refusal => refusal.into(),
    })?;
    let plan = match &signer {
        Some(signer) => plan.signed_by(signer)?,
        None => plan,
    };
    let serial = plan.identity().otp.manufacturer_serial();
    let serial = String::from_utf8_lossy(serial);
    let chip = plan.config().serial_number();
    let device_certificate = summary(&plan.identity().device_certificate)?;
    let signer_certificate = summary(&plan.identity().signer_certificate)?;
    let slots: Vec<u8> = plan.slots().iter().map(|slot| slot.index()).collect();
    // Whether nothing is left to be locked.
    let document = |done| {
        json!({
            "chip_serial_number": chip.to_string(),
            "manufacturer_serial": serial,
            "slots": slots,
            "device_certificate": device_certificate.json(),
            "signer_certificate": signer_certificate.json(),
            "signer_compared": plan.is_signer_compared(),
            "done": done,
        })
    };
    let name = format!("{chip}, the NervesKey {}", escape(&serial));
    if plan.slots().is_empty() {
        let text = format!("nothing to do: the certificates' slots of {name} are locked");
        return output.result(&text, &document(true));
    }
    let compared = match &arguments.signer_cert {
        Some(path) => format!("the one in {}", escape_path(path)),
        None => "compared with none: --signer-cert FILE does".to_owned(),
    };
    let certificates = format!(
        "certificate {}, valid {}\nsigner      {}, valid {}; {compared}\n",
        device_certificate.subject(),
        device_certificate.validity(),
        signer_certificate.subject(),
        signer_certificate.validity()
    );
    if arguments.dry_run {
        let text = format!("Plan for {name}:\n{certificates}{plan}");
        return output.result(&text, &document(false));
    }
    if !arguments.yes {
        let question =
            format!("{certificates}{plan}\nThis locks the certificates of {name} in, for good.");
        confirm::require_word(output, Risk::Locks, &question, &serial)?;
    }
    device.set_timing(Timing::new(plan.config().revision().family()));
    interrupt::hold()?;
    causes::run(&mut device, Harden::new(&plan))?;
    let text = format!("hardened: the certificates' slots of {name} are locked");
    output.result(&text, &document(true))
}

fn summary(certificate: &Certificate) -> Result<Summary, CliError> {
    Summary::of(certificate).map_err(CliError::failed)
}
