//! A run whose answers pass through somebody's hands.

use std::cell::Cell;
use std::rc::Rc;

use atecc::error::{Cause, Executed};
use atecc::procedure::{Answer, Next};
use atecc::{Error, Failure, Opcode, Procedure, Status};
use atecc_emulator::{Bus, Chip, Direction, LogEntry};
use atecc_x509::SignatureBytes;
use nerves_key_provision::{
    CertificateSigner, Event, Plan, Report, RunError, RunOutcome, Runner, SigningRequest, Step,
};
use tests_fault_sweep::Setup;
use tests_station::wire::commands;
use tests_station::{CHALLENGES, Station};

/// What becomes of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tamper {
    /// This byte, counted from 0, is another one.
    Flip(usize),
    /// It is these bytes.
    Be([u8; 32]),
    /// The chip answers this status instead, and whatever it is asked again.
    Say(Status),
    /// It answers this status to this command, from here on.
    SayTo(Opcode, Status),
    /// The first byte of each answer to this command is another one, from here on.
    FlipAll(Opcode),
    /// The answer is lost; whether the command ran is not known.
    Lose,
}

impl Tamper {
    /// Whether it is the turn of the answer number `answer` to `asked`, where
    /// `at` was named.
    fn has_turn(self, at: usize, answer: usize, asked: Opcode) -> bool {
        match self {
            Self::Flip(_) | Self::Be(_) | Self::Lose => at == answer,
            Self::Say(_) => at <= answer,
            Self::SayTo(opcode, _) | Self::FlipAll(opcode) => at <= answer && opcode == asked,
        }
    }
}

/// Which answer: of the step with this index in the plan, the so manyth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) step: usize,
    pub(crate) answer: usize,
}

type OnEvent = Box<dyn FnMut(Event<'_>)>;

struct Tampered<'p> {
    runner: Runner<'p, OnEvent>,
    /// The step under way.
    step: Rc<Cell<usize>>,
    /// Answers to it so far, and to which.
    answers: (usize, usize),
    asked: Opcode,
    what: &'p [(At, Tamper)],
    /// How many answers each step had.
    counts: Vec<usize>,
}

impl<'p> Tampered<'p> {
    fn new(
        plan: &'p Plan,
        what: &'p [(At, Tamper)],
        mut watch: impl FnMut(usize) + 'static,
    ) -> Self {
        let step = Rc::new(Cell::new(0));
        let seen = Rc::clone(&step);
        let on_event: OnEvent = Box::new(move |event| {
            if let Event::Started { index, .. } = event {
                seen.set(index);
                watch(index);
            }
        });
        Self {
            runner: Runner::new(plan, CHALLENGES, on_event),
            step,
            answers: (0, 0),
            asked: Opcode::Info,
            what,
            counts: vec![0; plan.steps().len()],
        }
    }

    /// The change of the answer that comes now.
    fn tamper(&mut self) -> Option<Tamper> {
        let step = self.step.get();
        if self.answers.0 != step {
            self.answers = (step, 0);
        }
        let answer = self.answers.1;
        self.answers.1 += 1;
        self.counts[step] += 1;
        let mut changes = self.what.iter();
        let its_turn = changes
            .find(|(at, tamper)| at.step == step && tamper.has_turn(at.answer, answer, self.asked));
        its_turn.map(|(_, tamper)| *tamper)
    }

    fn refusal(&self, status: Status) -> Failure {
        Failure {
            cause: Cause::Status {
                opcode: self.asked,
                parameters: [0; 3],
                status,
            },
            executed: Executed::No,
        }
    }
}

impl Procedure for &mut Tampered<'_> {
    type Output = RunOutcome;
    type Error = RunError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<RunOutcome, RunError> {
        let tamper = match answer {
            Answer::Start => None,
            _ => self.tamper(),
        };
        let mut changed;
        let answer = match (answer, tamper) {
            (Answer::Payload(payload), Some(Tamper::Flip(at))) => {
                changed = payload.to_vec();
                changed[at] ^= 0x01;
                Answer::Payload(&changed)
            }
            (Answer::Payload(_), Some(Tamper::Be(bytes))) => {
                changed = bytes.to_vec();
                Answer::Payload(&changed)
            }
            (Answer::Payload(payload), Some(Tamper::FlipAll(_))) => {
                changed = payload.to_vec();
                changed[0] ^= 0x01;
                Answer::Payload(&changed)
            }
            (_, Some(Tamper::Say(status) | Tamper::SayTo(_, status))) => {
                Answer::Failed(self.refusal(status))
            }
            (_, Some(Tamper::Lose)) => {
                let (opcode, waited_us) = (self.asked, 2_500_000);
                let lost = Cause::Timeout { opcode, waited_us };
                Answer::Failed(lost.of_unknown_fate())
            }
            (answer, _) => answer,
        };
        let next = (&mut self.runner).resume(answer);
        if let Next::Send(request) = &next {
            self.asked = request.opcode();
        }
        next
    }
}

