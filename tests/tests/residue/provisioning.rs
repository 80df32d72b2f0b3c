//! The keys of a provisioning in the volatile layout, and the signer's.

use atecc::Device;
use atecc_x509::{DateTime, Format, NervesKeySigner};
use nerves_key::ReadSnapshot;
use nerves_key_provision::{
    KeySigner, Plan, ProvisionError, Request, VolatileSecrets, create_signer, provision,
};
use nerves_key_schema::{Layout, ManufacturerSerial};
use tests_station::CHALLENGES;

use crate::elsewhere::Elsewhere;
use crate::memory::{Found, left_of, masked, with_plain};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// It is planned, and nothing is dropped.
    Planned,
    Finished,
    /// The bus fails at the write of the encryption key.
    StoppedAtAKey,
    /// The bus fails at the lock of the data zone.
    StoppedAtTheDataLock,
    /// The plan is refused.
    Refused,
}

struct Secrets {
    activation: [u8; 16],
    encryption: [u8; 16],
    signer: [u8; 32],
}

/// What has the keys before a chip has them.
type Held = (Request, Plan, KeySigner);

/// One station's run, from the keys to their end.
fn run(secrets: &Secrets, end: End) -> Option<Held> {
    let now = DateTime::new(2026, 12, 6, 10, 20, 30).unwrap();
    let mut signer = with_plain(&secrets.signer, KeySigner::from_bytes).unwrap();
    let certificate = create_signer(&signer, now, 10, Format::V0).unwrap();
    let volatile_keys = with_plain(&secrets.activation, |activation| {
        with_plain(&secrets.encryption, |encryption| {
            VolatileSecrets::new(activation, encryption)
        })
    });
    let checked = NervesKeySigner::check(&certificate).unwrap();
    let mut request = Request::new(checked, now, now);
    request.serial = Some(ManufacturerSerial::new("N1234").unwrap());
    request.layout = Layout::Volatile;
    request.volatile_keys = Some(volatile_keys);
    request.signer_key = Some(signer.public_key());
    if end == End::Refused {
        request.used_serials = ["N1234".to_owned()].into();
    }
    let mut chip = Elsewhere::new(match end {
        End::StoppedAtAKey => is_write_of_slot_2,
        End::StoppedAtTheDataLock => is_data_lock,
        _ => |_| false,
    });
    let clock = chip.clock();
    let mut device = Device::new(&mut chip, clock);
    let snapshot = device.run(ReadSnapshot::new()).unwrap();
    let plan = match Plan::new(&snapshot, &request) {
        Ok(plan) => plan,
        Err(refusal) => {
            assert_eq!(end, End::Refused, "{refusal}");
            return None;
        }
    };
    if end == End::Planned {
        return Some((request, plan, signer));
    }
    let result = provision(&mut device, &plan, &mut signer, CHALLENGES, |_| {});
    match end {
        End::Finished => assert!(result.unwrap().is_some()),
        _ => assert!(matches!(result, Err(ProvisionError::Bus(_)))),
    }
    None
}

/// Word address, count, opcode, Param1. Source: ATECC508A datasheet, "Lock
/// Command".
fn is_data_lock(bytes: &[u8]) -> bool {
    matches!(bytes, [0x03, _, 0x17, mode, ..] if mode & 0x01 != 0)
}

/// The zone in Param1, slot and block in Param2. Source: "Write Command".
fn is_write_of_slot_2(bytes: &[u8]) -> bool {
    bytes.get(2..6) == Some(&[0x12, 0x82, 2 << 3, 0])
}

impl Secrets {
    fn new() -> Self {
        Self {
            activation: masked(),
            encryption: masked(),
            signer: masked(),
        }
    }

    /// What is left of them when it has come to this end.
    fn left_of(&self, end: End) -> Vec<Found> {
        let names = [
            ("activation", &self.activation[..]),
            ("encryption", &self.encryption),
            ("signer", &self.signer),
        ];
        left_of(&names, || run(self, end))
    }
}

/// The request's and the plan's; the signer's key has two halves.
#[test]
fn while_they_are_needed_each_of_its_keys_is_twice_in_memory() {
    let held = Secrets::new().left_of(End::Planned);
    for name in ["activation", "encryption", "signer"] {
        let places = held.iter().filter(|found| found.secret == name);
        assert_eq!(places.count(), 2, "{name}: {held:X?}");
    }
}

#[test]
fn of_its_keys_nothing_is_left_however_it_ends() {
    for end in [
        End::Refused,
        End::StoppedAtAKey,
        End::StoppedAtTheDataLock,
        End::Finished,
    ] {
        let left = Secrets::new().left_of(end);
        assert_eq!(left, [], "{end:?}: {left:X?}");
    }
}
