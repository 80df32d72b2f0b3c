//! The judge's long forms, each with a table of figures.
#![forbid(unsafe_code)]

use std::num::{NonZeroU32, NonZeroUsize};
use std::process::ExitCode;
use std::time::Instant;

use atecc_judge::figures::Figures;
use atecc_judge::search::{self, Kind, scenarios, search};
use atecc_judge::{dropped, gaps, pairs, procedures, soak};
use clap::Parser;

/// Search for a wrong answer of the driver's session.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to try.
    part: Part,
    /// All of it, and not a sample. Of the search: two faults on a path.
    #[arg(long)]
    long: bool,
    /// Of the soak's random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Part {
    /// Every outcome at every step of a session.
    Search,
    /// Every procedure, with mischief at each transfer and at two.
    Procedures,
    /// Pairs of commands, the second not heard as it was sent.
    Pairs,
    /// Two chips on one bus, and the time between their sessions.
    Gaps,
    /// Random commands and procedures on a bad bus.
    Soak,
    /// Dropped futures, and the next run.
    Dropped,
}

fn main() -> ExitCode {
    let Arguments { part, long, seed } = Arguments::parse();
    let start = Instant::now();
    let figures = match part {
        Part::Search => return searched(if long { 2 } else { 1 }),
        Part::Procedures => procedures(long),
        Part::Pairs => pairs(long),
        Part::Gaps => gaps(long),
        Part::Soak => soak(long, seed, start),
        Part::Dropped => dropped(long),
    };
    print!("{figures}");
    println!("  {:.1} s", start.elapsed().as_secs_f64());
    ExitCode::from(u8::from(!figures.wrong.is_empty()))
}

fn searched(faults: u8) -> ExitCode {
    let start = Instant::now();
    let mut all = search::Figures::default();
    for scenario in scenarios() {
        let mut figures = search::Figures::default();
        for kind in Kind::all() {
            for is_probe in [false, true] {
                figures = figures.and(search(&scenario, kind, faults, is_probe));
            }
        }
        println!("{:<20} {figures}", scenario.name);
        for violation in figures.violations.iter().take(2) {
            print!("{violation}");
        }
        all = all.and(figures);
    }
    println!("{:<20} {all}", "all");
    println!("  {:.1} s", start.elapsed().as_secs_f64());
    ExitCode::from(u8::from(!all.violations.is_empty()))
}

fn procedures(long: bool) -> Figures {
    let (stride, pair_stride) = if long { (1, 101) } else { (41, 20_011) };
    let report = procedures::run(stride, pair_stride);
    print!("{report}");
    report.figures
}

fn pairs(long: bool) -> Figures {
    let stride = if long { 1 } else { 53 };
    let report = pairs::run(NonZeroUsize::new(stride).unwrap_or(NonZeroUsize::MIN));
    let (sound, all) = report.sound;
    println!("pairs {}, runs {}", report.pairs, report.runs);
    println!("  {sound} of {all} commands succeed on a quiet bus");
    report.figures
}

fn gaps(long: bool) -> Figures {
    let step_ms = if long { 1 } else { 127 };
    let report = gaps::run(NonZeroU32::new(step_ms).unwrap_or(NonZeroU32::MIN));
    print!("{report}");
    report.figures
}

fn soak(long: bool, seed: u64, start: Instant) -> Figures {
    let report = soak::run(if long { 3_000_000 } else { 20_000 }, seed);
    print!("{report}");
    let rate = report.figures.commands / start.elapsed().as_secs().max(1);
    println!("  {rate} commands per second");
    report.figures
}

fn dropped(long: bool) -> Figures {
    let report = dropped::run(if long { 1 } else { 7 });
    println!("points {}, dropped {}", report.points, report.dropped);
    report.figures
}
