//! Which Debian packages a program or library needs, by what it is linked with.

use std::collections::BTreeSet;

use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn, FileHeader};
use xtask_support::error::Error;

use super::finding;

/// What is loaded with it, and the newest version of the C library's symbols.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Needs {
    libraries: BTreeSet<String>,
    glibc: Option<(u32, u32)>,
}

/// `Depends:` of a package with these programs and libraries.
pub(super) fn depends(files: &[&[u8]]) -> Result<String, Error> {
    let mut all = Needs::default();
    for bytes in files {
        let needs = read(bytes)?;
        all.libraries.extend(needs.libraries);
        all.glibc = all.glibc.max(needs.glibc);
    }
    let mut packages = BTreeSet::new();
    for library in &all.libraries {
        packages.insert(package(library, all.glibc)?);
    }
    Ok(packages.into_iter().collect::<Vec<_>>().join(", "))
}

/// The package of a library, in Debian 12 and later.
fn package(library: &str, glibc: Option<(u32, u32)>) -> Result<String, Error> {
    match library.split(".so").next() {
        Some("libc" | "libm" | "libdl" | "libpthread" | "librt") => Ok(match glibc {
            Some((major, minor)) => format!("libc6 (>= {major}.{minor})"),
            None => "libc6".to_owned(),
        }),
        // The loader itself, named by a library of the architecture.
        Some(name) if name.starts_with("ld-linux") => package("libc.so.6", glibc),
        Some("libgcc_s") => Ok("libgcc-s1".to_owned()),
        _ => Err(finding(
            "libraries of a Debian package",
            format!("{library}: its package is not known"),
        )),
    }
}

fn read(bytes: &[u8]) -> Result<Needs, Error> {
    let class = bytes.get(4).copied();
    let read = if class == Some(elf::ELFCLASS32.0) {
        read_as::<FileHeader32<Endianness>>(bytes)
    } else {
        read_as::<FileHeader64<Endianness>>(bytes)
    };
    read.map_err(|error| finding("an ELF file", error.to_string()))
}

fn read_as<E: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> object::Result<Needs> {
    let header = E::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let mut needs = Needs::default();
    if let Some((entries, link)) = sections.dynamic(endian, bytes)? {
        let strings = sections.strings(endian, bytes, link)?;
        for entry in entries {
            if entry.tag(endian) == elf::DT_NEEDED {
                let name = entry.string(endian, strings)?;
                needs
                    .libraries
                    .insert(String::from_utf8_lossy(name).into_owned());
            }
        }
    }
    if let Some((mut files, link)) = sections.gnu_verneed(endian, bytes)? {
        let strings = sections.strings(endian, bytes, link)?;
        while let Some((_, mut versions)) = files.next()? {
            while let Some(version) = versions.next()? {
                needs.glibc = needs.glibc.max(glibc(version.name(endian, strings)?));
            }
        }
    }
    Ok(needs)
}

/// Of a name such as `GLIBC_2.34`.
fn glibc(name: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(name.strip_prefix(b"GLIBC_")?).ok()?;
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(glibc(b"GLIBC_2.4"), Some((2, 4)));
        assert_eq!(glibc(b"GLIBC_2.3.4"), Some((2, 3)));
        assert!(glibc(b"GLIBC_2.34") > glibc(b"GLIBC_2.4"));
        assert_eq!(glibc(b"GCC_3.5"), None);
    }

    /// A program of this machine is what a package would have.
    #[test]
    fn a_dynamic_program_needs_the_c_library() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let depends = depends(&[&own]).unwrap();
        assert!(depends.contains("libc6 (>= 2."), "{depends}");
        let unknown = package("libcrypto.so.3", None).unwrap_err();
        assert!(unknown.to_string().contains("libcrypto.so.3"));
    }
}
