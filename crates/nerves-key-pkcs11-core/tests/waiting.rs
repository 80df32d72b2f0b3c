//! Slots whose chip somebody else has: another process its lock, or a server that
//! says nothing.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use atecc::BusAddress;
use atecc_emulator::client::{Change, Client, change};
use atecc_emulator::server::{Chips, Server};
use atecc_emulator::{Bus, Chip, Clock, ExecutionTime, Revision};
use atecc_linux::{Locked, SessionGuard, SessionLock};
use atecc_x509::DateTime;
use cryptoki_sys as ck;
use nerves_key_device::{AnyBus, AnyDelay, AnyWake, EmulatedBus, EmulatedDelay};
use nerves_key_pkcs11_core::attribute::TemplateAttribute;
use nerves_key_pkcs11_core::mechanism::Mechanism;
use nerves_key_pkcs11_core::module::Slots;
use nerves_key_pkcs11_core::object::PRIVATE_KEY;
use nerves_key_pkcs11_core::output::Capacity;
use nerves_key_pkcs11_core::session::{Input, Session};
use nerves_key_pkcs11_core::settings::{Origin, Scan, Settings};
use nerves_key_pkcs11_core::token::Token;
use nerves_key_pkcs11_core::{Error, Module};
use tempfile::TempDir;
use tests_station::Station;

#[path = "keys/part.rs"]
#[expect(dead_code, reason = "the other tests' is wanted in part")]
mod part;

/// For the lock, instead of 30 s.
const LOCK_PATIENCE: Duration = Duration::from_millis(300);
/// For the server, instead of 10 s. A busy machine needs some of it to sign.
const PATIENCE: Duration = Duration::from_secs(2);

/// prime256v1. Source: RFC 5480, section 2.1.1.1.
const P256: &[u8] = &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

/// A server with a finished chip on bus 1.
struct Served {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    directory: TempDir,
    /// Has the bus go on.
    resume: Sender<()>,
}

impl Served {
    fn start() -> Self {
        let bus = Bus::with_clock(Clock::skipping());
        bus.attach(Chip::blank(Revision::Atecc608B).with_execution_time(ExecutionTime::Instant));
        let now = DateTime::new(2026, 3, 15, 9, 0, 0).unwrap();
        let mut station = Station::new([0x42; 32], now, Some("PKCS11-WAIT"));
        station.provision(&bus).unwrap().unwrap();
        Self::with(bus)
    }

    /// With a part that has room for keys.
    fn with_room() -> Self {
        let mut config = part::zone(part::TNGTLS);
        // The default address.
        config[16] = 0xC0;
        let chip = part::part(config, b"", &[0]);
        let chip = chip.detach(chip.addresses()[0]).unwrap();
        let bus = Bus::with_clock(Clock::skipping());
        bus.attach(chip.with_execution_time(ExecutionTime::Instant));
        Self::with(bus)
    }

    fn with(bus: Bus) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (resume, resumed) = channel();
        let resumed = Mutex::new(resumed);
        let server = Server::bind(directory.path().join("socket"), [(1, bus)]).unwrap();
        let server = Arc::new(server.with_chips(Chips::new(move |_| {
            // The thread of the bus, which does nothing else meanwhile.
            resumed.lock().unwrap().recv().unwrap();
            Err("no chip, but a pause".into())
        })));
        let running = Arc::clone(&server);
        let thread = std::thread::spawn(move || running.run(|error| panic!("{error}")).unwrap());
        Self {
            server,
            thread: Some(thread),
            directory,
            resume,
        }
    }

    fn socket(&self) -> std::path::PathBuf {
        self.directory.path().join("socket")
    }

    fn lock(&self) -> SessionLock {
        SessionLock::served(self.socket(), 1, BusAddress::DEFAULT).with_patience(LOCK_PATIENCE)
    }

    /// As another process has it.
    fn hold(&self) -> SessionGuard {
        self.lock().take().unwrap()
    }

    /// Have the bus say nothing, until it is resumed.
    fn pause(&self) -> JoinHandle<()> {
        let socket = self.socket();
        let pause = std::thread::spawn(move || {
            change(&socket, Some(1), &Change::Plug("pause".into())).unwrap_err();
        });
        // Until the thread of the bus is at it.
        std::thread::sleep(Duration::from_millis(100));
        pause
    }

    fn module(&self) -> Module {
        let (socket, lock) = (self.socket(), self.lock());
        let token = Token::with_opener(1, "a socket".into(), move || {
            let client = Client::connect(&socket, Some(1)).unwrap();
            let client = client.with_patience(PATIENCE);
            let delay = AnyDelay::Emulated(EmulatedDelay::Served(client.delay()));
            let bus = EmulatedBus::Served(Locked::new(client, lock.clone()));
            Ok(atecc::Device::new(AnyBus::Emulated(bus), delay).with_wake(AnyWake))
        });
        let options = Settings::parse("generate 1 = 2 3\n", |bad| panic!("{bad}"));
        let token = token.with_options(options.options.of(1));
        Module::new(settings()).with_tokens([token])
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A bus that is still paused, after a failure, would not stop.
        let _ = self.resume.send(());
        self.server.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn settings() -> Settings {
    Settings {
        scan: Scan::Nothing,
        ..Settings::default()
    }
}

fn open(module: &Module) -> Result<Arc<Session>, Error> {
    let handle = module.open(1, ck::CKF_SERIAL_SESSION)?;
    module.session(handle)
}

fn sign(session: &Session) -> Result<(), Error> {
    session.sign_begin(Some(Mechanism::Plain(ck::CKM_ECDSA)), PRIVATE_KEY)?;
    session
        .sign(Input::Whole(&[7; 32]), Capacity::Places(64))
        .map(drop)
}

/// What the slot list says is no longer believed.
fn let_beliefs_end() {
    std::thread::sleep(Duration::from_millis(600));
}

#[test]
fn a_chip_whose_lock_another_process_has_is_shown_as_it_was_seen() {
    let served = Served::start();
    let module = served.module();
    let session = open(&module).unwrap();
    sign(&session).unwrap();
    let guard = served.hold();
    let_beliefs_end();
    assert_eq!(module.slots(Slots::WithToken), [1]);
    module.token_info(1).unwrap();
    session.find_begin(&[]).unwrap();
    session.find_end().unwrap();
    let this = std::process::id();
    for error in [
        sign(&session).unwrap_err(),
        open(&module).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.rv(), ck::CKR_DEVICE_ERROR, "{error}");
        let said = error.explained().to_string();
        assert!(
            said.contains(&format!("in use by process {this}")),
            "{said}"
        );
    }
    drop(guard);
    sign(&session).unwrap();
}

