//! A list of manufacturer serials in use, which is claimed from: a line of text
//! for each, and for those that this program gave, behind a tab, the chip.
//!
//! ```text
//! N1233
//! N1234<TAB>0123DAC6C3FE1B75EE
//! ```
//!
//! Before a chip is changed its serial is appended, under a lock of the file and
//! down to the disk. So of two processes one is refused, and a run that stops
//! anywhere after has its claim: the chip, by its own serial number, gets the
//! same serial again, and no other chip does. A line without a chip is nobody's
//! to claim.
//!
//! What could hide a serial that is taken ends the reading: characters that are
//! not seen, quotation marks, columns that are not ours. Marks at the beginning
//! of a line and blanks around it are no part of a serial, which cannot have
//! any (`nerves_key_schema::ManufacturerSerial`).

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use atecc::SerialNumber;
use atecc_text::hidden;
use fs4::{FileExt, TryLockError};

use crate::error::CliError;
use crate::files;
use crate::output::{escape, escape_path, one_line};

/// A million devices need less.
const LIMIT: u64 = 64 * 1024 * 1024;
/// How long other processes may hold the list; each needs a moment.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// The serials of a file.
#[derive(Debug)]
pub(crate) struct UsedSerials {
    path: PathBuf,
    lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Line {
    serial: String,
    chip: Option<String>,
}

/// Whose a serial is, for one chip.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Standing {
    Free,
    /// This chip's, by an earlier run.
    Claimed,
    /// Somebody's: of this chip, where the list says it.
    Taken(Option<String>),
}

impl UsedSerials {
    /// # Errors
    /// Exit code 5 when it cannot be read, or is no such list.
    pub(crate) fn read(path: &Path) -> Result<Self, CliError> {
        let bytes = files::read_at_most(path, LIMIT)?;
        Ok(Self {
            path: path.to_owned(),
            lines: parse(&bytes).map_err(|error| CliError::input(path, error))?,
        })
    }

    /// That [`UsedSerials::claim`] can be written.
    ///
    /// # Errors
    /// Exit code 5.
    pub(crate) fn check_writable(&self) -> Result<(), CliError> {
        self.open().map(drop)
    }

    /// The serials that `chip` cannot have.
    pub(crate) fn taken_from(&self, chip: SerialNumber) -> BTreeSet<String> {
        let chip = chip.to_string();
        let others = self.lines.iter();
        let others = others.filter(|line| line.chip.as_ref() != Some(&chip));
        others.flat_map(Line::serials).map(str::to_owned).collect()
    }

    /// The other chip that has `serial`, by this list.
    pub(crate) fn holder(&self, serial: &str, chip: SerialNumber) -> Option<String> {
        match standing(&self.lines, serial, &chip.to_string()) {
            Standing::Taken(holder) => holder,
            Standing::Free | Standing::Claimed => None,
        }
    }

    /// That `chip` can have `serial`, by the list as it was read.
    ///
    /// # Errors
    /// Exit code 5 when it is taken.
    pub(crate) fn check(&self, serial: &str, chip: SerialNumber) -> Result<(), CliError> {
        match standing(&self.lines, serial, &chip.to_string()) {
            Standing::Taken(holder) => Err(self.taken_error(serial, holder.as_deref())),
            Standing::Free | Standing::Claimed => Ok(()),
        }
    }

    /// Claim `serial` for `chip`: it is in the list when this returns, by this
    /// run or an earlier one.
    ///
    /// # Errors
    /// Exit code 5 when it is taken, or cannot be written down.
    pub(crate) fn claim(&self, serial: &str, chip: SerialNumber) -> Result<(), CliError> {
        let chip = chip.to_string();
        let mut file = self.lock()?;
        let bytes =
            files::take(&file, LIMIT).map_err(|error| CliError::input(&self.path, error))?;
        let lines = parse(&bytes).map_err(|error| CliError::input(&self.path, error))?;
        match standing(&lines, serial, &chip) {
            Standing::Claimed => return Ok(()),
            Standing::Taken(holder) => return Err(self.taken_error(serial, holder.as_deref())),
            Standing::Free => {}
        }
        let end = match bytes.last() {
            None | Some(b'\n') => "",
            Some(_) => "\n",
        };
        let line = format!("{end}{serial}\t{chip}\n");
        let written = file
            .write_all(line.as_bytes())
            .and_then(|()| file.sync_all());
        written.map_err(|error| {
            // Half a line would be in the way of the next one.
            let _ = file.set_len(bytes.len() as u64);
            CliError::input(&self.path, error)
        })
    }

