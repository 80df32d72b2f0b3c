//! A search for chips writes to no device of another kind.

use std::path::Path;

use atecc_emulator::{Image, OtherDevice, Reads};

use crate::harness::Harness;
use crate::in_process::InProcess;
use crate::stuck::built;

/// Relays and multiplexers that switch on a write, with all that a read may
/// give: nothing, what was last written, anything. The usual addresses of chips
/// among them.
const OTHERS: [(u8, Reads); 9] = [
    (0x20, Reads::Latch(0xFF)),
    (0x21, Reads::Latch(0x00)),
    (0x35, Reads::Latch(0x04)),
    (0x36, Reads::Pattern([0x04, 0x11, 0x33, 0x42])),
    (0x3C, Reads::None),
    (0x48, Reads::Pattern([0x07, 0xA5, 0x00, 0x5A])),
    (0x59, Reads::None),
    (0x70, Reads::Latch(0x00)),
    (0x77, Reads::Pattern([0x04, 0x11, 0x33, 0xC3])),
];

fn served(harness: &Harness, number: u32, chip: Option<&Image>) -> InProcess {
    let served = InProcess::new(&harness.path().join("s"), number);
    for (address, reads) in OTHERS {
        served.bus.attach_other(OtherDevice::new(address, reads));
    }
    if let Some(image) = chip {
        return served.with(image);
    }
    // Where the chip would be.
    let other = OtherDevice::new(0x60, Reads::Latch(0x00));
    served.bus.attach_other(other);
    served
}

fn image(harness: &Harness) -> Image {
    harness.ok(&["emulator", "create", "b.img"]);
    Image::load(harness.path().join("b.img")).unwrap()
}

#[test]
fn scan_and_doctor_write_to_none() {
    let harness = Harness::new();
    let image = image(&harness);
    for chip in [Some(&image), None] {
        let served = served(&harness, 4_000_051, chip);
        let found = i32::from(chip.is_none()) * 3;
        for (arguments, code) in [
            (&["scan", "--device", "unix:s"][..], found),
            (&["scan", "--all", "--device", "unix:s"], found),
            (&["doctor", "--device", "unix:s?addr=0x42"], 3),
        ] {
            let output = harness.run(arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
            let written = served.bus.written_to_others();
            assert_eq!(written, [], "{arguments:?}");
        }
        assert!(served.bus.transactions() > 300);
    }
}

/// What its user names is taken for a chip, where it acknowledges a read: one
/// that is busy or has half a command must be recoverable.
#[test]
fn at_an_address_that_is_named() {
    let harness = Harness::new();
    let served = served(&harness, 4_000_052, None);
    for (address, reads) in OTHERS {
        let device = format!("unix:s?addr={address:#04x}");
        assert_eq!(harness.fails(&["info", "--device", &device]).0, 3);
        let mut written = served.bus.written_to_others();
        written.retain(|(other, _)| *other == address);
        let sleeps = written.iter().filter(|(_, bytes)| *bytes == [0x01]);
        assert_eq!(sleeps.count(), written.len());
        let silent = reads == Reads::None;
        assert!(
            written.is_empty() == silent && written.len() <= 4,
            "{written:?}"
        );
    }
}

/// `C_GetSlotList`, at 0x60 and 0x35 of every bus.
#[test]
fn the_module_writes_to_none() {
    let harness = Harness::new();
    let image = image(&harness);
    for (number, chip) in [(6, Some(&image)), (7, None)] {
        let served = served(&harness, number, chip);
        served.bus.start_log();
        let module = built("libnerves_key_pkcs11.so");
        let check = ["pkcs11", "check", "--module", module.to_str().unwrap()];
        let socket = harness.path().join("s");
        let output = harness
            .command(&check)
            .env("LD_PRELOAD", built("libatecc_emulator_preload.so"))
            .env("ATECC_EMULATOR_SOCKET", Path::new(&socket))
            .env("NERVES_KEY_PKCS11_CONF", harness.path().join("none"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("slots"), "{said}");
        assert_eq!(served.bus.written_to_others(), []);
        let log = served.bus.take_log();
        let looked = |address| log.iter().any(|entry| entry.address == address);
        assert!(looked(0x60) && looked(0x35), "{said}");
    }
}
