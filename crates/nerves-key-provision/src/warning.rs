//! What a plan does that somebody may not want.

use alloc::vec::Vec;

use atecc::Slot;
use atecc_x509::Format;
use nerves_key_schema::open_certificates;

use crate::{Plan, Step};

/// Why a chip will not do for everybody. None of it stops a plan: it was asked
/// for, or the chip has it already.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The serial holds a slash.
    #[error(
        "the Elixir library nerves_key (1.3 and before) cannot read the certificate of a device \
         whose serial holds a slash"
    )]
    Slash,
    /// The chip holds a key that nothing of ours knows, and gets another.
    #[error(
        "the chip holds a device key already, and who else may know it is not known: it gets a new \
         one; a certificate that was issued for the old one should be revoked"
    )]
    KeyReplaced,
    /// The slots of the certificates are not locked.
    #[error(
        "the certificates' slots, 10 to 13, are not all locked: by DeriveKey whoever reaches the \
         chip can destroy what they hold; nerves-key harden locks them"
    )]
    CertificatesOpen,
    /// The certificate is of format 1.
    #[error(
        "a certificate of format 1 cannot be read by the Elixir library nerves_key (1.3 and before)"
    )]
    Format,
}

impl Plan {
    /// What to know before the plan is run.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let slash = self.serial().contains('/').then_some(Warning::Slash);
        let issues = self.steps().contains(&Step::IssueCertificate);
        let format = (issues && self.format != Format::V0).then_some(Warning::Format);
        let replaced = self.replaced_key().map(|_| Warning::KeyReplaced);
        let locks = |slot: &Slot| self.locked_by_steps().any(|locked| locked == slot);
        let open = open_certificates(self.config()).any(|slot| !locks(&slot));
        let open = open.then_some(Warning::CertificatesOpen);
        let all = [slash, format, replaced, open];
        all.into_iter().flatten().collect()
    }
}
