//! Parameters of statements.

use nerves_key_line::Value;

use super::Place;

/// By their numbers, whichever comes first, and as often as they come.
pub(super) fn parameters_go_by_their_numbers(place: &dyn Place) {
    let mut found = None;
    let mut database = place.open();
    let read = database.transaction(&mut |statements| {
        let parameters = [
            "one".to_owned().into(),
            "two".to_owned().into(),
            Value::Null,
        ];
        let rows = statements.query("SELECT $2 || $1 || $2, $3", &parameters)?;
        found = rows.into_iter().next();
        Ok(())
    });
    read.unwrap();
    assert_eq!(
        found,
        Some(vec![Value::Text("twoonetwo".to_owned()), Value::Null])
    );
}
