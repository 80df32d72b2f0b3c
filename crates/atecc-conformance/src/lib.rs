#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod codec;
mod data;
mod describe;
mod driver;
mod emulator;
mod engine;
mod judgement;
mod knowledge;
mod reason;
mod recording;
mod replay;
pub mod report;
mod scenario;
mod seal;
mod sensitivity;
mod source;
mod start;
mod suite;
mod target;
mod usage;

pub use driver::{Atecc, Driver, Refused};
pub use engine::Engine;
pub use judgement::{Difference, Finding, Item, Judge, Judged, Verdict};
pub use knowledge::{Knowledge, StartError};
pub use reason::Reason;
pub use replay::{Nack, Replay, Spoken, spoken};
pub use report::{Count, Coverage, Total};
pub use scenario::{Scenario, ScenarioFn, ScenarioResult, scenarios};
pub use sensitivity::Sensitivity;
pub use source::{Case, LoadError, Problem, files};
pub use suite::{ORIGINS, SKIPS, Suite};
