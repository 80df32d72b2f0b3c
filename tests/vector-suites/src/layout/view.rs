//! The reference's two views of a configuration zone, byte by byte.

use std::error::Error;

use atecc::ConfigZone;
use atecc_config::fields;
use serde::Deserialize;

use tests_vector_runner::{Hex, same};

/// Its view of any zone as an ATECC508A's. Counters and slot locks are numbers
/// of the bytes from the last to the first.
#[derive(Deserialize)]
pub(super) struct View508 {
    #[serde(flatten)]
    pub(super) common: Common,
    reserved0: u8,
    reserved1: u8,
    reserved2: u8,
    otp_mode: u8,
    last_key_use: Hex,
    selector: u8,
    rfu: Hex,
}

/// Its view as an ATECC608's, where all numbers are of the bytes from the first
/// to the last.
#[derive(Deserialize)]
pub(super) struct View608 {
    #[serde(flatten)]
    pub(super) common: Common,
    aes_enable: u8,
    reserved0: Hex,
    reserved1: Hex,
    count_match: u8,
    use_lock: Hex,
    volatile_key_permission: Permission,
    secure_boot: u16,
    kdflvloc: u8,
    kdflvstr: u16,
    reserved2: Hex,
    user_extra_add: u8,
    chip_options: u16,
}

/// What both have.
#[derive(Deserialize)]
pub(super) struct Common {
    pub(super) serial_number: Hex,
    pub(super) rev_num: RevNum,
    pub(super) i2c_enable: u8,
    pub(super) i2c_address: u8,
    pub(super) chip_mode: u8,
    pub(super) slot_config: Hex,
    counter0: String,
    counter1: String,
    user_extra: u8,
    pub(super) lock_value: u8,
    pub(super) lock_config: u8,
    pub(super) slot_locked: u16,
    x509_format: Hex,
    pub(super) key_config: Hex,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RevNum {
    Name(String),
    Raw { raw: Hex },
}

#[derive(Deserialize)]
struct Permission {
    key: u8,
    enabled: bool,
}

/// A field: its name in the datasheet, its first byte, its bytes.
pub(super) type Row = (String, usize, Vec<u8>);

/// Offset of `RevNum`. Source: ATECC508A datasheet, Table 2-5.
const REVISION: usize = 4;
/// Of a 508 and of a 608.
const FAMILY_508: [u8; 4] = [0x00, 0x00, 0x50, 0x00];
const FAMILY_608: [u8; 4] = [0x00, 0x00, 0x60, 0x02];

/// Ours of the zone, as if it were a 508's.
pub(super) fn fields_508(zone: &ConfigZone) -> Result<Vec<Row>, Box<dyn Error>> {
    ours(zone, FAMILY_508)
}

/// Ours of the zone, as if it were a 608's.
pub(super) fn fields_608(zone: &ConfigZone) -> Result<Vec<Row>, Box<dyn Error>> {
    ours(zone, FAMILY_608)
}

fn ours(zone: &ConfigZone, revision: [u8; 4]) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut of_family = *zone;
    of_family.0[REVISION..REVISION + 4].copy_from_slice(&revision);
    let mut rows = Vec::new();
    for field in fields(&of_family) {
        let bytes = Hex::try_from(field.bytes).map_err(|error| error.to_string())?;
        rows.push((field.name, field.offset, bytes.0));
    }
    Ok(rows)
}

/// No more, no fewer, no others.
fn same_rows(ours: &[Row], theirs: &[Row]) -> Result<(), Box<dyn Error>> {
    same("fields", ours.len(), theirs.len())?;
    let mut pairs = ours.iter().zip(theirs);
    pairs.try_for_each(|(ours, theirs)| same("field", ours, theirs))
}

/// The fields are the bytes of the zone in their order, but for the revision;
/// the permission is one of them.
pub(super) fn as_they_stand(raw: &[u8; 128], fields: &[Row]) -> Result<(), Box<dyn Error>> {
    let bytes: Vec<u8> = fields
        .iter()
        .flat_map(|(.., bytes)| bytes)
        .copied()
        .collect();
    let mut expected = raw.to_vec();
    expected[REVISION..REVISION + 4].copy_from_slice(&FAMILY_608);
    same("bytes of the fields", bytes, expected)?;
    let name = "VolatileKeyPermission";
    let permission = fields.iter().find(|(field, ..)| field == name);
    let expected = (name.to_owned(), 69, vec![raw[69]]);
    same(name, permission, Some(&expected))
}

/// Rows in their order.
#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    fn push(&mut self, name: impl Into<String>, bytes: &[u8]) {
        let at = self.0.last().map_or(0, |(_, at, bytes)| at + bytes.len());
        self.0.push((name.into(), at, bytes.to_vec()));
    }

    /// 16 pairs, or four bytes, of one name.
    fn each(&mut self, name: &str, bytes: &[u8], size: usize) {
        for (index, bytes) in bytes.chunks(size).enumerate() {
            self.push(format!("{name}[{index}]"), bytes);
        }
    }
}

impl View508 {
    /// Every field is the same.
    pub(super) fn compare(&self, ours: &[Row]) -> Result<(), Box<dyn Error>> {
        same_rows(ours, &self.rows()?)
    }

