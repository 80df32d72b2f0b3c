//! The JSON of recordings, schema `atecc-recording/1`.
//!
//! One file is what one source says of one chip: `bus_transactions` of a
//! capture, or `exchanges` of a log, or both, and dumps of the chip. Both become
//! actions: an exchange that is one of the transactions once, others after them.
//! What else a source prints (`macs`, `digests`, `aes` ..) passed on no bus that
//! is known, and is left out.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use serde::Deserialize;
use serde_json::Number;

use super::error::{at, field};
use super::value::{Since, bare_hex, scaled};
use super::wire::{line, refused_write};
use super::{ImportError, Malformed};
use crate::word_address::COMMAND;
use crate::{Ack, Action, Cause, Header, Line, Provenance, Start, Time, Transcript};

const SCHEMA: &str = "atecc-recording/1";
/// Parts as delivered. Source: ATECC508A datasheet, Table 2-5, `I2C_Address`.
const ADDRESS: u8 = 0x60;
/// Microseconds to nanoseconds.
const MICROSECONDS: i32 = 3;
/// Of the configuration zone on a line of an image.
const ROW: usize = 16;
/// Size of the configuration zone.
const CONFIG: usize = 128;

/// How the comment of an action begins that a source prints beside what passed
/// on its bus: when it passed is not known.
pub const BESIDE: &str = "beside the transfers";

/// A recording as a transcript. Its id, origin and provenance are those of the
/// file; the files state no licence, and this is said.
///
/// The start image is what the file's first dump of the configuration zone
/// says, or its parts. It is `known` when nothing in the recording can have
/// changed the zone, and `constructed` otherwise, since the dump may be older
/// or younger than that.
///
/// # Errors
/// [`ImportError`], with the line for what is no JSON alone;
/// [`Malformed::Nothing`] when no bus traffic is in the file.
pub fn recording(text: &str) -> Result<Transcript, ImportError> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| at(error.line().max(1))(Malformed::Json(error.to_string())))?;
    file.transcript().map_err(at(text.lines().count().max(1)))
}

/// Which exchanges of a recording are in none of its transfers, by their index.
/// [`recording`] has them after these, with [`BESIDE`] before their comments.
///
/// # Errors
/// As [`recording`].
pub fn exchanges_beside(text: &str) -> Result<Vec<usize>, ImportError> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| at(error.line().max(1))(Malformed::Json(error.to_string())))?;
    let beside = file.transfers().and_then(|lines| file.apart(&lines));
    beside.map_err(at(text.lines().count().max(1)))
}

#[derive(Deserialize)]
struct File {
    schema: String,
    id: String,
    source: Source,
    chip: String,
    provenance: String,
    notes: Option<String>,
    #[serde(default)]
    bus: Bus,
    #[serde(default)]
    exchanges: Vec<Exchange>,
    #[serde(default)]
    bus_transactions: Vec<Transfer>,
    #[serde(default)]
    config_zones: Vec<Dump>,
    #[serde(default)]
    config_partial: Vec<Dump>,
}

#[derive(Deserialize)]
struct Source {
    url: Option<String>,
    repository: Option<String>,
    path: Option<String>,
    author: Option<String>,
    kind: Option<String>,
    date: Option<String>,
    licence: Option<String>,
    license: Option<String>,
}

#[derive(Default, Deserialize)]
struct Bus {
    addr: Option<String>,
    scl_hz: Option<u32>,
}

#[derive(Deserialize)]
struct Exchange {
    tx: String,
    rx: String,
    addr: Option<String>,
    t_us: Option<Number>,
    wait_us: Option<Number>,
    comment: Option<String>,
    #[serde(default)]
    tx_derived: bool,
}

