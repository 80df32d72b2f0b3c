//! Users with and without rights to the bus, by the mode of the directory that
//! earlier releases shared. The table of `docs/bus-lock.md`, in the same order.

use std::fs::OpenOptions;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::earlier::{old_file, session, stranger};
use crate::node::place;
use crate::other::{Order, Other, User, outcome};

/// The group that owns the bus, and two users in it.
const GROUP: u32 = 40_000;
const ANN: User = User(40_001, GROUP);
const BEN: User = User(40_002, GROUP);
/// Somebody else.
const EVE: User = User(40_003, 40_003);

/// How `/run/lock` may be.
const MODES: [u32; 2] = [0o755, 0o1777];

fn set(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A bus of the group, and a shared directory of `mode`.
fn bus(mode: u32) -> Option<(TempDir, Order)> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tested: other users, which wants root");
        return None;
    }
    let (directory, order) = place(Duration::from_millis(300));
    set(directory.path(), 0o755);
    chown(&order.node, None, Some(GROUP)).unwrap();
    set(&order.node, 0o660);
    set(&order.old, mode);
    Some((directory, order))
}

fn said(order: &Order, user: User) -> String {
    Other::take(order, Some(user)).said().to_owned()
}

/// Without the number of the process.
fn word(said: &str) -> &str {
    said.split(' ').next().unwrap()
}

fn root(order: &Order) -> String {
    outcome(order.lock().take().map(drop))
}

#[test]
fn users_of_the_bus_exclude_each_other_and_root() {
    for mode in MODES {
        let Some((_directory, order)) = bus(mode) else {
            return;
        };
        assert_eq!(root(&order), "taken");
        assert_eq!(said(&order, ANN), "taken");
        assert_eq!(said(&order, EVE), "permission denied");

        // A user is in a session: root is told who, another user is not.
        let ann = Other::take(&order, Some(ANN));
        assert_eq!(ann.said(), "taken", "{mode:o}");
        assert_eq!(root(&order), format!("busy {}", ann.id()), "{mode:o}");
        assert_eq!(said(&order, BEN), "busy", "{mode:o}");
        assert_eq!(said(&order, ANN), format!("busy {}", ann.id()), "{mode:o}");
        ann.kill();
        assert_eq!(said(&order, BEN), "taken", "{mode:o}");

        // Root is.
        let guard = order.lock().take().unwrap();
        assert_eq!(word(&said(&order, ANN)), "busy", "{mode:o}");
        drop(guard);
        assert_eq!(said(&order, ANN), "taken", "{mode:o}");
    }
}

#[test]
fn who_may_not_use_the_bus_keeps_nobody_from_it() {
    for mode in MODES {
        let Some((_directory, mut order)) = bus(mode) else {
            return;
        };
        order.patience = Duration::from_secs(20);
        // The old file is there, readable to all.
        assert_eq!(root(&order), "taken");
        let start = Instant::now();
        let eve = stranger(&order, Some(EVE));
        assert_eq!(eve.said(), "taken");
        assert_eq!(root(&order), "taken", "{mode:o}");
        assert_eq!(said(&order, ANN), "taken", "{mode:o}");
        assert!(start.elapsed() < Duration::from_secs(3));
        drop(eve);
        if mode != 0o1777 {
            continue;
        }
        // Where she may make the file herself.
        std::fs::remove_file(old_file(&order, "lock")).unwrap();
        let file = old_file(&order, "lock");
        let file = file.display();
        let script = format!("umask 077; echo > {file}; echo \"> made\"; read end");
        let eve = Other::script(&script, Some(EVE));
        assert_eq!(root(&order), "taken");
        assert_eq!(said(&order, ANN), "taken");
        // And while she has made nothing usable, users exclude each other.
        let guard = order.lock().with_patience(Duration::ZERO).take().unwrap();
        order.patience = Duration::from_millis(100);
        assert_eq!(word(&said(&order, ANN)), "busy");
        drop((guard, eve));
    }
}

