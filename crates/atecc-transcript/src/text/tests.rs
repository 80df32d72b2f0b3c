use proptest::prelude::*;

use super::Problem;
use crate::arbitrary::transcript;
use crate::{Ack, Action, Line, Provenance, Start, Time, Transcript};

const HEADER: &str = "\
atecc-transcript 1
id: an-example
chip: ATECC608A
revision: 00006002
address: 60
scl-hz: 100000
provenance: hardware-capture
host: a blinking light 1.0
story: info
date: 2024-05-31
origin: https://example.com/capture
licence: CC0-1.0
note: A note.
note: Another one.
start: constructed
| atecc-emulator-image 1
|
| config 0x000 01234567

";

const ACTIONS: &str = "\
-            wake
1634.5       write 60 03 07 30 00 0000 035d  # Info
2000         delay 1500.001
2000         read 60 nack
8189         read 60 07 00006002 8038  # revision
8200.05      write 60 03 27 16 03 0000 00112233 44556677 8899aabb ccddeeff 00112233 44556677 8899  # Nonce
                      aabb ccddeeff 0fb6
9000         write 60 03 07 02 .. .... .... nack after 3
9000.001     read 60 23 ........
-            write 00 00 nack somewhere
-            rewind 60 nack
-            idle 60
-            sleep 60
-            write 60
";

fn parse(actions: &str) -> Result<Transcript, super::ParseError> {
    Transcript::parse(&format!("{HEADER}{actions}"))
}

fn problem(actions: &str) -> Problem {
    parse(actions).expect_err("malformed").problem
}

#[test]
fn header_is_read() {
    let header = parse("").expect("a transcript").header;
    assert_eq!(header.id, "an-example");
    assert_eq!(header.revision, Some([0x00, 0x00, 0x60, 0x02]));
    assert_eq!(header.address, 0x60);
    assert_eq!(header.provenance, Provenance::HardwareCapture);
    assert_eq!(header.notes, ["A note.", "Another one."]);
    let image = "atecc-emulator-image 1\n\nconfig 0x000 01234567\n";
    assert_eq!(header.start, Start::Constructed(image.into()));
    assert_eq!(header.to_string(), HEADER);
}

#[test]
fn actions_are_read() {
    let transcript = parse(ACTIONS).expect("a transcript");
    let [wake, info, delay, busy, revision, nonce, cut, hidden, ..] = &transcript.lines[..] else {
        panic!("{} lines", transcript.lines.len());
    };
    assert_eq!((wake.at, &wake.action), (None, &Action::Wake));
    assert_eq!(info.at, Some(Time(1_634_500)));
    assert_eq!(info.comment.as_deref(), Some("Info"));
    assert_eq!(
        info.action,
        Action::Write {
            address: 0x60,
            bytes: vec![0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D],
            ack: Ack::All,
        }
    );
    assert_eq!(delay.action, Action::Delay(1_500_001));
    assert_eq!(
        busy.action,
        Action::Read {
            address: 0x60,
            bytes: vec![],
            ack: Ack::NoAddress,
        }
    );
    assert_eq!(revision.action.bytes().len(), 7);
    assert_eq!(
        (nonce.at, nonce.action.bytes().len()),
        (Some(Time(8_200_050)), 40)
    );
    assert_eq!(cut.redacted, 3..8);
    assert!(matches!(
        cut.action,
        Action::Write {
            ack: Ack::Bytes(3),
            ..
        }
    ));
    assert_eq!(hidden.redacted, 1..5);
    assert_eq!(transcript.lines[8].action.bytes(), [0x00]);
    assert_eq!(transcript.lines[9].action.bytes(), [0x00]);
    assert_eq!(transcript.lines[10].action.bytes(), [0x02]);
    assert_eq!(transcript.lines[11].action.bytes(), [0x01]);
    assert!(transcript.lines[12].action.bytes().is_empty());
}

#[test]
fn long_actions_wrap_and_short_ones_have_words() {
    let line = |bytes: Vec<u8>, ack| Line {
        at: Some(Time(1_500)),
        action: Action::Write {
            address: 0x60,
            bytes,
            ack,
        },
        redacted: 0..0,
        comment: Some("what it\nis".into()),
    };
    let mut nonce = vec![0x03, 0x27, 0x16, 0x03, 0x00, 0x00];
    nonce.extend((0..16).flat_map(|_| [0xA5, 0x5A]));
    nonce.extend([0x12, 0x34]);
    assert_eq!(
        line(nonce, Ack::All).to_string(),
        "1.5          write 60 03 27 16 03 0000 a55aa55a a55aa55a a55aa55a a55aa55a a55aa55a \
         a55aa55a a55aa55a  # what it is\n\
         \x20                     a55aa55a 1234\n"
    );
    assert_eq!(
        line(vec![0x02], Ack::NoAddress).to_string(),
        "1.5          idle 60 nack  # what it is\n"
    );
}

