//! Recordings of real chips, played into the emulator: the same bytes come
//! back, or `recordings/not_replayed.json` says why not.
//!
//! A recording seldom says all that the chip held. [`start_image`] takes what
//! it says and constructs the rest.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use atecc_emulator::{Bus, Chip, Entropy, ExecutionTime, Image, Revision, Slot};
use data_encoding::HEXLOWER_PERMISSIVE;
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use serde::Deserialize;
use serde_json::Value;

/// Longer than any command takes, shorter than the watchdog.
const COMMAND_US: u32 = 100_000;
/// Between transfers of a recording without times.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
struct Recording {
    id: String,
    #[serde(default)]
    exchanges: Vec<Exchange>,
    #[serde(default)]
    bus_transactions: Vec<Transfer>,
    #[serde(default)]
    macs: Vec<Mac>,
    #[serde(default)]
    digests: Vec<Digest>,
    #[serde(default)]
    aes: Vec<Aes>,
    #[serde(default)]
    counters: Vec<Counter>,
    #[serde(default)]
    randoms: Vec<Random>,
    #[serde(default)]
    status_observations: Vec<Observation>,
    #[serde(default)]
    info_state: Vec<Value>,
    #[serde(default)]
    config_zones: Vec<Dump>,
    #[serde(default)]
    config_partial: Vec<Dump>,
}

#[derive(Deserialize)]
struct Exchange {
    tx: String,
    rx: String,
    addr: Option<String>,
}

#[derive(Deserialize)]
struct Transfer {
    t_us: Option<f64>,
    dir: String,
    addr: String,
    addr_ack: bool,
    data: String,
}

#[derive(Deserialize)]
struct Mac {
    command: String,
    mode: u8,
    key_id: u16,
    derive_mode: Option<u8>,
    gendig_zone: Option<u8>,
    gendig_key_id: Option<u16>,
    tempkey: String,
    challenge: Option<String>,
    expect: String,
}

#[derive(Deserialize)]
struct Digest {
    message: String,
    digest: String,
}

