//! Stories of this repository's driver on the emulated chip, recorded and then
//! judged action by action.

use atecc::commands::{
    GenKey, GenKeyMode, InfoRevision, Random, RandomNonce, SeedUpdate, ShaStart,
};
use atecc::procedures::{HashInChip, ReadConfig, SignDigest};
use atecc::{Device, Slot};
use atecc::{Failure, Family, Procedure};
use atecc_conformance::{Case, Engine, Item, Judge, Reason, Verdict};
use atecc_emulator::{Bus, Chip, Entropy, I2cHandle, Image, Revision};
use atecc_transcript::{
    Action, DelayRecorder, Header, Line, Provenance, Recorder, Redaction, Start, Tape, Transcript,
};

type Recorded<'t> = Device<
    Recorder<'t, I2cHandle, Vec<Line>, ()>,
    DelayRecorder<'t, atecc_emulator::Delay, Vec<Line>, ()>,
>;

/// A chip whose slot 0 signs.
fn image() -> Image {
    let blank = Image::blank(Revision::Atecc508A);
    let mut config = *blank.config();
    (config[86], config[87]) = (0x00, 0x00);
    blank.with_config(config).unwrap()
}

fn record(id: &str, story: &str, tell: impl FnOnce(&mut Recorded<'_>)) -> Transcript {
    redacted(Redaction::none(), id, story, tell)
}

fn redacted(
    redaction: Redaction,
    id: &str,
    story: &str,
    tell: impl FnOnce(&mut Recorded<'_>),
) -> Transcript {
    let image = image();
    let bus = Bus::with_chip(Chip::new(image.clone(), Entropy::Seeded(7)).unwrap());
    let tape = Tape::new(Vec::new(), (), redaction);
    let i2c = Recorder::new(bus.i2c(), &tape);
    let delay = DelayRecorder::new(bus.delay(), &tape);
    tell(&mut Device::new(i2c, delay));
    let header = Header {
        id: id.into(),
        chip: "ATECC508A".into(),
        revision: None,
        address: 0x60,
        scl_hz: Some(100_000),
        provenance: Provenance::Emulator,
        host: Some(concat!("atecc ", env!("CARGO_PKG_VERSION")).into()),
        story: Some(story.into()),
        start: Start::Known(image.to_text()),
        origin: "recorded by atecc-transcript on the emulated chip".into(),
        licence: "Apache-2.0 OR MIT".into(),
        date: None,
        notes: Vec::new(),
    };
    let lines = tape.into_sink();
    Transcript { header, lines }
}

/// What the scenario `session` does again: a signature more than the watchdog
/// allows, so that the driver has to idle.
struct Many {
    left: u8,
    sign: Option<SignDigest>,
}

impl Procedure for Many {
    type Output = ();
    type Error = Failure;

    fn resume(
        &mut self,
        answer: atecc::procedure::Answer<'_>,
    ) -> atecc::procedure::Next<(), Failure> {
        use atecc::procedure::Next;
        let slot = Slot::S0;
        let Some(sign) = &mut self.sign else {
            self.sign = Some(SignDigest::new(slot, [self.left; 32]));
            let mode = GenKeyMode::Create;
            return Next::send(&GenKey { mode, slot });
        };
        let first =
            matches!(answer, atecc::procedure::Answer::Payload(payload) if payload.len() == 64);
        let answer = if first {
            atecc::procedure::Answer::Start
        } else {
            answer
        };
        if first {
            if self.left == 0 {
                return Next::Done(Ok(()));
            }
            *sign = SignDigest::new(slot, [self.left; 32]);
            self.left -= 1;
        }
        sign.resume(answer).map(|_| ())
    }
}

fn recorded() -> Vec<Transcript> {
    vec![
        record("atecc-info", "info", |device| {
            device.execute(InfoRevision).unwrap();
        }),
        record("atecc-read-config", "read-config", |device| {
            device.run(ReadConfig::new()).unwrap();
        }),
        record("atecc-sha-past-the-watchdog", "sha", |device| {
            let message: Vec<u8> = (0..6_000_u16).map(|at| at.to_be_bytes()[1]).collect();
            let hash = HashInChip::new(ShaStart::Sha256, Family::Atecc508, &message);
            device.run(hash).unwrap();
        }),
        record("atecc-signatures-past-the-watchdog", "session", |device| {
            let many = Many {
                left: 12,
                sign: None,
            };
            device.run(many).unwrap();
        }),
    ]
}

fn idles(transcript: &Transcript) -> usize {
    let idle =
        |line: &&Line| matches!(&line.action, Action::Write { bytes, .. } if bytes[..] == [0x02]);
    transcript.lines.iter().filter(idle).count()
}

#[test]
fn what_it_did_it_does_again() {
    let engine = Engine::new();
    let all = recorded();
    let counts: Vec<_> = all.iter().map(idles).collect();
    // One to begin with; more where the watchdog would fire.
    assert!(
        counts[..2] == [1, 1] && counts[2] > 1 && counts[3] > 1,
        "{counts:?}"
    );
    for transcript in all {
        let judged = engine.judge(&Case::from(transcript));
        let failures: Vec<_> = judged.failures().collect();
        assert!(failures.is_empty(), "{failures:#?}");
        let whole = judged.findings.iter().find(|one| one.item == Item::Whole);
        let whole = whole.expect("the scenario");
        assert_eq!(
            (whole.judge, &whole.verdict),
            (Judge::Driver, &Verdict::Passed)
        );
    }
}

/// What a recording hides is not judged, and what hangs on it neither.
#[test]
fn what_is_hidden_fails_nothing() {
    let transcript = redacted(Redaction::secrets(), "hidden", "session", |device| {
        let seed = SeedUpdate::Automatic;
        device.execute(Random { seed }).unwrap();
        device
            .execute(RandomNonce {
                input: [7; 20],
                seed,
            })
            .unwrap();
        device
            .run(Many {
                left: 1,
                sign: None,
            })
            .unwrap();
    });
    let transcript = Transcript {
        header: Header {
            story: None,
            ..transcript.header
        },
        ..transcript
    };
    let judged = Engine::new().judge(&Case::from(transcript));
    let failures: Vec<_> = judged.failures().collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let hidden = judged
        .skips()
        .filter(|(_, reason)| *reason == Reason::Redacted);
    assert!(hidden.count() >= 3);
}

/// Each idle, wait or wake that is left out or changed is noticed.
#[test]
fn another_dialect_is_noticed() {
    let engine = Engine::new();
    for transcript in recorded() {
        let changes: [fn(&mut Vec<Line>); 3] = [
            |lines| lines.retain(|line| line.action != Action::Wake),
            |lines| {
                let wait = |line: &mut Line| {
                    if let Action::Delay(nanoseconds) = &mut line.action {
                        *nanoseconds += 1_000;
                    }
                };
                lines.iter_mut().take(3).for_each(wait);
            },
            |lines| {
                lines.pop();
            },
        ];
        for change in changes {
            let mut other = transcript.clone();
            change(&mut other.lines);
            if other.lines == transcript.lines {
                continue;
            }
            let judged = engine.judge(&Case::from(other));
            let whole = judged.findings.iter().find(|one| one.item == Item::Whole);
            let verdict = &whole.expect("the scenario").verdict;
            assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
        }
    }
}
