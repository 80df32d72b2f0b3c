//! Where a chip's lock is: on the node of its bus, or for an emulated bus in a
//! file beside the server's socket.
//!
//! | byte | |
//! |---|---|
//! | 7-bit address | the chip, from the wake to the sleep |
//! | the same and 128 | who takes the chip next |
//! | 256 and a process's number | that process, shared: see [`super::descriptor`] |
//!
//! A file beside a socket is for all buses of that server: the first two are
//! 2^23 + 256 N further on for bus N. It belongs to the socket's owner and has the socket's mode, so
//! that who may connect may lock.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{
    FileType, Mode, OFlags, Stat, fchmod, fchown, fstat, lstat, open as open_file, stat,
};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::descriptor::{BEYOND_MARKS, Descriptor, Kind, mark};
use super::{Access, LockError, bytes, holder};

/// Names the server whose buses the preload library of the emulator shows as
/// `/dev/i2c-N`.
const PRELOADED: &str = "ATECC_EMULATOR_SOCKET";

/// After the name of the socket.
const ENDING: &str = ".chips.lock";

/// Bytes for each bus in a file beside a socket.
const BUS: u64 = 256;

/// What is locked.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// The node of a bus, absolute.
    Node(PathBuf),
    /// A bus of a served emulator.
    Socket { path: PathBuf, bus: u32 },
}

/// The node or file, open.
#[derive(Debug)]
pub(super) struct File {
    descriptor: Descriptor,
    path: PathBuf,
    first: u64,
    node: Option<Stat>,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Try {
    Locked,
    Taken,
    /// The name leads to another file by now, which is where others lock.
    Replaced,
}

impl Place {
    pub(super) fn node(path: &Path) -> Self {
        // Links are followed when it is opened.
        Self::Node(std::path::absolute(path).unwrap_or_else(|_empty| path.to_owned()))
    }

    pub(super) fn socket(path: &Path, bus: u32) -> Self {
        Self::Socket {
            path: std::path::absolute(path).unwrap_or_else(|_empty| path.to_owned()),
            bus,
        }
    }

    pub(super) fn open(&self) -> Result<File, LockError> {
        match self {
            Self::Node(path) => open_node(path),
            Self::Socket { path, bus } => open_beside(path, *bus),
        }
    }
}

impl File {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The node, unless it is an emulator's.
    pub(super) const fn node(&self) -> Option<&Stat> {
        self.node.as_ref()
    }

    pub(super) fn is_inherited(&self) -> bool {
        self.descriptor.is_inherited()
    }

    pub(super) fn try_lock(&self, byte: u8) -> Result<Try, LockError> {
        let byte = self.first + u64::from(byte);
        let locked = self.descriptor.ask(|file| {
            // The mark first, so that no lock is without.
            Ok(bytes::try_share(file, mark())? && bytes::try_lock(file, byte)?)
        });
        match locked.map_err(|errno| unusable(&self.path, errno))? {
            _ if !self.is_in_place() => Ok(Try::Replaced),
            true => Ok(Try::Locked),
            false => Ok(Try::Taken),
        }
    }

    pub(super) fn unlock(&self, byte: u8) {
        let byte = self.first + u64::from(byte);
        // Dropping all of it will.
        let _ = self.descriptor.ask(|file| bytes::unlock(file, byte));
    }

    /// The process that has `byte`.
    pub(super) fn holder(&self, byte: u8) -> Option<u32> {
        let byte = self.first + u64::from(byte);
        let told = self
            .descriptor
            .ask(|file| Ok((bytes::process(file, byte), fstat(file)?)));
        let (process, file) = told.ok()?;
        process.or_else(|| holder::of_byte(&file, byte))
    }

