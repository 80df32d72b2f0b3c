//! The chip that answers: its bytes, locks, stage and certificates, and the
//! clock that judges them.

use atecc::commands::InfoLatch;
use atecc::procedures::ReadConfig;
use atecc::{ConfigZone, Error, Slot};
use atecc_config::{Severity, lint};
use atecc_x509::Certificate;
use nerves_key::{ReadSnapshot, Snapshot, Stage};
use nerves_key_device::BusFault;
use nerves_key_schema::{Layout, open_certificates, slot};

use crate::chip::RecordedDevice;
use crate::finding::{Finding, Status};
use crate::system;

/// How often the configuration is read: 32 answers of 35 bytes.
const READS: usize = 8;

pub(super) fn clock() -> Finding {
    match system::now() {
        Ok(now) => Finding::good("clock", now.to_string()),
        Err(error) => Finding::new("clock", Status::Fault, error.to_string())
            .because("no real-time clock, or the network's time has not come yet")
            .next("set the clock before certificates are issued or verified"),
    }
}

pub(super) fn examine(
    device: &mut RecordedDevice,
    root: &Certificate,
    findings: &mut Vec<Finding>,
) {
    let Some(config) = reads(device, findings) else {
        return;
    };
    findings.push(revision(&config));
    let snapshot = match device.run(ReadSnapshot::new()) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            let finding = Finding::new("contents", Status::Fault, error.to_string());
            findings.push(finding.next("check supply and wiring, and run this again"));
            return;
        }
    };
    findings.push(locks(&config));
    findings.push(stage(snapshot.stage()));
    if snapshot.stage().layout() == Some(Layout::Volatile) {
        findings.push(activation(device));
    }
    findings.push(configuration(&config));
    findings.extend(certificates(&snapshot, root));
    // What does not verify is not to be locked in.
    if snapshot.identity().is_ok() {
        findings.extend(open_slots(&snapshot));
    }
}

/// The same bytes again and again: what a disturbed line cannot give.
fn reads(device: &mut RecordedDevice, findings: &mut Vec<Finding>) -> Option<ConfigZone> {
    let mut results = Vec::new();
    let mut over = false;
    while results.len() < READS && !over {
        let result = device.run(ReadConfig::new());
        // What is wrong with the bus does not get better, and takes seconds.
        over = result.as_ref().is_err_and(is_of_the_bus);
        results.push(result);
    }
    let reads = results.len();
    let failed = results.iter().filter(|result| result.is_err()).count();
    let zones: Vec<ConfigZone> = results.iter().flatten().copied().collect();
    let alike = zones.windows(2).all(|pair| pair[0] == pair[1]);
    let said = match results.into_iter().find_map(Result::err) {
        Some(error) => format!("{failed} of {reads} reads of 128 bytes failed: {error}"),
        None if !alike => format!("{READS} reads of 128 bytes differ"),
        None => {
            let seen = format!("{READS} reads of 128 bytes, all alike, every CRC right");
            findings.push(Finding::good("answers", seen));
            return zones.first().copied();
        }
    };
    findings.push(
        Finding::new("answers", Status::Fault, said)
            .because("a disturbed line or a supply that sags: pull-ups, cable, speed of the bus")
            .next("try 100 kHz or less, shorter wires, and measure the supply under load"),
    );
    zones.first().copied().filter(|_| alike && !over)
}

/// Whether the bus carries no further command.
const fn is_of_the_bus(error: &Error<BusFault>) -> bool {
    match error {
        Error::Bus { .. } => true,
        Error::Failed(failure) => failure.is_of_the_bus(),
    }
}

fn revision(config: &ConfigZone) -> Finding {
    let revision = config.revision();
    let serial = config.serial_number();
    if revision.family().is_some() {
        return Finding::good("chip", format!("{revision}, serial number {serial}"));
    }
    Finding::new("chip", Status::Fault, format!("{revision}"))
        .because("a chip of another family at this address")
        .next("a NervesKey is an ATECC508A, ATECC608A or ATECC608B")
}

fn locks(config: &ConfigZone) -> Finding {
    Finding::good(
        "locks",
        format!(
            "configuration {}, data and OTP {}",
            config.config_lock(),
            config.data_lock()
        ),
    )
}

fn stage(stage: Stage) -> Finding {
    let seen = stage.to_string();
    match stage {
        Stage::Blank => {
            Finding::good("stage", seen).next("nerves-key provision makes it a NervesKey")
        }
        Stage::Finished(_) | Stage::TrustPart => Finding::good("stage", seen),
        Stage::Configured(_) | Stage::Keyed(_) | Stage::KeySlotOpen(_) => {
            Finding::new("stage", Status::Warning, seen)
                .because("provisioning was begun and not ended")
                .next("run nerves-key provision again, with the same options: it goes on")
        }
        Stage::Foreign(_) => Finding::new("stage", Status::Warning, seen)
            .because("the chip was locked for another purpose, which cannot be undone")
            .next("nerves-key config explain says what it can be used for"),
    }
}

