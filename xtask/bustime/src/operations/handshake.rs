//! What a TLS client has the PKCS#11 module do for one handshake.

use cryptoki_sys as ck;
use nerves_key_device::{AnyBus, AnyDelay, AnyDevice, AnyWake, EmulatedBus, EmulatedDelay};
use nerves_key_pkcs11_core::Module;
use nerves_key_pkcs11_core::mechanism::Mechanism;
use nerves_key_pkcs11_core::object::PRIVATE_KEY;
use nerves_key_pkcs11_core::output::{Capacity, Output};
use nerves_key_pkcs11_core::session::Input;
use nerves_key_pkcs11_core::settings::{Scan, Settings};
use nerves_key_pkcs11_core::token::Token;
use nerves_key_schema::Layout;

use super::certificates::{public_key, serial_number, stored};
use super::sign::signature;
use super::{Error, Operation, State};
use crate::bench::Bench;

const SLOT: ck::CK_SLOT_ID = 1;

/// By a new process: it finds key and certificates, and signs once. Not with a
/// faster clock, since the module's wake pulse is a general call as the bus is.
pub(super) const NEW_PROCESS: Operation = Operation {
    name: "TLS handshake, PKCS#11",
    starts_from: State::Finished(Layout::Standard),
    clocks: &[100],
    prepare: None,
    run,
    needs: |_| {
        let mut found = stored();
        found.extend([serial_number(), public_key()]);
        // Between them the other side speaks, nobody knows how long.
        vec![found, signature()]
    },
};

fn run(bench: &mut Bench) -> Result<(), Error> {
    let bus = bench.bus.clone();
    let open = move || {
        let i2c = AnyBus::Emulated(EmulatedBus::InProcess(bus.i2c()));
        let delay = AnyDelay::Emulated(EmulatedDelay::InProcess(bus.delay()));
        let device: AnyDevice = atecc::Device::new(i2c, delay).with_wake(AnyWake);
        Ok(device)
    };
    let settings = Settings {
        scan: Scan::Nothing,
        ..Settings::default()
    };
    let module =
        Module::new(settings).with_tokens([Token::with_opener(SLOT, "a bench".into(), open)]);
    let session = module.session(module.open(SLOT, ck::CKF_SERIAL_SESSION)?)?;
    session.find_begin(&[])?;
    session.find(16)?;
    session.find_end()?;
    let mechanism = Mechanism::Plain(ck::CKM_ECDSA);
    session.sign_begin(Some(mechanism), PRIVATE_KEY)?;
    match session.sign(Input::Whole(&[0x5A; 32]), Capacity::Places(64))? {
        Output::Ready(_) => Ok(()),
        Output::Needs(_) => Err("there is room for a signature".into()),
    }
}
