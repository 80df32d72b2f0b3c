//! What a provisioning sends, step by step: as the table of `docs/provisioning.md`
//! has it, which also says why each of it is needed.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use atecc::procedure::{Answer, Next};
use atecc::{Error, Opcode, Procedure};
use atecc_emulator::{Bus, BusError, Chip};
use nerves_key_provision::{CertificateSigner, Event, Plan, RunError, RunOutcome, Runner, Step};
use nerves_key_schema::Layout;
use tests_fault_sweep::{SETUPS, Setup};
use tests_station::{CHALLENGES, Station};

type OnEvent = Box<dyn FnMut(Event<'_>)>;

/// A run that notes what it sends, and for which step.
struct Counted<'p> {
    runner: Runner<'p, OnEvent>,
    step: Rc<Cell<usize>>,
    sent: Vec<(usize, Opcode)>,
    /// The command with this index is not sent, but answered with success.
    left_out: Option<usize>,
}

impl<'p> Counted<'p> {
    fn new(plan: &'p Plan, left_out: Option<usize>) -> Self {
        let step = Rc::new(Cell::new(0));
        let seen = Rc::clone(&step);
        let on_event: OnEvent = Box::new(move |event| {
            if let Event::Started { index, .. } = event {
                seen.set(index);
            }
        });
        Self {
            runner: Runner::new(plan, CHALLENGES, on_event),
            step,
            sent: Vec::new(),
            left_out,
        }
    }
}

impl Procedure for &mut Counted<'_> {
    type Output = RunOutcome;
    type Error = RunError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<RunOutcome, RunError> {
        let mut next = (&mut self.runner).resume(answer);
        while let Next::Send(request) = &next {
            self.sent.push((self.step.get(), request.opcode()));
            if self.left_out != Some(self.sent.len() - 1) {
                break;
            }
            next = (&mut self.runner).resume(Answer::Payload(&[0x00]));
        }
        next
    }
}

/// A blank chip of `setup`, as far as it becomes a NervesKey; the names of the plan's
/// steps, and what was sent for which of them.
struct Ended {
    result: Result<(), Error<BusError, RunError>>,
    steps: Vec<&'static str>,
    sent: Vec<(usize, Opcode)>,
}

fn provision(setup: Setup, left_out: Option<usize>) -> Ended {
    let bus = Bus::with_chip(Chip::blank(setup.revision));
    let mut station = setup.station();
    let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
    let mut run = Counted::new(&plan, left_out);
    let result = loop {
        match Station::device(&bus).run(&mut run) {
            Ok(RunOutcome::NeedsSignature(request)) => {
                let signature = station.key.sign(&request).unwrap();
                run.runner.signed(signature).unwrap();
            }
            Ok(RunOutcome::Finished) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    Ended {
        result,
        steps: plan.steps().iter().map(Step::name).collect(),
        sent: run.sent,
    }
}

/// Steps of one name that follow each other, and how many commands they sent.
fn rows(ended: &Ended) -> Vec<(String, usize)> {
    let mut rows: Vec<(String, usize)> = Vec::new();
    for (index, name) in ended.steps.iter().enumerate() {
        let sent = ended.sent.iter().filter(|(of, _)| *of == index).count();
        match rows.last_mut() {
            Some((last, count)) if last == name => *count += sent,
            _ => rows.push(((*name).to_owned(), sent)),
        }
    }
    rows.retain(|(_, count)| *count > 0);
    rows
}

/// The rows of the page whose first cell is the name of a step, with the count of
/// this column.
fn documented(column: usize) -> Vec<(String, usize)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/provisioning.md");
    let page = std::fs::read_to_string(page).unwrap();
    let section = page
        .split("\n## ")
        .find(|it| it.starts_with("What goes over the bus"));
    let rows = section.unwrap().lines().filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells[0].strip_prefix('`')?.strip_suffix('`')?;
        Some((name.to_owned(), cells[column].parse().ok()?))
    });
    rows.filter(|(_, count)| *count > 0).collect()
}

#[test]
fn each_step_sends_what_the_page_says() {
    for setup in SETUPS {
        let column = match setup.layout {
            Layout::Standard => 1,
            Layout::Volatile => 2,
        };
        let ended = provision(setup, None);
        ended.result.as_ref().unwrap();
        let mut documented = documented(column);
        let (total, all) = documented.pop().unwrap();
        assert_eq!(rows(&ended), documented, "{setup}");
        assert_eq!(
            (total.as_str(), all),
            ("total", ended.sent.len()),
            "{setup}"
        );
    }
}

/// Whatever the chip answers with "done": without one of them the configuration
/// reads back otherwise, a lock's CRC fails, or a lock is found open. Without a
/// challenge the chip signs nothing, and it is sent again.
#[test]
fn nothing_that_changes_the_chip_can_be_left_out() {
    // Whose layout has more of them.
    let setup = SETUPS[4];
    let undisturbed = provision(setup, None);
    let mut left_out = 0;
    for (index, (_, opcode)) in undisturbed.sent.iter().enumerate() {
        // The random nonces of the activation are no loads.
        let activation = undisturbed.sent.get(index + 1);
        let is_random = matches!(activation, Some((_, Opcode::CheckMac)));
        if !matches!(opcode, Opcode::Write | Opcode::Lock | Opcode::Nonce) || is_random {
            continue;
        }
        let ended = provision(setup, Some(index));
        match opcode {
            Opcode::Nonce => assert!(ended.sent.len() > undisturbed.sent.len(), "{index}"),
            _ => assert!(ended.result.is_err(), "{index}: {opcode:?}"),
        }
        left_out += 1;
    }
    // Writes of the configuration, OTP and slots; nine locks; three challenges.
    assert_eq!(left_out, 7 + 2 + 48 + 9 + 3);
}
