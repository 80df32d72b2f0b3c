//! Random parts of certificates.

use atecc_x509::{IssueDate, Name, Validity};
use tests_random::Random;

/// Characters of serials: of one to four bytes, with those that name parsers
/// stumble on.
const CHARACTERS: [char; 24] = [
    'A', 'B', 'Z', 'a', 'z', '0', '9', '-', '_', '.', ' ', '/', '=', ',', '+', '"', '\\', '#',
    '\0', '\n', 'ä', 'ß', '語', '🦀',
];

/// Any hour of the years that format 0 holds, and 0 to 31 years.
pub(super) fn validity(random: &mut Random) -> Validity {
    loop {
        let year = 2000 + u16::from(random.byte(32));
        let (month, day) = (1 + random.byte(12), 1 + random.byte(31));
        let issue = IssueDate::new(year, month, day, random.byte(24));
        let validity = issue.and_then(|issue| Validity::new(issue, random.byte(32)));
        if let Ok(validity) = validity {
            return validity;
        }
    }
}

/// A subject of 1 to 48 bytes.
pub(super) fn subject(random: &mut Random) -> Name {
    loop {
        let length = 1 + random.below(48);
        let mut serial = String::new();
        while serial.len() < length {
            serial.extend(random.choice(&CHARACTERS));
        }
        if let Ok(subject) = Name::from_serial(&serial) {
            return subject;
        }
    }
}
