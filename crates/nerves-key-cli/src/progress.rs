//! The steps of a provisioning as they happen, alike ones on one line.

use std::time::{Duration, Instant};

use nerves_key_provision::{Event, Step};

use crate::output::Output;

/// Prints a line when a group of steps is done.
#[derive(Debug)]
pub(crate) struct Progress {
    output: Output,
    /// The group under way and how many steps of it are done.
    group: Option<(String, usize)>,
    started: Instant,
    times: Vec<Duration>,
}

impl Progress {
    pub(crate) fn new(output: Output) -> Self {
        Self {
            output,
            group: None,
            started: Instant::now(),
            times: Vec::new(),
        }
    }

    pub(crate) fn on(&mut self, event: Event<'_>) {
        match event {
            Event::Started { .. } => self.started = Instant::now(),
            Event::Done { step, .. } => {
                self.times.push(self.started.elapsed());
                self.done(step);
            }
            Event::ActivationUnproved => self.output.progress(
                "  note: the chip does not activate its key before its data are locked; it is asked again after",
            ),
            Event::PossessionUnproved => self.output.progress(
                "  note: the chip does not sign before its data are locked; it is asked again after",
            ),
            // What else a later library tells of is no step.
            _ => {}
        }
    }

    /// The last group. How long each step took that was done.
    pub(crate) fn finish(&mut self) -> Vec<Duration> {
        self.close();
        std::mem::take(&mut self.times)
    }

    fn close(&mut self) {
        if let Some((label, count)) = self.group.take() {
            let times = match count {
                1 => String::new(),
                count => format!(" ({count} writes)"),
            };
            self.output.progress(&format!("  done: {label}{times}"));
        }
    }

    fn done(&mut self, step: &Step) {
        let label = match step {
            Step::WriteConfig(_) => "write the configuration".to_owned(),
            Step::WriteSlot(_) => "write slots 1 to 15".to_owned(),
            step if step.is_irreversible() => format!("{step} - for good"),
            step => step.to_string(),
        };
        match &mut self.group {
            Some((group, count)) if *group == label => *count += 1,
            _ => {
                self.close();
                self.group = Some((label, 1));
            }
        }
    }
}
