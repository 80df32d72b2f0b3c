// The `request` of the examples: a standard NervesKey, signed by a key in a file.
{
    use atecc_x509::{DateTime, Format, NervesKeySigner};
    use nerves_key_provision::{KeySigner, Request, create_signer};
    use nerves_key_schema::ManufacturerSerial;

    let now = DateTime::new(2026, 11, 24, 9, 30, 0)?;
    let key = KeySigner::from_bytes(&[0x42; 32])?;
    let certificate = create_signer(&key, now, 10, Format::V0)?;
    let signer = NervesKeySigner::check(&certificate)?;
    let mut request = Request::new(signer, now, now);
    request.serial = Some(ManufacturerSerial::new("N1234")?);
    request.signer_key = Some(key.public_key());
    request
}
