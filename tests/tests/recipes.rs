//! The recipes of `docs/recipes` have what their build systems ask for, and say
//! what this repository says. They are not built here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn recipe(path: &str) -> String {
    read(&format!("docs/recipes/{path}"))
}

/// A field of the workspace's manifest.
fn of_workspace(field: &str) -> String {
    let manifest = read("Cargo.toml");
    let field = format!("{field} = \"");
    let mut lines = manifest
        .lines()
        .filter_map(|line| line.strip_prefix(&field));
    lines.next().unwrap().trim_end_matches('"').to_owned()
}

/// `NAME = VALUE` lines, in which a `\` at the end goes on. Other kinds of
/// assignments, and quotation marks around a value, count as well.
fn variables(text: &str) -> BTreeMap<String, String> {
    let text = text.replace("\\\n", " ");
    let assignments = text
        .lines()
        .filter(|line| !line.starts_with(['#', ' ', '\t']));
    assignments
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| {
            let name = name.trim_end_matches(['+', '.', '?', ':', ' ']);
            let words: Vec<_> = value.trim().trim_matches('"').split_whitespace().collect();
            (name.to_owned(), words.join(" "))
        })
        .collect()
}

const PACKAGES: [(&str, &str, &str); 2] = [
    ("nerves-key", "NERVES_KEY", "crates/nerves-key-cli"),
    (
        "nerves-key-pkcs11",
        "NERVES_KEY_PKCS11",
        "crates/nerves-key-pkcs11",
    ),
];

#[test]
fn buildroot_packages_have_what_buildroot_asks_for() {
    let (tree, config) = (
        recipe("buildroot/external.desc"),
        recipe("buildroot/Config.in"),
    );
    assert!(tree.lines().any(|line| line == "name: NERVES_KEY"));
    let include = "include $(sort $(wildcard $(BR2_EXTERNAL_NERVES_KEY_PATH)/package/*/*.mk))\n";
    assert_eq!(recipe("buildroot/external.mk"), include);
    for (name, prefix, subdir) in PACKAGES {
        let folder = format!("buildroot/package/{name}");
        let source = format!("source \"$BR2_EXTERNAL_NERVES_KEY_PATH/package/{name}/Config.in\"");
        assert!(config.lines().any(|line| line == source), "{source}");
        let option = recipe(&format!("{folder}/Config.in"));
        assert!(option.starts_with(&format!("config BR2_PACKAGE_{prefix}\n\tbool \"{name}\"\n")));
        // What `cargo-package` needs of the host.
        assert!(option.contains("\tselect BR2_PACKAGE_HOST_RUSTC\n"));
        assert!(option.contains("\tdepends on BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS\n"));

        let makefile = recipe(&format!("{folder}/{name}.mk"));
        assert!(makefile.ends_with("\n$(eval $(cargo-package))\n"), "{name}");
        let said = variables(&makefile);
        let value = |field: &str| said[&format!("{prefix}_{field}")].as_str();
        assert_eq!(value("VERSION"), of_workspace("version"));
        assert_eq!(value("SITE"), of_workspace("repository"));
        assert_eq!(
            value("LICENSE").replace(" or ", " OR "),
            of_workspace("license")
        );
        assert_eq!(value("LICENSE_FILES"), "LICENSE-APACHE LICENSE-MIT");
        assert_eq!(value("SUBDIR"), subdir);
        assert!(root().join(subdir).join("Cargo.toml").exists());

        let hashes = recipe(&format!("{folder}/{name}.hash"));
        let hashes: Vec<_> = hashes
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let expected = ["LICENSE-APACHE", "LICENSE-MIT"].map(|file| {
            let hash = Sha256::digest(read(file));
            let hash = HEXLOWER.encode(&hash);
            format!("sha256  {hash}  {file}")
        });
        assert_eq!(hashes, expected);
    }
}

