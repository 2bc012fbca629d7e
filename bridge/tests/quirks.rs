//! `docs/quirks.md` names tests that exist.

use std::collections::BTreeSet;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    pages::read(&root().join("../docs/quirks.md"))
}

#[test]
fn every_quirk_tells_where_it_is_known_from_and_which_tests_hold_it() {
    let page = page();
    let rows = pages::rows(&page, "what it does");
    assert!(rows.len() > 80, "{} quirks", rows.len());
    // Among the tests, or else beside what they test.
    let folders = [root().join("tests"), root().join("src")];
    let mut missing = Vec::new();
    let mut quirks = BTreeSet::new();
    for row in &rows {
        let [quirk, source, held_by] = row[..] else {
            panic!("three cells: {row:?}")
        };
        assert!(quirks.insert(quirk), "twice: {quirk}");
        assert!(!source.is_empty(), "{quirk}: known from nowhere");
        missing.extend(pages::names(held_by).filter(|name| !pages::is_test(&folders, name)));
    }
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn every_recording_that_a_quirk_is_known_from_exists() {
    let page = page();
    let mut seen = 0;
    for row in pages::rows(&page, "what it does") {
        let recorded = row[1]
            .split("; ")
            .filter_map(|source| source.strip_prefix("recorded: "));
        for folder in recorded.flat_map(|folders| folders.split(", ")) {
            // Behind the folder the names of its scenes, such as `6-conference A1`.
            let Some(folder) = folder.split(' ').next().filter(|name| name.contains('-')) else {
                continue;
            };
            assert!(
                root().join("tests/recorded").join(folder).is_dir(),
                "{folder}"
            );
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} recordings");
}
