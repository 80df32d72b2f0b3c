//! Errors as a user sees them: one sentence and an exit code.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use atecc::Failure;
use atecc::error::Cause;
use nerves_key::{IdentityError, SignError, Stage, WriteError};
use nerves_key_device::{BusFault, EmulatedOpenError, OpenError};
use nerves_key_provision::{
    HardenError, HardenRefusal, IssueError, ProvisionError, Refusal, RunError,
};

use crate::output::{escape_path, one_line};

/// Exit codes, the same for every command. 0 is success, also when there was
/// nothing left to do; 2, wrong usage, is clap's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// The operation failed, or a signature or certificate does not verify.
    Failed = 1,
    /// No chip answered.
    NoChip = 3,
    /// The chip's stage or contents do not allow it.
    Stage = 4,
    /// Refused before the chip was touched.
    Refused = 5,
    /// Ctrl-C or SIGTERM came while a chip was changed. As shells say it of a
    /// process that SIGINT has ended.
    Interrupted = 130,
}

/// All of them, and when each is given.
pub(crate) const EXIT_CODES: [(u8, &str); 7] = [
    (0, "done, also when there was nothing left to do"),
    (
        Exit::Failed as u8,
        "the operation failed, or what was looked at is not good: a signature or certificate does \
         not verify, a fault was found, two things differ",
    ),
    (2, "wrong usage: the command line itself"),
    (
        Exit::NoChip as u8,
        "no chip answers, or there is no such bus",
    ),
    (
        Exit::Stage as u8,
        "the chip's stage or contents do not allow it",
    ),
    (
        Exit::Refused as u8,
        "refused before the chip was touched: an input that cannot be used, or an answer that was \
         not given",
    ),
    (
        Exit::Interrupted as u8,
        "interrupted by Ctrl-C or SIGTERM: what was begun is done, and the same command goes on \
         with the rest",
    ),
];

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Any error, or a text.
type AnyError = Box<dyn std::error::Error>;

/// An error with its exit code.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    /// What the cause is about, before it: a file, an option.
    subject: Option<String>,
    /// As it was, with its own sources.
    cause: AnyError,
    /// Behind the cause, in the same line.
    remark: String,
    /// What to do about it: further lines.
    advice: String,
    document: Document,
}

/// Whether the error is a JSON document of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Document {
    Own,
    /// The one that was printed says it.
    Printed,
}

impl CliError {
    pub(crate) fn new(exit: Exit, cause: impl Into<AnyError>) -> Self {
        Self {
            exit,
            subject: None,
            cause: cause.into(),
            remark: String::new(),
            advice: String::new(),
            document: Document::Own,
        }
    }

    /// `subject: cause`.
    pub(crate) fn about(self, subject: impl Into<String>) -> Self {
        Self {
            subject: Some(subject.into()),
            ..self
        }
    }

    /// Words right behind the cause, with what parts them from it.
    pub(crate) fn with_remark(self, remark: impl Into<String>) -> Self {
        Self {
            remark: remark.into(),
            ..self
        }
    }

    /// Another line, of what to do about it.
    pub(crate) fn with_advice(mut self, advice: impl fmt::Display) -> Self {
        self.advice.push('\n');
        self.advice += &one_line(&advice.to_string());
        self
    }

    /// The result that was printed has the error and the exit code.
    pub(crate) fn after_document(self) -> Self {
        Self {
            document: Document::Printed,
            ..self
        }
    }

    pub(crate) const fn document(&self) -> Document {
        self.document
    }

    pub(crate) fn failed(cause: impl Into<AnyError>) -> Self {
        Self::new(Exit::Failed, cause)
    }

    pub(crate) fn refused(cause: impl Into<AnyError>) -> Self {
        Self::new(Exit::Refused, cause)
    }

    /// The same before the chip was touched.
    pub(crate) fn into_refused(self) -> Self {
        Self {
            exit: Exit::Refused,
            ..self
        }
    }

    /// A file that cannot be used, before the chip was touched.
    pub(crate) fn input(path: &Path, cause: impl Into<AnyError>) -> Self {
        Self::refused(cause).about(escape_path(path))
    }

    /// An output file that cannot be written.
    pub(crate) fn output(path: &Path, cause: impl Into<AnyError>) -> Self {
        Self::failed(cause).about(escape_path(path))
    }
}

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        let exit = match error {
            #[cfg(target_os = "linux")]
            OpenError::Linux(_) | OpenError::Emulated(EmulatedOpenError::Served(_)) => Exit::NoChip,
            OpenError::Emulated(EmulatedOpenError::Image(_) | EmulatedOpenError::Address(_)) => {
                Exit::Refused
            }
            #[cfg(not(target_os = "linux"))]
            OpenError::NotOnThisSystem(_)
            | OpenError::Emulated(EmulatedOpenError::NotOnThisSystem(_)) => Exit::Refused,
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.subject.as_deref().map(|it| format!("{it}: "));
        let subject = subject.unwrap_or_default();
        // One line: what it quotes cannot end it.
        let line = one_line(&format!("{subject}{}{}", self.cause, self.remark));
        write!(f, "{line}{}", self.advice)
    }
}

