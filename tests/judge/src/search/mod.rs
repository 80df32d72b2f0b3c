//! Breadth-first search: every outcome at every step of a session, beside a
//! model of the chip's true state.
//!
//! A node is a session, the chip and what the session has said so far. Nodes
//! that differ in nothing that decides are one: of times only what they are
//! compared with counts. The faults of a path are bounded; within that bound
//! the search is complete. Three faults can deceive any driver: a word address
//! that is heard as another, and two looks at the old answer that are refused,
//! so that the chip seems busy.

mod action;
mod chip;
mod figures;
mod invariants;
mod scenario;

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use atecc::Timing;
use atecc::command::Request;
use atecc::session::{Outcome, Session, Step};

use action::Did;

pub use chip::{Chip, Command, Effect, Kind, Power};
pub use figures::{Figures, Violation};
pub use scenario::{Scenario, scenarios};

/// Steps of one command or of the end; more is a session that does not end.
const MOST_STEPS: u32 = 4_000;
/// Waits and looks in a row after which a session that looks on differs in its times
/// alone: it counts no more than two looks that were refused.
const ALIKE: u32 = 8;

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
        let (mut around, mut alike) = (self.surroundings(&node), 0);
        for _ in 0..MOST_STEPS {
            if alike < ALIKE && self.seen.insert(self.key(&node)) {
                self.figures.states += 1;
                self.queue.push_back(node);
                return;
            }
            let Some(later) = self.look_again(&node) else {
                return;
            };
            node = later;
            let now = self.surroundings(&node);
            alike = if now == around { alike + 1 } else { 0 };
            around = now;
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
        Some(after(node, &step, event))
    }

    /// All that decides what follows.
    fn key(&self, node: &Node) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", node.session).hash(&mut hasher);
        self.surroundings(node).hash(&mut hasher);
        hasher.finish()
    }

    /// All but the session.
    fn surroundings(&self, node: &Node) -> u64 {
        let mut hasher = DefaultHasher::new();
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
        let mut next = after(node, step, event);
        next.trail = self.trails.len() - 1;
        next
    }
}

/// The node after a step of which this came.
fn after(node: &Node, step: &Did, event: chip::Event) -> Node {
    let mut next = node.clone();
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

/// The request of a typed command.
pub(crate) fn request<C: atecc::Command>(command: &C) -> Request {
    Request::new(command).expect("it fits a group")
}
