//! Settings as a chip may hold them: a term is read as a second reading reads
//! it, and what is read is written back to the same meaning.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nerves_key::settings::term::{MinorVersion, TermError};
use nerves_key::settings::{Area, Settings, Value};
use tests_terms::{Term, decode, encode};

fn term(data: &[u8]) {
    let value = match (Value::from_term(data), decode(data)) {
        (Ok(value), Ok(term)) => {
            assert_eq!(Term::from(&value), term);
            value
        }
        (Err(error), read) => {
            assert!(!error.to_string().is_empty());
            // The second reading has no limit.
            assert!(read.is_err() || error == TermError::Nested);
            return;
        }
        (Ok(value), Err(wrong)) => panic!("{wrong:?} is read as {value:?}"),
    };
    for version in [MinorVersion::One, MinorVersion::Two] {
        let bytes = value.to_term(version).expect("what is read is written");
        assert_eq!(Value::from_term(&bytes).as_ref(), Ok(&value));
        assert_eq!(value.to_term(version).as_ref(), Ok(&bytes));
        let again = decode(&bytes).expect("a term");
        assert_eq!(encode(&again, version), bytes);
    }
}

fn chip(data: &[u8]) {
    for area in [Area::NervesKey, Area::TrustPart] {
        let held = data.get(..area.size()).unwrap_or(data);
        let settings = Settings::from_bytes(area, held).expect("as many as fit");
        if let Ok(Some(value)) = settings.value()
            && let Ok(write) = settings.write_value_as_term(&value)
        {
            let after = write.after().value().expect("what was written is read");
            let twice = write.after().write_value_as_term(&after.expect("a value"));
            assert_eq!(twice.expect("it fits").after(), write.after());
        }
    }
}

fuzz_target!(|data: &[u8]| {
    term(data);
    chip(data);
});
