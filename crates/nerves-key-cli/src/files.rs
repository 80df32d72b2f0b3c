//! Files: nothing is overwritten unasked, and private keys are the owner's
//! alone from the moment they exist.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use atecc_x509::{Certificate, CheckedSigner, NervesKeySigner, PublicKey, TrustChain};
use data_encoding::HEXLOWER_PERMISSIVE;
use nerves_key_provision::KeySigner;
use tempfile::{Builder, NamedTempFile};
use x509_cert::der::{Decode, Document};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use zeroize::Zeroizing;

use crate::error::CliError;
use crate::output::{escape_path, message};

/// Who may read a new file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Readers {
    /// Mode 0644, less the umask.
    Everyone,
    /// Mode 0600.
    Owner,
}

#[cfg(unix)]
impl Readers {
    const fn mode(self) -> u32 {
        match self {
            Self::Everyone => 0o644,
            Self::Owner => 0o600,
        }
    }

    fn permissions(self) -> fs::Permissions {
        std::os::unix::fs::PermissionsExt::from_mode(self.mode())
    }
}

/// Write a file that must not exist yet: whole, or not at all.
pub(crate) fn create(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), CliError> {
    match whole(path, bytes, readers)?.persist_noclobber(path) {
        Ok(_) => sync_directory(path),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(in_the_way(path)),
        Err(error) => Err(CliError::output(path, error.error)),
    }
}

/// Write a file in place of one that is ours: whole, or the old one stays.
pub(crate) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), CliError> {
    match whole(path, bytes, readers)?.persist(path) {
        Ok(_) => sync_directory(path),
        Err(error) => Err(CliError::output(path, error.error)),
    }
}

/// A file beside `path` with these contents, down to the disk.
fn whole(path: &Path, bytes: &[u8], readers: Readers) -> Result<NamedTempFile, CliError> {
    let file = beside(path, readers)?;
    // By the file itself: the other one's errors quote a name that nobody gave.
    file.as_file()
        .write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| CliError::output(path, error))?;
    Ok(file)
}

/// The name of `path` on the disk, too.
fn sync_directory(path: &Path) -> Result<(), CliError> {
    if cfg!(not(unix)) {
        // Only Unix can and needs to.
        return Ok(());
    }
    let sync = File::open(directory(path)).and_then(|directory| directory.sync_all());
    match sync {
        // Some file systems have no such thing as a directory's contents.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        // A folder that can be written may be closed to readers.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        sync => sync.map_err(|error| CliError::output(path, error)),
    }
}

/// That [`create`] will succeed, as far as that can be known. For what is
/// written when something that cannot be undone has been done.
///
/// # Errors
/// Exit code 5.
pub(crate) fn check_absent(path: &Path) -> Result<(), CliError> {
    if path.symlink_metadata().is_ok() {
        return Err(in_the_way(path));
    }
    match beside(path, Readers::Owner) {
        Ok(_) => Ok(()),
        Err(error) => Err(CliError::refused(error)),
    }
}

/// [`check_absent`] of `--out`, before the chip is asked.
///
/// # Errors
/// Exit code 5.
pub(crate) fn check_out(path: Option<&Path>) -> Result<(), CliError> {
    path.map_or(Ok(()), check_absent)
}

/// A file in the directory of `path`, gone when it is dropped.
fn beside(path: &Path, readers: Readers) -> Result<NamedTempFile, CliError> {
    let mut builder = Builder::new();
    builder.prefix(".nerves-key-");
    #[cfg(unix)]
    builder.permissions(readers.permissions());
    // Elsewhere the folder says who may read the file.
    #[cfg(not(unix))]
    let (Readers::Everyone | Readers::Owner) = readers;
    builder
        .tempfile_in(directory(path))
        .map_err(|error| CliError::output(path, without_name(error)))
}

/// What the system said, without the temporary name that is told with it.
fn without_name(error: io::Error) -> Box<dyn Error> {
    let inner = error.get_ref().and_then(Error::source);
    match inner.and_then(|inner| inner.downcast_ref::<io::Error>()) {
        Some(inner) => inner.to_string().into(),
        None => error.into(),
    }
}

