//! Children, and what they say with their exit status.

use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

/// Run `task` in a child, which ends with what it returns.
pub(crate) fn fork(task: impl FnOnce() -> u8) -> libc::pid_t {
    // SAFETY: the child runs `task`, which waits for no thread of its parent,
    // and ends without the parent's handlers.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        // A panic must not go on in the parent's test.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(task));
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(result.map_or(99, i32::from)) };
    }
    child
}

/// The exit status of `child`, or `None` when it has not ended in time; then it
/// is killed.
pub(crate) fn wait(child: libc::pid_t, patience: Duration) -> Option<i32> {
    let start = Instant::now();
    loop {
        let mut status = 0;
        // SAFETY: a child of ours and a place for its status.
        let waited = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        if waited == child {
            return Some(if libc::WIFEXITED(status) {
                libc::WEXITSTATUS(status)
            } else {
                -1
            });
        }
        if start.elapsed() >= patience {
            // SAFETY: a child of ours, which has not been waited for.
            unsafe { libc::kill(child, libc::SIGKILL) };
            // SAFETY: as above.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What a process says after its parent has ended. The parent runs `before` and
/// ends at once; `None` when it or its child failed.
pub(crate) fn orphan<After: FnOnce() -> u8>(before: impl FnOnce() -> After) -> Option<u8> {
    let (mut told, mut tell) = std::io::pipe().unwrap();
    let parent = fork(|| {
        let after = before();
        let parent = std::process::id();
        fork(|| {
            while std::os::unix::process::parent_id() == parent {
                std::thread::sleep(Duration::from_millis(1));
            }
            tell.write_all(&[after()]).unwrap();
            0
        });
        0
    });
    drop(tell);
    let ended = wait(parent, Duration::from_secs(20));
    let mut said = Vec::new();
    // Until the child has ended, too.
    told.read_to_end(&mut said).unwrap();
    let [said] = said[..] else { return None };
    ended.is_some_and(|status| status == 0).then_some(said)
}

/// Have the next child be the first process of a namespace of its own.
pub(crate) fn unshare(more: i32) -> bool {
    let Ok(own) = std::fs::File::open("/proc/self/ns/pid") else {
        return false;
    };
    // SAFETY: take numbers. The namespace of the last child has ended with it.
    unsafe {
        libc::setns(own.as_raw_fd(), libc::CLONE_NEWPID);
        libc::unshare(libc::CLONE_NEWPID | more) == 0
    }
}
