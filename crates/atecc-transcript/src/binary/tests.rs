use crate::{Action, Lost, Record, Sink, Time};

use super::*;

const WAKE: Record<'_> = Record {
    at: Some(Time(5)),
    action: Action::Wake,
    redacted: 0..0,
    comment: None,
    lost: 0,
};

#[test]
fn a_record_is_these_bytes() {
    let mut buffer = [0; 32];
    // COBS: 3 bytes until the first zero; variant 3, `at` is there, 5, variant
    // 0 of the action, redacted from 0 to 0, no comment, nothing lost.
    let frame = encode(&WAKE, &mut buffer).expect("a frame");
    let (packed, check) = frame.split_at(9);
    assert_eq!(packed, [4, 3, 1, 5, 1, 1, 1, 1, 5]);
    let check: [u8; 4] = check[..4].try_into().expect("four bytes");
    let payload = [3, 1, 5, 0, 0, 0, 0, 0];
    assert_eq!(u32::from_le_bytes(check), CHECK.checksum(&payload));
    assert_eq!(frame.last(), Some(&0));
    assert_eq!(encode(&WAKE, &mut [0; 8]), Err(EncodeError::TooLong(8)),);
}

#[test]
fn a_sink_that_cannot_write_says_so() {
    let mut room = 1;
    let write = |_: &[u8]| {
        room -= 1;
        if room < 0 { Err(()) } else { Ok(()) }
    };
    let first = Begin::new("test", "ATECC608B", 0x60);
    let mut sink = BinarySink::<_, 64>::begin(write, &first).expect("room for one");
    assert_eq!(sink.record(&WAKE), Err(Lost));
    assert!(BinarySink::<_, 8>::begin(|_| Ok::<_, ()>(()), &first).is_err());
}

#[cfg(feature = "alloc")]
mod whole {
    use proptest::prelude::*;

    use super::super::*;
    use super::WAKE;
    use crate::arbitrary::transcript;
    use crate::{Ack, Action, Impossible, Sink, Time, Transcript};

    fn recorded(records: &[Record<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let write = |frame: &[u8]| {
            bytes.extend_from_slice(frame);
            Ok::<_, ()>(())
        };
        let first = Begin::new("test", "ATECC608B", 0x60);
        let mut sink = BinarySink::<_, 256>::begin(write, &first).expect("written");
        for record in records {
            sink.record(record).expect("written");
        }
        bytes
    }

    fn fault(bytes: &[u8]) -> Fault {
        Transcript::from_binary(bytes).expect_err("wrong").fault
    }

    #[test]
    fn a_recording_is_a_transcript() {
        let read = Record {
            action: Action::Read {
                address: 0x60,
                bytes: &[0x04, 0x11, 0x33, 0x43],
                ack: Ack::All,
            },
            lost: 2,
            ..WAKE
        };
        let bytes = recorded(&[WAKE, read]);
        let text = Transcript::from_binary(&bytes)
            .expect("a transcript")
            .render();
        assert_eq!(
            text,
            "atecc-transcript 1\nid: test\nchip: ATECC608B\naddress: 60\n\
             provenance: hardware-capture\norigin: not stated\nlicence: not stated\n\
             start: unknown\n\n\
             0.005        wake\n\
             0.005        read 60 04 1133 43  # 2 actions before this are lost\n"
                .replace("04 1133 43", "04 11 3343")
        );
    }

    #[test]
    fn damage_is_noticed() {
        let bytes = recorded(&[WAKE]);
        assert_eq!(fault(&[]), Fault::NoBegin);
        assert_eq!(fault(&bytes[..bytes.len() - 1]), Fault::Cut);
        let begin = bytes.len() - recorded(&[]).len();
        assert_eq!(fault(&bytes[bytes.len() - begin..]), Fault::NoBegin);
        assert_eq!(fault(&[&bytes[..], &bytes[..]].concat()), Fault::Again);
        for (index, byte) in bytes.iter().enumerate() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[index] = byte ^ (1 << bit);
                assert!(Transcript::from_binary(&changed).is_err(), "{index} {bit}");
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let late = Record {
            at: Some(Time(6)),
            ..WAKE
        };
        assert_eq!(fault(&recorded(&[late, WAKE])), Fault::Backwards);
        let hidden = Record {
            redacted: 0..1,
            ..WAKE
        };
        assert!(matches!(
            fault(&recorded(&[hidden])),
            Fault::Impossible(Impossible::Redacted { .. })
        ));
    }

    #[test]
    fn versions_are_told_apart() {
        let bytes = recorded(&[]);
        // The COBS code of the zero in front, then the magic and the version.
        let position = bytes.windows(4).position(|four| four == MAGIC);
        let mut changed = bytes.clone();
        changed[position.expect("the magic") + 4] = 2;
        assert_eq!(fault(&changed), Fault::Version(2));
    }

    proptest! {
        #[test]
        fn both_forms_say_the_same(transcript in transcript()) {
            let bytes = transcript.to_binary().expect("frames");
            let read = Transcript::from_binary(&bytes);
            prop_assert_eq!(read.as_ref(), Ok(&transcript));
            let text = read.expect("a transcript").render();
            let again = Transcript::parse(&text).expect("a transcript");
            prop_assert_eq!(again.to_binary().expect("frames"), bytes);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(Transcript::from_binary(&bytes).is_err());
        }
    }
}
