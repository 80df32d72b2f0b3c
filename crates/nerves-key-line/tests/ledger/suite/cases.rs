//! One after the other.

use nerves_key_line::{
    Facts, IssuedCertificate, LedgerError, SerialList, SerialScheme, State, VERSION,
};
use nerves_key_schema::ManufacturerSerial;

use super::{Place, batch, chip, pattern};

fn with_key(byte: u8) -> Facts {
    let mut facts = Facts::default();
    facts.public_key = Some([byte; 64]);
    facts
}

fn with_certificate(serial: u8) -> Facts {
    let mut facts = Facts::default();
    facts.certificate = Some(IssuedCertificate {
        signer: [7; 64],
        serial: vec![serial],
        der: vec![0x30, serial],
    });
    facts
}

pub(super) fn serials_are_given_in_order(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    for index in 0..5 {
        let unit = ledger.reserve(chip(index), "b", None).unwrap();
        assert_eq!(unit.serial, format!("A-{index:03}"));
        assert_eq!((unit.state, unit.step), (State::Reserved, 0));
    }
    let status = ledger.status().unwrap();
    assert_eq!(status[0].of(State::Reserved), 5);
    assert!(ledger.audit(&[]).unwrap().is_empty());
}

pub(super) fn a_chip_keeps_its_serial(place: &dyn Place) {
    let mut first = place.ledger("a");
    first.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    first.reserve(chip(9), "b", None).unwrap();
    let unit = first.reserve(chip(1), "b", None).unwrap();
    let mut second = place.ledger("other");
    assert_eq!(second.reserve(chip(1), "b", None).unwrap(), unit);
    // Given up, and back again.
    second
        .advance(&unit, State::Abandoned, &Facts::default())
        .unwrap();
    let back = first.reserve(chip(1), "b", None).unwrap();
    assert_eq!((back.serial, back.state), (unit.serial, State::Reserved));
}

pub(super) fn a_unit_goes_from_state_to_state(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let unit = ledger.reserve(chip(1), "b", None).unwrap();
    let early = ledger.advance(&unit, State::Locked, &Facts::default());
    assert!(matches!(early, Err(LedgerError::Order { .. })), "{early:?}");
    let unit = ledger.advance(&unit, State::Keyed, &with_key(1)).unwrap();
    assert_eq!(unit.public_key, Some([1; 64]));
    let unit = ledger
        .advance(&unit, State::Issued, &with_certificate(1))
        .unwrap();
    assert_eq!(unit.certificate, Some(vec![0x30, 1]));
    let unit = ledger
        .advance(&unit, State::Locked, &Facts::default())
        .unwrap();
    let unit = ledger
        .advance(&unit, State::Verified, &Facts::default())
        .unwrap();
    assert_eq!((unit.state, unit.step), (State::Verified, 4));
    assert_eq!(ledger.units("b").unwrap(), [unit]);
    assert!(ledger.audit(&[]).unwrap().is_empty());
}

pub(super) fn of_two_that_saw_one_state_one_wins(place: &dyn Place) {
    let (mut one, mut other) = (place.ledger("a"), place.ledger("b"));
    one.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let seen = one.reserve(chip(1), "b", None).unwrap();
    one.advance(&seen, State::Keyed, &with_key(1)).unwrap();
    let late = other.advance(&seen, State::Keyed, &with_key(2));
    assert!(
        matches!(
            late,
            Err(LedgerError::Overtaken {
                state: State::Keyed,
                ..
            })
        ),
        "{late:?}"
    );
    assert_eq!(
        one.unit(chip(1)).unwrap().unwrap().public_key,
        Some([1; 64])
    );
}

pub(super) fn a_key_is_one_units(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let one = ledger.reserve(chip(1), "b", None).unwrap();
    let other = ledger.reserve(chip(2), "b", None).unwrap();
    ledger.advance(&one, State::Keyed, &with_key(1)).unwrap();
    let twin = ledger.advance(&other, State::Keyed, &with_key(1));
    let said = twin.unwrap_err().to_string();
    assert!(said.contains(&chip(1).to_string()), "{said}");
    assert_eq!(ledger.unit(chip(2)).unwrap(), Some(other));
}

