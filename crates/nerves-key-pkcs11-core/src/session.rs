//! A session: one program's operations with one chip.
//!
//! An operation ends with the call that gives its result, and with every error
//! but a buffer that is too small ([`Session::step`]); a query for a length changes
//! nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki_sys as ck;
use cryptoki_sys::{CK_FLAGS, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SESSION_INFO};
use zeroize::Zeroizing;

use crate::attribute::TemplateAttribute;
use crate::chip::Chip;
use crate::derive;
use crate::error::Error;
use crate::generate::KeyPairTemplate;
use crate::hash::Hash;
use crate::key::{Allowed, Key, why_not};
use crate::mechanism::Mechanism;
use crate::object::Object;
use crate::operation::{Operation, OperationKind, Progress, SIGNATURE};
use crate::output::{Capacity, Output};
use crate::random;
use crate::replace_key::Place;
use crate::session_objects::Owner;
use crate::token::{Freshness, Token};

/// A session.
#[derive(Debug)]
pub struct Session {
    token: Arc<Token>,
    chip: Arc<Chip>,
    flags: CK_FLAGS,
    /// Of its objects, which the token's other sessions see.
    owner: Owner,
    /// Two threads in one session take turns.
    work: Mutex<Work>,
}

/// What is under way.
#[derive(Debug, Default)]
struct Work {
    find: Option<std::vec::IntoIter<CK_OBJECT_HANDLE>>,
    digest: Option<Digesting>,
    sign: Option<Operation>,
    verify: Option<Operation>,
}

#[derive(Clone, Debug)]
struct Digesting {
    hash: Hash,
    progress: Progress,
}

/// The handles of a new key's halves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyPair {
    /// The public key's.
    pub public: CK_OBJECT_HANDLE,
    /// The private key's.
    pub private: CK_OBJECT_HANDLE,
}

/// Data as one call gives it.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// None: it came in parts, this is the end.
    End,
}

impl Session {
    /// A session on the chip that is in `token` now.
    ///
    /// # Errors
    /// [`Error::NoToken`], [`Error::ParallelSession`].
    pub fn open(token: Arc<Token>, flags: CK_FLAGS) -> Result<Self, Error> {
        if flags & ck::CKF_SERIAL_SESSION == 0 {
            return Err(Error::ParallelSession);
        }
        let chip = token.chip(Freshness::Now)?;
        Ok(Self {
            owner: token.session_objects().begin(),
            token,
            chip,
            flags: flags & (ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION),
            work: Mutex::default(),
        })
    }

    /// Its slot.
    #[must_use]
    pub const fn token(&self) -> &Arc<Token> {
        &self.token
    }

    /// Whether it was opened for writing: only to make keys.
    #[must_use]
    pub const fn is_read_write(&self) -> bool {
        self.flags & ck::CKF_RW_SESSION != 0
    }

    /// `CK_SESSION_INFO`. The state is always that of a user who has logged
    /// in: there is no PIN, and some programs ask for one otherwise.
    #[must_use]
    pub fn info(&self) -> CK_SESSION_INFO {
        CK_SESSION_INFO {
            slotID: self.token.slot(),
            state: if self.is_read_write() {
                ck::CKS_RW_USER_FUNCTIONS
            } else {
                ck::CKS_RO_USER_FUNCTIONS
            },
            flags: self.flags,
            ulDeviceError: 0,
        }
    }

    /// Give up the operations that `flags` name, as `C_SessionCancel`.
    pub fn cancel(&self, flags: CK_FLAGS) {
        let mut work = self.work();
        if flags & ck::CKF_FIND_OBJECTS != 0 {
            work.find = None;
        }
        if flags & ck::CKF_DIGEST != 0 {
            work.digest = None;
        }
        if flags & ck::CKF_SIGN != 0 {
            work.sign = None;
        }
        if flags & ck::CKF_VERIFY != 0 {
            work.verify = None;
        }
    }

    /// Look at an object.
    ///
    /// # Errors
    /// [`Error::Object`], or that of `look`.
    pub fn object<T>(
        &self,
        handle: CK_OBJECT_HANDLE,
        look: impl FnOnce(&Object) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(object) = self.chip().object(handle) {
            return look(object);
        }
        let made = self.token.session_objects().get(&self.chip, handle);
        look(&*made.ok_or(Error::Object(handle))?)
    }

    /// Destroy an object of this or another session.
    ///
    /// # Errors
    /// [`Error::Object`], or [`Error::Permanent`] for what is in the chip.
    pub fn destroy(&self, handle: CK_OBJECT_HANDLE) -> Result<(), Error> {
        if self.chip().object(handle).is_some() {
            return Err(Error::Permanent(handle));
        }
        self.token.session_objects().destroy(&self.chip, handle)
    }

