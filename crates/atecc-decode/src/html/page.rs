//! The page: what the header says, the lanes, the table.

use core::fmt::{self, Write};

use alloc::vec::Vec;

use atecc_text::is_visible;
use atecc_transcript::{Ack, Action, Transcript};

use crate::explain::{Explained, Milliseconds, Outcome, Step, StepKind, clock, facts};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Each lane and its name.
const LANES: [(Lane, &str); 5] = [
    (Lane::What, "command"),
    (Lane::Host, "host → chip"),
    (Lane::Busy, "chip busy"),
    (Lane::Chip, "chip → host"),
    (Lane::State, "chip is"),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Lane {
    What,
    Host,
    Busy,
    Chip,
    State,
}

/// All that the page shows.
pub(super) struct Page<'a> {
    transcript: &'a Transcript,
    explained: &'a Explained,
    clock: Vec<(u64, u64)>,
    start: u64,
    end: u64,
}

impl<'a> Page<'a> {
    pub(super) fn new(transcript: &'a Transcript, explained: &'a Explained) -> Self {
        let clock = clock(transcript);
        let start = clock.first().map_or(0, |(start, _)| *start);
        let end = clock.last().map_or(0, |(_, end)| *end);
        Self {
            transcript,
            explained,
            clock,
            start,
            end,
        }
    }

    /// A place in time, in per cent of the whole.
    fn share(&self, ns: u64) -> Share {
        let whole = self.end.saturating_sub(self.start).max(1);
        let part = ns.saturating_sub(self.start);
        let share = u128::from(part).saturating_mul(10_000_000) / u128::from(whole);
        Share(u64::try_from(share).unwrap_or(u64::MAX))
    }

    fn line(&self, index: usize) -> (u64, u64) {
        self.clock.get(index).copied().unwrap_or_default()
    }

    fn bar(&self, f: &mut fmt::Formatter<'_>, bar: &Bar<'_>) -> fmt::Result {
        let (left, width) = (
            self.share(bar.from),
            self.share(bar.to.max(bar.from))
                .0
                .saturating_sub(self.share(bar.from).0),
        );
        write!(
            f,
            "<i class=\"{}\" data-step=\"{}\" style=\"left:{left}%;width:{}%\" title=\"{}\"></i>",
            bar.class,
            bar.step,
            Share(width),
            Escaped(bar.title)
        )
    }

    fn lane(&self, f: &mut fmt::Formatter<'_>, lane: Lane) -> fmt::Result {
        match lane {
            Lane::What => self.labels(f),
            Lane::State => self.states(f),
            Lane::Host | Lane::Busy | Lane::Chip => {
                let steps = self.explained.steps.iter().enumerate();
                steps
                    .into_iter()
                    .try_for_each(|(number, step)| self.step(f, lane, number, step))
            }
        }
    }

    /// The bars of a step in one lane.
    fn step(
        &self,
        f: &mut fmt::Formatter<'_>,
        lane: Lane,
        step: usize,
        what: &Step,
    ) -> fmt::Result {
        let (first, last) = what.lines;
        if lane == Lane::Busy {
            return self.busy(f, step, what);
        }
        for index in first..=last {
            let Some(entry) = self.transcript.lines.get(index) else {
                continue;
            };
            let (class, title) = match (&entry.action, lane) {
                (Action::Wake, Lane::Host) => ("wake", "wake"),
                (Action::Write { ack: Ack::All, .. }, Lane::Host) => {
                    (class(what.kind), &*what.request)
                }
                (Action::Write { .. }, Lane::Host) => ("nack", &*what.request),
                (Action::Read { ack: Ack::All, .. }, Lane::Chip) => {
                    (what.outcome.name(), &*what.answer)
                }
                (Action::Read { .. }, Lane::Chip) => ("nack", "not acknowledged"),
                _ => continue,
            };
            let (from, to) = self.line(index);
            let bar = Bar {
                class,
                step,
                from,
                to,
                title,
            };
            self.bar(f, &bar)?;
        }
        Ok(())
    }

    /// From the end of a command to the beginning of its answer.
    fn busy(&self, f: &mut fmt::Formatter<'_>, step: usize, what: &Step) -> fmt::Result {
        let (Some(ns), StepKind::Command) = (what.waited_ns, what.kind) else {
            return Ok(());
        };
        let (_, from) = self.line(what.lines.0);
        let bar = Bar {
            class: what.outcome.name(),
            step,
            from,
            to: from.saturating_add(ns),
            title: &what.request,
        };
        self.bar(f, &bar)
    }