#[test]
fn comments_of_their_own_lines_join_their_action() {
    let transcript = parse("# one\n\n  # two\n- wake # three\n# four\n").expect("a transcript");
    assert_eq!(
        transcript.lines[0].comment.as_deref(),
        Some("one two three four")
    );
    assert_eq!(problem("# nothing\n"), Problem::Comment);
}

#[test]
fn what_is_wrong_is_said() {
    for (actions, wanted) in [
        ("- wink", Problem::Action("wink".into())),
        ("0", Problem::Action(String::new())),
        ("1.2345 wake", Problem::Time("1.2345".into())),
        ("+1 wake", Problem::Time("+1".into())),
        (
            "18446744073709552 wake",
            Problem::Time("18446744073709552".into()),
        ),
        ("1 wake\n0.999 wake", Problem::Backwards("0.999".into())),
        ("- read 80 00", Problem::Address("80".into())),
        ("- idle", Problem::Address(String::new())),
        ("- read 60 0", Problem::Bytes("0".into())),
        ("- read 60 é", Problem::Bytes("é".into())),
        ("- read 60 .. 00 ..", Problem::Scattered),
        ("- wake 00", Problem::End("00".into())),
        ("- write 60 00 nack after x", Problem::End("x".into())),
        ("- write 60 00 nack nack", Problem::End("nack".into())),
        ("- delay 1ms", Problem::Delay("1ms".into())),
        (" 00", Problem::Continuation),
        ("- write 60 00\n# c\n 00", Problem::Continuation),
        ("- wake \u{7}", Problem::Control('\u{7}')),
    ] {
        assert_eq!(problem(actions), wanted, "{actions}");
    }
    let text = problem("- write 60 00 nack after 1").to_string();
    assert_eq!(
        text,
        "of 1 bytes, 1 and not the next are said to be acknowledged"
    );
    let text = problem("- read 60 00 nack").to_string();
    assert_eq!(
        text,
        "a read that was not acknowledged brings no bytes, here 1"
    );
}

#[test]
fn what_is_wrong_with_a_header_is_said() {
    let with = |from: &str, to: &str| {
        let error = Transcript::parse(&HEADER.replace(from, to)).expect_err("malformed");
        error.to_string()
    };
    assert_eq!(
        Transcript::parse("").expect_err("empty").problem,
        Problem::Magic
    );
    assert!(with("transcript 1", "transcript 2").starts_with("line 1: version 2 of the format"));
    assert!(with("chip:", "chop:").starts_with("line 3: unknown key \"chop\""));
    assert_eq!(
        with("chip: ATECC608A\n", ""),
        "line 18: the header has no line \"chip: ..\""
    );
    assert!(with("address: 60", "address: c0").contains("must be a seven-bit address"));
    assert!(with("an-example", "An-Example").contains("must be lower-case letters"));
    for day in [
        "31.5.2024",
        "2026-02-31",
        "2100-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-04-00",
    ] {
        assert!(with("2024-05-31", day).contains("must be a day of the calendar"));
    }
    assert!(with("scl-hz: 100000", "scl-hz: 0").contains("must be a number above 0"));
    assert!(with("00006002", "0000602").contains("must be four bytes"));
    assert!(with("hardware-capture", "a friend").contains("provenance \"a friend\" is none of"));
    assert!(with("start: constructed", "start: unknown").contains("lines of an image"));
    assert!(with("story: info", "story:").contains("story has no value"));
    assert!(with("story: info", "story").contains("no header line"));
    assert!(with("story: info", "host: x").contains("host is given twice"));
}

proptest! {
    #[test]
    fn parsing_inverts_rendering(transcript in transcript()) {
        let text = transcript.render();
        let parsed = Transcript::parse(&text);
        prop_assert_eq!(parsed.as_ref(), Ok(&transcript), "{}", text);
        prop_assert_eq!(parsed.expect("a transcript").render(), text);
    }

    #[test]
    fn whatever_parses_renders(actions in "([-0-9.]{1,4} (wake|idle 60|write 60|read 60)( [0-9.]{2}){0,3}( nack( after [0-9])?)?( #.{0,5})?\n( 00\n)?){0,5}") {
        if let Ok(transcript) = parse(&actions) {
            prop_assert_eq!(Transcript::parse(&transcript.render()), Ok(transcript));
        }
    }
}
