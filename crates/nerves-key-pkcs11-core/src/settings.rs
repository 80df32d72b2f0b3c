//! Which slots there are: what the file and the environment add to the buses
//! that are found.
//!
//! `/etc/nerves-key/pkcs11.conf`, or the file that `NERVES_KEY_PKCS11_CONF`
//! names:
//!
//! ```text
//! # Chips on /dev/i2c-0 to 15 are found without configuration.
//! scan = no
//! slot 40 = i2c:/dev/i2c-20?addr=0x36
//! slot 1 = /dev/i2c-21
//! label 1 = greenhouse
//! generate 1 = 2, 3
//! ```
//!
//! Behind a blank, `#` begins a comment. The file is UTF-8, with or without a mark
//! at its beginning; a line that is not costs that line alone.
//!
//! A number stays with its chip whatever else comes and goes, because tokens
//! are named by it. `NERVES_KEY_DEVICE` is slot 32, unless it names what has a
//! number already. A program that runs with more rights than its caller
//! (`AT_SECURE`) does not look at the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::str::{FromStr, Utf8Error};

use atecc::BusAddress;
/// The number of a slot, 32 bits wide where a C `long` is.
pub use cryptoki_sys::CK_SLOT_ID;
use nerves_key_device::{DeviceUri, UriError};

use crate::options::{OptionError, Options};

/// Where the file is.
pub const FILE: &str = "/etc/nerves-key/pkcs11.conf";
/// The slot of `NERVES_KEY_DEVICE`.
pub const ENVIRONMENT_SLOT: CK_SLOT_ID = 32;
/// Buses that are looked at, and what is added to a bus's number for a chip at
/// 0x35. Source: the C module `nerves_key_pkcs11`, `DEVICE_INDEX_SPLIT`.
const BUSES: CK_SLOT_ID = 16;

/// More than any list of slots has.
const LIMIT: u64 = 64 * 1024;
/// Characters of a line that are shown.
const SHOWN: usize = 80;
/// What some editors begin files with.
const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";
const UTF_16_MARKS: [[u8; 2]; 2] = [[0xFF, 0xFE], [0xFE, 0xFF]];

/// Slots beyond those that are found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// Whether buses are looked for.
    pub scan: Scan,
    /// Slots by number.
    pub slots: BTreeMap<CK_SLOT_ID, DeviceUri>,
    /// What is said of slots beside their chips.
    pub options: Options,
}

/// Whether buses are looked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Scan {
    /// `/dev/i2c-0` to `/dev/i2c-15`, 0x60 and 0x35 on each.
    #[default]
    Buses,
    /// Only configured slots.
    Nothing,
}

/// Whether the environment is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Environment {
    /// It is.
    Trusted,
    /// It is somebody's with fewer rights than this process has.
    Ignored,
}

/// Where a slot comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Its address was looked at because chips are often there: it may be
    /// another device's.
    Found,
    /// File or environment name it as a chip's.
    Configured,
}

