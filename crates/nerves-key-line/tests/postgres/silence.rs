//! A server that says nothing.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

use nerves_key_line::{
    Author, Database, DatabaseError, Facts, Ledger, LedgerError, Postgres, State, Tables,
};
use tests_postgres::{OWNER, Server};

use crate::suite::{batch, chip, pattern};

/// How long an answer may take here.
const STATEMENT_LIMIT: Duration = Duration::from_millis(500);
/// Longer than any of these may hang: an answer and its margin, a connection.
const LONGEST: Duration = Duration::from_secs(9);

fn ledger(server: &Server) -> Ledger {
    let mut database: Postgres = server.url(OWNER).parse().unwrap();
    database.set_statement_limit(STATEMENT_LIMIT);
    let author = Author {
        station: "one".to_owned(),
        operator: "ada".to_owned(),
    };
    let mut ledger = Ledger::create(Box::new(database), Tables::default(), author).unwrap();
    ledger.set_patience(STATEMENT_LIMIT);
    ledger
}

fn is_away<T: std::fmt::Debug>(begin: Instant, result: &Result<T, LedgerError>) {
    let is_away = matches!(result, Err(LedgerError::Database(DatabaseError::Away(_))));
    assert!(is_away, "{result:?}");
    assert!(begin.elapsed() < LONGEST, "{:?}", begin.elapsed());
}

/// A new connection and one that is open, before a statement: the ledger says
/// that the server is away, and goes on when it is back.
pub(crate) fn a_stopped_server_hangs_no_station() {
    let server = Server::start().unwrap();
    let mut ledger = ledger(&server);
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let unit = ledger.reserve(chip(1), "b", None).unwrap();
    server.freeze();
    let mut facts = Facts::default();
    facts.public_key = Some([1; 64]);
    let begin = Instant::now();
    is_away(begin, &ledger.advance(&unit, State::Keyed, &facts));
    // The open connection is given up; a new one is accepted and not answered.
    let begin = Instant::now();
    is_away(begin, &ledger.unit(chip(1)));
    server.thaw();
    ledger.set_patience(Duration::from_secs(10));
    let unit = ledger.unit(chip(1)).unwrap().unwrap();
    // What was sent last may have been done after all.
    if unit.state == State::Reserved {
        ledger.advance(&unit, State::Keyed, &facts).unwrap();
    }
    assert_eq!(ledger.unit(chip(1)).unwrap().unwrap().state, State::Keyed);
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// Stopped again and again in the middle of the work of two stations: each unit
/// has one serial, and no state is lost.
pub(crate) fn a_server_that_stops_now_and_then_loses_nothing() {
    let server = Server::start().unwrap();
    let mut loader = ledger(&server);
    loader.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    let work = |first: u16| {
        let mut ledger = ledger(&server);
        ledger.set_patience(Duration::from_secs(30));
        for index in first..first + 20 {
            let unit = ledger.reserve(chip(index), "b", None).unwrap();
            let mut facts = Facts::default();
            let [_, byte] = index.to_be_bytes();
            facts.public_key = Some([byte; 64]);
            ledger.advance(&unit, State::Keyed, &facts).unwrap();
            thread::sleep(Duration::from_millis(100));
        }
    };
    thread::scope(|scope| {
        let workers = [0, 20].map(|first| scope.spawn(move || work(first)));
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(333));
            server.freeze();
            thread::sleep(STATEMENT_LIMIT.saturating_mul(6));
            server.thaw();
        }
        for worker in workers {
            worker.join().unwrap();
        }
    });
    let units = loader.units("b").unwrap();
    assert_eq!(units.len(), 40);
    assert!(units.iter().all(|unit| unit.state == State::Keyed));
    assert_eq!(loader.audit(&[]).unwrap(), []);
}

/// A socket that somebody else listens on, who says nothing.
pub(crate) fn a_silent_socket_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".s.PGSQL.5432");
    let _local = UnixListener::bind(path).unwrap();
    let network = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = network.local_addr().unwrap().port();
    let urls = [
        format!("host={} user=a dbname=b", folder.path().display()),
        format!("postgres://a@127.0.0.1:{port}/b"),
    ];
    for url in urls {
        let mut database: Postgres = url.parse().unwrap();
        let begin = Instant::now();
        let error = database.script("SELECT 1").unwrap_err();
        assert!(matches!(error, DatabaseError::Away(_)), "{url}: {error}");
        assert!(begin.elapsed() < LONGEST, "{url}: {:?}", begin.elapsed());
    }
}

/// A statement that the server works on for too long is given up by the server.
pub(crate) fn a_slow_statement_is_ended_by_the_server() {
    let server = Server::start().unwrap();
    let mut database: Postgres = server.url(OWNER).parse().unwrap();
    database.set_statement_limit(STATEMENT_LIMIT);
    let begin = Instant::now();
    let ended = database.transaction(&mut |statements| {
        statements.query("SELECT pg_sleep(60)::text", &[])?;
        Ok(())
    });
    assert!(matches!(ended, Err(DatabaseError::Busy(_))), "{ended:?}");
    assert!(begin.elapsed() < LONGEST, "{:?}", begin.elapsed());
    // Nor does a station that is silent keep what it holds.
    let idle = database.transaction(&mut |statements| {
        thread::sleep(STATEMENT_LIMIT.saturating_mul(3));
        statements.query("SELECT 1", &[])?;
        Ok(())
    });
    assert!(matches!(idle, Err(DatabaseError::Away(_))), "{idle:?}");
}
