//! What a chip does not show of itself: a reader of everything goes on where it
//! is refused, and the cause is told once something turns out to be missing.

use atecc::command::Request;
use atecc::commands::{GenKey, GenKeyMode, ReadBlock};
use atecc::error::Cause;
use atecc::{BlockAddress, Failure, Region, Status};
use atecc_config::{Explanation, Known};
use nerves_key::{Identity, IdentityError, ReadIdentity, ReadSnapshot, Snapshot};
use nerves_key_schema::slot;

use crate::causes;
use crate::chip::RecordedDevice;
use crate::error::CliError;

/// A part of a chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    PublicKey,
    Stored(Region),
}

impl Part {
    pub(crate) const OTP: Self = Self::Stored(Region::Otp);

    /// The first that `snapshot` lacks, in the order in which they are needed.
    fn missing(snapshot: &Snapshot) -> Option<Self> {
        let parts = [
            (snapshot.otp.is_none(), Self::OTP),
            (
                snapshot.signer_public_key.is_none(),
                Self::Stored(Region::Slot(slot::SIGNER_PUBLIC_KEY)),
            ),
            (snapshot.public_key.is_none(), Self::PublicKey),
            (
                snapshot.signer_certificate.is_none(),
                Self::Stored(Region::Slot(slot::SIGNER_CERTIFICATE)),
            ),
            (
                snapshot.device_certificate.is_none(),
                Self::Stored(Region::Slot(slot::DEVICE_CERTIFICATE)),
            ),
        ];
        let missing = parts.into_iter().find(|(is_missing, _)| *is_missing);
        missing.map(|(_, part)| part)
    }

    /// The refusal of the command that asks for it.
    fn refusal(self) -> Option<Failure> {
        let request = match self {
            Self::PublicKey => Request::new(&GenKey {
                mode: GenKeyMode::Public,
                slot: slot::DEVICE_KEY,
            }),
            Self::Stored(place) => {
                let address = BlockAddress::new(place, 0).ok()?;
                Request::new(&ReadBlock { address })
            }
        };
        let request = request.ok()?;
        let refused = Cause::Status {
            opcode: request.opcode(),
            parameters: request.parameters(),
            status: Status::Execution,
        };
        Some(refused.before_execution())
    }
}

/// `error`, which is that `snapshot` lacks `part`, with the cause.
pub(crate) fn explain(snapshot: &Snapshot, part: Part, error: CliError) -> CliError {
    let explain = |refusal| Explanation::new(&snapshot.config, &refusal, Known::default());
    let explanation = part.refusal().and_then(explain);
    causes::advise(error, explanation.as_ref())
}

/// What is told of `error`, which is why there is no identity, with the cause
/// where something is not shown.
pub(crate) fn identity(
    snapshot: &Snapshot,
    error: IdentityError,
    tell: impl FnOnce(IdentityError) -> CliError,
) -> CliError {
    let hidden = matches!(error, IdentityError::Hidden(_));
    let error = tell(error);
    match Part::missing(snapshot).filter(|_| hidden) {
        Some(part) => explain(snapshot, part, error),
        None => error,
    }
}

/// Of a finished NervesKey; of another chip all is read, which tells what is missing.
pub(crate) fn read_identity(device: &mut RecordedDevice) -> Result<Identity, CliError> {
    if let Ok(identity) = causes::run(device, ReadIdentity::new())?.identity() {
        return Ok(identity);
    }
    let snapshot = causes::run(device, ReadSnapshot::new())?;
    let found = snapshot.identity();
    found.map_err(|error| identity(&snapshot, error, CliError::from))
}
