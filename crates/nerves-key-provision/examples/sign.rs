//! Read the certificates of a chip, sign a digest, and verify the signature.

mod finished;

use atecc_x509::SignatureBytes;
use finished::{Result, finished};
use nerves_key::{ReadSnapshot, sign};
use nerves_key_schema::Layout;

fn main() -> Result {
    let mut device = finished(Layout::Standard)?;
    // Both certificates are rebuilt from 72 bytes each, and verified.
    let identity = device.run(ReadSnapshot::new())?.identity()?;
    println!("{}", identity.device_certificate.subject_text());

    let digest = [0x5A; 32];
    let signature = SignatureBytes::from_bytes(device.run(sign(digest))?);
    identity.public_key.verify(&digest, &signature)?;
    println!("{} bytes of DER", signature.to_der().len());
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}
