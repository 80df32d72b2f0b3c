//! What a chip holds, whoever wrote it: OTP, configuration and identity.
#![no_main]

use atecc::config::offset;
use atecc::{ConfigZone, PublicKey, Slot};
use libfuzzer_sys::fuzz_target;
use nerves_key::Snapshot;
use nerves_key_schema::{
    BoardName, Layout, ManufacturerSerial, Otp, check_for_provisioning, check_for_use, configure,
    mismatches, writes,
};

fn zone(config: ConfigZone) {
    for layout in [Layout::Standard, Layout::Volatile] {
        let differing = mismatches(&config, layout)
            .map(|found| found.to_string())
            .count();
        assert_eq!(
            check_for_provisioning(&config, layout).is_ok(),
            differing == 0
        );
        let mut configured = configure(&config, layout);
        let _ = writes(&configured).count();
        configured.0[offset::LOCK_CONFIG] = 0x00;
        assert!(check_for_use(&configured, layout));
        let _ = check_for_use(&config, layout);
    }
    for slot in Slot::ALL {
        let _ = format!(
            "{:?} {:?} {:?}",
            config.slot_config(slot),
            config.key_config(slot),
            config.slot_lock(slot)
        );
    }
    let _ = format!(
        "{} {} {:?}",
        config.serial_number(),
        config.revision(),
        config.data_lock()
    );
}

fn otp(bytes: [u8; 64]) {
    let Ok(otp) = Otp::from_bytes(bytes) else {
        return;
    };
    assert_eq!(*otp.as_bytes(), bytes);
    assert!(otp.board_name().len() <= 10 && otp.manufacturer_serial().len() <= 48);
    let _ = (otp.flags(), otp.user());
}

fn texts(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(name) = BoardName::new(text) {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(serial) = ManufacturerSerial::new(text) {
        assert_eq!(serial.as_str(), text);
    }
}

fuzz_target!(|data: &[u8]| {
    texts(data);
    let Some((config, rest)) = data.split_first_chunk() else {
        return;
    };
    let config = ConfigZone(*config);
    zone(config);
    let Some((bytes, rest)) = rest.split_first_chunk() else {
        return;
    };
    otp(*bytes);
    let (mut slots, mut rest) = ([None; 3], rest);
    for slot in &mut slots {
        let Some((bytes, after)) = rest.split_first_chunk() else {
            break;
        };
        (*slot, rest) = (Some(*bytes), after);
    }
    let snapshot = Snapshot {
        config,
        otp: Some(*bytes),
        device_certificate: slots[0],
        signer_public_key: slots[1],
        signer_certificate: slots[2],
        public_key: rest.first_chunk().map(|key| PublicKey(*key)),
        eui: rest.last_chunk().copied(),
    };
    let _ = snapshot.stage().to_string();
    let _ = snapshot.trust_identity();
    if let Err(error) = snapshot.identity() {
        assert!(!error.to_string().is_empty());
    }
});
