//! Settings: stored as the reference stores them, read as it reads them.

use std::error::Error;
use std::path::Path;

use nerves_key::AuxiliarySlots;
use nerves_key::settings::term::{ForeignKind, MinorVersion, TermError};
use nerves_key::settings::{Area, Settings, SettingsError, Stored, Value};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use tests_terms::{SORTED_PAIRS, Term, Wrong, decode, encode};
use tests_vector_runner::{Checked, Hex, Tally, Verdict, holds, run_list, same};

/// `settings.json`.
#[must_use]
pub fn settings(dir: &Path) -> Vec<Tally> {
    let file = "settings.json";
    vec![
        run_list(dir, file, "put", put),
        run_list(dir, file, "get", get),
        run_list(dir, file, "aux", auxiliary),
    ]
}

#[derive(Deserialize)]
struct Put {
    device_type: String,
    term: Json,
    term_to_binary: Hex,
    term_to_binary_minor_version_2: Option<Hex>,
    slots: Json,
}

#[derive(Deserialize)]
struct Slot {
    data: Hex,
}

fn put(row: &Put) -> Checked {
    let area = match row.device_type.as_str() {
        "nerves_key" => Area::NervesKey,
        _ => Area::TrustPart,
    };
    let empty = Settings::from_bytes(area, &[])?;
    let write = empty.write_term(&row.term_to_binary.0);
    if row.slots.get("raises").is_some() {
        let len = row.term_to_binary.0.len();
        let refused = matches!(
            write,
            Err(SettingsError::TooLarge { len: ours, limit })
                if ours == len && limit == area.size()
        );
        holds("refused by size", refused)?;
        return Ok(Verdict::Pass);
    }
    let slots: Vec<Slot> = serde_json::from_value(row.slots.clone())?;
    let theirs: Vec<u8> = slots.into_iter().flat_map(|slot| slot.data.0).collect();
    let write = write?;
    let ours = write.after().as_bytes();
    same("slots", ours, &theirs[..ours.len()])?;
    let term = term(&row.term)?;
    written(&term, MinorVersion::One, &row.term_to_binary.0)?;
    if let Some(bytes) = &row.term_to_binary_minor_version_2 {
        written(&term, MinorVersion::Two, &bytes.0)?;
    }
    Ok(Verdict::Pass)
}

