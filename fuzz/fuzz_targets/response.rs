//! The driver against a chip that answers anything: groups, the decoding of
//! every command, and procedures over a hostile bus. Every procedure ends.
#![no_main]

use arbitrary::{Result, Unstructured};
use atecc::commands::{GenKey, GenKeyMode, IncludeSerial, InternalPurpose, LockTarget, ShaStart};
use atecc::commands::{SignInternal, VerifyKey, ZoneState};
use atecc::group::parse_group;
use atecc::procedure::Once;
use atecc::procedures::{
    ChallengeMac, CreateKey, HashInChip, LockAndConfirm, ReadConfig, ReadEncrypted, ReadRegion,
    SessionKey, SignDigest, VerifyDigest, WriteBlockEncrypted, WriteRegion, sign_about_key,
};
use atecc::{BlockAddress, Command, ConfigZone, Family, PublicKey, Region};
use libfuzzer_sys::fuzz_target;
use nerves_key_fuzz::commands::{Visitor, choose, slot};
use nerves_key_fuzz::hostile::run;

struct Decode<'a>(&'a [u8]);

impl Visitor for Decode<'_> {
    type Output = ();
    fn visit<C: Command>(self, command: C) {
        let _ = command.decode(self.0);
    }
}

struct RunOnce<'a, 'b>(&'a mut Unstructured<'b>);

impl Visitor for RunOnce<'_, '_> {
    type Output = ();
    fn visit<C: Command>(self, command: C) {
        let _ = run(Once(command), self.0);
    }
}

/// The result may be any; that there is one is the point.
fn forget<T, E>(_: std::result::Result<T, E>) {}

fn procedure(u: &mut Unstructured<'_>) -> Result<()> {
    let slot = slot(u)?;
    let place = *u.choose(&[Region::Config, Region::Otp, Region::Slot(slot)])?;
    let key = [0x5A; 32];
    let key = SessionKey {
        slot,
        key: &key,
        input: [1; 20],
        serial: ConfigZone([0; 128]).serial_number(),
    };
    let Ok(address) = BlockAddress::new(place, 0) else {
        return Ok(());
    };
    match u.int_in_range(0..=12)? {
        0 => forget(run(SignDigest::new(slot, [7; 32]), u)),
        1 => forget(run(
            VerifyDigest::new(VerifyKey::External(PublicKey([3; 64])), [7; 32], [9; 64]),
            u,
        )),
        2 => forget(run(CreateKey::new(slot), u)),
        3 => forget(run(LockAndConfirm::new(LockTarget::Slot(slot)), u)),
        4 => forget(run(
            LockAndConfirm::new(LockTarget::Config { crc: 0x1234 }),
            u,
        )),
        5 => forget(run(ReadConfig::new(), u)),
        6 => forget(run(ReadRegion::<72>::new(place), u)),
        7 => {
            if let Ok(write) =
                WriteRegion::new(place, vec![0xA5; usize::from(u.arbitrary::<u8>()?)])
            {
                forget(run(write, u));
            }
        }
        8 => forget(run(ChallengeMac::new(slot, [1; 20]), u)),
        9 => {
            let family = *u.choose(&[Family::Atecc508, Family::Atecc608])?;
            let start = *u.choose(&[ShaStart::Sha256, ShaStart::Hmac(slot)])?;
            let data = [0x61; 200];
            let len = u.int_in_range(0..=data.len())?;
            forget(run(HashInChip::new(start, family, &data[..len]), u));
        }
        10 => {
            let digest = GenKey {
                mode: GenKeyMode::PublicDigest,
                slot,
            };
            let sign = SignInternal {
                slot,
                serial: IncludeSerial::Fixed,
                purpose: InternalPurpose::Any,
            };
            forget(run(sign_about_key([1; 32], digest, sign), u));
        }
        11 => forget(run(ReadEncrypted::new(address, key), u)),
        _ => {
            let write = WriteBlockEncrypted::new(address, &[1; 32], ZoneState::Locked, key);
            forget(run(write, u));
        }
    }
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    if let Ok(payload) = parse_group(data) {
        assert_eq!(payload.len() + 3, usize::from(data[0]));
    }
    let mut u = Unstructured::new(data);
    let Ok(choice) = u.int_in_range(0..=2_u8) else {
        return;
    };
    let _ = match choice {
        0 => {
            let mut parameters = Unstructured::new(data);
            choose(&mut parameters, Decode(u.take_rest()))
        }
        1 => {
            let len = u.len() / 3;
            let mut parameters = Unstructured::new(u.bytes(len).unwrap_or(&[]));
            choose(&mut parameters, RunOnce(&mut u))
        }
        _ => procedure(&mut u),
    };
});
