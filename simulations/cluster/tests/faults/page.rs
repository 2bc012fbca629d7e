//! `docs/faults.md` has a row for each fault, and the tests that it names are there.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use cluster::chaos::{Fault, NOT_MODELLED};

/// Where the tests of each kind are, from the root of the repository, and at which level they show something; levels in order.
const PLACES: [(&str, &str, &str); 4] = [
    ("policy/", "scaler/policy/src/tests", "policy"),
    ("api/", "scaler/api/tests", "policy"),
    (
        "faults/",
        "simulations/cluster/tests/faults",
        "virtual cluster",
    ),
    ("laboratory/", "tests/suite/scaler", "laboratory"),
];

/// Levels at which something that is open may be shown.
const LEVELS: [&str; 4] = ["policy", "virtual cluster", "laboratory", "node"];

/// What each row must say: number, result up to its colon or comma, fault.
const ROWS: &str = include_str!("rows.txt");

/// Tests that are not played without a guard, in the order of their rows; `docs/faults.md` says why.
const WITHOUT_GUARD: [&str; 3] = [
    "policy/surroundings::who_else_has_a_say_about_the_bridges_is_told_and_nothing_else",
    "faults/jitsi::f42_a_bridge_of_which_no_drain_is_confirmed_is_not_removed",
    "api/rules::every_rule_is_broken_by_some_bad_pool",
];

/// How many faults there were to begin with; those after them were found on the way.
const GIVEN: usize = 61;

/// What a fault waits for that nothing here can show.
const LATER: &str = "with the schedule";

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

/// What a test says, from its head to its end; nothing when there is no such test.
fn body(test: &str) -> Option<String> {
    let (file, name) = PLACES.iter().find_map(|(kind, place, _)| {
        let (file, name) = test.strip_prefix(kind)?.split_once("::")?;
        Some((root().join(place).join(format!("{file}.rs")), name))
    })?;
    let source = read_to_string(file).ok()?;
    let heads = [
        format!("#[test]\nfn {name}() {{"),
        format!("#[tokio::test(flavor = \"multi_thread\")]\nasync fn {name}()"),
    ];
    let rest = heads.iter().find_map(|head| source.split_once(head));
    let (body, _) = rest?.1.split_once("\n}\n")?;
    Some(body.to_owned())
}

fn is_there(test: &str) -> bool {
    body(test).is_some()
}

/// Whether a test is played once more without something, and wants that to be missed.
fn is_missed(test: &str) -> bool {
    let words = [".needs(Guard::", ".needs_outside(", "Guard::"];
    let words = if test.starts_with("faults/") {
        &words[..2]
    } else {
        &words[2..]
    };
    body(test).is_some_and(|body| words.iter().any(|word| body.contains(word)))
}

/// The levels at which these tests show something.
fn levels(tests: &str) -> Vec<&'static str> {
    let mut levels: Vec<&str> = PLACES
        .iter()
        .filter(|(kind, ..)| code(tests).any(|test| test.starts_with(kind)))
        .map(|(.., level)| *level)
        .collect();
    levels.dedup();
    levels
}

/// What a result is, without the words that explain it.
fn kind(result: &str) -> &str {
    let kinds = ["held, but for", "held", "found and mended", "open"];
    let is = |kind: &&&str| match result.strip_prefix(**kind) {
        Some(rest) => match **kind {
            "held, but for" => rest.starts_with(' ') && rest.contains(" comes with "),
            "found and mended" => rest.len() > 2 && rest.starts_with(": "),
            _ => rest.is_empty(),
        },
        None => false,
    };
    kinds.iter().find(is).copied().unwrap_or("unknown")
}

#[test]
fn rows_say_what_they_are_known_to_say() {
    let page = page();
    let said: Vec<String> = rows(&page)
        .iter()
        .map(|row| format!("{:<4} {:<17} {}", row[0], kind(row[4]), row[1]))
        .collect();
    assert_eq!(
        said,
        ROWS.lines().collect::<Vec<_>>(),
        "docs/faults.md and rows.txt differ: if the fault or its result has changed, change both"
    );
}

#[test]
fn a_fault_that_is_drawn_has_a_row() {
    let page = page();
    let rows = rows(&page);
    for fault in Fault::ALL {
        let number = format!("F{}", fault.number());
        assert!(rows.iter().any(|row| row[0] == number), "{number}");
    }
    for (number, why) in NOT_MODELLED {
        let row = &rows[usize::from(number) - 1];
        assert!(
            !levels(row[2]).contains(&"virtual cluster"),
            "F{number} has scenes, and is said not to be modelled: {why}"
        );
    }
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
        let later = tests.contains(LATER);
        assert!(
            later || code(tests).next().is_some(),
            "{number}: neither tests nor when"
        );
        let open = kind(result) == "open";
        if open {
            assert!(LEVELS.contains(&level), "{number}: {level:?}");
        } else {
            assert_eq!(level, levels(tests).join(", "), "{number}: its level");
        }
        assert_ne!(kind(result), "unknown", "{number}: {result:?}");
        assert!(
            open || !tests.contains(" comes with "),
            "{number}: what comes later belongs to the result, as \"held, but for …\""
        );
        assert_eq!(open, code(tests).next().is_none(), "{number}: {result:?}");
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

#[test]
fn whatever_is_not_played_without_a_guard_is_told_of() {
    let page = page();
    let mut once = Vec::new();
    for row in &rows(&page)[..GIVEN] {
        let scenes = levels(row[2]).contains(&"virtual cluster");
        for test in code(row[2]).filter(|test| !is_missed(test)) {
            // What a scene shows a test of the policy may show once more; what no pool may say, no scene shows.
            let shown = scenes && test.starts_with("policy/");
            if !shown && !test.starts_with("laboratory/") {
                once.push(test);
            }
        }
    }
    assert_eq!(once, WITHOUT_GUARD);
    for test in WITHOUT_GUARD {
        assert!(page.contains(&format!("\n- `{test}`: ")), "{test}: why?");
    }
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let page = page();
    let named = code(&page).filter(|name| PLACES.iter().any(|(kind, ..)| name.starts_with(kind)));
    let missing: Vec<&str> = named
        .filter(|name| name.contains("::") && !name.ends_with('…') && !is_there(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
