//! A sample of the pairs of commands.

use std::num::NonZeroUsize;

use atecc_judge::pairs;

#[test]
fn no_old_answer_is_taken() {
    let stride = NonZeroUsize::new(53).unwrap();
    let report = pairs::run(stride);
    assert!(report.figures.wrong.is_empty(), "{}", report.figures);
    assert!(report.runs > 3_000);
    // The second of most pairs is right in the end.
    assert!(report.figures.answers > report.runs);
}