pub(super) fn a_certificate_number_is_one_units(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    for (index, fits) in [(1, true), (2, false)] {
        let unit = ledger.reserve(chip(index), "b", None).unwrap();
        let key = with_key(u8::try_from(index).unwrap());
        let unit = ledger.advance(&unit, State::Keyed, &key).unwrap();
        let issued = ledger.advance(&unit, State::Issued, &with_certificate(5));
        assert_eq!(issued.is_ok(), fits, "{issued:?}");
    }
}

pub(super) fn a_replaced_key_stays_on_record(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let unit = ledger.reserve(chip(1), "b", None).unwrap();
    let unit = ledger.advance(&unit, State::Keyed, &with_key(1)).unwrap();
    let unit = ledger
        .advance(&unit, State::Issued, &with_certificate(1))
        .unwrap();
    // The power went, and the key was made again.
    let unit = ledger.advance(&unit, State::Keyed, &with_key(2)).unwrap();
    let unit = ledger
        .advance(&unit, State::Issued, &with_certificate(2))
        .unwrap();
    assert_eq!(unit.public_key, Some([2; 64]));
    assert_eq!(unit.certificate, Some(vec![0x30, 2]));
    // The same key again is no new one.
    let unit = ledger.advance(&unit, State::Keyed, &with_key(2)).unwrap();
    assert_eq!(unit.public_key, Some([2; 64]));
    assert!(ledger.audit(&[]).unwrap().is_empty());
    let twin = ledger.reserve(chip(2), "b", None).unwrap();
    assert!(ledger.advance(&twin, State::Keyed, &with_key(1)).is_err());
}

pub(super) fn a_batch_is_full_and_scrap_makes_room(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    let mut small = batch("b", &pattern("A-{:03}"));
    small.count = 2;
    ledger.load(&small).unwrap();
    ledger.reserve(chip(1), "b", None).unwrap();
    let unit = ledger.reserve(chip(2), "b", None).unwrap();
    let full = ledger.reserve(chip(3), "b", None);
    assert!(
        matches!(full, Err(LedgerError::Full { count: 2, .. })),
        "{full:?}"
    );
    ledger
        .advance(&unit, State::Scrapped, &Facts::default())
        .unwrap();
    let scrapped = ledger.reserve(chip(2), "b", None);
    assert!(
        matches!(scrapped, Err(LedgerError::Scrapped(_))),
        "{scrapped:?}"
    );
    let unit = ledger.reserve(chip(3), "b", None).unwrap();
    assert_eq!(unit.serial, "A-002");
    assert!(ledger.reserve(chip(4), "b", None).is_err());
}

pub(super) fn scanned_serials_are_unique_in_their_product(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &SerialScheme::Scanned)).unwrap();
    let serial = ManufacturerSerial::new("S1").unwrap();
    let missing = ledger.reserve(chip(1), "b", None);
    assert!(
        matches!(missing, Err(LedgerError::SerialWanted(_))),
        "{missing:?}"
    );
    ledger.reserve(chip(1), "b", Some(&serial)).unwrap();
    let taken = ledger.reserve(chip(2), "b", Some(&serial));
    assert!(
        matches!(taken, Err(LedgerError::SerialTaken { .. })),
        "{taken:?}"
    );
    let mut other = batch("c", &SerialScheme::Scanned);
    "actor".clone_into(&mut other.product);
    ledger.load(&other).unwrap();
    ledger.reserve(chip(2), "c", Some(&serial)).unwrap();
    // A counter that meets a scanned serial passes over it.
    let mut few = batch("d", &pattern("A-{:03}"));
    few.serials = pattern("S{:01}");
    assert!(
        ledger.load(&few).is_err(),
        "ten serials for a hundred units"
    );
    few.count = 5;
    ledger.load(&few).unwrap();
    let serials = (10..13).map(|index| ledger.reserve(chip(index), "d", None).unwrap().serial);
    assert_eq!(serials.collect::<Vec<_>>(), ["S0", "S2", "S3"]);
}

pub(super) fn a_batch_is_loaded_once(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    let one = batch("b", &pattern("A-{:03}"));
    assert!(ledger.load(&one).unwrap());
    assert!(!ledger.load(&one).unwrap());
    assert_eq!(ledger.batch("b").unwrap(), one);
    let mut other = one.clone();
    other.count = 99;
    assert!(matches!(
        ledger.load(&other),
        Err(LedgerError::OtherBatch(_))
    ));
    assert!(matches!(ledger.batch("x"), Err(LedgerError::NoBatch(_))));
    assert!(matches!(
        ledger.reserve(chip(1), "x", None),
        Err(LedgerError::NoBatch(_))
    ));
}

