//! Of what is asked for: signers, dates, texts.

use super::*;

#[test]
fn a_key_of_another_signer() {
    let mut station = station();
    let other = KeySigner::from_bytes(&[0x43; 32]).unwrap();
    station.request.signer_key = Some(other.public_key());
    refused_by_all(
        &mut station,
        |refusal| matches!(refusal, Refusal::SignerKey { found, .. } if *found == other.public_key()),
    );
}

#[test]
fn a_signer_out_of_its_time() {
    let mut station = station();
    let valid = station.request.signer.validity;
    let (from, to) = (valid.not_before(), valid.not_after());
    assert!(to < date(2036, 12, 7));
    station.request.clock_floor = date(2020, 1, 1);
    for now in [date(2026, 12, 5), date(2036, 12, 7)] {
        station.request.now = now;
        refused_by_all(
            &mut station,
            |refusal| matches!(refusal, Refusal::SignerNotValid { now: then, .. } if *then == now),
        );
    }
    // Its first and its last second.
    for now in [from, to] {
        station.request.now = now;
        let year = now.fields().year;
        let bus = Bus::with_chip(Chip::blank(Revision::Atecc608A));
        if year <= 2031 {
            station.provision(&bus).unwrap();
        } else {
            assert!(matches!(
                refusal(&bus, &mut station),
                Refusal::Certificate(_)
            ));
        }
    }
}

#[test]
fn a_clock_behind_the_release() {
    let mut station = station();
    station.request.clock_floor = date(2026, 12, 7);
    refused_by_all(
        &mut station,
        |refusal| matches!(refusal, Refusal::Clock { now, clock_floor } if now < clock_floor),
    );
}

/// A station of that hour, whose signer is as old.
fn station_at(now: DateTime) -> Option<Station> {
    let key = KeySigner::from_bytes(&[0x42; 32]).unwrap();
    let certificate = create_signer(&key, now, 10, atecc_x509::Format::V0).ok()?;
    Some(Station::with_signer(key, certificate, now, Some("N1234")))
}

#[test]
fn dates_at_the_edges_of_the_format() {
    for (now, from, to) in [
        // The last certificate whose end fits UTCTime, and the first after it.
        (
            date(2018, 12, 31),
            "2018-12-31T12:00:00Z",
            "2049-12-31T12:00:00Z",
        ),
        (
            date(2019, 1, 1),
            "2019-01-01T12:00:00Z",
            "2050-01-01T12:00:00Z",
        ),
        // A leap day: 31 years later there is none.
        (
            date(2028, 2, 29),
            "2028-02-28T23:00:00Z",
            "2059-02-28T23:00:00Z",
        ),
        // The last year.
        (
            date(2031, 12, 31),
            "2031-12-31T12:00:00Z",
            "2062-12-31T12:00:00Z",
        ),
    ] {
        let mut station = station_at(now).unwrap();
        let bus = Bus::with_chip(Chip::blank(Revision::Atecc608A));
        let report = station.provision(&bus).unwrap().unwrap();
        let certificate = report.device_certificate;
        assert_eq!(certificate.not_before().unwrap().to_string(), from);
        assert_eq!(certificate.not_after().unwrap().to_string(), to);
        let read = Station::snapshot(&bus).unwrap().identity().unwrap();
        assert_eq!(read.device_certificate, certificate);
    }
    // A signer of 2031 is still valid in 2032, when nothing can be issued.
    for year in [2032, 2040] {
        let mut station = station_at(date(2031, 12, 31)).unwrap();
        station.request.now = date(year, 1, 1);
        refused_by_all(&mut station, |refusal| {
            matches!(refusal, Refusal::Certificate(_)) && refusal.to_string().contains("2031")
        });
    }
    for year in [2032, 2050, 2051] {
        assert!(station_at(date(year, 1, 1)).is_none(), "{year}");
    }
    let mut station = station();
    station.request.now = date(2050, 1, 1);
    refused_by_all(&mut station, |refusal| {
        matches!(refusal, Refusal::SignerNotValid { .. })
    });
}

#[test]
fn a_serial_that_is_taken() {
    let mut station = station();
    station.request.used_serials = ["N1233", "N1234"].map(String::from).into();
    refused_by_all(
        &mut station,
        |refusal| matches!(refusal, Refusal::SerialUsed(serial) if serial == "N1234"),
    );
    // The chip's own serial may be among them once its data are locked.
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608A));
    STANDARD.station().provision(&bus).unwrap();
    assert!(station.provision(&bus).unwrap().is_none());
}

