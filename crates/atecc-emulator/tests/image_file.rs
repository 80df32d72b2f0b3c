//! Image files: what they hold, what is refused, and who may open them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use atecc_emulator::{Bus, Chip, Image, ImageFileError, OpenError, Problem, Revision, Slot};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use tempfile::TempDir;

/// A directory and the path of an image in it that does not exist yet.
fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("chip.img");
    (directory, path)
}

fn slot(index: u8) -> Slot {
    Slot::new(index).unwrap()
}

/// An image in which every byte of every zone can be told apart.
fn distinct() -> Image {
    let image = Image::blank(Revision::Atecc508A);
    let otp = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let data = std::array::from_fn(|at| u8::try_from(at * 7 % 251).unwrap());
    Image::from_zones(*image.config(), otp, data).unwrap()
}

#[test]
fn text_and_back() {
    for image in Revision::ALL
        .map(Image::blank)
        .into_iter()
        .chain([distinct()])
    {
        let text = image.to_text();
        assert!(Image::from_text(&text).unwrap() == image, "{text}");
    }
}

/// The lines of the documented example.
#[test]
fn the_text_is_readable() {
    let text = distinct().to_text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "atecc-emulator-image 1");
    assert_eq!(lines[2], "chip ATECC508A");
    assert_eq!(lines[3], "config 0x000 01231503 00005000 3785f0a2 eec05900");
    assert!(lines.contains(&"otp 0x010 10111213 14151617 18191a1b 1c1d1e1f"));
    // Slot 1 begins at byte 36 of the zone: 36 * 7 mod 251 = 1.
    assert!(lines.contains(&"slot 1 0x020 e1e8eff6"));
    assert_eq!(lines.len(), 3 + 8 + 4 + 8 * 2 + 13 + 7 * 3);
}

/// Edits of a good file, the line that is named, and what is said.
#[test]
fn malformed_files() {
    let good = distinct().to_text();
    let edit = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let owned = str::to_owned;
    let no_bytes = || Problem::Bytes {
        field: owned("slot 1"),
        start: 32,
    };
    let cases = [
        (String::new(), 1, Problem::Header),
        (owned("{}"), 1, Problem::Header),
        (edit("image 1", "image 2"), 1, Problem::Version(owned("2"))),
        (edit("chip A", "chop A"), 3, Problem::Field(owned("chop"))),
        (
            edit("ATECC508A", "ATSHA204A"),
            3,
            Problem::Chip(owned("ATSHA204A")),
        ),
        (
            edit("508A", "608B"),
            3,
            Problem::ChipMismatch {
                stated: Revision::Atecc608B,
            },
        ),
        (
            edit("chip ATECC508A\n", ""),
            65,
            Problem::Missing(owned("chip")),
        ),
        (
            edit("slot 15 0x000", "slot 16 0x000"),
            63,
            Problem::Slot(owned("16")),
        ),
        (
            edit("config 0x010", "config 16"),
            5,
            Problem::Offset(owned("16")),
        ),
        (
            edit("slot 1 0x020 e1e8eff6", "slot 1 0x020 e1e8eff"),
            19,
            no_bytes(),
        ),
        (
            edit("slot 1 0x020 e1e8eff6", "slot 1 0x020"),
            19,
            no_bytes(),
        ),
        (
            edit("slot 1 0x020 e1e8eff6", "slot 1 0x020 e1e8eff600"),
            19,
            Problem::TooLong {
                field: owned("slot 1"),
                size: 36,
                end: 37,
            },
        ),
        (
            edit("config 0x010", "config 0xffffffffffffffff"),
            5,
            Problem::TooLong {
                field: owned("config"),
                size: 128,
                end: usize::MAX,
            },
        ),
        (
            edit("otp 0x010", "otp 0x00f"),
            13,
            Problem::Twice {
                field: owned("otp"),
                offset: 15,
            },
        ),
        (
            edit("slot 1 0x020 e1e8eff6\n", ""),
            65,
            Problem::Missing(owned("slot 1 byte 32")),
        ),
    ];
    for (text, line, problem) in cases {
        let error = Image::from_text(&text).expect_err(&text);
        assert_eq!((error.line, &error.problem), (line, &problem), "{error}");
    }
}

#[test]
fn errors_name_the_file_and_the_line() {
    let (_directory, path) = place();
    fs::write(
        &path,
        distinct().to_text().replace("config 0x030", "konfig 0x030"),
    )
    .unwrap();
    let said = Chip::open(&path, None).unwrap_err().to_string();
    assert_eq!(
        said,
        format!(
            "chip image {}, line 7: unknown field \"konfig\"",
            path.display()
        )
    );
    let missing = path.with_file_name("missing/chip.img");
    assert!(
        Chip::open(&missing, None)
            .unwrap_err()
            .to_string()
            .contains("missing/chip.img")
    );
}

/// People may lay out the lines as they like.
#[test]
fn comments_and_spacing() {
    let mut text = distinct().to_text().replace("config ", "  config   ");
    text = text.replace(
        "slot 1 0x020 e1e8eff6",
        "slot 1 0x020 E1 E8 # half\nslot 1 0x022 efF6\n\n",
    );
    assert!(Image::from_text(&text).unwrap() == distinct());
}

