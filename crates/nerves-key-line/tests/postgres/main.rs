//! The promises of a ledger on a server, and what its grants refuse.
//!
//! The server is Debian's package `postgresql`, started here on a socket of its
//! own; where there is none, nothing is tested and that is said.

#[path = "../ledger/suite/mod.rs"]
mod suite;

mod grants;
mod silence;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::Trial;
use nerves_key_line::{Database, Postgres, Tables};
use suite::Place;
use tests_postgres::{OWNER, Server};

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
    let (here, there) = (Arc::clone(&server), Arc::clone(&server));
    let grants = Trial::test("a_station_can_insert_and_nothing_else", move || {
        grants::a_station_can_insert_and_nothing_else(&Schema::new(&here, "grants"));
        Ok(())
    });
    // Each with a server of its own, which it stops.
    let alone: [(&str, fn()); 4] = [
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
    ];
    let alone = alone.map(|(name, case)| {
        Trial::test(name, move || {
            case();
            Ok(())
        })
    });
    let more = alone.into_iter().chain([grants]).collect();
    suite::run(move |case| Box::new(Schema::new(&there, case)), more)
}
