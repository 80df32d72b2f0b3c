//! A chip in another process, so that what it holds is not found in this one.
//!
//! The other process is this program, asked for the one test that serves. What
//! is written goes to the socket from where it is: no copy is made here.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};

use atecc_emulator::{Bus, Chip, Revision};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{
    Error as _, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation, SevenBitAddress,
};

const SOCKET: &str = "TEST_CHIP_SOCKET";
const WRITE: u8 = b'w';
const READ: u8 = b'r';
const DELAY: u8 = b'd';

/// A blank chip, and the bus to it.
pub(crate) struct Elsewhere {
    stream: UnixStream,
    process: Child,
    /// At which transfer the bus fails.
    stops_at: fn(&[u8]) -> bool,
}

/// One byte of the answer says what came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?}")]
pub(crate) struct Failed(ErrorKind);

const OUTCOMES: [(u8, ErrorKind); 3] = [
    (1, ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)),
    (2, ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data)),
    (3, ErrorKind::Bus),
];

impl embedded_hal::i2c::Error for Failed {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

impl Elsewhere {
    /// The bus fails at a write that `stops_at` knows.
    pub(crate) fn new(stops_at: fn(&[u8]) -> bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "elsewhere::serves_a_chip"])
            .env(SOCKET, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (stream, _) = listener.accept().unwrap();
        Self {
            stream,
            process,
            stops_at,
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock(self.stream.try_clone().unwrap())
    }

    fn ask(&mut self, what: u8, address: u8, number: u32) {
        let [a, b, c, d] = number.to_be_bytes();
        self.stream.write_all(&[what, address, a, b, c, d]).unwrap();
    }

    fn outcome(&mut self) -> Result<(), Failed> {
        let mut code = [0];
        self.stream.read_exact(&mut code).unwrap();
        match OUTCOMES.iter().find(|(known, _)| *known == code[0]) {
            None => Ok(()),
            Some((_, kind)) => Err(Failed(*kind)),
        }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // It ends with the connection.
        self.stream.shutdown(std::net::Shutdown::Both).unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

impl ErrorType for Elsewhere {
    type Error = Failed;
}

impl I2c for Elsewhere {
    fn transaction(
        &mut self,
        address: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), Failed> {
        let [operation] = operations else {
            unreachable!("the driver's transfers have one part");
        };
        match operation {
            Operation::Write(bytes) => {
                if (self.stops_at)(bytes) {
                    return Err(Failed(ErrorKind::Bus));
                }
                self.ask(WRITE, address, bytes.len().try_into().unwrap());
                self.stream.write_all(bytes).unwrap();
                self.outcome()
            }
            Operation::Read(bytes) => {
                self.ask(READ, address, bytes.len().try_into().unwrap());
                self.stream.read_exact(bytes).unwrap();
                self.outcome()
            }
        }
    }
}

/// The chip's clock runs as told by the driver.
pub(crate) struct Clock(UnixStream);

impl DelayNs for Clock {
    fn delay_ns(&mut self, ns: u32) {
        let [a, b, c, d] = ns.to_be_bytes();
        self.0.write_all(&[DELAY, 0, a, b, c, d]).unwrap();
    }
}

#[test]
#[ignore = "serves a chip to the tests that start it"]
fn serves_a_chip() {
    let mut stream = UnixStream::connect(std::env::var(SOCKET).unwrap()).unwrap();
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let mut head = [0; 6];
    loop {
        match stream.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return,
            result => result.unwrap(),
        }
        let [what, address, number @ ..] = head;
        let number = u32::from_be_bytes(number);
        let mut bytes = vec![0; number.try_into().unwrap()];
        let outcome = match what {
            DELAY => {
                delay.delay_ns(number);
                continue;
            }
            WRITE => {
                stream.read_exact(&mut bytes).unwrap();
                i2c.write(address, &bytes)
            }
            _ => {
                let outcome = i2c.read(address, &mut bytes);
                stream.write_all(&bytes).unwrap();
                outcome
            }
        };
        let kind = outcome.err().map(|error| error.kind());
        let code = OUTCOMES.iter().find(|(_, known)| Some(*known) == kind);
        stream
            .write_all(&[code.map_or(0, |(code, _)| *code)])
            .unwrap();
    }
}
