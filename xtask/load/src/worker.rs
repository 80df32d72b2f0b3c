//! One process of the load: its threads sign digests of their own and verify
//! each signature over the digest that they gave.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use atecc_x509::{PublicKey, SignatureBytes};
use cryptoki::context::Pkcs11;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use serde::{Deserialize, Serialize};

use super::client;
use xtask_support::error::Error;

/// Options of `cargo xtask pkcs11-worker`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    module: PathBuf,
    /// Makes its digests unlike those of others.
    number: u32,
    threads: u32,
    /// Of each thread.
    signatures: u32,
}

/// What a process reports, as JSON on its standard output.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Report {
    /// That verify over the caller's own digest.
    pub(crate) verified: u64,
    /// That do not.
    pub(crate) wrong: u64,
    /// Calls that failed, and why.
    pub(crate) failures: Vec<String>,
    /// How long each signature took.
    pub(crate) each: Vec<Duration>,
    /// From the first to the last.
    pub(crate) took: Duration,
}

impl Report {
    pub(super) fn add(&mut self, other: Self) {
        self.verified += other.verified;
        self.wrong += other.wrong;
        self.failures.extend(other.failures);
        self.each.extend(other.each);
        self.took = self.took.max(other.took);
    }
}

/// Sign and say what came of it.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let client = client(&options.module)?;
    let slots = client.get_slots_with_initialized_token()?;
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..options.threads)
            .zip(slots.iter().copied().cycle())
            .map(|(thread, slot)| {
                let client = client.clone();
                scope.spawn(move || signatures(&client, slot, options, thread))
            })
            .collect();
        for thread in threads {
            report.add(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
    });
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

fn signatures(client: &Pkcs11, slot: Slot, options: &Options, thread: u32) -> Report {
    let mut report = Report::default();
    let start = Instant::now();
    match Signer::new(client, slot) {
        Err(error) => report.failures.push(error.to_string()),
        Ok(signer) => {
            for round in 0..options.signatures {
                let digest = digest([options.number, thread, round]);
                let begun = Instant::now();
                match signer.sign(&digest) {
                    Ok(true) => report.verified += 1,
                    Ok(false) => report.wrong += 1,
                    Err(error) => report.failures.push(error.to_string()),
                }
                report.each.push(begun.elapsed());
            }
        }
    }
    report.took = start.elapsed();
    report
}

/// A digest that nobody else has: whose it is, in plain words.
fn digest(of: [u32; 3]) -> [u8; 32] {
    let mut digest = [0xA5; 32];
    for (place, number) in digest.chunks_exact_mut(4).zip(of) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    digest
}

/// A session with the key of one chip.
pub(super) struct Signer {
    session: Session,
    key: ObjectHandle,
    public: PublicKey,
}

impl Signer {
    pub(super) fn new(client: &Pkcs11, slot: Slot) -> Result<Self, Error> {
        let session = client.open_ro_session(slot)?;
        let find = |class| -> Result<ObjectHandle, Error> {
            let found = session.find_objects(&[Attribute::Class(class)])?;
            let first = found.first().copied();
            first.ok_or_else(|| Error::Chip(format!("no {class} in slot {slot}")))
        };
        let key = find(ObjectClass::PRIVATE_KEY)?;
        let public = find(ObjectClass::PUBLIC_KEY)?;
        let point = session.get_attributes(public, &[AttributeType::EcPoint])?;
        // An OCTET STRING of 65 bytes: 04, X, Y.
        let public = match point.first() {
            Some(Attribute::EcPoint(point)) => point.last_chunk().copied(),
            _ => None,
        };
        let public = public.ok_or_else(|| Error::Chip("no public key".into()))?;
        Ok(Self {
            session,
            key,
            public: PublicKey::from_bytes(public),
        })
    }

    /// Sign `digest`: whether the signature verifies over it.
    pub(super) fn sign(&self, digest: &[u8; 32]) -> Result<bool, Error> {
        let signature = self.session.sign(&Mechanism::Ecdsa, self.key, digest)?;
        let Ok(signature) = signature.try_into() else {
            return Ok(false);
        };
        let signature = SignatureBytes::from_bytes(signature);
        Ok(self.public.verify(digest, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_unlike_each_other() {
        assert_ne!(digest([1, 2, 3]), digest([1, 3, 2]));
        assert_eq!(
            digest([1, 2, 3])[..12],
            [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]
        );
    }

    #[test]
    fn reports_add_up() {
        let mut sum = Report::default();
        for seconds in [3, 2] {
            sum.add(Report {
                verified: 4,
                took: Duration::from_secs(seconds),
                ..Report::default()
            });
        }
        assert_eq!((sum.verified, sum.took.as_secs()), (8, 3));
    }
}
