//! Reports of provisionings: what they say, and the file that has them, of
//! `nerves-key provision` and `nerves-key line run`.

pub(crate) mod document;
mod file;
mod room;

#[cfg(feature = "line")]
pub(crate) use file::is_report_of;
pub(crate) use file::{Recorded, ReportFile};
