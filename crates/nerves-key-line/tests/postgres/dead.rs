//! A connection that died while nobody looked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nerves_key_line::{
    Author, Database, DatabaseError, Facts, Ledger, Postgres, Rows, State, Statements, Tables,
    Value,
};
use tests_postgres::{End, OWNER, Server};

use crate::suite::{batch, chip, pattern};

/// How long the server may take to answer, and a station may wait for it.
const STATEMENT_LIMIT: Duration = Duration::from_secs(5);

fn ledger(database: Box<dyn Database>) -> Ledger {
    let author = Author {
        station: "one".to_owned(),
        operator: "ada".to_owned(),
    };
    let mut ledger = Ledger::create(database, Tables::default(), author).unwrap();
    ledger.load(&batch("b", &pattern("A-{:03}"))).unwrap();
    ledger
}

fn with_key(byte: u8) -> Facts {
    let mut facts = Facts::default();
    facts.public_key = Some([byte; 64]);
    facts
}

/// End all other sessions; how many there were.
fn end_others(killer: &mut Postgres) -> i64 {
    let mut rows = Rows::new();
    let statement = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
                     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let ended = killer.transaction(&mut |statements| {
        rows = statements.query(statement, &[])?;
        Ok(())
    });
    ended.unwrap();
    match rows[0][0] {
        Value::Integer(count) => count,
        _ => 0,
    }
}

/// The session has ended between two transactions, or the server has been restarted:
/// the next one is done at once, without an attempt that fails.
pub(crate) fn a_session_that_ended_is_made_anew() {
    let mut server = Server::start().unwrap();
    let mut killer: Postgres = server.url(OWNER).parse().unwrap();
    let database: Postgres = server.url(OWNER).parse().unwrap();
    let mut ledger = ledger(Box::new(database));
    ledger.set_patience(Duration::ZERO);
    let unit = ledger.reserve(chip(1), "b", None).unwrap();
    assert_eq!(end_others(&mut killer), 1);
    let unit = ledger.advance(&unit, State::Keyed, &with_key(1)).unwrap();
    for end in [End::Fast, End::Immediate] {
        server.restart(end);
        assert_eq!(ledger.unit(chip(1)).unwrap().as_ref(), Some(&unit));
    }
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// Forwards what comes, until it forgets the connections that there are: they
/// stay open, and nothing passes on them any more.
struct Gateway {
    port: u16,
    forgotten: Arc<AtomicUsize>,
}

impl Gateway {
    fn new(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let forgotten = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&forgotten);
        thread::spawn(move || {
            for (number, client) in listener.incoming().enumerate() {
                let client = client.unwrap();
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let count = Arc::clone(&count);
                    thread::spawn(move || {
                        forward(from, to, || number < count.load(Ordering::SeqCst));
                    });
                }
            }
        });
        Self { port, forgotten }
    }

    fn forget(&self) {
        self.forgotten.store(1, Ordering::SeqCst);
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, is_forgotten: impl Fn() -> bool) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        if !is_forgotten() && to.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
}

/// A network that has forgotten the connection says nothing of it: the next
/// statement is answered within the limit all the same, on a new one.
pub(crate) fn a_connection_that_was_forgotten_is_made_anew() {
    let server = Server::start_with(&["listen_addresses=127.0.0.1"], |_| ()).unwrap();
    let gateway = Gateway::new(server.port());
    let url = format!("postgres://{OWNER}@127.0.0.1:{}/postgres", gateway.port);
    let mut database: Postgres = url.parse().unwrap();
    database.set_statement_limit(STATEMENT_LIMIT);
    let mut ledger = ledger(Box::new(database));
    ledger.set_patience(Duration::ZERO);
    let unit = ledger.reserve(chip(1), "b", None).unwrap();
    gateway.forget();
    let begin = Instant::now();
    let unit = ledger.advance(&unit, State::Keyed, &with_key(1)).unwrap();
    assert!(begin.elapsed() < STATEMENT_LIMIT, "{:?}", begin.elapsed());
    assert_eq!(unit.state, State::Keyed);
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}

/// Whose session is ended before a statement, or before it commits.
struct Interrupted {
    database: Postgres,
    killer: Postgres,
    /// Statements until then; 0 for never.
    left: Arc<AtomicUsize>,
}

struct InterruptedStatements<'a> {
    statements: &'a mut dyn Statements,
    killer: &'a mut Postgres,
    left: &'a AtomicUsize,
}

impl InterruptedStatements<'_> {
    fn count(&mut self) {
        let less = |left: usize| left.checked_sub(1);
        let before = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        if before == Ok(1) {
            assert_eq!(end_others(self.killer), 1);
        }
    }
}

impl Statements for InterruptedStatements<'_> {
    fn query(&mut self, statement: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        self.count();
        self.statements.query(statement, parameters)
    }

    fn objects(
        &mut self,
        tables: &[String],
    ) -> Result<Vec<(String, nerves_key_line::Object)>, DatabaseError> {
        self.statements.objects(tables)
    }
}

impl Database for Interrupted {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Statements) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let (killer, left) = (&mut self.killer, &*self.left);
        self.database.transaction(&mut |statements| {
            let mut statements = InterruptedStatements {
                statements,
                killer,
                left,
            };
            work(&mut statements)?;
            statements.count();
            Ok(())
        })
    }

    fn script(&mut self, script: &str) -> Result<(), DatabaseError> {
        self.database.script(script)
    }
}

/// Between any two statements of a transaction, and before its end: it is done
/// again, once.
pub(crate) fn a_session_that_ends_within_a_transaction_loses_nothing() {
    let server = Server::start().unwrap();
    let left = Arc::new(AtomicUsize::new(0));
    let mut ledger = ledger(Box::new(Interrupted {
        database: server.url(OWNER).parse().unwrap(),
        killer: server.url(OWNER).parse().unwrap(),
        left: Arc::clone(&left),
    }));
    let mut units = 0;
    let mut statements = 0;
    while left.swap(0, Ordering::SeqCst) == 0 {
        units += 1;
        statements += 1;
        let [_, byte] = u16::to_be_bytes(units);
        let unit = ledger.reserve(chip(units), "b", None).unwrap();
        left.store(statements, Ordering::SeqCst);
        let unit = ledger
            .advance(&unit, State::Keyed, &with_key(byte))
            .unwrap();
        assert_eq!(
            unit.state,
            State::Keyed,
            "before the statement {statements}"
        );
    }
    // It was too few: an advance is its step, its key and its event at least.
    assert!(statements > 6, "{statements}");
    let all = ledger.units("b").unwrap();
    assert_eq!(all.len(), usize::from(units));
    assert!(all.iter().all(|unit| unit.step == 1));
    assert_eq!(ledger.audit(&[]).unwrap(), []);
}