#[derive(Deserialize)]
struct Transfer {
    t_us: Option<Number>,
    dir: String,
    addr: String,
    addr_ack: bool,
    data: String,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct Dump {
    #[serde(default)]
    offset: usize,
    hex: String,
}

impl File {
    fn transcript(&self) -> Result<Transcript, Malformed> {
        if self.schema != SCHEMA {
            return Err(field("schema", &self.schema, SCHEMA));
        }
        let mut lines = self.transfers()?;
        let mut notes: Vec<String> = self.notes.iter().map(|note| single_line(note)).collect();
        if lines.is_empty() {
            lines = self.exchanged(&self.exchanges)?;
            notes.push(
                "The source tells commands and responses alone: wakes, idles, polls and how reads \
                 are split are not in it."
                    .to_string(),
            );
        } else {
            let apart = self.beside(&lines)?;
            if let count @ 1.. = apart.len() {
                notes.push(format!(
                    "The last {count} actions are exchanges that the source prints {BESIDE}: when \
                     they passed is not in it."
                ));
            }
            lines.extend(apart);
        }
        if lines.is_empty() {
            return Err(Malformed::Nothing);
        }
        let header = Header {
            id: identifier(&self.id),
            chip: filled(&self.chip),
            revision: None,
            address: self.address()?,
            scl_hz: self.bus.scl_hz,
            provenance: self.provenance(),
            host: None,
            story: None,
            start: self.start(&lines)?,
            origin: self.source.origin(),
            licence: self.source.licence(),
            date: self.source.date.as_deref().and_then(day),
            notes: notes.into_iter().filter(|note| !note.is_empty()).collect(),
        };
        Ok(Transcript { header, lines })
    }

    /// Of the bus, of the first that is sent a command, of the first transfer at
    /// all or of the first exchange, or as delivered.
    fn address(&self) -> Result<u8, Malformed> {
        let transfers = || self.bus_transactions.iter().filter(|one| !is_pulse(one));
        let command = |one: &&Transfer| one.dir == "write" && one.data.starts_with("03");
        let transfer = transfers().find(command).or_else(|| transfers().next());
        let exchange = self.exchanges.iter().find_map(|one| one.addr.as_deref());
        let text = self.bus.addr.as_deref();
        let text = text.or(transfer.map(|one| one.addr.as_str())).or(exchange);
        text.map_or(Ok(ADDRESS), seven_bits)
    }

    /// The vendor's own, a capture, or whatever else a program printed.
    fn provenance(&self) -> Provenance {
        let says = |text: &Option<String>, word: &str| {
            text.as_ref()
                .is_some_and(|text| text.to_lowercase().contains(word))
        };
        let Source { author, kind, .. } = &self.source;
        if self.provenance.contains("emulat") {
            Provenance::Emulator
        } else if says(kind, "logic-analyzer") || says(kind, "logic analyzer") {
            Provenance::HardwareCapture
        } else if says(author, "microchip") || says(author, "atmel") || says(kind, "vendor") {
            Provenance::VendorDocument
        } else {
            Provenance::HardwareLog
        }
    }

