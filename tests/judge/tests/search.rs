//! The search with one fault on a path, everywhere; two where that is quick.

use atecc_judge::search::{Figures, Kind, scenarios, search};

/// A chip and a transport of each sort; all their combinations are tried in the
/// long form.
fn kinds() -> impl Iterator<Item = Kind> {
    let of_three = |kind: &Kind| {
        kind.silent_when_half_told == kind.starts_over || kind.tells_address == kind.starts_over
    };
    Kind::all().into_iter().filter(of_three).step_by(2)
}

fn judge(faults: u8, names: &[&str]) -> Figures {
    let mut figures = Figures::default();
    for scenario in scenarios() {
        if !names.is_empty() && !names.contains(&scenario.name) {
            continue;
        }
        for kind in kinds() {
            for is_probe in [false, true] {
                let one = search(&scenario, kind, faults, is_probe);
                for violation in &one.violations {
                    println!("{} {kind:?} probe {is_probe}: {violation}", scenario.name);
                }
                figures = figures.and(one);
            }
        }
    }
    println!(
        "{} states, {} transitions, {} ends, at most {} steps and {} ms, {:?}",
        figures.states,
        figures.transitions,
        figures.ends,
        figures.most_steps,
        figures.longest_ms,
        figures.results
    );
    figures
}

#[test]
fn one_fault_anywhere() {
    let figures = judge(1, &[]);
    assert_eq!(figures.violations.len(), 0);
    assert!(figures.states > 10_000, "{}", figures.states);
}

#[test]
fn two_faults_at_one_command() {
    let figures = judge(2, &["counter"]);
    assert_eq!(figures.violations.len(), 0);
}