    /// One label for each command; what repeats is said once.
    fn labels(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commands: Vec<_> = self
            .explained
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| matches!(step.kind, StepKind::Command))
            .collect();
        for run in commands.chunk_by(|(_, a), (_, b)| {
            topic(&a.request) == topic(&b.request) && a.outcome == b.outcome
        }) {
            let Some((number, first)) = run.first() else {
                continue;
            };
            let (from, _) = self.line(first.lines.0);
            let weight = weight(first);
            write!(
                f,
                "<b class=\"{} w{weight}\" data-step=\"{number}\" style=\"left:{}%\">{}",
                first.outcome.name(),
                self.share(from),
                Escaped(topic(&first.request))
            )?;
            if run.len() > 1 {
                write!(f, " ×{}", run.len())?;
            }
            f.write_str("</b>")?;
        }
        Ok(())
    }

    /// Awake from each wake to the sleep or idle after it.
    fn states(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut since: Option<(usize, u64)> = None;
        let mut idle: Option<(usize, u64)> = None;
        for (number, step) in self.explained.steps.iter().enumerate() {
            let (from, to) = self.line(step.lines.0);
            match (step.kind, step.outcome) {
                (StepKind::Wake | StepKind::Command, outcome) if outcome != Outcome::Nack => {
                    if let Some((step, begin)) = idle.take() {
                        self.state(f, "idle", step, begin, from)?;
                    }
                    since.get_or_insert((number, from));
                }
                (StepKind::Idle | StepKind::Sleep, Outcome::Ok) => {
                    if let Some((step, begin)) = since.take() {
                        self.state(f, "awake", step, begin, to)?;
                    }
                    if step.kind == StepKind::Idle {
                        idle = Some((number, to));
                    }
                }
                _ => {}
            }
        }
        match since {
            Some((step, begin)) => self.state(f, "awake", step, begin, self.end),
            None => Ok(()),
        }
    }

    fn state(
        &self,
        f: &mut fmt::Formatter<'_>,
        class: &str,
        step: usize,
        from: u64,
        to: u64,
    ) -> fmt::Result {
        let title = class;
        self.bar(
            f,
            &Bar {
                class,
                step,
                from,
                to,
                title,
            },
        )
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, number: usize, step: &Step) -> fmt::Result {
        let (from, _) = self.line(step.lines.0);
        let from = Milliseconds(from.saturating_sub(self.start));
        write!(
            f,
            "<tr id=\"s{number}\" class=\"{} k-{}\" data-step=\"{number}\" \
             tabindex=\"-1\"><td>{from}<td>",
            step.outcome.name(),
            class(step.kind),
        )?;
        if let (Some(ns), StepKind::Command) = (step.waited_ns, step.kind) {
            write!(f, "{}", Milliseconds(ns))?;
        }
        write!(f, "<td>{}", Escaped(&step.request))?;
        write!(f, "<td>{}", Escaped(&step.answer))?;
        if step.answer.is_empty() && step.outcome != Outcome::Ok {
            f.write_str(match step.outcome {
                Outcome::Nack => "not acknowledged",
                _ => "no answer read",
            })?;
        }
        f.write_str("<td>")?;
        if step.again {
            f.write_str("sent again ")?;
        }
        for (count, what) in [(step.polls, "not ready"), (step.reread, "read again")] {
            if count > 0 {
                write!(f, "{count} × {what} ")?;
            }
        }
        write!(
            f,
            "<td><code>{}</code><td><code>{}</code></tr>",
            step.request_bytes, step.response_bytes
        )
    }
}

/// A bar in a lane.
struct Bar<'a> {
    class: &'a str,
    step: usize,
    from: u64,
    to: u64,
    title: &'a str,
}

const fn class(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Wake => "wake",
        StepKind::Command => "command",
        StepKind::Idle => "idle",
        StepKind::Sleep => "sleep",
        StepKind::Other => "other",
    }
}

/// What a command is about: its words without their details.
pub(crate) fn topic(words: &str) -> &str {
    let end = words.find([',', '(']).unwrap_or(words.len());
    words.get(..end).unwrap_or(words).trim_end()
}

