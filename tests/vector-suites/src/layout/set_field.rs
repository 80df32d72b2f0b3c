//! Single fields of `SlotConfig` and `KeyConfig`.

use std::collections::BTreeMap;
use std::error::Error;

use atecc::config::{KeyConfig, KeyType, SlotConfig};
use serde::Deserialize;

use tests_vector_runner::{Checked, Hex, Verdict, same};

#[derive(Deserialize)]
pub(super) struct SetField {
    kind: String,
    before: Hex,
    slot: u8,
    field: String,
    value: u8,
    after: Hex,
}

/// The lowest bit of a field and how many it has.
type Bits = (&'static str, u32, u32);

/// Source: ATECC508A datasheet, Table 2-7.
const SLOT_CONFIG: [Bits; 7] = [
    ("read_key", 0, 4),
    ("no_mac", 4, 1),
    ("limited_use", 5, 1),
    ("encrypt_read", 6, 1),
    ("is_secret", 7, 1),
    ("write_key", 8, 4),
    ("write_config", 12, 4),
];
/// Source: ATECC508A datasheet, Table 2-11; bit 12 of a 608: cryptoauthlib
/// `calib_device.h`.
const KEY_CONFIG: [Bits; 10] = [
    ("private", 0, 1),
    ("pub_info", 1, 1),
    ("key_type", 2, 3),
    ("lockable", 5, 1),
    ("req_random", 6, 1),
    ("req_auth", 7, 1),
    ("auth_key", 8, 4),
    ("persistent_disable", 12, 1),
    ("unused", 13, 1),
    ("x509_id", 14, 2),
];

type Fields = BTreeMap<&'static str, u8>;

/// The fields of a word.
type Getters<'a> = &'a dyn Fn(u16) -> Fields;

/// The reference's setters, the bits of the datasheet and our getters: the field
/// has its value, all others are as they were, and ours reads each as the bits
/// say, before and after.
pub(super) fn set_field(row: &SetField) -> Checked {
    match row.kind.as_str() {
        "slot_config" => judge(row, &SLOT_CONFIG, &slot_fields),
        "key_config" => judge(row, &KEY_CONFIG, &key_fields),
        kind => Err(format!("{kind} is not known here").into()),
    }
}

fn judge(row: &SetField, bits: &[Bits], getters: Getters<'_>) -> Checked {
    let (before, after) = (words(&row.before)?, words(&row.after)?);
    for (slot, (before, after)) in (0_u8..).zip(before.into_iter().zip(after)) {
        for word in [before, after] {
            same("fields", getters(word), by_bits(word, bits))?;
        }
        let mut expected = by_bits(before, bits);
        if slot == row.slot {
            let field = expected.get_mut(row.field.as_str());
            *field.ok_or("the datasheet has no such field")? = row.value;
        }
        same("fields", getters(after), expected)?;
    }
    Ok(Verdict::Pass)
}

/// 16 words, low byte first.
fn words(table: &Hex) -> Result<[u16; 16], Box<dyn Error>> {
    let bytes: [u8; 32] = table.array()?;
    Ok(std::array::from_fn(|slot| {
        u16::from_le_bytes([bytes[2 * slot], bytes[2 * slot + 1]])
    }))
}

fn by_bits(word: u16, bits: &[Bits]) -> Fields {
    let field = |&(name, low, count): &Bits| {
        let value = word >> low & ((1 << count) - 1);
        (name, value.to_le_bytes()[0])
    };
    bits.iter().map(field).collect()
}

fn slot_fields(word: u16) -> Fields {
    let config = SlotConfig(word);
    BTreeMap::from([
        ("read_key", config.read_key().index()),
        ("no_mac", config.no_mac().into()),
        ("limited_use", config.limited_use().into()),
        ("encrypt_read", config.encrypt_read().into()),
        ("is_secret", config.is_secret().into()),
        ("write_key", config.write_key().index()),
        ("write_config", config.write_config().bits()),
    ])
}

fn key_fields(word: u16) -> Fields {
    let config = KeyConfig(word);
    BTreeMap::from([
        ("private", config.private().into()),
        ("pub_info", config.pub_info().into()),
        (
            "key_type",
            match config.key_type() {
                KeyType::P256 => 4,
                KeyType::Aes => 6,
                KeyType::ShaOrData => 7,
                KeyType::Reserved(code) => code,
            },
        ),
        ("lockable", config.lockable().into()),
        ("req_random", config.req_random().into()),
        ("req_auth", config.req_auth().into()),
        ("auth_key", config.auth_key().index()),
        ("persistent_disable", config.latch_disable().into()),
        // Bit 13 means nothing and has no getter.
        ("unused", (config.0 >> 13 & 1 == 1).into()),
        ("x509_id", config.x509_id() as u8),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use tests_vector_runner::read_rows;

    fn rows() -> Vec<SetField> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/config.json");
        let rows = read_rows(path.as_ref(), "set_field").unwrap();
        rows.into_iter().map(|(_, row)| row.unwrap()).collect()
    }

    /// Whether the rows of a kind are all accepted.
    fn accepted(kind: &str, bits: &[Bits], getters: Getters<'_>) -> bool {
        let rows = rows();
        let mut own = rows.iter().filter(|row| row.kind == kind);
        own.all(|row| judge(row, bits, getters).is_ok())
    }

    /// A getter that always says the same, or reads another bit, is noticed.
    #[test]
    fn another_getter_fails() {
        let kinds: [(&str, &[Bits], Getters<'_>); 2] = [
            ("slot_config", &SLOT_CONFIG, &slot_fields),
            ("key_config", &KEY_CONFIG, &key_fields),
        ];
        for (kind, bits, getters) in kinds {
            assert!(accepted(kind, bits, getters));
            for (name, low, count) in bits {
                let with = |word, value| {
                    let mut fields = getters(word);
                    fields.insert(name, value);
                    fields
                };
                for constant in 0..=15 {
                    let wrong = |word| with(word, constant);
                    assert!(!accepted(kind, bits, &wrong), "{name} is always {constant}");
                }
                for bit in 0..16 {
                    let wrong = |word: u16| with(word, getters(word ^ 1 << bit)[name]);
                    let is_own = (*low..low + count).contains(&bit);
                    assert_eq!(accepted(kind, bits, &wrong), !is_own, "{name}, bit {bit}");
                }
            }
        }
    }

    /// A setter of the reference that set something else would be noticed.
    #[test]
    fn another_row_fails() {
        for row in rows() {
            set_field(&row).unwrap();
            let changed = |change: fn(&mut SetField)| {
                let mut row = SetField {
                    kind: row.kind.clone(),
                    before: row.before.clone(),
                    field: row.field.clone(),
                    after: row.after.clone(),
                    ..row
                };
                change(&mut row);
                set_field(&row)
            };
            assert!(changed(|row| row.value ^= 1).is_err());
            assert!(changed(|row| row.after.0[31] ^= 0x80).is_err());
            assert!(changed(|row| row.before.0[0] ^= 0x01).is_err() || row.slot == 0);
        }
    }
}
