//! `docs/faults.md` has a row for each fault, and the tests that it names are there.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Where the tests of each kind are, from the root of the repository.
const PLACES: [(&str, &str); 4] = [
    ("faults/", "simulations/cluster/tests/faults"),
    ("policy/", "scaler/policy/src/tests"),
    ("api/", "scaler/api/tests"),
    ("laboratory/", "tests/suite/scaler"),
];

/// What a fault waits for that nothing here can show.
const LATER: [&str; 3] = ["with the sidecar", "with the schedule", "on a real node"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    read_to_string(root().join("docs/faults.md")).expect("docs/faults.md")
}

/// The cells of each row, the number of the fault first.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let rows = page.lines().filter(|line| line.starts_with("| F"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// What stands in a cell as code.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn is_there(test: &str) -> bool {
    let place = PLACES.iter().find_map(|(kind, place)| {
        let (file, name) = test.strip_prefix(kind)?.split_once("::")?;
        Some((root().join(place).join(format!("{file}.rs")), name))
    });
    place.is_some_and(|(file, name)| {
        let heads = [
            format!("#[test]\nfn {name}() {{"),
            format!("#[tokio::test(flavor = \"multi_thread\")]\nasync fn {name}()"),
        ];
        read_to_string(file).is_ok_and(|source| heads.iter().any(|head| source.contains(head)))
    })
}

#[test]
fn every_fault_has_its_row_with_tests_that_exist_and_a_result() {
    let page = page();
    let rows = rows(&page);
    let numbers: Vec<String> = rows.iter().map(|row| row[0].to_owned()).collect();
    let all: Vec<String> = (1..=66).map(|number| format!("F{number}")).collect();
    assert_eq!(numbers, all);
    for row in &rows {
        let [number, fault, tests, level, result] = row[..] else {
            panic!("five cells: {row:?}")
        };
        assert!(!fault.is_empty(), "{number}: which fault?");
        let missing: Vec<&str> = code(tests).filter(|test| !is_there(test)).collect();
        assert!(missing.is_empty(), "{number}: no such tests: {missing:?}");
        let later = LATER.iter().any(|later| tests.contains(later));
        assert!(
            later || code(tests).next().is_some(),
            "{number}: neither tests nor when"
        );
        for level in level.split(", ") {
            let known = ["policy", "virtual cluster", "laboratory", "node"];
            assert!(known.contains(&level), "{number}: {level:?}");
        }
        let known = ["held", "found and mended: ", "open"];
        assert!(
            known.iter().any(|known| result.starts_with(known)),
            "{number}: {result:?}"
        );
        assert_eq!(
            result == "open",
            code(tests).next().is_none(),
            "{number}: {result:?}"
        );
    }
}

#[test]
fn every_scene_is_in_the_row_of_its_fault() {
    let page = page();
    let rows = rows(&page);
    let folder = root().join("simulations/cluster/tests/faults");
    let mut seen = 0;
    for entry in folder.read_dir().expect("the folder of the faults") {
        let path = entry.expect("an entry").path();
        let source = read_to_string(&path).expect("a source");
        let file = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let scenes = source
            .lines()
            .filter_map(|line| line.strip_prefix("fn f")?.split_once("() {"));
        for (name, _) in scenes {
            let Ok(number) = name.split('_').next().unwrap_or_default().parse::<usize>() else {
                continue;
            };
            let test = format!("faults/{file}::f{name}");
            let row = number.checked_sub(1).and_then(|place| rows.get(place));
            let named = row.is_some_and(|row| code(row[2]).any(|one| one == test));
            assert!(named, "{test} is not in the row of F{number}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} scenes");
}
