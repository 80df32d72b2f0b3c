// The `request` of the examples: a standard NervesKey, signed by a key in a file.
{
    use atecc_x509::{DateTime, Format, NervesKeySigner};
    use nerves_key_provision::{
        AcceptedSigner, CertificateSlots, DeviceKey, KeySigner, Request, create_signer,
    };
    use nerves_key_schema::{Layout, ManufacturerSerial};

    let now = DateTime::new(2026, 11, 24, 9, 30, 0)?;
    let key = KeySigner::from_bytes(&[0x42; 32])?;
    let certificate = create_signer(&key, now, 10, Format::V0)?;
    Request {
        serial: Some(ManufacturerSerial::new("N1234")?),
        board: None,
        user: None,
        layout: Layout::Standard,
        volatile_keys: None,
        used_serials: std::collections::BTreeSet::new(),
        signer: NervesKeySigner::check(&certificate)?,
        device_key: DeviceKey::New,
        accepted_signer: AcceptedSigner::Asked,
        certificate_slots: CertificateSlots::Lock,
        signer_key: Some(key.public_key()),
        format: Format::V0,
        now,
        clock_floor: now,
    }
}
