//! `docs/quirks.md` names tests that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of each line of a table, without heads and rules.
fn lines(page: &str) -> Vec<Vec<&str>> {
    let lines = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let lines = lines.filter(|line| !line.starts_with("---") && !line.starts_with("what it does"));
    lines.map(|line| line.split(" | ").collect()).collect()
}

/// The names of the tests in a file: functions right behind their attribute.
fn tests(source: &str) -> BTreeSet<&str> {
    let mut lines = source.lines().map(str::trim);
    let mut tests = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line == "#[test]" {
            let name = lines
                .next()
                .and_then(|line| line.strip_prefix("fn ")?.split_once('('));
            tests.extend(name.map(|(name, _)| name));
        }
    }
    tests
}

/// Where a test named `file::test` is: among the tests, or else beside what it tests.
fn file(name: &str) -> Option<PathBuf> {
    let folders = [root().join("tests"), root().join("src")];
    let files = folders.map(|folder| folder.join(format!("{name}.rs")));
    files.into_iter().find(|file| file.exists())
}

#[test]
fn every_quirk_tells_where_it_is_known_from_and_which_tests_hold_it() {
    let page = read(&root().join("../docs/quirks.md"));
    let lines = lines(&page);
    assert!(lines.len() > 80, "{} quirks", lines.len());
    let mut missing = Vec::new();
    let mut quirks = BTreeSet::new();
    for line in &lines {
        let [quirk, source, held_by] = line[..] else {
            panic!("three cells: {line:?}")
        };
        assert!(quirks.insert(quirk), "twice: {quirk}");
        assert!(!source.is_empty(), "{quirk}: known from nowhere");
        for name in held_by.split("<br>") {
            let name = name.trim_matches('`');
            let (file, test) = name
                .split_once("::")
                .unwrap_or_else(|| panic!("{quirk}: {name}"));
            let source = self::file(file).map(|file| read(&file));
            if !source.is_some_and(|source| tests(&source).contains(test)) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn every_recording_that_a_quirk_is_known_from_exists() {
    let page = read(&root().join("../docs/quirks.md"));
    let mut seen = 0;
    for line in lines(&page) {
        let recorded = line[1]
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
