//! Trust&GO and TrustFLEX parts, which Microchip provisions and locks.
//!
//! Source: cryptoauthlib `app/tng`; TNGTLS datasheet summary. Such a part says
//! in the first eight bytes of OTP which layout it has, but not every one of
//! that layout's certificates is alike: the one whose signature verifies is
//! taken. The remaining OTP bytes are (unconfirmed).

use alloc::string::{String, ToString};

use atecc::Slot;
use atecc_x509::{
    Certificate, CompressedCertificate, ParseError, PublicKey, SlotEncodingError, Template,
    TrustChain, TrustDevice, TrustLayout, TrustSigner,
};
use nerves_key_schema::slot;

use crate::identity::{IdentityError, of_rebuilding, rebuilt, verified};
use crate::{Snapshot, Stage};

/// Which definition the OTP zone names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TrustKind {
    /// Trust&GO for TLS.
    TngTls,
    /// TrustFLEX for TLS: signer and device certificate may be the customer's.
    TflxTls,
    /// Trust&GO for `LoRaWAN`: its certificates are in slot 8, its key in slot 1.
    TngLora,
}

impl TrustKind {
    /// `None` when the zone begins with none of the published codes.
    #[must_use]
    pub fn from_otp(otp: &[u8; 64]) -> Option<Self> {
        Some(match otp.first_chunk()? {
            b"KQp2ZkD8" | b"x6tjuZMy" | b"wdNxAjae" | b"Rsuy5YJh" => Self::TngTls,
            b"MKMwyhP1" => Self::TflxTls,
            b"BxZvm6q2" | b"jsMu7iYO" | b"09qJNxI3" => Self::TngLora,
            _ => return None,
        })
    }

    /// The slot of the key that the device certificate is about.
    #[must_use]
    pub const fn key_slot(self) -> Slot {
        match self {
            Self::TngTls | Self::TflxTls => slot::DEVICE_KEY,
            Self::TngLora => Slot::S1,
        }
    }
}

impl core::fmt::Display for TrustKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::TngTls => "Trust&GO (TLS)",
            Self::TflxTls => "TrustFLEX (TLS)",
            Self::TngLora => "Trust&GO (LoRaWAN)",
        })
    }
}

/// Who a trust part says it is: a chain that verifies up to its root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustIdentity {
    /// The chip's own nine bytes; in hex the manufacturer's serial number.
    pub serial_number: atecc::SerialNumber,
    /// What the OTP zone says, where it says something.
    pub kind: Option<TrustKind>,
    /// The layout of the device certificate, with the EUI that it has.
    pub layout: TrustLayout,
    /// The MAC address that the manufacturer has put into slot 5: 12 hex digits.
    pub mac: Option<[u8; 12]>,
    /// The four hex digits of the signer's name.
    pub signer_id: u16,
    /// The device's public key, X then Y.
    pub public_key: PublicKey,
    /// The signer's public key, X then Y.
    pub signer_public_key: PublicKey,
    /// The device certificate.
    pub device_certificate: Certificate,
    /// The signer certificate, signed by the root.
    pub signer_certificate: Certificate,
}

impl TrustIdentity {
    /// The manufacturer's serial number: the chip's, in hex.
    #[must_use]
    pub fn manufacturer_serial(&self) -> String {
        self.serial_number.to_string()
    }
}

const DEVICE: &str = "device certificate";
const SIGNER: &str = "signer certificate";
const ROOT: &str = "root certificate";

impl Snapshot {
    /// The slot of the device's key: 0, but for Trust&GO `LoRaWAN` parts.
    #[must_use]
    pub fn key_slot(&self) -> Slot {
        match self.trust_kind() {
            Some(kind) => kind.key_slot(),
            None => slot::DEVICE_KEY,
        }
    }

    /// What the OTP zone of a trust part says of it.
    #[must_use]
    pub fn trust_kind(&self) -> Option<TrustKind> {
        TrustKind::from_otp(self.otp.as_ref()?)
    }

    /// Rebuild the certificates of a part that Microchip has provisioned, and
    /// verify them up to Microchip's root.
    ///
    /// # Errors
    /// [`IdentityError`] when something is missing, damaged or does not verify
    /// in any published layout.
    pub fn trust_identity(&self) -> Result<TrustIdentity, IdentityError> {
        self.trust_identity_under(&microchip_root()?)
    }