    fn is_in_place(&self) -> bool {
        let ours = self.descriptor.ask(|file| fstat(file));
        match (ours, stat(&self.path)) {
            (Ok(ours), Ok(theirs)) => same(&ours, &theirs),
            _ => false,
        }
    }
}

/// Whether `path` is named as what is locked here.
pub(super) fn is_name(path: &Path) -> bool {
    let name = path.file_name().map_or(&b""[..], OsStr::as_encoded_bytes);
    name.starts_with(b"i2c-") || name.ends_with(ENDING.as_bytes())
}

/// Whether both are the same file.
pub(super) const fn same(a: &Stat, b: &Stat) -> bool {
    a.st_dev == b.st_dev && a.st_ino == b.st_ino
}

pub(super) fn unusable(path: &Path, errno: Errno) -> LockError {
    LockError::Unusable {
        file: path.to_owned(),
        error: errno.into(),
    }
}

fn denied(path: &Path, socket: &Path) -> LockError {
    let file = path.to_owned();
    match (lstat(path), lstat(socket).as_ref().map(access)) {
        (Ok(found), Ok(wanted)) => LockError::Denied {
            file,
            found: access(&found),
            wanted,
        },
        (Err(Errno::NOENT), Ok(wanted)) => LockError::NotMade { file, wanted },
        _ => unusable(path, Errno::ACCESS),
    }
}

const fn access(file: &Stat) -> Access {
    Access {
        user: file.st_uid,
        group: file.st_gid,
        mode: file.st_mode & 0o7777,
    }
}

/// Through the standard library, so that the preload library sees it: there the
/// descriptor is a socket, its connection to the server.
fn open_node(path: &Path) -> Result<File, LockError> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file: OwnedFd = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| LockError::Unusable {
            file: path.to_owned(),
            error,
        })?
        .into();
    let node = fstat(&file).map_err(|errno| unusable(path, errno))?;
    if FileType::from_raw_mode(node.st_mode) == FileType::Socket {
        return preloaded(path);
    }
    Ok(File {
        descriptor: Descriptor::new(file, Kind::Bytes),
        path: path.to_owned(),
        first: 0,
        node: Some(node),
    })
}

fn preloaded(path: &Path) -> Result<File, LockError> {
    let name = path.file_name().and_then(|name| name.to_str());
    let bus = name.and_then(|name| name.strip_prefix("i2c-")?.parse().ok());
    match (std::env::var_os(PRELOADED), bus) {
        (Some(socket), Some(bus)) => open_beside(Path::new(&socket), bus),
        _ => Err(unusable(path, Errno::NXIO)),
    }
}

/// A shared directory may have traps of other users in it. So links are not
/// followed, devices and pipes are not waited for, and a new file is made with
/// `O_EXCL`. Nothing is ever read or written.
fn open_beside(socket: &Path, bus: u32) -> Result<File, LockError> {
    let socket = std::fs::canonicalize(socket).unwrap_or_else(|_absent| socket.to_owned());
    let mut name = socket.clone().into_os_string();
    name.push(ENDING);
    let path = PathBuf::from(name);
    let file = open_or_make(&path, &socket).map_err(|errno| match errno {
        Errno::LOOP | Errno::ISDIR | Errno::NXIO => LockError::NotAFile { file: path.clone() },
        Errno::ACCESS => denied(&path, &socket),
        errno => unusable(&path, errno),
    })?;
    let found = fstat(&file).map_err(|errno| unusable(&path, errno))?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(LockError::NotAFile { file: path });
    }
    Ok(File {
        descriptor: Descriptor::new(file, Kind::Bytes),
        path,
        first: BEYOND_MARKS + BUS * u64::from(bus),
        node: None,
    })
}

fn open_or_make(path: &Path, socket: &Path) -> Result<OwnedFd, Errno> {
    let existing =
        OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::NONBLOCK;
    let private = Mode::RUSR | Mode::WUSR;
    loop {
        match open_file(path, existing, Mode::empty()) {
            Err(Errno::NOENT) => {}
            result => return result,
        }
        match open_file(path, existing | OFlags::CREATE | OFlags::EXCL, private) {
            // Another process was faster.
            Err(Errno::EXIST) => {}
            result => {
                let file = result?;
                if let Ok(socket) = lstat(socket) {
                    // Only root can and needs to; for others it is theirs.
                    let (user, group) = (socket.st_uid, socket.st_gid);
                    let _ = fchown(&file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
                    let mode = Mode::from_raw_mode(socket.st_mode) & Mode::from_raw_mode(0o666);
                    let _ = fchmod(&file, mode | private);
                }
                return Ok(file);
            }
        }
    }
}
