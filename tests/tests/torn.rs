//! Writes of what may be changed, disturbed at every transaction.

use std::io::Write;

use atecc_emulator::Revision;
use tests_fault_sweep::torn::{KEPT_TWICE, Torn, auxiliary, settings};

fn show(revision: Revision, all: &[Torn]) {
    let mut out = std::io::stdout().lock();
    for torn in all {
        let Torn {
            name,
            transactions,
            runs,
            new,
            last,
            lost,
            ..
        } = torn;
        writeln!(
            out,
            "{revision} {name}: {transactions} transactions, {runs} runs: new {new}, last {last}, \
             lost with an error {lost}, mixtures {}",
            torn.wrong.len()
        )
        .unwrap();
    }
}

fn clean(torn: &Torn) {
    assert_eq!(torn.wrong, [] as [String; 0], "{}", torn.name);
    assert_eq!(torn.new + torn.last + torn.lost, torn.runs, "{}", torn.name);
    assert!(torn.last > 0, "{}: no fault stopped anything", torn.name);
}

#[test]
fn torn_settings() {
    let revision = Revision::Atecc608B;
    let all = settings(revision).unwrap();
    show(revision, &all);
    all.iter().for_each(clean);
    let (twice, once) = all.split_at(KEPT_TWICE);
    for torn in twice {
        assert_eq!(torn.lost, 0, "{}", torn.name);
    }
    assert!(once.iter().all(|torn| torn.lost > 0), "{once:?}");
}

#[test]
fn auxiliary_certificates() {
    let all = auxiliary(Revision::Atecc608B).unwrap();
    show(Revision::Atecc608B, &all);
    all.iter().for_each(clean);
    let [first, other, cleared] = all.as_slice() else {
        panic!("{all:?}")
    };
    // Slot 9 is written last and cleared first.
    assert!(other.lost > 0 && first.lost + cleared.lost > 0, "{all:?}");
}
