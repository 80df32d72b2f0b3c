//! Which sequences are walked: all of them up to a length, and beyond it enough
//! that every two calls come at every two places.

use tests_random::Random;

/// Every sequence of `length` of `calls`.
pub(crate) fn all<T: Copy>(calls: &[T], length: u32) -> impl Iterator<Item = Vec<T>> {
    let number = calls.len().pow(length);
    (0..number).map(move |mut number| {
        let mut next = |_| {
            let call = calls[number % calls.len()];
            number /= calls.len();
            call
        };
        (0..length).map(&mut next).collect()
    })
}

/// Sequences of `length` with every two of `calls` at every two places, in order.
pub(crate) fn pairs<T: Copy>(calls: &[T], length: usize) -> Vec<Vec<T>> {
    let kinds = calls.len();
    let mut random = Random::new(0x5041_4952);
    let mut left = Pairs::new(kinds, length);
    let mut sequences = Vec::new();
    while let Some((place, call, other_place, other_call)) = left.first() {
        let mut best = (0, Vec::new());
        for _ in 0..8 {
            let mut sequence: Vec<_> = (0..length).map(|_| random.below(kinds)).collect();
            sequence[place] = call;
            sequence[other_place] = other_call;
            let gain = left.gain(&sequence);
            if gain > best.0 {
                best = (gain, sequence);
            }
        }
        left.cover(&best.1);
        sequences.push(best.1.iter().map(|kind| calls[*kind]).collect());
    }
    sequences
}

/// The pairs that no sequence has had.
struct Pairs {
    kinds: usize,
    length: usize,
    left: Vec<bool>,
    /// None before this one is left.
    from: usize,
}

impl Pairs {
    fn new(kinds: usize, length: usize) -> Self {
        let left = vec![true; length * kinds * length * kinds];
        let mut pairs = Self {
            kinds,
            length,
            left,
            from: 0,
        };
        for place in 0..length {
            for other in 0..=place {
                for number in 0..kinds * kinds {
                    let index = pairs.index(place, number / kinds, other, number % kinds);
                    pairs.left[index] = false;
                }
            }
        }
        pairs
    }

    const fn index(&self, place: usize, call: usize, other: usize, other_call: usize) -> usize {
        ((place * self.kinds + call) * self.length + other) * self.kinds + other_call
    }

    fn first(&mut self) -> Option<(usize, usize, usize, usize)> {
        let found = self.left.iter().skip(self.from).position(|left| *left)?;
        self.from += found;
        let (rest, other_call) = (self.from / self.kinds, self.from % self.kinds);
        let (rest, other) = (rest / self.length, rest % self.length);
        Some((rest / self.kinds, rest % self.kinds, other, other_call))
    }

    fn of<'a>(&'a self, sequence: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        (0..self.length).flat_map(move |place| {
            (place + 1..self.length)
                .map(move |other| self.index(place, sequence[place], other, sequence[other]))
        })
    }

    fn gain(&self, sequence: &[usize]) -> usize {
        self.of(sequence).filter(|index| self.left[*index]).count()
    }

    fn cover(&mut self, sequence: &[usize]) {
        let covered: Vec<_> = self.of(sequence).collect();
        for index in covered {
            self.left[index] = false;
        }
    }
}

#[test]
fn all_and_pairs_are_complete() {
    let calls = ['a', 'b', 'c', 'd', 'e'];
    let three: std::collections::BTreeSet<_> = all(&calls, 3).collect();
    assert_eq!(three.len(), 125);
    let sequences = pairs(&calls, 6);
    for place in 0..6 {
        for other in place + 1..6 {
            for (call, other_call) in all(&calls, 2).map(|pair| (pair[0], pair[1])) {
                let has = |it: &Vec<char>| it[place] == call && it[other] == other_call;
                assert!(sequences.iter().any(has), "{call} {other_call}");
            }
        }
    }
}