#[derive(Deserialize)]
struct Aes {
    key: String,
    plaintext: String,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Counter {
    id: u16,
    value: u32,
}

#[derive(Deserialize)]
struct Random {
    value: String,
}

#[derive(Deserialize)]
struct Observation {
    command: String,
    status: String,
}

#[derive(Deserialize)]
struct Dump {
    hex: String,
}

#[derive(Deserialize)]
struct Omission {
    recording: String,
    kind: String,
    index: usize,
    name: String,
    reason: String,
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/recordings"))
}

fn recordings() -> Vec<Recording> {
    let mut files: Vec<_> = fs::read_dir(folder())
        .expect("the recordings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter(|path| !path.ends_with("not_replayed.json"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).expect("a recording");
            serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE
        .decode(hex.as_bytes())
        .expect("hexadecimal")
}

fn address(hex: &str) -> u8 {
    u8::from_str_radix(hex, 16).expect("an address")
}

/// The chip at the start: what the recording says, and constructed to fit
/// where it says nothing.
fn start_image(recording: &Recording) -> Image {
    if let Some(dump) = recording.config_zones.first() {
        // Recorded whole; the data zone is constructed.
        let config = bytes(&dump.hex).try_into().expect("128 bytes");
        let mut image = Image::from_zones(config, [0xFF; 64], [0xFF; 1208]).expect("a chip");
        if let Some(aes) = recording.aes.first() {
            // The recording says what slot 3 holds.
            image.slot_mut(slot(3))[..16].copy_from_slice(&bytes(&aes.key));
        }
        return image;
    }
    match recording.id.as_str() {
        id if id.starts_with("sigrok-atecc508a") => snippet_image(),
        "vendor-log-508a-genkey-sign-verify" => constructed(Revision::Atecc508A, |_| ()),
        _ => constructed(Revision::Atecc608A, |config| {
            // The first block is recorded in some; the rest is a blank part's.
            for dump in &recording.config_partial {
                let block = bytes(&dump.hex);
                config[..block.len()].copy_from_slice(&block);
            }
        }),
    }
}

fn constructed(revision: Revision, change: impl FnOnce(&mut [u8; 128])) -> Image {
    let image = Image::blank(revision);
    let mut config = *image.config();
    change(&mut config);
    image.with_config(config).expect("the same chip")
}

/// Constructed: a locked 508A whose slot 0 holds 32 zero bytes, which is the
/// parent of slot 3; a public key in slot 10, a private one in slot 11;
/// counter 1 at 54.
fn snippet_image() -> Image {
    let image = constructed(Revision::Atecc508A, |config| {
        (config[86], config[87]) = (0x00, 0x00);
        for (slot, slot_config, key_config) in [
            (0, 0x0080_u16, 0x001C_u16),
            (3, 0x3080, 0x001C),
            (10, 0x0000, 0x0010),
            (11, 0x2083, 0x0033),
        ] {
            config[20 + 2 * slot..22 + 2 * slot].copy_from_slice(&slot_config.to_le_bytes());
            config[96 + 2 * slot..98 + 2 * slot].copy_from_slice(&key_config.to_le_bytes());
        }
        // 54 = 32 + 16 + 6.
        config[60..68].copy_from_slice(&[0x00, 0x00, 0x03, 0xFF, 0x00, 0x01, 0x00, 0x01]);
    });
    let mut image = image;
    image.slot_mut(slot(0)).fill(0x00);
    image.slot_mut(slot(11)).fill(0x01);
    image
}

fn slot(index: u8) -> Slot {
    Slot::new(index).expect("a slot")
}

fn bus_of(image: Image) -> Bus {
    let chip = Chip::new(image, Entropy::Seeded(0)).expect("a chip");
    Bus::with_chip(chip.with_execution_time(ExecutionTime::Typical))
}

/// One command after a wake, idle afterwards.
fn exchange(bus: &Bus, address: u8, tx: &[u8], length: usize) -> Vec<u8> {
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    assert!(i2c.write(0x00, &[0x00]).is_err(), "nobody acknowledges");
    delay.delay_us(1_500);
    i2c.write(address, tx).expect("a command");
    delay.delay_us(COMMAND_US);
    let mut rx = vec![0; length];
    i2c.read(address, &mut rx).expect("a response");
    i2c.write(address, &[0x02]).expect("idle");
    rx
}

/// The payload of the answer to a command that the test makes.
fn command(bus: &Bus, opcode: u8, p1: u8, p2: u16, data: &[u8]) -> Vec<u8> {
    let count = u8::try_from(7 + data.len()).expect("a group");
    let [low, high] = p2.to_le_bytes();
    let mut group = [&[count, opcode, p1, low, high], data].concat();
    group.extend(crc(&group));
    let chip = bus.inspect(0, Chip::address).expect("a chip");
    let mut rx = exchange(bus, chip, &[&[0x03], &group[..]].concat(), 155);
    rx.truncate(usize::from(rx[0]).saturating_sub(2));
    rx.remove(0);
    rx
}

/// CRC-16 with polynomial 0x8005, computed the reflected way.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let register = bytes.iter().fold(0_u16, |register, byte| {
        (0..8).fold(register ^ u16::from(*byte), |register, _| {
            (register >> 1) ^ if register & 1 == 1 { 0xA001 } else { 0 }
        })
    });
    register.reverse_bits().to_le_bytes()
}

