//! A `PostgreSQL` server of a test's own.
//!
//! The programs are those of Debian's package `postgresql`. The server listens
//! on a socket in a folder of its own and is thrown away with it.
#![forbid(unsafe_code)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The role that owns the tables.
pub const OWNER: &str = "owner";

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// The port of a server without TCP, which is part of its socket's name.
const PORT: u16 = 5432;

/// A running server, ended when it is dropped.
#[derive(Debug)]
pub struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    /// `NAME=VALUE` each.
    settings: Vec<String>,
    port: u16,
    process: Child,
}

/// How a server is ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// It ends its sessions.
    Fast,
    /// At once: it recovers afterwards, as from a crash.
    Immediate,
}

impl Server {
    /// None where `PostgreSQL` is not installed.
    ///
    /// # Panics
    /// When it is and does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        // What is lost with it is thrown away.
        Self::with(&["fsync=off", "listen_addresses="], PORT, |_| ())
    }

    /// One that writes to the disk, as a factory's does.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_synced() -> Option<Self> {
        Self::with(&["fsync=on", "listen_addresses="], PORT, |_| ())
    }

    /// With these settings, after `prepare` has put files into the folder of its
    /// data; on a port of its own.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_with(settings: &[&str], prepare: impl FnOnce(&Path)) -> Option<Self> {
        let settings = [&["fsync=off"], settings].concat();
        Self::with(&settings, free_port(), prepare)
    }

    fn with(settings: &[&str], port: u16, prepare: impl FnOnce(&Path)) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap();
        // The server refuses to run as root.
        let user = rustix::process::geteuid()
            .is_root()
            .then(|| user("postgres"));
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
        let settings: Vec<_> = settings.iter().map(|&one| one.to_owned()).collect();
        let process = postgres(&programs, folder.path(), user, port, &settings);
        let server = Self {
            folder,
            programs,
            user,
            settings,
            port,
            process,
        };
        server.wait();
        Some(server)
    }

    /// Its folder, in which its socket is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How `role` reaches it.
    #[must_use]
    pub fn url(&self, role: &str) -> String {
        let folder = self.folder.path().display();
        let port = self.port;
        format!("host={folder} port={port} user={role} dbname=postgres")
    }

    /// Of TCP, where it listens there; part of its socket's name as well.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    fn socket(&self) -> String {
        format!(".s.PGSQL.{}", self.port)
    }

    /// Run a script as its owner.
    ///
    /// # Panics
    /// When it fails.
    pub fn script(&self, script: &str) {
        self.script_by(self.folder(), script);
    }

    fn script_by(&self, folder: &Path, script: &str) {
        let mut psql = program(&self.programs.join("psql"), self.user);
        psql.arg("-h")
            .arg(folder)
            .args(["-U", OWNER, "-d", "postgres"])
            .args(["-p", &self.port.to_string()]);
        psql.args(["-v", "ON_ERROR_STOP=1", "-q", "-c", script]);
        let ran = psql.output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{said}");
    }

    /// Stop all its processes where they are: it accepts connections, since the
    /// kernel does, and answers nothing.
    ///
    /// # Panics
    /// When a process cannot be stopped.
    pub fn freeze(&self) {
        // The parent first, so that it starts no more.
        self.signal(Signal::STOP);
    }

    /// Let them go on.
    ///
    /// # Panics
    /// When a process cannot be continued.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Its processes, the parent first.
    ///
    /// # Panics
    /// Where `/proc` does not list them.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let parent = self.process.id();
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        let children = children.unwrap();
        let children = children.split_whitespace().map(|id| id.parse().unwrap());
        [parent].into_iter().chain(children).collect()
    }

    fn signal(&self, signal: Signal) {
        for id in self.processes() {
            let sent = kill_process(pid(id), signal);
            // A connection may have ended just now; the parent may not.
            assert!(sent.is_ok() || id != self.process.id(), "{sent:?}");
        }
    }

    /// End it and start it again: every connection breaks.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self, end: End) {
        let signal = match end {
            End::Fast => Signal::INT,
            End::Immediate => Signal::QUIT,
        };
        kill_process(pid(self.process.id()), signal).unwrap();
        self.process.wait().unwrap();
        self.process = postgres(
            &self.programs,
            self.folder.path(),
            self.user,
            self.port,
            &self.settings,
        );
        self.wait();
    }

    /// Take its socket away and end every session, or bring it back.
    ///
    /// # Panics
    /// When that fails.
    pub fn hide(&self) {
        let away = self.folder().join("away");
        if !away.exists() {
            fs::create_dir(&away).unwrap();
        }
        let socket = self.socket();
        fs::rename(self.folder().join(&socket), away.join(&socket)).unwrap();
        self.script_by(
            &away,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        );
    }

    /// Bring the socket back.
    ///
    /// # Panics
    /// When that fails.
    pub fn show(&self) {
        let away = self.folder().join("away");
        let socket = self.socket();
        fs::rename(away.join(&socket), self.folder().join(&socket)).unwrap();
    }

    /// Until it takes connections.
    fn wait(&self) {
        let begin = Instant::now();
        loop {
            let mut ready = program(&self.programs.join("pg_isready"), self.user);
            let port = self.port.to_string();
            let ready = ready.args(["-q", "-p", &port, "-h"]).arg(self.folder());
            let ready = ready.status();
            if ready.unwrap().success() {
                return;
            }
            if begin.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder().join("log"));
                panic!("it does not start: {}", log.unwrap_or_default());
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that is stopped does not end its children.
        self.signal(Signal::CONT);
        // It clears its shared memory away, where it is let.
        let told = kill_process(pid(self.process.id()), Signal::INT);
        let begin = Instant::now();
        while told.is_ok() && begin.elapsed() < PATIENCE {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        // Nothing more can be done here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// One that nobody listens on just now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn postgres(
    programs: &Path,
    folder: &Path,
    user: Option<(u32, u32)>,
    port: u16,
    settings: &[String],
) -> Child {
    let mut postgres = program(&programs.join("postgres"), user);
    postgres.arg("-D").arg(folder.join("data"));
    postgres.arg("-k").arg(folder);
    postgres.args(["-p", &port.to_string()]);
    postgres.args(settings.iter().flat_map(|setting| ["-c", setting]));
    let log = fs::File::options()
        .append(true)
        .create(true)
        .open(folder.join("log"));
    postgres
        .stderr(log.unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The folder of the newest version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    versions
        .filter(|folder| folder.join("initdb").exists())
        .max()
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