#[test]
fn earlier_releases_of_any_user_of_the_bus_are_waited_for() {
    for mode in MODES {
        let Some((_directory, order)) = bus(mode) else {
            return;
        };
        assert_eq!(root(&order), "taken");
        let earlier = session(&order, Some(ANN));
        let busy = format!("busy {}", earlier.id());
        assert_eq!(root(&order), busy, "{mode:o}");
        assert_eq!(said(&order, ANN), busy, "{mode:o}");
        // By her groups: he may not look at what she has open.
        assert_eq!(said(&order, BEN), busy, "{mode:o}");
        earlier.kill();
        assert_eq!(said(&order, BEN), "taken", "{mode:o}");
    }
}

/// A served bus, whose socket was opened to others once the file was there.
#[test]
fn who_may_connect_and_not_lock_is_told_what_helps() {
    let Some((directory, mut order)) = bus(0o755) else {
        return;
    };
    let socket = directory.path().join("socket");
    let file = directory.path().join("socket.chips.lock");
    let _listener = UnixListener::bind(&socket).unwrap();
    order.served = Some(socket.clone());
    set(&socket, 0o600);
    assert_eq!(root(&order), "taken");
    set(&socket, 0o666);
    let path = file.display();
    let remedies = [
        format!(
            "lock file {path}: permission denied: it is of user 0, group 0, mode 600, the socket \
             of user 0, group 0, mode 666; as root or its owner: chown 0:0 {path} && chmod 666 \
             {path}"
        ),
        format!(
            "lock file {path}: permission denied to make it; as root: install -o 0 -g 0 -m 666 \
             /dev/null {path}"
        ),
    ];
    for expected in remedies {
        let told = said(&order, EVE);
        assert_eq!(told, expected);
        let (_, command) = told.rsplit_once("r: ").or(told.rsplit_once("t: ")).unwrap();
        let done = Command::new("sh").args(["-c", command]).status();
        assert!(done.unwrap().success(), "{command}");
        assert_eq!(said(&order, EVE), "taken", "{command}");
        assert_eq!(root(&order), "taken", "{command}");
        // For the second: somebody has tidied up.
        std::fs::remove_file(&file).unwrap();
    }
}

/// Of a holder in another container nothing is known: it is waited for, but not
/// for ever.
#[test]
fn a_holder_that_cannot_be_seen_is_waited_for_a_while() {
    let Some((_directory, mut order)) = bus(0o1777) else {
        return;
    };
    let unshare = ["--pid", "--fork", "--mount-proc", "true"];
    let unshare = Command::new("unshare").args(unshare).status();
    if !unshare.is_ok_and(|status| status.success()) {
        eprintln!("not tested: containers, which wants unshare(1)");
        return;
    }
    assert_eq!(root(&order), "taken");
    let eve = stranger(&order, Some(EVE));
    assert_eq!(Other::take_in_container(&order).said(), "busy");
    order.patience = Duration::from_secs(20);
    let start = Instant::now();
    assert_eq!(Other::take_in_container(&order).said(), "taken");
    let waited = start.elapsed();
    let expected = Duration::from_secs(5)..Duration::from_secs(10);
    assert!(expected.contains(&waited), "{waited:?}");
    drop(eve);
}

/// Two nodes for one bus, as the host's and that of a container: two locks. An
/// earlier release in the container is met at the old file, where it is shared.
#[test]
fn a_node_of_a_containers_own_is_another_lock() {
    let Some((directory, order)) = bus(0o1777) else {
        return;
    };
    let nodes = ["host", "container"].map(|name| directory.path().join(name));
    for node in &nodes {
        // That of /dev/null.
        let made = Command::new("mknod")
            .arg(node)
            .args(["c", "1", "3"])
            .status();
        let opened = OpenOptions::new().read(true).write(true).open(node);
        if !made.is_ok_and(|status| status.success()) || opened.is_err() {
            eprintln!("not tested: nodes of containers, which wants mknod(1)");
            return;
        }
    }
    let [host, container] = nodes.map(|node| Order {
        node,
        ..order.clone()
    });
    let guard = host.lock().try_take().unwrap();
    assert!(host.lock().try_take().is_err());
    drop(container.lock().try_take().unwrap());
    drop(guard);

    let script = format!(
        "exec flock --exclusive --no-fork {} sh -c 'exec 8<>{}; echo \"> taken\"; read end'",
        old_file(&host, "lock").display(),
        container.node.display()
    );
    let earlier = Other::script(&script, None);
    assert_eq!(root(&host), format!("busy {}", earlier.id()));
}