/// What was compared, and with which outcome.
#[derive(Default)]
struct Ledger {
    omissions: BTreeMap<(String, String, usize), String>,
    same: BTreeMap<&'static str, usize>,
    omitted: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Ledger {
    fn open() -> Self {
        let text = fs::read_to_string(folder().join("not_replayed.json")).expect("the omissions");
        let omissions: Vec<Omission> = serde_json::from_str(&text).expect("the omissions");
        assert!(
            omissions
                .iter()
                .all(|omission| !omission.name.is_empty() && !omission.reason.is_empty())
        );
        let omissions = omissions
            .into_iter()
            .map(|omission| {
                let key = (omission.recording, omission.kind, omission.index);
                (key, omission.reason)
            })
            .collect();
        Self {
            omissions,
            ..Self::default()
        }
    }

    /// Recorded and emulated bytes of one item. What is listed as omitted and
    /// equal all the same is wrong as well.
    fn compare(
        &mut self,
        recording: &Recording,
        kind: &'static str,
        index: usize,
        recorded: &[u8],
        emulated: &[u8],
    ) {
        let key = (recording.id.clone(), kind.to_owned(), index);
        match (self.omissions.remove(&key), recorded == emulated) {
            (None, true) => *self.same.entry(kind).or_default() += 1,
            (Some(_), false) => *self.omitted.entry(kind).or_default() += 1,
            (Some(reason), true) => self.wrong.push(format!("{key:?} is the same: {reason}")),
            (None, false) => {
                self.wrong.push(format!(
                    "{key:?}: {recorded:02X?}, emulated {emulated:02X?}"
                ));
            }
        }
    }

    /// An item without bytes to compare must be listed.
    fn omit(&mut self, recording: &Recording, kind: &'static str, index: usize) {
        self.compare(recording, kind, index, &[0], &[]);
    }
}

/// Every exchange of a recording, in order, each in a session of its own.
fn play_exchanges(recording: &Recording, ledger: &mut Ledger) {
    let bus = bus_of(start_image(recording));
    for (index, recorded) in recording.exchanges.iter().enumerate() {
        let chip = recorded.addr.as_deref().map_or(0x60, address);
        let rx = bytes(&recorded.rx);
        let emulated = exchange(&bus, chip, &bytes(&recorded.tx), rx.len());
        ledger.compare(recording, "exchanges", index, &rx, &emulated);
    }
}

/// Every transfer of a recording, at its recorded time.
fn play_transfers(recording: &Recording, ledger: &mut Ledger) {
    if !recording
        .bus_transactions
        .iter()
        .any(|transfer| transfer.dir == "write")
    {
        for index in 0..recording.bus_transactions.len() {
            ledger.omit(recording, "bus_transactions", index);
        }
        return;
    }
    let bus = bus_of(start_image(recording));
    let (mut i2c, clock) = (bus.i2c(), bus.clock());
    let start = recording.bus_transactions[0].t_us.unwrap_or(0.0);
    for (index, transfer) in recording.bus_transactions.iter().enumerate() {
        let wait = transfer.t_us.map_or(PAUSE, |t_us| {
            Duration::from_secs_f64((t_us - start) / 1e6).saturating_sub(clock.now())
        });
        clock.advance(wait);
        let recorded = bytes(&transfer.data);
        let (chip, mut data) = (address(&transfer.addr), vec![0; recorded.len()]);
        let done = if transfer.dir == "write" {
            data.clone_from(&recorded);
            i2c.write(chip, &recorded)
        } else {
            // An address alone still reads a byte when it is acknowledged.
            data.resize(recorded.len().max(1), 0);
            i2c.read(chip, &mut data)
        };
        let acknowledged = done.is_ok();
        data.truncate(recorded.len());
        ledger.compare(
            recording,
            "bus_transactions",
            index,
            &[&[u8::from(transfer.addr_ack)], &recorded[..]].concat(),
            &[&[u8::from(acknowledged)], &data[..]].concat(),
        );
    }
}

/// MAC, HMAC, GenDig and DeriveKey from their recorded inputs.
fn play_macs(recording: &Recording, ledger: &mut Ledger) {
    for (index, mac) in recording.macs.iter().enumerate() {
        let bus = bus_of(snippet_image());
        assert_eq!(command(&bus, 0x16, 0x03, 0, &bytes(&mac.tempkey)), [0]);
        if let Some(mode) = mac.derive_mode {
            assert_eq!(command(&bus, 0x1C, mode, mac.key_id, &[]), [0]);
        }
        if let (Some(zone), Some(key)) = (mac.gendig_zone, mac.gendig_key_id) {
            assert_eq!(command(&bus, 0x15, zone, key, &[]), [0]);
        }
        let opcode = if mac.command == "HMAC" { 0x11 } else { 0x08 };
        // Param1 bit 0 is 0: the challenge is sent.
        let challenge = mac.challenge.as_deref().filter(|_| opcode == 0x08);
        let challenge = challenge.map(bytes).unwrap_or_default();
        let emulated = command(&bus, opcode, mac.mode, mac.key_id, &challenge);
        ledger.compare(recording, "macs", index, &bytes(&mac.expect), &emulated);
    }
}

/// Single results that a source prints.
fn play_results(recording: &Recording, ledger: &mut Ledger) {
    let bus = bus_of(start_image(recording));
    for (index, digest) in recording.digests.iter().enumerate() {
        let message = bytes(&digest.message);
        assert_eq!(command(&bus, 0x47, 0x00, 0, &[]), [0]);
        for part in message.chunks(32) {
            let length = u16::try_from(part.len()).expect("a part");
            assert_eq!(command(&bus, 0x47, 0x01, length, part), [0]);
        }
        let emulated = command(&bus, 0x47, 0x02, 0, &[]);
        ledger.compare(
            recording,
            "digests",
            index,
            &bytes(&digest.digest),
            &emulated,
        );
    }
    for (index, aes) in recording.aes.iter().enumerate() {
        let emulated = command(&bus, 0x51, 0x00, 3, &bytes(&aes.plaintext));
        ledger.compare(recording, "aes", index, &bytes(&aes.ciphertext), &emulated);
        let decrypted = command(&bus, 0x51, 0x01, 3, &bytes(&aes.ciphertext));
        assert_eq!(decrypted, bytes(&aes.plaintext));
    }
    for (index, counter) in recording.counters.iter().enumerate() {
        let emulated = command(&bus, 0x24, 0x00, counter.id, &[]);
        ledger.compare(
            recording,
            "counters",
            index,
            &counter.value.to_le_bytes(),
            &emulated,
        );
    }
    for (index, random) in recording.randoms.iter().enumerate() {
        let recorded = bytes(&random.value);
        let mut emulated = command(&bus, 0x1B, 0x00, 0, &[]);
        emulated.truncate(recorded.len());
        ledger.compare(recording, "randoms", index, &recorded, &emulated);
    }
    for (index, observed) in recording.status_observations.iter().enumerate() {
        assert_eq!(observed.command, "AES encrypt slot 3");
        let emulated = command(&bus, 0x51, 0x00, 3, &[0; 16]);
        ledger.compare(
            recording,
            "status_observations",
            index,
            &bytes(&observed.status),
            &emulated,
        );
    }
    for index in 0..recording.info_state.len() {
        ledger.omit(recording, "info_state", index);
    }
}

#[test]
fn same_bytes_back() {
    let mut ledger = Ledger::open();
    for recording in recordings() {
        play_exchanges(&recording, &mut ledger);
        play_transfers(&recording, &mut ledger);
        play_macs(&recording, &mut ledger);
        play_results(&recording, &mut ledger);
    }
    println!("same: {:?}", ledger.same);
    println!("not replayed: {:?}", ledger.omitted);
    assert!(ledger.wrong.is_empty(), "{:#?}", ledger.wrong);
    let unknown: Vec<_> = ledger.omissions.keys().collect();
    assert!(unknown.is_empty(), "listed but not recorded: {unknown:?}");
    assert_eq!(ledger.same["exchanges"], 42);
    assert_eq!(ledger.same["macs"], 7);
}
