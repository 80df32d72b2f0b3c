//! Breadth-first search: every outcome at every step of a session, beside a
//! model of the chip's true state.
//!
//! A node is a session, the chip and what the session has said so far. Nodes
//! that differ in nothing that decides are one: of times only what they are
//! compared with counts. The faults of a path are bounded; within that bound
//! the search is complete. Three faults can deceive any driver: a word address
//! that is heard as another, and two looks at the old answer that are refused,
//! so that the chip seems busy.

mod chip;
mod scenario;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use atecc::Timing;
use atecc::command::Request;
use atecc::error::{Cause, Executed};
use atecc::session::{Left, Outcome, Session, Step};

pub use chip::{Chip, Command, Effect, Kind, Power};
pub use scenario::{Scenario, scenarios};

/// Steps of one command or of the end; more is a session that does not end.
const MOST_STEPS: u32 = 4_000;

/// What a search has seen.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Different nodes.
    pub states: u64,
    /// Outcomes tried.
    pub transitions: u64,
    /// Sessions that ended.
    pub ends: u64,
    /// Most steps of one session.
    pub most_steps: u32,
    /// Longest session, in waits and bytes at 100 kHz, milliseconds.
    pub longest_ms: u64,
    /// Chips that the next session found only after their watchdog.
    pub after_watchdog: u64,
    /// How many commands gave a result, by what was said of it.
    pub results: HashMap<&'static str, u64>,
    /// Wrong results, each with the way there; at most a few are kept.
    pub violations: Vec<Violation>,
}

/// Something that is not true of the chip.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The invariant.
    pub invariant: &'static str,
    /// What the session said.
    pub said: String,
    /// The steps and their outcomes.
    pub path: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.invariant, self.said)?;
        self.path
            .iter()
            .try_for_each(|step| writeln!(f, "  {step}"))
    }
}

#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "what has happened so far")]
struct Node {
    session: Session,
    chip: Chip,
    /// The command under way; the number of commands is the end.
    at: usize,
    /// Executions when it was begun.
    before: Vec<u8>,
    faults: u8,
    /// The host was told of a read that was acknowledged.
    acknowledged: bool,
    /// Of a sound group.
    sound: bool,
    /// The last read gave something but a released line.
    heard: bool,
    /// The host has told the chip to sleep since a sequence began.
    slept: bool,
    slept_in_command: bool,
    woken_unseen: bool,
    /// Waits since the command was sent, and since the last pulse, in us.
    waited: u32,
    awake: u32,
    spent: u32,
    total_us: u64,
    steps: u32,
    total_steps: u32,
    /// Index of the way here.
    trail: usize,
}

/// Search a scenario with at most `faults` faults on a path.
#[must_use]
pub fn search(scenario: &Scenario, kind: Kind, faults: u8, is_probe: bool) -> Figures {
    let mut search = Search {
        scenario,
        kind,
        faults,
        is_probe,
        seen: HashSet::new(),
        queue: VecDeque::new(),
        trails: vec![(usize::MAX, String::from("start"))],
        figures: Figures::default(),
    };
    for power in [Power::Asleep, Power::Idle, Power::Awake] {
        search.start(power);
    }
    while let Some(node) = search.queue.pop_front() {
        search.expand(node);
        if search.figures.violations.len() >= 5 {
            break;
        }
    }
    search.figures
}

struct Search<'a> {
    scenario: &'a Scenario,
    kind: Kind,
    faults: u8,
    is_probe: bool,
    seen: HashSet<u64>,
    queue: VecDeque<Node>,
    trails: Vec<(usize, String)>,
    figures: Figures,
}

