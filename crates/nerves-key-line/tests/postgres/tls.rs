//! A server that speaks TLS, one that does not, and certificates of openssl.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nerves_key_line::{Database, DatabaseError, Postgres, Value};

use tests_postgres::{OWNER, Server};

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let command = command.current_dir(folder).args(arguments.split(' '));
    let made = command.output().unwrap();
    let message = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{arguments}: {message}");
}

/// `name.crt` and `name.key` for one more of the CA `ca`.
fn issue(folder: &Path, ca: &str, name: &str, subject: &str, extension: &str) {
    let new = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    openssl(
        folder,
        &format!(
            "{new} -x509 -CA {ca}.crt -CAkey {ca}.key -keyout {name}.key -out {name}.crt -subj \
             /CN={subject} -addext basicConstraints=critical,CA:FALSE -addext {extension}"
        ),
    );
}

/// A CA, another one, the server's certificate for the name `localhost` alone,
/// a client's.
fn certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for ca in ["ca", "other"] {
        openssl(
            folder.path(),
            &format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout \
                 {ca}.key -out {ca}.crt -subj /CN={ca}"
            ),
        );
    }
    let named = "subjectAltName=DNS:localhost";
    issue(folder.path(), "ca", "server", "localhost", named);
    issue(
        folder.path(),
        "ca",
        "client",
        "certified",
        "extendedKeyUsage=clientAuth",
    );
    folder
}

const HBA: &str = "local all all trust
hostssl all owner 127.0.0.1/32 trust
hostssl all certified 127.0.0.1/32 cert
";

