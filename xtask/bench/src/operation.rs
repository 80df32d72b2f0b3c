//! What is measured: one operation at a time, on values that never change.

use std::hint::black_box;

use atecc::command::Request;
use atecc::commands::ReadBlock;
use atecc::group::{Group, parse_group};
use atecc::session::{Outcome, Session, Step};
use atecc::{BlockAddress, Family, Region, Timing, word_address};
use atecc_x509::{
    Certificate, CompressedCertificate, DateTime, Format, Name, NervesKeyDevice, NervesKeySigner,
    SignatureBytes, Validity, compress, decompress,
};
use nerves_key_provision::{KeySigner, create_signer};

/// An operation of the libraries that needs neither a chip nor a clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// A device certificate to its 72 bytes.
    Compress,
    /// 72 bytes to a device certificate.
    Decompress,
    /// A device certificate, signed with a key in software.
    Issue,
    /// The signature of a device certificate.
    Verify,
    /// A command to the bytes of its group.
    Encode,
    /// The bytes of an answer of 32 bytes to its payload.
    Parse,
    /// Each step of a session that reads a block from a chip that is ready at
    /// once: pulse, look, command, answer, sleep.
    Session,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Compress,
        Self::Decompress,
        Self::Issue,
        Self::Verify,
        Self::Encode,
        Self::Parse,
        Self::Session,
    ];

    /// As tables and options have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compress => "compress",
            Self::Decompress => "decompress",
            Self::Issue => "issue",
            Self::Verify => "verify",
            Self::Encode => "encode",
            Self::Parse => "parse",
            Self::Session => "session",
        }
    }
}

/// What the operations work on.
#[derive(Debug)]
pub struct Bench {
    key: KeySigner,
    definition: NervesKeyDevice,
    validity: Validity,
    certificate: Certificate,
    compressed: CompressedCertificate,
    command: ReadBlock,
    answer: Group,
}

/// Why there is nothing to measure.
pub type Problem = Box<dyn std::error::Error>;

impl Bench {
    /// A signer and a device with fixed keys, and a block that is read.
    ///
    /// # Errors
    /// None that a right library gives.
    pub fn new() -> Result<Self, Problem> {
        let now = DateTime::new(2026, 11, 30, 12, 0, 0)?;
        let key = KeySigner::from_bytes(&[0x42; 32])?;
        let signer = NervesKeySigner::check(&create_signer(&key, now, 10, Format::V0)?)?;
        let definition = NervesKeyDevice {
            subject: Name::from_serial("ACME-000001")?,
            device_sn: [0x01, 0x23, 1, 2, 3, 4, 5, 6, 0xEE],
            public_key: KeySigner::from_bytes(&[0x24; 32])?.public_key(),
            signer_public_key: signer.signer.public_key,
        };
        let validity = Validity::issued_at(now, 31)?;
        let certificate = issue(&definition, validity, &key)?;
        let compressed = compress(&certificate, &definition, Format::V0)?;
        Ok(Self {
            key,
            definition,
            validity,
            certificate,
            compressed,
            command: ReadBlock {
                address: BlockAddress::new(Region::Config, 0)?,
            },
            answer: Group::new(&[0xA5; 32])?,
        })
    }

    /// `operation` once.
    ///
    /// # Errors
    /// None that a right library gives.
    pub fn run(&self, operation: Operation) -> Result<(), Problem> {
        match operation {
            Operation::Compress => {
                let certificate = black_box(&self.certificate);
                black_box(compress(certificate, &self.definition, Format::V0)?);
            }
            Operation::Decompress => {
                black_box(decompress(black_box(&self.compressed), &self.definition)?);
            }
            Operation::Issue => {
                black_box(issue(
                    black_box(&self.definition),
                    self.validity,
                    &self.key,
                )?);
            }
            Operation::Verify => {
                let key = &self.definition.signer_public_key;
                black_box(&self.certificate).verify(key)?;
            }
            Operation::Encode => {
                black_box(Request::new(black_box(&self.command))?.as_bytes());
            }
            Operation::Parse => {
                black_box(parse_group(black_box(self.answer.as_bytes()))?);
            }
            Operation::Session => session(self.command, &self.answer)?,
        }
        Ok(())
    }
}

fn issue(
    definition: &NervesKeyDevice,
    validity: Validity,
    key: &KeySigner,
) -> Result<Certificate, Problem> {
    let tbs = definition.issue(validity, Format::V0)?;
    let signature: SignatureBytes = key.sign_digest(&tbs.digest())?;
    Ok(tbs.assemble(&signature))
}

/// What a chip answers after a pulse. Source: ATECC508A datasheet, "Wake".
const AFTER_WAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];

/// A session with a chip that answers each command at once.
fn session(command: ReadBlock, answer: &Group) -> Result<(), Problem> {
    let mut session = Session::new(Timing::new(Some(Family::Atecc608)));
    session.begin(Request::new(&command)?);
    drive(&mut session, answer.as_bytes());
    black_box(session.answer()?);
    session.end();
    drive(&mut session, answer.as_bytes());
    Ok(())
}

fn drive(session: &mut Session, answer: &[u8]) {
    let mut readable = &AFTER_WAKE[..];
    loop {
        match session.step() {
            Step::Wake => readable = &AFTER_WAKE,
            Step::Write(bytes) if bytes.first() == Some(&word_address::COMMAND) => {
                readable = answer;
            }
            Step::Read(buffer) => {
                for (into, byte) in buffer.iter_mut().zip(readable) {
                    *into = *byte;
                }
            }
            Step::Write(_) | Step::Wait(_) => {}
            Step::Done => return,
        }
        session.advance(Outcome::Done);
    }
}
