use super::*;
use crate::{Action, Start};

/// The folder of recordings that the tests of this repository play.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recordings");

fn imported(name: &str) -> Result<Transcript, ImportError> {
    let text = std::fs::read_to_string(format!("{FOLDER}/{name}.json")).expect("a recording");
    recording(&text)
}

#[test]
fn a_capture_becomes_actions() {
    let transcript = imported("rusty-608a-info").expect("a capture");
    let header = &transcript.header;
    assert_eq!(header.provenance, Provenance::HardwareCapture);
    assert_eq!((header.address, header.scl_hz), (0x60, Some(100_000)));
    assert!(
        header
            .origin
            .contains("info_response.logicdata; nihalpasham;")
    );
    assert!(header.licence.starts_with("not stated"));
    let lines: String = transcript.lines.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        "0            write 60 nack\n\
         1634.5       write 60 03 07 30 00 0000 035d  # Info p1=00 p2=0000\n\
         7555         read 60 07\n\
         7786         read 60 00 00600280 38\n"
    );
}

#[test]
fn a_log_becomes_writes_and_reads() {
    let transcript = imported("kleniu-508a-console").expect("a log");
    assert_eq!(transcript.header.provenance, Provenance::HardwareLog);
    assert_eq!(transcript.lines.len(), 4);
    let comment = transcript.lines[0].comment.as_deref();
    assert_eq!(
        comment,
        Some("Info revision (the source names the command without its bytes)")
    );
    let Start::Known(image) = &transcript.header.start else {
        panic!("{:?}", transcript.header.start);
    };
    assert!(image.starts_with(
        "atecc-emulator-image 1\nchip ATECC508A\nconfig 0x000 012396ae 00005000 0bbacb9a \
         eec01900\nconfig 0x010 "
    ));
    let vendor = imported("vendor-log-508a-genkey-sign-verify").expect("a log");
    assert_eq!(vendor.header.provenance, Provenance::VendorDocument);
}

#[test]
fn wakes_are_found() {
    let transcript = imported("loramac-608a-tnglora-wake-read-idle").expect("a listing");
    assert_eq!(transcript.lines[0].action, Action::Wake);
    assert_eq!(transcript.header.address, 0x59);
}

/// Each recording is a transcript whose text form reads back, or has no bus
/// traffic.
#[test]
fn every_recording_is_read() {
    let mut read = 0;
    for entry in std::fs::read_dir(FOLDER).expect("the folder") {
        let path = entry.expect("an entry").path();
        let is_recording = path
            .extension()
            .is_some_and(|extension| extension == "json");
        if !is_recording {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a recording");
        match recording(&text) {
            Ok(transcript) => {
                let parsed = Transcript::parse(&transcript.render());
                assert_eq!(parsed.as_ref(), Ok(&transcript), "{}", path.display());
                read += 1;
            }
            Err(error) => assert_eq!(error.malformed, Malformed::Nothing, "{error}"),
        }
    }
    assert!(read >= 10, "{read}");
}

/// Every exchange is in the actions, and once: those that are transactions
/// as such, the others after them.
#[test]
fn exchanges_beside_the_transfers_are_kept() {
    let text = r#"{"schema": "atecc-recording/1", "id": "x", "chip": "ATECC608A",
        "provenance": "real-hardware", "source": {}, "bus": {"addr": "59"},
        "bus_transactions": [
            {"dir": "write", "addr": "59", "addr_ack": true, "data": "030730000000035d"},
            {"dir": "read", "addr": "59", "addr_ack": true, "data": "07"},
            {"dir": "read", "addr": "59", "addr_ack": true, "data": "000060028038"}],
        "exchanges": [
            {"tx": "030730000000035D", "rx": "07000060028038", "addr": "59"},
            {"tx": "030702001500175d", "rx": "0700005555f552", "t_us": 3, "comment": "locks"},
            {"tx": "030730000000035D", "rx": "07000060028038"},
            {"tx": "030730000000035D", "rx": "07000060028038", "addr": "35"}]}"#;
    let transcript = recording(text).expect("a recording");
    let lines: String = transcript.lines.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        "-            write 59 03 07 30 00 0000 035d\n\
         -            read 59 07\n\
         -            read 59 00 00600280 38\n\
         -            write 59 03 07 02 00 1500 175d  # beside the transfers: locks\n\
         -            read 59 07 00005555 f552  # beside the transfers\n\
         -            write 59 03 07 30 00 0000 035d  # beside the transfers\n\
         -            read 59 07 00006002 8038  # beside the transfers\n\
         -            write 35 03 07 30 00 0000 035d  # beside the transfers\n\
         -            read 35 07 00006002 8038  # beside the transfers\n"
    );
    let note = "The last 6 actions are exchanges that the source prints beside the transfers: \
                when they passed is not in it.";
    assert_eq!(transcript.header.notes, [note]);
    let parsed = Transcript::parse(&transcript.render());
    assert_eq!(parsed, Ok(transcript));
    assert_eq!(exchanges_beside(text), Ok(vec![1, 2, 3]));
    // Another answer than that of the transfers.
    let other = text.replacen("000060028038", "0000600383bb", 1);
    assert_eq!(exchanges_beside(&other), Ok(vec![0, 1, 2, 3]));
    let no_command = text.replacen(r#""tx": "03"#, r#""tx": "02"#, 1);
    assert_eq!(exchanges_beside(&no_command), Ok(vec![0, 1, 3]));
}

#[test]
fn malformed_recordings_are_refused() {
    let text = r#"{"schema": "atecc-recording/1", "id": "x", "chip": "ATECC608A",
        "provenance": "real-hardware", "source": {},
        "bus_transactions": [{"t_us": 1.5, "dir": "read", "addr": "60", "addr_ack": true,
        "data": "04"}], "config_partial": [{"offset": 120, "hex": "0102"}]}"#;
    let transcript = recording(text).expect("a recording");
    assert_eq!(transcript.header.origin, "not stated");
    for (from, to, part) in [
        ("{\"schema\"", "[\"schema\"", "not a recording"),
        ("recording/1", "recording/2", "must be atecc-recording/1"),
        ("\"04\"", "\"4\"", "pairs of hexadecimal digits"),
        ("\"60\"", "\"c0\"", "seven bits"),
        ("\"read\"", "\"peek\"", "write or read"),
        ("120", "127", "within the 128 bytes"),
        ("1.5", "1e40", "microseconds"),
        ("bus_transactions", "transactions", "nothing that passed"),
    ] {
        let error = recording(&text.replace(from, to))
            .expect_err(part)
            .to_string();
        assert!(error.contains(part), "{error}");
    }
}
