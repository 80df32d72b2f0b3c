//! Single results that a source prints beside or instead of bus traffic.
//!
//! Commands that give them are run on an emulated chip; MACs are computed by
//! the driver's host side as well.

mod bench;
mod macs;

use atecc::{ConfigZone, Opcode};
use atecc_emulator::{CONFIG_SIZE, Image, Revision};

use crate::emulator::{is_point, verifies};
use crate::judgement::{Item, Judge, Judged, Verdict, hex};
use crate::knowledge::Knowledge;
use crate::reason::Reason;
use crate::recording::{Data, Dump, Recording, Signature};
use crate::start::part;
use crate::usage::is_pattern;
use bench::Bench;

/// Bits 4 to 2 of `KeyConfig`: an AES key. Source: ATECC508A datasheet,
/// "KeyConfig"; cryptoauthlib `calib_device.h`.
const AES_KEY: u8 = 6;

pub(crate) fn judge(recording: &Recording, judged: &mut Judged) {
    let known = recording.known();
    // Certificates of a root name no part.
    let revision = part(&recording.chip, &known).unwrap_or(Revision::Atecc608B);
    let blank = Image::blank(revision);
    let image = known.image(&blank).unwrap_or(blank);
    let Data {
        config_zones,
        config_partial,
        macs,
        signatures,
        public_keys,
        ..
    } = &recording.data;
    for index in recording.contradicted() {
        let verdict = Verdict::differs("what passed at that time", "something else");
        let item = Item::Datum("exchanges".to_owned(), index);
        judged.add(Judge::Codec, item, "time", verdict);
    }
    each("config_zones", config_zones, judged, |dump, add| {
        add(Judge::Codec, "configuration", parsed(dump));
        add(Judge::Emulator, "configuration", read_back(dump));
    });
    each("config_partial", config_partial, judged, |dump, add| {
        add(Judge::Codec, "configuration", fits(dump));
    });
    each("macs", macs, judged, |mac, add| {
        add(Judge::Driver, &mac.command, macs::by_host(mac));
        add(Judge::Emulator, &mac.command, macs::by_emulator(mac));
    });
    each("signatures", signatures, judged, |one, add| {
        add(Judge::Emulator, "Verify", verified(one));
    });
    each("public_keys", public_keys, judged, |one, add| {
        let bytes = &one.public_key.0;
        let verdict = if is_point(bytes) {
            Verdict::Passed
        } else {
            Verdict::differs("a point of P-256", hex(bytes))
        };
        add(Judge::Codec, "public key", verdict);
    });
    results(&recording.data, &image, &known, judged);
    for (list, value) in &recording.others {
        let Some(values) = value.as_array() else {
            continue;
        };
        for index in 0..values.len() {
            let item = Item::Datum(list.clone(), index);
            let verdict = Verdict::Skipped(Reason::NotOnTheBus);
            judged.add(Judge::Codec, item, list.clone(), verdict);
        }
    }
}

fn each<T>(
    list: &str,
    values: &[T],
    judged: &mut Judged,
    judge: impl Fn(&T, &mut dyn FnMut(Judge, &str, Verdict)),
) {
    for (index, value) in values.iter().enumerate() {
        judge(value, &mut |who, what, verdict| {
            judged.add(who, Item::Datum(list.to_owned(), index), what, verdict);
        });
    }
}

/// What commands answer on the emulated chip.
fn results(data: &Data, image: &Image, known: &Knowledge, judged: &mut Judged) {
    let emulator = Judge::Emulator;
    let config = |at: usize| known.config(at).is_some();
    each("digests", &data.digests, judged, |digest, add| {
        let ours = Bench::new(image.clone()).sha(&digest.message.0);
        add(emulator, "SHA", Verdict::equal(&digest.digest.0, &ours));
    });
    each("aes", &data.aes, judged, |aes, add| {
        let verdict = match aes_slot(image) {
            None => Verdict::Skipped(Reason::Configuration),
            Some(slot) => {
                let bench = Bench::new(image.clone()).with_key(slot, &aes.key.0);
                let encrypted = bench.say(Opcode::Aes, 0x00, slot.into(), &aes.plaintext.0);
                let decrypted = bench.say(Opcode::Aes, 0x01, slot.into(), &aes.ciphertext.0);
                let both = [encrypted, decrypted].concat();
                Verdict::equal(&[&aes.ciphertext.0[..], &aes.plaintext.0].concat(), &both)
            }
        };
        add(emulator, "AES", verdict);
    });
    each("counters", &data.counters, judged, |counter, add| {
        let ours = Bench::new(image.clone()).say(Opcode::Counter, 0, counter.id, &[]);
        // A dump is of another moment.
        let verdict = if counter.value.to_le_bytes()[..] == ours {
            Verdict::Passed
        } else {
            Verdict::Skipped(Reason::Count)
        };
        add(emulator, "Counter", verdict);
    });
    each("randoms", &data.randoms, judged, |random, add| {
        let recorded = &random.value.0;
        let verdict = if is_pattern(recorded) {
            let open = Image::blank(image.revision());
            let mut ours = Bench::new(open).say(Opcode::Random, 0, 0, &[]);
            ours.truncate(recorded.len());
            Verdict::equal(recorded, &ours)
        } else {
            Verdict::Skipped(Reason::Random)
        };
        add(emulator, "Random", verdict);
    });
    each(
        "status_observations",
        &data.status_observations,
        judged,
        |one, add| {
            let verdict = if one.command.starts_with("AES") {
                let slot = one
                    .command
                    .rsplit(' ')
                    .next()
                    .and_then(|word| word.parse().ok());
                let slot: u16 = slot.unwrap_or(0);
                let ours = Bench::new(image.clone()).say(Opcode::Aes, 0, slot, &[0; 16]);
                match Verdict::equal(&one.status.0, &ours) {
                    Verdict::Failed(_) if !config(90) => Verdict::Skipped(Reason::Configuration),
                    verdict => verdict,
                }
            } else {
                Verdict::Skipped(Reason::NoCommand)
            };
            add(emulator, "AES", verdict);
        },
    );
    each("info_state", &data.info_state, judged, |_, add| {
        add(emulator, "Info", Verdict::Skipped(Reason::NoCommand));
    });
}

