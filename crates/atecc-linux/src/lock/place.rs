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

use std::ffi::{OsStr, OsString};
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
    pub(super) descriptor: Descriptor,
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
        return preloaded(path, std::env::var_os(PRELOADED));
    }
    Ok(File {
        descriptor: Descriptor::new(file, Kind::Bytes),
        path: path.to_owned(),
        first: 0,
        node: Some(node),
    })
}

fn preloaded(path: &Path, socket: Option<OsString>) -> Result<File, LockError> {
    let name = path.file_name().and_then(|name| name.to_str());
    let bus = name.and_then(|name| name.strip_prefix("i2c-")?.parse().ok());
    match (socket, bus) {
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

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::ErrorKind;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use rustix::fs::fcntl_getfl;

    use super::*;

    #[test]
    fn names_of_nodes_and_of_files_beside_sockets() {
        for (path, ours) in [
            ("/dev/i2c-1", true),
            ("/run/emulator.chips.lock", true),
            ("/dev/spidev0.0", false),
            ("/var/lib/i2c-1/data", false),
            ("/", false),
        ] {
            assert_eq!(is_name(Path::new(path)), ours, "{path}");
        }
    }

    #[test]
    fn two_files_of_one_device_are_two() {
        let directory = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| directory.path().join(name));
        std::fs::write(&one, "").unwrap();
        std::fs::write(&two, "").unwrap();
        let link = directory.path().join("link");
        std::fs::hard_link(&one, &link).unwrap();
        let [one, two, link] = [one, two, link].map(|path| stat(path).unwrap());
        assert!(same(&one, &link));
        assert!(!same(&one, &two));
    }

    /// A terminal without a carrier, or a pipe that has a node's name.
    #[test]
    fn nothing_is_waited_for_when_it_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let node = directory.path().join("i2c-1");
        std::fs::write(&node, "").unwrap();
        let socket = directory.path().join("socket");
        let beside = Place::socket(&socket, 1);
        // Once it is made, and once it is found.
        for place in [Place::node(&node), beside.clone(), beside] {
            let file = place.open().unwrap();
            let flags = file.descriptor.ask(|file| fcntl_getfl(file)).unwrap();
            assert!(flags.contains(OFlags::NONBLOCK), "{place:?}");
        }
    }

    /// Its owner has it for reading and writing, whatever the socket is.
    #[test]
    fn a_lock_file_without_a_socket_is_its_makers() {
        let directory = tempfile::tempdir().unwrap();
        let file = Place::socket(&directory.path().join("socket"), 1)
            .open()
            .unwrap();
        let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn whose_the_files_are_is_told_to_who_may_not_lock() {
        let directory = tempfile::tempdir().unwrap();
        let [file, socket] = ["file", "socket"].map(|name| directory.path().join(name));
        let rights = |path: &Path, mode| {
            std::fs::write(path, "").unwrap();
            std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            let found = std::fs::metadata(path).unwrap();
            let (user, group) = (found.uid(), found.gid());
            Access { user, group, mode }
        };
        assert!(matches!(
            denied(&file, &socket),
            LockError::Unusable { error, .. } if error.kind() == ErrorKind::PermissionDenied
        ));
        let of_socket = rights(&socket, 0o660);
        let LockError::NotMade { wanted, .. } = denied(&file, &socket) else {
            panic!("there is no file");
        };
        assert_eq!(wanted, of_socket);
        let of_file = rights(&file, 0o604);
        let LockError::Denied { found, wanted, .. } = denied(&file, &socket) else {
            panic!("both are there");
        };
        assert_eq!((found, wanted), (of_file, of_socket));
    }

    /// `docs/bus-lock.md`: 8388608 + 256 N further on for bus N.
    #[test]
    fn bytes_of_a_served_bus() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        for bus in [0, 2] {
            let [file, other] = [(); 2].map(|()| Place::socket(&socket, bus).open().unwrap());
            assert_eq!(file.try_lock(0x60).unwrap(), Try::Locked);
            let byte = 8_388_608 + 256 * u64::from(bus) + 0x60;
            let free = |byte| other.descriptor.ask(|file| bytes::try_lock(file, byte));
            assert_eq!((free(byte), free(byte + 1)), (Ok(false), Ok(true)), "{bus}");
        }
    }

    /// `docs/bus-lock.md`: a program under the preload library has the lock of
    /// the served bus.
    #[test]
    fn a_preloaded_node_has_the_lock_of_its_bus() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let node = Path::new("/dev/i2c-3");
        let file = preloaded(node, Some(socket.clone().into())).unwrap();
        assert_eq!(file.try_lock(0x60).unwrap(), Try::Locked);
        for (bus, expected) in [(3, Try::Taken), (2, Try::Locked)] {
            let served = Place::socket(&socket, bus).open().unwrap();
            assert_eq!(served.try_lock(0x60).unwrap(), expected, "{bus}");
        }
        let other = Path::new("/dev/spidev0.0");
        assert!(preloaded(other, Some(socket.into())).is_err());
        assert!(preloaded(node, None).is_err());
    }
}
