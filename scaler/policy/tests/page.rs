//! `docs/policy.md` says what the code does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use scaler_policy::{Criterion, Excluded, Guard, Invariant, RescueKey, Transition, Unfit, life};

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
fn what_goes_on_in_a_paused_pool_is_told_and_what_rests_there_is_held_back_by_its_guard() {
    let page = pages::read(&path());
    let (on, rest): (Vec<Transition>, Vec<Transition>) = Transition::ALL
        .into_iter()
        .partition(|by| life::goes_on_while_paused(*by));
    let told = paragraph(&page, "Every write names").join(" ");
    let list = told
        .split_once("kept up: ")
        .and_then(|(_, rest)| rest.split_once(" go on"))
        .expect("what goes on")
        .0;
    let named: BTreeSet<String> = list.split(", ").map(ToOwned::to_owned).collect();
    assert_eq!(named, on.into_iter().map(life::name).collect());
    let rows = pages::rows(&page, "transition");
    let held_back: BTreeSet<String> = rows
        .iter()
        .filter(|row| row[3].contains("`Paused`"))
        .map(|row| row[0].trim_matches('*').to_owned())
        .collect();
    assert_eq!(held_back, rest.into_iter().map(life::name).collect());
}

#[test]
fn nothing_is_told_to_hold_something_back_that_is_no_guard() {
    let page = pages::read(&path());
    let rows = pages::rows(&page, "transition");
    let told: BTreeSet<String> = rows.iter().flat_map(|row| names(row[3])).collect();
    let guards = Guard::ALL
        .iter()
        .map(|guard| format!("{guard:?}"))
        .collect();
    let unknown: Vec<&String> = told.difference(&guards).collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

/// The paragraph of a page that begins like this, in one line.
fn paragraph<'a>(page: &'a str, begin: &str) -> Vec<&'a str> {
    let from = page.find(begin).expect("such a paragraph");
    let rest = &page[from..];
    rest[..rest.find("\n\n").expect("its end")]
        .split_whitespace()
        .collect()
}

/// The names in a text that stand between backticks and begin with a capital letter.
fn names(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter(|name| name.starts_with(char::is_uppercase))
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_orders_are_told_as_the_keys_compare_and_all_reasons_against_one_are_named() {
    let page = pages::read(&path());
    let words = Criterion::ALL.map(Criterion::words).join("; ");
    let orders = [
        (
            "**Drained first**",
            format!("**Drained first**, the first difference decides: {words}."),
            Excluded::ALL.map(|why| format!("{why:?}")).into(),
        ),
        (
            "**Taken back first**",
            format!("**Taken back first**: {}.", RescueKey::WORDS.join("; ")),
            Unfit::ALL.map(|why| format!("{why:?}")).into(),
        ),
    ];
    for (begin, order, reasons) in orders {
        let told = paragraph(&page, begin).join(" ");
        assert!(told.starts_with(&order), "{told}\n\nand not: {order}");
        let named: BTreeSet<String> = names(&told);
        assert_eq!(named, reasons, "{begin}");
    }
}
