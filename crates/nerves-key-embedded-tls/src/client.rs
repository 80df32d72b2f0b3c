//! A client that authenticates with a chip.

use core::fmt;

use atecc::Slot;
use embedded_tls::{
    Aes128GcmSha256, CryptoRngCore, TlsConfig, TlsConnection, TlsContext, TlsVerifier, blocking,
};

use crate::server::ServerVerifier;
use crate::{ChipProvider, OpenError, TlsChip};

/// A chip, the certificate of its key, and whom it trusts.
///
/// It holds what all connections have in common. A handshake is one signature of
/// the chip: one awake session, some 90 ms with a 608, which block, in an async
/// firmware as well.
pub struct ChipClient<'a, C, V, R> {
    chip: C,
    slot: Slot,
    certificate: &'a [u8],
    verifier: V,
    rng: R,
}

impl<'a, C: TlsChip, V, R> ChipClient<'a, C, V, R> {
    /// The key in `slot` of `chip`, whose certificate is `certificate` in DER.
    /// The chip is not touched.
    ///
    /// `verifier` judges the server: `embedded_tls::pki::CertVerifier` does so by one
    /// authority, the server's name, and a clock where there is one. `rng` makes the
    /// handshake's secrets and is never the time.
    pub const fn new(chip: C, slot: Slot, certificate: &'a [u8], verifier: V, rng: R) -> Self {
        Self {
            chip,
            slot,
            certificate,
            verifier,
            rng,
        }
    }

    /// For one handshake that something else begins.
    pub const fn provider(&mut self) -> ChipProvider<'_, C, V, R> {
        ChipProvider {
            chip: &mut self.chip,
            slot: self.slot,
            certificate: self.certificate,
            rng: &mut self.rng,
            server: ServerVerifier::new(&mut self.verifier),
            refused: None,
        }
    }

    /// Give the chip back.
    pub fn into_chip(self) -> C {
        self.chip
    }
}

impl<C, V, R> ChipClient<'_, C, V, R>
where
    C: TlsChip,
    V: TlsVerifier<Aes128GcmSha256>,
    R: CryptoRngCore,
{
    /// Open `connection`.
    ///
    /// # Errors
    /// [`OpenError`]. The connection is of no use then.
    pub fn open<'s, S>(
        &mut self,
        connection: &mut blocking::TlsConnection<'s, S, Aes128GcmSha256>,
        config: &TlsConfig<'_>,
    ) -> Result<(), OpenError<C::Error>>
    where
        S: embedded_io::Read + embedded_io::Write + 's,
    {
        let mut provider = self.provider();
        let opened = connection.open(TlsContext::new(config, &mut provider));
        provider.finish(opened)
    }

    /// The same with awaited sockets. The chip's signature blocks all the same.
    ///
    /// # Errors
    /// [`OpenError`]. The connection is of no use then.
    pub async fn open_async<'s, S>(
        &mut self,
        connection: &mut TlsConnection<'s, S, Aes128GcmSha256>,
        config: &TlsConfig<'_>,
    ) -> Result<(), OpenError<C::Error>>
    where
        S: embedded_io_async::Read + embedded_io_async::Write + 's,
    {
        let mut provider = self.provider();
        let opened = connection
            .open(TlsContext::new(config, &mut provider))
            .await;
        provider.finish(opened)
    }
}

impl<C, V, R> fmt::Debug for ChipClient<'_, C, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChipClient")
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}
