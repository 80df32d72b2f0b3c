//! What a session has had done.

use std::fmt;

/// A step, without its buffer.
pub(super) enum Did {
    Wake,
    Wait(u32),
    Write(Vec<u8>),
    Read(usize),
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wake => f.write_str("wake"),
            Self::Wait(us) => write!(f, "wait {us} us"),
            Self::Write(bytes) => {
                let head = bytes.get(..3).unwrap_or(bytes);
                write!(f, "write {head:02X?} of {}", bytes.len())
            }
            Self::Read(len) => write!(f, "read {len}"),
        }
    }
}
