//! The archives that a Debian package is: `ar` around two compressed tar files.
//!
//! Written here, from deb(5) and ar(5), so that the same entries give the same
//! bytes: no names of users, no times but the one that is given.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

/// What an entry of a tar file is.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Below the root, without the first slash.
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) bytes: Vec<u8>,
}

impl Entry {
    pub(super) fn new(path: impl Into<String>, mode: u32, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            mode,
            bytes: bytes.into(),
        }
    }
}

/// A compressed file, without a name or time.
pub(super) fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    // 255: no system is told.
    let mut writer = GzBuilder::new()
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}

/// A compressed tar file of `entries` and the folders that they are in, ordered
/// by their names.
pub(super) fn tar_gz(entries: &[Entry], time: u64) -> std::io::Result<Vec<u8>> {
    let mut folders: Vec<String> = entries.iter().flat_map(|it| above(&it.path)).collect();
    folders.sort();
    folders.dedup();
    let mut files: Vec<&Entry> = entries.iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, "./", 0o755, EntryType::Directory, &[], time)?;
    for folder in folders {
        let name = format!("./{folder}/");
        append(&mut tar, &name, 0o755, EntryType::Directory, &[], time)?;
    }
    for file in files {
        let name = format!("./{}", file.path);
        append(
            &mut tar,
            &name,
            file.mode,
            EntryType::Regular,
            &file.bytes,
            time,
        )?;
    }
    gzip(&tar.into_inner()?)
}

/// The folders above a path, the outermost first.
fn above(path: &str) -> Vec<String> {
    let slashes = path.match_indices('/');
    slashes.map(|(at, _)| path[..at].to_owned()).collect()
}

fn append(
    tar: &mut tar::Builder<Vec<u8>>,
    name: &str,
    mode: u32,
    kind: EntryType,
    bytes: &[u8],
    time: u64,
) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_mtime(time);
    header.set_size(bytes.len() as u64);
    // The `./` that dpkg wants is what set_path takes away.
    if name.len() > 100 {
        return Err(std::io::Error::other(format!(
            "{name}: more than 100 bytes"
        )));
    }
    let field = &mut header.as_old_mut().name;
    field[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    tar.append(&header, bytes)
}

/// An `ar` file, in the order that is given.
pub(super) fn ar(members: &[(&str, Vec<u8>)], time: u64) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        let size = bytes.len();
        let header = format!(
            "{name:<16}{time:<12}{:<6}{:<6}{:<8}{size:<10}`\n",
            0, 0, 100_644
        );
        archive.extend(header.as_bytes());
        archive.extend(bytes);
        if size % 2 == 1 {
            archive.push(b'\n');
        }
    }
    archive
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layout of ar(5): 16, 12, 6, 6, 8, 10 characters, and two that end it.
    #[test]
    fn members_have_headers_of_60_bytes_and_begin_at_even_places() {
        let archive = ar(&[("debian-binary", b"2.0\n".to_vec()), ("x", vec![1])], 7);
        let wanted = b"!<arch>\n\
            debian-binary   7           0     0     100644  4         `\n2.0\n\
            x               7           0     0     100644  1         `\n\x01\n";
        assert_eq!(archive, wanted);
    }

    #[test]
    fn folders_come_before_what_is_in_them() {
        assert_eq!(
            above("usr/share/doc/a"),
            ["usr", "usr/share", "usr/share/doc"]
        );
        let entries = [
            Entry::new("usr/bin/b", 0o755, "B"),
            Entry::new("etc/a", 0o644, "A"),
        ];
        let bytes = tar_gz(&entries, 7).unwrap();
        let swapped = [entries[1].clone(), entries[0].clone()];
        assert_eq!(bytes, tar_gz(&swapped, 7).unwrap());
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let names: Vec<_> = tar
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path_bytes().into_owned())
            .map(|name| String::from_utf8(name).unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "./",
                "./etc/",
                "./usr/",
                "./usr/bin/",
                "./etc/a",
                "./usr/bin/b"
            ]
        );
    }
}
