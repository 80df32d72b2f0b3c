//! The transcripts of this repository, and what their judgements notice.

use std::path::Path;

use atecc_conformance::{Engine, Sensitivity, Suite, Verdict};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests");

fn suite() -> Suite {
    let tests = Path::new(TESTS);
    let recordings = tests.join("recordings");
    Suite::run(
        &Engine::new(),
        &tests.join("transcripts"),
        Some(&recordings),
    )
}

#[test]
fn every_transcript_is_judged() {
    let suite = suite();
    let failures: Vec<_> = suite.failures().collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let findings = suite.judged.iter().flat_map(|one| &one.findings);
    let passed = findings.filter(|finding| finding.verdict == Verdict::Passed);
    assert!(suite.judged.len() >= 51);
    assert!(passed.count() >= 2_500);
}

/// A reduced form of `cargo xtask conformance --sensitivity`.
#[test]
fn flipped_bits_are_noticed() {
    let engine = Engine::new();
    let mut noticed = 0;
    for case in suite()
        .cases
        .iter()
        .filter(|case| case.transcript.is_some())
    {
        let one = Sensitivity::measure(&engine, case, 3, 1);
        assert!(one.missed.is_empty(), "{}: {:#?}", one.id, one.missed);
        noticed += one.noticed;
    }
    assert!(noticed > 100, "{noticed}");
}
