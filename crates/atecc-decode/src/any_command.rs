//! Any command of the family, typed.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use atecc::command::{Chips, Request};
use atecc::commands::{
    Aes, AesGfm, CheckMac, Counter, CreateTempKey, DeriveKey, DerivedKey, DigestPublicKey, Ecdh,
    Engines, FixedNonce, GenDig, GenKey, Hmac, InfoGpio, InfoKeyValid, InfoLatch, InfoRevision,
    InfoState, Kdf, KdfMessageTooLong, LoadNonce, LoadNonce64, Lock, LockWithoutCrc, Mac, Pause,
    Paused, PrivWrite, Random, RandomNonce, ReadBlock, ReadWord, SecureBoot, SelfTest, ShaContext,
    ShaEnd, ShaPublic, ShaReadContext, ShaStart, ShaUpdate, ShaWriteContext, SharedSecret, Sign,
    SignInternal, UpdateExtra, Validate, Verdict, Verify, VolatileState, WriteBlock,
    WriteEncrypted, WriteWord,
};
use atecc::group::Group;
use atecc::parse::{CommandError, CommandGroup, Parse};
use atecc::{Command, Opcode, PublicKey, Revision, Status};

use crate::answer::Answer;
use crate::describe::Describe;
use crate::labels::Labels;
use crate::response::{self, Decoded, ResponseError};

macro_rules! commands {
    ($($name:ident $(<$life:lifetime>)? => $response:ty,)*) => {
        /// A command of the family, typed where the types have room for it.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum AnyCommand<'a> {
            $(
                #[doc = concat!("[`", stringify!($name), "`](atecc::commands::", stringify!($name), ").")]
                $name($name $(<$life>)?),
            )*
            /// Bytes that a chip takes and no type of `atecc` has.
            Untyped(Untyped<'a>),
        }

        /// What the chip answered to an [`AnyCommand`], typed as the command
        /// says.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum AnyResponse {
            $(
                #[doc = concat!("The answer to [`", stringify!($name), "`](atecc::commands::", stringify!($name), ").")]
                $name($response),
            )*
            /// One status byte instead of an answer.
            Status(Status),
            /// A payload of the right length with bits that the type does not
            /// have.
            Untyped(Vec<u8>),
        }

        $(
            impl<'a> From<$name $(<$life>)?> for AnyCommand<'a> {
                fn from(command: $name $(<$life>)?) -> Self {
                    Self::$name(command)
                }
            }
        )*

        impl<'a> AnyCommand<'a> {
            /// The type that takes the parameters; of one opcode no two do.
            fn typed(group: &CommandGroup<'a>) -> Result<Self, CommandError> {
                $(
                    if <$name $(<$life>)? as Command>::OPCODE == group.opcode {
                        match $name::from_group(group) {
                            Err(CommandError::Mode { .. }) => {}
                            parsed => return parsed.map(Self::$name),
                        }
                    }
                )*
                Err(group.wrong_mode())
            }
        }

        impl AnyCommand<'_> {
            /// Count to CRC: the bytes that it was parsed from.
            #[must_use]
            pub fn group(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(command) => encode(command),)*
                    Self::Untyped(untyped) => untyped.group(),
                }
            }

            /// The command ready to send. `None` for what has no type.
            #[must_use]
            pub fn request(&self) -> Option<Request> {
                match self {
                    $(Self::$name(command) => Request::new(command).ok(),)*
                    Self::Untyped(_) => None,
                }
            }

            /// The chips that have the command, in this mode.
            #[must_use]
            pub fn chips(&self) -> Chips {
                match self {
                    $(Self::$name(command) => command.chips(),)*
                    Self::Untyped(untyped) => {
                        untyped.nearest.as_ref().map_or(Chips::All, |nearest| nearest.chips())
                    }
                }
            }

            /// What it asks for, in the datasheet's words.
            #[must_use]
            pub fn explain(&self, labels: &dyn Labels) -> String {
                match self {
                    $(Self::$name(command) => command.words(labels),)*
                    Self::Untyped(untyped) => untyped.explain(labels),
                }
            }

            /// The payload of a sound response, typed.
            pub(crate) fn respond(&self, payload: &[u8]) -> Result<AnyResponse, ResponseError> {
                match self {
                    $(
                        Self::$name(command) => Ok(match response::decode(command, payload)? {
                            Decoded::Status(status) => AnyResponse::Status(status),
                            Decoded::Answer(answer) => AnyResponse::$name(answer),
                        }),
                    )*
                    Self::Untyped(untyped) => match &untyped.nearest {
                        Some(nearest) => nearest.respond(payload),
                        None => Ok(AnyResponse::Untyped(payload.to_vec())),
                    },
                }
            }

            /// What the chip answered, in the datasheet's words.
            #[must_use]
            pub fn explain_response(&self, response: &AnyResponse) -> String {
                match (self, response) {
                    $((Self::$name(command), AnyResponse::$name(answer)) => command.answer(answer),)*
                    (Self::Untyped(Untyped { nearest: Some(nearest), .. }), response) => {
                        nearest.explain_response(response)
                    }
                    // Of another command: as the type alone has it.
                    (_, response) => response.words(),
                }
            }
        }

        #[expect(elided_lifetimes_in_paths, reason = "only some commands have a lifetime")]
        impl AnyResponse {
            /// The bytes between count and CRC.
            #[must_use]
            pub fn payload(&self) -> Vec<u8> {
                match self {
                    $(Self::$name(answer) => answer.payload(),)*
                    Self::Status(status) => vec![status.byte()],
                    Self::Untyped(payload) => payload.clone(),
                }
            }

            fn words(&self) -> String {
                match self {
                    $(Self::$name(answer) => <$name as Describe>::plain(answer),)*
                    Self::Status(status) => response::status(*status),
                    Self::Untyped(payload) => response::untyped(payload),
                }
            }
        }
    };
}