/// Serial number, revision and locks, as the collector decoded them.
fn parsed(dump: &Dump) -> Verdict {
    let Ok(bytes) = <[u8; CONFIG_SIZE]>::try_from(dump.hex.0.as_slice()) else {
        return Verdict::differs("128 bytes", format!("{}", dump.hex.0.len()));
    };
    let config = ConfigZone(bytes);
    let Some(state) = &dump.state else {
        return Verdict::Passed;
    };
    let serial = state.serial.as_ref().map(|serial| serial.0.clone());
    let ours = config.serial_number().0.to_vec();
    if serial.as_ref().is_some_and(|serial| *serial != ours) {
        return Verdict::differs(hex(&serial.unwrap_or_default()), hex(&ours));
    }
    let revision = state.revision.as_ref().map(|revision| revision.0.clone());
    let ours = config.revision().bytes().to_vec();
    if revision.as_ref().is_some_and(|revision| *revision != ours) {
        return Verdict::differs(hex(&revision.unwrap_or_default()), hex(&ours));
    }
    let locks = [
        config.config_lock().is_locked(),
        config.data_lock().is_locked(),
    ];
    let recorded = [state.config_locked, state.data_locked];
    for (ours, recorded) in locks.into_iter().zip(recorded) {
        if recorded.is_some_and(|recorded| recorded != ours) {
            return Verdict::differs("the other state of a lock", format!("{locks:?}"));
        }
    }
    Verdict::Passed
}

/// The emulated chip that holds the dump tells it again.
fn read_back(dump: &Dump) -> Verdict {
    let config = <[u8; CONFIG_SIZE]>::try_from(dump.hex.0.as_slice());
    let image = config.map(|config| Image::blank(Revision::Atecc608B).with_config(config));
    let Ok(Ok(image)) = image else {
        return Verdict::Skipped(Reason::OtherChip);
    };
    let bench = Bench::new(image);
    let blocks =
        [0x00, 0x08, 0x10, 0x18].map(|address| bench.say(Opcode::Read, 0x80, address, &[]));
    Verdict::equal(&dump.hex.0, &blocks.concat())
}

fn fits(dump: &Dump) -> Verdict {
    let end = dump.offset + dump.hex.0.len();
    if end <= CONFIG_SIZE {
        Verdict::Passed
    } else {
        Verdict::differs("at most 128 bytes", format!("{end}"))
    }
}

/// By the mathematics, and by an emulated chip; and another digest is not
/// verified.
fn verified(one: &Signature) -> Verdict {
    let (key, digest, signature) = (&one.public_key.0, &one.digest.0, &one.signature.0);
    if !verifies(key, digest, signature) {
        return Verdict::differs("a signature of the digest", hex(signature));
    }
    let mut image = Image::blank(Revision::Atecc508A);
    let mut config = *image.config();
    (config[86], config[87]) = (0, 0);
    image = image
        .with_config(config)
        .unwrap_or(Image::blank(Revision::Atecc508A));
    let bench = Bench::new(image);
    let verify = |digest: &[u8]| {
        bench.say(Opcode::Nonce, 0x03, 0, digest);
        bench.say(
            Opcode::Verify,
            0x02,
            4,
            &[&signature[..], &key[..]].concat(),
        )
    };
    let mut other = digest.clone();
    if let Some(first) = other.first_mut() {
        *first ^= 0x01;
    }
    Verdict::equal(&[0, 1], &[verify(digest), verify(&other)].concat())
}

/// The first slot that is configured for an AES key.
fn aes_slot(image: &Image) -> Option<u8> {
    let config = image.config();
    (0..16_u8).find(|slot| {
        let low = config[crate::start::KEY_CONFIG + 2 * usize::from(*slot)];
        low >> 2 & 7 == AES_KEY
    })
}