pub(super) fn a_chip_of_another_batch_is_named(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    ledger.load(&batch("c", &pattern("C-{:03}"))).unwrap();
    ledger.reserve(chip(1), "b", None).unwrap();
    let said = ledger.reserve(chip(1), "c", None).unwrap_err().to_string();
    assert!(said.contains("belongs to the batch \"b\""), "{said}");
}

pub(super) fn serials_run_out(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    let list = SerialList::new(["X", "Y"]).unwrap();
    let mut few = batch("b", &pattern("A-{:03}"));
    few.serials = SerialScheme::List(list);
    few.count = 2;
    ledger.load(&few).unwrap();
    assert_eq!(ledger.reserve(chip(1), "b", None).unwrap().serial, "X");
    let unit = ledger.reserve(chip(2), "b", None).unwrap();
    assert_eq!(unit.serial, "Y");
    ledger
        .advance(&unit, State::Scrapped, &Facts::default())
        .unwrap();
    let over = ledger.reserve(chip(3), "b", None).unwrap_err().to_string();
    assert!(over.contains("the list of 2 serials has run out"), "{over}");
}

pub(super) fn two_batches_go_on_with_one_counter(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    ledger.load(&batch("c", &pattern("A-{:03}"))).unwrap();
    assert_eq!(ledger.reserve(chip(1), "b", None).unwrap().serial, "A-000");
    assert_eq!(ledger.reserve(chip(2), "c", None).unwrap().serial, "A-001");
    assert_eq!(ledger.reserve(chip(3), "b", None).unwrap().serial, "A-002");
}

/// Nothing is listed but what a unit has, however far the counter jumped.
pub(super) fn numbers_below_a_later_first_are_a_range(place: &dyn Place) {
    const FIRST: i64 = 400_000_000_000_000;
    let mut ledger = place.ledger("a");
    let pattern = || {
        "A-{:015}"
            .parse::<nerves_key_line::SerialPattern>()
            .unwrap()
    };
    let mut low = batch("b", &SerialScheme::Scanned);
    low.serials = SerialScheme::Pattern(pattern());
    let mut high = batch("c", &SerialScheme::Scanned);
    let first = FIRST.unsigned_abs();
    high.serials = SerialScheme::Pattern(pattern().starting_at(first).unwrap());
    for batch in [&low, &high, &batch("d", &SerialScheme::Scanned)] {
        ledger.load(batch).unwrap();
    }
    // Of another text, of another count of digits, above all that are given.
    for (index, scanned) in [
        "A-000000000000001",
        "A-000000000000007",
        "A-2",
        "A-+00000000000003",
        "B-000000000000004",
        "A-900000000000000",
    ]
    .iter()
    .enumerate()
    {
        let serial = ManufacturerSerial::new(scanned).unwrap_or_else(|_| panic!("{scanned}"));
        let index = u16::try_from(index).unwrap();
        ledger
            .reserve(chip(10 + index), "d", Some(&serial))
            .unwrap();
    }
    for (index, name, serial) in [
        (1, "b", "A-000000000000000"),
        (2, "b", "A-000000000000002"),
        (3, "c", "A-400000000000000"),
        (4, "b", "A-400000000000001"),
    ] {
        let unit = ledger.reserve(chip(index), name, None).unwrap();
        assert_eq!(unit.serial, serial);
    }
    for name in ["b", "c"] {
        let numbers = ledger.numbers(name).unwrap();
        assert_eq!(numbers.skipped, [1, 7], "{name}");
        assert_eq!(numbers.passed, [3..=6, 8..=FIRST - 1], "{name}");
    }
    // Of a list, what a unit has otherwise.
    let mut listed = batch("l", &SerialScheme::Scanned);
    listed.serials = SerialScheme::List(SerialList::new(["X", "A-2", "Y"]).unwrap());
    listed.count = 2;
    ledger.load(&listed).unwrap();
    for index in [5, 6] {
        ledger.reserve(chip(index), "l", None).unwrap();
    }
    let numbers = ledger.numbers("l").unwrap();
    assert_eq!(
        (&numbers.skipped[..], &numbers.passed[..]),
        (&[1][..], &[][..])
    );
}