    fn transfers(&self) -> Result<Vec<Line>, Malformed> {
        let mut since = Since::default();
        let mut exchanges = self.exchanges.iter();
        let mut lines = Vec::new();
        for transfer in &self.bus_transactions {
            let (address, bytes) = (seven_bits(&transfer.addr)?, hex(&transfer.data)?);
            let action = match (transfer.dir.as_str(), transfer.addr_ack) {
                ("write", true) => Action::Write {
                    address,
                    bytes,
                    ack: Ack::All,
                },
                ("write", false) => refused_write(address, bytes, Ack::NoAddress),
                ("read", true) => Action::Read {
                    address,
                    bytes,
                    ack: Ack::All,
                },
                ("read", false) => Action::Read {
                    address,
                    bytes: Vec::new(),
                    ack: Ack::NoAddress,
                },
                (other, _) => return Err(field("dir", other, "write or read")),
            };
            let mut line = line(time(&mut since, transfer.t_us.as_ref())?, action)?;
            line.comment = transfer.comment.as_deref().and_then(comment);
            // Exchanges are in the same order, and have comments more often.
            let mut rest = exchanges.clone();
            let same = |exchange: &&Exchange| {
                transfer.dir == "write" && exchange.tx.eq_ignore_ascii_case(&transfer.data)
            };
            if let Some(exchange) = rest.find(|exchange| same(exchange)) {
                exchanges = rest;
                let explained = exchange.comment.as_deref().and_then(comment);
                line.comment = line.comment.or(explained);
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// The exchanges that are in none of the transfers. Each command of the
    /// transfers is one exchange, that of its time where both have one.
    fn apart(&self, transfers: &[Line]) -> Result<Vec<usize>, Malformed> {
        if transfers.is_empty() {
            return Ok(Vec::new());
        }
        let first = self
            .bus_transactions
            .iter()
            .find_map(|one| one.t_us.as_ref());
        let origin = first.map(nanoseconds).transpose()?;
        let mut passed: Vec<(u8, crate::Exchange)> = Vec::new();
        for exchange in &self.exchanges {
            let address = self.address_of(exchange)?;
            if passed.iter().all(|(known, _)| *known != address) {
                let all = crate::exchanges(address, transfers).into_iter();
                passed.extend(all.map(|one| (address, one)));
            }
        }
        let mut apart = Vec::new();
        for (index, exchange) in self.exchanges.iter().enumerate() {
            let address = self.address_of(exchange)?;
            let (tx, rx) = (hex(&exchange.tx)?, hex(&exchange.rx)?);
            let time = exchange.t_us.as_ref().map(nanoseconds).transpose()?;
            let time = time
                .zip(origin)
                .and_then(|(time, origin)| time.checked_sub(origin));
            let same = |(at, one): &(u8, crate::Exchange)| {
                let Cause::Command(command) = &one.cause else {
                    return false;
                };
                let sent = transfers.get(one.line).and_then(|line| line.at);
                let other_time = time
                    .zip(sent)
                    .is_some_and(|(time, sent)| time != i128::from(sent.0));
                let told = tx.strip_prefix(&[COMMAND]);
                *at == address
                    && told == Some(command)
                    && one.response() == Some(&rx)
                    && !other_time
            };
            match passed.iter().position(same) {
                Some(at) => {
                    passed.remove(at);
                }
                None => apart.push(index),
            }
        }
        Ok(apart)
    }

    /// The same as actions, marked as such. A time says nothing of where they
    /// belong.
    fn beside(&self, transfers: &[Line]) -> Result<Vec<Line>, Malformed> {
        let apart = self.apart(transfers)?;
        let exchanges = apart.iter().filter_map(|index| self.exchanges.get(*index));
        let mut lines = self.exchanged(exchanges)?;
        for line in &mut lines {
            line.at = None;
            let said = line.comment.take().map(|said| format!(": {said}"));
            line.comment = Some(format!("{BESIDE}{}", said.unwrap_or_default()));
        }
        Ok(lines)
    }

    fn address_of(&self, exchange: &Exchange) -> Result<u8, Malformed> {
        let address = exchange.addr.as_deref().map(seven_bits);
        address.unwrap_or_else(|| self.address())
    }

    fn exchanged<'e>(
        &self,
        exchanges: impl IntoIterator<Item = &'e Exchange>,
    ) -> Result<Vec<Line>, Malformed> {
        let mut since = Since::default();
        let mut lines = Vec::new();
        for exchange in exchanges {
            let address = self.address_of(exchange)?;
            let write = Action::Write {
                address,
                bytes: hex(&exchange.tx)?,
                ack: Ack::All,
            };
            let mut command = line(time(&mut since, exchange.t_us.as_ref())?, write)?;
            command.comment = exchange.comment.as_deref().and_then(comment);
            if exchange.tx_derived {
                let said = command.comment.take().unwrap_or_default();
                let derived = format!("{said} (the source names the command without its bytes)");
                command.comment = comment(&derived);
            }
            lines.push(command);
            if let Some(wait) = &exchange.wait_us {
                let ns = scaled(&wait.to_string(), MICROSECONDS);
                let ns = ns.and_then(|ns| u64::try_from(ns).ok());
                let wanted = "microseconds";
                let ns = ns.ok_or_else(|| field("wait_us", &wait.to_string(), wanted))?;
                lines.push(line(None, Action::Delay(ns))?);
            }
            let read = Action::Read {
                address,
                bytes: hex(&exchange.rx)?,
                ack: Ack::All,
            };
            lines.push(line(None, read)?);
        }
        Ok(lines)
    }

    fn start(&self, lines: &[Line]) -> Result<Start, Malformed> {
        let dumps = match self.config_zones.first() {
            Some(whole) => core::slice::from_ref(whole),
            None => self.config_partial.as_slice(),
        };
        let Some(chip) = ["ATECC508A", "ATECC608A", "ATECC608B"]
            .into_iter()
            .find(|chip| self.chip.starts_with(chip))
            .filter(|_| !dumps.is_empty())
        else {
            return Ok(Start::Unknown);
        };
        let mut image = format!("atecc-emulator-image 1\nchip {chip}\n");
        for dump in dumps {
            let bytes = hex(&dump.hex)?;
            if dump.offset.saturating_add(bytes.len()) > CONFIG {
                let wanted = "within the 128 bytes of the zone";
                return Err(field("dump of the configuration", &dump.hex, wanted));
            }
            for (row, bytes) in bytes.chunks(ROW).enumerate() {
                let offset = dump.offset + row * ROW;
                // Writing to a String cannot fail.
                let _ = write!(image, "config {offset:#05x}");
                for (index, byte) in bytes.iter().enumerate() {
                    let gap = if index % 4 == 0 { " " } else { "" };
                    let _ = write!(image, "{gap}{byte:02x}");
                }
                image.push('\n');
            }
        }
        Ok(if lines.iter().any(may_change) {
            Start::Constructed(image)
        } else {
            Start::Known(image)
        })
    }
}

/// Whether a command may change the configuration zone: Write, Lock,
/// UpdateExtra, Counter, DeriveKey and uses of limited keys count there.
/// Source: ATECC508A datasheet, section 9; Read, Random, Nonce, SHA and Info
/// cannot.
fn may_change(line: &Line) -> bool {
    let harmless = |opcode: &u8| matches!(opcode, 0x02 | 0x1B | 0x16 | 0x47 | 0x30);
    match &line.action {
        Action::Write { bytes, .. } if bytes.first() == Some(&0x03) => {
            !bytes.get(2).is_some_and(harmless)
        }
        _ => false,
    }
}

impl Source {
    fn origin(&self) -> String {
        let place = match (&self.url, &self.repository, &self.path) {
            (Some(url), ..) => url.clone(),
            (None, Some(repository), Some(path)) => format!("{repository}, {path}"),
            (None, Some(repository), None) => repository.clone(),
            (None, None, _) => "not stated".to_string(),
        };
        let mut origin = place;
        for more in [&self.author, &self.kind].into_iter().flatten() {
            let _ = write!(origin, "; {more}");
        }
        single_line(&origin)
    }

    fn licence(&self) -> String {
        let stated = self.licence.as_ref().or(self.license.as_ref());
        let stated = stated.map(|licence| single_line(licence));
        stated
            .filter(|licence| !licence.is_empty())
            .unwrap_or_else(|| "not stated; facts and figures alone were taken".to_string())
    }
}

fn nanoseconds(t_us: &Number) -> Result<i128, Malformed> {
    let text = t_us.to_string();
    scaled(&text, MICROSECONDS).ok_or_else(|| field("t_us", &text, "microseconds"))
}

fn time(since: &mut Since, t_us: Option<&Number>) -> Result<Option<Time>, Malformed> {
    let Some(t_us) = t_us else {
        return Ok(None);
    };
    since
        .time(nanoseconds(t_us)?)
        .map(Some)
        .ok_or(Malformed::Backwards)
}

/// A wake pulse goes to address 0.
fn is_pulse(transfer: &Transfer) -> bool {
    seven_bits(&transfer.addr) == Ok(0)
}

fn seven_bits(text: &str) -> Result<u8, Malformed> {
    let address = bare_hex(text).filter(|address| *address < 0x80);
    address.ok_or_else(|| field("addr", text, "seven bits in hexadecimal, such as 60"))
}

fn hex(text: &str) -> Result<Vec<u8>, Malformed> {
    let pair = |pair: &[u8]| bare_hex(core::str::from_utf8(pair).ok()?).filter(|_| pair.len() == 2);
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or_else(|| field("bytes", text, "pairs of hexadecimal digits"))
}

fn single_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_string()
}

fn comment(text: &str) -> Option<String> {
    Some(single_line(text)).filter(|comment| !comment.is_empty())
}

fn filled(text: &str) -> String {
    comment(text).unwrap_or_else(|| "unknown".to_string())
}

fn identifier(text: &str) -> String {
    let fits = |character: char| match character.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9') => letter,
        _ => '-',
    };
    filled(text).chars().map(fits).collect()
}

/// A date that is a day; others are none that can be compared.
fn day(text: &str) -> Option<String> {
    let form = "0000-00-00";
    let digits = |(byte, form): (u8, u8)| byte == form || (form == b'0' && byte.is_ascii_digit());
    let fits = text.len() == form.len() && text.bytes().zip(form.bytes()).all(digits);
    fits.then(|| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