impl std::error::Error for CliError {
    /// That of the cause, which the error says itself.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

const fn exit_of(failure: &Failure) -> Exit {
    match failure.cause {
        Cause::NoAnswer { .. } | Cause::BadWake(_) => Exit::NoChip,
        _ => Exit::Failed,
    }
}

impl From<atecc::Error<BusFault>> for CliError {
    fn from(error: atecc::Error<BusFault>) -> Self {
        let failure = match error {
            atecc::Error::Bus { error, .. } => return Self::failed(error),
            atecc::Error::Failed(failure) => failure,
        };
        let exit = exit_of(&failure);
        match failure.cause {
            Cause::NoAnswer { .. } => Self::new(exit, failure)
                .with_remark(": check power, wiring and address, and that the bus runs at 100 kHz")
                .with_advice("nerves-key doctor looks for the cause, nerves-key scan for chips."),
            Cause::BadWake(_) => {
                Self::new(exit, failure).with_advice("nerves-key doctor says what to try.")
            }
            _ => Self::new(exit, failure),
        }
    }
}

impl From<atecc::Error<BusFault, WriteError>> for CliError {
    fn from(error: atecc::Error<BusFault, WriteError>) -> Self {
        let error = match error {
            atecc::Error::Bus { error, .. } => return Self::failed(error),
            atecc::Error::Failed(WriteError::Chip(failure)) => {
                return atecc::Error::Failed(failure).into();
            }
            atecc::Error::Failed(error) => error,
        };
        match error {
            WriteError::OtherChip { .. } | WriteError::OtherKey | WriteError::Changed => {
                Self::new(Exit::Stage, error)
            }
            error => Self::failed(error).with_remark(": run the same command again"),
        }
    }
}

impl From<atecc::Error<BusFault, SignError>> for CliError {
    fn from(error: atecc::Error<BusFault, SignError>) -> Self {
        match error {
            atecc::Error::Bus { error, .. } => Self::failed(error),
            atecc::Error::Failed(SignError::Failure(failure)) => {
                atecc::Error::Failed(failure).into()
            }
            atecc::Error::Failed(error) => Self::failed(error),
        }
    }
}

impl From<IdentityError> for CliError {
    fn from(error: IdentityError) -> Self {
        let exit = match error {
            IdentityError::Hidden(_) | IdentityError::Otp(_) => Exit::Stage,
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

impl From<HardenRefusal> for CliError {
    fn from(refusal: HardenRefusal) -> Self {
        let advice = match &refusal {
            HardenRefusal::Stage(
                Stage::Blank | Stage::Configured(_) | Stage::Keyed(_) | Stage::KeySlotOpen(_),
            ) => "nerves-key provision finishes it, and locks these slots itself.",
            HardenRefusal::Identity(IdentityError::Hidden(_)) => {
                "In the volatile layout nerves-key volatile unlock comes first."
            }
            HardenRefusal::Identity(_) => "nerves-key doctor says what is wrong with them.",
            HardenRefusal::OtherSigner => {
                "nerves-key cert export signer shows whose it is; without --signer-cert any that \
                 verifies is locked in."
            }
            _ => "It has no slots that would need it.",
        };
        Self::new(Exit::Stage, refusal).with_advice(advice)
    }
}

impl From<atecc::Error<BusFault, HardenError>> for CliError {
    fn from(error: atecc::Error<BusFault, HardenError>) -> Self {
        const AGAIN: &str = "What is locked stays so: run the same command again to continue.";
        match error {
            atecc::Error::Bus { error, .. } => Self::failed(error).with_advice(AGAIN),
            atecc::Error::Failed(error @ HardenError::OtherChip { planned, .. }) => {
                let advice = format!("Connect {planned} again and run the same command again.");
                Self::new(Exit::Stage, error).with_advice(advice)
            }
            atecc::Error::Failed(error @ HardenError::Changed) => Self::new(Exit::Stage, error)
                .with_advice("Run the same command again to look anew."),
            atecc::Error::Failed(error) => {
                let exit = match &error {
                    HardenError::Chip(failure) | HardenError::Lock { failure, .. } => {
                        exit_of(failure)
                    }
                    _ => Exit::Failed,
                };
                Self::new(exit, error).with_advice(AGAIN)
            }
        }
    }
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        let exit = match refusal {
            Refusal::OtherSerial { .. }
            | Refusal::OtherLayout { .. }
            | Refusal::OtherContents(_)
            | Refusal::OtherSigner { .. }
            | Refusal::OtherKey(_)
            | Refusal::NotShown(_)
            | Refusal::Stranded(_) => Exit::Stage,
            _ => Exit::Refused,
        };
        let any_signer = matches!(refusal, Refusal::OtherSigner { .. });
        let error = Self::new(exit, refusal);
        if any_signer {
            error.with_advice("--any-signer takes it as it is.")
        } else {
            error
        }
    }
}

impl<S: std::error::Error + 'static> From<IssueError<S>> for CliError {
    fn from(error: IssueError<S>) -> Self {
        let exit = match error {
            IssueError::Sign(_) | IssueError::Signature(_) => Exit::Failed,
            _ => Exit::Refused,
        };
        Self::new(exit, error)
    }
}

impl<S: std::error::Error + 'static> From<ProvisionError<BusFault, S>> for CliError {
    fn from(error: ProvisionError<BusFault, S>) -> Self {
        const AGAIN: &str =
            "Nothing that was done is lost: run the same command again to continue.";
        const OWN_KEY: &str = "If its data were locked before this run, give --activation-key the \
                               chip's own key; if not, run the same command again. Nothing that \
                               was done is lost.";
        const SPOILED: &str = "Running it again will not help: see nerves-key info.";
        let (exit, next) = match &error {
            ProvisionError::Bus(_) | ProvisionError::Signer(_) => (Exit::Failed, AGAIN.to_owned()),
            ProvisionError::Run(RunError::ActivationKey) => (Exit::Stage, OWN_KEY.to_owned()),
            ProvisionError::Run(RunError::OtherChip { planned, found }) => {
                let both = format!(
                    "Nothing that was done is lost: connect {planned} again, alone, and run the \
                     same command again to continue. {found} is a device of its own, with a \
                     serial of its own."
                );
                (Exit::Stage, both)
            }
            ProvisionError::Run(run) => {
                let exit = match run {
                    RunError::Changed { .. } | RunError::KeyChanged | RunError::OtherSigner => {
                        Exit::Stage
                    }
                    RunError::Stopped(_) => Exit::Interrupted,
                    run => run.failure().map_or(Exit::Failed, exit_of),
                };
                let next = if run.is_resumable() { AGAIN } else { SPOILED };
                (exit, next.to_owned())
            }
        };
        let error = match error {
            ProvisionError::Bus(fault) => Self::new(exit, fault),
            ProvisionError::Run(run) => Self::new(exit, run),
            ProvisionError::Signer(signer) => Self::new(exit, signer).about("the signer failed"),
        };
        error.with_advice(next)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io;

    use atecc::SerialNumber;

    use super::*;

    /// Says its source by `source` alone.
    #[derive(Debug, thiserror::Error)]
    #[error("no list")]
    struct NoList(#[source] io::Error);

    #[test]
    fn the_sources_of_a_cause_are_kept() {
        let cause = NoList(io::ErrorKind::TimedOut.into());
        let error = CliError::input(Path::new("a\nb"), cause).with_remark(", again");
        let error = error.with_advice("Wait.");
        assert_eq!(error.to_string(), "a\\nb: no list, again\nWait.");
        let source = error.source().and_then(|it| it.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::TimedOut));
    }

    /// Done again on the chip that is there, the command would give it the serial
    /// of the other.
    #[test]
    fn another_chip_is_no_reason_to_do_the_same_again_on_it() {
        let serial = |last| SerialNumber([0x01, 0x23, 0, 0, 0, 0, 0, last, 0xEE]);
        let (planned, found) = (serial(1), serial(2));
        let error = RunError::OtherChip { planned, found };
        let error: CliError = ProvisionError::<_, io::Error>::Run(error).into();
        assert_eq!(error.exit, Exit::Stage);
        let text = error.to_string();
        assert!(
            text.contains("connect 0123000000000001EE again, alone"),
            "{text}"
        );
        let error = atecc::Error::Failed(HardenError::OtherChip { planned, found });
        let error = CliError::from(error);
        assert_eq!(error.exit, Exit::Stage);
        assert!(
            error
                .to_string()
                .contains("Connect 0123000000000001EE again"),
            "{error}"
        );
    }

    #[test]
    fn what_a_cause_quotes_does_not_end_the_line() {
        let error = CliError::failed("one\ntwo").with_advice("three\nfour");
        assert_eq!(error.to_string(), "one\\ntwo\nthree\\nfour");
    }
}
