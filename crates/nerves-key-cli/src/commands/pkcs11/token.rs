//! One token, as a program finds it: its objects, and a signature.

use std::time::Instant;

use atecc::procedures::SignDigest;
use atecc_x509::{Certificate, PublicKey, SignatureBytes};
use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use nerves_key::ReadSnapshot;
use nerves_key_device::DeviceUri;

use crate::finding::{Finding, Status};
use crate::output::escape;
use crate::{causes, system};

const INFO: &str = "nerves-key info says why";
const EXPLAIN: &str = "NERVES_KEY_LOG=error explains each call that fails";

/// Everything about the token in `slot`.
pub(super) fn check(client: &Pkcs11, slot: Slot) -> Vec<Finding> {
    let name = format!("slot {slot}");
    look(client, slot, &name).unwrap_or_else(|error| {
        // What came before it is of no use without it.
        vec![Finding::new(&name, Status::Fault, error.to_string()).next(EXPLAIN)]
    })
}

/// Why the chip `device` does not sign, if it refuses to: a program sees a number,
/// so the chip itself is asked, without the module.
pub(super) fn refusal(slot: Slot, device: &DeviceUri) -> Option<Finding> {
    let digest = system::random().ok()?;
    let mut device = device.open().ok()?;
    let snapshot = device.run(ReadSnapshot::new()).ok()?;
    let sign = SignDigest::new(snapshot.key_slot(), digest);
    let error = causes::run(&mut device, sign).err()?;
    let said = error.to_string().replace('\n', "; ");
    let check = format!("slot {slot}, chip");
    Some(Finding::new(check, Status::Note, said).next(INFO))
}

fn look(client: &Pkcs11, slot: Slot, name: &str) -> Result<Vec<Finding>, Error> {
    let info = client.get_token_info(slot)?;
    let token = format!(
        "token={} serial={} model={}",
        escape(info.label()),
        escape(info.serial_number()),
        escape(info.model())
    );
    if !info.token_initialized() {
        let next = "nerves-key info says its stage, and whether it can become a NervesKey";
        let said = format!("{token}: the chip is no finished NervesKey");
        return Ok(vec![Finding::new(name, Status::Fault, said).next(next)]);
    }
    let session = client.open_ro_session(slot)?;
    let mut findings = vec![Finding::good(name, token)];
    let keys = keys(&session)?;
    if keys.is_empty() {
        findings.push(Finding::new(name, Status::Fault, "there is no key").next(INFO));
        return Ok(findings);
    }
    findings.push(certificates(&session, name, &keys)?);
    for (index, key) in keys.iter().enumerate() {
        let check = match index {
            0 => format!("{name}, signature"),
            _ => format!("{name}, key {}", escape(&key.label)),
        };
        findings.push(key.check(&session, check)?);
    }
    Ok(findings)
}

/// A private key as the token shows it.
struct Key {
    object: ObjectHandle,
    label: String,
    /// Whether it may sign.
    signs: bool,
    /// Its public half, where there is an object of it.
    public: Option<PublicKey>,
}

fn keys(session: &Session) -> Result<Vec<Key>, Error> {
    let wanted = [AttributeType::Label, AttributeType::Id, AttributeType::Sign];
    let mut keys = Vec::new();
    for object in session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])? {
        let mut key = Key {
            object,
            label: String::new(),
            signs: false,
            public: None,
        };
        for attribute in session.get_attributes(object, &wanted)? {
            match attribute {
                Attribute::Label(label) => {
                    key.label = String::from_utf8_lossy(&label).into_owned();
                }
                Attribute::Sign(signs) => key.signs = signs,
                Attribute::Id(id) => key.public = public(session, id)?,
                _ => {}
            }
        }
        keys.push(key);
    }
    Ok(keys)
}

/// The public key with this id.
fn public(session: &Session, id: Vec<u8>) -> Result<Option<PublicKey>, Error> {
    let wanted = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Id(id)];
    let found = session.find_objects(&wanted)?;
    let Some(object) = found.first() else {
        return Ok(None);
    };
    let point = session.get_attributes(*object, &[AttributeType::EcPoint])?;
    Ok(match point.first() {
        // An OCTET STRING: 04 41, then 04, X, Y.
        Some(Attribute::EcPoint(point)) => point.last_chunk().copied().map(PublicKey::from_bytes),
        _ => None,
    })
}

/// One of the certificates is a key's.
fn certificates(session: &Session, name: &str, keys: &[Key]) -> Result<Finding, Error> {
    let check = format!("{name}, certificates");
    let found = session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)])?;
    let mut certified = false;
    for certificate in &found {
        let value = session.get_attributes(*certificate, &[AttributeType::Value])?;
        if let Some(Attribute::Value(der)) = value.first() {
            let of = Certificate::from_der(der.clone()).and_then(|it| it.public_key());
            certified |= of.is_ok_and(|of| keys.iter().any(|key| key.public == Some(of)));
        }
    }
    Ok(if certified {
        Finding::good(check, format!("{}, one of them the key's", found.len()))
    } else {
        let said = format!("{}, none of them the key's", found.len());
        Finding::new(check, Status::Fault, said).next(INFO)
    })
}

impl Key {
    /// What it does. A key that does not sign is none to worry about.
    fn check(&self, session: &Session, check: String) -> Result<Finding, Error> {
        if !self.signs {
            let said = "the chip's configuration does not let this key sign";
            return Ok(Finding::good(check, said));
        }
        let Some(public) = &self.public else {
            let said = "signs, and the chip tells no public half to verify that with";
            let next = "nothing, if its configuration is meant so (KeyConfig.PubInfo)";
            return Ok(Finding::new(check, Status::Note, said).next(next));
        };
        sign(session, check, self.object, public)
    }
}

/// Sign what nobody has signed yet, and verify it without the module.
fn sign(
    session: &Session,
    check: String,
    private: ObjectHandle,
    key: &PublicKey,
) -> Result<Finding, Error> {
    let digest = match system::random() {
        Ok(digest) => digest,
        Err(error) => {
            return Ok(Finding::new(check, Status::Fault, error.to_string()).next("try again"));
        }
    };
    let start = Instant::now();
    let signature = session.sign(&Mechanism::Ecdsa, private, &digest)?;
    let took = start.elapsed();
    let verifies = signature
        .first_chunk()
        .filter(|_| signature.len() == 64)
        .is_some_and(|it| {
            key.verify(&digest, &SignatureBytes::from_bytes(*it))
                .is_ok()
        });
    Ok(if verifies {
        Finding::good(check, format!("verifies, {} ms", took.as_millis()))
    } else {
        Finding::new(check, Status::Fault, "does not verify under the public key").next(EXPLAIN)
    })
}
