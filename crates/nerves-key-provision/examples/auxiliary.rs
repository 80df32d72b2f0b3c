//! A second pair of certificates for the same key, which may be changed later.

mod finished;

use finished::{Result, finished, now, request, signer_key};
use nerves_key::{ReadAuxiliary, ReadIdentity, WriteAuxiliary};
use nerves_key_provision::create_auxiliary;
use nerves_key_schema::Layout;

fn main() -> Result {
    let mut device = finished(Layout::Standard)?;
    let identity = device.run(ReadIdentity::new())?.identity()?;
    let old = device.run(ReadAuxiliary::new())?;
    assert_eq!(identity.auxiliary(&old)?, None);

    let request = request(Layout::Standard)?;
    let mut key = signer_key()?;
    let new = create_auxiliary(&identity, &request.signer, &mut key, now()?, request.format)?;
    device.run(WriteAuxiliary::new(&identity, &new))?;

    let stored = device.run(ReadAuxiliary::new())?;
    let auxiliary = identity.auxiliary(&stored)?.ok_or("they are there now")?;
    println!("{}", auxiliary.device_certificate.to_pem());
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
