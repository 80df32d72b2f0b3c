//! Random terms that a chip can hold, with what stands at a border common.

use nerves_key::settings::term::{DEPTH, MinorVersion};
use num_bigint::BigInt;

use super::{Term, encode};
use tests_random::Random;

/// What slots 8, 7, 6 and 5 hold.
const SIZE: usize = 524;

/// Floats that are at the end of something, or are no short decimals.
const FLOATS: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.1,
    1e23,
    9_007_199_254_740_993.0,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    f64::EPSILON,
    5e-324,
    -5e-324,
    2.225_073_858_507_201e-308,
    1e-7,
    123_456_789_012_345_680.0,
];

const ATOMS: [&str; 12] = [
    "nil",
    "true",
    "false",
    "ok",
    "error",
    "a",
    "",
    "Elixir.System",
    "with space",
    ":",
    "ä",
    "日本",
];

const TEXTS: [&str; 8] = ["", "a", ":a", "grün", "日本", "🦀", "\0", "{\"map\": 1}"];

/// Terms of a seed.
#[derive(Debug)]
pub(super) struct Generator<'r>(pub(super) &'r mut Random);

impl Generator<'_> {
    /// A term that fits a chip in both spellings, mostly a map.
    pub(super) fn setting(&mut self) -> Term {
        loop {
            let term = match self.0.below(16) {
                0 => self.deep(),
                1 => self.wide(),
                2 | 3 => self.term(4),
                _ => self.map(4),
            };
            let fits = |version| encode(&term, version).len() <= SIZE;
            // Releases do not agree whether these are one key.
            let zeros = term.any(|one| matches!(one, Term::Map(pairs) if has_both_zeros(pairs)));
            if fits(MinorVersion::One) && fits(MinorVersion::Two) && !zeros {
                return term;
            }
        }
    }

    fn term(&mut self, depth: usize) -> Term {
        match self.0.below(if depth == 0 { 6 } else { 9 }) {
            0 | 1 => self.integer(),
            2 => self.float(),
            3 => self.atom(),
            4 => self.binary(),
            5 => self.bytes_as_list(8),
            6 => self.list(depth - 1),
            7 => self.tuple(depth - 1),
            _ => self.map(depth - 1),
        }
    }

    fn terms(&mut self, len: usize, depth: usize) -> Vec<Term> {
        (0..len).map(|_| self.term(depth)).collect()
    }

    /// What takes a byte or two.
    fn small(&mut self) -> Term {
        match self.0.below(4) {
            0 => Term::List(vec![], None),
            1 => Term::Tuple(vec![]),
            _ => Term::Integer(self.0.below(256).into()),
        }
    }

    /// Of every width, and one less or more than fits one.
    fn integer(&mut self) -> Term {
        let bits = match self.0.below(4) {
            0 => 8 * self.0.below(12),
            _ => *self
                .0
                .choice(&[0, 1, 7, 8, 16, 31, 32, 59, 60, 63, 64])
                .unwrap_or(&0),
        };
        self.integer_of(bits)
    }

    fn large_integer(&mut self) -> Term {
        let bits = 8 * (254 + self.0.below(4));
        self.integer_of(bits)
    }

    fn integer_of(&mut self, bits: usize) -> Term {
        let border = BigInt::from(1) << bits;
        let number = match self.0.below(5) {
            0 => border - 1,
            1 => border,
            2 => border + 1,
            _ => {
                (0..=bits / 64).fold(BigInt::from(0), |all, _| (all << 64) + self.0.word()) % border
            }
        };
        Term::Integer(if self.0.below(2) == 0 {
            number
        } else {
            -number
        })
    }

    fn float(&mut self) -> Term {
        let known = *self.0.choice(&FLOATS).unwrap_or(&0.0);
        let any = f64::from_bits(self.0.word());
        let picked = if self.0.below(2) == 0 { known } else { any };
        Term::Float(if picked.is_finite() { picked } else { known })
    }

    fn atom(&mut self) -> Term {
        Term::Atom(self.0.choice(&ATOMS).unwrap_or(&"").to_string())
    }

    /// The most characters, and the most bytes that one byte counts.
    fn long_atom(&mut self) -> Term {
        Term::Atom(match self.0.below(4) {
            0 => "a".repeat(254 + self.0.below(2)),
            1 => "ä".repeat(255),
            2 => "é".repeat(127) + &"x".repeat(self.0.below(3)),
            _ => "語".repeat(85) + &"x".repeat(self.0.below(2)),
        })
    }

    fn binary(&mut self) -> Term {
        match self.0.below(4) {
            0 => {
                let bytes = self.some_bytes(12);
                Term::Bits(bytes, 8)
            }
            1 => {
                let mut bytes = self.some_bytes(4);
                let last = 1 + self.0.below(7);
                bytes.push(0xFF << (8 - last) & 0xA5);
                Term::Bits(bytes, u8::try_from(last).unwrap_or(1))
            }
            _ => Term::Bits(self.0.choice(&TEXTS).unwrap_or(&"").as_bytes().to_vec(), 8),
        }
    }

    fn some_bytes(&mut self, below: usize) -> Vec<u8> {
        let all = self.0.bytes::<16>();
        let len = self.0.below(below);
        all.into_iter().take(len).collect()
    }

    /// A list that is a string, or would be but for one element.
    fn bytes_as_list(&mut self, most: usize) -> Term {
        let len = 1 + self.0.below(most);
        let byte = |_| Term::Integer(self.0.below(256).into());
        let mut elements: Vec<_> = (0..len).map(byte).collect();
        if self.0.below(3) == 0 {
            let other = *self.0.choice(&[-1, -882, 256, 1000]).unwrap_or(&-1);
            elements[self.0.below(len)] = Term::Integer(other.into());
        }
        Term::List(elements, None)
    }

    fn list(&mut self, depth: usize) -> Term {
        let len = self.0.below(5);
        let elements = self.terms(len, depth);
        let tail = match self.term(0) {
            Term::List(_, _) => None,
            tail => (len > 0 && self.0.below(3) == 0).then(|| Box::new(tail)),
        };
        Term::List(elements, tail)
    }

    fn tuple(&mut self, depth: usize) -> Term {
        let len = self.0.below(5);
        Term::Tuple(self.terms(len, depth))
    }

    /// About as much as a count of one byte counts, or as a chip holds.
    fn wide(&mut self) -> Term {
        match self.0.below(5) {
            0 => self.large_integer(),
            1 => self.long_atom(),
            2 => self.bytes_as_list(515),
            3 => {
                let len = 254 + self.0.below(4);
                let nil = || Term::List(vec![], None);
                let mut elements: Vec<_> = std::iter::repeat_with(nil).take(len).collect();
                elements[self.0.below(len)] = self.term(1);
                Term::Tuple(elements)
            }
            _ => {
                let len = 30 + self.0.below(12);
                self.map_of(len, Self::small)
            }
        }
    }

    fn map(&mut self, depth: usize) -> Term {
        let len = match self.0.below(50) {
            0 => 30 + self.0.below(12),
            _ => self.0.below(7),
        };
        self.map_of(len, |random| match len {
            7.. => random.small(),
            _ => random.term(depth),
        })
    }

    fn map_of(&mut self, len: usize, value: impl Fn(&mut Self) -> Term) -> Term {
        let mut pairs: Vec<(Term, Term)> = Vec::new();
        while pairs.len() < len {
            let key = match self.0.below(5) {
                0 if len < 7 => self.term(2),
                1 => Term::Integer(self.0.below(300).into()),
                2 => Term::Atom(format!("k{}", self.0.below(50))),
                _ => Term::Bits(format!("k{}", self.0.below(50)).into_bytes(), 8),
            };
            if pairs.iter().all(|(one, _)| *one != key) {
                pairs.push((key, value(self)));
            }
        }
        Term::Map(pairs)
    }

    /// As deep as a chip can hold it.
    fn deep(&mut self) -> Term {
        let mut term = self.small();
        // What is respelled may be a little deeper.
        for _ in 0..self.0.below(DEPTH - 8) {
            term = match self.0.below(40) {
                0 => Term::List(vec![term], None),
                1 => Term::Map(vec![(Term::List(vec![], None), term)]),
                _ => Term::Tuple(vec![term]),
            };
        }
        term
    }
}

fn has_both_zeros(pairs: &[(Term, Term)]) -> bool {
    let has = |bits: u64| {
        let is = |term: &Term| matches!(term, Term::Float(number) if number.to_bits() == bits);
        pairs.iter().any(|(key, _)| key.any(is))
    };
    has(0) && has(1 << 63)
}
