//! Zones of public reports: what is said of them.

use atecc::{ConfigZone, Slot};
use atecc_config::{
    Finding, Judgement, Operation, Policy, Reason, Severity, as_if_locked, evaluate, fields, lint,
};

use crate::dumps;
use crate::zones::reported;

fn finding(zone: &ConfigZone, rule: &str, slot: Option<usize>) -> Option<Finding> {
    let slot = slot.map(|index| Slot::ALL[index]);
    lint(zone)
        .into_iter()
        .find(|finding| finding.rule == rule && finding.slot == slot)
}

#[track_caller]
fn found(zone: &ConfigZone, severity: Severity, rule: &str, slot: Option<usize>, words: &str) {
    let finding = finding(zone, rule, slot).unwrap_or_else(|| panic!("{:#?}", lint(zone)));
    assert_eq!(finding.severity, severity);
    assert!(finding.cause.contains(words), "{finding:?}");
    assert!(!finding.remedy.is_empty());
}

fn words(zone: &ConfigZone, slot: usize) -> String {
    Policy::of(zone, Slot::ALL[slot]).words().join(" ")
}

fn meaning(zone: &ConfigZone, name: &str) -> String {
    let field = fields(zone).into_iter().find(|field| field.name == name);
    field.unwrap_or_else(|| panic!("{name}")).meaning
}

#[test]
fn derive_key_changes_certificates() {
    let blank = reported("blank608");
    let zone = nerves_key_schema::configure(&blank, nerves_key_schema::Layout::Standard);
    let sentence = "DeriveKey (roll, no MAC) replaces its first 32 bytes, for anybody who reaches \
                    the chip, until the slot is locked.";
    for slot in 10..14 {
        assert!(
            words(&zone, slot).contains(sentence),
            "{}",
            words(&zone, slot)
        );
        assert!(finding(&zone, "derive-key", Some(slot)).is_some());
    }
}

#[test]
fn ecdh_changes_the_slot_after() {
    let zone = reported("blank608");
    assert_eq!(Policy::of(&zone, Slot::S3).write(), "ECDH of slot 2");
    assert!(words(&zone, 3).contains("ECDH with slot 2 replaces its first 32 bytes"));
    assert!(words(&zone, 2).contains("The ECDH secret goes to slot 3"));
    assert!(!words(&zone, 3).contains("nothing changes it"));
}

#[test]
fn secure_boot_changes_its_digest_and_uses_its_key() {
    let zone = reported("flex");
    assert_eq!(Policy::of(&zone, Slot::S7).write(), "SecureBoot");
    assert!(words(&zone, 7).contains(
        "SecureBoot (FullCopy) replaces its first 32 bytes by the digest of what the public key in \
         slot 15 verifies"
    ));
    let uses = Policy::of(&zone, Slot::S15).uses();
    assert_eq!(uses, [Operation::Verify, Operation::SecureBoot]);
    // Bits 2 and 3 of 07 F7.
    let meaning = meaning(&zone, "SecureBoot");
    assert!(
        meaning.contains("bit 2 is 1, bit 3 (latch, unconfirmed) is 0"),
        "{meaning}"
    );
    found(
        &zone,
        Severity::Note,
        "secure-boot-bits",
        None,
        "unconfirmed",
    );
}

/// ChipOptions 0E 61 and 0E 62 of a TrustFLEX part.
#[test]
fn protected_outputs_are_said() {
    let mut zone = reported("flex");
    // Slot 0 of this part is tied to secure boot, by a bit that is unconfirmed.
    let tied = words(&zone, 0);
    assert!(tied.contains("by bit 2 (1 here): unconfirmed"), "{tied}");
    found(&zone, Severity::Warning, "latch", Some(0), "unconfirmed");
    for (high, says) in [
        (
            0x61,
            "The ECDH secret is answered encrypted, or stays in TempKey.",
        ),
        (0x62, "The ECDH secret stays in TempKey."),
    ] {
        zone.0[91] = high;
        assert!(words(&zone, 0).contains(says), "{}", words(&zone, 0));
    }
}

#[test]
fn a_configuration_of_a_508_on_a_608() {
    let zone = reported("arduino608");
    let of_508 = "bytes 18 and 68 to 83 are those of an ATECC508A";
    found(&zone, Severity::Fault, "of-508", None, of_508);
    for slot in [7, 15] {
        found(
            &zone,
            Severity::Note,
            "count-match",
            Some(slot),
            "the value in slot 5",
        );
    }
    found(
        &zone,
        Severity::Note,
        "latch-unused",
        Some(15),
        "set the latch",
    );
    found(
        &zone,
        Severity::Fault,
        "secure-boot",
        Some(15),
        "can never succeed",
    );
}

#[test]
fn a_key_that_waits_for_a_latch() {
    let zone = reported("nolatch");
    found(&zone, Severity::Fault, "latch", Some(0), "useless for good");
    let locked = as_if_locked(&zone);
    assert_eq!(
        evaluate(&locked, Operation::Sign, Slot::S0),
        Judgement::Refused(vec![Reason::LatchNeverSet])
    );
}

