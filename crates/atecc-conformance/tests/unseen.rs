//! Transcripts that nobody prepared the engine for: chips with configurations
//! and secrets that it is not told, asked at random. Nothing may fail, since
//! the chip that answered is the one that judges; and what is known must still
//! be judged.

use atecc::Opcode;
use atecc::group::Group;
use atecc_conformance::{Case, Engine, Judge, Reason, Verdict};
use atecc_emulator::{Bus, Chip, Entropy, Image, Revision, Slot};
use atecc_transcript::{Ack, Action, Header, Line, Provenance, Start, Transcript};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What is asked, and of which chip: all from one seed.
struct Prng(ChaCha8Rng);

impl Prng {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn byte(&mut self) -> u8 {
        self.0.next_u32().to_le_bytes()[0]
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }
}

/// A chip that is locked in some way, with secrets in its slots.
fn chip(revision: Revision, prng: &mut Prng) -> Image {
    let blank = Image::blank(revision);
    let mut config = *blank.config();
    let (value, lock) = prng.of(&[(0x55, 0x55), (0x55, 0x00), (0x00, 0x00), (0x00, 0x00)]);
    (config[86], config[87]) = (value, lock);
    for slot in 0..16 {
        let (slot_config, key_config) = prng.of(&[
            (0x2083_u16, 0x0033_u16),
            (0x2087, 0x0013),
            (0x0080, 0x001C),
            (0x3080, 0x001C),
            (0x0000, 0x001C),
            (0x0000, 0x0030),
            (0x0080, 0x0018),
            (0x44C4, 0x003C),
        ]);
        config[20 + 2 * slot..][..2].copy_from_slice(&slot_config.to_le_bytes());
        config[96 + 2 * slot..][..2].copy_from_slice(&key_config.to_le_bytes());
    }
    // Half of the serial number.
    config[8..12].copy_from_slice(&prng.bytes(4));
    let mut image = blank.with_config(config).unwrap();
    for slot in Slot::all() {
        let bytes = prng.bytes(slot.size());
        image.slot_mut(slot).copy_from_slice(&bytes);
        image.slot_mut(slot)[4] = 0x11;
    }
    image
}

/// A command that may well succeed.
fn command(prng: &mut Prng) -> (Opcode, u8, u16, Vec<u8>) {
    let slot = u16::from(prng.byte() & 0x0F);
    match prng.byte() % 36 {
        0 => (Opcode::Info, prng.of(&[0, 1, 2, 3]), slot, vec![]),
        1 => (Opcode::Random, 0, 0, vec![]),
        2 => (Opcode::Nonce, prng.of(&[0, 1]), 0, prng.bytes(20)),
        3 => (Opcode::Nonce, 3, 0, prng.bytes(32)),
        4 => (Opcode::GenKey, prng.of(&[0x00, 0x04, 0x10]), slot, vec![]),
        5 => (Opcode::Sign, 0x80, slot, vec![]),
        6 => (Opcode::Mac, prng.of(&[0, 4]), slot, prng.bytes(32)),
        7 => (Opcode::Mac, prng.of(&[1, 5, 6, 7]), slot, vec![]),
        8 => (Opcode::GenDig, 2, slot, vec![]),
        9 => (Opcode::DeriveKey, prng.of(&[0, 4]), slot, vec![]),
        10 => (Opcode::CheckMac, prng.of(&[0, 4]), slot, prng.bytes(77)),
        11 => (Opcode::Counter, prng.of(&[0, 1]), slot & 1, vec![]),
        12 => (Opcode::Read, 0x80, prng.of(&[0, 8, 16, 24]), vec![]),
        13 => (Opcode::Read, 0x82, slot << 3, vec![]),
        14 => (Opcode::Write, 0x82, slot << 3, prng.bytes(32)),
        15 => (Opcode::Sha, 0, 0, vec![]),
        16 => (Opcode::Sha, 1, 64, prng.bytes(64)),
        17 => (Opcode::Sha, 2, 3, prng.bytes(3)),
        18 => (Opcode::Aes, prng.of(&[0, 1]), slot, prng.bytes(16)),
        19 => (Opcode::Lock, prng.of(&[0x80, 0x81, 0x02, 0x0A]), 0, vec![]),
        20 => (Opcode::Read, 0x81, prng.of(&[0, 8]), vec![]),
        21 => (Opcode::Hmac, 0x04, slot, vec![]),
        22 => (Opcode::Write, 0x80, 8, prng.bytes(32)),
        23 => (Opcode::Sha, 4, slot, vec![]),
        24 => (Opcode::Kdf, prng.of(&[0x02, 0x42]), slot, prng.bytes(20)),
        25 => (Opcode::SelfTest, 0x3B, 0, vec![]),
        26 => (Opcode::UpdateExtra, prng.of(&[0, 1]), slot, vec![]),
        27 => (Opcode::Write, 0xC2, slot << 3, prng.bytes(64)),
        28 => (Opcode::PrivWrite, 0x40, slot, prng.bytes(68)),
        29 => (Opcode::Nonce, 0, 0x8000, prng.bytes(20)),
        30 => (Opcode::Read, 0x02, slot << 3, vec![]),
        31 => (Opcode::Write, 0x02, slot << 3, prng.bytes(4)),
        32 => (Opcode::Sign, prng.of(&[0x00, 0x20]), slot, vec![]),
        33 => (Opcode::Ecdh, 0, slot, prng.bytes(64)),
        34 => (Opcode::GenDig, prng.of(&[0, 1]), 0, vec![]),
        _ => (Opcode::Verify, 0x00, slot, prng.bytes(64)),
    }
}

