//! What is shared by all that is recorded together.

use core::cell::RefCell;

use crate::{Action, Clock, Record, Redaction, Redactor, Sink, Time};

/// Longest action that can be hidden in part, or put together from several
/// operations. A command has 156 bytes at most: word address, and a count of
/// 155.
const LONGEST: usize = 192;

/// A sink, a clock, and what to hide.
#[derive(Debug)]
pub struct Tape<S, C> {
    inner: RefCell<Inner<S, C>>,
}

#[derive(Debug)]
struct Inner<S, C> {
    sink: S,
    clock: C,
    redactor: Redactor,
    /// Since the last action that was recorded.
    missing: u32,
    lost: u32,
}

/// The bytes of an action: in one piece, or in several.
pub(super) enum Piece<'a> {
    One(&'a [u8]),
    /// All of them, or as many as there was room for.
    Joined(Joined),
}

/// Bytes put together.
pub(super) struct Joined {
    buffer: [u8; LONGEST],
    /// Also of what did not fit.
    length: usize,
}

impl Joined {
    pub(super) fn new<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut joined = Self {
            buffer: [0; LONGEST],
            length: 0,
        };
        for part in parts {
            let end = joined.length.saturating_add(part.len());
            if let Some(room) = joined.buffer.get_mut(joined.length..end) {
                room.copy_from_slice(part);
            }
            joined.length = end;
        }
        joined
    }
}

impl<S: Sink, C: Clock> Tape<S, C> {
    /// A tape at its beginning.
    pub const fn new(sink: S, clock: C, redaction: Redaction) -> Self {
        Self {
            inner: RefCell::new(Inner {
                sink,
                clock,
                redactor: Redactor::new(redaction),
                missing: 0,
                lost: 0,
            }),
        }
    }

    /// How many actions were not recorded.
    pub fn lost(&self) -> u32 {
        self.inner.try_borrow().map_or(0, |inner| inner.lost)
    }

    /// The sink, at the end.
    pub fn into_sink(self) -> S {
        self.inner.into_inner().sink
    }

    /// Record a wake pulse that is no transfer of the bus: to be called before
    /// or after a pin is pulled low.
    pub fn wake(&self) {
        let at = self.now();
        self.put(at, &Action::Wake);
    }

    pub(super) fn now(&self) -> Option<Time> {
        self.inner.try_borrow_mut().ok()?.clock.now()
    }

    /// Record an action whose bytes are in one piece.
    pub(super) fn put(&self, at: Option<Time>, action: &Action<&[u8]>) {
        // A sink that uses the bus it records loses what it does there.
        if let Ok(mut inner) = self.inner.try_borrow_mut() {
            inner.put(at, action);
        }
    }

    /// Record the action that `of` makes of the bytes of `piece`.
    pub(super) fn put_piece<'a>(
        &self,
        at: Option<Time>,
        piece: &'a Piece<'a>,
        of: impl FnOnce(&'a [u8]) -> Action<&'a [u8]>,
    ) {
        let bytes = match piece {
            Piece::One(bytes) => Some(*bytes),
            Piece::Joined(joined) => joined.buffer.get(..joined.length),
        };
        match bytes {
            Some(bytes) => self.put(at, &of(bytes)),
            None => {
                if let Ok(mut inner) = self.inner.try_borrow_mut() {
                    inner.lose();
                }
            }
        }
    }
}

impl<S: Sink, C> Inner<S, C> {
    fn put(&mut self, at: Option<Time>, action: &Action<&[u8]>) {
        let redacted = self.redactor.hidden(action);
        let mut shown = [0; LONGEST];
        let bytes = action.bytes();
        let bytes = if redacted.is_empty() {
            bytes
        } else {
            let Some(shown) = shown.get_mut(..bytes.len()) else {
                return self.lose();
            };
            shown.copy_from_slice(bytes);
            if let Some(secret) = shown.get_mut(redacted.clone()) {
                secret.fill(0);
            }
            shown
        };
        let action = match *action {
            Action::Write { address, ack, .. } => Action::Write {
                address,
                bytes,
                ack,
            },
            Action::Read { address, ack, .. } => Action::Read {
                address,
                bytes,
                ack,
            },
            Action::Wake => Action::Wake,
            Action::Delay(ns) => Action::Delay(ns),
        };
        let record = Record {
            at,
            action,
            redacted,
            comment: None,
            lost: self.missing,
        };
        match self.sink.record(&record) {
            Ok(()) => self.missing = 0,
            Err(crate::Lost) => self.lose(),
        }
    }

    fn lose(&mut self) {
        self.missing = self.missing.saturating_add(1);
        self.lost = self.lost.saturating_add(1);
    }
}
