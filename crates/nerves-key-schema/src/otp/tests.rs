use super::*;
use proptest::prelude::*;

fn otp(board: &str, serial: &str, user: &[u8]) -> Result<Otp, OtpError> {
    Otp::new(
        &BoardName::new(board)?,
        &ManufacturerSerial::new(serial)?,
        user,
    )
}

#[test]
fn bytes() {
    let otp = otp("NervesKey", "N1234", &[]).unwrap();
    assert_eq!(otp.as_bytes()[..6], [0x4E, 0x72, 0x76, 0x73, 0x00, 0x00]);
    assert_eq!(otp.as_bytes()[6..16], *b"NervesKey\0");
    assert_eq!(otp.as_bytes()[16..24], *b"N1234\0\0\0");
    assert_eq!(otp.user(), Some(&[0; 32]));
}

#[test]
fn limits() {
    let long = "S".repeat(48);
    assert_eq!(
        otp("NervesKey", &long, &[]).unwrap().manufacturer_serial(),
        long.as_bytes()
    );
    let message = |result: Result<Otp, OtpError>| result.unwrap_err().to_string();
    assert_eq!(
        message(otp("NervesKey", &"S".repeat(49), &[])),
        "the manufacturer serial number has 49 bytes; there is room for 48"
    );
    assert_eq!(
        message(otp("NervesKeyXL", "S", &[])),
        "the board name has 11 bytes; there is room for 10"
    );
    assert_eq!(
        message(otp("NervesKey", &"S".repeat(17), &[1])),
        "a serial of 17 bytes leaves no room for user data; the limit is 16"
    );
    assert_eq!(message(otp("", "S", &[])), "the board name is empty");
    assert_eq!(
        message(otp("B", "S\0", &[])),
        "the manufacturer serial number contains a zero byte"
    );
    assert_eq!(
        message(otp("B", "S", &[0; 33])),
        "the user data has 33 bytes; there is room for 32"
    );
}

#[test]
fn a_blank_zone_is_none() {
    let error = Otp::from_bytes([0xFF; 64]).unwrap_err();
    assert_eq!(error, NotNervesKey([0xFF; 4]));
}

/// Excel writes the mark, a form leaves the blank, a barcode reader the
/// line end: none of it is seen on a label.
#[test]
fn what_is_not_seen_is_refused() {
    for hidden in [
        "\u{FEFF}NK-1",
        "NK-1\u{200B}",
        "N\u{200D}K-1",
        "NK-1\u{2060}",
        "NK\u{AD}-1",
        "NK-1\u{202E}",
        "\u{2066}NK-1",
        "NK-1\u{200F}",
        "NK\u{61C}-1",
        "NK-1\r",
        "NK-1\n",
        "\tNK-1",
        "\u{1B}[2JNK",
        "NK\u{9B}1",
        "NK\u{7F}1",
        "NK\u{2028}1",
        "NK\u{85}1",
        "NK\u{A0}1",
        "NK-1\u{3000}",
        "NK\u{3164}1",
        "NK\u{FE0F}1",
        "NK\u{E0041}1",
        "NK\u{301}1",
        "\u{E000}1",
    ] {
        let error = ManufacturerSerial::new(hidden).unwrap_err();
        assert!(
            matches!(error, OtpError::Hidden { .. }),
            "{hidden:?}: {error:?}"
        );
        let said = error.to_string();
        assert_eq!(atecc_text::hidden(&said), None, "{said:?}");
        assert!(said.contains("U+"), "{said}");
        for result in [
            ManufacturerSerial::incompatible(hidden).map(drop),
            BoardName::new(hidden).map(drop),
            ManufacturerSerial::from_bytes(hidden.as_bytes()).map(drop),
            BoardName::from_bytes(hidden.as_bytes()).map(drop),
        ] {
            assert!(matches!(result, Err(OtpError::Hidden { .. })), "{hidden:?}");
        }
        // A chip that has it is still read.
        let stored = ManufacturerSerial::stored(hidden).unwrap();
        assert_eq!(stored.as_str(), hidden);
        assert_eq!(BoardName::stored(hidden).unwrap().as_str(), hidden);
    }
    for blank in [" NK-1", "NK-1 ", " ", "  "] {
        let error = ManufacturerSerial::new(blank).unwrap_err();
        assert!(
            matches!(error, OtpError::OuterBlank { .. }),
            "{blank:?}: {error}"
        );
        assert!(matches!(
            BoardName::new(blank),
            Err(OtpError::OuterBlank { .. })
        ));
    }
    let said = ManufacturerSerial::new("\u{FEFF}NK-1")
        .unwrap_err()
        .to_string();
    assert_eq!(
        said,
        "the manufacturer serial number \"\\u{feff}NK-1\" holds the character U+FEFF, which is \
         not seen as it is: a byte-order mark, as spreadsheets write it before the first cell"
    );
    assert!(ManufacturerSerial::new("Prüfstück 1 №7").is_ok());
}

