//! Results of single commands, given by an emulated chip as well.

use atecc::Opcode;
use atecc::config::offset;
use atecc_emulator::Image;

use super::each;
use super::harness::Harness;
use crate::judgement::{Judge, Judged, Verdict};
use crate::knowledge::Knowledge;
use crate::reason::Reason;
use crate::recording::{Aes, Counter, Data, Observation, Random};
use crate::usage::is_pattern;

/// Bits 4 to 2 of `KeyConfig`: an AES key. Source: ATECC508A datasheet,
/// "KeyConfig"; cryptoauthlib `calib_device.h`.
const AES_KEY: u8 = 6;
/// Bit 0: the part has AES. Source: cryptoauthlib `calib_device.h`,
/// `AES_Enable`.
const AES_ENABLE: usize = 13;

/// What commands answer on the emulated chip `image`.
pub(super) fn judge(data: &Data, image: &Image, known: &Knowledge, judged: &mut Judged) {
    let emulator = Judge::Emulator;
    each("digests", &data.digests, judged, |digest, add| {
        let ours = Harness::new(image.clone()).sha(&digest.message.0);
        add(emulator, "SHA", Verdict::equal(&digest.digest.0, &ours));
    });
    each("aes", &data.aes, judged, |aes, add| {
        add(emulator, "AES", judge_aes(aes, image, known));
    });
    each("counters", &data.counters, judged, |counter, add| {
        if let Some(raw) = &counter.raw {
            let verdict = Verdict::equal(&counter.value.to_le_bytes(), &raw.0);
            add(Judge::Codec, "Counter", verdict);
        }
        add(emulator, "Counter", judge_counter(counter, image));
    });
    each("randoms", &data.randoms, judged, |random, add| {
        add(emulator, "Random", judge_random(random, image));
    });
    let observed = &data.status_observations;
    each("status_observations", observed, judged, |one, add| {
        add(emulator, one.name(), judge_answer(one, image, known));
    });
    each(
        "success_observations",
        &data.success_observations,
        judged,
        |one, add| {
            add(emulator, one.name(), Verdict::Skipped(Reason::NoCommand));
        },
    );
    each("timings", &data.timings, judged, |_, add| {
        add(emulator, "time", Verdict::Skipped(Reason::Time));
    });
    each("info_state", &data.info_state, judged, |_, add| {
        add(emulator, "Info", Verdict::Skipped(Reason::NoCommand));
    });
}

/// In the first slot that is configured for it; where the configuration is not
/// known, in one that is.
fn judge_aes(aes: &Aes, image: &Image, known: &Knowledge) -> Verdict {
    let configured = known.config(offset::KEY_CONFIG).is_some();
    let (image, slot) = match aes_slot(image) {
        Some(slot) => (image.clone(), slot),
        None if configured => return Verdict::Skipped(Reason::Configuration),
        None => (with_aes_in_slot_0(image), 0),
    };
    let harness = Harness::new(image).with_key(slot, &aes.key.0);
    let encrypted = harness.say(Opcode::Aes, 0x00, slot.into(), &aes.plaintext.0);
    let decrypted = harness.say(Opcode::Aes, 0x01, slot.into(), &aes.ciphertext.0);
    let both = [encrypted, decrypted].concat();
    Verdict::equal(&[&aes.ciphertext.0[..], &aes.plaintext.0].concat(), &both)
}

/// The first slot that is configured for an AES key.
fn aes_slot(image: &Image) -> Option<u8> {
    let config = image.config();
    (0..16_u8).find(|slot| {
        let low = config[offset::KEY_CONFIG + 2 * usize::from(*slot)];
        low >> 2 & 7 == AES_KEY
    })
}

/// A locked part of which slot 0 may be used so.
fn with_aes_in_slot_0(image: &Image) -> Image {
    let mut config = *image.config();
    config[offset::KEY_CONFIG..][..2].copy_from_slice(&[AES_KEY << 2, 0x00]);
    config[offset::SLOT_CONFIG..][..2].copy_from_slice(&[0x80, 0x00]);
    config[AES_ENABLE] |= 0x01;
    (config[offset::LOCK_VALUE], config[offset::LOCK_CONFIG]) = (0x00, 0x00);
    image
        .clone()
        .with_config(config)
        .unwrap_or_else(|_| image.clone())
}

fn judge_counter(counter: &Counter, image: &Image) -> Verdict {
    let ours = Harness::new(image.clone()).say(Opcode::Counter, 0, counter.id, &[]);
    // A dump is of another moment.
    if counter.value.to_le_bytes()[..] == ours {
        Verdict::Passed
    } else {
        Verdict::Skipped(Reason::Count)
    }
}

fn judge_random(random: &Random, image: &Image) -> Verdict {
    let recorded = &random.value.0;
    if !is_pattern(recorded) {
        return Verdict::Skipped(Reason::Random);
    }
    let open = Image::blank(image.revision());
    let mut ours = Harness::new(open).say(Opcode::Random, 0, 0, &[]);
    ours.truncate(recorded.len());
    Verdict::equal(recorded, &ours)
}

impl Observation {
    /// The command, as the source names it.
    fn name(&self) -> &str {
        self.command.split([' ', ',']).next().unwrap_or_default()
    }
}

/// Of the commands in words only AES says all that is in it.
fn judge_answer(one: &Observation, image: &Image, known: &Knowledge) -> Verdict {
    let (true, Some(status)) = (one.name() == "AES", &one.status) else {
        return Verdict::Skipped(Reason::NoCommand);
    };
    // Where it names no slot, all answer alike.
    let slot = one.command.rsplit(' ').next().unwrap_or_default();
    let slot = slot.parse().unwrap_or_default();
    let ours = Harness::new(image.clone()).say(Opcode::Aes, 0, slot, &[0; 16]);
    match Verdict::equal(&status.0, &ours) {
        Verdict::Failed(_) if known.config(offset::CHIP_OPTIONS).is_none() => {
            Verdict::Skipped(Reason::Configuration)
        }
        verdict => verdict,
    }
}