fn group((opcode, p1, p2, data): &(Opcode, u8, u16, Vec<u8>)) -> Vec<u8> {
    let [low, high] = p2.to_le_bytes();
    let body = [&[*opcode as u8, *p1, low, high], &data[..]].concat();
    Group::new(&body).unwrap().as_bytes().to_vec()
}

/// Ask `commands` of a chip, in one session that idles between them.
fn record(image: &Image, seed: u64, commands: &[Vec<u8>], start: Start) -> Transcript {
    let bus = Bus::with_chip(Chip::new(image.clone(), Entropy::Seeded(seed)).unwrap());
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let mut lines = Vec::new();
    let (address, ack) = (0x60, Ack::All);
    for group in commands {
        i2c.write(0x00, &[0x00]).unwrap_err();
        delay.delay_us(1_500);
        let bytes = [&[0x03], &group[..]].concat();
        i2c.write(address, &bytes).unwrap();
        delay.delay_ms(700);
        let mut answer = [0; 155];
        i2c.read(address, &mut answer).unwrap();
        i2c.write(address, &[0x02]).unwrap();
        let write = Action::Write {
            address,
            bytes,
            ack,
        };
        let bytes = answer[..usize::from(answer[0])].to_vec();
        for action in [
            write,
            Action::Read {
                address,
                bytes,
                ack,
            },
        ] {
            lines.push(Line {
                at: None,
                action,
                redacted: 0..0,
                comment: None,
            });
        }
    }
    let header = Header {
        id: "unseen".into(),
        chip: image.revision().to_string(),
        revision: None,
        address,
        scl_hz: None,
        provenance: Provenance::Emulator,
        host: None,
        story: None,
        start,
        origin: "this test".into(),
        licence: "none needed".into(),
        date: None,
        notes: Vec::new(),
    };
    Transcript { header, lines }
}

fn passed(transcript: &Transcript, what: &str) -> usize {
    let judged = Engine::new().judge(&Case::from(transcript.clone()));
    let failures: Vec<_> = judged.failures().collect();
    assert!(
        failures.is_empty(),
        "{what}: {failures:#?}\n{}",
        transcript.render()
    );
    let emulator = judged
        .findings
        .iter()
        .filter(|one| one.judge == Judge::Emulator);
    emulator
        .filter(|one| one.verdict == Verdict::Passed)
        .count()
}

#[test]
fn what_is_not_known_never_fails() {
    let (mut all, mut passes) = (0, 0);
    for seed in 0..60 {
        for revision in Revision::ALL {
            let mut prng = Prng::new(seed);
            let image = chip(revision, &mut prng);
            let commands: Vec<_> = (0..30).map(|_| group(&command(&mut prng))).collect();
            let transcript = record(&image, seed, &commands, Start::Unknown);
            passes += passed(&transcript, &format!("{revision}, seed {seed}"));
            all += commands.len();
        }
    }
    assert!(passes * 2 > all, "{passes} of {all}");
}

/// With the whole start known, only what is random stays open.
#[test]
fn what_is_known_is_judged() {
    let open = [
        Reason::Random,
        Reason::PrivateKey,
        Reason::Pin,
        Reason::TempKey,
    ];
    for seed in 0..20 {
        let mut prng = Prng::new(1_000 + seed);
        let image = chip(Revision::Atecc608B, &mut prng);
        let commands: Vec<_> = (0..30).map(|_| group(&command(&mut prng))).collect();
        let start = Start::Known(image.to_text());
        let transcript = record(&image, seed, &commands, start);
        let judged = Engine::new().judge(&Case::from(transcript.clone()));
        let failures: Vec<_> = judged.failures().collect();
        assert!(
            failures.is_empty(),
            "seed {seed}: {failures:#?}\n{}",
            transcript.render()
        );
        let skips = judged
            .skips()
            .filter(|(one, _)| one.judge == Judge::Emulator);
        let others: Vec<_> = skips.filter(|(_, reason)| !open.contains(reason)).collect();
        assert!(others.is_empty(), "seed {seed}: {others:#?}");
    }
}