/// Read `theirs` and write it again, and write what a program builds.
fn written(term: &Term, version: MinorVersion, theirs: &[u8]) -> Result<(), Box<dyn Error>> {
    let second = decode(theirs).map_err(|wrong| format!("{wrong:?}"))?;
    same("second reading", &second, term)?;
    same(
        "second writing",
        encode(&second, version).as_slice(),
        theirs,
    )?;
    let value = Value::from_term(theirs)?;
    same("value", &Term::from(&value), term)?;
    same("written again", value.to_term(version)?.as_slice(), theirs)?;
    let pairs = |one: &Term| matches!(one, Term::Map(pairs) if pairs.len() > SORTED_PAIRS);
    if !term.any(pairs) {
        let built = Value::from(term).to_term(version)?;
        same("built", built.as_slice(), theirs)?;
        let sorted = encode(&term.with_sorted_maps(SORTED_PAIRS), version);
        same("sorted", sorted.as_slice(), theirs)?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Get {
    raw: Hex,
    result: Json,
}

fn get(row: &Get) -> Checked {
    let raw = row.raw.0.as_slice();
    let area = if raw.len() == 524 {
        Area::NervesKey
    } else {
        Area::TrustPart
    };
    let settings = Settings::from_bytes(area, raw)?;
    if [0x00, 0xFF]
        .iter()
        .any(|byte| raw.iter().all(|one| one == byte))
    {
        same("theirs", &row.result, &json!({ "error": "corrupt" }))?;
        same("nothing", settings.stored()?, Stored::Empty)?;
        same("no value", settings.value()?, None)?;
        return Ok(Verdict::Differs("never-written"));
    }
    match (decode(raw), row.result.get("ok")) {
        (Ok(read), Some(theirs)) => {
            let theirs = term(theirs)?;
            same("second reading", &read, &theirs)?;
            let ours = settings.value()?.ok_or("nothing is read")?;
            same("value", &Term::from(&ours), &theirs)?;
            Ok(Verdict::Pass)
        }
        // Only that a machine may lack an atom tells it from one that is read.
        (Ok(read), None) => {
            same("theirs", &row.result, &json!({ "error": "corrupt" }))?;
            holds("an atom that not every machine has", read.any(is_rare_atom))?;
            let ours = settings.value()?.ok_or("nothing is read")?;
            same("value", &Term::from(&ours), &read)?;
            Ok(Verdict::Differs("no-atom-table"))
        }
        (Err(Wrong::Foreign { tag, at }), theirs) => {
            let kind = foreign(tag).ok_or("no foreign tag")?;
            let error = TermError::Foreign { at, kind };
            let ours = settings.value();
            let refused = matches!(ours, Err(SettingsError::Term(ours)) if ours == error);
            holds(&format!("{error}, ours: {ours:?}"), refused)?;
            if row.result == json!({ "error": "corrupt" }) {
                return Ok(Verdict::Pass);
            }
            // What the file can print is none of these, but may be compressed.
            let printable = theirs.is_some();
            holds("printable", !printable || kind == ForeignKind::Compressed)?;
            holds(
                "given",
                printable || row.result.get("ok_unprintable").is_some(),
            )?;
            Ok(Verdict::Differs("no-setting"))
        }
        (Err(Wrong::Corrupt), _) => {
            same("theirs", &row.result, &json!({ "error": "corrupt" }))?;
            let ours = settings.value();
            holds(&format!("corrupt, ours: {ours:?}"), ours.is_err())?;
            Ok(Verdict::Pass)
        }
    }
}

/// Not one of the atoms that Erlang/OTP itself begins with.
fn is_rare_atom(term: &Term) -> bool {
    let known = ["nil", "true", "false", "ok", "error", "undefined"];
    matches!(term, Term::Atom(name) if !known.contains(&name.as_str()))
}

/// Source: Erlang documentation, "External Term Format".
const fn foreign(tag: u8) -> Option<ForeignKind> {
    Some(match tag {
        b'g' | b'X' => ForeignKind::Process,
        b'f' | b'Y' | b'x' => ForeignKind::Port,
        b'e' | b'r' | b'Z' => ForeignKind::Reference,
        b'u' | b'p' | b'q' => ForeignKind::Function,
        b'P' => ForeignKind::Compressed,
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Aux {
    slot9: Hex,
    has_aux_certificates: bool,
}

fn auxiliary(row: &Aux) -> Checked {
    let slots = AuxiliarySlots {
        device_certificate: row.slot9.array()?,
        ..AuxiliarySlots::EMPTY
    };
    if slots.device_certificate == [0xFF; 72] {
        holds("none are there", slots.is_empty())?;
        return Ok(Verdict::Differs("blank-slot"));
    }
    same("present", !slots.is_empty(), row.has_aux_certificates)?;
    Ok(Verdict::Pass)
}

/// A term as the file writes it.
fn term(json: &Json) -> Result<Term, Box<dyn Error>> {
    let all = |terms: &Json| -> Result<Vec<Term>, Box<dyn Error>> {
        let terms = terms.as_array().ok_or("no list")?;
        terms.iter().map(term).collect()
    };
    let text = |name: &str| json[name].as_str().ok_or("no text");
    let bytes = |name: &str| serde_json::from_value::<Hex>(json[name].clone());
    let has = |name: &str| json.get(name).is_some();
    Ok(if has("atom") {
        Term::Atom(text("atom")?.into())
    } else if has("integer") {
        Term::Integer(text("integer")?.parse()?)
    } else if has("binary") {
        Term::Bits(bytes("binary")?.0, 8)
    } else if has("float_bits") {
        Term::Float(f64::from_be_bytes(bytes("float_bits")?.array()?))
    } else if has("bitstring") {
        let bits = json["bitstring_bits"].as_u64().ok_or("no bits")?;
        Term::Bits(bytes("bitstring")?.0, u8::try_from((bits + 7) % 8 + 1)?)
    } else if has("list") {
        Term::List(all(&json["list"])?, None)
    } else if has("improper_list") {
        let mut elements = all(&json["improper_list"])?;
        let tail = elements.pop().ok_or("no tail")?;
        Term::List(elements, Some(Box::new(tail)))
    } else if has("tuple") {
        Term::Tuple(all(&json["tuple"])?)
    } else if has("map") {
        let pairs = json["map"].as_array().ok_or("no pairs")?.iter();
        let pairs = pairs.map(|pair| Ok((term(&pair[0])?, term(&pair[1])?)));
        Term::Map(pairs.collect::<Result<_, Box<dyn Error>>>()?)
    } else {
        return Err(format!("no term: {json}").into());
    })
}
