//! Certificates of Trust&GO and TrustFLEX parts: the reference's answers, and
//! those of real parts.
#![forbid(unsafe_code)]

mod part;
mod recorded;

use std::path::Path;

use atecc::{ConfigZone, PublicKey as ChipKey};
use atecc_x509::{PublicKey, TrustChain, TrustLayout};
use nerves_key::{Snapshot, TrustIdentity};
use serde::Deserialize;
use serde_json::Value;

use tests_vector_runner::{Checked, Hex, Outcome, Tally, Verdict, holds, run_list, same};

pub use recorded::{Recorded, recorded};

/// `tng.json`.
#[must_use]
pub fn tng(dir: &Path) -> Vec<Tally> {
    vec![run_list(dir, "tng.json", "chips", chip)]
}

/// A row of `tng.json`. What cryptoauthlib answers is not in this repository's
/// copy, and is compared where it is.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    device_sn: Hex,
    device_public_key: Hex,
    slot_5: Hex,
    slot_10: Hex,
    slot_11: Hex,
    slot_12: Hex,
    signer_id: String,
    template_id: u8,
    chain_id: u8,
    reference_device_der: Outcome<Hex>,
    reference_signer_der: Outcome<Hex>,
    #[serde(default)]
    reference_device_verifies: bool,
    #[serde(default)]
    reference_signer_verifies: bool,
    #[serde(default)]
    cryptoauthlib_device_der: Option<Value>,
    #[serde(default)]
    cryptoauthlib_signer_der: Option<Value>,
    manufacturer_sn: String,
    manufacturer_mac: String,
    root_public_key: Option<Hex>,
    private_keys: Option<Keys>,
}

/// Scalars of a made-up part.
#[derive(Clone, Debug, Deserialize)]
struct Keys {
    device: Hex,
}

impl Row {
    /// What [`nerves_key::ReadSnapshot`] reads from such a part.
    ///
    /// # Errors
    /// When a field has another length than its place in the chip.
    pub fn snapshot(&self) -> Result<Snapshot, Box<dyn std::error::Error>> {
        let serial: [u8; 9] = self.device_sn.array()?;
        let mut config = [0; 128];
        config[..4].copy_from_slice(&serial[..4]);
        config[8..13].copy_from_slice(&serial[4..]);
        let mut otp = [0; 64];
        otp[..8].copy_from_slice(b"KQp2ZkD8");
        let mut eui = [0; 16];
        eui[..12].copy_from_slice(&self.slot_5.array::<12>()?);
        Ok(Snapshot {
            config: ConfigZone(config),
            otp: Some(otp),
            device_certificate: Some(self.slot_10.array()?),
            signer_public_key: Some(self.slot_11.array()?),
            signer_certificate: Some(self.slot_12.array()?),
            public_key: Some(ChipKey(self.device_public_key.array()?)),
            eui: Some(eui),
        })
    }

    /// The identity under the row's own root, else Microchip's.
    ///
    /// # Errors
    /// When the part has none.
    pub fn identity(&self) -> Result<TrustIdentity, Box<dyn std::error::Error>> {
        self.verified(&self.snapshot()?)
    }

    /// Whether the part's keys are known.
    #[must_use]
    pub const fn is_made_up(&self) -> bool {
        self.private_keys.is_some()
    }

    /// What `snapshot` shows, under the row's own root, else Microchip's.
    ///
    /// # Errors
    /// When the part has no identity.
    pub fn verified(
        &self,
        snapshot: &Snapshot,
    ) -> Result<TrustIdentity, Box<dyn std::error::Error>> {
        let Some(root) = &self.root_public_key else {
            return Ok(snapshot.trust_identity()?);
        };
        let root = PublicKey::from_bytes(root.array()?);
        // Made-up signers name Microchip's root, key identifier included.
        let chain = TrustChain::microchip()?;
        Ok(snapshot.trust_identity_of(&chain, &root)?)
    }
}

fn chip(row: &Row) -> Checked {
    let identity = row.identity();
    if row.chain_id != 0 {
        holds("a certificate of another chain", identity.is_err())?;
        let raised = matches!(row.reference_device_der, Outcome::Raised { .. });
        holds("the reference rebuilds another chain", raised)?;
        return Ok(Verdict::Pass);
    }
    // Both certificates verify, or there is no identity.
    let identity = identity?;
    same(
        "signer ID",
        format!("{:04x}", identity.signer_id),
        row.signer_id.clone(),
    )?;
    let serial = identity.manufacturer_serial();
    same("serial", serial, row.manufacturer_sn.clone())?;
    let mac = identity.mac.map(|mac| mac.to_vec()).unwrap_or_default();
    same("MAC", mac, row.manufacturer_mac.clone().into_bytes())?;
    let device = identity.device_certificate.as_der();
    let signer = identity.signer_certificate.as_der();
    for (what, ours, theirs) in [
        ("device", device, &row.cryptoauthlib_device_der),
        ("signer", signer, &row.cryptoauthlib_signer_der),
    ] {
        if let Some(theirs) = theirs {
            let ours = Value::from(data_encoding::HEXLOWER.encode(ours));
            same(what, &ours, theirs)?;
        }
    }
    let as_theirs = |ours: &[u8], theirs: &Outcome<Hex>| matches!(theirs, Outcome::Value(Hex(der)) if der == ours);
    if as_theirs(device, &row.reference_device_der) && as_theirs(signer, &row.reference_signer_der)
    {
        return Ok(Verdict::Pass);
    }
    Ok(Verdict::Differs(difference(row, &identity)?))
}

/// Why the reference's certificates are not those which were signed.
fn difference(
    row: &Row,
    identity: &TrustIdentity,
) -> Result<&'static str, Box<dyn std::error::Error>> {
    if matches!(row.reference_device_der, Outcome::Raised { .. }) {
        let format = row.slot_10.0.get(70).map(|byte| byte & 0x0F);
        holds("the reference raises on format 0", format != Some(0))?;
        return Ok("format");
    }
    let (device, signer) = (&row.slot_10.0, &row.slot_12.0);
    let starts_with_zero = |at: usize| [device, signer].iter().any(|slot| slot[at] == 0);
    if starts_with_zero(0) || starts_with_zero(32) {
        return Ok("minimal-integers");
    }
    let verify = row.reference_device_verifies && row.reference_signer_verifies;
    holds("two certificates of one signature", !verify)?;
    if identity.signer_id < 0x1000 {
        return Ok("signer-id-digits");
    }
    let with_eui = matches!(identity.layout, TrustLayout::Eui48(_));
    holds("another certificate of template 3", !with_eui)?;
    holds("an unknown template", matches!(row.template_id, 2 | 3))?;
    Ok("layout")
}
