//! Settings as Erlang terms, a second reading of them.
//!
//! `nerves_key::settings::term` has the codec that is tested. Nothing of it is
//! used here but its types, so that a wrong byte in one of them does not cancel
//! out.
//! Source: Erlang documentation, "External Term Format" and "Term Comparisons".
//! The vectors, and Erlang/OTP where it is installed, have been asked about
//! all of it.
#![forbid(unsafe_code)]

mod generator;
pub mod otp;
mod respelling;
mod run;
mod spelling;

use std::cmp::Ordering;

use nerves_key::settings::Value;
use num_bigint::BigInt;

pub use run::{KINDS, SORTED_PAIRS, Stats, run};
pub use spelling::{Wrong, decode, encode};

/// A term that settings may have. Equal terms are one value in Erlang, however
/// they were spelled.
#[derive(Clone, Debug)]
pub enum Term {
    /// An integer of any size.
    Integer(BigInt),
    /// A number that is finite.
    Float(f64),
    /// An atom.
    Atom(String),
    /// Bytes, and how many bits of the last one count: 8, or less for what is
    /// no binary.
    Bits(Vec<u8>, u8),
    /// Elements, and the tail of a list that is none.
    List(Vec<Term>, Option<Box<Term>>),
    /// A tuple.
    Tuple(Vec<Term>),
    /// Pairs, in an order that means nothing.
    Map(Vec<(Term, Term)>),
}

impl Term {
    /// Where kinds stand among each other.
    const fn rank(&self) -> u8 {
        match self {
            // As keys, all integers come before all floats.
            Self::Integer(_) => 0,
            Self::Float(_) => 1,
            Self::Atom(_) => 2,
            Self::Tuple(_) => 3,
            Self::Map(_) => 4,
            Self::List(_, _) if self.is_nil() => 5,
            Self::List(_, _) => 6,
            Self::Bits(_, _) => 7,
        }
    }

    const fn is_nil(&self) -> bool {
        matches!(self, Self::List(elements, None) if elements.is_empty())
    }

    /// This term and all in it.
    pub fn each<'a>(&'a self, seen: &mut impl FnMut(&'a Self)) {
        seen(self);
        match self {
            Self::List(elements, tail) => {
                let tail = tail.as_deref();
                elements.iter().chain(tail).for_each(|one| one.each(seen));
            }
            Self::Tuple(elements) => elements.iter().for_each(|one| one.each(seen)),
            Self::Map(pairs) => {
                for (key, value) in pairs {
                    key.each(seen);
                    value.each(seen);
                }
            }
            Self::Integer(_) | Self::Float(_) | Self::Atom(_) | Self::Bits(_, _) => {}
        }
    }

    /// Whether something in it is.
    pub fn any(&self, is: impl Fn(&Self) -> bool) -> bool {
        let mut found = false;
        self.each(&mut |term| found |= is(term));
        found
    }

    /// The order in which maps up to a size are written.
    #[must_use]
    pub fn with_sorted_maps(&self, up_to: usize) -> Self {
        let all = |terms: &[Self]| {
            let sorted = terms.iter().map(|term| term.with_sorted_maps(up_to));
            sorted.collect::<Vec<_>>()
        };
        match self {
            Self::List(elements, tail) => {
                let tail = tail.as_ref().map(|tail| tail.with_sorted_maps(up_to));
                Self::List(all(elements), tail.map(Box::new))
            }
            Self::Tuple(elements) => Self::Tuple(all(elements)),
            Self::Map(pairs) => {
                let inner = |(key, value): &(Self, Self)| {
                    (key.with_sorted_maps(up_to), value.with_sorted_maps(up_to))
                };
                let mut pairs: Vec<_> = pairs.iter().map(inner).collect();
                if pairs.len() <= up_to {
                    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
                }
                Self::Map(pairs)
            }
            leaf => leaf.clone(),
        }
    }
}