    /// The same with another root of Microchip's names: that of emulated parts.
    ///
    /// # Errors
    /// As [`Snapshot::trust_identity`].
    pub fn trust_identity_under(&self, root: &Certificate) -> Result<TrustIdentity, IdentityError> {
        let chain = TrustChain::microchip().map_err(of_rebuilding(SIGNER))?;
        let root = root.public_key().map_err(of_rebuilding(ROOT))?;
        self.trust_identity_of(&chain, &root)
    }

    /// The same with another chain's names and root: a customer's, or a test's.
    ///
    /// # Errors
    /// As [`Snapshot::trust_identity`].
    pub fn trust_identity_of(
        &self,
        chain: &TrustChain,
        root: &PublicKey,
    ) -> Result<TrustIdentity, IdentityError> {
        let signer_public_key = self.padded_signer_key()?;
        let public_key = self.public_key;
        let public_key = public_key.ok_or(IdentityError::Hidden("public key"))?;
        let public_key = PublicKey::from(public_key);
        let signer = TrustSigner {
            chain: chain.clone(),
            public_key: signer_public_key,
        };
        let signer_certificate = rebuilt(self.signer_certificate, &signer, SIGNER)?;
        verified(&signer_certificate, root, SIGNER)?;
        let serial_number = self.config.serial_number();
        let stored = self.device_certificate;
        let stored = stored.ok_or(IdentityError::Hidden(DEVICE))?;
        let stored = CompressedCertificate::from_bytes(&stored);
        let stored = stored
            .map_err(atecc_x509::Error::from)
            .map_err(of_rebuilding(DEVICE))?;
        let device = |layout| {
            let definition = TrustDevice {
                chain: chain.clone(),
                layout,
                device_sn: *serial_number.as_bytes(),
                public_key,
                signer_key_id: signer_public_key.microchip_key_id(),
            };
            let certificate = rebuilt(self.device_certificate, &definition, DEVICE)?;
            verified(&certificate, &signer_public_key, DEVICE).map(|()| (layout, certificate))
        };
        let (layout, device_certificate) = self.first_that_verifies(stored.template, device)?;
        Ok(TrustIdentity {
            serial_number,
            kind: self.trust_kind(),
            layout,
            mac: self.mac(),
            signer_id: stored.signer_id,
            public_key,
            signer_public_key,
            device_certificate,
            signer_certificate,
        })
    }

    fn mac(&self) -> Option<[u8; 12]> {
        let mac = *self.eui.as_ref()?.first_chunk()?;
        let is_hex = mac.iter().all(u8::is_ascii_hexdigit);
        (is_hex && self.trust_kind() != Some(TrustKind::TngLora)).then_some(mac)
    }

    fn padded_signer_key(&self) -> Result<PublicKey, IdentityError> {
        let slot = self.signer_public_key;
        let slot = slot.ok_or(IdentityError::Hidden("signer public key"))?;
        let key: Result<_, SlotEncodingError> = PublicKey::from_padded_slot(&slot);
        Ok(key?)
    }

    /// Of the layouts that `template` may stand for; the error is that of the
    /// one which was tried first.
    fn first_that_verifies<T>(
        &self,
        template: Template,
        device: impl Fn(TrustLayout) -> Result<T, IdentityError>,
    ) -> Result<T, IdentityError> {
        let eui = self.eui.as_ref();
        let eui_48 = eui.and_then(|eui| eui.first_chunk().copied());
        let layouts = [
            eui_48.map(TrustLayout::Eui48),
            Some(TrustLayout::SnSerial),
            Some(TrustLayout::SerialAtecc),
            eui.copied().map(TrustLayout::Eui64),
        ];
        let mut layouts = layouts
            .into_iter()
            .flatten()
            .filter(|layout| layout.template() == template);
        // A template of no layout: what rebuilding says of any will do.
        let mut result = device(layouts.next().unwrap_or(TrustLayout::SnSerial));
        for layout in layouts {
            if result.is_ok() {
                break;
            }
            result = device(layout).or(result);
        }
        result
    }
}

fn microchip_root() -> Result<Certificate, IdentityError> {
    TrustChain::microchip_root().map_err(of_rebuilding(ROOT))
}