/// How a run ended, and what the chip was sent.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) result: Result<Box<Report>, RunError>,
    /// Whether the signer was asked.
    pub(crate) asked: bool,
    /// Param1 of each `Lock`.
    pub(crate) locks: Vec<u8>,
    /// How often `Write` was sent.
    pub(crate) writes: usize,
    /// The 32 bytes of each `Nonce` that loads a value.
    pub(crate) loads: Vec<[u8; 32]>,
    /// How many answers each step had.
    pub(crate) counts: Vec<usize>,
}

impl Ended {
    pub(crate) fn error(&self) -> &RunError {
        match &self.result {
            Ok(_) => panic!("finished: {:02X?}", self.locks),
            Err(error) => error,
        }
    }
}

/// A blank chip of `setup` and a station of it.
pub(crate) fn blank(setup: Setup) -> (Bus, Station) {
    (Bus::with_chip(Chip::blank(setup.revision)), setup.station())
}

pub(crate) fn plan(bus: &Bus, station: &Station) -> Plan {
    let snapshot = Station::snapshot(bus).unwrap();
    Plan::new(&snapshot, &station.request).unwrap()
}

/// Run `plan` on the chip of `bus`.
pub(crate) fn run(
    bus: &Bus,
    plan: &Plan,
    station: &mut Station,
    what: Option<(At, Tamper)>,
) -> Ended {
    run_changed(bus, plan, station, what.as_slice())
}

/// The same, with several changes; the first whose turn it is counts.
pub(crate) fn run_changed(
    bus: &Bus,
    plan: &Plan,
    station: &mut Station,
    what: &[(At, Tamper)],
) -> Ended {
    run_signed(bus, plan, what, |request| {
        station.key.sign(request).unwrap()
    })
}

/// [`run`], with another signer.
pub(crate) fn run_signed(
    bus: &Bus,
    plan: &Plan,
    what: &[(At, Tamper)],
    sign: impl FnMut(&SigningRequest) -> SignatureBytes,
) -> Ended {
    end(bus, Tampered::new(plan, what, |_| {}), sign)
}

/// [`run`], and `watch` has its turn whenever a step begins.
pub(crate) fn run_watched(
    bus: &Bus,
    plan: &Plan,
    station: &mut Station,
    watch: impl FnMut(usize) + 'static,
) -> Ended {
    end(bus, Tampered::new(plan, &[], watch), |request| {
        station.key.sign(request).unwrap()
    })
}

fn end(
    bus: &Bus,
    mut tampered: Tampered<'_>,
    mut sign: impl FnMut(&SigningRequest) -> SignatureBytes,
) -> Ended {
    let mut asked = false;
    bus.start_log();
    let result = loop {
        match Station::device(bus).run(&mut tampered) {
            Ok(RunOutcome::NeedsSignature(request)) => {
                asked = true;
                if let Err(error) = tampered.runner.signed(sign(&request)) {
                    break Err(error);
                }
            }
            Ok(RunOutcome::Finished) => break Ok(()),
            Err(Error::Failed(error)) => break Err(error),
            Err(error) => panic!("{error}"),
        }
    };
    let log = bus.take_log();
    let counts = tampered.counts.clone();
    Ended {
        result: result.map(|()| Box::new(tampered.runner.into_report().unwrap())),
        asked,
        locks: commands(&log)
            .filter_map(|(opcode, param1)| (opcode == 0x17).then_some(param1))
            .collect(),
        writes: commands(&log).filter(|(opcode, _)| *opcode == 0x12).count(),
        loads: log.iter().filter_map(load).collect(),
        counts,
    }
}

/// What a `Nonce` in pass-through mode, Param1 3, loads.
fn load(entry: &LogEntry) -> Option<[u8; 32]> {
    match entry.bytes.as_slice() {
        [0x03, _count, 0x16, 0x03, _, _, value @ ..] if entry.direction == Direction::Write => {
            value.first_chunk().copied()
        }
        _ => None,
    }
}

/// The index of the `nth` step, from 0, that is `step`.
pub(crate) fn index(plan: &Plan, step: &Step, nth: usize) -> usize {
    let steps = plan.steps().iter().enumerate();
    let mut found = steps.filter(|(_, other)| *other == step);
    found.nth(nth).expect("the plan has it").0
}
