//! What a program or library is made of, as `CycloneDX` 1.5 has it.
//!
//! The crates are those that `cargo tree` finds in it, with its features and for
//! its targets: `cargo metadata` has the features of the whole workspace. The
//! sums are those of `Cargo.lock`. No random serial number, so that the same
//! sources give the same file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use xtask_support::error::Error;
use xtask_support::run;

use super::build::Sources;
use super::targets::{Linked, Target};
use super::{Files, finding};

/// Packages, and what each is to a user.
const PRODUCTS: [(&str, &str); 3] = [
    ("nerves-key-cli", "application"),
    ("nerves-key-pkcs11", "library"),
    ("atecc-emulator-preload", "library"),
];

/// Name and version.
type Crate = (String, String);

/// Crates with their licences, and which crates each is built with.
#[derive(Debug, Default)]
struct Parts {
    licenses: BTreeMap<Crate, String>,
    needs: BTreeMap<Crate, BTreeSet<Crate>>,
}

/// A document for each product, of all the targets that it is made for.
pub(super) fn documents(
    sources: &Sources,
    version: &str,
    targets: &[&Target],
) -> Result<Files, Error> {
    let mut files = Files::new();
    for (package, _) in PRODUCTS {
        let made = |target: &&&Target| {
            package == "nerves-key-cli" || !matches!(target.linked, Linked::Statically)
        };
        let targets: Vec<_> = targets.iter().filter(made).copied().collect();
        if !targets.is_empty() {
            files.extend([document(sources, version, package, &targets)?]);
        }
    }
    Ok(files)
}

/// Name and bytes of a document.
pub(super) fn document(
    sources: &Sources,
    version: &str,
    package: &'static str,
    targets: &[&Target],
) -> Result<(String, Vec<u8>), Error> {
    let mut parts = Parts::default();
    for target in targets {
        let mut tree = sources.cargo(&["tree", "--locked", "--package", package]);
        tree.args(["--target", target.triple, "--edges", "normal,build"]);
        tree.args(target.features(package));
        tree.args(["--prefix", "depth", "--format", "{p}\t{l}"]);
        parts.add(&run::captured(&mut tree)?)?;
    }
    let lock = sources.read("Cargo.lock")?;
    let sums = sums(&String::from_utf8_lossy(&lock));
    let value = parts.document((package, version), &sums, &sources.epoch.timestamp());
    let name = format!("{package}-{version}.cdx.json");
    Ok((name, format!("{value:#}\n").into_bytes()))
}

impl Parts {
    /// Add what `cargo tree` printed: depth, name, version, more; licence.
    fn add(&mut self, tree: &str) -> Result<(), Error> {
        let mut above: Vec<Crate> = Vec::new();
        for line in tree.lines() {
            let Some((depth, one, license)) = parse(line) else {
                return Err(finding("a line of cargo tree", line));
            };
            above.truncate(depth);
            self.licenses.insert(one.clone(), license);
            self.needs.entry(one.clone()).or_default();
            if let Some(parent) = above.last() {
                let needs = self.needs.entry(parent.clone()).or_default();
                needs.insert(one.clone());
            }
            above.push(one);
        }
        Ok(())
    }

    fn document(
        &self,
        product: (&str, &str),
        sums: &BTreeMap<Crate, String>,
        timestamp: &str,
    ) -> Value {
        let kind = PRODUCTS.iter().find(|(name, _)| *name == product.0);
        let is_product = |one: &Crate| (one.0.as_str(), one.1.as_str()) == product;
        let component = |(one, license): (&Crate, &String)| {
            let kind = match kind {
                Some((_, kind)) if is_product(one) => kind,
                _ => "library",
            };
            let mut value = json!({
                "type": kind, "bom-ref": purl(one), "name": one.0, "version": one.1,
                "purl": purl(one), "licenses": [{ "expression": license }],
            });
            if let Some(sum) = sums.get(one) {
                value["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
            }
            value
        };
        let (main, others): (Vec<_>, Vec<_>) =
            self.licenses.iter().partition(|(one, _)| is_product(one));
        let main: Vec<_> = main.into_iter().map(component).collect();
        let others: Vec<_> = others.into_iter().map(component).collect();
        let needs = self.needs.iter().map(|(one, needs)| {
            json!({ "ref": purl(one), "dependsOn": needs.iter().map(purl).collect::<Vec<_>>() })
        });
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": { "timestamp": timestamp, "component": main.first() },
            "components": others,
            "dependencies": needs.collect::<Vec<_>>(),
        })
    }
}

/// Depth, crate and licence of a line such as `1crc v3.4.0\tMIT OR Apache-2.0`.
fn parse(line: &str) -> Option<(usize, Crate, String)> {
    let digits = line.len()
        - line
            .trim_start_matches(|it: char| it.is_ascii_digit())
            .len();
    let (depth, rest) = line.split_at_checked(digits)?;
    let (package, license) = rest.split_once('\t')?;
    let mut words = package.split(' ');
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('v')?.to_owned();
    // The mark of what was listed before. The slash is from before SPDX.
    let license = license.trim_end_matches(" (*)").replace('/', " OR ");
    Some((depth.parse().ok()?, (name, version), license))
}

/// How `CycloneDX` names a crate.
fn purl((name, version): &Crate) -> String {
    format!("pkg:cargo/{name}@{version}")
}

/// The sums of the crates in `Cargo.lock` that come from a registry. Cargo writes
/// it with one key a line.
fn sums(lock: &str) -> BTreeMap<Crate, String> {
    let packages = lock.split("[[package]]");
    let of = |package: &str| {
        let value = |key: &str| {
            let mut lines = package.lines();
            let start = format!("{key} = \"");
            let value = lines.find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'));
            value.map(str::to_owned)
        };
        Some(((value("name")?, value("version")?), value("checksum")?))
    };
    packages.filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0nerves-key-cli v0.2.0 (/x)\tApache-2.0 OR MIT\n\
        1crc v3.4.0\tMIT OR Apache-2.0\n\
        2crc-catalog v2.4.0\tMIT/Apache-2.0\n\
        1thiserror-impl v2.0.0 (proc-macro)\tMIT\n\
        2crc v3.4.0\tMIT OR Apache-2.0 (*)\n";
    const LOCK: &str = "[[package]]\nname = \"crc\"\nversion = \"3.4.0\"\nchecksum = \"ab\"\n\
        [[package]]\nname = \"nerves-key-cli\"\nversion = \"0.2.0\"\n";

    #[test]
    fn a_document_has_each_crate_once_with_what_it_needs() {
        let mut parts = Parts::default();
        parts.add(TREE).unwrap();
        let sums = sums(LOCK);
        let document = parts.document(("nerves-key-cli", "0.2.0"), &sums, "T");
        let main = &document["metadata"]["component"];
        assert_eq!(main["type"], "application");
        assert_eq!(main["purl"], "pkg:cargo/nerves-key-cli@0.2.0");
        let components = document["components"].as_array().unwrap();
        let names: Vec<_> = components.iter().map(|it| it["name"].clone()).collect();
        assert_eq!(names, ["crc", "crc-catalog", "thiserror-impl"]);
        assert_eq!(components[0]["hashes"][0]["content"], "ab");
        assert_eq!(
            components[1]["licenses"][0]["expression"],
            "MIT OR Apache-2.0"
        );
        let needs = &document["dependencies"];
        assert_eq!(
            needs[3]["dependsOn"],
            json!(["pkg:cargo/crc@3.4.0"]),
            "{needs}"
        );
    }

    #[test]
    fn a_line_that_is_none_is_an_error() {
        assert!(Parts::default().add("crc\n").is_err());
    }
}
