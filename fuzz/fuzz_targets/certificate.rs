//! Certificates from anywhere: DER, PEM and the 72 bytes. What is taken in
//! comes out as it was.
#![no_main]

use atecc_x509::{
    Certificate, CompressedCertificate, Format, Name, NervesKeyDevice, NervesKeySigner, PublicKey,
    SignatureBytes, compress, decompress, round_trip,
};
use libfuzzer_sys::fuzz_target;

fn whole(certificate: &Certificate) {
    let _ = certificate.digest();
    let _ = certificate.serial_number();
    let _ = certificate.not_before();
    let _ = certificate.not_after();
    let _ = certificate.subject_text();
    let _ = certificate.issuer_text();
    if let Ok(signature) = certificate.signature() {
        let der = signature.to_der();
        assert_eq!(SignatureBytes::from_der(&der), Ok(signature));
    }
    if let Ok(key) = certificate.public_key() {
        let _ = certificate.verify(&key);
        let definition = NervesKeySigner { public_key: key };
        for format in [Format::V0, Format::V1] {
            let _ = compress(certificate, &definition, format);
        }
        let _ = certificate.check_fields(&definition);
        let _ = round_trip(certificate, &definition);
    }
    if let Ok(checked) = NervesKeySigner::check(certificate) {
        let again = decompress(&checked.compressed, &checked.signer)
            .expect("what was checked can be rebuilt");
        assert_eq!(again, *certificate);
    }
}

fn stored(bytes: &[u8; 72], rest: &[u8]) {
    let _ = PublicKey::from_nerves_key_slot(bytes);
    let _ = PublicKey::from_padded_slot(bytes);
    let Ok(compressed) = CompressedCertificate::from_bytes(bytes) else {
        return;
    };
    assert_eq!(compressed.to_bytes(), *bytes);
    let _ = compressed.validity();
    let key = PublicKey::from_bytes([0x5A; 64]);
    let _ = decompress(&compressed, &NervesKeySigner { public_key: key });
    for name in [
        Some(Name::from_stored_serial(rest)),
        Name::as_the_reference_splits(rest),
    ] {
        let Some(subject) = name else { continue };
        let definition = NervesKeyDevice {
            subject,
            device_sn: [0x01; 9],
            public_key: key,
            signer_public_key: key,
        };
        if let Ok(certificate) = decompress(&compressed, &definition) {
            let parsed = Certificate::from_der(certificate.as_der());
            assert_eq!(
                parsed.as_ref(),
                Ok(&certificate),
                "what is rebuilt can be read"
            );
        }
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(certificate) = Certificate::from_der(data) {
        assert_eq!(certificate.as_der(), data);
        whole(&certificate);
    }
    if let Some(certificate) = str::from_utf8(data)
        .ok()
        .and_then(|text| Certificate::from_pem(text).ok())
    {
        let pem = certificate.to_pem();
        assert_eq!(Certificate::from_pem(&pem), Ok(certificate.clone()));
        whole(&certificate);
    }
    if let Some((bytes, rest)) = data.split_first_chunk() {
        stored(bytes, rest);
    }
});
