//! The long forms, with their figures.

use std::process::ExitCode;
use std::time::Instant;

use atecc_judge::search::{Figures, Kind, scenarios, search};
use clap::{Parser, Subcommand};

/// Search for a wrong answer of the driver's session.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Every outcome at every step, with so many faults on a path.
    Search {
        /// Faults on a path.
        #[arg(long, default_value_t = 2)]
        faults: u8,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().part {
        Part::Search { faults } => searched(faults),
    }
}

fn searched(faults: u8) -> ExitCode {
    let start = Instant::now();
    let mut all = Figures::default();
    for scenario in scenarios() {
        let mut figures = Figures::default();
        for kind in Kind::all() {
            for is_probe in [false, true] {
                figures = figures.and(search(&scenario, kind, faults, is_probe));
            }
        }
        println!(
            "{:<20} {:>9} states {:>9} transitions {:>7} ends {:>5} steps {:>6} ms {:>3} wrong",
            scenario.name,
            figures.states,
            figures.transitions,
            figures.ends,
            figures.most_steps,
            figures.longest_ms,
            figures.violations.len()
        );
        for violation in figures.violations.iter().take(2) {
            print!("{violation}");
        }
        all = all.and(figures);
    }
    let seconds = start.elapsed().as_secs();
    println!(
        "{faults} faults: {} states, {} transitions, {} sessions, at most {} steps and {} ms of \
         bus time, {} found only after their watchdog, {:?}, {} wrong; {seconds} s",
        all.states,
        all.transitions,
        all.ends,
        all.most_steps,
        all.longest_ms,
        all.after_watchdog,
        all.results,
        all.violations.len()
    );
    if all.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
