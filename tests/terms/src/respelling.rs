//! Terms in spellings that `term_to_binary` does not choose, and that
//! `binary_to_term` takes all the same.

use num_bigint::Sign;

use super::Term;
use super::spelling::{count, string};
use tests_random::Random;

/// `term` in a spelling of its own, with something behind it.
pub(super) fn respell(term: &Term, random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![131];
    put(term, random, &mut bytes);
    bytes.extend(random.bytes::<3>());
    bytes
}

fn put(term: &Term, random: &mut Random, out: &mut Vec<u8>) {
    // A list of nothing is its tail.
    if matches!(term, Term::Integer(_)) && random.below(8) == 0 {
        out.push(b'l');
        count::<4>(0, out);
    }
    match term {
        Term::Integer(number) => match (random.below(3), i32::try_from(number)) {
            (0, Ok(word)) => {
                out.push(b'b');
                out.extend(word.to_be_bytes());
            }
            (choice, _) => {
                let (sign, mut digits) = number.to_bytes_le();
                // Zeros at the greater end.
                digits.resize(digits.len() + random.below(3), 0);
                if choice == 1 && digits.len() < 256 {
                    out.push(b'n');
                    count::<1>(digits.len(), out);
                } else {
                    out.push(b'o');
                    count::<4>(digits.len(), out);
                }
                let minus = 1 + random.below(2);
                count::<1>(if sign == Sign::Minus { minus } else { 0 }, out);
                out.extend(digits);
            }
        },
        Term::Float(number) => {
            let text = old_float(*number);
            if random.below(2) == 0 && text.len() < 31 {
                out.push(b'c');
                let start = out.len();
                out.extend(text.as_bytes());
                out.resize(start + 31, 0);
            } else {
                out.push(b'F');
                out.extend(number.to_be_bytes());
            }
        }
        Term::Atom(name) => atom(name, random, out),
        Term::Bits(bytes, last) => {
            if *last == 8 && (bytes.is_empty() || random.below(2) == 0) {
                out.push(b'm');
                count::<4>(bytes.len(), out);
                out.extend(bytes);
            } else {
                out.push(b'M');
                count::<4>(bytes.len(), out);
                out.push(*last);
                out.extend(bytes);
                // What is not used of the last byte.
                if let Some(byte) = out.last_mut() {
                    *byte |= 0xFF_u8.checked_shr((*last).into()).unwrap_or(0);
                }
            }
        }
        Term::List(elements, tail) => list(elements, tail.as_deref(), random, out),
        Term::Tuple(elements) => {
            out.push(b'i');
            count::<4>(elements.len(), out);
            all(elements, random, out);
        }
        Term::Map(pairs) => {
            out.push(b't');
            count::<4>(pairs.len(), out);
            // In another order, unless that is the machine's own.
            let turn = if pairs.len() > 32 {
                0
            } else {
                random.below(pairs.len())
            };
            for (key, value) in pairs.iter().cycle().skip(turn).take(pairs.len()) {
                put(key, random, out);
                put(value, random, out);
            }
        }
    }
}

fn all(terms: &[Term], random: &mut Random, out: &mut Vec<u8>) {
    for term in terms {
        put(term, random, out);
    }
}

/// As C prints it with 20 digits.
fn old_float(number: f64) -> String {
    let text = format!("{number:.20e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!("{mantissa}e{exponent:+03}")
        }
        None => text,
    }
}

fn atom(name: &str, random: &mut Random, out: &mut Vec<u8>) {
    let latin: Option<Vec<u8>> = name.chars().map(|one| u8::try_from(one).ok()).collect();
    match (random.below(3), latin) {
        (0, Some(latin)) => {
            out.push(b'd');
            count::<2>(latin.len(), out);
            out.extend(latin);
        }
        (1, Some(latin)) => {
            out.push(b's');
            count::<1>(latin.len(), out);
            out.extend(latin);
        }
        _ => {
            out.push(b'v');
            count::<2>(name.len(), out);
            out.extend(name.as_bytes());
        }
    }
}

/// Elements by elements, or a list in the tail of another.
fn list(elements: &[Term], tail: Option<&Term>, random: &mut Random, out: &mut Vec<u8>) {
    let (first, rest) = elements.split_at(random.below(elements.len() + 1));
    out.push(b'l');
    count::<4>(first.len(), out);
    all(first, random, out);
    match (tail, string(rest)) {
        (None, Some(bytes)) => {
            out.push(b'k');
            count::<2>(bytes.len(), out);
            out.extend(bytes);
        }
        (tail, _) => {
            out.push(b'l');
            count::<4>(rest.len(), out);
            all(rest, random, out);
            match tail {
                Some(tail) => put(tail, random, out),
                None => out.push(b'j'),
            }
        }
    }
}
