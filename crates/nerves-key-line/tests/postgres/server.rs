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
}

impl Server {
    /// None where `PostgreSQL` is not installed.
    pub(crate) fn start() -> Option<Self> {
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
        let mut postgres = program(&programs.join("postgres"), user);
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path());
        postgres.args(["-c", "listen_addresses=", "-c", "fsync=off"]);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = postgres.stderr(log).stdout(Stdio::null()).spawn().unwrap();
        let server = Self { folder, process };
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
        format!("host={folder} user={role} dbname=postgres")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What is lost with it is thrown away.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
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
