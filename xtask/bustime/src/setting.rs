//! Which chip, how fast it and its bus are.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use atecc::Family;
use atecc_emulator::{ExecutionTime, Revision};

/// Clock divider of an ATECC608, bits 7 to 3 of `ChipMode`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Divider {
    M0,
    M1,
    M2,
}

/// One chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Part {
    pub(crate) revision: Revision,
    pub(crate) divider: Divider,
}

/// What one row of the table is about, beside its operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Setting {
    pub(crate) part: Part,
    pub(crate) model: ExecutionTime,
    pub(crate) scl_khz: u32,
}

/// Those that are measured, without the model that is never busy.
pub(crate) const MODELS: [ExecutionTime; 4] = [
    ExecutionTime::Typical,
    ExecutionTime::Uniform,
    ExecutionTime::Longest,
    ExecutionTime::Fast,
];

/// Standard, fast, fast plus.
pub(crate) const CLOCKS_KHZ: [u32; 3] = [100, 400, 1_000];

impl Divider {
    /// Source: cryptoauthlib `calib_execution.c`.
    pub(crate) const fn chip_mode(self) -> u8 {
        match self {
            Self::M0 => 0x00,
            Self::M1 => 0x28,
            Self::M2 => 0x68,
        }
    }
}

impl Part {
    pub(crate) const ALL: [Self; 7] = [
        Self::new(Revision::Atecc508A, Divider::M0),
        Self::new(Revision::Atecc608A, Divider::M0),
        Self::new(Revision::Atecc608A, Divider::M1),
        Self::new(Revision::Atecc608A, Divider::M2),
        Self::new(Revision::Atecc608B, Divider::M0),
        Self::new(Revision::Atecc608B, Divider::M1),
        Self::new(Revision::Atecc608B, Divider::M2),
    ];

    const fn new(revision: Revision, divider: Divider) -> Self {
        Self { revision, divider }
    }

    pub(crate) const fn family(self) -> Family {
        match self.revision {
            Revision::Atecc508A => Family::Atecc508,
            _ => Family::Atecc608,
        }
    }
}

impl Setting {
    pub(crate) fn scl_hz(self) -> NonZeroU32 {
        NonZeroU32::new(self.scl_khz * 1_000).unwrap_or(STANDARD)
    }

    /// One clock of SCL.
    pub(crate) fn bit(self) -> Duration {
        Duration::from_nanos(1_000_000_000 / u64::from(self.scl_hz().get()))
    }

    /// Whether two runs draw the same execution times.
    pub(crate) const fn is_constant(self) -> bool {
        matches!(self.model, ExecutionTime::Longest | ExecutionTime::Fast)
    }
}

/// At which a general call is a wake pulse.
pub(crate) const STANDARD: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// `508A`, `608B M2`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.revision {
            Revision::Atecc508A => return f.write_str("508A"),
            Revision::Atecc608A => "608A",
            Revision::Atecc608B => "608B",
        };
        write!(f, "{name} {:?}", self.divider)
    }
}