    /// It is closed: what it made is gone, whoever uses it.
    pub(crate) fn end(&self) {
        self.token.session_objects().end(self.owner);
    }

    /// A step of an operation, which ends with every error, and with a panic, but
    /// for a buffer that is too small. An error of a search does not end it, nor one
    /// of the call that would begin an operation: these have no such rule, and what
    /// fails changes nothing (section 5). Source: PKCS#11 3.1, sections 5.12, 5.13
    /// and 5.15.
    ///
    /// # Errors
    /// That of `step`.
    pub fn step<T>(
        &self,
        kind: OperationKind,
        step: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut failing = Failing(Some((self, kind)));
        let result = step(self);
        if let Ok(_) | Err(Error::BufferTooSmall) = result {
            failing.0 = None;
        }
        result
    }

    /// Begin to find what matches `template`.
    ///
    /// # Errors
    /// [`Error::Active`], [`Error::Removed`].
    pub fn find_begin(&self, template: &[TemplateAttribute<'_>]) -> Result<(), Error> {
        let mut work = self.work();
        if work.find.is_some() {
            return Err(Error::Active);
        }
        // Fresh enough: what is found is in the slot now.
        let _present = self.token.chip(Freshness::Recent);
        self.token.check(&self.chip)?;
        let chip = self.chip();
        let made = self.token.session_objects().of_chip(&self.chip);
        let made = made.iter().map(|object| &**object);
        let objects = chip.objects.iter().chain(made);
        let found: Vec<_> = objects
            .filter(|object| object.attributes.match_all(template))
            .map(|object| object.handle)
            .collect();
        work.find = Some(found.into_iter());
        Ok(())
    }

    /// Up to `count` more of what was found.
    ///
    /// # Errors
    /// [`Error::NotActive`].
    pub fn find(&self, count: usize) -> Result<Vec<CK_OBJECT_HANDLE>, Error> {
        let mut work = self.work();
        let found = work.find.as_mut().ok_or(Error::NotActive)?;
        Ok(found.take(count).collect())
    }

    /// End it.
    ///
    /// # Errors
    /// [`Error::NotActive`].
    pub fn find_end(&self) -> Result<(), Error> {
        self.work().find.take().map(drop).ok_or(Error::NotActive)
    }

    /// Begin a digest; without a mechanism, give up the one that is active.
    ///
    /// # Errors
    /// [`Error::Active`], [`Error::Mechanism`].
    pub fn digest_begin(&self, mechanism: Option<Mechanism<'_>>) -> Result<(), Error> {
        let mut work = self.work();
        let Some(mechanism) = begin(&mut work.digest, mechanism)? else {
            return Ok(());
        };
        let kind = mechanism.plain()?;
        let hash = Hash::for_digest(kind).ok_or(Error::Mechanism(kind))?;
        work.digest = Some(Digesting {
            hash,
            progress: Progress::Empty,
        });
        Ok(())
    }

    /// Digest a part.
    ///
    /// # Errors
    /// [`Error::NotActive`].
    pub fn digest_update(&self, part: &[u8]) -> Result<(), Error> {
        let mut work = self.work();
        let digest = work.digest.as_mut().ok_or(Error::NotActive)?;
        digest.progress = Progress::InParts;
        digest.hash.update(part);
        Ok(())
    }

    /// The digest.
    ///
    /// # Errors
    /// [`Error::NotActive`]; [`Error::Active`] for a whole after parts.
    pub fn digest(&self, input: Input<'_>, capacity: Capacity) -> Result<Output<Vec<u8>>, Error> {
        let mut work = self.work();
        let digest = work.digest.as_ref().ok_or(Error::NotActive)?;
        let length = digest.hash.length();
        let fits = fits(input, digest.progress);
        if fits.is_ok() && !capacity.holds(length) {
            return Ok(Output::Needs(length));
        }
        let mut hash = work.digest.take().ok_or(Error::NotActive)?.hash;
        fits?;
        if let Input::Whole(data) = input {
            hash.update(data);
        }
        Ok(Output::Ready(hash.finish()))
    }

    /// Begin to sign; without a mechanism, give up the signing that is active.
    ///
    /// # Errors
    /// [`Error::Active`], [`Error::Mechanism`], and those of the key.
    pub fn sign_begin(
        &self,
        mechanism: Option<Mechanism<'_>>,
        key: CK_OBJECT_HANDLE,
    ) -> Result<(), Error> {
        let mut work = self.work();
        let Some(mechanism) = begin(&mut work.sign, mechanism)? else {
            return Ok(());
        };
        let hash = signature_hash(mechanism)?;
        let key = self.key(key, Key::private_handle)?;
        self.require(atecc_config::Operation::Sign, &key, key.can.sign)?;
        work.sign = Some(Operation::new(hash, key));
        Ok(())
    }

    /// Sign a part.
    ///
    /// # Errors
    /// [`Error::NotActive`], [`Error::DataLength`].
    pub fn sign_update(&self, part: &[u8]) -> Result<(), Error> {
        update(&mut self.work().sign, part)
    }

    /// The signature, R then S. The chip signs only where there is room for it.
    ///
    /// # Errors
    /// [`Error::NotActive`], [`Error::DataLength`], [`Error::Removed`],
    /// [`Error::Device`]; [`Error::Active`] for a whole after parts.
    pub fn sign(
        &self,
        input: Input<'_>,
        capacity: Capacity,
    ) -> Result<Output<[u8; SIGNATURE]>, Error> {
        let mut work = self.work();
        let active = work.sign.as_ref().ok_or(Error::NotActive)?;
        if fits(input, active.progress).is_ok() && !capacity.holds(SIGNATURE) {
            return Ok(Output::Needs(SIGNATURE));
        }
        let key = active.key;
        let number = finish(&mut work.sign, input)?;
        let signature = self.token.sign(&self.chip(), &key, number)?;
        Ok(Output::Ready(signature))
    }

    /// Begin to verify; without a mechanism, give up the verification that is
    /// active.
    ///
    /// # Errors
    /// As [`Session::sign_begin`].
    pub fn verify_begin(
        &self,
        mechanism: Option<Mechanism<'_>>,
        key: CK_OBJECT_HANDLE,
    ) -> Result<(), Error> {
        let mut work = self.work();
        let Some(mechanism) = begin(&mut work.verify, mechanism)? else {
            return Ok(());
        };
        let hash = signature_hash(mechanism)?;
        let key = self.key(key, Key::public_handle)?;
        work.verify = Some(Operation::new(hash, key));
        Ok(())
    }

    /// Verify a part.
    ///
    /// # Errors
    /// [`Error::NotActive`], [`Error::DataLength`].
    pub fn verify_update(&self, part: &[u8]) -> Result<(), Error> {
        update(&mut self.work().verify, part)
    }

    /// Verify `signature`, without the chip.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::SignatureLength`], [`Error::NotActive`],
    /// [`Error::DataLength`].
    pub fn verify(&self, input: Input<'_>, signature: &[u8]) -> Result<(), Error> {
        let mut work = self.work();
        let public = work.verify.as_ref().and_then(|active| active.key.public);
        let number = finish(&mut work.verify, input)?;
        let signature: [u8; SIGNATURE] = signature
            .try_into()
            .map_err(|_wrong_length| Error::SignatureLength(signature.len()))?;
        let signature = atecc_x509::SignatureBytes::from_bytes(signature);
        match public.map(|public| public.verify(&number, &signature)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(Error::Signature),
        }
    }

    /// Agree on a secret with the other side: an object of this session.
    ///
    /// # Errors
    /// Those of mechanism, key and template; [`Error::Removed`],
    /// [`Error::Device`], [`Error::SessionClosed`].
    pub fn derive(
        &self,
        mechanism: Mechanism<'_>,
        key: CK_OBJECT_HANDLE,
        template: &[TemplateAttribute<'_>],
    ) -> Result<CK_OBJECT_HANDLE, Error> {
        let Mechanism::Ecdh1(parameters) = mechanism else {
            return Err(match mechanism.kind() {
                ck::CKM_ECDH1_DERIVE => Error::Parameter("CK_ECDH1_DERIVE_PARAMS is wanted"),
                kind => Error::Mechanism(kind),
            });
        };
        let key = self.key(key, Key::private_handle)?;
        self.require(atecc_config::Operation::Ecdh, &key, key.can.derive)?;
        let peer = derive::peer(parameters)?;
        let wanted = derive::SecretTemplate::from_template(template, key.origin)?;
        let secret = derive::agree(&self.token, &self.chip(), &key, peer)?;
        let unique_id = random::identifier()?;
        let objects = self.token.session_objects();
        objects.insert(self.owner, &self.chip, |handle| {
            let object = wanted.object(handle, &secret);
            object.with_unique_id(unique_id)
        })
    }

    /// Have the chip make a key, where configuration file and chip allow it:
    /// [`crate::generate`].
    ///
    /// # Errors
    /// [`Error::WriteProtected`], [`Error::ReadOnlySession`], those of mechanism and
    /// template, [`Error::KeyChanged`], [`Error::Removed`], [`Error::Device`].
    pub fn generate(
        &self,
        mechanism: Mechanism<'_>,
        public: &[TemplateAttribute<'_>],
        private: &[TemplateAttribute<'_>],
    ) -> Result<KeyPair, Error> {
        let _one_at_a_time = self.work();
        let number = self.token.slot();
        if self.token.options().generate.is_empty() {
            let why = format!(
                "a line `generate {number} = SLOTS` of the configuration file would allow them"
            );
            return Err(Error::WriteProtected { why });
        }
        if !self.is_read_write() {
            return Err(Error::ReadOnlySession);
        }
        let kind = mechanism.plain()?;
        if kind != ck::CKM_EC_KEY_PAIR_GEN {
            return Err(Error::Mechanism(kind));
        }
        let wanted = KeyPairTemplate::from_templates(public, private)?;
        let mut attributes = public.iter().chain(private);
        let is_named = attributes.any(|it| matches!(it.kind, ck::CKA_LABEL | ck::CKA_ID));
        self.token.check(&self.chip)?;
        let shown = self.chip();
        let key = self.token.replace_key(&self.chip, |now| {
            let slot = wanted.slot(&self.token, now)?;
            wanted.check(now, slot)?;
            // A key of which the caller does not know is not what he has named.
            let seen = if is_named { &*shown } else { now };
            Ok(Place {
                slot,
                shown: seen.contents().keys.get(slot).public(),
                is_named,
            })
        })?;
        Ok(KeyPair {
            public: key.public_handle(),
            private: key.private_handle(),
        })
    }

    /// Random bytes, from chip and host.
    ///
    /// # Errors
    /// [`Error::Removed`], [`Error::Device`], [`Error::Entropy`].
    pub fn random(&self, length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        if length == 0 {
            return Ok(Zeroizing::default());
        }
        let chip = Zeroizing::new(self.token.random(&self.chip())?);
        random::mix(&chip, length)
    }

    /// Nothing that panicked leaves work that matters.
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the session's chip holds now, as far as it was seen: auxiliary
    /// certificates and keys come and go while it is the same chip.
    fn chip(&self) -> Arc<Chip> {
        self.token.latest(&self.chip)
    }

    /// The key that `handle` is the wanted half of.
    fn key(
        &self,
        handle: CK_OBJECT_HANDLE,
        half: impl FnOnce(&Key) -> CK_OBJECT_HANDLE,
    ) -> Result<Key, Error> {
        if self.object(handle, |_| Ok(())).is_err() {
            return Err(Error::Key(handle));
        }
        let chip = self.chip();
        let key = chip.key(handle).filter(|key| half(key) == handle);
        key.copied().ok_or(Error::KeyKind(handle))
    }

    /// Whether the chip's configuration lets a key do this.
    fn require(
        &self,
        operation: atecc_config::Operation,
        key: &Key,
        allowed: Allowed,
    ) -> Result<(), Error> {
        match allowed {
            Allowed::Yes => Ok(()),
            Allowed::No => Err(Error::KeyUse {
                why: why_not(self.chip.config(), operation, key.slot),
            }),
        }
    }
}

/// A step that has not succeeded yet.
struct Failing<'a>(Option<(&'a Session, OperationKind)>);

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        if let Some((session, kind)) = self.0 {
            session.cancel(kind.flag());
        }
    }
}

