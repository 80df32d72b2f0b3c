use super::*;

/// A blank ATECC608A.
const BLANK: &str = "0123FE1E00006002CBC3C08FEEC13900C0000000832087208F20C48F8F8F8F8F\
                     9F8FAF8F0000000000000000000000000000AF8FFFFFFFFF00000000FFFFFFFF\
                     000000000000000000000000000000000000000000005555FFFF000000000000\
                     3300330033001C001C001C001C001C003C003C003C003C003C003C003C001C00";

fn blank() -> [u8; 128] {
    parse(BLANK).unwrap().0
}

fn joined(form: impl Fn(&u8) -> String, separator: &str) -> String {
    let words: Vec<_> = blank().iter().map(form).collect();
    words.join(separator)
}

/// Bytes with a sign are none; a line between bytes is none.
#[test]
fn a_minus_sign_is_not_dropped() {
    let signed = format!("[1, 35, 86, -15{}]", ", 0".repeat(124));
    let error = parse(&signed).unwrap_err();
    assert_eq!(error.to_string(), "-15 is no byte: 0 to 255");
    let dashes = vec!["5A"; 128].join("-");
    assert_eq!(parse(&dashes).unwrap().0, [0x5A; 128]);
}

/// `hexdump FILE` prints little-endian words, and so may arrays of words.
#[test]
fn swapped_bytes_are_no_zone() {
    let zone: [u8; 128] = core::array::from_fn(|at| match at {
        0 => 0x01,
        1 => 0x23,
        _ => u8::try_from(at).unwrap(),
    });
    let rows = |size: usize| -> String {
        let words = zone.chunks(size).map(|word| {
            let swapped: Vec<_> = word.iter().rev().map(|b| format!("{b:02x}")).collect();
            swapped.concat()
        });
        words.collect::<Vec<_>>().join(" ")
    };
    for size in [2, 4] {
        let error = parse(&rows(size)).unwrap_err();
        assert!(matches!(error, DumpError::Swapped(..)), "{error}");
    }
    let with_offsets: Vec<_> = zone
        .chunks(16)
        .enumerate()
        .map(|(row, bytes)| {
            let words = bytes
                .chunks(2)
                .map(|b| format!(" {:02x}{:02x}", b[1], b[0]));
            format!("{:07x}{}\n", 16 * row, words.collect::<String>())
        })
        .collect();
    let with_offsets = with_offsets.concat();
    let error = parse(&with_offsets).unwrap_err();
    assert!(matches!(error, DumpError::Swapped(..)), "{error}");
    assert_eq!(parse(&rows(1)).unwrap().0, zone);
}

#[test]
fn spellings_of_a_dump() {
    let spaced = joined(|byte| format!("{byte:02x}"), " ");
    let array = format!(
        "/* byte 0: 0xAA */ static const uint8_t config[128] = {{ // 0x99\n{},\n}};",
        joined(|byte| format!("0x{byte:02X}"), ", ")
    );
    let commented = joined(|byte| format!("0x{byte:02X} /* 1 */"), ",\n");
    let rows = |end: &str, colon: &str, characters: &str| {
        let zone = blank();
        let rows = zone.chunks(16).enumerate().map(|(row, bytes)| {
            let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{:08x}{colon} {}{characters}\n", 16 * row, bytes.join(" "))
        });
        rows.collect::<String>() + end
    };
    let listed = format!(
        "config:\n  - {}",
        joined(|byte| format!("0x{byte:02X}"), "\n  - ")
    );
    for text in [
        spaced.as_str(),
        &joined(|byte| format!("{byte:02X}"), ":"),
        &joined(|byte| format!("{byte:X}"), ","),
        &joined(|byte| format!("\\x{byte:02x}"), ""),
        &joined(|byte| format!("0x{byte:x}"), ", "),
        &array,
        &commented,
        &format!(
            "{{\"configuration\": \"{}\"}}",
            joined(|byte| format!("{byte:02X}"), "")
        ),
        &rows("", ":", "  .#....ab...."),
        &rows("", ":", "  ./*..//..*/.."),
        &rows("00000080\n", " ", "  |./*..//..0x..|"),
        &rows("00000080\n", " ", "  |.#....ab....|"),
        &listed,
        &format!("config: [{}]", joined(u8::to_string, ", ")),
        &format!("<<{}>>", joined(u8::to_string, ", ")),
    ] {
        assert_eq!(parse(text), Ok(ConfigZone(blank())), "{text}");
    }
}

/// `4,F,23,42` is 04 0F 23 42, not 4F 23 42.
#[test]
fn digits_are_not_joined_across_a_separator() {
    assert_eq!(bytes("4,F,23,42"), Ok(vec![0x04, 0x0F, 0x23, 0x42]));
    assert_eq!(
        bytes("7 0 0 60 2 80 38"),
        Ok(vec![0x07, 0, 0, 0x60, 0x02, 0x80, 0x38])
    );
    assert_eq!(bytes("012 3"), Err(DumpError::OddGroup("012".into())));
    assert_eq!(bytes("0x01, 23"), Err(DumpError::Mixed("23".into())));
    assert_eq!(bytes("0x01, 0"), Ok(vec![1, 0]));
    assert_eq!(bytes("1, 300"), Err(DumpError::TooLarge("300".into())));
}

#[test]
fn without_the_parts_own_bytes() {
    let rest = parse(BLANK).unwrap().0[16..].to_vec();
    let mut expected = [0; 128];
    expected[16..].copy_from_slice(&rest);
    assert_eq!(zone(&rest), Ok(ConfigZone(expected)));
    // Wherever the end is missing, it is no gap in the middle.
    for count in 16..128 {
        let error = zone(&blank()[..count]).unwrap_err();
        assert_eq!(error, DumpError::CutOff { count });
    }
    let message = zone(&blank()[..120]).unwrap_err().to_string();
    assert!(message.ends_with("its last 8 are missing"), "{message}");
}

#[test]
fn what_is_no_zone() {
    assert_eq!(parse("5A"), Err(DumpError::Length(1)));
    assert_eq!(
        parse("configuration"),
        Err(DumpError::Word("configuration".into()))
    );
    let mut short = blank().to_vec();
    short.remove(30);
    let message = zone(&short).unwrap_err().to_string();
    assert!(
        message.contains("127 bytes instead of 128: the dump looks shifted by 1 from byte 51"),
        "{message}"
    );
}
