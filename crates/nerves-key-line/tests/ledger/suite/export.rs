//! What goes out, and what is new since.

use nerves_key_line::{ChainHead, ExportedUnit, Facts, Ledger, LedgerError, State};

use super::{Place, batch, chip, pattern};

fn keyed(ledger: &mut Ledger, index: u16) {
    let unit = ledger.reserve(chip(index), "b", None).unwrap();
    let mut facts = Facts::default();
    facts.public_key = Some([u8::try_from(index).unwrap(); 64]);
    ledger.advance(&unit, State::Keyed, &facts).unwrap();
}

fn chips(units: &[ExportedUnit]) -> Vec<[u8; 9]> {
    units.iter().map(|exported| exported.unit.chip.0).collect()
}

/// By two stations, whose chains go on at their own pace: each unit is in the
/// export after the change, in no later one, and in one again when it changed
/// again.
pub(super) fn what_is_new_since_an_export_goes_out_once(place: &dyn Place) {
    let mut one = place.ledger("one");
    let mut two = place.ledger("two");
    one.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    assert_eq!(one.export("b", &[]).unwrap().units, []);
    for index in 0..3 {
        keyed(&mut one, index);
    }
    let first = one.export("b", &[]).unwrap();
    assert_eq!(
        chips(&first.units),
        [chip(0).0, chip(1).0, chip(2).0],
        "in their order"
    );
    assert_eq!(first.heads, one.heads().unwrap());
    // A station that the first export did not know, and one that it did.
    keyed(&mut two, 3);
    keyed(&mut one, 4);
    let second = two.export("b", &first.heads).unwrap();
    assert_eq!(chips(&second.units), [chip(3).0, chip(4).0]);
    assert_eq!(one.export("b", &second.heads).unwrap().units, []);
    // A unit that went on at the other station.
    let unit = one.unit(chip(0)).unwrap().unwrap();
    two.advance(&unit, State::Abandoned, &Facts::default())
        .unwrap();
    let third = one.export("b", &second.heads).unwrap();
    assert_eq!(chips(&third.units), [chip(0).0]);
    // By the clock of the station, which is this one's.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let age = i64::try_from(now).unwrap() - third.units[0].at;
    assert!((0..60_000).contains(&age), "{age}");

    let other = ChainHead {
        digest: "0".repeat(64),
        ..first.heads[0].clone()
    };
    let refused = one.export("b", &[other]).unwrap_err();
    assert!(
        matches!(refused, LedgerError::UnknownHead { seq, .. } if seq == first.heads[0].seq),
        "{refused}"
    );
}
