//! A signer that is a command: the request goes to its standard input, the
//! signature comes from its standard output, both JSON.
//!
//! It stays in our process group, so that it may ask at the terminal; what it
//! starts and leaves behind is therefore not killed with it.

use core::fmt;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::string::String;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use atecc_x509::SignatureBytes;

use super::answer::{self, DocumentError};
use super::{CertificateSigner, SigningRequest};

/// More than any answer has.
const LIMIT: u64 = 64 * 1024;

/// What runs the command, its argument.
///
/// A terminal's Ctrl-C goes to every process of its foreground. Whoever waits for
/// a signature then finishes the step in hand, so the command must finish, too.
/// In a process group of its own it would be spared, but could not ask at the
/// terminal; so it stays in ours, and it and what it starts ignore the signal. A
/// program that asks for a secret may still handle it. The command has a shell of
/// its own, so that it is read as it is written.
const RUN: &str = "trap '' INT; exec sh -c \"$1\"";

/// How often a command that has said all is asked whether it has ended.
const POLL: Duration = Duration::from_millis(5);

/// Runs a shell command for each signature.
#[derive(Clone)]
pub struct ExecSigner {
    command: String,
    patience: Duration,
}

/// Why a command gave no signature. The command is not quoted: it may hold a
/// password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// There is none.
    #[error("exec: names no command: put it behind the colon, as in exec:./sign.sh")]
    NoCommand,
    /// Nobody can sign so fast, or can be waited for so long.
    #[error(
        "{} s is no time for a signer to answer: from 1 s to {} s",
        .0.as_secs(),
        ExecSigner::LONGEST.as_secs()
    )]
    Patience(Duration),
    /// It could not be run.
    #[error("the exec: command cannot be run: {0}")]
    Run(#[source] io::Error),
    /// It took too long, and was killed.
    #[error("the exec: command did not end within {} s", .0.as_secs())]
    Timeout(Duration),
    /// It said that it failed.
    #[error("the exec: command failed: {0}")]
    Failed(ExitStatus),
    /// It wrote too much.
    #[error("the exec: command wrote more than {LIMIT} bytes")]
    TooLong,
    /// It wrote something else than a signature.
    #[error("the exec: command gave no signature: {0}")]
    Answer(#[source] DocumentError),
    /// The request could not be written as JSON.
    #[error(transparent)]
    Request(DocumentError),
}

impl fmt::Debug for ExecSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecSigner")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl ExecSigner {
    /// How long a command may take, unless told otherwise: someone may have to
    /// approve.
    pub const PATIENCE: Duration = Duration::from_secs(120);

    /// The longest that a command may be given: a day.
    pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

    /// `command` is for `sh -c`. It has `patience` to answer. Ctrl-C (SIGINT) does
    /// not end it, unless it asks for that signal itself.
    ///
    /// ```
    /// use nerves_key_provision::ExecSigner;
    ///
    /// let signer = ExecSigner::new("ssh ca sign", ExecSigner::PATIENCE)?;
    /// // Whoever signs is asked when the chip is locked already.
    /// assert!(ExecSigner::new(" ", ExecSigner::PATIENCE).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ExecError::NoCommand`], [`ExecError::Patience`]: what could never sign.
    pub fn new(command: impl Into<String>, patience: Duration) -> Result<Self, ExecError> {
        let command = command.into();
        if command.trim().is_empty() {
            return Err(ExecError::NoCommand);
        }
        if patience.is_zero() || patience > Self::LONGEST {
            return Err(ExecError::Patience(patience));
        }
        Ok(Self { command, patience })
    }

    /// Its standard error is ours: it may speak to the user.
    fn spawn(&self) -> io::Result<Child> {
        Command::new("sh")
            .args(["-c", RUN, "sh"])
            .arg(&self.command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
    }

    /// What the command writes, once it has ended well.
    fn output(&self, child: &mut Child, input: &str) -> Result<Vec<u8>, ExecError> {
        let run = ExecError::Run;
        let deadline = Instant::now() + self.patience;
        if let Some(mut stdin) = child.stdin.take() {
            // The request is smaller than a pipe holds, so this does not wait.
            // Whoever knows the answer need not read the question: a pipe fails
            // in no other way than by being closed.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = match child.stdout.take().map(|stdout| read(stdout, deadline)) {
            Some(Ok(output)) => output.map_err(run)?,
            Some(Err(RecvTimeoutError::Timeout)) => return Err(self.timeout()),
            Some(Err(RecvTimeoutError::Disconnected)) | None => Vec::new(),
        };
        if output.len() as u64 > LIMIT {
            return Err(ExecError::TooLong);
        }
        let status = loop {
            match child.try_wait().map_err(run)? {
                Some(status) => break status,
                None if Instant::now() >= deadline => return Err(self.timeout()),
                None => thread::sleep(POLL),
            }
        };
        if !status.success() {
            return Err(ExecError::Failed(status));
        }
        Ok(output)
    }

    fn timeout(&self) -> ExecError {
        ExecError::Timeout(self.patience)
    }
}

/// All of `stdout`, read by a thread: a child of the command may keep it open
/// after the command itself was killed.
fn read(stdout: ChildStdout, deadline: Instant) -> Result<io::Result<Vec<u8>>, RecvTimeoutError> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let result = stdout.take(LIMIT + 1).read_to_end(&mut bytes);
        // Nobody listens any more when the time is over.
        let _ = send.send(result.map(|_| bytes));
    });
    receive.recv_timeout(deadline.saturating_duration_since(Instant::now()))
}

impl CertificateSigner for ExecSigner {
    type Error = ExecError;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, ExecError> {
        let input = request.to_json().map_err(ExecError::Request)?;
        let mut child = self.spawn().map_err(ExecError::Run)?;
        let output = self.output(&mut child, &input).inspect_err(|_| {
            // It may have ended by itself; then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
        })?;
        answer::signature(&output).map_err(ExecError::Answer)
    }
}
