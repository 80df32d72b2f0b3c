//! Processes of earlier releases, which lock a file in a shared directory with
//! `flock` while they have the bus open; and strangers who hold that file.
//! All are played by `flock(1)` of util-linux.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::node::place;
use crate::other::{Order, Other, User, outcome};

/// The name that earlier releases gave the file.
pub(crate) fn old_file(order: &Order, ending: &str) -> PathBuf {
    let node = order.node.display().to_string();
    let name = node.trim_start_matches('/').replace('/', "-");
    order.old.join(format!("atecc-{name}-0x60.{ending}"))
}

/// A process of an earlier release in a session.
pub(crate) fn session(order: &Order, user: Option<User>) -> Other {
    let (node, file) = (order.node.display(), old_file(order, "lock"));
    let then = format!("exec 9<>{node}; echo \"> taken\"; read end");
    flock(&file.display().to_string(), &then, user)
}

/// A process that only holds the file.
pub(crate) fn stranger(order: &Order, user: Option<User>) -> Other {
    let file = old_file(order, "lock");
    flock(
        &file.display().to_string(),
        "echo \"> taken\"; read end",
        user,
    )
}

/// The same one after its end: a child of it has the lock.
fn orphan(order: &Order) -> Other {
    let file = old_file(order, "lock");
    let file = file.display();
    Other::script(
        &format!("exec 9<{file}; flock --exclusive 9; echo \"> taken\"; read end"),
        None,
    )
}

fn flock(file: &str, then: &str, user: Option<User>) -> Other {
    let script = format!("exec flock --exclusive --no-fork {file} sh -c '{then}'");
    Other::script(&script, user)
}

fn is_free(order: &Order) -> bool {
    Command::new("flock")
        .args(["--exclusive", "--nonblock"])
        .arg(old_file(order, "lock"))
        .arg("true")
        .status()
        .unwrap()
        .success()
}

#[test]
fn they_are_kept_out_and_keep_us_out() {
    let (_directory, order) = place(Duration::from_millis(40));
    let guard = order.lock().take().unwrap();
    assert!(!is_free(&order));
    drop(guard);
    assert!(is_free(&order));

    let earlier = session(&order, None);
    let expected = format!("busy {}", earlier.id());
    assert_eq!(outcome(order.lock().take().map(drop)), expected);
    assert_eq!(outcome(order.lock().try_take().map(drop)), expected);
    drop(earlier);
    drop(order.lock().take().unwrap());
}

/// Their turn is respected too.
#[test]
fn they_are_not_passed_over() {
    let (_directory, order) = place(Duration::from_secs(30));
    let lock = order.lock();
    drop(lock.take().unwrap());
    let (file, turn) = (old_file(&order, "lock"), old_file(&order, "turn"));
    let script = format!(
        "exec 7<>{} 8<{} 9<{}; flock 8; until flock --nonblock 9; do sleep 0.001; done; \
         flock --unlock 8; echo \"> taken\"; read end",
        order.node.display(),
        turn.display(),
        file.display()
    );
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| Other::script(&script, None));
        let mut sessions = 0;
        while !waiting.is_finished() {
            assert!(sessions < 40);
            let guard = lock
                .clone()
                .with_patience(Duration::from_millis(100))
                .take();
            std::thread::sleep(Duration::from_millis(20));
            drop(guard);
            sessions += 1;
        }
        assert_eq!(waiting.join().unwrap().said(), "taken");
    });
}

/// Who holds the file without the bus is no process of ours, nor is one that
/// has ended.
#[test]
fn strangers_do_not_keep_us_out() {
    let (_directory, order) = place(Duration::from_secs(20));
    drop(order.lock().take().unwrap());
    let holders: [fn(&Order) -> Other; 2] = [|order| stranger(order, None), orphan];
    for holder in holders {
        let hostile = holder(&order);
        let start = Instant::now();
        drop(order.lock().take().unwrap());
        drop(order.lock().try_take().unwrap());
        assert!(start.elapsed() < Duration::from_secs(2));
        drop(hostile);
    }
}

#[test]
fn traps_and_missing_directories_do_not_matter() {
    let (directory, mut order) = place(Duration::from_millis(40));
    let victim = directory.path().join("victim");
    std::os::unix::fs::symlink(&victim, old_file(&order, "lock")).unwrap();
    std::fs::create_dir(old_file(&order, "turn")).unwrap();
    let guard = order.lock().take().unwrap();
    assert!(order.lock().try_take().is_err());
    drop(guard);
    assert!(!victim.exists());
    order.old = directory.path().join("absent");
    drop(order.lock().take().unwrap());
    assert!(!order.old.exists());
}
