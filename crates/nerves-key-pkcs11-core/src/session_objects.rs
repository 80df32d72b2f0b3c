//! The objects that the sessions of one token have made.
//!
//! Every session of the application with this token sees them, by the same
//! handles, and each goes with the session that made it, even where another one
//! uses it. Logging out destroys those that are private. Sources: PKCS#11 2.20,
//! sections 6.7 and 6.7.5 (the Usage Guide since); 3.1, sections 5.6.2, 5.6.3 and
//! 5.6.10.
//!
//! What another chip in the same slot has made is of another token. Handles are
//! counted for the whole process and not used again, so that a stale one is
//! noticed in whichever slot and session, also after `C_Finalize`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki_sys as ck;
use cryptoki_sys::CK_OBJECT_HANDLE;

use crate::chip::Chip;
use crate::error::Error;
use crate::object::{FIRST_OF_SESSION, Object};

/// How many objects of sessions this process has had.
static MADE: AtomicUsize = AtomicUsize::new(0);
/// How many sessions have had a place for theirs.
static OWNERS: AtomicUsize = AtomicUsize::new(0);

/// The objects of a token's sessions, by the session that made them.
#[derive(Debug, Default)]
pub(crate) struct SessionObjects(Mutex<BTreeMap<Owner, Vec<Held>>>);

/// A session that may make objects.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Owner(usize);

#[derive(Debug)]
struct Held {
    chip: Arc<Chip>,
    object: Arc<Object>,
}

impl SessionObjects {
    /// A session begins.
    pub(crate) fn begin(&self) -> Owner {
        let owner = Owner(OWNERS.fetch_add(1, Ordering::Relaxed));
        self.held().insert(owner, Vec::new());
        owner
    }

    /// It ends, and its objects with it.
    pub(crate) fn end(&self, owner: Owner) {
        self.held().remove(&owner);
    }

    /// Keep an object that `owner` made with `chip`.
    ///
    /// # Errors
    /// [`Error::SessionClosed`] when it has ended meanwhile.
    pub(crate) fn insert(
        &self,
        owner: Owner,
        chip: &Arc<Chip>,
        make: impl FnOnce(CK_OBJECT_HANDLE) -> Object,
    ) -> Result<CK_OBJECT_HANDLE, Error> {
        let before = MADE.fetch_add(1, Ordering::Relaxed) as CK_OBJECT_HANDLE;
        let object = make(FIRST_OF_SESSION.wrapping_add(before));
        let handle = object.handle;
        let mut held = self.held();
        let held = held.get_mut(&owner).ok_or(Error::SessionClosed)?;
        held.push(Held {
            chip: Arc::clone(chip),
            object: Arc::new(object),
        });
        Ok(handle)
    }

    /// Those of the token that is `chip`, in the order of their making.
    pub(crate) fn of_chip(&self, chip: &Arc<Chip>) -> Vec<Arc<Object>> {
        let held = self.held();
        let held = held.values().flatten().filter(|held| held.is_of(chip));
        let mut objects: Vec<_> = held.map(|held| Arc::clone(&held.object)).collect();
        objects.sort_by_key(|object| object.handle);
        objects
    }

    /// One of them, if it is there.
    pub(crate) fn get(&self, chip: &Arc<Chip>, handle: CK_OBJECT_HANDLE) -> Option<Arc<Object>> {
        let mut objects = self.of_chip(chip).into_iter();
        objects.find(|object| object.handle == handle)
    }

    /// Destroy one of them, whoever made it.
    ///
    /// # Errors
    /// [`Error::Object`]; [`Error::Permanent`] for one that its maker did not want
    /// destroyed.
    pub(crate) fn destroy(&self, chip: &Arc<Chip>, handle: CK_OBJECT_HANDLE) -> Result<(), Error> {
        let is_it = |held: &Held| held.object.handle == handle && held.is_of(chip);
        for objects in self.held().values_mut() {
            if let Some(index) = objects.iter().position(is_it) {
                let destroyable = objects
                    .get(index)
                    .and_then(|held| held.object.attributes.get(ck::CKA_DESTROYABLE));
                if destroyable == Some(&[ck::CK_FALSE]) {
                    return Err(Error::Permanent(handle));
                }
                objects.remove(index);
                return Ok(());
            }
        }
        Err(Error::Object(handle))
    }

    /// Destroy those that only a user who has logged in may see.
    pub(crate) fn destroy_private(&self) {
        for objects in self.held().values_mut() {
            objects
                .retain(|held| held.object.attributes.get(ck::CKA_PRIVATE) != Some(&[ck::CK_TRUE]));
        }
    }

    /// Nothing that panicked leaves it half done.
    fn held(&self) -> MutexGuard<'_, BTreeMap<Owner, Vec<Held>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is_of(&self, chip: &Arc<Chip>) -> bool {
        Arc::ptr_eq(&self.chip, chip) || self.chip.is_same_chip(chip)
    }
}
