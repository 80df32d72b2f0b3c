//! Parts as Microchip delivers them, under a root for tests.
//!
//! Certificates that verify under Microchip's root need a key that nobody else
//! has. The root here is Microchip's certificate with another key: names, dates
//! and key identifiers are Microchip's, so whatever rebuilds certificates of
//! such parts by the published templates rebuilds these, and only the key by
//! which they verify is another.
//!
//! Sources: the configuration of a real 608B-TNGTLS, recording
//! `ducky-608b-tngtls`; that of TrustFLEX from public projects, which matches
//! the TFLXTLS data sheet's table of slots; address and slot 1 of a real
//! `TNGLoRaWAN` part, recording `loramac-608a-tnglora-wake-read-idle`, the rest of
//! its configuration as TNGTLS *(assumed)*; codes in OTP and places of
//! certificates from cryptoauthlib `app/tng`. The other OTP bytes are zero
//! *(unconfirmed)*; no private key but the certified one is there.

use std::path::Path;

use atecc_emulator::{DATA_SIZE, Image, SerialNumber, Slot};
use atecc_x509::{
    Certificate, CertificateDef, EncodedDates, Format, IssueDate, PublicKey, SignatureBytes, Tbs,
    TrustChain, TrustDevice, TrustLayout, TrustSigner, Validity,
};
use data_encoding::{HEXLOWER, HEXUPPER};
use nerves_key_provision::KeySigner;
use zeroize::Zeroizing;

use crate::cli::emulator::Trust;
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::system;

/// Bytes 0 to 127.
const TNGTLS: &str = "\
    012321a10000600307d31d31016145006a000001850082008520852085200f8f\
    8f0f8f8f0f0f8f0f0f8f0f8f0f8f8f8f8f8f8f8fffffffff00000000ffffffff\
    00000000000000f700697600000000000000000000000000ffff0e6000000000\
    530053007300730073001c007c001c003c001a001c0010001c001c001c001c00";
/// Bytes 0 to 15 as above.
const TFLXTLS: &str = "\
    012321a10000600307d31d31016145006c000001850082008520852085208f46\
    8f0f9f8f0f0f8f0f0f0f0f0f0f0f0f0f0d1f0f0fffffffff00000000ffffffff\
    00000000000003f700697600000000000000000000005555ffff0e6000000000\
    5300530073007300730038007c001c003c001a003c0030003c00300012003000";

/// Configuration bytes. Source: ATECC508A datasheet, Table 2-5.
const ADDRESS: usize = 16;
const SLOT_CONFIG_1: usize = 22;
const LOCK_VALUE: usize = 86;
const LOCK_CONFIG: usize = 87;

/// Real certificates have these.
const SIGNER_YEARS: u8 = 31;
const DEVICE_YEARS: u8 = 28;

struct Kind {
    config: &'static str,
    code: [u8; 8],
    key_slot: u8,
    layout: TrustLayout,
}

impl Kind {
    fn of(trust: Trust) -> Result<Self, CliError> {
        Ok(match trust {
            Trust::Tngtls => Self {
                config: TNGTLS,
                code: *b"KQp2ZkD8",
                key_slot: 0,
                layout: TrustLayout::Eui48(eui(*b"0004A3")?),
            },
            Trust::Tflxtls => Self {
                config: TFLXTLS,
                code: *b"MKMwyhP1",
                key_slot: 0,
                layout: TrustLayout::SnSerial,
            },
            Trust::Tnglora => Self {
                config: TNGTLS,
                code: *b"jsMu7iYO",
                key_slot: 1,
                layout: TrustLayout::Eui64(eui(*b"0004A310")?),
            },
        })
    }
}

/// An EUI of one of Microchip's blocks, in hex.
fn eui<const N: usize, const HEAD: usize>(head: [u8; HEAD]) -> Result<[u8; N], CliError> {
    let tail = HEXUPPER.encode(&system::random::<8>()?);
    let mut eui = [b'0'; N];
    for (to, from) in eui.iter_mut().zip(head.iter().chain(tail.as_bytes())) {
        *to = *from;
    }
    Ok(eui)
}

/// A part with a new key, under the root at `root`, which is made when absent.
pub(super) fn image(trust: Trust, root: &Path) -> Result<Image, CliError> {
    let root = root_key(root)?;
    let kind = Kind::of(trust)?;
    let serial = SerialNumber::random().map_err(CliError::failed)?;
    let (scalar, signer) = (system::new_scalar()?, system::new_key()?);
    let device = KeySigner::from_bytes(&scalar).map_err(CliError::failed)?;
    let issued = Issued::new(&root, &signer, &device, kind.layout, serial)?;

    let mut image = blank(&kind)?.with_serial(serial);
    if matches!(trust, Trust::Tnglora) {
        let mut config = *image.config();
        config[ADDRESS] = 0xB2;
        config[SLOT_CONFIG_1..][..2].copy_from_slice(&[0x85, 0x8F]);
        image = image.with_config(config).map_err(CliError::failed)?;
    }
    put(&mut image, kind.key_slot, 4, &*scalar)?;
    let signer_key = signer.public_key().to_padded_slot();
    match kind.layout {
        TrustLayout::Eui64(eui) => {
            put(&mut image, 8, 0, &signer_key)?;
            put(&mut image, 8, 72, &issued.device)?;
            put(&mut image, 8, 144, &issued.signer)?;
            put(&mut image, 10, 0, &eui)?;
        }
        layout => {
            if let TrustLayout::Eui48(eui) = layout {
                put(&mut image, 5, 0, &eui)?;
            }
            put(&mut image, 10, 0, &issued.device)?;
            put(&mut image, 11, 0, &signer_key)?;
            put(&mut image, 12, 0, &issued.signer)?;
        }
    }
    Ok(image)
}