#[test]
fn private_keys_where_others_belong() {
    let mut zone = reported("flex");
    // SecureBoot's public key in slot 0; the IO protection key there, too.
    zone.0[71] = 0x07;
    zone.0[91] = 0x00;
    found(
        &zone,
        Severity::Fault,
        "secure-boot",
        Some(0),
        "private key",
    );
    found(&zone, Severity::Fault, "io-key", Some(0), "private key");
}

#[test]
fn uses_that_are_used_up() {
    for (name, operation, slot) in [("used", Operation::Mac, 7), ("lastkey", Operation::Mac, 15)] {
        let zone = reported(name);
        let judgement = evaluate(&zone, operation, Slot::ALL[slot]);
        let Judgement::Refused(reasons) = &judgement else {
            panic!("{name}: {judgement:?}");
        };
        assert!(matches!(reasons[..], [Reason::UsedUp(_)]), "{reasons:?}");
        found(
            &zone,
            Severity::Fault,
            "used-up",
            Some(slot),
            "no use is left",
        );
    }
    let reason =
        |name, slot: usize| match evaluate(&reported(name), Operation::Mac, Slot::ALL[slot]) {
            Judgement::Refused(reasons) => reasons[0].to_string(),
            other => panic!("{other:?}"),
        };
    assert!(reason("used", 7).contains("Counter0 is at 2097151 of 2097151"));
    assert!(reason("lastkey", 15).contains("LastKeyUse has 0 of 128"));
    // Slot 7 of the same chip has the counter.
    let mut zone = reported("lastkey");
    zone.0[34] |= 0x20;
    assert!(evaluate(&zone, Operation::Mac, Slot::S7).is_allowed());
}

#[test]
fn bytes_that_no_counter_has() {
    let mut zone = reported("blank608");
    zone.0[52] = 0xF0;
    found(
        &zone,
        Severity::Warning,
        "counter-bytes",
        None,
        "Counter0 (byte 52)",
    );
    let mut zone = reported("lastkey");
    zone.0[70] = 0x80;
    found(&zone, Severity::Warning, "last-key-use", None, "LastKeyUse");
}

/// The byte of the address is another setting of a part for a single wire.
#[test]
fn a_single_wire_part_has_no_address() {
    let all = dumps::recorded();
    let single: Vec<_> = all
        .iter()
        .filter(|(_, zone, _)| zone.0[14] & 1 == 0)
        .collect();
    assert_eq!(single.len(), 2);
    for (id, zone, _) in single {
        assert_eq!(atecc_config::i2c_address(zone), None, "{id}");
        assert!(finding(zone, "address", None).is_none(), "{id}");
        assert!(meaning(zone, "I2C_Address").starts_with("GPIO"), "{id}");
    }
}

/// As source code keeps it: the part's own bytes are zero.
#[test]
fn what_is_not_told_is_left_out() {
    let mut zone = reported("flex");
    zone.0[..16].fill(0);
    let rules: Vec<_> = lint(&zone)
        .into_iter()
        .map(|finding| finding.rule)
        .collect();
    assert!(rules.contains(&"not-told"), "{rules:?}");
    for rule in [
        "key-type",
        "otp-mode",
        "interface",
        "otp-consumption",
        "revision",
    ] {
        assert!(!rules.contains(&rule), "{rule}");
    }
    assert_eq!(meaning(&zone, "RevNum"), "not told");
    assert_eq!(meaning(&zone, "I2C_Enable"), "not told");
    // Told which chip it is, AES is still open.
    zone.0[4..8].copy_from_slice(&[0, 0, 0x60, 3]);
    let Judgement::Allowed(needs) = evaluate(&as_if_locked(&zone), Operation::Aes, Slot::S9) else {
        panic!("slot 9 is an AES key");
    };
    assert!(
        needs
            .iter()
            .any(|need| need.to_string().contains("not told"))
    );
}

#[test]
fn a_revision_that_no_source_has() {
    let mut zone = reported("blank608");
    zone.0[7] = 0x04;
    assert_eq!(
        meaning(&zone, "RevNum"),
        "unknown revision of a 608 (revision 00006004)"
    );
    found(
        &zone,
        Severity::Note,
        "revision",
        None,
        "unknown revision of a 608",
    );
    assert_eq!(meaning(&zone, "CountMatch"), "off");
}

/// One finding instead of what follows from bytes in the wrong places.
#[test]
fn a_shifted_zone_is_one_finding() {
    let mut bytes = reported("blank608").0.to_vec();
    bytes.remove(30);
    bytes.push(0);
    let zone = ConfigZone(bytes.try_into().unwrap());
    let findings = lint(&zone);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].rule, "shifted");
    assert!(
        findings[0]
            .cause
            .contains("looks shifted by 1 from byte 51 on")
    );
}
