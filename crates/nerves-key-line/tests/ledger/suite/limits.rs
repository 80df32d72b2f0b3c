//! Numbers at the end of what a database holds, which no ledger writes.

use nerves_key_line::{
    Database, DatabaseError, Facts, Ledger, LedgerError, SerialScheme, State, Statements,
};

use super::{Place, batch, chip, pattern};

/// A database in which each transaction finds a row altered, and leaves nothing.
struct Damaged {
    database: Box<dyn Database>,
    damage: String,
}

impl Database for Damaged {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let mut done = Ok(());
        let ended = self.database.transaction(&mut |statements| {
            statements.query(&self.damage, &[])?;
            done = work(statements);
            Err(DatabaseError::GivenUp)
        });
        match ended {
            Err(DatabaseError::GivenUp) => done,
            ended => ended,
        }
    }

    fn script(&mut self, script: &str) -> Result<(), DatabaseError> {
        self.database.script(script)
    }
}

/// What a station and an office do, one after the other.
fn results(ledger: &mut Ledger) -> Vec<Result<(), LedgerError>> {
    let advance = |ledger: &mut Ledger| {
        let unit = ledger.unit(chip(9))?.unwrap();
        let next = ledger.advance(&unit, State::Abandoned, &Facts::default());
        next.map(drop)
    };
    let scanned = batch("scanned", &SerialScheme::Scanned);
    let further = batch("further", &pattern("A-{:03}"));
    vec![
        ledger.reserve(chip(50), "b", None).map(drop),
        advance(ledger),
        ledger.fail(chip(9), "no answer"),
        ledger.load(&scanned).map(drop),
        ledger.load(&further).map(drop),
        ledger.lease("b", "spool", 5),
        ledger.free_places("b").map(drop),
        ledger.numbers("b").map(drop),
        ledger.status().map(drop),
        ledger.activity("b").map(drop),
        ledger.units("b").map(drop),
        ledger.export("b", &[]).map(drop),
        ledger.heads().map(drop),
    ]
}

/// Each is a row that cannot be read, or does not count; none ends the program, and
/// none is taken for a row that another station was first with.
pub(super) fn a_number_at_its_end_is_a_damaged_row(place: &dyn Place) {
    let mut sound = place.ledger("one");
    sound.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    for index in 0..10 {
        sound.reserve(chip(index), "b", None).unwrap();
    }
    let author = sound.author().clone();
    let ends = [i64::MAX, i64::MIN];
    let [event, step, unit, number] =
        ["event", "step", "unit", "number"].map(|table| place.tables().name(table));
    let mut damages = vec![(
        format!("UPDATE {event} SET seq = {} WHERE seq = 11", i64::MAX),
        true,
    )];
    for end in ends {
        let is_last = end == i64::MAX;
        let ninth = format!("WHERE chip = '{}'", chip(9));
        let last = "WHERE number = 9";
        damages.extend([
            (format!("UPDATE {event} SET at = {end} {ninth}"), false),
            (format!("UPDATE {step} SET step = {end} {ninth}"), is_last),
            (format!("UPDATE {unit} SET place = {end} {ninth}"), is_last),
            (
                format!("UPDATE {number} SET number = {end} {last}"),
                is_last,
            ),
            (
                format!("UPDATE {number} SET round = {end}, use = 'returned' {last}"),
                is_last,
            ),
            (
                format!("UPDATE {number} SET number = {end}, use = 'returned' {last}"),
                true,
            ),
        ]);
    }
    for (damage, is_unreadable) in damages {
        let database = Box::new(Damaged {
            database: place.open(),
            damage: damage.clone(),
        });
        let mut ledger = Ledger::open(database, place.tables(), author.clone()).unwrap();
        let errors: Vec<_> = results(&mut ledger)
            .into_iter()
            .filter_map(Result::err)
            .collect();
        let is_named = errors.iter().any(|error| {
            matches!(error, LedgerError::Row(_)) && error.to_string().contains("audit it")
        });
        assert_eq!(is_named, is_unreadable, "{damage}: {errors:?}");
        let is_taken = |error: &LedgerError| matches!(error, LedgerError::Database(_));
        assert!(!errors.iter().any(is_taken), "{damage}: {errors:?}");
        assert_ne!(ledger.audit(&[]).unwrap(), [], "{damage}");
    }
    assert_eq!(sound.audit(&[]).unwrap(), []);
}
