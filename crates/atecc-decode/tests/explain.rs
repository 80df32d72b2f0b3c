//! A transcript with all that can go wrong, in words and drawn.

use atecc::Slot;
use atecc_decode::{Explained, Labels, NoLabels, Outcome, StepKind, html, svg};
use atecc_transcript::Transcript;

struct Names;

impl Labels for Names {
    fn slot(&self, slot: Slot) -> Option<&str> {
        (slot.index() == 0).then_some("the <key>")
    }
}

/// Groups and CRCs are those of the ATECC508A datasheet's rules, as in the
/// tests of `atecc`; the first answer is one that a real chip gave too early.
const TEXT: &str = "\
atecc-transcript 1
id: all-wrong
chip: <b>ATECC608B</b>
address: 60
scl-hz: 100000
provenance: emulator
origin: made up for this test
licence: MIT
start: unknown

0            wake
300          read 60 fc 11 3343
2000         wake
3600         read 60 04 11 3343
4200         write 60 03 07 30 00 0000 035d nack
4500         write 60 03 07 30 00 0000 035d
6000         read 60 nack
7000         read 60 07 00006003 0000
7500         rewind 60
8000         read 60 07 00006002 8038
9000         write 60 03 07 40 04 0000 8387
130000       read 60 04 0f 2342
140000       write 60 03 07 02 80 0000 09ac
150000       read 60 04 ff 0142
160000       write 60 03 27 16 23 0000 ........ ........ ........ ........ ........ ........ ........ ........ ....
170000       read 60 04 00 0340
180000       write 60 03 07 1b 00 0000 24cd
200000       read 60 23 ........ ........ ........ ........ ........ ........ ........ ........ ....
210000       idle 60
220000       read 35 nack
";

fn transcript() -> Transcript {
    Transcript::parse(TEXT).unwrap()
}

#[test]
fn words() {
    let explained = Explained::new(&transcript(), &Names);
    let steps: Vec<_> = explained
        .steps
        .iter()
        .map(|step| (&*step.request, &*step.answer, step.outcome))
        .collect();
    assert_eq!(
        steps,
        [
            (
                "wake",
                "count byte 252 is outside 4 to 155",
                Outcome::Damaged
            ),
            ("wake", "awake (11)", Outcome::Ok),
            ("Info revision: not acknowledged", "", Outcome::Nack),
            (
                "Info revision",
                "ATECC608A (revision 00006002)",
                Outcome::Ok
            ),
            (
                "GenKey, create private key in slot 0 (the <key>)",
                "status 0F execution error",
                Outcome::Failed
            ),
            (
                "Read configuration, block 0 (32 bytes); bad CRC: is 09 ac, should be 09 ad",
                "status FF communication error",
                Outcome::Damaged
            ),
            // 32 bytes for a mode that has 64.
            (
                "no command: Nonce, mode 23: cannot have 32 bytes of data",
                "success",
                Outcome::Damaged
            ),
            ("Random, 32 bytes", "32 bytes, redacted", Outcome::Ok),
            ("idle", "", Outcome::Ok),
            ("0 bytes read from another address, 35", "", Outcome::Nack),
        ]
    );
    let info = &explained.steps[3];
    assert_eq!((info.polls, info.reread, info.again), (1, 1, true));
    // From the last clock of the command, 9 bytes of 9 clocks at 100 kHz after
    // 4500 us, to the reading at 7000 us.
    assert_eq!(info.waited_ns, Some(1_690_000));
    assert_eq!(info.kind, StepKind::Command);
    let random = &explained.steps[7];
    assert_eq!(random.response_bytes, format!("23{}", "..".repeat(34)));
    let numbers = explained.summary;
    assert_eq!(
        (numbers.commands, numbers.failed, numbers.damaged),
        (6, 1, 3)
    );
    assert_eq!((numbers.polls, numbers.nacks, numbers.wakes), (1, 2, 2));
}

/// The source prints answers alone: only that of a wake can be told.
#[test]
fn answers_without_their_commands() {
    let (header, _) = TEXT.split_once("\n\n").unwrap();
    let reads = "- read 60 04 11 3343\n- read 60 07 00000000 03ad\n- read 60 04 0f 2342\n";
    let transcript = Transcript::parse(&format!("{header}\n\n{reads}")).unwrap();
    let explained = Explained::new(&transcript, &NoLabels);
    let steps = explained.steps.iter();
    let steps: Vec<_> = steps
        .map(|step| (step.kind, &*step.request, &*step.answer, step.outcome))
        .collect();
    let unknown = "(a command that is not recorded)";
    assert_eq!(
        steps,
        [
            (StepKind::Wake, "(not recorded)", "awake (11)", Outcome::Ok),
            (StepKind::Other, unknown, "4 bytes 00000000", Outcome::Ok),
            (
                StepKind::Other,
                unknown,
                "status 0F execution error",
                Outcome::Failed
            ),
        ]
    );
}

