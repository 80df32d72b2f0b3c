//! Which process holds a chip, as the kernel says.
//!
//! `/proc/PID/fdinfo/FD` has a line for each lock that was taken by that
//! descriptor: `lock: 1: OFDLCK ADVISORY  WRITE -1 00:19:873 8388704 8388704`.
//! Source: `proc_pid_fdinfo(5)`; the bytes: `docs/bus-lock.md`.

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

fn is_lock(file: &Path, part: &str) -> bool {
    file.to_string_lossy().contains(part) && file.extension().is_some_and(|it| it == "lock")
}

/// Who only waits for a chip has another byte: 128 further on. Locks for
/// reading say nothing of a chip.
fn locked(info: &str) -> bool {
    let locks = info.lines().filter_map(|line| line.strip_prefix("lock:"));
    locks
        .map(|lock| lock.split_whitespace().collect::<Vec<_>>())
        .any(|lock| match lock.as_slice() {
            [_, "OFDLCK", _, "WRITE", _, _, first, _] => {
                first.parse().is_ok_and(|byte: u64| byte % 256 < 128)
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use atecc::BusAddress;
    use atecc_linux::SessionLock;

    use super::*;

    #[test]
    fn locks_are_told() {
        let open = "pos:\t0\nflags:\t0100000\nmnt_id:\t30\nino:\t873\n";
        let lock = |access, byte| {
            format!("{open}lock:\t1: OFDLCK ADVISORY  {access} -1 00:19:873 {byte} {byte}\n")
        };
        assert!(!locked(open));
        assert!(locked(&lock("WRITE", 8_388_608 + 96)));
        assert!(!locked(&lock("WRITE", 8_388_608 + 96 + 128)));
        assert!(!locked(&lock("READ", 4321)));
    }

    #[test]
    fn this_process_holds_what_it_locks() {
        let directory = tempfile::tempdir().unwrap();
        let id = std::process::id();
        let part = format!("{}/socket.chips.", directory.path().display());
        assert!(!holds(id, &part));
        let socket = directory.path().join("socket");
        let lock = SessionLock::served(socket, 4011, BusAddress::DEFAULT);
        let guard = lock.try_take().unwrap();
        assert!(holds(id, &part));
        assert!(!holds(id, "another"));
        drop(guard);
        assert!(!holds(id, &part));
    }
}
