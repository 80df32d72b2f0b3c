//! Sessions in complete groups, with a wake before and an idle after each
//! command. The data files say where they come from.

use crate::support::{EXECUTION_ERROR, Host, SUCCESS, bytes, group};
use atecc_emulator::{Chip, Entropy, Image, Revision, Slot};

/// Configuration bytes 16 to 127 that cryptoauthlib's test program writes to
/// a 608 (public in its test sources), lock bytes aside.
const TEST_CONFIG_608: &str = "
    C000A100 AF2FC444 8720C4F4 8F0F0F0F 9F8F8364 C444C464 0F0F0F0F 0F0F0F0F
    0F0F0F0F FFFFFFFF 00000000 FFFFFFFF 00000000 FF8403BC 09697600 00000000
    00000000 00000000 FFFF0E40 00000000 33001C00 13001C00 3C003A10 1C003300
    1C001C00 38003000 3C003C00 32003000";
/// The same for a 508.
const TEST_CONFIG_508: &str = "
    C0005500 8F2FC444 8720C4F4 8F0F8F8F 9F8F8364 C444C464 0F0F0F0F 0F0F0F0F
    0F0F0F0F FFFFFFFF 00000000 FFFFFFFF 00000000 FFFFFFFF FFFFFFFF FFFFFFFF
    FFFFFFFF 00000000 FFFF0000 00000000 33001C00 13001C00 3C001C00 1C003300
    1C001C00 3C003000 3C003C00 32003000";

/// The key that the same program writes to slot 4.
const TEST_KEY: &str = "3780E63D4968ADE5D822C013FCC323845D1B569FE705B60006FEEC145A0DB1E3";

/// A named command with its response.
struct Exchange<'a> {
    name: &'a str,
    command: Vec<u8>,
    response: Vec<u8>,
}

fn exchanges(text: &str) -> Vec<Exchange<'_>> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines
        .chunks(3)
        .map(|three| match three {
            [name, command, response] => Exchange {
                name,
                command: bytes(command.strip_prefix("> ").expect(name)),
                response: bytes(response.strip_prefix("< ").expect(name)),
            },
            _ => panic!("an exchange has three lines: {three:?}"),
        })
        .collect()
}

/// The rest of the configuration is written before this exchange.
const AFTER_THE_CONFIGURATION: &str = "UpdateExtra byte 84 := 0";

#[test]
fn session_of_a_608() {
    let image = Image::blank(Revision::Atecc608A);
    let chip = Chip::new(image, Entropy::Seeded(1)).unwrap();
    let mut host = Host::of(chip);
    let session = exchanges(include_str!("golden/atecc608a.txt"));
    assert_eq!(session.len(), 57);
    for Exchange {
        name,
        command,
        response,
    } in session
    {
        if name.starts_with(AFTER_THE_CONFIGURATION) {
            write_config(&mut host, TEST_CONFIG_608);
        }
        let answer = host.session(&command);
        assert_eq!(answer, response, "{name}: {answer:02X?}");
    }
}

fn write_config(host: &mut Host, config: &str) {
    for (word, four) in (4..).zip(bytes(config).chunks(4)) {
        let answer = host.session(&group(0x12, 0x00, word, four));
        let expected = if word == 21 { EXECUTION_ERROR } else { SUCCESS };
        assert_eq!(answer, expected, "word {word}");
    }
}

#[test]
fn session_of_a_508() {
    let image = Image::blank(Revision::Atecc508A);
    let mut config = *image.config();
    let lock_bytes = [0, 0, 0, 0];
    config[16..].copy_from_slice(&bytes(TEST_CONFIG_508));
    assert_eq!(config[84..88], lock_bytes, "both zones locked");
    let mut image = image.with_config(config).unwrap();
    image.slot_mut(Slot::new(4).unwrap())[..32].copy_from_slice(&bytes(TEST_KEY));
    let mut host = Host::of(Chip::new(image, Entropy::Seeded(1)).unwrap());
    let session = exchanges(include_str!("golden/atecc508a.txt"));
    assert_eq!(session.len(), 14);
    for Exchange {
        name,
        command,
        response,
    } in session
    {
        let answer = host.session(&command);
        assert_eq!(answer, response, "{name}: {answer:02X?}");
    }
}