/// So that nothing is left of a session that no module has closed.
impl Drop for Session {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether an operation may begin. Without a mechanism the active one is given
/// up (PKCS#11 3.0) and nothing begins; in 2.40 that was a bad argument, and
/// is one still when there is nothing to give up.
fn begin<'a, T>(
    active: &mut Option<T>,
    mechanism: Option<Mechanism<'a>>,
) -> Result<Option<Mechanism<'a>>, Error> {
    match (active.is_some(), mechanism) {
        (true, None) => {
            *active = None;
            Ok(None)
        }
        (true, Some(_)) => Err(Error::Active),
        (false, None) => Err(Error::Arguments("no mechanism")),
        (false, Some(mechanism)) => Ok(Some(mechanism)),
    }
}

fn signature_hash(mechanism: Mechanism<'_>) -> Result<Option<Hash>, Error> {
    let kind: CK_MECHANISM_TYPE = mechanism.plain()?;
    match Hash::for_signature(kind) {
        None if kind != ck::CKM_ECDSA => Err(Error::Mechanism(kind)),
        hash => Ok(hash),
    }
}

fn update(active: &mut Option<Operation>, part: &[u8]) -> Result<(), Error> {
    active.as_mut().ok_or(Error::NotActive)?.update(part)
}

fn finish(active: &mut Option<Operation>, input: Input<'_>) -> Result<[u8; 32], Error> {
    let operation = active.take().ok_or(Error::NotActive)?;
    fits(input, operation.progress)?;
    match input {
        Input::Whole(data) => operation.whole(data),
        Input::End => operation.finish(),
    }
}

/// Parts are ended by the end, not by a whole.
const fn fits(input: Input<'_>, progress: Progress) -> Result<(), Error> {
    match (input, progress) {
        (Input::Whole(_), Progress::InParts) => Err(Error::Active),
        _ => Ok(()),
    }
}
