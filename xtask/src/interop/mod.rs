//! The demonstration's certificates before an outside judge, OpenSSL, and
//! outside programs before the emulator.

pub(crate) mod pkcs11;
pub(crate) mod scripts;

use std::path::{Path, PathBuf};

use xtask_support::error::Error;
use xtask_support::run;

/// A Debian package, and a command that succeeds where it is installed.
const PACKAGES: &[(&str, &str, &[&str])] = &[
    ("chromium", "chromium", &["--version"]),
    ("openssl", "openssl", &["version"]),
    ("erlang-base", "which", &["escript"]),
    ("faketime", "faketime", &["--version"]),
    ("g++", "g++", &["--version"]),
    ("i2c-tools", "i2cdetect", &["-V"]),
    ("python3-venv", "python3", &["-c", "import ensurepip, venv"]),
    (
        "postgresql",
        "sh",
        &["-c", "ls /usr/lib/postgresql/*/bin/initdb"],
    ),
    ("softhsm2", "softhsm2-util", &["--version"]),
    ("opensc", "opensc-tool", &["--version"]),
    ("gnutls-bin", "p11tool", &["--version"]),
    ("libengine-pkcs11-openssl", "openssl", &["engine", "pkcs11"]),
    ("p11-kit", "p11-kit", &["list-modules"]),
    ("valgrind", "valgrind", &["--version"]),
    ("curl", "curl", &["--version"]),
    ("groff-base", "groff", &["--version"]),
    ("openssh-client", "which", &["ssh-keygen"]),
    ("openssh-server", "which", &["/usr/sbin/sshd"]),
    ("nginx-light", "which", &["nginx"]),
    ("apache2", "which", &["apache2"]),
    ("mosquitto", "which", &["mosquitto"]),
    ("mosquitto-clients", "which", &["mosquitto_sub"]),
    ("stunnel4", "which", &["stunnel"]),
    ("openvpn", "openvpn", &["--show-ciphers"]),
    ("libnss3-tools", "which", &["tstclnt"]),
    ("openjdk-17-jdk-headless", "which", &["keytool", "javac"]),
    ("git", "which", &["/usr/bin/git"]),
    ("wget", "wget", &["--version"]),
    (
        "python3-pycurl",
        "/usr/bin/python3",
        &["-c", "import pycurl"],
    ),
    ("golang-go", "go", &["version"]),
    (
        "golang-github-thalesignite-crypto11-dev",
        "ls",
        &["/usr/share/gocode/src/github.com/ThalesIgnite/crypto11"],
    ),
    ("hostapd", "which", &["hostapd"]),
    ("eapoltest", "which", &["eapol_test"]),
];

/// Make sure that the judges are there, installing them where that is allowed.
pub(crate) fn prepare() -> Result<(), Error> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let root = run::captured(&mut run::program("id", ["-u"])).is_ok_and(|id| id.trim() == "0");
    if root {
        run::shown(&mut run::program("apt-get", ["update", "--quiet"]))?;
        let mut install = run::program("apt-get", ["install", "--yes", "--quiet"]);
        install.arg("--no-install-recommends").args(&missing);
        run::shown(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
        return Ok(());
    }
    Err(Error::Packages(missing.join(" ")))
}

/// The packages whose command does not succeed.
fn missing() -> Vec<&'static str> {
    PACKAGES
        .iter()
        .filter(|(_, program, arguments)| {
            run::captured(&mut run::program(program, arguments.iter().copied())).is_err()
        })
        .map(|(package, ..)| *package)
        .collect()
}

/// Run the demonstration and put every certificate that it leaves before
/// `openssl x509` and `openssl verify`.
pub(crate) fn run() -> Result<(), Error> {
    let directory = tempfile::tempdir().map_err(|error| Error::File {
        path: std::env::temp_dir(),
        error,
    })?;
    let mut demo = run::cargo(["run", "--quiet", "--", "demo", "--out"]);
    run::shown(demo.arg(directory.path()))?;

    let (roots, issued) = certificates(directory.path())?;
    if roots.is_empty() || issued.is_empty() {
        return Err(Error::Findings {
            check: "certificates of the demonstration",
            findings: vec![format!(
                "{} self-signed and {} issued ones, at least one of each expected",
                roots.len(),
                issued.len()
            )],
        });
    }
    let trusted = directory.path().join("trusted");
    bundle(&roots, &trusted)?;
    for certificate in roots.iter().chain(&issued) {
        let mut command = run::program("openssl", ["verify", "-CAfile"]);
        print!("{}", run::captured(command.arg(&trusted).arg(certificate))?);
    }
    Ok(())
}

/// The certificates in `directory`, self-signed and issued.
fn certificates(directory: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Error> {
    let file = |error| Error::File {
        path: directory.to_owned(),
        error,
    };
    let (mut roots, mut issued) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(directory).map_err(file)? {
        let path = entry.map_err(file)?.path();
        let text = std::fs::read(&path).map_err(file)?;
        if !String::from_utf8_lossy(&text).contains("-----BEGIN CERTIFICATE-----") {
            continue;
        }
        let mut command = run::program("openssl", ["x509", "-noout", "-text", "-in"]);
        run::captured(command.arg(&path))?;
        let mut command = run::program("openssl", ["x509", "-noout", "-subject", "-issuer"]);
        let names = run::captured(command.arg("-in").arg(&path))?;
        if is_self_issued(&names) {
            roots.push(path);
        } else {
            issued.push(path);
        }
    }
    Ok((roots, issued))
}

/// `openssl verify` takes its trusted certificates from one file.
fn bundle(roots: &[PathBuf], into: &Path) -> Result<(), Error> {
    let all: Result<Vec<_>, _> = roots.iter().map(std::fs::read_to_string).collect();
    all.and_then(|all| std::fs::write(into, all.join("\n")))
        .map_err(|error| Error::File {
            path: into.to_owned(),
            error,
        })
}

/// Two lines, `subject=CN = X` and `issuer=CN = X`.
fn is_self_issued(names: &str) -> bool {
    let of = |key| names.lines().find_map(|line| line.strip_prefix(key));
    of("subject=").is_some() && of("subject=") == of("issuer=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_told_from_issued_ones() {
        assert!(is_self_issued("subject=CN = A\nissuer=CN = A\n"));
        assert!(!is_self_issued("subject=CN = A\nissuer=CN = B\n"));
        assert!(!is_self_issued(""));
    }
}
