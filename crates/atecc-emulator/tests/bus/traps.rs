//! What emulators of these chips tend to get wrong: `docs/sources.md` has the
//! rules and where they come from. Each has a test here, in the unit tests of
//! the command that it is about, or in the files beside this one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Not about the chip.
const ELSEWHERE: [u32; 1] = [46];

/// Number and source of each row of the table, which has four columns.
fn listed(page: &str) -> Vec<(u32, &str)> {
    page.lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [number, _, _, source] = cells[..] else {
                return None;
            };
            Some((number.parse().ok()?, source))
        })
        .collect()
}

/// The numbers in the names of functions: `trap_07_..`, `traps_10_27_..`.
fn numbers(source: &str) -> impl Iterator<Item = u32> {
    source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("fn trap"))
        .flat_map(|name| {
            name.split('_').map_while(|part| match part {
                "" | "s" => Some(None),
                part => part.parse().ok().map(Some),
            })
        })
        .flatten()
}

fn collect(folder: &Path, found: &mut BTreeSet<u32>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(numbers(&fs::read_to_string(&path).expect("a source file")));
        }
    }
}

#[test]
fn every_trap_has_a_source_and_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::from(ELSEWHERE);
    collect(&root.join("src"), &mut found);
    collect(&root.join("tests"), &mut found);
    let page = fs::read_to_string(root.join("../../docs/sources.md")).expect("the list of traps");
    let listed = listed(&page);
    assert_eq!(listed.len(), 46, "rows of the table");
    for (number, source) in &listed {
        assert!(!source.is_empty(), "trap {number} has no source");
    }
    assert_eq!(
        found,
        listed.into_iter().map(|(number, _)| number).collect()
    );
}
