//! `docs/policy.md` says what the code does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use scaler_policy::{Guard, Invariant, Transition, life};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn path() -> PathBuf {
    root().join("docs/policy.md")
}

const BEGIN: &str = "```mermaid\n";
const END: &str = "```\n";

#[test]
fn the_drawings_are_those_that_the_tables_make() {
    let mut page = pages::read(&path());
    let there = page.clone();
    let mut behind = 0;
    for drawn in [life::drawing(), life::drawing_of_happenings()] {
        let begin = behind + page[behind..].find(BEGIN).expect("a drawing") + BEGIN.len();
        let end = begin + page[begin..].find(END).expect("the drawing's end");
        page.replace_range(begin..end, &drawn);
        behind = begin + drawn.len() + END.len();
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "`make golden` asks for new files by it, of insta and of this test"
    )]
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(path(), page).unwrap();
        return;
    }
    assert!(
        there == page,
        "docs/policy.md draws something else: run `make golden` and look at the difference"
    );
}

#[test]
fn every_transition_is_told_with_the_states_between_which_it_leads() {
    let page = pages::read(&path());
    let rows = pages::rows(&page, "transition");
    let told: Vec<&str> = rows.iter().map(|row| row[0].trim_matches('*')).collect();
    let all: BTreeSet<String> = Transition::ALL.into_iter().map(life::name).collect();
    let once: BTreeSet<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(once, all);
    assert_eq!(told.len(), all.len(), "one of them is told twice");
    for by in Transition::ALL {
        let row = rows
            .iter()
            .find(|row| row[0].trim_matches('*') == life::name(by))
            .unwrap();
        let between = life::told(by);
        let expected = if between.is_empty() {
            "stays"
        } else {
            &between
        };
        assert_eq!(row[1], expected, "{by:?}");
        assert_eq!(row.len(), 5, "{by:?}: {row:?}");
    }
}

#[test]
fn every_invariant_is_told_in_its_words_with_tests_that_exist() {
    let page = pages::read(&path());
    let rows = pages::rows(&page, "invariant");
    let folders = ["scaler/policy/src/tests", "simulations/cluster/tests"];
    let folders = folders.map(|folder| root().join(folder));
    assert_eq!(rows.len(), Invariant::ALL.len());
    for (row, invariant) in rows.iter().zip(Invariant::ALL) {
        assert_eq!(row[0], format!("**{invariant:?}**"));
        assert_eq!(row[1].to_lowercase(), invariant.words().to_lowercase());
        let missing: Vec<&str> = pages::names(row[2])
            .filter(|name| !pages::is_test(&folders, name))
            .collect();
        assert!(
            missing.is_empty(),
            "{invariant:?}: no such tests: {missing:#?}"
        );
    }
}

#[test]
fn every_guard_is_told_where_it_holds_something_back() {
    let page = pages::read(&path());
    let rows = pages::rows(&page, "transition");
    let held_back = rows.iter().flat_map(|row| row[3].split(", "));
    let guards: BTreeSet<String> = Guard::ALL
        .iter()
        .map(|guard| format!("`{guard:?}`"))
        .collect();
    for word in held_back.filter(|word| word.starts_with('`')) {
        assert!(guards.contains(word), "{word} is no guard");
    }
    let untold: Vec<&String> = guards
        .iter()
        .filter(|guard| !page.contains(guard.as_str()))
        .collect();
    assert_eq!(untold, Vec::<&String>::new());
}