#[test]
fn text_has_a_line_for_each_step() {
    let explained = Explained::new(&transcript(), &NoLabels);
    let text = explained.to_string();
    assert_eq!(text.lines().count(), explained.steps.len() + 1);
    let info = "       4.50 ms  Info revision -> ATECC608A (revision 00006002)  \
                [1.69 ms, 1 x not ready, 1 x read again, sent again]";
    assert!(text.contains(info), "{text}");
}

#[test]
fn markup_in_a_transcript_stays_text() {
    let page = html(&transcript(), &Names);
    assert!(!page.contains("<b>ATECC") && !page.contains("<key>"));
    assert!(page.contains("&lt;b&gt;ATECC608B&lt;/b&gt;"));
    assert!(page.contains("the &lt;key&gt;"));
    for outcome in ["failed", "damaged", "nack", "ok"] {
        assert!(
            page.contains(&format!("<i class=\"{outcome}\" data-step")),
            "{outcome}"
        );
    }
}

/// Elements of a picture: the attributes of each.
fn elements<'a>(picture: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!("<{name} ");
    let elements = picture.split('<').filter(|it| it.starts_with(&begin[1..]));
    elements.map(|it| it.split('>').next().unwrap()).collect()
}

fn number(element: &str, attribute: &str) -> u64 {
    let (_, value) = element.split_once(&format!(" {attribute}=\"")).unwrap();
    value.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn a_picture_stays_in_its_frame_and_its_text_is_no_markup() {
    let picture = svg(&transcript(), &Names);
    assert!(!picture.contains("<b>") && !picture.contains("<key>") && !picture.contains("<script"));
    assert!(picture.contains("&lt;b&gt;ATECC608B&lt;/b&gt;"));
    let (bars, names) = (elements(&picture, "rect"), elements(&picture, "text"));
    let frame = elements(&picture, "svg")[0];
    let (width, height) = (number(frame, "width"), number(frame, "height"));
    for bar in bars.iter().filter(|bar| bar.contains(" x=")) {
        assert!(number(bar, "x") + number(bar, "width") <= width, "{bar}");
        assert!(number(bar, "y") + number(bar, "height") <= height, "{bar}");
    }
    for name in &names {
        assert!(
            number(name, "x") <= width && number(name, "y") <= height,
            "{name}"
        );
    }
    // Each write and each read that was acknowledged is a bar on the bus.
    let explained = transcript();
    let transfers = explained.lines.iter().filter(|line| {
        use atecc_transcript::{Ack, Action};
        matches!(
            line.action,
            Action::Write { ack: Ack::All, .. } | Action::Read { ack: Ack::All, .. }
        )
    });
    let on_bus = bars.iter().filter(|bar| bar.contains("class=\"bus\""));
    assert_eq!(on_bus.count(), transfers.count());
    assert!(names.iter().any(|name| name.contains("class=\"bad\"")));
}

#[test]
fn nothing_at_all() {
    let mut empty = transcript();
    empty.lines.clear();
    let explained = Explained::new(&empty, &NoLabels);
    assert!(explained.steps.is_empty());
    assert!(html(&empty, &NoLabels).contains("0 commands"));
    assert!(svg(&empty, &NoLabels).contains("0 commands"));
}

/// A word address that was left out is not 00.
#[test]
fn a_redacted_word_address_is_no_rewind() {
    let (header, _) = TEXT.split_once("\n\n").unwrap();
    let text = format!(
        "{header}\n\n0 wake\n10 read 60 04 11 3343\n20 write 60 .. .. ..\n30 write 60 ..\n"
    );
    let explained = Explained::new(&Transcript::parse(&text).unwrap(), &NoLabels);
    let requests: Vec<_> = explained.steps.iter().map(|step| &*step.request).collect();
    assert_eq!(
        requests,
        [
            "wake",
            "3 bytes whose word address is left out",
            "1 byte whose word address is left out",
        ]
    );
}
