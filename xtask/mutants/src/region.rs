//! What is written around places of a file.

use std::ops::Range;

/// A place in the file and what is written around it.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) before: Vec<Part>,
    pub(super) after: &'static str,
    /// What is there is left out.
    pub(super) gone: bool,
}

/// Text, or a mutant's own text.
#[derive(Debug)]
pub(super) enum Part {
    Text(String),
    Own(u32, String),
}

/// A text with regions in it.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// Where each mutant's own text is, for errors of the compiler.
    pub(super) own: Vec<(Range<usize>, u32)>,
    /// Where the code is that a mutant changes, with its own text.
    pub(super) around: Vec<(Range<usize>, u32)>,
}

/// Write `regions` into `text`.
pub(super) fn render(text: &str, mut regions: Vec<Region>) -> Rendered {
    // What is around comes first; of the same place, what was found first.
    regions.sort_by_key(|region| (region.start, usize::MAX - region.end));
    let mut rendered = Rendered::default();
    rendered.render(text, 0..text.len(), &mut regions.as_slice());
    rendered
}

impl Rendered {
    fn render(&mut self, text: &str, range: Range<usize>, regions: &mut &[Region]) {
        let mut at = range.start;
        while let Some((region, rest)) = regions.split_first() {
            if region.start >= range.end && range.end != text.len() {
                break;
            }
            *regions = rest;
            self.text.push_str(&text[at..region.start]);
            let start = self.text.len();
            let mut ids = Vec::new();
            for part in &region.before {
                match part {
                    Part::Text(text) => self.text.push_str(text),
                    Part::Own(id, text) => {
                        let start = self.text.len();
                        self.text.push_str(text);
                        self.own.push((start..self.text.len(), *id));
                        ids.push(*id);
                    }
                }
            }
            if !region.gone {
                self.render(text, region.start..region.end, regions);
            }
            self.text.push_str(region.after);
            let around = start..self.text.len();
            self.around
                .extend(ids.into_iter().map(|id| (around.clone(), id)));
            at = region.end;
        }
        self.text.push_str(&text[at..range.end]);
    }
}
