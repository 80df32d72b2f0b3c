//! Buses on a Unix socket, and clients of every manner.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use atecc_emulator::client::{
    Change, ChangeError, Client, ClientError, ConnectError, call, change, connect_to,
};
use atecc_emulator::protocol::{Message, Operation, Pace, Request, Target, errno};
use atecc_emulator::server::{Chips, ServeError, Server};
use atecc_emulator::{
    Bus, Chip, Clock, ExecutionTime, Failure, FailureKind, Fault, Faults, Heard, Power, Revision,
};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{Error, ErrorKind, I2c, NoAcknowledgeSource};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, socket_with,
};

/// Source: ATECC508A datasheet, "Wake": the answer after a wake.
const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
/// Info, mode Revision. Source: a recorded exchange with a real 508A.
const INFO: [u8; 8] = [0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];

fn fast(revision: Revision) -> Bus {
    let bus = Bus::with_clock(Clock::skipping());
    bus.attach(fast_chip(revision));
    bus
}

fn fast_chip(revision: Revision) -> Chip {
    Chip::blank(revision)
        .with_execution_time(ExecutionTime::Instant)
        .with_wake_delay(Duration::ZERO)
        .with_sleep_delay(Duration::ZERO)
}

/// A server that runs until it is dropped.
struct Served {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    directory: tempfile::TempDir,
}

