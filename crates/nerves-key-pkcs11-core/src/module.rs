//! What `C_Initialize` makes: the slots and the sessions of one process.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use atecc_text::Shown;
use cryptoki_sys as ck;
use cryptoki_sys::{
    CK_FLAGS, CK_INFO, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_SESSION_HANDLE, CK_SLOT_ID,
    CK_SLOT_INFO, CK_TOKEN_INFO, CK_VERSION,
};

use crate::error::Error;
use crate::generate::slots_of_new_keys;
use crate::log::tell_once;
use crate::mechanism;
use crate::session::Session;
use crate::settings::{Environment, Settings};
use crate::stuck_bus::StuckBuses;
use crate::token::{Freshness, Token};

/// As the C module says, so that URIs with these parts go on working.
const NAME: &str = "NervesKey";

/// An initialized module.
#[derive(Debug)]
pub struct Module {
    settings: Settings,
    tokens: Mutex<BTreeMap<CK_SLOT_ID, Arc<Token>>>,
    sessions: Mutex<Sessions>,
    stuck: Arc<StuckBuses>,
    /// Whether buses were looked for.
    looked: AtomicBool,
}

type Sessions = HashMap<CK_SESSION_HANDLE, Arc<Session>>;

/// How many sessions this process and its parents have had. Handles are not used
/// again, so that a stale one is noticed: by a module that was initialized anew, and
/// by a child that goes on with its parent's.
static OPENED: AtomicUsize = AtomicUsize::new(0);

/// Which slots are listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Slots {
    /// All.
    All,
    /// Those whose chip answers.
    WithToken,
}

