//! The steps of a provisioning as they happen, alike ones on one line.

use nerves_key_provision::{Event, Step};

use crate::output::Output;

/// Prints a line when a group of steps is done.
#[derive(Debug)]
pub(crate) struct Progress {
    output: Output,
    /// The group under way and how many steps of it are done.
    group: Option<(String, usize)>,
}

impl Progress {
    pub(crate) const fn new(output: Output) -> Self {
        Self {
            output,
            group: None,
        }
    }

    pub(crate) fn on(&mut self, event: Event<'_>) {
        match event {
            Event::Started { .. } => {}
            Event::Done { step, .. } => self.done(step),
            Event::ActivationUnproved => self.output.message(
                "  the chip does not activate its key before its data are locked; it is asked again after",
            ),
            Event::PossessionUnproved => self.output.message(
                "  note: the chip does not sign before its data are locked; it is asked again after",
            ),
        }
    }

    /// The last group.
    pub(crate) fn finish(&mut self) {
        if let Some((label, count)) = self.group.take() {
            let times = match count {
                1 => String::new(),
                count => format!(" ({count} writes)"),
            };
            self.output.message(&format!("  done: {label}{times}"));
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
                self.finish();
                self.group = Some((label, 1));
            }
        }
    }
}
