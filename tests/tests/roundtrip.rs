//! Random certificates survive compression byte for byte.

use tests_roundtrip::run;

#[test]
fn certificates_survive() {
    let stats = run(300, 0x4E72_7673);
    assert_eq!(stats.failures, Vec::<String>::new());
    assert_eq!(stats.certificates, 300);
    // Of each kind there are some, and both kinds of certificates.
    assert!((100..=200).contains(&stats.signers), "{stats:?}");
    for count in [
        stats.leading_zero_r,
        stats.leading_zero_s,
        stats.two_zeros_r,
        stats.two_zeros_s,
        stats.top_bit,
        stats.short_der,
    ] {
        assert!(count > 0, "{stats:?}");
    }
}

#[test]
fn a_seed_says_everything() {
    assert_eq!(run(10, 1), run(10, 1));
    assert_ne!(run(10, 1), run(10, 2));
}
