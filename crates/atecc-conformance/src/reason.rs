//! Why a recording does not determine an answer.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why something was not judged. The engine finds it by itself.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// In words, as in data files.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    /// `GenKey`, `Sign`, `ECDH`.
    PrivateKey = "the private key is not known",
    /// A symmetric key that no candidate replaces.
    Key = "the key in the slot is not known",
    /// Slot or OTP bytes.
    Content = "what the chip held there is not known",
    /// It came from something that is not known.
    TempKey = "what TempKey held is not known",
    /// The configuration decides, and that byte was never recorded.
    Configuration = "the configuration is not known",
    /// Monotonic counter.
    Count = "the count before is not known",
    /// A pin of the package.
    Pin = "the state of the GPIO pin is not known",
    /// Key or signature made from fresh random numbers.
    Random = "random",
    /// A look before the chip was awake.
    TooEarly = "read while the chip was still waking",
    /// A group that was broken when it was recorded, and is marked so.
    Broken = "broken as recorded",
    /// Bytes are left out of the recording.
    Redacted = "redacted",
    /// The source prints the answer alone.
    HostPart = "the host's part is not printed",
    /// The source prints the command alone.
    NoAnswer = "the answer is not recorded",
    /// Nothing passed between host and chip before it.
    Before = "what came before the recording is not known",
    /// Whether a chip is still busy at some moment.
    Time = "execution times differ from chip to chip",
    /// When the watchdog put the chip to sleep.
    Watchdog = "the watchdog's time differs from chip to chip",
    /// Statuses 05, EE and FF.
    Passing = "a passing fault of that chip or bus",
    /// A reference implementation ran without a chip, on something that takes
    /// what a chip refuses, or refuses what a chip takes.
    StandIn = "no chip, but a stand-in answered",
    /// ATSHA204A and others.
    OtherChip = "another chip",
    /// Such as a certificate.
    NotOnTheBus = "not what passes on a bus",
    /// A value without the commands that gave it.
    NoCommand = "the commands are not printed",
    /// Such as the serial number of a part of which nothing else is given.
    Alone = "nothing else in the recording says it",
    /// Such as `TempKey` after a `GenDig` of a slot with `NoMac`.
    Untold = "no command tells it",
    /// A certificate whose issuer is nowhere to be found.
    Issuer = "the issuer's key is not published",
    /// A form of command that the typed driver does not have.
    NotTyped = "the driver has no such form of the command",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}
