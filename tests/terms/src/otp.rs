//! Erlang/OTP as a judge: of the generator, of the second reading, and of the
//! codec that is tested.
//!
//! It is asked by `tests/interop/terms.escript` about terms as they are
//! generated, respelled and damaged: whether `binary_to_term` takes them, and
//! what `term_to_binary` makes of them.

use nerves_key::settings::Value;
use nerves_key::settings::term::{MinorVersion, TermError};

use super::generator::Generator;
use super::respelling::respell;
use super::run::{SORTED_PAIRS, VERSIONS, same, text, to_term, with_deep_stack};
use super::{Term, Wrong, decode, encode};
use tests_random::Random;

/// The last release that writes atoms in Latin-1, and all small maps in the
/// order of their keys.
const LAST_SORTED: u32 = 25;

/// What is asked about.
#[derive(Clone, Debug)]
pub struct Question {
    bytes: Vec<u8>,
    /// What they mean, unless they are damaged.
    term: Option<Term>,
}

/// What came of the questions.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// Release of the judge.
    pub release: u32,
    /// Terms in the spelling of a chip, and in others.
    pub terms: usize,
    /// Damaged ones that are a term all the same,
    pub damaged_terms: usize,
    /// that are none,
    pub corrupt: usize,
    /// or that settings do not have.
    pub foreign: usize,
    /// One line each.
    pub differences: Vec<String>,
}

/// `count` terms, each three times.
#[must_use]
pub fn questions(count: usize, seed: u64) -> Vec<Question> {
    let mut random = Random::new(seed);
    let mut questions = Vec::new();
    for index in 0..count {
        let term = Generator(&mut random)
            .setting()
            .with_sorted_maps(SORTED_PAIRS);
        let bytes = encode(&term, VERSIONS[index % 2]);
        let respelled = respell(&term, &mut random);
        let damaged = damage(if index % 4 < 2 { &bytes } else { &respelled }, &mut random);
        for (bytes, term) in [
            (bytes, Some(term.clone())),
            (respelled, Some(term)),
            (damaged, None),
        ] {
            questions.push(Question { bytes, term });
        }
    }
    questions
}

fn damage(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(2) {
        let at = 1 + random.below(bytes.len() - 1);
        match random.below(8) {
            0 => bytes.truncate(at + 1),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, bytes[at]),
            3 | 4 => bytes[at] = random.bytes::<1>()[0],
            _ => bytes[at] ^= 1 << random.below(8),
        }
        if bytes.len() < 2 {
            break;
        }
    }
    // The judge would make room for as much as such a term announces.
    if bytes.get(1) == Some(&b'P') {
        bytes[1] = b'h';
    }
    bytes
}

/// The questions as the script takes them.
#[must_use]
pub fn asked(questions: &[Question]) -> Vec<u8> {
    let packet = |question: &Question| {
        let len = u32::try_from(question.bytes.len()).unwrap_or_default();
        len.to_be_bytes().into_iter().chain(question.bytes.clone())
    };
    questions.iter().flat_map(packet).collect()
}

/// Compare with the script's answers: its release, then for each question what
/// it writes in the first minor version, in the second, and in the second with
/// all maps sorted; nothing for what it does not take.
///
/// # Errors
/// When there are not as many answers.
pub fn judge(questions: &[Question], answers: &[u8]) -> Result<Judged, String> {
    with_deep_stack(|| all(questions, answers))
}

fn all(questions: &[Question], answers: &[u8]) -> Result<Judged, String> {
    let mut answers = Packets(answers);
    let release = String::from_utf8_lossy(answers.next()?).into_owned();
    let mut judged = Judged {
        release: release
            .parse()
            .map_err(|error| format!("release {release:?}: {error}"))?,
        ..Judged::default()
    };
    for question in questions {
        let answer = [answers.next()?, answers.next()?, answers.next()?];
        if let Err(difference) = judged.compare(question, answer) {
            let line = format!("{difference}\n  {question:02X?}");
            judged.differences.push(line);
        }
    }
    if answers.0.is_empty() {
        Ok(judged)
    } else {
        Err(format!("{} bytes after the last answer", answers.0.len()))
    }
}

impl Judged {
    fn compare(&mut self, question: &Question, answer: [&[u8]; 3]) -> Result<(), String> {
        let read = decode(&question.bytes);
        let ours = Value::from_term(&question.bytes);
        let [first, second, deterministic] = answer;
        if first.is_empty() {
            self.corrupt += 1;
            same("undamaged", question.term.is_none(), true)?;
            // What settings do not have may be damaged, too.
            return same("read", (read.is_err(), ours.is_err()), (true, true));
        }
        let value = match (read, ours) {
            (Err(Wrong::Foreign { at, .. }), Err(TermError::Foreign { at: ours, .. })) => {
                self.foreign += 1;
                return same("foreign", (question.term.is_none(), ours), (true, at));
            }
            // Atoms by their places in the table of a running machine. Nothing
            // outside it has them, and no document names them.
            (
                Err(Wrong::Corrupt),
                Err(TermError::Tag {
                    tag: b'I' | b'K', ..
                }),
            ) => {
                self.foreign += 1;
                return same("damaged", question.term.is_none(), true);
            }
            (Ok(read), Ok(value)) => {
                same("read", &Term::from(&value), &read)?;
                value
            }
            (read, ours) => return Err(format!("second reading {read:?}, ours {ours:?}")),
        };
        match &question.term {
            Some(term) => {
                self.terms += 1;
                same("meaning", &Term::from(&value), term)?;
            }
            None => self.damaged_terms += 1,
        }
        for (version, theirs) in VERSIONS.into_iter().zip([first, second]) {
            let term = decode(theirs).map_err(|wrong| format!("{wrong:?}"))?;
            same("theirs", &term, &Term::from(&value))?;
            let sorted = encode(&term.with_sorted_maps(SORTED_PAIRS), version);
            let read = Value::from_term(theirs).map_err(text)?;
            same("written", to_term(&read, version)?, sorted.clone())?;
            if self.release <= LAST_SORTED {
                same("generated", sorted.as_slice(), theirs)?;
            }
        }
        let all_sorted = Term::from(&value).with_sorted_maps(usize::MAX);
        same(
            "sorted",
            encode(&all_sorted, MinorVersion::Two).as_slice(),
            deterministic,
        )
    }
}

struct Packets<'a>(&'a [u8]);

impl<'a> Packets<'a> {
    fn next(&mut self) -> Result<&'a [u8], String> {
        let (len, rest) = self.0.split_first_chunk().ok_or("an answer is missing")?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(text)?;
        let (packet, rest) = rest.split_at_checked(len).ok_or("an answer is cut off")?;
        self.0 = rest;
        Ok(packet)
    }
}
