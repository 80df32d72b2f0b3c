//! Another process: this program once more, with an order in its environment.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use atecc::BusAddress;
use atecc_linux::{LockError, SessionLock};

const ORDER: &str = "ATECC_LINUX_TEST_ORDER";

/// Who it runs as: user, group, further groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User(pub(crate) u32, pub(crate) u32);

/// A process that does one thing, says so, and goes on until this is dropped.
#[derive(Debug)]
pub(crate) struct Other {
    child: Child,
    /// Its end is the sign to go.
    input: Option<ChildStdin>,
    /// Open, so that it can say more.
    _output: BufReader<ChildStdout>,
    said: String,
}

/// What is to be locked.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) node: PathBuf,
    pub(crate) old: PathBuf,
    /// The socket of a served bus, instead of the node.
    pub(crate) served: Option<PathBuf>,
    pub(crate) patience: Duration,
}

impl Order {
    pub(crate) fn lock(&self) -> SessionLock {
        match &self.served {
            Some(socket) => SessionLock::served(socket, 1, BusAddress::DEFAULT),
            None => SessionLock::new(&self.node, BusAddress::DEFAULT).with_old_files_in(&self.old),
        }
        .with_patience(self.patience)
    }
}

impl Other {
    /// Take the lock: `taken`, `busy PROCESS`, or why not.
    pub(crate) fn take(order: &Order, user: Option<User>) -> Self {
        Self::take_by(order, |program| as_user(user, program))
    }

    /// As [`Self::take`], where the processes of others are not to be seen.
    pub(crate) fn take_in_container(order: &Order) -> Self {
        Self::take_by(order, |program| {
            let mut command = Command::new("unshare");
            command
                .args(["--pid", "--fork", "--mount-proc"])
                .arg(program);
            command
        })
    }

    fn take_by(order: &Order, command: impl FnOnce(&Path) -> Command) -> Self {
        let this = std::env::current_exe().unwrap();
        let program = order.old.with_file_name("program");
        if !program.exists() {
            // Where other users may run it.
            std::fs::copy(this, &program).unwrap();
        }
        let mut command = command(&program);
        let (node, old) = (order.node.display(), order.old.display());
        let served = order.served.as_deref().unwrap_or(Path::new("")).display();
        let milliseconds = order.patience.as_millis();
        command
            .args(["--exact", "other::process", "--nocapture"])
            .env(ORDER, format!("{node}\n{old}\n{served}\n{milliseconds}"));
        Self::start(command)
    }

    /// Run a script, which says `> ` and something.
    pub(crate) fn script(script: &str, user: Option<User>) -> Self {
        let mut command = as_user(user, Path::new("sh"));
        command.args(["-c", script]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let said = output
            .by_ref()
            .lines()
            .map(Result::unwrap)
            .find_map(|line| Some(line.split_once("> ")?.1.to_owned()))
            .unwrap();
        Self {
            input: child.stdin.take(),
            _output: output,
            child,
            said,
        }
    }

    pub(crate) fn said(&self) -> &str {
        &self.said
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn as_user(user: Option<User>, program: &Path) -> Command {
    let Some(User(user, group)) = user else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .arg(format!("--reuid={user}"))
        .arg(format!("--regid={group}"))
        .arg("--clear-groups")
        .arg(program);
    command
}

/// What a try to take the lock comes to.
pub(crate) fn outcome(result: Result<(), LockError>) -> String {
    match result {
        Ok(()) => "taken".into(),
        Err(LockError::Busy { holder, .. }) => {
            let mut said = "busy".to_owned();
            if let Some(holder) = holder {
                write!(said, " {holder}").unwrap();
            }
            said
        }
        Err(LockError::Unusable { error, .. }) => error.kind().to_string(),
        Err(error) => error.to_string(),
    }
}

/// Not a test of its own, but what the other process does.
#[test]
fn process() {
    let Ok(order) = std::env::var(ORDER) else {
        return;
    };
    let [node, old, served, milliseconds] = order.split('\n').collect::<Vec<_>>()[..] else {
        panic!("{order}");
    };
    let order = Order {
        node: node.into(),
        old: old.into(),
        served: (!served.is_empty()).then(|| served.into()),
        patience: Duration::from_millis(milliseconds.parse().unwrap()),
    };
    let (guard, result) = match order.lock().take() {
        Ok(guard) => (Some(guard), Ok(())),
        Err(error) => (None, Err(error)),
    };
    println!("> {}", outcome(result));
    if guard.is_some() {
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
}