impl Search<'_> {
    fn start(&mut self, power: Power) {
        let timing = Timing {
            wake_pulses: 2,
            busy_us: 60_000,
            ..Timing::default()
        };
        let commands = self.scenario.commands.len();
        let session = if self.is_probe {
            Session::probe(timing)
        } else {
            Session::new(timing)
        };
        let mut node = Node {
            session,
            chip: Chip::new(power, commands),
            at: 0,
            before: vec![0; commands],
            faults: 0,
            acknowledged: false,
            sound: false,
            heard: false,
            slept: false,
            slept_in_command: false,
            woken_unseen: false,
            waited: 0,
            awake: 0,
            spent: 0,
            total_us: 0,
            steps: 0,
            total_steps: 0,
            trail: 0,
        };
        self.begin(&mut node);
        self.push(node);
    }

    /// Begin the node's command, or the end.
    fn begin(&self, node: &mut Node) {
        node.before.clone_from(&node.chip.executions);
        node.slept_in_command = false;
        (node.spent, node.steps) = (0, 0);
        match self.scenario.requests.get(node.at) {
            Some(request) => node.session.begin(request.clone()),
            None => node.session.end(),
        }
    }

    fn push(&mut self, mut node: Node) {
        // A look that is like the one before only takes time: go on looking,
        // with nothing else happening, until that time decides something.
        for _ in 0..MOST_STEPS {
            if self.seen.insert(self.key(&node)) {
                self.figures.states += 1;
                self.queue.push_back(node);
                return;
            }
            let Some(later) = self.look_again(&node) else {
                return;
            };
            node = later;
        }
    }

    /// The node after one more wait and one more look at a chip that has no
    /// answer, if that is what comes next.
    fn look_again(&mut self, node: &Node) -> Option<Node> {
        let mut session = node.session.clone();
        let (step, event) = match session.step() {
            Step::Wait(us) => {
                let event = node
                    .chip
                    .waited(&self.scenario.commands)
                    .into_iter()
                    .next()?;
                (Did::Wait(us), event)
            }
            Step::Read(buffer) if !node.chip.has_answer(self.kind) => {
                let len = buffer.len();
                let events = node.chip.asked(self.kind, &self.scenario.commands, len);
                let still = events
                    .into_iter()
                    .find(|event| event.faults == 0 && event.chip == node.chip);
                (Did::Read(len), still?)
            }
            _ => return None,
        };
        self.figures.transitions += 1;
        Some(self.follow(node, &step, event))
    }

    /// All that decides what follows.
    fn key(&self, node: &Node) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", node.session).hash(&mut hasher);
        (&node.chip, node.at, &node.before, node.faults).hash(&mut hasher);
        (node.acknowledged, node.sound, node.heard).hash(&mut hasher);
        (node.slept, node.woken_unseen).hash(&mut hasher);
        let request = self.scenario.requests.get(node.at);
        let timing = Timing::default();
        let times = request.map(|request| {
            let opcode = request.opcode();
            let (typical, longest) = (timing.typical_us(opcode), timing.longest_us(opcode));
            let borders = [
                1,
                typical,
                longest,
                2 * longest,
                4 * longest,
                timing.give_up_us,
            ];
            (
                borders.map(|border| node.waited >= border),
                node.awake.saturating_add(longest) > timing.awake_us,
                node.awake > 10_000,
                node.spent >= timing.give_up_us,
            )
        });
        times.hash(&mut hasher);
        hasher.finish()
    }

    fn expand(&mut self, mut node: Node) {
        let step = match node.session.step() {
            Step::Done => return self.done(node),
            Step::Wake => Did::Wake,
            Step::Wait(us) => Did::Wait(us),
            Step::Write(bytes) => Did::Write(bytes.to_vec()),
            Step::Read(buffer) => Did::Read(buffer.len()),
        };
        if node.steps >= MOST_STEPS {
            return self.violated(&node, "it ends", "still going".into());
        }
        self.check_write(&node, &step);
        let events = match &step {
            Did::Wake => node.chip.pulsed(),
            Did::Wait(_) => node.chip.waited(&self.scenario.commands),
            Did::Write(bytes) if bytes.first() == Some(&0x03) => {
                node.chip.commanded(self.kind, node.at)
            }
            Did::Write(bytes) => {
                let token = bytes.first().copied().unwrap_or_default();
                node.chip.told(self.kind, token)
            }
            Did::Read(len) => node.chip.asked(self.kind, &self.scenario.commands, *len),
        };
        for event in events {
            if node.faults + event.faults > self.faults {
                continue;
            }
            self.figures.transitions += 1;
            let next = self.follow(&node, &step, event);
            self.push(next);
        }
    }

    fn follow(&mut self, node: &Node, step: &Did, event: chip::Event) -> Node {
        let mut next = node.clone();
        let trail = format!(
            "{step} -> {:?}{} (chip: {:?})",
            event.outcome,
            event
                .bytes
                .first()
                .map_or(String::new(), |first| format!(" {first:02X}..")),
            event.chip.power,
        );
        self.trails.push((node.trail, trail));
        next.trail = self.trails.len() - 1;
        next.chip = event.chip;
        next.faults += event.faults;
        next.woken_unseen |= event.is_woken_unseen;
        let done = event.outcome == Outcome::Done;
        let us = match step {
            Did::Wait(us) => *us,
            Did::Write(bytes) if done => 90 * (u32::try_from(bytes.len()).unwrap_or(0) + 1),
            Did::Read(len) if done => 90 * (u32::try_from(*len).unwrap_or(0) + 1),
            Did::Write(_) | Did::Read(_) => 90,
            Did::Wake => 0,
        };
        match step {
            Did::Wait(us) => next.waited = next.waited.saturating_add(*us),
            Did::Write(bytes) if bytes.first() == Some(&0x03) => next.waited = 0,
            Did::Write(bytes) if bytes == &[0x01] && done => {
                // Before the first command there is nothing to lose.
                next.slept |= node.at > 0;
                next.slept_in_command = true;
            }
            Did::Wake => next.awake = 0,
            Did::Write(_) | Did::Read(_) => {}
        }
        next.awake = next.awake.saturating_add(us);
        next.spent = next.spent.saturating_add(us);
        next.total_us += u64::from(us);
        next.steps += 1;
        next.total_steps += 1;
        if let (Did::Read(_), true) = (step, done) {
            next.acknowledged = true;
            next.sound |= atecc::group::parse_group(&event.bytes).is_ok();
            next.heard = event.bytes.iter().any(|byte| *byte != 0xFF);
        }
        if let Step::Read(buffer) = next.session.step() {
            let bytes = event.bytes.iter();
            buffer
                .iter_mut()
                .zip(bytes)
                .for_each(|(to, from)| *to = *from);
        }
        next.session.advance(event.outcome);
        next
    }

    /// Where may be written, and what may be sent after a sleep.
    fn check_write(&mut self, node: &Node, step: &Did) {
        let Did::Write(bytes) = step else { return };
        let allowed = if self.is_probe {
            node.sound
        } else {
            node.acknowledged
        };
        if !allowed {
            self.violated(node, "no write to a stranger", format!("{bytes:02X?}"));
        }
        // It would bring back the answer before.
        if bytes == &[0x00] && !node.heard {
            self.violated(node, "no rewind where no group was", String::new());
        }
        if bytes.first() == Some(&0x03)
            && let Some(request) = self.scenario.requests.get(node.at)
            && request.needs_volatile()
            && node.slept
        {
            self.violated(
                node,
                "nothing volatile across a sleep",
                format!("{request:?}"),
            );
        }
    }

    /// A command, or the session, is over.
    fn done(&mut self, mut node: Node) {
        if node.at == self.scenario.commands.len() {
            return self.ended(&node);
        }
        self.judge(&node);
        let succeeded = node.session.answer().is_ok();
        let loads = self.scenario.commands[node.at].effect == Effect::Load;
        if succeeded && loads && !node.slept_in_command {
            node.slept = false;
        }
        // A bus that failed carries no further command, nor does a caller go on
        // after a failure of the bus.
        let broken = matches!(node.session.answer(), Err(failure) if failure.is_of_the_bus());
        node.at = if broken {
            self.scenario.commands.len()
        } else {
            node.at + 1
        };
        self.begin(&mut node);
        self.push(node);
    }

    /// Compare what the session says of its command with the chip.
    fn judge(&mut self, node: &Node) {
        let command = self.scenario.commands[node.at];
        let times = node.chip.executions[node.at] - node.before[node.at];
        if times > 1 && !command.is_harmless {
            self.violated(
                node,
                "nothing twice that is not harmless",
                format!("{times} times"),
            );
        }
        let (name, wrong) = match node.session.answer() {
            Ok(payload) => {
                let right = command
                    .effect
                    .answers(payload, node.chip.executions[node.at]);
                let wrong = times == 0 || !right;
                (
                    "ok",
                    wrong.then(|| format!("Ok({payload:02X?}), executed {times} times")),
                )
            }
            Err(failure) => {
                let (name, wrong) = match failure.executed {
                    Executed::No => ("not executed", times > 0),
                    Executed::Yes => ("executed", times == 0),
                    Executed::Unknown => ("unknown", false),
                };
                (
                    name,
                    wrong.then(|| format!("{failure:?}, executed {times} times")),
                )
            }
        };
        *self.figures.results.entry(name).or_default() += 1;
        if let Some(said) = wrong {
            self.violated(node, "what it says is so", said);
        }
        if let Err(failure) = node.session.answer()
            && failure.cause == Cause::NoCommand
        {
            self.violated(node, "a command has an outcome", format!("{failure:?}"));
        }
    }

    fn ended(&mut self, node: &Node) {
        self.figures.ends += 1;
        self.figures.most_steps = self.figures.most_steps.max(node.total_steps);
        self.figures.longest_ms = self.figures.longest_ms.max(node.total_us / 1_000);
        let asleep = node.chip.power == Power::Asleep;
        let told = node.session.left() == Left::Unknown;
        let untouched = node.total_steps == 0;
        if !(asleep || told || node.woken_unseen || untouched) && node.chip.power != Power::Idle {
            self.violated(node, "asleep, or told", format!("{:?}", node.chip.power));
        }
        if node.session.answer().is_ok() {
            self.violated(
                node,
                "no answer after the end",
                format!("{:?}", node.session.answer()),
            );
        }
        self.next_session(node);
    }

    /// The next session on a good bus succeeds: at once, or where the chip hears
    /// nothing but a write (it waits for half a command, and acknowledges no
    /// read), once its watchdog has fired.
    fn next_session(&mut self, node: &Node) {
        let mut chip = node.chip.clone();
        let first = self.try_again(&mut chip);
        if first.is_some() && self.kind.silent_when_half_told && node.chip.is_half_told() {
            self.figures.after_watchdog += 1;
            chip.expire_watchdog();
            if let Some(said) = self.try_again(&mut chip) {
                self.violated(node, "the session after the watchdog succeeds", said);
            }
        } else if let Some(said) = first {
            self.violated(node, "the next session succeeds", said);
        }
    }

    /// Send the first command on a good bus; what was said, when that is wrong.
    fn try_again(&self, chip: &mut Chip) -> Option<String> {
        let mut session = Session::new(Timing::default());
        session.begin(self.scenario.requests[0].clone());
        let before = chip.executions[0];
        for _ in 0..MOST_STEPS {
            let events = match session.step() {
                Step::Done => break,
                Step::Wake => chip.pulsed(),
                Step::Wait(_) => chip.waited(&self.scenario.commands),
                Step::Write(bytes) if bytes.first() == Some(&0x03) => chip.commanded(self.kind, 0),
                Step::Write(bytes) => chip.told(self.kind, bytes.first().copied().unwrap_or(0)),
                Step::Read(buffer) => chip.asked(self.kind, &self.scenario.commands, buffer.len()),
            };
            // The last event without a fault: a busy chip ends what it does.
            let event = events.into_iter().rfind(|event| event.faults == 0)?;
            if let Step::Read(buffer) = session.step() {
                let bytes = event.bytes.iter();
                buffer
                    .iter_mut()
                    .zip(bytes)
                    .for_each(|(to, from)| *to = *from);
            }
            *chip = event.chip;
            session.advance(event.outcome);
        }
        let executed = chip.executions[0] > before;
        match session.answer() {
            Ok(_) if executed => None,
            // A lock that is locked, a register that is not loaded.
            Err(failure) if failure.refusal().is_some() => None,
            answer => Some(format!("{answer:?}")),
        }
    }

    fn violated(&mut self, node: &Node, invariant: &'static str, said: String) {
        let mut path = Vec::new();
        let mut at = node.trail;
        while let Some((before, step)) = self.trails.get(at) {
            path.push(step.clone());
            at = *before;
        }
        path.reverse();
        self.figures.violations.push(Violation {
            invariant,
            said,
            path,
        });
    }
}