/// Of the ten numbers of one digit others have had some.
pub(super) fn a_batch_that_finds_too_few_serials_is_not_loaded(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    let few = |name: &str, count, first| {
        let mut batch = batch(name, &pattern("A-{:03}"));
        let one_digit = "A-{:01}".parse::<nerves_key_line::SerialPattern>().unwrap();
        batch.serials = SerialScheme::Pattern(one_digit.starting_at(first).unwrap());
        batch.count = count;
        batch
    };
    ledger.load(&few("b", 10, 0)).unwrap();
    for index in 0..3 {
        ledger.reserve(chip(index), "b", None).unwrap();
    }
    for (name, count, first, left) in [("c", 8, 0, 7), ("d", 8, 2, 7), ("e", 10, 0, 7)] {
        match ledger.load(&few(name, count, first)) {
            Err(LedgerError::NumbersUsed { left: found, .. }) => assert_eq!(found, left),
            other => panic!("{name}: {other:?}"),
        }
        assert!(ledger.batch(name).is_err(), "{name}");
    }
    assert!(ledger.load(&few("c", 7, 0)).unwrap());
    // The same as before is there, whatever is left by now.
    assert!(!ledger.load(&few("b", 10, 0)).unwrap());
    // Of another product they are others.
    let mut other = few("f", 10, 0);
    "gate".clone_into(&mut other.product);
    assert!(ledger.load(&other).unwrap());
    let list = |name: &str| {
        let mut batch = few(name, 2, 0);
        batch.serials = SerialScheme::List(SerialList::new(["X", "Y"]).unwrap());
        batch
    };
    ledger.load(&list("g")).unwrap();
    ledger.reserve(chip(9), "g", None).unwrap();
    let refused = ledger.load(&list("h")).unwrap_err().to_string();
    // The other one is to be the first batch's.
    assert!(refused.contains("0 serials are left"), "{refused}");
}

/// Whatever scheme gave them: a pattern, another list, a scanner, a chip that was
/// finished before, a lease.
pub(super) fn serials_of_other_schemes_are_missed_when_a_batch_is_loaded(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    ledger.load(&batch("s", &SerialScheme::Scanned)).unwrap();
    for index in 0..2 {
        ledger.reserve(chip(index), "b", None).unwrap();
    }
    for (index, scanned) in [(10, "S-3"), (11, "S-5"), (12, "X")] {
        let serial = ManufacturerSerial::new(scanned).unwrap();
        ledger.reserve(chip(index), "s", Some(&serial)).unwrap();
    }
    let finished = ManufacturerSerial::new("S-7").unwrap();
    ledger
        .record_finished(chip(13), "b", &finished, &with_key(13))
        .unwrap();
    ledger.lease("b", "spool", 2).unwrap();
    let counted = |name: &str, count, scheme| {
        let mut batch = batch(name, &SerialScheme::Scanned);
        (batch.serials, batch.count) = (scheme, count);
        batch
    };
    let list =
        |serials: &[&str]| SerialScheme::List(SerialList::new(serials.iter().copied()).unwrap());
    let ten = |first| {
        let ten: nerves_key_line::SerialPattern = "S-{:01}".parse().unwrap();
        SerialScheme::Pattern(ten.starting_at(first).unwrap())
    };
    for (name, count, scheme, used, left) in [
        (
            "both",
            2,
            list(&["A-001", "A-000"]),
            "A-001",
            "0 serials are",
        ),
        ("one", 2, list(&["Q", "A-000"]), "A-000", "1 serial is"),
        ("leased", 2, list(&["Q", "A-003"]), "A-003", "1 serial is"),
        ("scan", 3, list(&["P", "Q", "X"]), "X", "2 serials are"),
        ("ten", 8, ten(0), "S-3", "7 serials are"),
        ("six", 5, ten(4), "S-5", "4 serials are"),
    ] {
        let refused = ledger.load(&counted(name, count, scheme));
        let said = refused.unwrap_err().to_string();
        let used = format!("{used:?}");
        assert!(
            said.contains(&used) && said.contains(left),
            "{name}: {said}"
        );
        assert!(ledger.batch(name).is_err(), "{name}");
    }
    // As many as are left are made, and no more.
    let seven = counted("seven", 7, ten(0));
    ledger.load(&seven).unwrap();
    let serials = (20..27).map(|index| ledger.reserve(chip(index), "seven", None).unwrap().serial);
    assert_eq!(
        serials.collect::<Vec<_>>(),
        ["S-0", "S-1", "S-2", "S-4", "S-6", "S-8", "S-9"]
    );
    // Those of another product are nobody's here.
    let mut other = counted("other", 2, list(&["A-000", "A-001"]));
    "actor".clone_into(&mut other.product);
    ledger.load(&other).unwrap();
}

