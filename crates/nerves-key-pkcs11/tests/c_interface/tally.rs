//! Cases, counted.

use cryptoki_sys::CK_RV;

/// How many cases there were, and which went wrong.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    cases: usize,
    wrong: Vec<String>,
}

impl Tally {
    pub(crate) fn case(&mut self, name: &str, rv: CK_RV, expected: CK_RV) {
        self.cases += 1;
        if rv != expected {
            self.wrong
                .push(format!("{name}: {rv:#x} instead of {expected:#x}"));
        }
    }

    pub(crate) fn check(&mut self, name: &str, holds: bool) {
        self.cases += 1;
        if !holds {
            self.wrong.push(name.to_owned());
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.wrong.extend(other.wrong);
    }

    pub(crate) fn report(self) {
        println!("C interface: {} cases", self.cases);
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}