/// Create a file that is written bit by bit, and which only its owner may read
/// where the system has modes.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] and others.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, Readers::Owner.mode());
    options.open(path)
}

/// The folder that `path` is in.
pub(crate) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

/// The error for a file that is not to be overwritten.
pub(crate) fn in_the_way(path: &Path) -> CliError {
    CliError::refused(format!("{} exists already", escape_path(path)))
}

/// Read a file that is small by nature, at most [`LIMIT`] bytes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    read_at_most(path, LIMIT)
}

/// Read a file of at most `limit` bytes.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    bytes_at_most(path, limit).map_err(|error| CliError::input(path, error))
}

/// [`read_at_most`], for who does not name the file.
pub(crate) fn bytes_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    take(File::open(path)?, limit)
}

/// Read standard input, which is at most `limit` bytes.
pub(crate) fn stdin_at_most(limit: u64) -> Result<Vec<u8>, CliError> {
    take(io::stdin().lock(), limit)
        .map_err(|error| CliError::refused(error).about("standard input"))
}

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("larger than {0} bytes")]
    TooLarge(u64),
}

/// Every input passes here, so that none is read without end or cut short.
pub(crate) fn take(source: impl Read, limit: u64) -> Result<Vec<u8>, ReadError> {
    // It may be a secret, and a vector that grows leaves copies of it behind.
    let mut bytes = Vec::with_capacity(CAPACITY);
    source.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge(limit));
    }
    Ok(bytes)
}

/// Certificates, keys, requests and user areas are far smaller.
pub(crate) const LIMIT: u64 = 64 * 1024;
/// One byte over [`LIMIT`], and what tells that there is no more.
const CAPACITY: usize = 64 * 1024 + 64;

