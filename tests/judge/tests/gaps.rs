//! A sample of the gaps between sessions with two chips.

use std::num::NonZeroU32;

use atecc_judge::gaps;

#[test]
fn a_neighbour_makes_nothing_fail() {
    let report = gaps::run(NonZeroU32::new(127).unwrap());
    assert!(report.figures.wrong.is_empty(), "{}", report.figures);
    assert!(report.runs > 10_000);
    let refused: Vec<_> = report
        .refused
        .keys()
        .map(|(chip, watchdog, opcode)| format!("{chip} {watchdog:?} {opcode}"))
        .collect();
    let expected = [
        "608B M2 Typical SelfTest",
        "608B M2 Earliest SelfTest",
        "608B M2 Earliest Verify",
    ];
    assert_eq!(refused, expected);
}
