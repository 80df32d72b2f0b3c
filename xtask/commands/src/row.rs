//! What a row of the table declares, and what a command on the bus must look
//! like to be of its mode.

use atecc::command::{Chips, Request};
use atecc::{Command, Family};

use super::chip::LockState;
use super::frame::Frame;

/// One mode of one command.
pub(super) struct Row {
    /// The datasheet's name.
    pub(super) command: &'static str,
    pub(super) opcode: u8,
    pub(super) mode: &'static str,
    pub(super) param1: Param1,
    param2: fn(u16) -> bool,
    data: fn(&[u8]) -> bool,
    pub(super) chips: Chips,
    /// The name of the type in `atecc`.
    pub(super) typed: &'static str,
    /// A value of it, encoded.
    pub(super) request: Request,
    /// The lock state of the chip that is asked.
    pub(super) lock_state: LockState,
    /// What is sent before.
    pub(super) before: Vec<Request>,
    /// What is sent instead, where it depends on the answer to the last of
    /// `before`.
    pub(super) answering: Option<fn(&[u8]) -> Request>,
    /// Set where another mode has the same bytes, and the state of the chip
    /// says which one it is: frames have to state it.
    pub(super) state: Option<&'static str>,
    /// Why a chip without the mode answers something else than 0x03.
    pub(super) elsewhere: Option<&'static str>,
    /// Whether the type is of more chips, because another mode has its bytes.
    pub(super) shares_type: bool,
    /// Footnotes.
    pub(super) notes: Vec<String>,
}

/// The bits of Param1 that make a mode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Param1 {
    mask: u8,
    value: u8,
    /// Bits that may be set and mean nothing in this mode.
    free: u8,
}

/// All of Param1.
pub(super) const fn byte(value: u8) -> Param1 {
    bits(0xFF, value)
}

/// The bits in `mask`.
pub(super) const fn bits(mask: u8, value: u8) -> Param1 {
    let free = 0x00;
    Param1 { mask, value, free }
}

impl Param1 {
    /// With bits that may be set and mean nothing.
    pub(super) const fn free(self, free: u8) -> Self {
        let mask = self.mask & !free;
        Self { mask, free, ..self }
    }

    const fn matches(self, p1: u8) -> bool {
        p1 & self.mask == self.value
    }

    /// The bits that the mode accounts for.
    pub(super) const fn explains(self) -> u8 {
        self.mask | self.free
    }

    /// The bits that mean nothing.
    pub(super) const fn free_bits(self) -> u8 {
        self.free
    }

    pub(super) const fn value(self) -> u8 {
        self.value
    }
}

/// In hexadecimal, or bit by bit where some are another row's.
impl std::fmt::Display for Param1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.mask == 0xFF {
            return write!(f, "0x{:02X}", self.value);
        }
        (0..8).rev().try_for_each(|bit| {
            let digit = match (self.mask >> bit & 1, self.value >> bit & 1) {
                (0, _) => 'x',
                (_, 0) => '0',
                _ => '1',
            };
            write!(f, "{digit}")
        })
    }
}

/// A mode that every chip has, of the command that [`group`] names.
pub(super) fn row<C: Command>(
    mode: &'static str,
    param1: Param1,
    data: fn(&[u8]) -> bool,
    command: &C,
) -> Row {
    Row {
        command: "",
        opcode: 0,
        mode,
        param1,
        param2: |_| true,
        data,
        chips: Chips::All,
        typed: type_name::<C>(),
        request: request(command),
        lock_state: LockState::Locked,
        before: Vec::new(),
        answering: None,
        state: None,
        elsewhere: None,
        shares_type: false,
        notes: Vec::new(),
    }
}

/// The modes of one command.
pub(super) fn group(
    command: &'static str,
    opcode: u8,
    rows: impl IntoIterator<Item = Row>,
) -> Vec<Row> {
    let named = |row| Row {
        command,
        opcode,
        ..row
    };
    rows.into_iter().map(named).collect()
}

/// `command` as bytes.
pub(super) fn request<C: Command>(command: &C) -> Request {
    Request::new(command).expect("a command that fits a group")
}

/// The last word of the path, without lifetimes.
fn type_name<C>() -> &'static str {
    let path = std::any::type_name::<C>();
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

impl Row {
    /// With bits of Param1 that may be set and mean nothing.
    pub(super) const fn freeing(mut self, free: u8) -> Self {
        self.param1 = self.param1.free(free);
        self
    }

    pub(super) const fn only(mut self, family: Family) -> Self {
        self.chips = Chips::Only(family);
        self
    }

    pub(super) fn param2(mut self, param2: fn(u16) -> bool) -> Self {
        self.param2 = param2;
        self
    }

    pub(super) const fn with_data(mut self, data: fn(&[u8]) -> bool) -> Self {
        self.data = data;
        self
    }

    pub(super) const fn in_state(mut self, lock_state: LockState) -> Self {
        self.lock_state = lock_state;
        self
    }

    pub(super) fn after(mut self, before: impl IntoIterator<Item = Request>) -> Self {
        self.before.extend(before);
        self
    }

    pub(super) fn answering(mut self, request: fn(&[u8]) -> Request) -> Self {
        self.answering = Some(request);
        self
    }

    pub(super) const fn when(mut self, state: &'static str) -> Self {
        self.state = Some(state);
        self
    }

    pub(super) const fn elsewhere(mut self, reason: &'static str) -> Self {
        self.elsewhere = Some(reason);
        self
    }

    pub(super) const fn fits_more_chips(mut self) -> Self {
        self.shares_type = true;
        self
    }

    /// Remark on the mode.
    pub(super) fn note(mut self, what: &str) -> Self {
        self.notes.push(what.to_owned());
        self
    }

    /// Remark that no public source settles something.
    pub(super) fn unconfirmed(self, what: &str) -> Self {
        self.note(&format!("unconfirmed: {what}"))
    }

    /// Whether chips of `family` have the mode.
    pub(super) fn is_on(&self, family: Family) -> bool {
        self.chips == Chips::All || self.chips == Chips::Only(family)
    }

    /// Whether `frame` is of this mode.
    pub(super) fn has(&self, frame: &Frame) -> bool {
        frame.state.as_deref() == self.state && self.looks_like(frame)
    }

    /// Whether `frame` has the bytes of this mode.
    pub(super) fn looks_like(&self, frame: &Frame) -> bool {
        self.opcode == frame.opcode
            && self.param1.matches(frame.param1)
            && (self.param2)(frame.param2)
            && (self.data)(&frame.data)
    }

    /// As in a message.
    pub(super) fn name(&self) -> String {
        format!("{}, {}", self.command, self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert_eq!(byte(0x2A).to_string(), "0x2A");
        let pattern = bits(0x87, 0x85);
        assert_eq!(pattern.to_string(), "1xxxx101");
        assert!(pattern.matches(0xFD) && !pattern.matches(0x05));
        let loose = byte(0x10).free(0x0C);
        assert!(loose.matches(0x1C) && !loose.matches(0x11));
        assert_eq!(loose.explains(), 0xFF);
    }
}
