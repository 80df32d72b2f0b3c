//! SecureBoot, the IO protection key, and the limit of counter 0.

use atecc::Opcode;
use atecc::host::{self, BootKey, CommandHeader, CounterMatchError};
use serde::Deserialize;

use super::row::{Row, Status};
use tests_vector_runner::{Checked, Hex, Verdict, holds, same};

#[derive(Deserialize)]
pub(super) struct EncryptInputs {
    io_key: Hex,
    digest: Hex,
}

#[derive(Deserialize)]
pub(super) struct Encrypted {
    hashed_key: Hex,
    digest_enc: Hex,
}

pub(super) fn encrypt(row: &Row<EncryptInputs, Encrypted>) -> Checked {
    let (io_key, digest) = (row.inputs.io_key.array()?, row.inputs.digest.array()?);
    let key = BootKey::new(&io_key, &row.temp_key()?.bytes()?);
    let theirs = row.output()?;
    same("digest", &key.encrypt(&digest)[..], &theirs.digest_enc.0)?;
    // Zeros, encrypted, are the key.
    same("key", &key.encrypt(&[0; 32])[..], &theirs.hashed_key.0)?;
    Ok(Verdict::Pass)
}

#[derive(Deserialize)]
pub(super) struct MacInputs {
    mode: u8,
    param2: u16,
    secure_boot_config: u16,
    hashed_key: Hex,
    digest: Hex,
    signature: Hex,
}

#[derive(Deserialize)]
pub(super) struct Mac {
    mac: Hex,
}

/// A stored digest (mode 6, `SecureBootMode` 3) is compared without a signature.
pub(super) fn mac(row: &Row<MacInputs, Mac>) -> Checked {
    const STORED: u8 = 0x06;
    const DIGEST_IS_STORED: u16 = 0x03;
    let inputs = &row.inputs;
    let signature = inputs.signature.array()?;
    let without =
        inputs.mode & 0x07 == STORED && inputs.secure_boot_config & 0x03 == DIGEST_IS_STORED;
    let ours = host::secure_boot_mac(
        CommandHeader::new(Opcode::SecureBoot, inputs.mode, inputs.param2),
        &BootKey::from_bytes(inputs.hashed_key.array()?),
        &inputs.digest.array()?,
        (!without).then_some(&signature),
    );
    same("MAC", &ours[..], &row.output()?.mac.0)?;
    Ok(Verdict::Pass)
}

#[derive(Deserialize)]
pub(super) struct IoInputs {
    io_key: Hex,
    out_nonce: Hex,
    data: Hex,
}

#[derive(Deserialize)]
pub(super) struct Data {
    data: Hex,
}

pub(super) fn io_decrypt(row: &Row<IoInputs, Data>) -> Checked {
    let inputs = &row.inputs;
    let (key, nonce) = (inputs.io_key.array()?, inputs.out_nonce.array()?);
    let ours = match inputs.data.0.len() {
        32 => host::decrypt_32(&key, &nonce, &inputs.data.array()?).to_vec(),
        64 => host::decrypt_64(&key, &nonce, &inputs.data.array()?).to_vec(),
        len => {
            // The library takes nothing for nothing, and refuses the rest.
            let theirs = row.output().map(|output| output.data.0.len());
            holds("a length of the chip's", theirs.unwrap_or_default() == 0)?;
            same("refused", row.status == Status::BadParam, len > 0)?;
            return Ok(Verdict::Differs("two-lengths"));
        }
    };
    same("decrypted", ours.as_slice(), &row.output()?.data.0)?;
    Ok(Verdict::Pass)
}

#[derive(Deserialize)]
pub(super) struct CounterInputs {
    counter_value: u32,
}

#[derive(Deserialize)]
pub(super) struct Counter {
    counter_match_value: Hex,
}

pub(super) fn counter_match(row: &Row<CounterInputs, Counter>) -> Checked {
    let value = row.inputs.counter_value;
    let ours = host::counter_match(value);
    if row.status == Status::BadParam {
        same("refusal", ours, Err(CounterMatchError(value)))?;
    } else {
        same("slot", &ours?[..], &row.output()?.counter_match_value.0)?;
    }
    Ok(Verdict::Pass)
}
