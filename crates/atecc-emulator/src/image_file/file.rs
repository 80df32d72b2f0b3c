//! The file on disk: locked, and replaced in one step.
//!
//! New content goes to `NAME.tmp` in the same directory, is synced, and is
//! renamed over the image; then the directory is synced. The lock is an
//! advisory one on `NAME.lock`, which stays: the image itself cannot carry it,
//! because each commit puts another file in its place. All three names follow
//! from the image's real path, so that a symbolic link is the same chip.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use zeroize::Zeroizing;

use super::error::{ImageFileError, OpenError};
use crate::memory::Image;
use crate::revision::Revision;
use crate::serial::SerialNumber;
use crate::store::Store;

/// An image file that this process has open, and nobody else.
#[derive(Debug)]
pub struct ImageFile {
    path: PathBuf,
    /// Locked until this is dropped.
    lock: File,
}

impl Drop for ImageFile {
    /// A process that was forked meanwhile has a copy of the descriptor, and closing
    /// ours would leave the lock with it.
    fn drop(&mut self) {
        // Without it the lock goes when the last copy is closed.
        let _ = FileExt::unlock(&self.lock);
    }
}

impl ImageFile {
    /// Lock the image file at `path` and read it; make it, blank and with a
    /// random serial number, when there is none.
    ///
    /// # Errors
    /// As [`Chip::open`](crate::Chip::open).
    pub fn open(path: &Path, revision: Option<Revision>) -> Result<(Self, Image), OpenError> {
        check_regular(path)?;
        let file = Self::lock(path)?;
        let exists = file
            .path
            .try_exists()
            .map_err(|source| ImageFileError::Read {
                path: file.path.clone(),
                source,
            })?;
        if exists {
            let image = Image::load(&file.path)?;
            let holds = image.revision();
            match revision {
                Some(asked) if asked != holds => {
                    let path = file.path.clone();
                    Err(OpenError::AnotherChip { path, holds, asked })
                }
                _ => Ok((file, image)),
            }
        } else {
            let blank = Image::blank(revision.unwrap_or(Revision::Atecc608B));
            let image = blank.with_serial(SerialNumber::random()?);
            file.write(&image)?;
            Ok((file, image))
        }
    }

    /// Lock the image file at `path`, which need not exist.
    pub(super) fn lock(path: &Path) -> Result<Self, OpenError> {
        let path = real_path(path).map_err(|source| ImageFileError::Read {
            path: path.to_owned(),
            source,
        })?;
        let name = beside(&path, "lock");
        let failed = |source| OpenError::Lock {
            path: name.clone(),
            source,
        };
        let lock = private_and_no_link()
            .create(true)
            .truncate(false)
            .open(&name)
            .map_err(failed)?;
        match FileExt::try_lock(&lock) {
            Ok(()) => Ok(Self { path, lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(super) fn write(&self, image: &Image) -> Result<(), ImageFileError> {
        let new = beside(&self.path, "tmp");
        let text = Zeroizing::new(image.to_text());
        let replaced = replace(&self.path, &new, text.as_bytes());
        replaced.map_err(|source| {
            // Best effort: the next write removes it first, too.
            let _ = fs::remove_file(&new);
            ImageFileError::Write {
                path: self.path.clone(),
                source,
            }
        })
    }
}

impl Store for ImageFile {
    fn commit(&mut self, image: &Image) -> Result<(), ImageFileError> {
        self.write(image)
    }
}

/// What is there is a file: a device would be read without end, and replaced.
fn check_regular(path: &Path) -> Result<(), ImageFileError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(ImageFileError::Read {
            path: path.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"),
        }),
        _ => Ok(()),
    }
}

/// `path` without symbolic links. Its last part need not exist.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            let directory = match path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            Ok(fs::canonicalize(directory)?.join(name))
        }
        resolved => resolved,
    }
}

/// `NAME.extension` next to `NAME`.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(OsStr::new("."));
    name.push(extension);
    name.into()
}

/// Put `content` in the place of the file at `path`, by way of `new`.
fn replace(path: &Path, new: &Path, content: &[u8]) -> io::Result<()> {
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private().create_new(true).open(new)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    sync_directory(path)
}

/// For a file that only its owner may read: it holds the private key.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// As [`private`], and not through a link: in a directory that others may
/// write to, it would have us make a file where they choose.
#[cfg(target_os = "linux")]
fn private_and_no_link() -> OpenOptions {
    let mut options = private();
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    options
}

/// As [`private`]: that a link is not followed is asked for on Linux only.
#[cfg(not(target_os = "linux"))]
fn private_and_no_link() -> OpenOptions {
    private()
}

/// Make the renaming last. Only Unix can and needs to.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) if cfg!(unix) => File::open(directory)?.sync_all(),
        _ => Ok(()),
    }
}