/// Which labels come first where there is no room for all: failures and what
/// cannot be undone.
pub(crate) fn weight(step: &Step) -> u8 {
    let opcode = step.request.split(' ').next().unwrap_or_default();
    match (step.outcome, opcode.trim_end_matches(',')) {
        (Outcome::Failed | Outcome::Damaged | Outcome::Nack, _) | (_, "Lock") => 0,
        (_, "GenKey" | "Sign" | "Verify" | "ECDH" | "PrivWrite") => 1,
        (_, "Write") => 2,
        _ => 3,
    }
}

/// Hundred-thousandths of a per cent.
#[derive(Clone, Copy)]
struct Share(u64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:05}", self.0 / 100_000, self.0 % 100_000)
    }
}

/// Text that is no markup, also between quotation marks.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            character if is_visible(character) => f.write_char(character),
            // A mark of direction would turn what follows it around, too.
            character => write!(f, "{}", character.escape_unicode()),
        })
    }
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.transcript.header;
        let numbers = &self.explained.summary;
        write!(
            f,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\
             <title>{id}: {chip}</title>\n<style>\n{STYLE}</style></head>\n<body>\n\
             <header><h1>{id}</h1><dl>",
            id = Escaped(&header.id),
            chip = Escaped(&header.chip),
        )?;
        for (name, value) in facts(header).iter().skip(1) {
            write!(f, "<div><dt>{name}<dd>{}</div>", Escaped(value))?;
        }
        write!(
            f,
            "</dl>\n<p id=\"numbers\"><span>{} commands</span><span>{} actions</span>\
             <span>{} wakes</span><span>{} ms</span>",
            numbers.commands,
            numbers.actions,
            numbers.wakes,
            Milliseconds(numbers.duration_ns)
        )?;
        for (count, class, what) in [
            (numbers.failed, "failed", "failed"),
            (numbers.damaged, "damaged", "damaged"),
            (numbers.nacks, "nack", "not acknowledged"),
            (numbers.repeated, "again", "sent again"),
            (numbers.polls, "polls", "read too early"),
        ] {
            write!(f, "<span class=\"{class} n{count}\">{count} {what}</span>")?;
        }
        let reckoned = self.transcript.lines.iter().all(|line| line.at.is_none());
        if reckoned {
            f.write_str("<span>times reckoned: the transcript has none</span>")?;
        }
        f.write_str(
            "</p></header>\n<nav><button id=\"in\" title=\"+\">zoom in</button>\
             <button id=\"out\" title=\"-\">zoom out</button>\
             <button id=\"all\" title=\"0\">all</button>\
             <span id=\"legend\"><i class=\"ok\"></i>success <i class=\"failed\"></i>failure \
             <i class=\"damaged\"></i>damaged <i class=\"nack\"></i>NACK \
             <i class=\"wake\"></i>wake <i class=\"idle\"></i>idle <i class=\"sleep\"></i>sleep\
             </span><span id=\"help\">wheel or + - zoom, drag or scroll pans, ← → steps, \
             F next failure</span></nav>\n\
             <main id=\"time\" tabindex=\"0\"><div id=\"names\"><span class=\"axis\">ms</span>",
        )?;
        for (lane, name) in LANES {
            write!(f, "<span class=\"{lane:?}\">{name}</span>")?;
        }
        write!(
            f,
            "</div><div id=\"view\"><div id=\"lanes\" data-ns=\"{}\"><div class=\"axis\"></div>",
            self.end.saturating_sub(self.start)
        )?;
        for (lane, name) in LANES {
            write!(f, "\n<div class=\"lane {lane:?}\" aria-label=\"{name}\">")?;
            self.lane(f, lane)?;
            f.write_str("</div>")?;
        }
        f.write_str(
            "<div id=\"cursor\"></div></div></div></main>\n<p id=\"chosen\" aria-live=\"polite\">\
             </p>\n<section><table><thead><tr><th>ms<th>wait<th>host<th>chip<th>notes\
             <th>request<th>response</tr></thead><tbody>\n",
        )?;
        for (number, step) in self.explained.steps.iter().enumerate() {
            self.row(f, number, step)?;
            f.write_char('\n')?;
        }
        write!(
            f,
            "</tbody></table></section>\n<script>\n{SCRIPT}</script></body></html>\n"
        )
    }
}
