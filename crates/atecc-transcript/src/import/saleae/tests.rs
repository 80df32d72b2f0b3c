use alloc::string::{String, ToString};

use super::lines;
use crate::import::{ImportError, Malformed};

const LOGIC_2: &str = "\
name,type,start_time,duration,\"ack\",\"address\",\"read\",\"data\"
\"I2C\",\"start\",-0.0010000,4e-08,,,,
\"I2C\",\"address\",-0.0009950,0.00009,false,0x00,false,
\"I2C\",\"data\",-0.0008950,0.00009,false,,,0x00
\"I2C\",\"stop\",-0.0007900,4e-08,,,,
\"I2C\",\"start\",0.0010000,4e-08,,,,
\"I2C\",\"address\",0.0010050,0.00009,true,0x60,true,
\"I2C\",\"data\",0.0011000,0.00009,true,,,0x04
\"I2C\",\"data\",0.0012000,0.00009,false,,,0x11
\"I2C\",\"start\",1.2500000e-03,4e-08,,,,
\"I2C\",\"address\",0.0012550,0.00009,true,0x60,false,
\"I2C\",\"data\",0.0013500,0.00009,true,,,0x03
\"I2C\",\"data\",0.0014500,0.00009,false,,,0x07
\"I2C\",\"stop\",0.0015500,4e-08,,,,
\"I2C\",\"start\",0.0020000,4e-08,,,,
\"I2C\",\"address\",0.0020050,0.00009,false,0x60,true,
\"I2C\",\"stop\",0.0021000,4e-08,,,,
";

const LOGIC_1: &str = "\
Time [s],Packet ID,Address,Data,Read/Write,ACK/NAK
1.000000000000000,,0x00,,Write,NAK
1.002000000000000,0,0xC1,0x04,Read,ACK
1.002100000000000,0,0xC1,0x11,Read,NAK
1.003000000000000,1,0xC0,0x03,Write,ACK
1.003100000000000,1,0xC0,0x07,Write,NAK
1.004000000000000,2,0xC0,0x00,Write,ACK
1.005000000000000,,0xC1,,Read,NAK
";

fn shown(text: &str) -> String {
    let lines = lines(text).expect("a recording");
    lines.iter().map(ToString::to_string).collect()
}

#[test]
fn rows_of_logic_2_become_actions() {
    let wanted = "0            wake\n\
                  2000         read 60 04 11\n\
                  2250         write 60 03 07 nack after 1\n\
                  3000         read 60 nack\n";
    assert_eq!(shown(LOGIC_2), wanted);
    let windows = LOGIC_2.replace('\n', "\r\n");
    assert_eq!(shown(&format!("\u{feff}{windows}")), wanted);
}

#[test]
fn rows_of_logic_1_become_actions() {
    let wanted = "0            wake\n\
                  2000         read 60 04 11\n\
                  3000         write 60 03 07 nack after 1\n\
                  4000         rewind 60\n\
                  5000         read 60 nack\n";
    assert_eq!(shown(LOGIC_1), wanted);
    for (read, write) in [("0x60", "0x60"), ("0xC0", "0xC0")] {
        let text = LOGIC_1.replace("0xC0", write).replace("0xC1", read);
        assert_eq!(shown(&text), wanted, "{read}");
    }
    // 0x6A and 0x6B are the address 0x35 with its direction bit.
    let text = LOGIC_1.replace("0xC0", "0x6A").replace("0xC1", "0x6B");
    assert_eq!(shown(&text), wanted.replace(" 60", " 35"));
}