/// Recordings of this repository, altered as another chip or host would have
/// it: everything that passed still passes.
mod altered {
    use super::*;

    const TRANSCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/transcripts");

    fn load(name: &str) -> Transcript {
        let path = format!("{TRANSCRIPTS}/{name}.txt");
        Transcript::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// Without what the header says of story and start.
    fn bare(mut transcript: Transcript) -> Transcript {
        transcript.header.story = None;
        transcript.header.start = Start::Unknown;
        transcript
    }

    fn same_passes(before: &Transcript, after: &Transcript, what: &str) {
        assert_ne!(before, after, "{what}");
        assert_eq!(passed(before, what), passed(after, what), "{what}");
    }

    /// Answers are read in two pieces: the count of a group, then the rest.
    fn reseal(lines: &mut [Line], change: impl Fn(&mut [u8])) {
        for line in 1..lines.len() {
            let (before, after) = lines.split_at_mut(line);
            let (Action::Read { bytes: count, .. }, Action::Read { bytes: rest, .. }) =
                (&before[line - 1].action, &mut after[0].action)
            else {
                continue;
            };
            if count.len() != 1 {
                continue;
            }
            change(rest);
            let end = rest.len() - 2;
            let sealed = Group::new(&rest[..end]).unwrap();
            rest.copy_from_slice(&sealed.as_bytes()[1..]);
        }
    }

    #[test]
    fn another_serial_number_and_address_byte() {
        let before = bare(load("atecc608a/rusty-608a-read-config"));
        let mut after = before.clone();
        reseal(&mut after.lines, |block| {
            if block[..2] == [0x01, 0x23] {
                block[2..4].copy_from_slice(&[0xDE, 0xAD]);
                block[8..12].copy_from_slice(&[0x12, 0x34, 0x56, 0x78]);
            }
        });
        same_passes(&before, &after, "serial number");
    }

    #[test]
    fn at_another_address() {
        for name in [
            "sigrok-atecc508a-s1",
            "sigrok-atecc508a-s2",
            "sigrok-atecc508a-s3",
        ] {
            let before = bare(load(&format!("atecc508a/{name}")));
            let mut after = before.clone();
            after.header.address = 0x35;
            for line in &mut after.lines {
                if let Action::Write { address, .. } | Action::Read { address, .. } =
                    &mut line.action
                    && *address == 0x60
                {
                    *address = 0x35;
                }
            }
            same_passes(&before, &after, name);
        }
    }

    /// The sessions of one capture in another order, after one another.
    #[test]
    fn sessions_in_another_order() {
        let sessions = ["s1", "s2", "s3"].map(|session| {
            let name = format!("atecc508a/sigrok-atecc508a-{session}");
            bare(load(&name))
        });
        let apart: usize = sessions.iter().map(|one| passed(one, "apart")).sum();
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut joined = sessions[0].clone();
            joined.lines.clear();
            let mut from = 0;
            for session in order.map(|at| &sessions[at]) {
                let begin = session.lines[0].at.unwrap().0;
                for line in &session.lines {
                    let mut line = line.clone();
                    let at = line.at.as_mut().unwrap();
                    at.0 = at.0 - begin + from;
                    joined.lines.push(line);
                }
                from = joined.lines.last().unwrap().at.unwrap().0 + 2_000_000_000;
            }
            assert_eq!(passed(&joined, "joined"), apart, "{order:?}");
        }
    }

    /// Times and wake pulses left out, as a log has it.
    #[test]
    fn only_commands_and_answers() {
        for name in ["sigrok-atecc508a-s2", "sigrok-atecc508a-s3"] {
            let mut log = bare(load(&format!("atecc508a/{name}")));
            log.lines.retain(|line| match &line.action {
                Action::Write { bytes, .. } => bytes.first() == Some(&0x03),
                Action::Read { bytes, .. } => bytes[..] != [0x04, 0x11, 0x33, 0x43],
                Action::Wake | Action::Delay(_) => false,
            });
            for line in &mut log.lines {
                line.at = None;
            }
            assert!(passed(&log, name) > 6);
        }
    }
}
