//! One token, as a program finds it: its objects, and a signature.

use std::time::Instant;

use atecc_x509::{Certificate, PublicKey, SignatureBytes};
use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;

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
    let error = causes::run(&mut device, nerves_key::sign(digest)).err()?;
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
    let (Some(private), Some(public)) = (
        first(&session, ObjectClass::PRIVATE_KEY)?,
        first(&session, ObjectClass::PUBLIC_KEY)?,
    ) else {
        findings.push(Finding::new(name, Status::Fault, "there is no key").next(INFO));
        return Ok(findings);
    };
    let point = session.get_attributes(public, &[AttributeType::EcPoint])?;
    let key = match point.first() {
        // An OCTET STRING: 04 41, then 04, X, Y.
        Some(Attribute::EcPoint(point)) => point.last_chunk().copied(),
        _ => None,
    };
    let Some(key) = key.map(PublicKey::from_bytes) else {
        findings.push(Finding::new(name, Status::Fault, "its public key has no point").next(INFO));
        return Ok(findings);
    };
    findings.push(certificates(&session, name, &key)?);
    findings.push(sign(&session, name, private, &key)?);
    Ok(findings)
}

fn first(session: &Session, class: ObjectClass) -> Result<Option<ObjectHandle>, Error> {
    let found = session.find_objects(&[Attribute::Class(class)])?;
    Ok(found.first().copied())
}

/// One of the certificates is the key's.
fn certificates(session: &Session, name: &str, key: &PublicKey) -> Result<Finding, Error> {
    let check = format!("{name}, certificates");
    let found = session.find_objects(&[Attribute::Class(ObjectClass::CERTIFICATE)])?;
    let mut certified = false;
    for certificate in &found {
        let value = session.get_attributes(*certificate, &[AttributeType::Value])?;
        if let Some(Attribute::Value(der)) = value.first() {
            let of = Certificate::from_der(der.clone()).and_then(|it| it.public_key());
            certified |= of.is_ok_and(|of| of == *key);
        }
    }
    Ok(if certified {
        Finding::good(check, format!("{}, one of them the key's", found.len()))
    } else {
        let said = format!("{}, none of them the key's", found.len());
        Finding::new(check, Status::Fault, said).next(INFO)
    })
}

/// Sign what nobody has signed yet, and verify it without the module.
fn sign(
    session: &Session,
    name: &str,
    private: ObjectHandle,
    key: &PublicKey,
) -> Result<Finding, Error> {
    let check = format!("{name}, signature");
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
