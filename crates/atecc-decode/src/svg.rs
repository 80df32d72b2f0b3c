//! A transcript as a picture: one SVG that needs no script, for documents.
//!
//! It is the HTML timeline without what has to be moved about: when the host
//! and the chip have the bus, when the chip works and is awake, and the names of
//! the commands as far as there is room, failures and locks first.

use core::cmp::{Ordering, Reverse};
use core::fmt;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use atecc_transcript::{Ack, Action, Transcript};

use crate::explain::{Explained, Milliseconds, Outcome, Step, StepKind, clock};
use crate::html::{Escaped, topic, weight};
use crate::labels::Labels;

/// Pixels.
const WIDTH: u64 = 960;
const LEFT: u64 = 84;
/// Room for the name of what comes last.
const RIGHT: u64 = 112;
/// Lines of names above the lanes, and their height.
const LEVELS: u64 = 6;
const LEVEL: u64 = 15;
const LANE: u64 = 20;
/// Of a character, at most.
const CHARACTER: u64 = 8;

const LANES: [&str; 3] = ["on the bus", "chip works", "chip awake"];

const STYLE: &str = "text{font:12px sans-serif;fill:#222}.m{fill:#777}.bus{fill:#4477aa}\
                     .busy{fill:#ccbb44}.awake{fill:#a8d5a2}.lock{fill:#aa3377}.bad{fill:#cc3311}\
                     line{stroke:#bbb}.box{fill:#fff}";

/// A picture of `transcript` over time.
#[must_use]
pub fn svg(transcript: &Transcript, labels: &dyn Labels) -> String {
    let explained = Explained::new(transcript, labels);
    let clock = clock(transcript);
    Picture {
        transcript,
        explained: &explained,
        start: clock.first().map_or(0, |(start, _)| *start),
        end: clock.last().map_or(0, |(_, end)| *end),
        clock,
    }
    .to_string()
}

struct Picture<'a> {
    transcript: &'a Transcript,
    explained: &'a Explained,
    clock: Vec<(u64, u64)>,
    start: u64,
    end: u64,
}

/// A command's name and where it stands.
struct Name<'a> {
    text: &'a str,
    /// How many such commands follow each other.
    times: usize,
    class: &'static str,
    weight: u8,
    x: u64,
    level: u64,
}

impl Name<'_> {
    fn shown(&self) -> String {
        match self.times {
            1 => self.text.to_string(),
            times => alloc::format!("{} ×{times}", self.text),
        }
    }

    fn end(&self) -> u64 {
        let characters = u64::try_from(self.shown().chars().count()).unwrap_or(WIDTH);
        self.x.saturating_add(characters.saturating_mul(CHARACTER))
    }
}

const fn top(lane: u64) -> u64 {
    LEVELS * LEVEL + 8 + lane * LANE
}

