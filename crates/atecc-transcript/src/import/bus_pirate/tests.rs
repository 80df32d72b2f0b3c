use alloc::string::{String, ToString};

use super::lines;

const TERMINAL: &str = include_str!("../../../tests/captures/bus-pirate.txt");
const SNIFFER: &str = include_str!("../../../tests/captures/bus-pirate-sniffer.txt");

/// As firmware of the Bus Pirate 5 prints it.
const FIVE: &str = "\
I2C> [0xc0 0x03 [0xc1 r:3]

I2C START
TX: 0xC0 ACK 0x03 ACK 
I2C REPEATED START
TX: 0xC1 ACK 
RX: 0x04 ACK 0x11 ACK 
    0x33 NACK 
    
I2C STOP
";

fn shown(text: &str) -> String {
    let lines = lines(text).expect("a capture");
    let shown: String = lines.iter().map(ToString::to_string).collect();
    shown.replace("-            ", "").replace(' ', "")
}

#[test]
fn both_forms_become_actions() {
    let wanted = "wake\n\
                  read 60 04 113343\n\
                  write 60 03 07 30 00 0000 035d\n\
                  read 60 nack\n\
                  read 60 07 00006002 8038\n\
                  sleep 60\n"
        .replace(' ', "");
    for text in [TERMINAL, SNIFFER] {
        assert_eq!(shown(text), wanted);
        assert_eq!(shown(&text.replace('\n', "\r\n")), wanted);
    }
    assert_eq!(shown(&SNIFFER.replace("0x", "")), wanted);
    let fifth = shown(FIVE);
    assert_eq!(fifth, "write6003\nread60041133\n");
    let restart = shown("[0xC0+0x03+0x07-[0xC1+0x04-]");
    assert_eq!(restart, "write600307nackafter1\nread6004\n");
}

/// What is typed at a prompt, and what a Bus Pirate says of itself.
#[test]
fn what_is_no_traffic_is_passed_over() {
    let said = "HiZ>m\nReady\nDEVID:0x0447 REVID:0x3046\ni2c1> [ 0xC0 0x03 ]\n";
    assert_eq!(shown(&format!("{said}{TERMINAL}")), shown(TERMINAL));
}

#[test]
fn what_is_not_told_is_refused() {
    let typed: String = TERMINAL
        .lines()
        .filter(|line| line.starts_with("I2C>"))
        .flat_map(|line| [line, "\n"])
        .collect();
    for (text, line, part) in [
        (typed, 8, "without what it answered"),
        (String::new(), 1, "nothing that passed"),
        (TERMINAL.replace("0x04 \n", "4\n"), 12, "byte \"4\""),
        (TERMINAL.replace("0x5D ACK", "0x5D"), 29, "no ACK or NACK"),
        (
            TERMINAL.replace("WRITE: 0x30", "WROTE: 0x30"),
            23,
            "byte \"WROTE:\"",
        ),
        (
            TERMINAL.replace("WRITE: 0xC1", "WRITE: 0xC0"),
            12,
            "other direction",
        ),
        (
            TERMINAL.replacen("I2C START BIT\n", "", 1),
            6,
            "a byte before any address",
        ),
        (
            TERMINAL.replacen("WRITE: 0x00 NACK", "5B 30 78 61", 1),
            7,
            "unknown event \"5B 30 78 61\"",
        ),
        (
            format!("WROTE: 0xC0 ACK\n{TERMINAL}"),
            1,
            "unknown event \"WROTE: 0xC0 ACK\"",
        ),
        (
            format!("{SNIFFER}0xC1+ 0x04\n"),
            SNIFFER.lines().count() + 1,
            "unknown event \"0xC1+ 0x04\"",
        ),
        (SNIFFER.replace("0x5D+", "0x5D"), 5, "with + or - after it"),
        (SNIFFER.replace("0x5D+]", "0x5D"), 5, "with + or - after it"),
        (SNIFFER.replace("0x01+]", "0x01"), 6, "no ACK or NACK"),
        (SNIFFER.replace("][0xC1-]", "]0xC1-]"), 5, "a byte before"),
    ] {
        let error = lines(&text).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.line, line, "{error}");
    }
}
