//! A server of this test's own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nerves_key_line::{Database, Postgres};

/// The role that owns the tables.
pub(crate) const OWNER: &str = "owner";

/// A running server, ended when it is dropped.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    process: Child,
    /// Of TCP; part of the socket's name as well.
    pub(crate) port: u16,
}

impl Server {
    /// On a socket alone. None where `PostgreSQL` is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&["listen_addresses="], |_| ())
    }

    /// With these settings, after `prepare` has put files into the folder of its
    /// data.
    pub(crate) fn start_with(settings: &[&str], prepare: impl FnOnce(&Path)) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap();
        // The server refuses to run as root.
        let user = is_root().then(|| user("postgres"));
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group)).unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let data = folder.path().join("data");
        let mut initdb = program(&programs.join("initdb"), user);
        initdb.arg("-D").arg(&data);
        initdb.args([
            "-U",
            OWNER,
            "-A",
            "trust",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
        ]);
        let made = initdb.output().unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        prepare(&data);
        if let Some((user, group)) = user {
            for entry in fs::read_dir(&data).unwrap() {
                chown(entry.unwrap().path(), Some(user), Some(group)).unwrap();
            }
        }
        let port = free_port();
        let mut postgres = program(&programs.join("postgres"), user);
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path());
        postgres.args(["-c", "fsync=off", "-p", &port.to_string()]);
        postgres.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = postgres.stderr(log).stdout(Stdio::null()).spawn().unwrap();
        let server = Self {
            folder,
            process,
            port,
        };
        let begin = Instant::now();
        loop {
            let mut database: Postgres = server.url(OWNER).parse().unwrap();
            match database.script("SELECT 1") {
                Ok(()) => return Some(server),
                Err(error) if begin.elapsed() > Duration::from_secs(30) => {
                    let log = fs::read_to_string(server.folder.path().join("log"));
                    panic!("{error}\n{}", log.unwrap());
                }
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    /// How `role` reaches it.
    pub(crate) fn url(&self, role: &str) -> String {
        let folder = self.folder.path().display();
        let port = self.port;
        format!("host={folder} port={port} user={role} dbname=postgres")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What is lost with it is thrown away.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// One that nobody listens on just now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The folder of the newest version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    versions
        .filter(|folder| folder.join("initdb").exists())
        .max()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

fn user(name: &str) -> (u32, u32) {
    let number = |option: &str| {
        let id = Command::new("id").args([option, name]).output().unwrap();
        let text = String::from_utf8(id.stdout).unwrap();
        text.trim().parse().unwrap()
    };
    (number("-u"), number("-g"))
}

fn program(path: &Path, user: Option<(u32, u32)>) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(path);
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}