/// Unicode: general categories Cf and Zs, bidirectional controls, C0 and C1.
#[test]
fn the_reason_fits_the_character() {
    for (character, reason) in [
        ('\u{FEFF}', "a byte-order mark"),
        ('\u{200B}', "it has no width"),
        ('\u{200D}', "it has no width"),
        ('\u{2060}', "it has no width"),
        ('\u{061C}', "it changes the direction"),
        ('\u{200E}', "it changes the direction"),
        ('\u{202E}', "it changes the direction"),
        ('\u{2069}', "it changes the direction"),
        ('\u{00A0}', "it looks like a blank"),
        ('\u{2003}', "it looks like a blank"),
        ('\u{3000}', "it looks like a blank"),
        ('\u{0007}', "a control character"),
        ('\u{009B}', "a control character"),
        ('\u{00AD}', "invisible"),
        ('\u{0301}', "invisible"),
    ] {
        let text = std::format!("N{character}K");
        let said = ManufacturerSerial::new(&text).unwrap_err().to_string();
        let (_, found) = said.rsplit_once("not seen as it is: ").unwrap();
        assert!(found.starts_with(reason), "{said}");
    }
}

#[test]
fn a_slash_needs_to_be_wanted() {
    for slash in ["A/1", "A1/O=x", "/CN=x", "/", "A/"] {
        let error = ManufacturerSerial::new(slash).unwrap_err();
        assert!(matches!(error, OtpError::Slash { .. }), "{slash}: {error}");
        let wanted = ManufacturerSerial::incompatible(slash).unwrap();
        assert!(!wanted.is_readable_by_elixir());
    }
    for good in ["A=1", "CN=x", "A-1", "A\\1", "A\u{2044}1"] {
        assert!(
            ManufacturerSerial::new(good)
                .unwrap()
                .is_readable_by_elixir()
        );
    }
    // The board's name is in no certificate.
    assert!(BoardName::new("A/1").is_ok());
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        board in "[a-zA-Z0-9é]{1,5}",
        serial in "[!-.0-~ü]([ -.0-~ü]{0,22}[!-.0-~ü])?",
        user in proptest::collection::vec(any::<u8>(), 0..=32),
    ) {
        let user = if serial.len() > 16 { Vec::new() } else { user };
        let otp = otp(&board, &serial, &user).unwrap();
        let read = Otp::from_bytes(*otp.as_bytes()).unwrap();
        prop_assert_eq!(read.board_name(), board.as_bytes());
        prop_assert_eq!(read.manufacturer_serial(), serial.as_bytes());
        if let Some(area) = read.user() {
            prop_assert_eq!(&area[..user.len()], &user[..]);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 60)) {
        let mut zone = [0; 64];
        zone[..4].copy_from_slice(&MAGIC);
        zone[4..].copy_from_slice(&bytes);
        let otp = Otp::from_bytes(zone).unwrap();
        prop_assert!(otp.manufacturer_serial().len() <= 48);
        prop_assert!(otp.board_name().len() <= 10);
        prop_assert_eq!(otp.user().is_none(), otp.flags() == OtpFlags::LongSerial);
    }
}