/// A step, without its buffer.
enum Did {
    Wake,
    Wait(u32),
    Write(Vec<u8>),
    Read(usize),
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wake => f.write_str("wake"),
            Self::Wait(us) => write!(f, "wait {us} us"),
            Self::Write(bytes) => {
                let head = bytes.get(..3).unwrap_or(bytes);
                write!(f, "write {head:02X?} of {}", bytes.len())
            }
            Self::Read(len) => write!(f, "read {len}"),
        }
    }
}

impl Figures {
    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.states += other.states;
        self.transitions += other.transitions;
        self.ends += other.ends;
        self.after_watchdog += other.after_watchdog;
        self.most_steps = self.most_steps.max(other.most_steps);
        self.longest_ms = self.longest_ms.max(other.longest_ms);
        for (name, count) in other.results {
            *self.results.entry(name).or_default() += count;
        }
        self.violations.extend(other.violations);
        self
    }
}

/// One line.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut results: Vec<_> = self.results.iter().collect();
        results.sort_unstable();
        write!(
            f,
            "{:>8} states {:>8} transitions {:>7} sessions, at most {} steps and {} ms; {} found \
             only after their watchdog; {results:?}; {} wrong",
            self.states,
            self.transitions,
            self.ends,
            self.most_steps,
            self.longest_ms,
            self.after_watchdog,
            self.violations.len()
        )
    }
}

/// The request of a typed command.
pub(crate) fn request<C: atecc::Command>(command: &C) -> Request {
    Request::new(command).expect("it fits a group")
}
