//! Many at once.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use nerves_key_line::{Facts, LedgerError, State};

use super::{Place, batch, chip, pattern};

/// Longer than a unit needs, and shorter than a database waits for another writer.
const HELD_UP: Duration = Duration::from_secs(15);

/// Eight stations, each with a connection of its own: every number once, none
/// left out.
pub(super) fn no_serial_is_given_twice(place: &dyn Place) {
    let mut ledger = place.ledger("loader");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let given: Vec<String> = thread::scope(|scope| {
        let stations: Vec<_> = (0..8u16)
            .map(|station| {
                scope.spawn(move || {
                    let mut ledger = place.ledger(&format!("station {station}"));
                    let chips = (0..10).map(|index| chip(station * 10 + index));
                    chips
                        .map(|chip| ledger.reserve(chip, "b", None).unwrap().serial)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let stations = stations.into_iter();
        stations
            .flat_map(|station| station.join().unwrap())
            .collect()
    });
    let different: BTreeSet<_> = given.iter().cloned().collect();
    let expected: BTreeSet<_> = (0..80).map(|number| format!("A-{number:03}")).collect();
    assert_eq!((given.len(), &different), (80, &expected));
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// The same chip at two stations, again and again: each step is one's alone.
pub(super) fn one_chip_at_two_stations(place: &dyn Place) {
    let mut ledger = place.ledger("loader");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let wins: usize = thread::scope(|scope| {
        let stations = ["one", "two"].map(|station| {
            scope.spawn(move || {
                let mut ledger = place.ledger(station);
                let advance = |index: u16| {
                    let unit = ledger.reserve(chip(index), "b", None).unwrap();
                    let mut facts = Facts::default();
                    let [_, byte] = index.to_be_bytes();
                    facts.public_key = Some([byte; 64]);
                    match ledger.advance(&unit, State::Keyed, &facts) {
                        Ok(unit) => usize::from(unit.step == 1),
                        Err(LedgerError::Overtaken { .. }) => 0,
                        Err(error) => panic!("{error}"),
                    }
                };
                (0..20).map(advance).sum::<usize>()
            })
        });
        stations.into_iter().map(|it| it.join().unwrap()).sum()
    });
    let keyed = ledger.units("b").unwrap();
    assert_eq!(keyed.len(), 20);
    assert!(keyed.iter().all(|unit| unit.state == State::Keyed));
    assert!(wins >= 20, "{wins}");
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// An audit may take long: meanwhile units are made, of which it sees nothing.
pub(super) fn who_reads_holds_up_nobody(place: &dyn Place) {
    let mut station = place.ledger("one");
    station.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let statement = format!("SELECT COUNT(*) FROM {}", place.tables().name("unit"));
    let mut reader = place.open();
    let begin = Instant::now();
    let read = reader.read(&mut |statements| {
        let before = statements.query(&statement, &[])?;
        station.reserve(chip(1), "b", None).unwrap();
        assert_eq!(statements.query(&statement, &[])?, before);
        Ok(())
    });
    read.unwrap();
    assert!(begin.elapsed() < HELD_UP, "{:?}", begin.elapsed());
    assert_eq!(station.units("b").unwrap().len(), 1);
}
