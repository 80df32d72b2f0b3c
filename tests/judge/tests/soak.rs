//! A short soak.

use atecc_judge::soak;

#[test]
fn a_bad_bus_gives_no_wrong_answer() {
    let report = soak::run(20_000, 1);
    assert!(report.figures.wrong.is_empty(), "{}", report.figures);
    assert!(report.figures.answers > 15_000, "{}", report.figures);
}
