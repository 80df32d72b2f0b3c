//! A process that is killed while it stores a chip leaves the old image or
//! the new one. This program is the killer and, given a path, the victim.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use atecc_emulator::{Image, Revision, Slot};

const ROUNDS: u64 = 25;

fn main() -> ExitCode {
    if let [_, flag, path] = &env::args().collect::<Vec<_>>()[..]
        && flag == "--victim"
    {
        store_for_ever(Path::new(path));
    }
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let path = directory.path().join("chip.img");
    marked(0).save(&path).expect("the first image");
    let mut changes = 0;
    for round in 0..ROUNDS {
        let before = mark(&path);
        let mut victim = Command::new(env::current_exe().expect("this program"))
            .arg("--victim")
            .arg(&path)
            .stdout(Stdio::null())
            .spawn()
            .expect("the victim");
        thread::sleep(Duration::from_micros(20_000 + 1_700 * round));
        victim.kill().expect("a kill");
        victim.wait().expect("an end");
        changes += u64::from(mark(&path) != before);
    }
    // At most one unfinished file, which the next write removes.
    let files = || {
        fs::read_dir(directory.path())
            .expect("the directory")
            .count()
    };
    assert!(files() <= 3, "image, lock, unfinished");
    marked(0).save(&path).expect("the last image");
    assert_eq!(files(), 2, "image and lock");
    println!("{ROUNDS} kills: always a whole image, {changes} times a new one");
    if changes == 0 {
        println!("the victim never stored anything");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn store_for_ever(path: &Path) -> ! {
    let mut next = mark(path);
    loop {
        next = next.wrapping_add(1);
        marked(next).save(path).expect("the image is stored");
    }
}

/// An image with `value` in every slot.
fn marked(value: u8) -> Image {
    let mut image = Image::blank(Revision::Atecc608B);
    for slot in Slot::all() {
        image.slot_mut(slot).fill(value);
    }
    image
}

/// The value in the image at `path`, which must be whole and of one piece.
fn mark(path: &Path) -> u8 {
    let image = Image::load(path).expect("a whole image");
    let value = image.slot(Slot::all().next().expect("slot 0"))[0];
    assert!(image == marked(value), "the image is a mixture");
    value
}
