//! What was done, where, and what failed.

use nerves_key_line::{Facts, Ledger, State, Unit};

use super::{Place, batch, chip, pattern};

fn advance(ledger: &mut Ledger, unit: Unit, states: &[State]) {
    let mut unit = unit;
    for state in states {
        let mut facts = Facts::default();
        facts.public_key = Some([unit.chip.0[3]; 64]);
        unit = ledger.advance(&unit, *state, &facts).unwrap();
    }
}

pub(super) fn what_was_done_is_counted_by_station_and_cause(place: &dyn Place) {
    use State::{Issued, Keyed, Locked, Verified};
    let mut one = place.ledger("one");
    let mut two = place.ledger("two");
    one.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    one.load(&batch("other", &pattern("O-{:03}"))).unwrap();
    assert_eq!(one.activity("b").unwrap().begun, None);
    assert_eq!(one.activity("b").unwrap().rate(), None);
    for index in 0..3 {
        let unit = one.reserve(chip(index), "b", None).unwrap();
        advance(&mut one, unit, &[Keyed, Issued, Locked, Verified]);
    }
    // Begun at one station, finished at the other after a failure.
    let unit = one.reserve(chip(3), "b", None).unwrap();
    one.fail(chip(3), "no answer").unwrap();
    advance(&mut two, unit, &[Keyed, Issued, Locked, Verified]);
    // Two that failed and still lie there, one of them twice.
    for (index, cause) in [(4, "no answer"), (5, "CRC"), (5, "no answer")] {
        two.reserve(chip(index), "b", None).unwrap();
        two.fail(chip(index), cause).unwrap();
    }
    // Failures that are not this batch's.
    one.reserve(chip(6), "other", None).unwrap();
    one.fail(chip(6), "elsewhere").unwrap();
    one.fail(chip(7), "foreign").unwrap();
    let activity = two.activity("b").unwrap();
    assert_eq!((activity.made_lately, activity.failed), (4, 2));
    let stations = activity.stations.iter();
    let stations = stations.map(|it| (it.station.as_str(), it.made, it.failed));
    let stations: Vec<_> = stations.collect();
    assert_eq!(stations, [("one", 3, 1), ("two", 1, 3)]);
    let failures = activity.failures.iter();
    let failures = failures.map(|it| (it.cause.as_str(), it.count));
    let failures: Vec<_> = failures.collect();
    assert_eq!(failures, [("no answer", 3), ("CRC", 1)]);
    assert!(activity.rate().is_some());
    let outside = two.failures_outside().unwrap();
    assert_eq!(outside.len(), 1, "{outside:?}");
    assert_eq!(outside[0].cause, "foreign");
    // A chip that is given up is no failure that waits.
    let unit = two.unit(chip(5)).unwrap().unwrap();
    two.advance(&unit, State::Scrapped, &Facts::default())
        .unwrap();
    assert_eq!(two.activity("b").unwrap().failed, 1);
}