#[test]
fn malformed_tables_are_refused() {
    let (two, one) = (LOGIC_2.to_string(), LOGIC_1.to_string());
    for (text, line, part) in [
        (String::new(), 1, "not a table of an I2C analyzer"),
        (two.replace("start_time", "time"), 1, "not a table"),
        (one.lines().take(1).collect(), 1, "nothing that passed"),
        (
            two.replace("0x60", "96"),
            7,
            "address \"96\": must be seven bits",
        ),
        (two.replace("0x60", "0xC0"), 7, "must be seven bits"),
        (
            two.replace("0x11", "17"),
            9,
            "data \"17\": must be hexadecimal",
        ),
        (
            two.replace("\"stop\"", "\"halt\""),
            5,
            "unknown event \"halt\"",
        ),
        (two.replace(",true,0x60", ",maybe,0x60"), 7, "ack \"maybe\""),
        (
            two.replace("0.0012000", "0.0002"),
            9,
            "before that of an earlier",
        ),
        (two.replace("0.0012000", "soon"), 9, "start_time \"soon\""),
        (
            two.replace("\"address\",-0.0009950", "\"stop\",-0.0009950"),
            4,
            "a byte before any",
        ),
        (
            one.replace("0x11", "'17'"),
            4,
            "Data \"'17'\": must be hexadecimal",
        ),
        (one.replace("0xC0", "N"), 5, "Address \"N\""),
        (
            one.replace("NAK\n1.002", "Missing ACK/NAK\n1.002"),
            2,
            "must be ACK or NAK",
        ),
        (one.replace(",Read,", ",Look,"), 3, "must be Read or Write"),
    ] {
        let error = lines(&text).expect_err(part);
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let stray: String = LOGIC_2
        .lines()
        .take(1)
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_eq!(
        lines(&stray),
        Err(ImportError {
            line: 1,
            malformed: Malformed::Nothing
        })
    );
}

const RESULTS: &str = include_str!("../../../tests/captures/saleae-results.csv");
const TERMINAL: &str = include_str!("../../../tests/captures/saleae-terminal.txt");

#[test]
fn decoded_results_become_actions() {
    let wanted = "0            wake\n\
                  2000         read 60 04 113343\n\
                  4000         write 60 03 07 30 00 0000 035d\n\
                  5000         read 60 nack\n\
                  6000         read 60 07 00006002 8038\n\
                  8000         sleep 60\n";
    let (spaced, wanted) = (|text: &str| text.replace(' ', ""), wanted.replace(' ', ""));
    assert_eq!(spaced(&shown(RESULTS)), wanted);
    for text in [
        RESULTS.replace("0xC0", "0x60").replace("0xC1", "0x60"),
        RESULTS.replace(",0x30 + ", ",'48' (0x30) + "),
        RESULTS.replace("[0xC0]", "['192' (0xC0)]"),
        RESULTS.replace(" + ACK\n", " + ACK \r\n"),
        RESULTS.replace("\n0.005", "\n0.004,SPI,MOSI: 0x00;  MISO: 0x01\n0.005"),
    ] {
        assert_eq!(spaced(&shown(&text)), wanted, "{text}");
    }
    let comma = RESULTS.replace(",0x30 + ", ",, (0x2C) + ");
    assert!(shown(&comma).contains("03 07 2c"), "{comma}");
    // Without times, and without the name of the analyzer.
    let mut text = RESULTS.replace("Time [s],", "");
    for columns in [1, 0] {
        let rows = text.lines().map(|row| match row.split_once(',') {
            Some((_, rest)) if columns == 0 || row.starts_with("0.") => rest,
            _ => row,
        });
        text = rows.flat_map(|row| [row, "\n"]).collect();
        let untimed = shown(&text);
        assert!(untimed.starts_with("-            wake\n"), "{text}");
        assert_eq!(untimed.lines().count(), 6);
    }
}

#[test]
fn malformed_results_are_refused() {
    for (text, line, part) in [
        (
            RESULTS.replace("0x30", "'48'"),
            11,
            "data \"'48'\": must be hexadecimal",
        ),
        (RESULTS.replace("[0xC1]", "[193]"), 3, "address \"193\""),
        (
            RESULTS.replace("0x30 + ACK", "0x30 + Missing ACK/NAK"),
            11,
            "must be ACK or NAK",
        ),
        (
            RESULTS.replace("0x30 + ACK", "Stop"),
            11,
            "unknown event \"Stop\"",
        ),
        (RESULTS.replace("0.0053", "soon"), 11, "must be seconds"),
        (
            RESULTS.replace("0.0053", "0.0003"),
            11,
            "before that of an earlier",
        ),
        (
            RESULTS.replace("0.005300000000000,I2C,", ""),
            11,
            "as long as the first",
        ),
        (
            RESULTS.replacen("Setup Write to [0x00] + NAK", "0x00 + ACK", 1),
            2,
            "before any address",
        ),
        (format!("{RESULTS}{TERMINAL}"), 1, "keep one of both"),
    ] {
        let error = lines(&text).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.line, line, "{error}");
    }
}

#[test]
fn lines_of_the_terminal_become_actions() {
    let note = "# the terminal does not tell whether bytes were acknowledged; all are taken as \
                acknowledged";
    let wanted = format!(
        "- wake\n- read 60 04 113343\n- write 60 03 07 30 00 0000 035d {note}\n\
         - read 60 nack\n- read 60 07 00006002 8038\n- sleep 60\n"
    );
    let spaced = |text: &str| text.replace(' ', "");
    assert_eq!(spaced(&shown(TERMINAL)), spaced(&wanted));
    let among_others = format!("0x41\n\n{}SPI: 0x00\n", TERMINAL.replace('\n', "\r\n"));
    assert_eq!(shown(&among_others), shown(TERMINAL));
    assert_eq!(
        shown("write to 0x60 nak data: 0x03"),
        "-            write 60 03 nack\n"
    );
}

#[test]
fn malformed_lines_of_the_terminal_are_refused() {
    for (text, line, part) in [
        (TERMINAL.replace("0x5D", "..."), 3, "data \"...\""),
        (TERMINAL.replace("0x60 nak", "0xC1 nak"), 4, "seven bits"),
        (TERMINAL.replace("0x60 nak", "96 nak"), 4, "seven bits"),
        (
            TERMINAL.replace("0x60 nak", "0x60"),
            4,
            "must be ack or nak",
        ),
        (TERMINAL.replace("data: 0x01", "0x01"), 6, "data: and bytes"),
        (
            TERMINAL.replacen("write to 0x60 ack", "wrote to 0x60 ack", 1),
            3,
            "unknown event \"wrote to 0x60 ack",
        ),
        (
            TERMINAL.replacen("read to 0x60", "Read to 0x60", 1),
            2,
            "unknown event \"Read to 0x60",
        ),
    ] {
        let error = lines(&text).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.line, line, "{error}");
    }
}