/// Read a small text, which is wiped from memory.
pub(crate) fn read_text(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let bytes = Zeroizing::new(read(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|error| CliError::input(path, error))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Say of a secret's file, which messages call `name`, that others than its owner
/// may open it.
#[cfg(unix)]
pub(crate) fn warn_of_readers(path: &Path, name: &str, what: &str) {
    use std::os::unix::fs::PermissionsExt;

    /// All that a group and others may do.
    const OTHERS: u32 = 0o077;
    // Pipes and devices have no mode that anybody could mend.
    let Some(metadata) = path.metadata().ok().filter(fs::Metadata::is_file) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        message(&format!(
            "warning: {name} is {what} and has mode {mode:04o}, which is not for its owner alone: \
             chmod 600 {name}"
        ));
    }
}

/// Elsewhere no mode tells it.
#[cfg(not(unix))]
pub(crate) const fn warn_of_readers(_path: &Path, _name: &str, _what: &str) {}

/// Read a key of 16 bytes: as they are, or as 32 hex digits in a line. It is in a
/// box, which can be moved without a copy of the key staying behind.
pub(crate) fn symmetric_key(path: &Path) -> Result<Box<Zeroizing<[u8; 16]>>, CliError> {
    let name = path.as_os_str().as_encoded_bytes();
    if name.len() >= 16 && name.iter().all(u8::is_ascii_hexdigit) && !path.exists() {
        // Not quoted: it looks like the key.
        return Err(CliError::refused(
            "hex digits in place of a key's file, and no file has this name: give the name of a \
             file that holds the key",
        ));
    }
    let bytes = Zeroizing::new(read(path)?);
    warn_of_readers(path, &escape_path(path), "a secret key");
    let mut key = Box::new(Zeroizing::new([0; 16]));
    if bytes.len() == key.len() {
        key.copy_from_slice(&bytes);
        return Ok(key);
    }
    let wrong = || {
        let length = bytes.len();
        let error = format!("{length} bytes, neither a key of 16 bytes nor its 32 hex digits");
        CliError::input(path, error)
    };
    let digits = bytes.trim_ascii();
    if digits.len() != 2 * key.len() {
        return Err(wrong());
    }
    match HEXLOWER_PERMISSIVE.decode_mut(digits, &mut **key) {
        Ok(_) => Ok(key),
        Err(_) => Err(wrong()),
    }
}

/// Write a certificate and its key, or neither. A run that is killed in between
/// leaves the key: `lone_key` says what to do with it.
pub(crate) fn create_pair(
    (certificate_path, key_path): (&Path, &Path),
    certificate: &Certificate,
    key: &KeySigner,
    lone_key: &str,
) -> Result<(), CliError> {
    let certificate = certificate.to_pem();
    let key = key.to_pem().map_err(CliError::failed)?;
    let is_there = |path: &Path| path.symlink_metadata().is_ok();
    if is_there(key_path) && !is_there(certificate_path) {
        return Err(in_the_way(key_path).with_advice(format!(
            "There is no {}, as when a run was killed. {lone_key}",
            escape_path(certificate_path)
        )));
    }
    create(key_path, key.as_ref().as_bytes(), Readers::Owner)?;
    create(certificate_path, certificate.as_bytes(), Readers::Everyone).inspect_err(|_| {
        // The key was made a moment ago and belongs to no certificate.
        let _ = fs::remove_file(key_path);
    })
}

/// Read a file with one certificate, in PEM or DER.
pub(crate) fn certificate(path: &Path) -> Result<Certificate, CliError> {
    let mut all = certificates(path)?;
    match (all.pop(), all.len()) {
        (Some(one), 0) => Ok(one),
        (_, others) => Err(CliError::input(
            path,
            format!(
                "{} certificates, and one is wanted: keep that one alone in a file",
                others + 1
            ),
        )),
    }
}

/// Read a file of certificates: one in DER, or any number in PEM, in their
/// order.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate>, CliError> {
    /// An ASN.1 SEQUENCE, which no text begins with.
    const SEQUENCE: u8 = 0x30;
    let bytes = read(path)?;
    let text = str::from_utf8(&bytes).ok();
    let all = match (bytes.first(), text) {
        (_, Some(text)) if text.contains("-----BEGIN") => Certificate::chain_from_pem(text),
        (Some(&SEQUENCE), _) => Certificate::from_der(bytes).map(|one| vec![one]),
        _ => {
            let error = "neither a certificate in DER nor a text with one in PEM";
            return Err(CliError::input(path, error));
        }
    };
    all.map_err(|error| CliError::input(path, error))
}

/// What the chains of trust parts end in: the certificate at `path`, else
/// Microchip's.
pub(crate) fn root(path: Option<&Path>) -> Result<Certificate, CliError> {
    path.map_or_else(
        || TrustChain::microchip_root().map_err(CliError::failed),
        certificate,
    )
}

/// Read a public key, or that of a certificate, in PEM or DER.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, CliError> {
    let bytes = read(path)?;
    let text = str::from_utf8(&bytes).ok();
    let der = match text.and_then(public_key_block) {
        Some(block) => {
            let (_, der) =
                Document::from_pem(&block).map_err(|error| CliError::input(path, error))?;
            Some(der.as_bytes().to_vec())
        }
        None => SubjectPublicKeyInfoRef::from_der(&bytes)
            .is_ok()
            .then_some(bytes),
    };
    let key = if let Some(der) = der {
        PublicKey::from_spki_der(&der)
            .ok_or_else(|| CliError::input(path, "not a public key on P-256"))?
    } else {
        let key = certificate(path)?.public_key();
        key.map_err(|error| CliError::input(path, error))?
    };
    PublicKey::on_curve(*key.as_bytes()).map_err(|error| CliError::input(path, error))
}

/// The first public key in PEM, with whatever text around it, as certificates are
/// read.
fn public_key_block(text: &str) -> Option<String> {
    const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
    const END: &str = "-----END PUBLIC KEY-----";
    let (_, rest) = text.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
    Some([BEGIN, body, END, "\n"].concat())
}

/// Read a signer certificate, checked.
pub(crate) fn signer(path: &Path) -> Result<CheckedSigner, CliError> {
    NervesKeySigner::check(&certificate(path)?).map_err(|error| CliError::input(path, error))
}
