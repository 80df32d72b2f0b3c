//! The promises of a ledger on a server, and what its grants refuse.
//!
//! The server is Debian's package `postgresql`, started here on a socket of its
//! own; where there is none, nothing is tested and that is said.

#[path = "../ledger/suite/mod.rs"]
mod suite;

mod dead;
mod grants;
mod large;
mod objects;
mod refused;
mod silence;
mod tls;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::Trial;
use nerves_key_line::{Database, Postgres, Tables};
use suite::Place;
use tests_postgres::{OWNER, Server};

/// A case of this database alone.
type OnSchema = fn(&Schema);

/// Tables of one case.
struct Schema {
    server: Arc<Server>,
    name: String,
}

impl Place for Schema {
    fn open(&self) -> Box<dyn Database> {
        let url = self.server.url(OWNER);
        Box::new(url.parse::<Postgres>().unwrap())
    }

    fn tables(&self) -> Tables {
        // A name of the database has 63 bytes at most.
        let name: String = self.name.chars().take(40).collect();
        Tables::new(Some(&name), "").unwrap()
    }
}

impl Schema {
    fn new(server: &Arc<Server>, name: &str) -> Self {
        let schema = Self {
            server: Arc::clone(server),
            name: name.to_owned(),
        };
        let name = schema.tables().name("");
        let name = name.trim_end_matches('.');
        schema
            .open()
            .script(&format!("CREATE SCHEMA {name}"))
            .unwrap();
        schema
    }
}

fn main() -> ExitCode {
    let Some(server) = Server::start() else {
        println!("left out: there is no PostgreSQL (Debian's package postgresql)");
        return ExitCode::SUCCESS;
    };
    let server = Arc::new(server);
    let there = Arc::clone(&server);
    let on_schemas: [(&str, OnSchema); 5] = [
        (
            "a_station_can_insert_and_nothing_else",
            grants::a_station_can_insert_and_nothing_else,
        ),
        (
            "who_may_only_read_can_look",
            grants::who_may_only_read_can_look,
        ),
        (
            "what_acts_on_a_table_is_named",
            objects::what_acts_on_a_table_is_named,
        ),
        (
            "what_reads_all_of_it_is_not_cut_off",
            large::what_reads_all_of_it_is_not_cut_off,
        ),
        (
            "who_computes_for_long_is_not_cut_off",
            large::who_computes_for_long_is_not_cut_off,
        ),
    ];
    let on_schemas = on_schemas.map(|(name, case)| {
        let server = Arc::clone(&server);
        Trial::test(name, move || {
            case(&Schema::new(&server, name));
            Ok(())
        })
    });
    let mut more = Vec::from(on_schemas);
    let tls: [(&str, fn()); 4] = [
        (
            "a_verified_connection_is_encrypted",
            tls::a_verified_connection_is_encrypted,
        ),
        (
            "who_cannot_be_verified_is_refused",
            tls::who_cannot_be_verified_is_refused,
        ),
        (
            "a_server_without_tls_is_refused",
            tls::a_server_without_tls_is_refused,
        ),
        (
            "nothing_falls_back_to_plain_text",
            tls::nothing_falls_back_to_plain_text,
        ),
    ];
    more.extend(tls.map(|(name, case)| {
        Trial::test(name, move || {
            case();
            Ok(())
        })
    }));
    // Each with a server of its own, which it stops.
    let alone: [(&str, fn()); 8] = [
        (
            "a_password_that_is_missing_is_not_away",
            refused::a_password_that_is_missing_is_not_away,
        ),
        (
            "a_stopped_server_hangs_no_station",
            silence::a_stopped_server_hangs_no_station,
        ),
        (
            "a_server_that_stops_now_and_then_loses_nothing",
            silence::a_server_that_stops_now_and_then_loses_nothing,
        ),
        (
            "a_slow_statement_is_ended_by_the_server",
            silence::a_slow_statement_is_ended_by_the_server,
        ),
        ("a_silent_socket_is_away", silence::a_silent_socket_is_away),
        (
            "a_session_that_ended_is_made_anew",
            dead::a_session_that_ended_is_made_anew,
        ),
        (
            "a_connection_that_was_forgotten_is_made_anew",
            dead::a_connection_that_was_forgotten_is_made_anew,
        ),
        (
            "a_session_that_ends_within_a_transaction_loses_nothing",
            dead::a_session_that_ends_within_a_transaction_loses_nothing,
        ),
    ];
    more.extend(alone.map(|(name, case)| {
        Trial::test(name, move || {
            case();
            Ok(())
        })
    }));
    suite::run(move |case| Box::new(Schema::new(&there, case)), more)
}
