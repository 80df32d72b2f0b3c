//! Certificates rebuilt from what the chip holds, and verified.

use nerves_key::ReadCertificates;
use nerves_key_schema::Layout;

use super::slots::{Region, reads};
use super::{Operation, State};
use crate::floor::commands::Place;
use crate::floor::{ChipCommand, Need, Session};

const DEVICE_CERTIFICATE: Region = Region { slot: 10, size: 72 };
/// Eight zeros follow.
const SIGNER_KEY: Region = Region { slot: 11, size: 64 };
const SIGNER_CERTIFICATE: Region = Region { slot: 12, size: 72 };

/// The device's, and what it is verified under.
pub(super) const DEVICE: Operation = Operation {
    name: "device certificate",
    run: |bench| {
        let read = ReadCertificates::device_only();
        bench.device.run(read)?.device()?;
        Ok(())
    },
    needs: |_| {
        let mut session = device();
        session.extend([serial_number(), public_key()]);
        vec![session]
    },
    ..BOTH
};

/// The device's and its signer's.
pub(super) const BOTH: Operation = Operation {
    name: "both certificates",
    starts_from: State::Finished(Layout::Standard),
    clocks: super::ANY_CLOCK,
    prepare: None,
    run: |bench| {
        let read = ReadCertificates::new();
        bench.device.run(read)?.certificates()?;
        Ok(())
    },
    needs: |_| {
        let mut session = stored();
        session.extend([serial_number(), public_key()]);
        vec![session]
    },
};

pub(super) fn public_key() -> Need {
    Need::one(
        "the public key is nowhere but in the chip's answer",
        ChipCommand::public_key(0),
    )
}

/// Bytes 0 to 3 and 8 to 12 of the configuration.
pub(super) fn serial_number() -> Need {
    let word = |word| ChipCommand::read_word(Place::Config, word);
    Need::any(
        "the chip's serial number, of which the certificate's is a hash",
        [
            vec![ChipCommand::read_block(Place::Config, 0)],
            vec![word(0), word(2), word(3)],
        ],
    )
}

fn device() -> Session {
    let mut session = vec![Need::one(
        "the subject: the manufacturer serial, in the first half of OTP",
        ChipCommand::read_block(Place::Otp, 0),
    )];
    session.extend(reads(
        "signature, dates and template of the device certificate",
        &[DEVICE_CERTIFICATE],
    ));
    session.extend(reads(
        "the signer's key: the issuer's identifier, and to verify",
        &[SIGNER_KEY],
    ));
    session
}

/// What both certificates are rebuilt from, public key and serial number aside.
pub(super) fn stored() -> Session {
    let mut session = device();
    session.extend(reads(
        "signature, dates and template of the signer certificate",
        &[SIGNER_CERTIFICATE],
    ));
    session
}