/// Term order, as between keys of a map.
impl Ord for Term {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = other.rank();
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => one.cmp(other),
            (Self::Float(one), Self::Float(other)) => one.total_cmp(other),
            (Self::Atom(one), Self::Atom(other)) => one.as_bytes().cmp(other.as_bytes()),
            (Self::Bits(one, last), Self::Bits(other, other_last)) => {
                bits(one, *last).cmp(&bits(other, *other_last))
            }
            (Self::List(one, tail), Self::List(other, other_tail)) if self.rank() == rank => {
                lists((one, tail.as_deref()), (other, other_tail.as_deref()))
            }
            (Self::Tuple(one), Self::Tuple(other)) => {
                one.len().cmp(&other.len()).then_with(|| one.cmp(other))
            }
            (Self::Map(one), Self::Map(other)) => {
                let sorted = |pairs: &[(Self, Self)]| {
                    let mut pairs = pairs.to_vec();
                    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
                    pairs.into_iter().unzip::<_, _, Vec<_>, Vec<_>>()
                };
                let sizes = one.len().cmp(&other.len());
                sizes.then_with(|| sorted(one).cmp(&sorted(other)))
            }
            (one, other) => one.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Term {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Term {}

fn bits(bytes: &[u8], last: u8) -> Vec<bool> {
    let all = bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte << bit & 0x80 != 0));
    let unused = if bytes.is_empty() {
        0
    } else {
        8 - usize::from(last)
    };
    all.take(8 * bytes.len() - unused).collect()
}

/// Element by element; where a list ends, its tail beside what is left of the
/// other.
fn lists(one: (&[Term], Option<&Term>), other: (&[Term], Option<&Term>)) -> Ordering {
    let common = one.0.len().min(other.0.len());
    let (heads, rest) = one.0.split_at(common);
    let (other_heads, other_rest) = other.0.split_at(common);
    heads.cmp(other_heads).then_with(|| {
        let tail = |rest: &[Term], tail: Option<&Term>| match tail {
            Some(tail) if rest.is_empty() => tail.clone(),
            tail => Term::List(rest.to_vec(), tail.cloned().map(Box::new)),
        };
        let (tail, other_tail) = (tail(rest, one.1), tail(other_rest, other.1));
        match (&tail, &other_tail) {
            // Both proper and at their ends.
            (one, other) if one.is_nil() && other.is_nil() => Ordering::Equal,
            (one, other) => one.cmp(other),
        }
    })
}

fn all(values: &[Value]) -> Vec<Term> {
    values.iter().map(Into::into).collect()
}

/// What a value means.
impl From<&Value> for Term {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Atom("nil".into()),
            Value::Bool(value) => Self::Atom(value.to_string()),
            Value::Integer(value) => Self::Integer((*value).into()),
            Value::BigInteger(digits) => Self::Integer(digits.parse().expect("decimal digits")),
            Value::Float(value) => Self::Float(*value),
            Value::Text(text) => Self::Bits(text.as_bytes().to_vec(), 8),
            Value::Bytes(bytes) => Self::Bits(bytes.clone(), 8),
            Value::Atom(name) => Self::Atom(name.clone()),
            Value::Charlist(bytes) => {
                let integer = |byte: &u8| Self::Integer((*byte).into());
                Self::List(bytes.iter().map(integer).collect(), None)
            }
            Value::List(values) => Self::List(all(values), None),
            Value::Tuple(values) => Self::Tuple(all(values)),
            Value::Map(pairs) => {
                let pair = |(key, value): &(Value, Value)| (key.into(), value.into());
                Self::Map(pairs.iter().map(pair).collect())
            }
            Value::Bits(bytes, last) => Self::Bits(bytes.clone(), *last),
            Value::ImproperList(values, tail) => {
                Self::List(all(values), Some(Box::new(tail.as_ref().into())))
            }
        }
    }
}

/// A value that means it, as a program may build it: lists of bytes are lists,
/// all binaries are bytes, all atoms are atoms.
impl From<&Term> for Value {
    fn from(term: &Term) -> Self {
        let all = |terms: &[Term]| terms.iter().map(Self::from).collect();
        match term {
            Term::Integer(number) => i64::try_from(number).map_or_else(
                |_larger| Self::BigInteger(number.to_string()),
                Self::Integer,
            ),
            Term::Float(number) => Self::Float(*number),
            Term::Atom(name) => Self::Atom(name.clone()),
            Term::Bits(bytes, 8) => Self::Bytes(bytes.clone()),
            Term::Bits(bytes, last) => Self::Bits(bytes.clone(), *last),
            Term::List(elements, None) => Self::List(all(elements)),
            Term::List(elements, Some(tail)) => {
                Self::ImproperList(all(elements), Box::new(tail.as_ref().into()))
            }
            Term::Tuple(elements) => Self::Tuple(all(elements)),
            Term::Map(pairs) => {
                let pair = |(key, value): &(Term, Term)| (key.into(), value.into());
                Self::Map(pairs.iter().map(pair).collect())
            }
        }
    }
}