impl Picture<'_> {
    fn x(&self, ns: u64) -> u64 {
        let whole = u128::from(self.end.saturating_sub(self.start).max(1));
        let part = u128::from(ns.saturating_sub(self.start));
        let pixels = part.saturating_mul(u128::from(WIDTH - LEFT - RIGHT)) / whole;
        LEFT.saturating_add(u64::try_from(pixels).unwrap_or(WIDTH))
    }

    fn line(&self, index: usize) -> (u64, u64) {
        self.clock.get(index).copied().unwrap_or_default()
    }

    fn bar(
        &self,
        f: &mut fmt::Formatter<'_>,
        lane: u64,
        class: &str,
        (from, to): (u64, u64),
    ) -> fmt::Result {
        let (from, to) = (self.x(from), self.x(to.max(from)));
        write!(
            f,
            "<rect class=\"{class}\" x=\"{from}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            top(lane),
            to.saturating_sub(from).max(1),
            LANE - 4
        )
    }

    /// Where the names stand: the weightiest are placed first, of these the last
    /// one, so that they rise to the left like stairs; each on the lowest line
    /// that has room. What has none is left out.
    fn names(&self) -> Vec<Name<'_>> {
        let steps = self.explained.steps.iter();
        let commands: Vec<_> = steps.filter(|it| it.kind == StepKind::Command).collect();
        let runs = commands
            .chunk_by(|a, b| topic(&a.request) == topic(&b.request) && a.outcome == b.outcome);
        let mut wanted: Vec<_> = runs
            .filter_map(|run| {
                let first = run.first()?;
                Some(Name {
                    text: topic(&first.request),
                    times: run.len(),
                    class: class(first),
                    weight: weight(first),
                    x: self.x(self.line(first.lines.0).0),
                    level: 0,
                })
            })
            .collect();
        wanted.sort_by_key(|name| (name.weight, Reverse(name.x)));
        let mut placed: Vec<Name<'_>> = Vec::new();
        for mut name in wanted {
            let room = |level: u64| {
                let mut there = placed.iter().filter(|it| it.level == level);
                let over = there.any(|it| name.x < it.end() && it.x < name.end());
                // No name over another one's line down to the lanes.
                let crossed = placed.iter().any(|it| match it.level.cmp(&level) {
                    Ordering::Less => it.x < name.x && name.x < it.end(),
                    Ordering::Equal => false,
                    Ordering::Greater => name.x < it.x && it.x < name.end(),
                });
                !over && !crossed && name.end() <= WIDTH
            };
            if let Some(level) = (0..LEVELS).find(|level| room(*level)) {
                name.level = level;
                placed.push(name);
            }
        }
        placed
    }

    fn draw_names(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in self.names() {
            let y = (LEVELS - name.level).saturating_mul(LEVEL);
            write!(
                f,
                "<line x1=\"{x}\" y1=\"{y}\" x2=\"{x}\" y2=\"{}\"/>\
                 <text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>",
                top(0),
                name.class,
                name.x.saturating_add(2),
                y.saturating_sub(2),
                Escaped(&name.shown()),
                x = name.x,
            )?;
        }
        Ok(())
    }

    fn lanes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut awake = None;
        for step in &self.explained.steps {
            let (from, to) = self.line(step.lines.0);
            match (step.kind, step.outcome) {
                (StepKind::Wake | StepKind::Command, outcome) if outcome != Outcome::Nack => {
                    awake.get_or_insert(from);
                }
                (StepKind::Idle | StepKind::Sleep, Outcome::Ok) => {
                    if let Some(since) = awake.take() {
                        self.bar(f, 2, "awake", (since, to))?;
                    }
                }
                _ => {}
            }
            if let (Some(ns), StepKind::Command) = (step.waited_ns, step.kind) {
                let class = match class(step) {
                    "" => "busy",
                    class => class,
                };
                self.bar(f, 1, class, (to, to.saturating_add(ns)))?;
            }
        }
        if let Some(since) = awake {
            self.bar(f, 2, "awake", (since, self.end))?;
        }
        for (entry, times) in self.transcript.lines.iter().zip(&self.clock) {
            match &entry.action {
                Action::Write { ack: Ack::All, .. } | Action::Read { ack: Ack::All, .. } => {
                    self.bar(f, 0, "bus", *times)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Marks at round times, at most some ten of them.
    fn axis(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MS: u64 = 1_000_000;
        let whole = self.end.saturating_sub(self.start);
        let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
        let fits = |ms: &u64| whole / (ms * MS) <= 10;
        let step = steps.into_iter().find(fits).unwrap_or(60_000);
        let (mut at, y) = (0, top(3).saturating_add(12));
        while at <= whole {
            write!(
                f,
                "<text class=\"m\" x=\"{}\" y=\"{y}\">{}</text>",
                self.x(self.start.saturating_add(at)),
                at / MS
            )?;
            at = at.saturating_add(step.saturating_mul(MS));
        }
        write!(f, "<text class=\"m\" x=\"4\" y=\"{y}\">ms</text>")
    }
}

/// How a command is drawn: failures and what cannot be undone stand out.
fn class(step: &Step) -> &'static str {
    match (step.outcome, step.request.starts_with("Lock")) {
        (Outcome::Failed | Outcome::Damaged | Outcome::Nack, _) => "bad",
        (_, true) => "lock",
        _ => "",
    }
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let height = top(3).saturating_add(18);
        let header = &self.transcript.header;
        write!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\"><title>{}: {}, {} commands in {} ms</title>\
             <style>{STYLE}</style><rect class=\"box\" width=\"{WIDTH}\" height=\"{height}\"/>",
            Escaped(&header.id),
            Escaped(&header.chip),
            self.explained.summary.commands,
            Milliseconds(self.explained.summary.duration_ns)
        )?;
        self.draw_names(f)?;
        for (name, lane) in LANES.into_iter().zip(0..) {
            let y = top(lane).saturating_add(LANE - 8);
            write!(f, "<text class=\"m\" x=\"4\" y=\"{y}\">{name}</text>")?;
        }
        self.lanes(f)?;
        self.axis(f)?;
        f.write_str("</svg>\n")
    }
}