/// The volatile layout's key rests after each power-up.
fn activation(device: &mut RecordedDevice) -> Finding {
    match device.execute(InfoLatch::Read) {
        Ok(true) => Finding::good("activation", "the device key is active"),
        Ok(false) => Finding::new(
            "activation",
            Status::Warning,
            "the device key is not active",
        )
        .because("the chip was without supply since it was activated last")
        .next("nerves-key volatile unlock --activation-key FILE"),
        Err(error) => Finding::new("activation", Status::Fault, error.to_string())
            .next("check supply and wiring, and run this again"),
    }
}

/// Nothing is said where all are locked.
fn open_slots(snapshot: &Snapshot) -> Option<Finding> {
    let Stage::Finished(layout) = snapshot.stage() else {
        return None;
    };
    let named = |slot: Slot| format!("{slot} ({})", slot::purpose(slot, layout));
    let open: Vec<String> = open_certificates(&snapshot.config).map(named).collect();
    (!open.is_empty()).then(|| {
        Finding::new(
            "slot locks",
            Status::Warning,
            format!("not locked: {}", open.join(", ")),
        )
        .because(
            "who provisioned the chip left them so, as the Elixir library does: by DeriveKey whoever reaches \
             the chip can destroy what they hold",
        )
        .next("nerves-key harden locks them, for good")
    })
}

fn configuration(config: &ConfigZone) -> Finding {
    let findings = lint(config);
    match findings.first() {
        Some(first) if first.severity == Severity::Fault => Finding::new(
            "configuration",
            Status::Fault,
            first.slot.map_or_else(
                || first.cause.clone(),
                |slot| format!("{slot}: {}", first.cause),
            ),
        )
        .next("nerves-key config lint says all of it"),
        Some(_) => {
            let warnings = findings
                .iter()
                .filter(|finding| finding.severity == Severity::Warning)
                .count();
            let notes = findings.len() - warnings;
            let seen = format!("no fault in it; warnings: {warnings}, notes: {notes}");
            let status = if warnings == 0 {
                Status::Good
            } else {
                Status::Warning
            };
            Finding::new("configuration", status, seen).next("nerves-key config lint says them")
        }
        None => Finding::good(
            "configuration",
            "nothing wrong in it (nerves-key config lint)",
        ),
    }
}

fn certificates(snapshot: &Snapshot, root: &Certificate) -> Vec<Finding> {
    if !matches!(
        snapshot.stage(),
        Stage::Finished(_) | Stage::KeySlotOpen(_) | Stage::TrustPart
    ) {
        return vec![Finding::new(
            "certificates",
            Status::Skipped,
            "there are none in this stage",
        )];
    }
    match snapshot.certificates_under(root) {
        Ok(found) => {
            let both = [("device", &found.device), ("signer", &found.signer)];
            let validity = both.map(|(of, certificate)| validity(of, certificate));
            validity.into_iter().chain(readable(&both)).collect()
        }
        Err(error) => vec![
            Finding::new("certificates", Status::Fault, error.to_string())
                .because(
                    "a slot was damaged or written by something else, or the certificates were \
                     made in a way that no known library does",
                )
                .next("the key itself may still sign: export what there is by nerves-key info"),
        ],
    }
}

/// Who else reads the certificates. Nothing is said where all do.
fn readable(both: &[(&str, &Certificate)]) -> Option<Finding> {
    let short = |(_, certificate): &&(&str, &Certificate)| {
        certificate
            .signature()
            .is_ok_and(|signature| !signature.is_readable_by_reference())
    };
    let short: Vec<_> = both.iter().filter(short).map(|(of, _)| *of).collect();
    let of = match short.as_slice() {
        [] => return None,
        [of] => format!("{of} certificate"),
        _ => "device and signer certificate".to_owned(),
    };
    let seen = format!(
        "the Elixir library nerves_key (1.3 and before) cannot read the {of}: what it gives a \
         server instead is refused"
    );
    Some(
        Finding::new("compatibility", Status::Warning, seen)
            .because(
                "R or S of the signature is below 2^247, as once in 256 signatures, and the \
                 library puts zeros in front of it; programs that issue certificates had no eye \
                 on it",
            )
            .next(
                "nothing for programs that use this one or its PKCS#11 module; for the others \
                 nerves-key aux provision writes a second pair, which they read",
            ),
    )
}

fn validity(of: &str, certificate: &Certificate) -> Finding {
    let check = if of == "device" {
        "certificate"
    } else {
        "signer"
    };
    let dates = certificate.not_before().and_then(|begin| {
        let end = certificate.not_after()?;
        Ok((begin, end))
    });
    let (begin, end) = match dates {
        Ok(dates) => dates,
        Err(error) => return Finding::new(check, Status::Fault, error.to_string()),
    };
    let seen = format!("verifies; valid {begin} to {end}");
    match system::now() {
        Err(_) => Finding::new(
            check,
            Status::Skipped,
            format!("{seen}, but the clock is not set"),
        ),
        Ok(now) if now < begin => Finding::new(check, Status::Fault, format!("{seen}: not yet"))
            .because("this clock is behind, or the station's was ahead")
            .next("compare this clock with the true time"),
        Ok(now) if now > end => Finding::new(check, Status::Fault, format!("{seen}: expired"))
            .because("it was made for that long")
            .next("issue another one: nerves-key aux provision writes a second pair"),
        Ok(_) => Finding::good(check, seen),
    }
}