#[test]
fn the_nerves_fragment_names_the_buildroot_packages() {
    let (config, lines) = (
        recipe("nerves/Config.in"),
        recipe("nerves/nerves_defconfig"),
    );
    let options: Vec<_> = PACKAGES
        .map(|(_, prefix, _)| format!("BR2_PACKAGE_{prefix}=y"))
        .into();
    assert!(lines.lines().eq(options));
    let sources = PACKAGES
        .map(|(name, ..)| format!("source \"$NERVES_DEFCONFIG_DIR/packages/{name}/Config.in\""));
    assert!(config.lines().eq(sources));
    let include = "include $(sort $(wildcard $(NERVES_DEFCONFIG_DIR)/packages/*/*.mk))\n";
    assert_eq!(recipe("nerves/external.mk"), include);
}

#[test]
fn the_yocto_layer_has_what_bitbake_asks_for() {
    let layer = "yocto/meta-nerves-key";
    let said = variables(&recipe(&format!("{layer}/conf/layer.conf")));
    let name = said["BBFILE_COLLECTIONS"].as_str();
    for field in [
        "BBFILE_PATTERN",
        "BBFILE_PRIORITY",
        "LAYERVERSION",
        "LAYERSERIES_COMPAT",
    ] {
        assert!(said.contains_key(&format!("{field}_{name}")), "{field}");
    }
    assert_eq!(said["BBPATH"], ":${LAYERDIR}");
    assert_eq!(said["BBFILES"], "${LAYERDIR}/recipes-*/*/*.bb");

    let folder = format!("{layer}/recipes-security/nerves-key");
    let common = variables(&recipe(&format!("{folder}/nerves-key.inc")));
    assert_eq!(common["HOMEPAGE"], of_workspace("repository"));
    assert_eq!(
        common["LICENSE"].replace(" | ", " OR "),
        of_workspace("license")
    );
    assert!(common["SRC_URI"].starts_with(&of_workspace("repository")));
    // MD5 is what BitBake has for licences, and no crate here computes it: the
    // sums are of the texts that their own projects publish under these names.
    let licences: Vec<_> = common["LIC_FILES_CHKSUM"].split(' ').collect();
    assert_eq!(licences.len(), 2);
    for (licence, file) in licences.iter().zip(["LICENSE-APACHE", "LICENSE-MIT"]) {
        let sum = licence
            .strip_prefix(&format!("file://{file};md5="))
            .unwrap();
        assert!(sum.len() == 32 && sum.bytes().all(|it| it.is_ascii_hexdigit()));
        assert!(root().join(file).exists());
    }
    for (package, _, subdir) in PACKAGES {
        let version = of_workspace("version");
        let text = recipe(&format!("{folder}/{package}_{version}.bb"));
        assert!(text.contains("\nrequire nerves-key.inc\nrequire ${BPN}-crates.inc\n"));
        let said = variables(&text);
        assert_eq!(said["CARGO_SRC_DIR"], subdir);
        assert!(said["SUMMARY"].len() <= 72 && said.contains_key("DESCRIPTION"));
    }
}

/// What the module's packages install, where its documentation says.
#[test]
fn the_module_goes_where_its_page_says() {
    let page = read("docs/pkcs11/install.md");
    let makefile = recipe("buildroot/package/nerves-key-pkcs11/nerves-key-pkcs11.mk");
    for (from, to) in [
        (
            "libnerves_key_pkcs11.so",
            "/usr/lib/pkcs11/nerves_key_pkcs11.so",
        ),
        (
            "crates/nerves-key-pkcs11/nerves-key.module",
            "/usr/share/p11-kit/modules/nerves-key.module",
        ),
    ] {
        assert!(page.contains(from) && page.contains(to), "{to}");
        assert!(makefile.contains(from) && makefile.contains(&format!("$(TARGET_DIR){to}")));
    }
    assert!(
        root()
            .join("crates/nerves-key-pkcs11/nerves-key.module")
            .exists()
    );
}
