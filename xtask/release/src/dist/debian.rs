//! Debian packages: the command with its module, and the emulator by itself.

use xtask_support::error::Error;

use super::archive::{Entry, ar, gzip, tar_gz};
use super::build::{Built, Sources};
use super::targets::{Linked, Target};
use super::{Files, at, needs, sbom};

/// Whoever publishes packages puts themselves here.
const MAINTAINER: &str = "nerves-key maintainers <nerves-key@example.org>";

const NERVES_KEY: &str = "\
Description: command and PKCS#11 module for NervesKeys
 Provisions, reads and uses a Microchip ATECC508A, ATECC608A or ATECC608B
 secure element as a NervesKey: a device key that never leaves the chip, and
 its certificates. The PKCS#11 module gives the key to OpenSSL, GnuTLS, NSS,
 OpenSSH and other programs.";

const EMULATOR: &str = "\
Description: emulated ATECC chips for programs of Linux's I2C buses
 A library to preload, which gives any dynamically linked program a
 /dev/i2c-N with ATECC chips that nerves-key emulates and serves, and a systemd
 unit as an example of serving them.";

/// One package.
struct Package<'a> {
    name: &'static str,
    relations: String,
    description: &'static str,
    entries: Vec<Entry>,
    scripts: Vec<(&'static str, &'a str)>,
}

/// Both packages for a target; none where it is not Debian's.
pub(super) fn packages(
    sources: &Sources,
    target: &Target,
    version: &str,
    built: &Built,
    pages: &[Entry],
) -> Result<Files, Error> {
    let Linked::ForDebian { architecture, .. } = target.linked else {
        return Ok(Files::new());
    };
    let mut files = Files::new();
    for package in [
        nerves_key(sources, target, version, built, pages)?,
        emulator(sources, target, version, built)?,
    ] {
        let name = format!("{}_{version}_{architecture}.deb", package.name);
        let bytes = package.bytes(sources, version, architecture);
        files.insert(name, bytes.map_err(|error| at(&sources.root, error))?);
    }
    Ok(files)
}

fn nerves_key<'a>(
    sources: &Sources,
    target: &Target,
    version: &str,
    built: &Built,
    pages: &[Entry],
) -> Result<Package<'a>, Error> {
    let p11_kit = sources.read("crates/nerves-key-pkcs11/nerves-key.module")?;
    let rule = include_str!("../../data/debian/60-nerves-key.rules");
    let mut entries = vec![
        Entry::new("usr/bin/nerves-key", 0o755, built.command.clone()),
        Entry::new(
            "usr/lib/pkcs11/nerves_key_pkcs11.so",
            0o644,
            built.module.clone(),
        ),
        Entry::new(
            "usr/share/p11-kit/modules/nerves-key.module",
            0o644,
            p11_kit,
        ),
        Entry::new("usr/lib/udev/rules.d/60-nerves-key.rules", 0o644, rule),
    ];
    entries.extend_from_slice(pages);
    entries.extend(documents(
        sources,
        "nerves-key",
        &[
            sbom::document(sources, version, "nerves-key-cli", &[target])?,
            sbom::document(sources, version, "nerves-key-pkcs11", &[target])?,
        ],
    )?);
    let depends = needs::depends(&[&built.command, &built.module])?;
    Ok(Package {
        name: "nerves-key",
        // The group of the buses is made by groupadd.
        relations: format!("Depends: {depends}, passwd\nSuggests: p11-kit, i2c-tools"),
        description: NERVES_KEY,
        entries,
        scripts: vec![
            ("postinst", include_str!("../../data/debian/postinst")),
            ("postrm", include_str!("../../data/debian/postrm")),
        ],
    })
}

fn emulator<'a>(
    sources: &Sources,
    target: &Target,
    version: &str,
    built: &Built,
) -> Result<Package<'a>, Error> {
    let unit = include_str!("../../data/debian/nerves-key-emulator.service");
    let mut entries = vec![
        Entry::new(
            "usr/lib/nerves-key-emulator/libatecc_emulator_preload.so",
            0o644,
            built.preload.clone(),
        ),
        Entry::new(
            "usr/share/doc/nerves-key-emulator/examples/nerves-key-emulator.service",
            0o644,
            unit,
        ),
        Entry::new(
            "usr/share/doc/nerves-key-emulator/emulator-server.md.gz",
            0o644,
            gzip(&sources.read("docs/emulator-server.md")?)
                .map_err(|error| at(&sources.root, error))?,
        ),
    ];
    entries.extend(documents(
        sources,
        "nerves-key-emulator",
        &[sbom::document(
            sources,
            version,
            "atecc-emulator-preload",
            &[target],
        )?],
    )?);
    let depends = needs::depends(&[&built.preload])?;
    Ok(Package {
        name: "nerves-key-emulator",
        // The command is what serves.
        relations: format!("Depends: {depends}, nerves-key (= {version})"),
        description: EMULATOR,
        entries,
        scripts: Vec::new(),
    })
}

/// Licence, changes, and what it is made of.
fn documents(
    sources: &Sources,
    package: &str,
    parts: &[(String, Vec<u8>)],
) -> Result<Vec<Entry>, Error> {
    let folder = format!("usr/share/doc/{package}");
    let zipped = |name: &str, bytes: &[u8]| {
        let bytes = gzip(bytes).map_err(|error| at(&sources.root, error))?;
        Ok::<_, Error>(Entry::new(format!("{folder}/{name}.gz"), 0o644, bytes))
    };
    let mut copyright = include_str!("../../data/debian/copyright").to_owned();
    for line in String::from_utf8_lossy(&sources.read("LICENSE-MIT")?).lines() {
        copyright.push_str(if line.is_empty() { " ." } else { " " });
        copyright.push_str(line);
        copyright.push('\n');
    }
    let mut entries = vec![
        Entry::new(format!("{folder}/copyright"), 0o644, copyright),
        zipped("changelog", &sources.read("CHANGELOG.md")?)?,
    ];
    for (name, bytes) in parts {
        entries.push(zipped(name, bytes)?);
    }
    Ok(entries)
}

impl Package<'_> {
    fn bytes(
        &self,
        sources: &Sources,
        version: &str,
        architecture: &str,
    ) -> std::io::Result<Vec<u8>> {
        let time = sources.epoch.0;
        // In KiB, each file by itself: deb-substvars(5).
        let size: usize = self
            .entries
            .iter()
            .map(|it| it.bytes.len().div_ceil(1024))
            .sum();
        let control = format!(
            "Package: {}\nVersion: {version}\nArchitecture: {architecture}\n\
             Maintainer: {MAINTAINER}\nInstalled-Size: {size}\n{}\n\
             Section: utils\nPriority: optional\n{}\n",
            self.name, self.relations, self.description
        );
        let mut control = vec![Entry::new("control", 0o644, control)];
        let script = |&(name, text): &(&str, &str)| Entry::new(name, 0o755, text);
        control.extend(self.scripts.iter().map(script));
        let members = [
            ("debian-binary", b"2.0\n".to_vec()),
            ("control.tar.gz", tar_gz(&control, time)?),
            ("data.tar.gz", tar_gz(&self.entries, time)?),
        ];
        Ok(ar(&members, time))
    }
}