#[test]
fn made_blank_when_absent() {
    let (_directory, path) = place();
    let first = Chip::open(&path, Some(Revision::Atecc508A))
        .unwrap()
        .image()
        .clone();
    assert_eq!(first.revision(), Revision::Atecc508A);
    let serial = first.serial().0;
    assert_eq!((serial[0], serial[1], serial[8]), (0x01, 0x23, 0xEE));
    assert!(first == Image::blank(Revision::Atecc508A).with_serial(first.serial()));
    // It is the same chip the next time, and another one elsewhere.
    assert!(*Chip::open(&path, None).unwrap().image() == first);
    let other = Chip::open(path.with_extension("other"), None).unwrap();
    assert_eq!(other.revision(), Revision::Atecc608B);
    assert_ne!(other.image().serial(), first.serial());
}

#[test]
fn another_chip_than_asked_for() {
    let (_directory, path) = place();
    drop(Chip::open(&path, Some(Revision::Atecc608A)).unwrap());
    let error = Chip::open(&path, Some(Revision::Atecc508A)).unwrap_err();
    assert!(matches!(
        error,
        OpenError::AnotherChip {
            holds: Revision::Atecc608A,
            asked: Revision::Atecc508A,
            ..
        }
    ));
    let said = error.to_string();
    assert!(
        said.contains("ATECC608A") && said.contains("ATECC508A"),
        "{said}"
    );
}

#[test]
fn one_owner_at_a_time() {
    let (_directory, path) = place();
    let owner = Chip::open(&path, None).unwrap();
    let error = Chip::open(&path, None).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("chip.img"));
    drop(owner);
    Chip::open(&path, None).unwrap();
}

#[test]
fn saving_over_an_open_chip_is_refused() {
    let (_directory, path) = place();
    let owner = Chip::open(&path, None).unwrap();
    assert!(matches!(
        distinct().save(&path),
        Err(OpenError::InUse { .. })
    ));
    drop(owner);
    distinct().save(&path).unwrap();
    assert!(Image::load(&path).unwrap() == distinct());
}

#[test]
fn a_symbolic_link_is_the_same_chip() {
    let (directory, path) = place();
    let link = directory.path().join("link.img");
    std::os::unix::fs::symlink("chip.img", &link).unwrap();
    distinct().save(&path).unwrap();
    let owner = Chip::open(&link, None).unwrap();
    assert!(matches!(
        Chip::open(&path, None),
        Err(OpenError::InUse { .. })
    ));
    write_config_word(&Bus::with_chip(owner));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(Image::load(&path).unwrap().config()[18], 0xA1);
}

/// The lock is not made where a link leads, which another user may have left.
#[test]
fn a_link_in_the_place_of_the_lock_is_refused() {
    let (directory, path) = place();
    let (lock, victim) = (
        path.with_extension("img.lock"),
        directory.path().join("victim"),
    );
    std::os::unix::fs::symlink(&victim, lock).unwrap();
    let error = Chip::open(&path, None).unwrap_err();
    assert!(matches!(error, OpenError::Lock { .. }), "{error:?}");
    assert!(!victim.exists() && !path.exists());
}

#[test]
fn nobody_else_can_read_the_key() {
    let (_directory, path) = place();
    let chip = Chip::open(&path, None).unwrap();
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    write_config_word(&Bus::with_chip(chip));
    assert_eq!(mode(), 0o600);
}

/// Write configuration word 4 := C000A100 and wait for the end of it. The
/// group is one of `bus/golden/atecc608a.txt`.
fn write_config_word(bus: &Bus) {
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    assert!(i2c.write(0x00, &[0x00]).is_err());
    delay.delay_us(1_500);
    let group = [
        0x0B, 0x12, 0x00, 0x04, 0x00, 0xC0, 0x00, 0xA1, 0x00, 0x8F, 0xED,
    ];
    i2c.write(0x60, &[&[0x03], &group[..]].concat()).unwrap();
    delay.delay_us(45_000);
    let mut answer = [0; 4];
    i2c.read(0x60, &mut answer).unwrap();
    assert_eq!(answer, [0x04, 0x00, 0x03, 0x40]);
}

#[test]
fn the_file_follows_the_chip() {
    let (directory, path) = place();
    let bus = Bus::with_chip(Chip::open(&path, None).unwrap());
    write_config_word(&bus);
    let kept = Image::load(&path).unwrap();
    assert_eq!(kept.config()[16..20], [0xC0, 0x00, 0xA1, 0x00]);
    assert!(bus.image(0).unwrap() == kept);
    // Nothing is left behind but the image and its lock.
    let mut names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["chip.img", "chip.img.lock"]);
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let (directory, path) = place();
    distinct().save(&path).unwrap();
    let missing = directory.path().join("missing").join("chip.img");
    assert!(distinct().save(missing).is_err());
    // A directory cannot be replaced by a file.
    let occupied = directory.path().join("occupied");
    fs::create_dir(&occupied).unwrap();
    assert!(matches!(
        distinct().save(&occupied),
        Err(OpenError::Image(ImageFileError::Write { .. }))
    ));
    assert!(!directory.path().join("occupied.tmp").exists());
    assert_eq!(
        Image::load(&path).unwrap().slot(slot(0)),
        distinct().slot(slot(0))
    );
}
