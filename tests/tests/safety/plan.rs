//! What a plan says of itself: no two plans that do different things have one
//! digest.

use nerves_key_provision::Step;
use nerves_key_schema::Layout;
use tests_fault_sweep::SETUPS;

use crate::tampered::{blank, plan};

/// Each line names its place, so that the same bytes for another slot are
/// another line.
#[test]
fn the_place_of_each_write_is_in_the_digest() {
    for setup in SETUPS {
        let (bus, station) = blank(setup);
        let plan = plan(&bus, &station);
        let text = plan.canonical();
        let mut lines: Vec<_> = text.lines().skip(4).collect();
        assert_eq!(lines.len(), plan.steps().len(), "{setup}");
        for (line, step) in lines.iter().zip(plan.steps()) {
            let words: Vec<_> = line.split(' ').collect();
            let place = match step {
                Step::WriteSlot(slot) | Step::WriteSecret(slot) | Step::LockSlot(slot) => {
                    slot.index().to_string()
                }
                Step::LockConfig { crc } => format!("{crc:04X}"),
                Step::WriteConfig(_) => {
                    assert!(words[1].starts_with("word-") || words[1].starts_with("block-"));
                    continue;
                }
                _ => continue,
            };
            assert_eq!(words[1], place, "{setup}: {line}");
        }
        let places = |kind: &str| lines.iter().filter(|line| line.starts_with(kind)).count();
        assert_eq!(places("write-slot") + places("write-secret"), 15, "{setup}");
        // Of a part's own zone words 4 to 7 and blocks 1 and 3 change; in the volatile
        // layout also the word of VolatileKeyPermission, byte 69.
        let changed = match setup.layout {
            Layout::Standard => 6,
            Layout::Volatile => 7,
        };
        assert_eq!(places("write-config"), changed, "{setup}");
        // Writes and locks: no line is there twice.
        lines.retain(|line| line.starts_with("write") || line.starts_with("lock"));
        let all = lines.len();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), all, "{setup}");
    }
}
