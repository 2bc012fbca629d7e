//! Pages of `docs/` that say what tests hold, read, so that a test can compare them with what there is; and [`measured`] ones,
//! which benchmarks write.

pub mod machine;
pub mod measured;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file as text.
///
/// # Panics
/// When it cannot be read: the test that wants it fails with its name.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of each line of the tables of a page whose first column is called `head`, without the heads themselves.
pub fn rows<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let cells = |line: &'a str| {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        Some(line.split(" | ").collect::<Vec<_>>())
    };
    let mut rows = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match cells(line) {
            None => inside = false,
            Some(cells) if cells[0] == head => inside = true,
            Some(cells) if inside && !cells[0].starts_with("---") => rows.push(cells),
            Some(_) => {}
        }
    }
    rows
}

/// The tests of a cell of their names: `` `file::one`<br>`file::other` ``.
pub fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split("<br>").map(|name| name.trim_matches('`'))
}

/// Whether a name like `file::test` is that of a test in one of these folders.
pub fn is_test(folders: &[PathBuf], name: &str) -> bool {
    let Some((file, test)) = name.split_once("::") else {
        return false;
    };
    let files = folders
        .iter()
        .map(|folder| folder.join(format!("{file}.rs")));
    let source = files
        .filter(|file| file.exists())
        .map(|file| read(&file))
        .next();
    source.is_some_and(|source| tests(&source).contains(test))
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

#[cfg(test)]
mod check {
    use super::*;

    #[test]
    fn only_rows_of_the_table_that_is_meant_are_read() {
        let page = "| what | held by |\n| --- | --- |\n| one | `a::b`<br>`c::d` |\n\n| other |\n| --- |\n| two |\n";
        assert_eq!(rows(page, "what"), [["one", "`a::b`<br>`c::d`"]]);
        assert_eq!(rows(page, "other"), [["two"]]);
        let tests: Vec<&str> = names("`a::b`<br>`c::d`").collect();
        assert_eq!(tests, ["a::b", "c::d"]);
    }

    #[test]
    fn a_test_is_a_function_behind_its_attribute() {
        let source = "fn helper() {}\n    #[test]\n    fn it_is(stage in any()) {}\n#[test]\nfn so_is_this() {}\n";
        assert_eq!(tests(source), ["it_is", "so_is_this"].into());
        let here = [PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        assert!(is_test(
            &here,
            "lib::a_test_is_a_function_behind_its_attribute"
        ));
        assert!(!is_test(&here, "lib::rows"));
        assert!(!is_test(
            &here,
            "nowhere::a_test_is_a_function_behind_its_attribute"
        ));
    }
}
