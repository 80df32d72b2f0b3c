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
    let [mut of_actions, mut of_facts] = [0, 0];
    for case in &suite().cases {
        let actions = Sensitivity::of_actions(&engine, case, 3, 1);
        let facts = Sensitivity::of_facts(&engine, case, 6, 1);
        for one in [&actions, &facts] {
            assert!(one.missed.is_empty(), "{}: {:#?}", one.id, one.missed);
        }
        of_actions += actions.noticed;
        of_facts += facts.noticed;
    }
    assert!(
        of_actions > 100 && of_facts > 100,
        "{of_actions}, {of_facts}"
    );
}