/// Whether a chip that is locked as none of ours is a trust part: the OTP zone
/// says so, or both certificates are of the templates of such parts.
pub(crate) fn is_trust_part(snapshot: &Snapshot) -> bool {
    let template = |bytes: Option<[u8; 72]>| {
        let parsed: Result<_, ParseError> = CompressedCertificate::from_bytes(&bytes?);
        parsed.ok().map(|parsed| parsed.template)
    };
    let by_certificates = || {
        template(snapshot.signer_certificate) == Some(Template::TRUST_SIGNER)
            && matches!(
                template(snapshot.device_certificate),
                Some(Template::TRUST_DEVICE_2 | Template::TRUST_DEVICE_3)
            )
    };
    snapshot.trust_kind().is_some() || by_certificates()
}

/// A chip's certificates, whoever has provisioned it; both verify.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificates {
    /// Of the device's key.
    pub device: Certificate,
    /// Of the signer's key.
    pub signer: Certificate,
    /// What has signed the signer, unless it is the signer itself.
    pub root: Option<Certificate>,
}

impl Snapshot {
    /// The certificates of a NervesKey or of a trust part.
    ///
    /// # Errors
    /// As [`Snapshot::identity`] and [`Snapshot::trust_identity`].
    pub fn certificates(&self) -> Result<Certificates, IdentityError> {
        self.certificates_under(&microchip_root()?)
    }

    /// The same, for trust parts under another root of Microchip's names: that of
    /// emulated parts. A NervesKey has no root.
    ///
    /// # Errors
    /// As [`Snapshot::certificates`].
    pub fn certificates_under(&self, root: &Certificate) -> Result<Certificates, IdentityError> {
        if self.stage() == Stage::TrustPart {
            let identity = self.trust_identity_under(root)?;
            return Ok(Certificates {
                device: identity.device_certificate,
                signer: identity.signer_certificate,
                root: Some(root.clone()),
            });
        }
        let identity = self.identity()?;
        Ok(Certificates {
            device: identity.device_certificate,
            signer: identity.signer_certificate,
            root: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    /// The codes of cryptoauthlib's `tng_atca.c`.
    #[test]
    fn codes_in_the_otp_zone() {
        for (code, kind, name) in [
            (b"KQp2ZkD8", TrustKind::TngTls, "Trust&GO (TLS)"),
            (b"x6tjuZMy", TrustKind::TngTls, "Trust&GO (TLS)"),
            (b"wdNxAjae", TrustKind::TngTls, "Trust&GO (TLS)"),
            (b"Rsuy5YJh", TrustKind::TngTls, "Trust&GO (TLS)"),
            (b"MKMwyhP1", TrustKind::TflxTls, "TrustFLEX (TLS)"),
            (b"BxZvm6q2", TrustKind::TngLora, "Trust&GO (LoRaWAN)"),
            (b"jsMu7iYO", TrustKind::TngLora, "Trust&GO (LoRaWAN)"),
            (b"09qJNxI3", TrustKind::TngLora, "Trust&GO (LoRaWAN)"),
        ] {
            let mut otp = [0; 64];
            otp[..8].copy_from_slice(code);
            assert_eq!(TrustKind::from_otp(&otp), Some(kind));
            assert_eq!(kind.to_string(), name);
            otp[7] ^= 1;
            assert_eq!(TrustKind::from_otp(&otp), None);
        }
    }

    /// Slot 5 of a part for TLS has a MAC address in hex; what a part for
    /// `LoRaWAN` has there is none.
    #[test]
    fn a_mac_address_is_hex_and_not_a_lora_parts() {
        let mac = |code: &[u8; 8], eui: &[u8; 16]| {
            let mut otp = [0; 64];
            otp[..8].copy_from_slice(code);
            let snapshot = Snapshot {
                config: atecc::ConfigZone([0; 128]),
                otp: Some(otp),
                device_certificate: None,
                signer_public_key: None,
                signer_certificate: None,
                public_key: None,
                eui: Some(*eui),
            };
            snapshot.mac()
        };
        let hex = b"0004A3FEDCBAzzzz";
        assert_eq!(mac(b"KQp2ZkD8", hex), Some(*b"0004A3FEDCBA"));
        assert_eq!(mac(b"KQp2ZkD8", b"0004A3FEDCB:0000"), None);
        assert_eq!(mac(b"BxZvm6q2", hex), None);
    }
}