#[test]
fn user_data_beside_a_long_serial() {
    let mut station = station();
    station.request.serial = Some(ManufacturerSerial::new("seventeen bytes..").unwrap());
    station.request.user = Some(vec![1]);
    refused_by_all(&mut station, |refusal| {
        matches!(
            refusal,
            Refusal::Otp(OtpError::UserAreaTaken { serial: 17 })
        )
    });
    station.request.serial = Some(ManufacturerSerial::new("short").unwrap());
    station.request.user = Some(vec![1; 33]);
    refused_by_all(&mut station, |refusal| {
        matches!(refusal, Refusal::Otp(OtpError::TooLong { limit: 32, .. }))
    });
}

/// What another chip holds, and what was never checked, is not copied to a new
/// one.
#[test]
fn texts_that_nobody_sees() {
    for text in ["\u{FEFF}N1", "N1 ", "N\u{202E}1", "N\u{9B}1", "N1\n"] {
        let hidden = |refusal: &Refusal| {
            matches!(
                refusal,
                Refusal::Otp(OtpError::Hidden { .. } | OtpError::OuterBlank { .. })
            )
        };
        let mut of_serial = station();
        of_serial.request.serial = Some(ManufacturerSerial::stored(text).unwrap());
        refused_by_all(&mut of_serial, hidden);
        let mut of_board = station();
        of_board.request.board = Some(BoardName::stored(text).unwrap());
        refused_by_all(&mut of_board, hidden);
    }
}

/// These never become a request: there is no chip yet.
#[test]
fn texts_that_do_not_fit() {
    let long = "S".repeat(49);
    assert!(matches!(
        ManufacturerSerial::new(&long),
        Err(OtpError::TooLong { len: 49, .. })
    ));
    assert!(matches!(
        BoardName::new("ElevenBytes"),
        Err(OtpError::TooLong { len: 11, .. })
    ));
    for empty in [
        ManufacturerSerial::new("").map(drop),
        BoardName::new("").map(drop),
    ] {
        assert!(matches!(empty, Err(OtpError::Empty(_))));
    }
    for bytes in [
        ManufacturerSerial::from_bytes(b"N\xFF").map(drop),
        BoardName::from_bytes(b"\xC3").map(drop),
    ] {
        let error = bytes.unwrap_err();
        assert!(matches!(error, OtpError::NotUtf8 { .. }), "{error}");
    }
    assert!(BoardName::from_bytes("Brücke".as_bytes()).is_ok());
}

/// Nor do these.
#[test]
fn certificates_that_cannot_be_a_signers() {
    let mut station = station();
    let check = |certificate: &Certificate| -> Result<CheckedSigner, SignerError> {
        NervesKeySigner::check(certificate)
    };
    let der = station.certificate.as_der();
    // BasicConstraints with CA, pathLenConstraint 0.
    let is_ca = [0x01, 0x01, 0xFF, 0x02, 0x01, 0x00];
    let at = der.windows(6).position(|bytes| bytes == is_ca).unwrap();
    let mut patched = der.to_vec();
    patched[at + 2] = 0x00;
    let error = check(&Certificate::from_der(patched).unwrap()).unwrap_err();
    assert!(
        matches!(error, SignerError::ExtensionValue { .. }),
        "not a CA: {error}"
    );
    // A device's certificate is no signer's either.
    let device = DeviceSubject {
        public_key: station.key.public_key(),
        chip: SerialNumber([1; 9]),
        serial: &ManufacturerSerial::new("Signer").unwrap(),
    };
    let leaf = create_device(
        &device,
        &station.request.signer,
        &mut station.key,
        station.request.now,
        atecc_x509::Format::V0,
    );
    check(&leaf.unwrap()).unwrap_err();
    // Half past ten: the format has no minutes.
    let at = der.windows(5).position(|bytes| bytes == b"0000Z").unwrap();
    let mut patched = der.to_vec();
    patched[at] = b'3';
    let error = check(&Certificate::from_der(patched).unwrap()).unwrap_err();
    assert!(error.to_string().contains(":30:00"), "{error}");
    // A certificate that somebody else signed.
    let mut patched = der.to_vec();
    *patched.last_mut().unwrap() ^= 1;
    let error = check(&Certificate::from_der(patched).unwrap()).unwrap_err();
    assert!(matches!(error, SignerError::NotSelfSigned(_)), "{error}");
}
