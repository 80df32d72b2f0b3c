//! Where the module and its p11-kit configuration are.

use std::path::{Path, PathBuf};

use crate::files;
use crate::finding::{Finding, Status};
use crate::output::escape_path;

/// As cargo names it.
const BUILT: &str = "libnerves_key_pkcs11.so";
/// As it is installed.
const INSTALLED: [&str; 2] = [
    "/usr/lib/pkcs11/nerves_key_pkcs11.so",
    "/usr/local/lib/pkcs11/nerves_key_pkcs11.so",
];
/// Where p11-kit looks. Source: pkcs11.conf(5), "FILES".
const P11_KIT: [&str; 2] = ["/usr/share/p11-kit/modules", "/etc/pkcs11/modules"];

/// The module that is there, or what is wrong.
pub(super) fn path(asked: Option<&Path>) -> Result<PathBuf, Finding> {
    let candidates = match asked {
        Some(path) => vec![path.to_owned()],
        None => beside()
            .into_iter()
            .chain(INSTALLED.map(PathBuf::from))
            .collect(),
    };
    candidates
        .iter()
        .find(|path| path.exists())
        .cloned()
        .ok_or_else(|| {
            let looked: Vec<_> = candidates.iter().map(|path| escape_path(path)).collect();
            let seen = format!("not there: {}", looked.join(", "));
            Finding::new("module", Status::Fault, seen)
                .next("install it (docs/pkcs11/README.md), or name it with --module")
        })
}

fn beside() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.with_file_name(BUILT))
}

/// Whether p11-kit will load `module`, as it does for `GnuTLS` and others.
pub(super) fn p11_kit(module: &Path) -> Finding {
    let named = P11_KIT
        .iter()
        .filter_map(|directory| std::fs::read_dir(directory).ok())
        .flat_map(Iterator::flatten)
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|it| it == "module"))
        .find(|path| {
            files::read(path).is_ok_and(|text| names(&String::from_utf8_lossy(&text), module))
        });
    let Some(path) = named else {
        let seen = format!("no file in {} names it", P11_KIT.join(" or "));
        return Finding::new("p11-kit", Status::Note, seen)
            .next("only for programs that use p11-kit: write one (docs/pkcs11/README.md)");
    };
    Finding::good("p11-kit", format!("{} names it", escape_path(&path)))
}

/// Whether a line `module: PATH` leads to `module`. A relative path is one in
/// p11-kit's own directory, whose name only p11-kit knows: its end must do.
fn names(text: &str, module: &Path) -> bool {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.any(|(key, path)| {
        let path = Path::new(path.trim());
        key.trim() == "module" && !path.as_os_str().is_empty() && module.ends_with(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_file_is_read() {
        let installed = Path::new(INSTALLED[0]);
        assert!(names("# ours\nmodule: nerves_key_pkcs11.so\n", installed));
        assert!(names(&format!("module:{}\n", INSTALLED[0]), installed));
        assert!(!names("module: opensc-pkcs11.so\n", installed));
        assert!(!names("module:\nremote: nerves_key_pkcs11.so\n", installed));
    }
}
