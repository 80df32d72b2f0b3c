//! A transcript as a timeline: one HTML file that needs no other.
//!
//! Bars lie in lanes by their share of the whole time, so that zooming is the
//! width of the lanes and panning is scrolling. The script beside this file
//! only chooses the width, places the labels and shows what is chosen; without
//! it the bars and the table are there all the same.

mod page;

use alloc::string::{String, ToString};

use atecc_transcript::Transcript;

use crate::explain::Explained;
use crate::labels::Labels;
pub(crate) use page::{Escaped, topic, weight};

/// The timeline of `transcript`.
#[must_use]
pub fn html(transcript: &Transcript, labels: &dyn Labels) -> String {
    let explained = Explained::new(transcript, labels);
    page::Page::new(transcript, &explained).to_string()
}