    fn taken_error(&self, serial: &str, holder: Option<&str>) -> CliError {
        let of = holder.map_or(String::new(), |chip| format!(" as that of the chip {chip}"));
        let error = CliError::refused(format!(
            "the serial \"{}\" is in use: it is in the list of used serials {}{of}",
            escape(serial),
            escape_path(&self.path)
        ));
        error.with_advice(match holder {
            Some(chip) => format!(
                "Give another serial, or the chip {chip} to go on with it. If that one was \
                 thrown away, remove its line from the list."
            ),
            None => "Give another serial. A line without a chip is nobody's claim: if no device \
                     has this serial, remove the line from the list."
                .to_owned(),
        })
    }

    fn open(&self) -> Result<File, CliError> {
        let file = OpenOptions::new().read(true).append(true).open(&self.path);
        let file = file.map_err(|error| {
            CliError::input(&self.path, error)
                .with_remark(": a serial is written to the list before it is given")
        })?;
        let is_file = file.metadata().is_ok_and(|it| it.is_file());
        is_file.then_some(file).ok_or_else(|| {
            CliError::input(&self.path, "not a regular file, which could keep a claim")
        })
    }

    /// The list, held alone until the file is dropped.
    fn lock(&self) -> Result<File, CliError> {
        let wrong = |error: io::Error| CliError::input(&self.path, error);
        let start = Instant::now();
        loop {
            let file = self.open()?;
            match FileExt::try_lock(&file) {
                // An editor replaces the file: then this is not the list.
                Ok(()) if is_at(&file, &self.path) => return Ok(file),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(TryLockError::Error(error)) => return Err(wrong(error)),
            }
            if start.elapsed() > PATIENCE {
                let said = format!("another process has held it for {} s", PATIENCE.as_secs());
                return Err(CliError::input(&self.path, said));
            }
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    match (file.metadata(), path.metadata()) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Nobody replaces an open file there.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

impl Line {
    /// The serial. A line that may be a row of a table takes its cells, too.
    fn serials(&self) -> impl Iterator<Item = &str> {
        let cells = self.serial.split([',', ';']).map(str::trim);
        let cells = cells.filter(|_| self.chip.is_none());
        std::iter::once(self.serial.as_str()).chain(cells)
    }
}

fn standing(lines: &[Line], serial: &str, chip: &str) -> Standing {
    let mut standing = Standing::Free;
    for line in lines {
        if !line.serials().any(|one| one == serial) {
            continue;
        }
        match &line.chip {
            Some(holder) if holder == chip => {
                if standing == Standing::Free {
                    standing = Standing::Claimed;
                }
            }
            holder => return Standing::Taken(holder.clone()),
        }
    }
    standing
}

/// Why a file is no list.
#[derive(Debug, thiserror::Error)]
enum ListError {
    #[error("not UTF-8: {0}")]
    NotText(#[from] std::str::Utf8Error),
    #[error("line {line}: it holds the character U+{:04X}, which is not seen", u32::from(*character))]
    Hidden { line: usize, character: char },
    #[error("line {0}: a quotation mark: the list is plain text, a serial in each line")]
    Quoted(usize),
    #[error(
        "line {0}: behind a tab is no serial number of a chip, 18 hex digits: the list is plain \
         text, a serial in each line"
    )]
    Column(usize),
}

fn parse(bytes: &[u8]) -> Result<Vec<Line>, ListError> {
    let text = std::str::from_utf8(bytes)?;
    let mut lines = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        let line = line.trim().trim_start_matches('\u{FEFF}').trim();
        if line.is_empty() {
            continue;
        }
        let (serial, chip) = match line.split_once('\t') {
            Some((serial, chip)) => (serial.trim_end(), Some(chip.trim())),
            None => (line, None),
        };
        if let Some(character) = hidden(serial) {
            return Err(ListError::Hidden {
                line: number,
                character,
            });
        }
        if serial.contains('"') {
            return Err(ListError::Quoted(number));
        }
        let is_chip = |chip: &str| chip.len() == 18 && chip.bytes().all(|b| b.is_ascii_hexdigit());
        if chip.is_some_and(|chip| !is_chip(chip)) {
            return Err(ListError::Column(number));
        }
        lines.push(Line {
            serial: serial.to_owned(),
            chip: chip.map(str::to_ascii_uppercase),
        });
    }
    Ok(lines)
}

/// That two devices may have one serial, where the list says so of a chip that
/// has its own for good.
pub(crate) fn twin_warning(serial: &str, holder: &str) -> String {
    one_line(&format!(
        "warning: the list of used serials has {} as that of the chip {holder}, and this chip has \
         it too",
        escape(serial)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHIP: SerialNumber = SerialNumber([0x01, 0x23, 1, 2, 3, 4, 5, 6, 0xEE]);
    const OTHER: SerialNumber = SerialNumber([0x01, 0x23, 9, 9, 9, 9, 9, 9, 0xEE]);

    fn list(bytes: &[u8]) -> (tempfile::NamedTempFile, UsedSerials) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let list = UsedSerials::read(file.path()).unwrap();
        (file, list)
    }

    /// However the serial stands in the list, it is found there.
    #[test]
    fn a_listed_serial_is_taken() {
        for text in [
            "N1",
            "N1\n",
            "\u{FEFF}N1\n",
            "N0\n\u{FEFF}N1",
            "N1 ",
            " N1",
            "\tN1\t",
            "N1\r\n",
            "\r\n\r\nN1\r\n",
            "N0\nN1",
            "\u{FEFF}\u{FEFF} N1",
            "N1\u{A0}\n",
            "\u{3000}N1",
            "N1,2026-01-01",
            "x;N1;y",
            "2026, N1 ,z",
            "N1\t0123090909090909EE",
            "N1\t0123090909090909ee \r\n",
        ] {
            let lines = parse(text.as_bytes()).unwrap();
            let standing = standing(&lines, "N1", &CHIP.to_string());
            assert!(
                matches!(standing, Standing::Taken(_)),
                "{text:?}: {lines:?}"
            );
        }
        let lines = parse(b"N10\nN\nN 1\n1\n").unwrap();
        assert_eq!(standing(&lines, "N1", &CHIP.to_string()), Standing::Free);
    }

    #[test]
    fn what_could_hide_a_serial_is_refused() {
        for (text, part) in [
            ("N0\nN\u{200B}1", "line 2: it holds the character U+200B"),
            ("N1\u{202E}", "U+202E"),
            ("N0\rN1\r", "U+000D"),
            ("N\u{0}1\u{0}", "U+0000"),
            ("N\u{1B}[A1", "U+001B"),
            ("N0\u{2028}N1", "U+2028"),
            ("N0\u{85}N1", "U+0085"),
            ("\"N1\"", "quotation"),
            ("N1\tyes", "line 1: behind a tab"),
            ("N1\t0123090909090909EE\tx", "behind a tab"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
        // As Excel saves "Unicode text".
        let wide: Vec<u8> = "\u{FEFF}N1"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(parse(&wide).is_err());
    }

    #[test]
    fn a_claim_is_the_chips_own() {
        let (file, list) = list(b"N0");
        list.claim("N1", CHIP).unwrap();
        let text = || std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text(), "N0\nN1\t0123010203040506EE\n");
        // Again, by a run that goes on; the list does not grow.
        list.claim("N1", CHIP).unwrap();
        assert_eq!(text().lines().count(), 2);
        let error = list.claim("N1", OTHER).unwrap_err().to_string();
        assert!(
            error.contains("as that of the chip 0123010203040506EE"),
            "{error}"
        );
        assert!(list.claim("N0", CHIP).is_err());
        let read = UsedSerials::read(file.path()).unwrap();
        assert!(!read.taken_from(CHIP).contains("N1"));
        assert!(read.taken_from(OTHER).contains("N1"));
        assert!(read.taken_from(CHIP).contains("N0"));
        assert_eq!(read.holder("N1", OTHER), Some(CHIP.to_string()));
        assert_eq!(read.holder("N1", CHIP), None);
    }

    /// Many at once: each serial once, none lost, no half line.
    #[test]
    fn two_never_get_one_serial() {
        let (file, _) = list(b"");
        let chip = |index: u8| SerialNumber([0x01, 0x23, index, 0, 0, 0, 0, 0, 0xEE]);
        let won: Vec<usize> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|index| {
                    let list = UsedSerials::read(file.path()).unwrap();
                    scope.spawn(move || {
                        let serials = (0..50).map(|number| format!("N{number}"));
                        serials
                            .filter(|serial| list.claim(serial, chip(index)).is_ok())
                            .count()
                    })
                })
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert_eq!(won.iter().sum::<usize>(), 50, "{won:?}");
        let lines = parse(&std::fs::read(file.path()).unwrap()).unwrap();
        let serials: BTreeSet<_> = lines.iter().map(|line| &line.serial).collect();
        assert_eq!((lines.len(), serials.len()), (50, 50));
    }

    #[test]
    fn what_cannot_keep_a_claim_is_refused() {
        let list = UsedSerials::read(Path::new("/dev/null")).unwrap();
        let error = list.check_writable().unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}
