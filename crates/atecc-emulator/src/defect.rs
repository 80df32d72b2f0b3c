//! How a chip's silicon differs: what is broken in it, and what it refuses
//! where sources say nothing of real parts.
//!
//! Only a 608 tests itself. Source: 608 online documentation, "SelfTest";
//! cryptoauthlib `calib_selftest.c`.

/// One of the functions that `SelfTest` tests.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum Engine {
    /// The random number generator: bit 0.
    Random = 0x01,
    /// ECDSA sign and verify: bit 2.
    Ecdsa = 0x04,
    /// ECDH: bit 3.
    Ecdh = 0x08,
    /// AES: bit 4.
    Aes = 0x10,
    /// SHA: bit 5.
    Sha = 0x20,
}

/// The bits of all five engines.
pub(crate) const ALL_ENGINES: u8 = Engine::Random as u8
    | Engine::Ecdsa as u8
    | Engine::Ecdh as u8
    | Engine::Aes as u8
    | Engine::Sha as u8;

/// The defects of one chip: of its silicon, so they are not in its EEPROM
/// image. A 508 has no self-tests and ignores failing ones.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Defects {
    failing: u8,
    health: u32,
    keys_rest: bool,
}

impl Defects {
    /// A sound chip.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            failing: 0,
            health: 0,
            keys_rest: false,
        }
    }

    /// The same, and the self-test of `engine` fails every time.
    #[must_use]
    pub const fn failing(mut self, engine: Engine) -> Self {
        self.failing |= engine as u8;
        self
    }

    /// The same, and the next `times` commands that draw random numbers find
    /// the generator unhealthy.
    #[must_use]
    pub const fn unhealthy(mut self, times: u32) -> Self {
        self.health = times;
        self
    }

    /// The same, and private keys and activations are refused until the data
    /// zone is locked: `Sign` and the persistent latch answer "execution
    /// error". Whether real parts do so is not known (unconfirmed).
    #[must_use]
    pub const fn resting_until_data_lock(mut self) -> Self {
        self.keys_rest = true;
        self
    }

    /// Whether keys rest until the data zone is locked.
    pub(crate) const fn keys_rest(self) -> bool {
        self.keys_rest
    }

    /// Bits of the engines whose self-test fails.
    pub(crate) const fn failing_engines(self) -> u8 {
        self.failing
    }

    /// Whether the random generator fails its health test this time.
    pub(crate) const fn fails_health_test(&mut self) -> bool {
        let fails = self.health > 0;
        self.health = self.health.saturating_sub(1);
        fails
    }
}
