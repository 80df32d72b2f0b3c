//! Procedures under mischief, a sample of it.

use atecc_judge::procedures;

#[test]
fn what_a_procedure_returns_is_true_of_the_chip() {
    let report = procedures::run(41, 20_011);
    println!("{report}");
    assert!(report.figures.wrong.is_empty(), "{report}");
    assert!(report.singles > 1_000 && report.pairs > 500, "{report}");
}