commands! {
    Aes => [u8; 16],
    AesGfm => [u8; 16],
    CheckMac => Verdict,
    Counter => u32,
    DeriveKey => (),
    Ecdh => SharedSecret,
    GenDig => (),
    GenKey => PublicKey,
    DigestPublicKey => (),
    CreateTempKey => PublicKey,
    Hmac => [u8; 32],
    InfoRevision => Revision,
    InfoKeyValid => bool,
    InfoState => VolatileState,
    InfoGpio => [u8; 4],
    InfoLatch => bool,
    Kdf<'a> => DerivedKey,
    Lock => (),
    LockWithoutCrc => (),
    Mac => [u8; 32],
    LoadNonce => (),
    LoadNonce64 => (),
    RandomNonce => [u8; 32],
    FixedNonce => [u8; 32],
    Pause => Paused,
    PrivWrite => (),
    Random => [u8; 32],
    ReadBlock => [u8; 32],
    ReadWord => [u8; 4],
    SecureBoot => Verdict,
    SelfTest => Engines,
    ShaStart => (),
    ShaUpdate<'a> => (),
    ShaEnd<'a> => [u8; 32],
    ShaPublic => (),
    ShaReadContext => ShaContext,
    ShaWriteContext => (),
    Sign => [u8; 64],
    SignInternal => [u8; 64],
    UpdateExtra => (),
    Verify => Verdict,
    Validate => Verdict,
    WriteBlock => (),
    WriteEncrypted => (),
    WriteWord => (),
}