impl Module {
    /// A module with what `settings` and the machine's buses have.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            tokens: Mutex::default(),
            sessions: Mutex::default(),
            stuck: Arc::default(),
            looked: AtomicBool::new(false),
        }
    }

    /// As file and environment say.
    #[must_use]
    pub fn from_environment(environment: Environment) -> Self {
        let mut problems = Vec::new();
        let settings = Settings::load(environment, |problem| problems.push(problem));
        tell_once(&problems);
        Self::new(settings)
    }

    /// With slots of one's own besides.
    #[must_use]
    pub fn with_tokens(self, tokens: impl IntoIterator<Item = Token>) -> Self {
        for token in tokens {
            let token = token.with_stuck_buses(Arc::clone(&self.stuck));
            self.tokens().insert(token.slot(), Arc::new(token));
        }
        self
    }

    /// About this module.
    #[must_use]
    pub fn info() -> CK_INFO {
        CK_INFO {
            cryptokiVersion: CK_VERSION { major: 3, minor: 2 },
            manufacturerID: padded(NAME),
            flags: 0,
            libraryDescription: padded("NervesKey PKCS#11 module"),
            libraryVersion: CK_VERSION {
                major: version(env!("CARGO_PKG_VERSION_MAJOR")),
                minor: version(env!("CARGO_PKG_VERSION_MINOR")),
            },
        }
    }

    /// Look for buses that are new. None is forgotten: its slot has no token.
    pub fn look_for_buses(&self) {
        self.looked.store(true, Ordering::Relaxed);
        let now = self.settings.slots_now();
        let mut tokens = self.tokens();
        for (slot, device) in now {
            let origin = self.settings.origin(slot);
            tokens.entry(slot).or_insert_with(|| {
                let token = Token::new(slot, device, origin);
                let token = token.with_options(self.settings.options.of(slot));
                Arc::new(token.with_stuck_buses(Arc::clone(&self.stuck)))
            });
        }
    }

    /// The slots, in order.
    #[must_use]
    pub fn slots(&self, which: Slots) -> Vec<CK_SLOT_ID> {
        let tokens = self.all_tokens();
        let slots = |listed: &mut dyn Iterator<Item = &Arc<Token>>| {
            listed.map(|token| token.slot()).collect()
        };
        match which {
            Slots::All => slots(&mut tokens.iter()),
            Slots::WithToken => self.sweep(&tokens, |tokens| {
                let present = |token: &&Arc<Token>| token.chip(Freshness::Recent).is_ok();
                slots(&mut tokens.iter().filter(present))
            }),
        }
    }

    /// About a slot.
    ///
    /// # Errors
    /// [`Error::Slot`].
    pub fn slot_info(&self, slot: CK_SLOT_ID) -> Result<CK_SLOT_INFO, Error> {
        let token = self.token(slot)?;
        let present = match token.chip(Freshness::Recent) {
            Ok(_) => ck::CKF_TOKEN_PRESENT,
            Err(_) => 0,
        };
        Ok(CK_SLOT_INFO {
            slotDescription: padded(&format!("NervesKey {}", token.description())),
            manufacturerID: padded(NAME),
            flags: present | ck::CKF_REMOVABLE_DEVICE | ck::CKF_HW_SLOT,
            hardwareVersion: CK_VERSION::default(),
            firmwareVersion: CK_VERSION::default(),
        })
    }

    /// About a token.
    ///
    /// # Errors
    /// [`Error::Slot`], [`Error::NoToken`].
    pub fn token_info(&self, slot: CK_SLOT_ID) -> Result<CK_TOKEN_INFO, Error> {
        let token = self.token(slot)?;
        let chip = token.chip(Freshness::Recent)?;
        let initialized = if chip.keys.is_empty() {
            0
        } else {
            ck::CKF_TOKEN_INITIALIZED
        };
        let write_protected = match slots_of_new_keys(&token, &chip)[..] {
            [] => ck::CKF_WRITE_PROTECTED,
            [..] => 0,
        };
        let (open, read_write) = self.count(slot);
        let (major, minor) = chip.version();
        // 18 digits, of which the first two are 01 on every chip, and 16 fit.
        let serial = chip.serial_number().to_string();
        let none = ck::CK_UNAVAILABLE_INFORMATION;
        Ok(CK_TOKEN_INFO {
            label: padded(&token.label()),
            manufacturerID: padded(NAME),
            model: padded(NAME),
            serialNumber: padded(serial.get(2..).unwrap_or_default()),
            flags: ck::CKF_RNG | write_protected | initialized,
            ulMaxSessionCount: ck::CK_EFFECTIVELY_INFINITE,
            ulSessionCount: open,
            ulMaxRwSessionCount: ck::CK_EFFECTIVELY_INFINITE,
            ulRwSessionCount: read_write,
            ulMaxPinLen: 255,
            ulMinPinLen: 0,
            ulTotalPublicMemory: none,
            ulFreePublicMemory: none,
            ulTotalPrivateMemory: none,
            ulFreePrivateMemory: none,
            hardwareVersion: CK_VERSION { major, minor },
            firmwareVersion: CK_VERSION { major, minor },
            utcTime: [b' '; 16],
        })
    }

    /// The mechanisms of a token.
    ///
    /// # Errors
    /// [`Error::Slot`], [`Error::NoToken`].
    pub fn mechanisms(&self, slot: CK_SLOT_ID) -> Result<Vec<CK_MECHANISM_TYPE>, Error> {
        let token = self.token(slot)?;
        let chip = token.chip(Freshness::Recent)?;
        Ok(mechanism::all(&chip, &slots_of_new_keys(&token, &chip)))
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::Slot`], [`Error::NoToken`], [`Error::Mechanism`].
    pub fn mechanism_info(
        &self,
        slot: CK_SLOT_ID,
        kind: CK_MECHANISM_TYPE,
    ) -> Result<CK_MECHANISM_INFO, Error> {
        let token = self.token(slot)?;
        let chip = token.chip(Freshness::Recent)?;
        mechanism::info(&chip, &slots_of_new_keys(&token, &chip), kind)
    }

    /// A slot whose chip came or went since this was last asked.
    ///
    /// # Errors
    /// [`Error::NoEvent`].
    pub fn event(&self) -> Result<CK_SLOT_ID, Error> {
        self.look_for_buses();
        let tokens = self.all_tokens();
        self.sweep(&tokens, |tokens| {
            let token = tokens.iter().find(|token| token.event());
            token.map(|token| token.slot()).ok_or(Error::NoEvent)
        })
    }

    /// Look at slots. What is found is believed from the end on: with buses that
    /// carry nothing, or servers that say nothing, a sweep may take longer than that.
    fn sweep<T>(&self, tokens: &[Arc<Token>], look: impl FnOnce(&[Arc<Token>]) -> T) -> T {
        let start = Instant::now();
        self.stuck.begin_sweep();
        let found = look(tokens);
        self.stuck.end_sweep(start);
        for token in tokens {
            token.renew(start);
        }
        found
    }

    /// Open a session.
    ///
    /// # Errors
    /// [`Error::Slot`], [`Error::NoToken`], [`Error::ParallelSession`].
    pub fn open(&self, slot: CK_SLOT_ID, flags: CK_FLAGS) -> Result<CK_SESSION_HANDLE, Error> {
        let session = Session::open(self.token(slot)?, flags)?;
        let before = OPENED.fetch_add(1, Ordering::Relaxed) as CK_SESSION_HANDLE;
        let handle = before.wrapping_add(1).max(1);
        self.sessions().insert(handle, Arc::new(session));
        Ok(handle)
    }

    /// A session.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub fn session(&self, handle: CK_SESSION_HANDLE) -> Result<Arc<Session>, Error> {
        let sessions = self.sessions();
        let session = sessions.get(&handle).cloned();
        session.ok_or(Error::Session(handle))
    }

    /// Close a session. The last one of a slot logs out.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub fn close(&self, handle: CK_SESSION_HANDLE) -> Result<(), Error> {
        let mut sessions = self.sessions();
        let session = sessions.remove(&handle);
        let session = session.ok_or(Error::Session(handle))?;
        session.end();
        let token = Arc::clone(session.token());
        let others = sessions.values();
        if !others
            .into_iter()
            .any(|other| other.token().slot() == token.slot())
        {
            // Whether he was logged in does not matter.
            let _ = token.log_out();
        }
        Ok(())
    }

    /// Close all sessions of a slot.
    ///
    /// # Errors
    /// [`Error::Slot`].
    pub fn close_all(&self, slot: CK_SLOT_ID) -> Result<(), Error> {
        let token = self.token(slot)?;
        let mut sessions = self.sessions();
        sessions.retain(|_, session| {
            let stays = session.token().slot() != slot;
            if !stays {
                session.end();
            }
            stays
        });
        // As in `close`.
        let _ = token.log_out();
        Ok(())
    }

    /// Sessions of a slot, and how many of them are for writing.
    fn count(&self, slot: CK_SLOT_ID) -> (ck::CK_ULONG, ck::CK_ULONG) {
        let sessions = self.sessions();
        let mut counts = (0, 0);
        for session in sessions.values() {
            if session.token().slot() == slot {
                counts.0 += 1;
                counts.1 += ck::CK_ULONG::from(session.is_read_write());
            }
        }
        counts
    }

    /// A caller may name a slot that it knows without listing them.
    fn token(&self, slot: CK_SLOT_ID) -> Result<Arc<Token>, Error> {
        if let Some(token) = self.tokens().get(&slot) {
            return Ok(Arc::clone(token));
        }
        self.look_for_buses();
        let token = self.tokens().get(&slot).cloned();
        token.ok_or(Error::Slot(slot))
    }

    fn all_tokens(&self) -> Vec<Arc<Token>> {
        if !self.looked.load(Ordering::Relaxed) {
            self.look_for_buses();
        }
        self.tokens().values().cloned().collect()
    }

    fn tokens(&self) -> MutexGuard<'_, BTreeMap<CK_SLOT_ID, Arc<Token>>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Blank-padded, not terminated; cut where it is too long, and not within a
/// character. Programs print such fields as they are, so nothing is in them
/// that is not seen.
fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [b' '; N];
    let text = Shown(text).to_string();
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    for (place, byte) in field.iter_mut().zip(text.bytes().take(end)) {
        *place = byte;
    }
    field
}

/// Cargo's numbers are numbers.
fn version(number: &str) -> u8 {
    number.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_whole_visible_characters() {
        assert_eq!(&padded::<8>("chip"), b"chip    ");
        assert_eq!(&padded::<4>("chips"), b"chip");
        assert_eq!(padded::<5>("äöü"), *"äö ".as_bytes());
        assert_eq!(&padded::<16>("a\u{1b}[\u{202e}"), b"a\\u{1b}[\\u{202e}");
    }
}
