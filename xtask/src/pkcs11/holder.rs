//! Which process holds a chip, as the kernel says.
//!
//! `/proc/PID/fdinfo/FD` has a line for each lock that was taken by that
//! descriptor: `lock: 1: FLOCK  ADVISORY  WRITE 4321 00:19:873 0 EOF`.
//! Source: proc(5), "/proc/pid/fdinfo".

use std::path::{Path, PathBuf};

/// Whether process `id` has the lock file of a chip locked, of those with
/// `part` in their name.
pub(super) fn holds(id: u32, part: &str) -> bool {
    let process = PathBuf::from(format!("/proc/{id}"));
    let Ok(descriptors) = std::fs::read_dir(process.join("fd")) else {
        return false;
    };
    descriptors.flatten().any(|descriptor| {
        let named = std::fs::read_link(descriptor.path()).is_ok_and(|file| is_lock(&file, part));
        let info = process.join("fdinfo").join(descriptor.file_name());
        named && std::fs::read_to_string(info).is_ok_and(|info| locked(&info))
    })
}

/// Who only waits for a chip has locked the file with the other ending.
fn is_lock(file: &Path, part: &str) -> bool {
    file.to_string_lossy().contains(part) && file.extension().is_some_and(|it| it == "lock")
}

fn locked(info: &str) -> bool {
    info.lines()
        .any(|line| line.starts_with("lock:") && line.contains("FLOCK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_told() {
        let open = "pos:\t0\nflags:\t0100000\nmnt_id:\t30\nino:\t873\n";
        let lock = "lock:\t1: FLOCK  ADVISORY  WRITE 4321 00:19:873 0 EOF\n";
        assert!(!locked(open));
        assert!(locked(&format!("{open}{lock}")));
    }

    #[test]
    fn this_process_holds_what_it_locks() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("some-chip.lock");
        let file = std::fs::File::create(path).unwrap();
        let id = std::process::id();
        assert!(!holds(id, "some-chip"));
        file.lock().unwrap();
        assert!(holds(id, "some-chip"));
        assert!(!holds(id, "another"));
    }
}
