//! Buffers that a C function is given, whose ends are watched.

use std::ptr::null_mut;

use arbitrary::Arbitrary;

/// After each buffer.
const MARGIN: usize = 16;
const UNTOUCHED: u8 = 0xC5;

/// A place for a result, or none.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Place {
    /// Null, of no length.
    Null,
    /// So many bytes.
    Room(u8),
    /// Null, and a length all the same.
    Lie(u8),
}

/// A buffer with a margin.
pub struct Guarded {
    /// The places and the margin.
    pub bytes: Vec<u8>,
    /// Places.
    pub room: usize,
    /// Whether the pointer is null all the same.
    pub null: bool,
}

impl Guarded {
    /// Places of up to eight bytes.
    #[must_use]
    pub fn new(place: Place) -> Self {
        let (room, null) = match place {
            Place::Null => (0, true),
            Place::Room(room) => (room.into(), false),
            Place::Lie(room) => (room.into(), true),
        };
        let bytes = vec![UNTOUCHED; room * 8 + MARGIN];
        Self { bytes, room, null }
    }

    /// For a C function.
    pub fn pointer<T>(&mut self) -> *mut T {
        if self.null {
            null_mut()
        } else {
            self.bytes.as_mut_ptr().cast()
        }
    }

    /// After the call.
    ///
    /// # Panics
    /// When more than `room` items were written.
    pub fn check<T>(&self) {
        let room = if self.null {
            0
        } else {
            self.room * size_of::<T>()
        };
        assert!(
            self.bytes[room..].iter().all(|byte| *byte == UNTOUCHED),
            "written beyond {} places",
            self.room
        );
    }
}