/// A slot of the configuration, whose lock is waited for 30 s by who wants its chip.
#[test]
fn a_bus_with_a_number_is_not_waited_for_to_be_listed() {
    let served = Served::start();
    let device = format!("unix:{}?bus=1", served.socket().display());
    let token = Token::new(1, device.parse().unwrap(), Origin::Configured);
    let module = Module::new(settings()).with_tokens([token]);
    assert_eq!(module.slots(Slots::WithToken), [1]);
    let guard = served.hold();
    let asked = Instant::now();
    for _ in 0..2 {
        let_beliefs_end();
        assert_eq!(module.slots(Slots::WithToken), [1]);
        module.token_info(1).unwrap();
    }
    assert!(asked.elapsed() < SessionLock::PATIENCE / 2);
    // Nobody has it now, and it is looked for.
    drop(guard);
    change(&served.socket(), Some(1), &Change::Unplug(0x60)).unwrap();
    let_beliefs_end();
    assert_eq!(module.slots(Slots::WithToken), [0; 0]);
}

/// A key that was never asked for leaves no doubt about the chip.
#[test]
fn a_chip_that_was_to_make_a_key_in_vain_is_shown_as_it_was_seen() {
    let served = Served::with_room();
    let module = served.module();
    let flags = ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION;
    let session = module.session(module.open(1, flags).unwrap()).unwrap();
    let make = || {
        let one = |kind, value| TemplateAttribute { kind, value };
        let token = one(ck::CKA_TOKEN, &[1]);
        let public = [one(ck::CKA_EC_PARAMS, P256), token];
        session.generate(Mechanism::Plain(ck::CKM_EC_KEY_PAIR_GEN), &public, &[token])
    };
    make().unwrap();
    let guard = served.hold();
    let_beliefs_end();
    let error = make().unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_ERROR, "{error}");
    let_beliefs_end();
    assert_eq!(module.slots(Slots::WithToken), [1]);
    session.find_begin(&[]).unwrap();
    session.find_end().unwrap();
    drop(guard);
    make().unwrap();
}

#[test]
fn a_chip_that_was_never_seen_is_not_said_to_be_gone() {
    let served = Served::start();
    let module = served.module();
    let guard = served.hold();
    assert_eq!(module.slots(Slots::WithToken), [0; 0]);
    let error = module.token_info(1).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_ERROR, "{error}");
    let error = open(&module).map(drop).unwrap_err();
    assert_eq!(error.rv(), ck::CKR_DEVICE_ERROR, "{error}");
    drop(guard);
    sign(&open(&module).unwrap()).unwrap();
}

#[test]
fn a_server_that_says_nothing_is_waited_for_by_who_wants_its_chip() {
    let served = Served::start();
    let module = served.module();
    let session = open(&module).unwrap();
    sign(&session).unwrap();
    let pause = served.pause();
    let_beliefs_end();
    std::thread::scope(|scope| {
        let start = Instant::now();
        let signing = scope.spawn(|| sign(&session));
        std::thread::sleep(Duration::from_millis(50));
        let asked = Instant::now();
        assert_eq!(module.slots(Slots::WithToken), [1]);
        assert!(asked.elapsed() < PATIENCE / 2, "{:?}", asked.elapsed());
        let error = signing.join().unwrap().unwrap_err();
        assert_eq!(error.rv(), ck::CKR_DEVICE_ERROR, "{error}");
        assert!(start.elapsed() >= PATIENCE);
        assert!(start.elapsed() < 2 * PATIENCE, "{:?}", start.elapsed());
    });
    // Asked by itself, it is as it was seen, too.
    let_beliefs_end();
    assert_eq!(module.slots(Slots::WithToken), [1]);
    served.resume.send(()).unwrap();
    pause.join().unwrap();
    sign(&session).unwrap();
}

/// What the beginning of a sweep over slow slots found is believed at its end.
#[test]
fn a_sweep_is_believed_from_its_end() {
    let asked = Arc::new(Mutex::new([0; 2]));
    let tokens = [(0, 0), (1, 700)].map(|(slot, millis)| {
        let asked = Arc::clone(&asked);
        Token::with_opener(slot as ck::CK_SLOT_ID, "no bus".into(), move || {
            asked.lock().unwrap()[slot] += 1;
            std::thread::sleep(Duration::from_millis(millis));
            let uri: nerves_key_device::DeviceUri = "i2c:/dev/i2c-no-such-bus".parse().unwrap();
            uri.open()
        })
    });
    let module = Module::new(settings()).with_tokens(tokens);
    for _ in 0..3 {
        assert_eq!(module.slots(Slots::WithToken), [0; 0]);
    }
    assert_eq!(*asked.lock().unwrap(), [1, 1]);
}