impl Served {
    fn new(buses: impl IntoIterator<Item = (u32, Bus)>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::bind(directory.path().join("socket"), buses).unwrap();
        let server = Arc::new(server);
        let running = Arc::clone(&server);
        let thread = thread::spawn(move || running.run(|error| panic!("{error}")).unwrap());
        Self {
            server,
            thread: Some(thread),
            directory,
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    fn client(&self, bus: u32) -> Client {
        Client::connect(self.path(), Some(bus)).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn wake(i2c: &mut impl I2c, delay: &mut impl DelayNs) {
    assert!(i2c.write(0x00, &[0x00]).is_err());
    delay.delay_us(1_500);
}

/// Wake, ask for the revision, sleep.
fn revision(i2c: &mut impl I2c, delay: &mut impl DelayNs) -> [u8; 4] {
    let mut awake = [0; 4];
    wake(i2c, delay);
    i2c.read(0x60, &mut awake).unwrap();
    assert_eq!(awake, AWAKE);
    i2c.write(0x60, &INFO).unwrap();
    delay.delay_ms(3);
    let mut answer = [0; 7];
    i2c.read(0x60, &mut answer).unwrap();
    i2c.write(0x60, &[0x01]).unwrap();
    let [0x07, revision @ .., _, _] = answer else {
        panic!("{answer:02x?}");
    };
    revision
}

#[test]
fn several_buses() {
    let served = Served::new([
        (1, fast(Revision::Atecc508A)),
        (7, fast(Revision::Atecc608B)),
    ]);
    let (mut first, mut second) = (served.client(1), served.client(7));
    assert_eq!(first.hello().buses, [1, 7]);
    assert_eq!(first.hello().pace, Pace::Fast);
    let mut delay = first.delay();
    // Source: real parts' RevNum.
    assert_eq!(revision(&mut first, &mut delay), [0x00, 0x00, 0x50, 0x00]);
    assert_eq!(revision(&mut second, &mut delay), [0x00, 0x00, 0x60, 0x03]);
    let error = Client::connect(served.path(), None).unwrap_err();
    assert!(matches!(error, ConnectError::Bus { bus: None, .. }));
    let error = Client::connect(served.path(), Some(2)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: the emulator serves bus 1 and bus 7, not bus 2",
            served.path().display()
        )
    );
}

#[test]
fn silence_is_a_nack() {
    let served = Served::new([(1, fast(Revision::Atecc508A))]);
    let mut client = Client::connect(served.path(), None).unwrap();
    let error = client.read(0x60, &mut [0]).unwrap_err();
    assert!(matches!(error, ClientError::Nack(0x60)), "{error:?}");
    let nack = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown);
    assert_eq!(error.kind(), nack);
    // More than a message may have: nothing is sent.
    let error = client.read(0x60, &mut vec![0; 8193]).unwrap_err();
    assert!(matches!(error, ClientError::Request(_)), "{error:?}");
}

#[test]
fn real_time() {
    let bus = Bus::with_clock(Clock::real());
    let chip = Chip::blank(Revision::Atecc608A).with_execution_time(ExecutionTime::Longest);
    bus.attach(chip);
    let served = Served::new([(1, bus)]);
    let mut client = served.client(1);
    assert_eq!(client.hello().pace, Pace::Real);
    let mut delay = client.delay();
    wake(&mut client, &mut delay);
    // Random, "update the seed": at least some milliseconds on every chip.
    let start = Instant::now();
    let random = [0x03, 0x07, 0x1B, 0x00, 0x00, 0x00, 0x24, 0xCD];
    client.write(0x60, &random).unwrap();
    let mut answer = [0; 35];
    assert!(client.read(0x60, &mut answer).is_err(), "not yet");
    while client.read(0x60, &mut answer).is_err() {
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(answer[0], 35);
    assert!(start.elapsed() > Duration::from_millis(5));
    // The watchdog: after 1.7 s at most the chip sleeps.
    thread::sleep(Duration::from_millis(1_750));
    assert!(client.read(0x60, &mut answer).is_err());
}

/// With the numbers that Linux has for them.
#[test]
fn scripted_failures() {
    let bus = fast(Revision::Atecc608B);
    let served = Served::new([(1, bus.clone())]);
    let mut client = served.client(1);
    for (kind, number, seen) in [
        (FailureKind::Bus, errno::EIO, ErrorKind::Bus),
        (
            FailureKind::ArbitrationLoss,
            errno::EAGAIN,
            ErrorKind::ArbitrationLoss,
        ),
        (
            FailureKind::Other,
            errno::ETIMEDOUT,
            ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown),
        ),
    ] {
        let failure = Fault::TransferFailed(Failure {
            kind,
            heard: Heard::Nothing,
            after: Duration::ZERO,
        });
        bus.set_faults(Faults::none().at(bus.transactions(), failure));
        let error = client.write(0x60, &[0x00]).unwrap_err();
        assert!(matches!(error, ClientError::Refused(errno) if errno == number));
        assert_eq!(error.kind(), seen);
    }
}

#[test]
fn clients_take_turns() {
    let bus = fast(Revision::Atecc608B);
    let served = Served::new([(1, bus.clone())]);
    let mut delay = served.client(1).delay();
    wake(&mut served.client(1), &mut delay);
    bus.start_log();
    thread::scope(|scope| {
        for _ in 0..8 {
            let mut client = served.client(1);
            scope.spawn(move || {
                for _ in 0..50 {
                    // Rewind and read in one transfer.
                    let mut answer = [0; 4];
                    client.write_read(0x60, &[0x00], &mut answer).unwrap();
                    assert_eq!(answer, AWAKE);
                }
            });
        }
    });
    let log = bus.take_log();
    assert_eq!(log.len(), 2 * 8 * 50);
    for pair in log.chunks_exact(2) {
        assert_eq!(pair[0].transaction, pair[1].transaction);
    }
}

/// A connection without the library's manners.
fn raw(path: &Path) -> OwnedFd {
    let kind = SocketType::SEQPACKET;
    let socket = socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
    connect(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    socket
}

fn answer(socket: &OwnedFd) -> Vec<u8> {
    let mut buffer = [0; 64];
    let (length, _) = recv(socket, &mut buffer[..], RecvFlags::empty()).unwrap();
    buffer[..length].to_vec()
}

#[test]
fn nonsense_ends_one_connection() {
    let served = Served::new([(1, fast(Revision::Atecc508A))]);
    let mut good = served.client(1);
    for garbage in [&[0xFF; 9][..], &[2], &[4, 1, 2, 3], b"GET / HTTP/1.0\r\n"] {
        let bad = raw(&served.path());
        send(&bad, garbage, SendFlags::empty()).unwrap();
        assert_eq!(answer(&bad), errno::EPROTO.to_le_bytes());
        assert!(answer(&bad).is_empty(), "closed");
    }
    // One that sends a request and goes before the answer.
    for _ in 0..20 {
        let fleeting = raw(&served.path());
        send(&fleeting, &[1, 1], SendFlags::empty()).unwrap();
    }
    let mut delay = good.delay();
    assert_eq!(revision(&mut good, &mut delay)[2], 0x50);
}

#[test]
fn refusals_keep_the_connection() {
    let served = Served::new([(3, fast(Revision::Atecc508A))]);
    let (connection, hello) = connect_to(&served.path(), None).unwrap();
    assert_eq!(hello.buses, [3]);
    let read = |address| {
        Request::Transfer(vec![Message {
            target: Target::Address(address),
            operation: Operation::Read(1),
        }])
    };
    let steps = [
        (read(0x60), Some(errno::ENODEV)),
        (Request::Open { bus: 4 }, Some(errno::ENODEV)),
        (Request::Open { bus: 3 }, None),
        (Request::SetAddress { address: 0x80 }, Some(errno::EINVAL)),
        (read(0x80), Some(errno::EINVAL)),
        (Request::SetAddress { address: 0x60 }, None),
    ];
    for (request, expected) in steps {
        match (call(connection.as_fd(), &request, 0), expected) {
            (Ok(_), None) => {}
            (Err(ClientError::Refused(errno)), Some(expected)) => assert_eq!(errno, expected),
            (result, _) => panic!("{request:?}: {result:?}"),
        }
    }
}

/// The connection's address, and a reply on the connection itself.
#[test]
fn the_bare_protocol() {
    let served = Served::new([(1, fast(Revision::Atecc608B))]);
    let socket = raw(&served.path());
    let ask = |packet: &[u8]| {
        send(&socket, packet, SendFlags::empty()).unwrap();
        answer(&socket)
    };
    assert_eq!(ask(&[1, 9]), [0, 0, 0, 0, 1, 1, 1, 0, 0, 0]);
    assert_eq!(ask(&[2, 1, 0, 0, 0]), [0; 4]);
    // The address is 0 at first: a wake pulse, which nobody acknowledges.
    assert_eq!(ask(&[4, 0xFF, 0xFF, 0, 0, 1, 0, 0]), [121, 0, 0, 0]);
    assert_eq!(ask(&[3, 0x60, 0]), [0; 4]);
    let awake = [0, 0, 0, 0, 0x04, 0x11, 0x33, 0x43];
    assert_eq!(ask(&[4, 0xFF, 0xFF, 1, 0, 4, 0]), awake);
}

/// The greeting opens a bus, if it is there and the versions are the same.
#[test]
fn opened_in_one_round_trip() {
    let served = Served::new([
        (1, fast(Revision::Atecc608B)),
        (7, fast(Revision::Atecc508A)),
    ]);
    let hello = [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 7, 0, 0, 0];
    let pulse = [4, 0, 0, 0, 0, 1, 0, 0];
    for (version, bus, errno) in [
        (1, 1, errno::EREMOTEIO),
        (1, 7, errno::EREMOTEIO),
        (1, 2, errno::ENODEV),
        (2, 1, errno::ENODEV),
    ] {
        let socket = raw(&served.path());
        send(&socket, &[1, version, bus, 0, 0, 0], SendFlags::empty()).unwrap();
        assert_eq!(answer(&socket), hello);
        send(&socket, &pulse, SendFlags::empty()).unwrap();
        assert_eq!(answer(&socket), errno.to_le_bytes(), "{version} {bus}");
    }
}

/// Requests that a client sends without waiting are answered in their order,
/// although transfers are another thread's.
#[test]
fn a_hasty_client() {
    let served = Served::new([(1, fast(Revision::Atecc608B))]);
    let socket = raw(&served.path());
    let wake = [4, 0, 0, 0, 0, 1, 0, 0];
    let rewind_and_read = [4, 0x60, 0, 0, 0, 1, 0, 0, 0x60, 0, 1, 0, 4, 0];
    let hello = [1, 1];
    send(&socket, &[1, 1, 1, 0, 0, 0], SendFlags::empty()).unwrap();
    for packet in [&wake[..], &rewind_and_read, &hello]
        .into_iter()
        .cycle()
        .take(60)
    {
        send(&socket, packet, SendFlags::empty()).unwrap();
    }
    let greeting = [0, 0, 0, 0, 1, 1, 1, 0, 0, 0];
    assert_eq!(answer(&socket), greeting);
    for _ in 0..20 {
        assert_eq!(answer(&socket), [121, 0, 0, 0]);
        assert_eq!(answer(&socket), [0, 0, 0, 0, 0x04, 0x11, 0x33, 0x43]);
        assert_eq!(answer(&socket), greeting);
    }
}

/// Clients that come and go, and many that stay.
#[test]
fn crowds() {
    let served = Served::new([(1, fast(Revision::Atecc608B))]);
    let staying: Vec<Client> = (0..200).map(|_| served.client(1)).collect();
    for _ in 0..1_000 {
        assert!(served.client(1).write(0x00, &[0x00]).is_err());
    }
    for mut client in staying {
        let mut answer = [0; 4];
        client.write_read(0x60, &[0x00], &mut answer).unwrap();
        assert_eq!(answer, AWAKE);
    }
}

/// Chips come and go while the bus is served, and are what they were.
#[test]
fn plugged_and_unplugged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let bus = fast(Revision::Atecc608B);
    let server = Server::bind(&path, [(1, bus.clone())]).unwrap();
    let server = Arc::new(server.with_chips(Chips::new(|name| match name {
        "old" => Ok(fast_chip(Revision::Atecc508A)),
        _ => Err(format!("no chip is called {name}")),
    })));
    let running = Arc::clone(&server);
    let thread = thread::spawn(move || running.run(|error| panic!("{error}")).unwrap());
    let plug = |name: &str| change(&path, Some(1), &Change::Plug(name.to_owned()));
    let unplug = |address| change(&path, None, &Change::Unplug(address));
    let refused = |result: Result<(), ChangeError>| result.unwrap_err().to_string();

    let mut client = Client::connect(&path, None).unwrap();
    let mut delay = client.delay();
    assert_eq!(revision(&mut client, &mut delay), [0x00, 0x00, 0x60, 0x03]);
    assert!(refused(plug("old")).contains("at 0x60 already"));
    assert!(refused(plug("new")).contains("no chip is called new"));
    assert!(refused(unplug(0x35)).contains("no chip at 0x35"));
    assert!(refused(change(&path, Some(2), &Change::Unplug(0x60))).contains("not bus 2"));
    wake(&mut client, &mut delay);
    unplug(0x60).unwrap();
    assert!(client.read(0x60, &mut [0; 4]).is_err());
    wake(&mut client, &mut delay);
    assert!(client.read(0x60, &mut [0; 4]).is_err());
    plug("old").unwrap();
    assert!(client.read(0x60, &mut [0; 4]).is_err(), "asleep");
    assert_eq!(revision(&mut client, &mut delay), [0x00, 0x00, 0x50, 0x00]);
    // In the server's process.
    let chip = bus.detach(0x60).unwrap();
    assert_eq!(chip.power(), Power::Off);
    bus.attach(chip);
    assert_eq!(revision(&mut client, &mut delay), [0x00, 0x00, 0x50, 0x00]);
    server.stop();
    thread.join().unwrap();
}

/// Without a way to make chips there is none.
#[test]
fn a_server_may_take_no_chips() {
    let served = Served::new([(1, fast(Revision::Atecc608B))]);
    let plug = Change::Plug("any".to_owned());
    let error = change(&served.path(), None, &plug).unwrap_err();
    assert!(error.to_string().contains("takes no more chips"), "{error}");
}

#[test]
fn the_socket_is_private_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let server = Server::bind(&path, []).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(server);
    assert!(!path.exists());
}

#[test]
fn a_live_socket_is_left_alone_and_a_dead_one_replaced() {
    let served = Served::new([(1, fast(Revision::Atecc508A))]);
    let path = served.path();
    let inode = fs::metadata(&path).unwrap().ino();
    let error = Server::bind(&path, []).unwrap_err();
    assert!(matches!(error, ServeError::InUse { .. }), "{error:?}");
    // Also when its lock file was cleaned away.
    fs::remove_file(served.directory.path().join("socket.lock")).unwrap();
    let error = Server::bind(&path, []).unwrap_err();
    assert!(matches!(error, ServeError::InUse { .. }), "{error:?}");
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    assert_eq!(served.client(1).bus(), 1);

    let dead = served.directory.path().join("dead");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    assert!(dead.exists());
    let successor = Server::bind(&dead, []).unwrap();
    assert_eq!(successor.path(), dead);

    let other = served.directory.path().join("letter");
    fs::write(&other, "dear").unwrap();
    let error = Server::bind(&other, []).unwrap_err();
    assert!(matches!(error, ServeError::NotASocket { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&other).unwrap(), "dear");
}

/// Its lock file is a plain file that it made, or nothing is served.
#[test]
fn a_trap_for_the_lock_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (path, lock) = (
        directory.path().join("socket"),
        directory.path().join("socket.lock"),
    );
    let (victim, kept) = (
        directory.path().join("victim"),
        directory.path().join("kept"),
    );
    fs::write(&kept, "kept").unwrap();
    for target in [&victim, &kept] {
        symlink(target, &lock).unwrap();
        let error = Server::bind(&path, []).unwrap_err();
        assert!(matches!(error, ServeError::NotAFile { .. }), "{error:?}");
        fs::remove_file(&lock).unwrap();
    }
    let pipe = std::process::Command::new("mkfifo").arg(&lock).status();
    assert!(pipe.unwrap().success());
    // Held open, so that it could be written to.
    let _reader = fs::OpenOptions::new().read(true).write(true).open(&lock);
    let error = Server::bind(&path, []).unwrap_err();
    assert!(matches!(error, ServeError::NotAFile { .. }), "{error:?}");
    assert!(!victim.exists() && !path.exists());
    assert_eq!(fs::read_to_string(&kept).unwrap(), "kept");
}

#[test]
fn what_replaced_the_socket_is_not_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let server = Server::bind(&path, []).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    drop(server);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn stopping_ends_connections() {
    let served = Served::new([(1, fast(Revision::Atecc508A))]);
    let mut client = served.client(1);
    drop(served);
    let error = client.read(0x60, &mut [0]).unwrap_err();
    assert!(matches!(error, ClientError::Socket(_)), "{error:?}");
}