/// Configured and locked, without contents.
fn blank(kind: &Kind) -> Result<Image, CliError> {
    let bytes = HEXLOWER.decode(kind.config.as_bytes());
    let bytes = bytes.map_err(CliError::failed)?;
    let config = bytes.first_chunk::<128>();
    let mut config = *config.ok_or_else(|| CliError::failed("half a configuration"))?;
    (config[LOCK_VALUE], config[LOCK_CONFIG]) = (0, 0);
    let mut otp = [0; 64];
    otp[..8].copy_from_slice(&kind.code);
    Image::from_zones(config, otp, [0; DATA_SIZE]).map_err(CliError::failed)
}

/// The 72 bytes of both certificates.
struct Issued {
    signer: [u8; 72],
    device: [u8; 72],
}

impl Issued {
    fn new(
        root: &KeySigner,
        signer: &KeySigner,
        device: &KeySigner,
        layout: TrustLayout,
        serial: SerialNumber,
    ) -> Result<Self, CliError> {
        let chain = TrustChain::microchip().map_err(CliError::failed)?;
        let signer_id = u16::from_be_bytes(system::random()?);
        // Every clock that is right is past it.
        let issue = IssueDate::new(2024, 1, 1, 0).map_err(CliError::failed)?;
        let issued = |definition: &dyn CertificateDef, years| {
            let dates = EncodedDates::encode(Validity::new(issue, years)?, Format::V0)?;
            definition.to_be_signed(dates, signer_id)
        };
        let of_signer = TrustSigner {
            chain: chain.clone(),
            public_key: signer.public_key(),
        };
        let of_signer = issued(&of_signer, SIGNER_YEARS).map_err(CliError::failed)?;
        let of_device = TrustDevice {
            chain,
            layout,
            device_sn: serial.0,
            public_key: device.public_key(),
            signer_key_id: signer.public_key().microchip_key_id(),
        };
        let of_device = issued(&of_device, DEVICE_YEARS).map_err(CliError::failed)?;
        Ok(Self {
            signer: compress(&of_signer, root)?,
            device: compress(&of_device, signer)?,
        })
    }
}

/// Signed by `key`.
fn compress(tbs: &Tbs, key: &KeySigner) -> Result<[u8; 72], CliError> {
    let signature = key.sign_digest(&tbs.digest()).map_err(CliError::failed)?;
    Ok(tbs.compress(signature).to_bytes())
}

/// The key of the root for tests at `path`, where its certificate is, too.
fn root_key(path: &Path) -> Result<KeySigner, CliError> {
    if path.symlink_metadata().is_err() {
        let key = system::new_key()?;
        let pem = key.to_pem().map_err(CliError::failed)?;
        let certificate = test_root(&key)?.to_pem();
        let text = Zeroizing::new([pem.as_ref(), certificate.as_str()].concat());
        files::create(path, text.as_bytes(), Readers::Owner)?;
        return Ok(key);
    }
    let key = KeySigner::from_pem(&files::read_text(path)?);
    let key = key.map_err(|error| CliError::input(path, error))?;
    let certified = files::certificate(path)?.public_key();
    if certified.map_err(|error| CliError::input(path, error))? == key.public_key() {
        Ok(key)
    } else {
        Err(CliError::input(path, "key and certificate are no pair"))
    }
}

/// Microchip's root with another key.
fn test_root(key: &KeySigner) -> Result<Certificate, CliError> {
    let microchip = TrustChain::microchip_root().map_err(CliError::failed)?;
    let theirs = microchip.public_key().map_err(CliError::failed)?;
    let mut tbs = microchip.tbs_der().to_vec();
    replace(&mut tbs, &theirs, &key.public_key())?;
    let signature = key.sign_digest(&digest(&tbs)).map_err(CliError::failed)?;
    Certificate::from_der(assemble(&tbs, &signature)?).map_err(CliError::failed)
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

fn replace(tbs: &mut [u8], old: &PublicKey, new: &PublicKey) -> Result<(), CliError> {
    let length = old.as_bytes().len();
    let at = tbs
        .windows(length)
        .position(|window| window == old.as_bytes());
    let place = at.and_then(|at| tbs.get_mut(at..at + length));
    place
        .ok_or_else(|| CliError::failed("Microchip's root without its key"))?
        .copy_from_slice(new.as_bytes());
    Ok(())
}

/// `Certificate`: the signed bytes, ecdsa-with-SHA256, the signature. Source:
/// RFC 5280, section 4.1; RFC 5758, section 3.2.
fn assemble(tbs: &[u8], signature: &SignatureBytes) -> Result<Vec<u8>, CliError> {
    const ECDSA_WITH_SHA256: [u8; 12] = [
        0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
    ];
    let signature = signature.to_der();
    // A BIT STRING without unused bits; a signature has at most 72 bytes.
    let length = u8::try_from(signature.len() + 1).map_err(CliError::failed)?;
    let body = [
        tbs,
        &ECDSA_WITH_SHA256,
        &[0x03, length, 0x00],
        signature.as_slice(),
    ]
    .concat();
    let [high, low] = u16::try_from(body.len())
        .map_err(CliError::failed)?
        .to_be_bytes();
    Ok([&[0x30, 0x82, high, low], body.as_slice()].concat())
}

fn put(image: &mut Image, slot: u8, at: usize, bytes: &[u8]) -> Result<(), CliError> {
    let slot = Slot::new(slot).ok_or_else(|| CliError::failed("no such slot"))?;
    let place = image.slot_mut(slot).get_mut(at..at + bytes.len());
    place
        .ok_or_else(|| CliError::failed("past the end of a slot"))?
        .copy_from_slice(bytes);
    Ok(())
}