impl<'a> AnyCommand<'a> {
    /// Parse a command group, from its count to its CRC. Encoding the result
    /// gives the same bytes.
    ///
    /// # Errors
    /// [`CommandError`] when no chip of the family takes the bytes as a
    /// command, whatever its state.
    pub fn parse(group: &'a [u8]) -> Result<Self, CommandError> {
        let parts = CommandGroup::parse(group)?;
        let command = match Self::typed(&parts) {
            Err(CommandError::Message(KdfMessageTooLong(len))) => {
                return Ok(Untyped::unlike(&parts, Unexpressed::Message(len)).into());
            }
            command => command?,
        };
        let again = command.group();
        // Both are whole groups: where the lengths differ, so do the counts.
        match again.iter().zip(group).position(|(a, b)| a != b) {
            None => Ok(command),
            Some(offset) => Ok(Untyped::like(&parts, command, Unexpressed::Bits { offset }).into()),
        }
    }

    /// The response group to this command, from its count to its CRC. Encoding
    /// the result gives the same bytes.
    ///
    /// # Errors
    /// [`ResponseError`] when it is damaged or no answer to this command.
    pub fn parse_response(&self, group: &[u8]) -> Result<AnyResponse, ResponseError> {
        let payload = response::payload(group)?;
        let response = self.respond(payload)?;
        if response.payload() == payload {
            Ok(response)
        } else {
            Ok(AnyResponse::Untyped(payload.to_vec()))
        }
    }
}

impl AnyResponse {
    /// Count to CRC: the bytes that it was parsed from.
    #[must_use]
    pub fn group(&self) -> Vec<u8> {
        group_of(&self.payload())
    }
}

fn encode<C: Command>(command: &C) -> Vec<u8> {
    // What was parsed from a group fits one.
    Request::new(command).map_or_else(
        |_| Vec::new(),
        // Without the word address.
        |request| request.as_bytes().iter().skip(1).copied().collect(),
    )
}

fn group_of(body: &[u8]) -> Vec<u8> {
    // What was parsed from a group fits one.
    Group::new(body).map_or_else(|_| Vec::new(), |group| group.as_bytes().to_vec())
}

/// A command that a chip takes although no type of `atecc` has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Untyped<'a> {
    /// The command byte.
    pub opcode: Opcode,
    /// Mostly a mode.
    pub param1: u8,
    /// Mostly an address or slot.
    pub param2: u16,
    /// What lies between the parameters and the CRC.
    pub data: &'a [u8],
    /// What the types have no room for.
    pub reason: Unexpressed,
    /// The typed command that comes nearest.
    pub nearest: Option<Box<AnyCommand<'a>>>,
}

/// What `atecc` cannot express.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unexpressed {
    /// More of a message than the type takes.
    #[error("message of {0} bytes")]
    Message(usize),
    /// Bits that the chip ignores, or that no public document explains.
    #[error("with other bits in byte {offset}")]
    Bits {
        /// The first byte of the group that the nearest command has another
        /// value in, or 0 when only its length differs.
        offset: usize,
    },
}

impl<'a> Untyped<'a> {
    fn like(group: &CommandGroup<'a>, nearest: AnyCommand<'a>, reason: Unexpressed) -> Self {
        Self {
            nearest: Some(Box::new(nearest)),
            ..Self::unlike(group, reason)
        }
    }

    const fn unlike(group: &CommandGroup<'a>, reason: Unexpressed) -> Self {
        Self {
            opcode: group.opcode,
            param1: group.param1,
            param2: group.param2,
            data: group.data,
            reason,
            nearest: None,
        }
    }

    fn group(&self) -> Vec<u8> {
        let [low, high] = self.param2.to_le_bytes();
        let head = [self.opcode as u8, self.param1, low, high];
        group_of(&[&head[..], self.data].concat())
    }

    fn explain(&self, labels: &dyn Labels) -> String {
        match &self.nearest {
            Some(nearest) => format!("{}, {}", nearest.explain(labels), self.reason),
            None => format!("{}, {}", self.opcode, self.reason),
        }
    }
}

impl<'a> From<Untyped<'a>> for AnyCommand<'a> {
    fn from(untyped: Untyped<'a>) -> Self {
        Self::Untyped(untyped)
    }
}