/// A line that says nothing known.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// From 1.
    line: usize,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(
        "{0:?} is none of `scan = yes`, `scan = no`, `slot N = DEVICE`, `label = TEXT`, \
         `label N = TEXT` and `generate N = SLOTS`"
    )]
    Unknown(String),
    #[error("slot {text:?} is no number: {error}")]
    Slot { text: String, error: ParseIntError },
    #[error(transparent)]
    Device(#[from] UriError),
    #[error(transparent)]
    Option(#[from] OptionError),
    #[error("byte {} is no UTF-8", .0.valid_up_to() + 1)]
    Text(#[from] Utf8Error),
    #[error("the file is UTF-16, and nothing of it is read: save it as UTF-8")]
    Utf16,
}

impl Settings {
    /// What file and environment say. What is wrong there is reported and left
    /// out: one bad line should not take every key away.
    #[must_use]
    pub fn load(environment: Environment, mut report: impl FnMut(String)) -> Self {
        let environment = |name| match environment {
            Environment::Trusted => std::env::var_os(name).filter(|value| !value.is_empty()),
            Environment::Ignored => None,
        };
        let named = environment("NERVES_KEY_PKCS11_CONF").map(PathBuf::from);
        let path = named.as_deref().unwrap_or(Path::new(FILE));
        let mut settings = match read(path) {
            Ok(contents) => Self::parse(&contents, |error| {
                report(format!("{}: {error}", path.display()));
            }),
            Err(error) => {
                if named.is_some() || error.kind() != ErrorKind::NotFound {
                    report(format!("{}: {error}", path.display()));
                }
                Self::default()
            }
        };
        if let Some(device) = environment("NERVES_KEY_DEVICE")
            && let Err(error) = settings.add_from_environment(&device)
        {
            report(format!("NERVES_KEY_DEVICE: {error}"));
        }
        settings
    }

    /// The contents of a file.
    pub fn parse(contents: &(impl AsRef<[u8]> + ?Sized), mut report: impl FnMut(BadLine)) -> Self {
        let mut settings = Self::default();
        let contents = contents.as_ref();
        let contents = contents.strip_prefix(UTF_8_MARK).unwrap_or(contents);
        if UTF_16_MARKS.iter().any(|mark| contents.starts_with(mark)) {
            let problem = Problem::Utf16;
            report(BadLine { line: 1, problem });
            return settings;
        }
        for (line, text) in (1..).zip(contents.split(|byte| *byte == b'\n')) {
            let text = std::str::from_utf8(text).map_err(Problem::from);
            if let Err(problem) = text.and_then(|text| settings.take_line(text)) {
                report(BadLine { line, problem });
            }
        }
        settings
    }

    fn take_line(&mut self, line: &str) -> Result<(), Problem> {
        let line = without_comment(line).trim();
        if line.is_empty() {
            Ok(())
        } else {
            self.take(line)
        }
    }

    fn take(&mut self, line: &str) -> Result<(), Problem> {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let mut key = key.split_ascii_whitespace();
        match (key.next(), key.next(), key.next(), value.trim()) {
            (Some("scan"), None, None, "yes") => self.scan = Scan::Buses,
            (Some("scan"), None, None, "no") => self.scan = Scan::Nothing,
            (Some("slot"), Some(slot), None, device) => {
                self.slots.insert(slot_number(slot)?, device.parse()?);
            }
            (Some("label"), None, None, text) => self.options.set_label(None, text)?,
            (Some("label"), Some(slot), None, text) => {
                self.options.set_label(Some(slot_number(slot)?), text)?;
            }
            (Some("generate"), Some(slot), None, slots) => {
                self.options.set_generate(slot_number(slot)?, slots)?;
            }
            _ => return Err(Problem::Unknown(line.chars().take(SHOWN).collect())),
        }
        Ok(())
    }

    fn add_from_environment(&mut self, device: &OsString) -> Result<(), UriError> {
        let device = DeviceUri::from_str(&device.to_string_lossy())?;
        let slot = self.slot_of(&device);
        self.slots.entry(slot).or_insert(device);
        Ok(())
    }

    /// The slot that `device` has, or gets when `NERVES_KEY_DEVICE` names it.
    #[must_use]
    pub fn slot_of(&self, device: &DeviceUri) -> CK_SLOT_ID {
        let mut slots = self.slots.iter();
        let configured = slots.find_map(|(slot, known)| (known == device).then_some(*slot));
        configured
            .or_else(|| number(device))
            .unwrap_or(ENVIRONMENT_SLOT)
    }

    /// Where `slot` comes from.
    #[must_use]
    pub fn origin(&self, slot: CK_SLOT_ID) -> Origin {
        if self.slots.contains_key(&slot) {
            Origin::Configured
        } else {
            Origin::Found
        }
    }

    /// The slots there are now, with what is found.
    #[must_use]
    pub fn slots_now(&self) -> BTreeMap<CK_SLOT_ID, DeviceUri> {
        let mut slots = match self.scan {
            Scan::Buses => (0..BUSES)
                .filter(|bus| is_there(&path(*bus)))
                .flat_map(on_bus)
                .collect(),
            Scan::Nothing => BTreeMap::new(),
        };
        let configured = self.slots.iter();
        slots.extend(configured.map(|(slot, device)| (*slot, device.clone())));
        slots
    }
}

fn slot_number(text: &str) -> Result<CK_SLOT_ID, Problem> {
    text.parse().map_err(|error| Problem::Slot {
        text: text.into(),
        error,
    })
}

/// What is before a `#` at the beginning or behind a blank: names of files may have
/// one elsewhere.
fn without_comment(line: &str) -> &str {
    let is_comment = |place: &usize| {
        line[..*place]
            .chars()
            .last()
            .is_none_or(char::is_whitespace)
    };
    let mut marks = line.match_indices('#').map(|(place, _)| place);
    marks.find(is_comment).map_or(line, |place| &line[..place])
}

/// The contents of the file, which is small.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(LIMIT + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > LIMIT {
        let error = format!("larger than {LIMIT} bytes");
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, error));
    }
    Ok(contents)
}

/// The slots of one bus.
fn on_bus(bus: CK_SLOT_ID) -> [(CK_SLOT_ID, DeviceUri); 2] {
    let at = |address| DeviceUri::I2c {
        path: path(bus),
        address,
    };
    [
        (bus, at(BusAddress::DEFAULT)),
        (bus + BUSES, at(BusAddress::TRUST_AND_GO)),
    ]
}

/// The number that a device has without configuration.
fn number(device: &DeviceUri) -> Option<CK_SLOT_ID> {
    (0..BUSES)
        .flat_map(on_bus)
        .find_map(|(slot, known)| (known == *device).then_some(slot))
}

fn path(bus: CK_SLOT_ID) -> PathBuf {
    format!("/dev/i2c-{bus}").into()
}

