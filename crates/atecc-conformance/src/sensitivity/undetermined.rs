//! Facts that nothing else in a recording determines.

use serde_json::Value;

use super::facts::{Fact, Flipped};
use super::is_of_another_chip;
use crate::judgement::{Item, Judged, Verdict};
use crate::reason::Reason;

/// What is said of a dump, and the bytes that it is said of. Source: ATECC508A
/// datasheet, Table 2-5.
const STATED: [(&str, &[usize]); 9] = [
    ("serial", &[0, 1, 2, 3, 8, 9, 10, 11, 12]),
    ("revision", &[4, 5, 6, 7]),
    ("lock_value", &[86]),
    ("lock_config", &[87]),
    ("data_locked", &[86]),
    ("config_locked", &[87]),
    ("slot_locked_bits", &[88, 89]),
    ("i2c_address_byte", &[16]),
    ("i2c_enable", &[]),
];
/// Bytes of which parts have certain values only.
const OF_ANY_PART: [usize; 4] = [0, 1, 86, 87];

/// Why a fact may be another one and nobody can tell. `None` when somebody
/// should.
pub(super) fn undetermined(
    document: &Value,
    fact: &Fact,
    flipped: &Flipped,
    judged: &Judged,
) -> Option<String> {
    if is_of_another_chip(judged) {
        return Some(Reason::OtherChip.to_string());
    }
    if let Some(reason) = skipped(fact, judged) {
        return Some(reason.to_string());
    }
    let datum = document
        .get(fact.list())
        .and_then(|list| list.get(fact.index()));
    let alone = || Some(Reason::Alone.to_string());
    match (fact.list(), fact.field()) {
        (_, "t_us" | "wait_us" | "dur_us" | "ms" | "n" | "scl_hz") => {
            Some("when a host asks, and how fast, is its dialect".to_owned())
        }
        (_, "tx_derived" | "rx_derived" | "derived" | "from_exchanges") => {
            Some("how the collector came by it".to_owned())
        }
        ("config_zones" | "config_partial", "hex") => {
            let Flipped::Digit(digit) = flipped else {
                return None;
            };
            let datum = datum?;
            let offset = datum
                .get("offset")
                .and_then(Value::as_u64)
                .unwrap_or_default();
            let at = usize::try_from(offset).ok()? + digit / 2;
            (!is_stated(datum, at)).then(alone)?
        }
        ("config_partial", "offset") => datum?.get("state").is_none().then(alone)?,
        ("macs", "tempkey" | "challenge") => {
            takes_no_part(datum?, fact.field()).then(|| "it takes no part in this mode".to_owned())
        }
        ("public_keys", "slot" | "serial")
        | ("slots", "slot")
        | ("counters", "id")
        | ("certificates", "san_invalid_printablestring") => alone(),
        ("certificates", "compressed") => {
            let Flipped::Digit(digit) = flipped else {
                return None;
            };
            // Template, chain, and what format 0 reserves.
            matches!(digit / 2, 69..=71).then(alone)?
        }
        ("certificates", "der") => is_unverified(fact, judged).then(|| Reason::Issuer.to_string()),
        _ => None,
    }
}

/// The reason when all that is judged of a datum is skipped.
fn skipped(fact: &Fact, judged: &Judged) -> Option<Reason> {
    let item = Item::Datum(fact.list().to_owned(), fact.index());
    let own = judged
        .findings
        .iter()
        .filter(|finding| finding.item == item);
    let mut reasons = own.map(|finding| match &finding.verdict {
        Verdict::Skipped(reason) => Some(*reason),
        Verdict::Passed | Verdict::Failed(_) => None,
    });
    let first = reasons.next()??;
    reasons.all(|reason| reason.is_some()).then_some(first)
}

/// Whether nobody can say if the certificate's signature is right.
fn is_unverified(fact: &Fact, judged: &Judged) -> bool {
    let item = Item::Datum(fact.list().to_owned(), fact.index());
    let issuer = Verdict::Skipped(Reason::Issuer);
    let all = &judged.findings;
    all.iter()
        .any(|one| one.item == item && one.verdict == issuer)
}

/// Whether a byte of a dump is said beside it.
fn is_stated(dump: &Value, at: usize) -> bool {
    let said = |field: &str| {
        let state = dump.get("state");
        state
            .and_then(|state| state.get(field))
            .is_some_and(|value| !value.is_null())
    };
    OF_ANY_PART.contains(&at)
        || STATED
            .iter()
            .any(|(field, bytes)| bytes.contains(&at) && said(field))
}

/// Whether a MAC of this mode is made without it. Source: ATECC508A datasheet,
/// "MAC Command": bit 0 takes `TempKey` for the second 32 bytes, bit 1 for the
/// first.
fn takes_no_part(mac: &Value, field: &str) -> bool {
    let of_slots = mac.get("command").and_then(Value::as_str) == Some("MAC");
    let mode = mac.get("mode").and_then(Value::as_u64).unwrap_or_default();
    of_slots
        && match field {
            "tempkey" => mode.is_multiple_of(4),
            _ => !mode.is_multiple_of(2),
        }
}