    fn rows(&self) -> Result<Vec<Row>, Box<dyn Error>> {
        let mut table = Table::default();
        let common = &self.common;
        let serial: [u8; 9] = common.serial_number.array()?;
        table.push("SN[0:3]", &serial[..4]);
        table.push("RevNum", &FAMILY_508);
        table.push("SN[4:8]", &serial[4..]);
        table.push("Reserved", &[self.reserved0]);
        table.push("I2C_Enable", &[common.i2c_enable]);
        table.push("Reserved", &[self.reserved1]);
        table.push("I2C_Address", &[common.i2c_address]);
        table.push("Reserved", &[self.reserved2]);
        table.push("OTPmode", &[self.otp_mode]);
        table.push("ChipMode", &[common.chip_mode]);
        table.each("SlotConfig", &common.slot_config.0, 2);
        for (name, counter) in [
            ("Counter0", &common.counter0),
            ("Counter1", &common.counter1),
        ] {
            table.push(name, &counter.parse::<u64>()?.to_le_bytes());
        }
        table.push("LastKeyUse", &self.last_key_use.0);
        table.push("UserExtra", &[common.user_extra]);
        table.push("Selector", &[self.selector]);
        table.push("LockValue", &[common.lock_value]);
        table.push("LockConfig", &[common.lock_config]);
        table.push("SlotLocked", &common.slot_locked.to_le_bytes());
        table.push("RFU", &self.rfu.0);
        table.each("X509format", &common.x509_format.0, 1);
        table.each("KeyConfig", &common.key_config.0, 2);
        Ok(table.0)
    }
}

impl View608 {
    /// Every field is the same.
    pub(super) fn compare(&self, ours: &[Row]) -> Result<(), Box<dyn Error>> {
        same_rows(ours, &self.rows()?)
    }

    fn rows(&self) -> Result<Vec<Row>, Box<dyn Error>> {
        let mut table = Table::default();
        let common = &self.common;
        let serial: [u8; 9] = common.serial_number.array()?;
        let Permission { key, enabled } = self.volatile_key_permission;
        table.push("SN[0:3]", &serial[..4]);
        table.push("RevNum", &FAMILY_608);
        table.push("SN[4:8]", &serial[4..]);
        table.push("AES_Enable", &[self.aes_enable]);
        table.push("I2C_Enable", &[common.i2c_enable]);
        table.push("Reserved", &self.reserved0.0);
        table.push("I2C_Address", &[common.i2c_address]);
        table.push("Reserved", &self.reserved1.0);
        table.push("CountMatch", &[self.count_match]);
        table.push("ChipMode", &[common.chip_mode]);
        table.each("SlotConfig", &common.slot_config.0, 2);
        for (name, counter) in [
            ("Counter0", &common.counter0),
            ("Counter1", &common.counter1),
        ] {
            table.push(name, &counter.parse::<u64>()?.to_be_bytes());
        }
        table.push("UseLock", &self.use_lock.0);
        table.push("VolatileKeyPermission", &[u8::from(enabled) << 7 | key]);
        table.push("SecureBoot", &self.secure_boot.to_be_bytes());
        table.push("KdfIvLoc", &[self.kdflvloc]);
        table.push("KdfIvStr", &self.kdflvstr.to_be_bytes());
        table.push("Reserved", &self.reserved2.0);
        table.push("UserExtra", &[common.user_extra]);
        table.push("UserExtraAdd", &[self.user_extra_add]);
        table.push("LockValue", &[common.lock_value]);
        table.push("LockConfig", &[common.lock_config]);
        table.push("SlotLocked", &common.slot_locked.to_be_bytes());
        table.push("ChipOptions", &self.chip_options.to_be_bytes());
        table.each("X509format", &common.x509_format.0, 1);
        table.each("KeyConfig", &common.key_config.0, 2);
        Ok(table.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::config::Decode;
    use tests_vector_runner::{Outcome, read_rows};

    /// Each byte of each field, its name and its place count, in both views.
    #[test]
    fn another_answer_fails() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/config.json");
        let rows = read_rows::<Decode>(path.as_ref(), "decode").unwrap();
        let (mut of_508, mut of_608) = (0, 0);
        for (name, row) in rows {
            let row = row.unwrap();
            let zone = ConfigZone(row.raw.array().unwrap());
            let compare_508 = |rows: &[Row]| row.atecc508.compare(rows);
            of_508 += perturbed(&fields_508(&zone).unwrap(), &compare_508, &name);
            let fields = fields_608(&zone).unwrap();
            let raised = |rows: &[Row]| as_they_stand(&zone.0, rows);
            of_608 += match &row.atecc608 {
                Outcome::Value(view) => perturbed(&fields, &|rows| view.compare(rows), &name),
                Outcome::Raised { .. } => perturbed_bytes(&fields, &raised, &name),
            };
        }
        assert!(of_508 > 59 * 128 && of_608 > 59 * 128, "{of_508}, {of_608}");
    }

    type Compare<'a> = &'a dyn Fn(&[Row]) -> Result<(), Box<dyn Error>>;

    fn perturbed(right: &[Row], compare: Compare<'_>, case: &str) -> usize {
        for index in 0..right.len() {
            let mut wrong = right.to_vec();
            wrong[index].0.push('x');
            assert!(compare(&wrong).is_err(), "{case}: {wrong:?}");
            let mut wrong = right.to_vec();
            wrong[index].1 += 1;
            assert!(compare(&wrong).is_err(), "{case}: {wrong:?}");
        }
        perturbed_bytes(right, compare, case)
    }

    fn perturbed_bytes(right: &[Row], compare: Compare<'_>, case: &str) -> usize {
        compare(right).unwrap();
        let mut count = 0;
        for (index, (name, _, bytes)) in right.iter().enumerate() {
            for at in 0..bytes.len() {
                let mut wrong = right.to_vec();
                wrong[index].2[at] ^= 1 << (at % 8);
                assert!(compare(&wrong).is_err(), "{case}: {name}, byte {at}");
                count += 1;
            }
        }
        let mut wrong = right.to_vec();
        wrong.pop();
        assert!(compare(&wrong).is_err(), "{case}");
        count + 1
    }
}