/// It takes nobody by TCP without TLS.
fn server(files: &Path) -> Server {
    let settings = [
        "listen_addresses=127.0.0.1",
        "ssl=on",
        "ssl_cert_file=server.crt",
        "ssl_key_file=server.key",
        "ssl_ca_file=ca.crt",
    ];
    let server = Server::start_with(&settings, |data| {
        for name in ["server.crt", "server.key", "ca.crt"] {
            fs::copy(files.join(name), data.join(name)).unwrap();
            fs::set_permissions(data.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(data.join("pg_hba.conf"), HBA).unwrap();
    });
    server.unwrap()
}

/// Whether the server says that the connection is encrypted.
fn is_encrypted(database: &mut Postgres) -> Result<bool, DatabaseError> {
    let mut found = Vec::new();
    database.transaction(&mut |statements| {
        let statement = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        found = statements.query(statement, &[])?;
        Ok(())
    })?;
    Ok(found == [[Value::from("true")]])
}

struct Bench {
    files: tempfile::TempDir,
    server: Server,
}

impl Bench {
    fn new() -> Self {
        let files = certificates();
        let server = server(files.path());
        Self { files, server }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn url(&self, host: &str, role: &str, words: &str) -> String {
        let port = self.server.port();
        format!("postgres://{role}@{host}:{port}/postgres?{words}")
    }

    /// With the CA `ca.crt`.
    fn open(&self, host: &str, role: &str, words: &str) -> Postgres {
        Postgres::new(&self.url(host, role, words), Some(&self.file("ca.crt"))).unwrap()
    }
}

pub(crate) fn a_verified_connection_is_encrypted() {
    let bench = Bench::new();
    for words in [
        "",
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
    ] {
        let mut database = bench.open("localhost", OWNER, words);
        assert!(is_encrypted(&mut database).unwrap(), "{words}");
    }
    // The CA in the text, as PostgreSQL's own programs take it.
    let (root, port) = (bench.file("ca.crt"), bench.server.port());
    let root = root.display();
    let words = format!("host=localhost port={port} user={OWNER} dbname=postgres");
    let words = format!("{words} sslmode=verify-full sslrootcert='{root}'");
    assert!(is_encrypted(&mut words.parse().unwrap()).unwrap());
    // A client's certificate, which the server asks of this role.
    let client = |certificate: &str| {
        let [certificate, key] =
            ["crt", "key"].map(|end| bench.file(&format!("{certificate}.{end}")));
        let words = format!("sslcert={}&sslkey={}", certificate.display(), key.display());
        bench.open("localhost", "certified", &words)
    };
    let mut owner: Postgres = bench.server.url(OWNER).parse().unwrap();
    owner.script("CREATE ROLE certified LOGIN").unwrap();
    assert!(is_encrypted(&mut client("client")).unwrap());
    // Another's certificate, and none.
    assert!(is_encrypted(&mut client("server")).is_err());
    let error = is_encrypted(&mut bench.open("localhost", "certified", "")).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

pub(crate) fn who_cannot_be_verified_is_refused() {
    let bench = Bench::new();
    for (host, ca, part) in [
        ("localhost", "other.crt", "UnknownIssuer"),
        // It is in the CA's certificate, but not for this address.
        ("127.0.0.1", "ca.crt", "not valid for name"),
    ] {
        for mode in ["", "sslmode=require", "sslmode=verify-full"] {
            let url = bench.url(host, OWNER, mode);
            let mut database = Postgres::new(&url, Some(&bench.file(ca))).unwrap();
            let error = is_encrypted(&mut database).unwrap_err();
            // It is not tried again as one that is away.
            assert!(matches!(error, DatabaseError::Refused(_)), "{error:?}");
            let message = error.to_string();
            assert!(message.contains(part), "{url}: {message}");
            assert!(message.contains("name the CA"), "{url}: {message}");
        }
    }
    let missing = Postgres::new("host=x", Some(&bench.file("none.crt"))).unwrap_err();
    assert!(missing.to_string().contains("none.crt"), "{missing}");
    let empty = Postgres::new("host=x", Some(&bench.file("ca.key"))).unwrap_err();
    assert!(empty.to_string().contains("no certificate"), "{empty}");
}

pub(crate) fn a_server_without_tls_is_refused() {
    let files = certificates();
    let server = Server::start_with(&["listen_addresses=127.0.0.1"], |_| ()).unwrap();
    let port = server.port();
    let url = format!("postgres://{OWNER}@localhost:{port}/postgres");
    let ca = files.path().join("ca.crt");
    let mut database = Postgres::new(&url, Some(&ca)).unwrap();
    let error = is_encrypted(&mut database).unwrap_err();
    assert!(matches!(error, DatabaseError::Refused(_)), "{error:?}");
    let message = error.to_string();
    assert!(message.contains("server does not support TLS"), "{message}");
    // Within this machine it is taken as it is.
    assert!(!is_encrypted(&mut url.parse().unwrap()).unwrap());
    let disabled = format!("{url}?sslmode=disable");
    assert!(!is_encrypted(&mut disabled.parse().unwrap()).unwrap());
}

pub(crate) fn nothing_falls_back_to_plain_text() {
    let ca = Some(Path::new("ca.crt"));
    for (text, ca, part) in [
        ("postgres://u@ledger.example/d", None, "sslrootcert=FILE"),
        ("host=192.0.2.1", None, "sslrootcert=FILE"),
        (
            "host=localhost hostaddr=192.0.2.1",
            None,
            "sslrootcert=FILE",
        ),
        ("host=localhost,ledger.example", None, "sslrootcert=FILE"),
        ("postgres://u@h/d?sslmode=prefer", None, "may go on without"),
        ("host=localhost sslmode=allow", None, "may go on without"),
        (
            "host=localhost sslmode=full",
            None,
            "verify-full or disable",
        ),
        ("host=localhost sslmode = disable", None, "without blanks"),
        (
            "host=localhost sslmode=disable",
            ca,
            "leave one of them out",
        ),
        ("host=/run/postgresql sslmode=require", ca, "is a socket"),
        ("host=localhost sslmode=require", None, "sslrootcert=FILE"),
    ] {
        let refused = Postgres::new(text, ca).unwrap_err();
        assert!(refused.to_string().contains(part), "{text}: {refused}");
    }
    for text in [
        "postgres://u@ledger.example/d?sslmode=disable",
        "host=/run/postgresql",
        "host=127.0.0.1",
        "host=::1",
    ] {
        Postgres::new(text, None).unwrap();
    }
}