/// A list is no counter: what one batch is to have of it is none of another's.
pub(super) fn a_list_is_promised_once(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    let listed = |name: &str, count| {
        let mut batch = batch(name, &SerialScheme::Scanned);
        batch.serials = SerialScheme::List(SerialList::new(["X", "Y", "Z"]).unwrap());
        batch.count = count;
        batch
    };
    ledger.load(&listed("b", 2)).unwrap();
    let said = ledger.load(&listed("c", 2)).unwrap_err().to_string();
    assert!(
        said.contains("\"b\"") && said.contains("1 serial is left"),
        "{said}"
    );
    ledger.load(&listed("c", 1)).unwrap();
    let serials = [(1, "c"), (2, "b"), (3, "b")]
        .map(|(index, batch)| ledger.reserve(chip(index), batch, None).unwrap().serial);
    assert_eq!(serials, ["X", "Y", "Z"]);
}

pub(super) fn a_finished_chip_is_recorded(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let serial = ManufacturerSerial::new("OLD-1").unwrap();
    let mut facts = with_key(3);
    facts.certificate = with_certificate(3).certificate;
    let unit = ledger
        .record_finished(chip(1), "b", &serial, &facts)
        .unwrap();
    assert_eq!(
        (unit.state, unit.serial.as_str()),
        (State::Verified, "OLD-1")
    );
    assert!(matches!(
        ledger.record_finished(chip(1), "b", &serial, &facts),
        Err(LedgerError::KnownUnit(_))
    ));
    assert!(ledger.audit(&[]).unwrap().is_empty());
}

pub(super) fn tables_of_a_later_program_are_left_alone(place: &dyn Place) {
    let ledger = place.ledger("a");
    let author = ledger.author().clone();
    drop(ledger);
    let table = place.tables().name("version");
    let later = VERSION + 1;
    let insert = format!("INSERT INTO {table} (version) VALUES ({later})");
    place.open().script(&insert).unwrap();
    let error = nerves_key_line::Ledger::create(place.open(), place.tables(), author);
    assert!(matches!(error, Err(LedgerError::Newer { found }) if found == later));
}

pub(super) fn a_clock_that_jumped_back_stops_the_line(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let table = place.tables().name("event");
    place
        .open()
        .script(&format!("UPDATE {table} SET at = 4102444800000"))
        .unwrap();
    let error = ledger.reserve(chip(1), "b", None).unwrap_err();
    assert!(matches!(error, LedgerError::Clock { .. }), "{error:?}");
    // Both as dates, and what to do about a clock that was ahead.
    let said = error.to_string();
    assert!(said.contains("2100-01-01 00:00:00 UTC"), "{said}");
    assert!(
        said.matches(" UTC").count() == 2 && said.contains("another name"),
        "{said}"
    );
    assert_eq!(ledger.unit(chip(1)).unwrap(), None);
    // What is recorded meanwhile does not make it right.
    ledger.fail(chip(1), "the clock").unwrap();
    assert!(ledger.reserve(chip(1), "b", None).is_err());
    // Another station has a clock of its own.
    place.ledger("other").reserve(chip(1), "b", None).unwrap();
}

pub(super) fn a_failure_is_an_event(place: &dyn Place) {
    let mut ledger = place.ledger("a");
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let unit = ledger.reserve(chip(1), "b", None).unwrap();
    ledger.fail(chip(1), "no answer").unwrap();
    assert_eq!(ledger.unit(chip(1)).unwrap(), Some(unit));
    assert_eq!(ledger.heads().unwrap()[0].seq, 3);
}
