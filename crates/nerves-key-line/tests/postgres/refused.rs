//! What no waiting mends is refused, and is not away.

use std::fs;

use nerves_key_line::{Database, DatabaseError, Postgres};
use tests_postgres::{OWNER, Server};

/// A spool would stand in for a server that is away.
pub(crate) fn a_password_that_is_missing_is_not_away() {
    let server = Server::start_with(&["listen_addresses="], |data| {
        let rules = format!("local all {OWNER} trust\nlocal all all scram-sha-256\n");
        fs::write(data.join("pg_hba.conf"), rules).unwrap();
    });
    let server = server.unwrap();
    server.script("CREATE ROLE station LOGIN PASSWORD 'secret'");
    let mut database: Postgres = server.url("station").parse().unwrap();
    let refused = database.transaction(&mut |_| Ok(())).unwrap_err();
    assert!(matches!(refused, DatabaseError::Refused(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("password missing"),
        "{refused}"
    );
    let wrong = format!("{} password=other", server.url("station"));
    let mut database: Postgres = wrong.parse().unwrap();
    let refused = database.transaction(&mut |_| Ok(())).unwrap_err();
    assert!(matches!(refused, DatabaseError::Refused(_)), "{refused:?}");
    let right = format!("{} password=secret", server.url("station"));
    let mut database: Postgres = right.parse().unwrap();
    database.transaction(&mut |_| Ok(())).unwrap();
}
