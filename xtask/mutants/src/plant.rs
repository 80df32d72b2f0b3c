//! All mutants of a file at once, each behind a question at run time.
//!
//! Building takes longer than testing, so that the tests are built once with
//! all mutants in them, and one is woken by an environment variable:
//! `a + b` becomes `(if on(7) { a - b } else { a + b })`. What a constant needs
//! cannot ask, so that its mutants are planted apart.

use super::change::Change;
use super::constants::Needed;
use super::finder;
use super::region::{self, Rendered};
use super::source::Source;

/// A mutant with its number and its place.
#[derive(Clone, Debug)]
pub(super) struct Planting {
    pub(super) id: u32,
    pub(super) start: usize,
    pub(super) change: Change,
}

/// The file with its mutants.
#[derive(Debug)]
pub(super) struct Planted {
    pub(super) rendered: Rendered,
    /// Those that cannot be planted beside others.
    pub(super) apart: Vec<u32>,
}

/// The question, for the end of the crate's first file.
pub(super) const SWITCH: &str = include_str!("switch.txt");

/// Plant; functions in `constant` stay constant.
pub(super) fn plant(source: &Source, plantings: &[Planting], constant: &Needed) -> Planted {
    let (regions, found) = finder::find(source, plantings, constant);
    let ids = plantings.iter().map(|planting| planting.id);
    Planted {
        apart: ids.filter(|id| !found.contains(id)).collect(),
        rendered: region::render(&source.text, regions),
    }
}

#[cfg(test)]
mod tests {
    use super::super::constants::{Constants, Role};
    use super::*;

    const TEXT: &str = "\
const FOUR: u8 = 2 + two();
const fn two() -> u8 {
    1 + 1
}
const fn less(a: u8, b: u8) -> bool {
    a < b && !b.is_power_of_two()
}
fn pick(a: u8) -> P {
    match a {
        1 if a > FOUR => P { x: 1, ..P::new() },
        2 => P::new(),
        _ => P::other(),
    }
}
fn bound(a: Option<u8>) -> bool {
    if let Some(a) = a && a == 1 { true } else { false }
}
";

    fn planting(id: u32, at: &str, change: &str) -> Planting {
        Planting {
            id,
            start: TEXT.find(at).unwrap(),
            change: change.parse().unwrap(),
        }
    }

    /// Spaces apart, what becomes of the text.
    fn planted(plantings: &[Planting]) -> (String, Vec<u32>) {
        let source = Source::parse("text", TEXT.to_owned()).unwrap();
        let mut constants = Constants::default();
        constants.add(&source.tree, Role::Planted);
        let planted = plant(&source, plantings, &constants.needed());
        syn::parse_file(&planted.rendered.text).unwrap();
        let words: Vec<_> = planted.rendered.text.split_whitespace().collect();
        let text = words.join(" ").replace("crate::mutants_switch::", "");
        (text, planted.apart)
    }

    #[test]
    fn each_mutant_asks_whether_it_is_awake() {
        for (at, change, text) in [
            (
                "a < b &&",
                "body true",
                "bool { if on(3) { return true; } a < b",
            ),
            (
                "< b &&",
                "operator < to ==",
                "{ (if on(3) { a == b } else { a < b }) && !b",
            ),
            (
                "&& !b",
                "operator && to ||",
                "{ (if on(3) { a < b || !b.is_power_of_two() } else { a < b && !b",
            ),
            (
                "!b.is",
                "unary",
                "&& (if on(3) { b.is_power_of_two() } else { !b.is_power_of_two() }) }",
            ),
            (
                "a > FOUR",
                "guard true",
                "1 if (if on(3) { true } else { a > FOUR }) =>",
            ),
            ("1 if a", "arm", "1 if !on(3) && (a > FOUR) =>"),
            ("2 => P", "arm", "2 if !on(3) => P::new()"),
            (
                "x: 1",
                "field",
                "(if on(3) { P { ..P::new() } } else { P { x: 1, ..P::new() } })",
            ),
        ] {
            let (planted, apart) = planted(&[planting(3, at, change)]);
            assert!(planted.contains(text), "{planted}");
            assert_eq!(apart, Vec::<u32>::new(), "{at}");
            assert!(
                planted.contains("} fn less"),
                "it is not constant: {planted}"
            );
        }
    }

    #[test]
    fn mutants_of_one_place_are_within_each_other() {
        let (planted, apart) = planted(&[
            planting(1, "a > FOUR", "guard true"),
            planting(2, "a > FOUR", "guard false"),
            planting(3, "1 if a", "arm"),
            planting(4, "> FOUR", "operator > to >="),
        ]);
        let text = "1 if !on(3) && ((if on(1) { true } else if on(2) { false } else { \
                    (if on(4) { a >= FOUR } else { a > FOUR }) })) =>";
        assert!(planted.contains(text), "{planted}");
        assert_eq!(apart, Vec::<u32>::new());
    }

    #[test]
    fn constants_and_bindings_cannot_ask() {
        let plantings = [
            planting(1, "+ two", "operator + to -"),
            planting(2, "+ 1", "operator + to -"),
            planting(3, "1 + 1", "body 0"),
            planting(4, "&& a == 1", "operator && to ||"),
        ];
        assert_eq!(planted(&plantings).1, [1, 2, 3, 4]);
    }
}
