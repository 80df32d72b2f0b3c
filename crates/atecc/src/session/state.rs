//! Where a session stands, and what it knows of its chip.

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// No command under way.
    Ready,
    Waking,
    Sending,
    Reading,
    /// Waiting for the next look.
    Polling,
    Rewinding,
    /// Idle, then wake: restarts the watchdog, keeps volatile state.
    Idling,
    /// It was not acknowledged.
    IdleResting,
    /// Sleep, then wake: the way out of every confusion.
    Sleeping,
    Resting,
    /// The sleep at the end.
    Ending,
    /// It was not acknowledged: the chip is busy, or asleep already.
    EndWaiting,
    /// It was: the chip takes a moment to fall asleep.
    EndResting,
    Ended,
}

/// How the chip is, as far as the session knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Chip {
    /// Nothing was done to it yet.
    Untouched,
    /// Asleep, busy, awake: whatever others left.
    Unknown,
    Awake,
    /// Sent to idle by `Pause`.
    Idle,
}

/// What the chip has shown of itself in this session.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Shown {
    Nothing,
    /// It acknowledged a read.
    Acknowledge,
    /// It gave a sound group.
    Group,
}

/// `TempKey` and what else does not survive a sleep.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Volatile {
    /// No command has been executed in this session.
    Empty,
    /// As the commands so far left it.
    Kept,
    /// The chip may have slept since.
    Lost,
}

/// Which commands are done before the chip can be seen busy.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Blind {
    /// None so far.
    No,
    /// Some: those that it was not seen busy with may be.
    Unseen,
    /// One that it was seen busy with before: any may be, as on a host that is
    /// stopped now and then.
    Always,
}
