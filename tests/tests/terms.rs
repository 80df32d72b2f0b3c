//! Settings as Erlang terms: what Erlang/OTP writes is read, and written back
//! as the same bytes.
//!
//! `cargo xtask terms` does it with more terms, and asks Erlang/OTP itself.

use tests_terms::{KINDS, run};

const TERMS: usize = 3_000;

#[test]
fn random_terms_there_and_back() {
    let stats = run(TERMS, 1);
    assert_eq!(stats.differences, Vec::<String>::new());
    assert_eq!(stats.terms, TERMS);
    for kind in KINDS {
        let count = stats.kinds.get(kind).copied().unwrap_or(0);
        assert!(count > 5, "{kind}: {count}");
    }
}