/// A bus that may not be opened is there: its slot says why it has no token.
/// Opening is how it is asked, so that a bus of the emulator's preload library
/// is seen, which a listing of `/dev` does not have.
fn is_there(path: &Path) -> bool {
    match std::fs::File::options().read(true).write(true).open(path) {
        Ok(_closed_again) => true,
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Settings, Vec<String>) {
        let mut problems = Vec::new();
        let settings = Settings::parse(text, |error| problems.push(error.to_string()));
        (settings, problems)
    }

    #[test]
    fn a_file() {
        let (settings, problems) = parsed(
            "# a comment\n\nscan = no\n  slot 40 = i2c:/dev/i2c-20?addr=0x36\nslot 1=unix:/run/e\n",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(settings.scan, Scan::Nothing);
        assert_eq!(
            settings.slots_now().into_iter().collect::<Vec<_>>(),
            [
                (1, "unix:/run/e".parse().unwrap()),
                (40, "i2c:/dev/i2c-20?addr=0x36".parse().unwrap())
            ]
        );
    }

    #[test]
    fn labels_and_slots_of_new_keys() {
        let (settings, problems) = parsed(
            "label = fleet\nlabel 1 = a label of two words\ngenerate 1 = 2, 3\n\
             label x = y\ngenerate = 2\ngenerate 2 = 16\nlabel 3 =\n",
        );
        assert_eq!(settings.options.of(0).label.as_deref(), Some("fleet"));
        let of_1 = settings.options.of(1);
        assert_eq!(of_1.label.as_deref(), Some("a label of two words"));
        assert_eq!(of_1.generate.len(), 2);
        assert_eq!(settings.options.of(2).generate.len(), 0);
        let lines: Vec<_> = problems.iter().map(|it| &it[..7]).collect();
        assert_eq!(lines, ["line 4:", "line 5:", "line 6:", "line 7:"]);
    }

    #[test]
    fn a_comment_is_behind_a_blank() {
        for (line, kept) in [
            ("slot 1 = /dev/i2c-1 # the lab", "slot 1 = /dev/i2c-1 "),
            ("slot 1 = /dev/i2c-1\t#", "slot 1 = /dev/i2c-1\t"),
            ("slot 1 = emu:a#b #c", "slot 1 = emu:a#b "),
            ("# slot 1 = 1", ""),
            ("", ""),
        ] {
            assert_eq!(without_comment(line), kept);
        }
    }

    #[test]
    fn one_line_that_is_no_text_leaves_the_others() {
        let contents = b"\xEF\xBB\xBFscan = no\r\nlabel = K\xFCche\r\nslot 1 = 1\r\n";
        let mut problems = Vec::new();
        let settings = Settings::parse(contents, |error| problems.push(error.to_string()));
        assert_eq!(problems, ["line 2: byte 10 is no UTF-8"]);
        assert_eq!(settings.scan, Scan::Nothing);
        assert_eq!(settings.slots.len(), 1);
    }

    #[test]
    fn a_file_without_an_end_is_not_read_for_ever() {
        let error = read(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(error, "larger than 65536 bytes");
    }

    #[test]
    fn a_bad_line_leaves_the_others() {
        let (settings, problems) = parsed("slots 1 = 1\nslot x = 1\nslot 3 = usb:1\nscan = no\n");
        assert_eq!(problems.len(), 3);
        assert!(problems[0].starts_with("line 1: \"slots 1 = 1\" is none of"));
        assert!(problems[1].starts_with("line 2: slot \"x\" is no number"));
        assert!(problems[2].contains("names no chip"), "{}", problems[2]);
        assert_eq!(settings.scan, Scan::Nothing);
        assert_eq!(settings.slots.len(), 0);
    }

    #[test]
    fn numbers_are_those_of_the_c_module() {
        let uri = |text: &str| text.parse::<DeviceUri>().unwrap();
        assert_eq!(number(&uri("1")), Some(1));
        assert_eq!(number(&uri("i2c:/dev/i2c-1?addr=0x35")), Some(17));
        assert_eq!(number(&uri("i2c:/dev/i2c-16")), None);
        assert_eq!(number(&uri("i2c:/dev/i2c-1?addr=0x36")), None);
        assert_eq!(number(&uri("unix:/run/e")), None);
    }

    #[test]
    fn the_environment_has_its_slot() {
        let mut settings = Settings::default();
        settings
            .add_from_environment(&"unix:/run/e".into())
            .unwrap();
        settings.add_from_environment(&"3".into()).unwrap();
        let slots: Vec<_> = settings.slots.keys().copied().collect();
        assert_eq!(slots, [3, ENVIRONMENT_SLOT]);
        // What has a number keeps it.
        let (mut settings, _) = parsed("slot 50 = unix:/run/e");
        settings
            .add_from_environment(&"unix:/run/e".into())
            .unwrap();
        assert_eq!(settings.slots.len(), 1);
        assert!(settings.add_from_environment(&"usb:".into()).is_err());
    }
}
