//! `docs/injection.md` says what the code does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::pools::{good, refused};

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/injection.md")
}

/// A table's lines, of cells that are no part of a table themselves.
fn table(head: [&str; 3], rows: impl IntoIterator<Item = [String; 3]>) -> String {
    let line = |cells: [String; 3]| {
        format!(
            "| {} |\n",
            cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
        )
    };
    let mut text = line(head.map(str::to_owned)) + "| --- | --- | --- |\n";
    text.extend(rows.into_iter().map(line));
    text
}

/// All that is ever added, each field once.
fn added() -> String {
    let mut all: Vec<(String, [String; 3])> = Vec::new();
    for case in good() {
        for added in case.inject().unwrap().added {
            // Of each slot it is the same.
            let path = added.path.replace("rtp-udp-0", "rtp-udp-3");
            if all.iter().all(|(there, _)| *there != path) {
                all.push((path.clone(), [format!("`{path}`"), added.what, added.why]));
            }
        }
    }
    // The parts of a template stay together.
    all.sort_by_key(|(path, _)| path.split('[').next().map(str::to_owned));
    table(
        ["field", "for example", "why"],
        all.into_iter().map(|(_, row)| row),
    )
}

/// All that is refused, each field once.
fn refusals() -> String {
    let mut all: BTreeMap<String, [String; 3]> = BTreeMap::new();
    // Those of a wrong type could be of any field.
    for case in refused()
        .iter()
        .filter(|case| !case.name.starts_with("types"))
    {
        for refusal in case.inject().unwrap_err() {
            let row = [format!("`{}`", refusal.path), refusal.why, refusal.fix];
            all.insert(row.concat(), row);
        }
    }
    table(
        ["refused field", "because it", "instead"],
        all.into_values(),
    )
}

/// A page with this instead of the table that has this head.
fn put(page: &str, table: &str) -> String {
    let head = table.lines().next().unwrap();
    let begin = page
        .find(head)
        .unwrap_or_else(|| panic!("the page has no table {head}"));
    let length = page[begin..]
        .find("\n\n")
        .map_or(page.len() - begin, |end| end + 1);
    let mut page = page.to_owned();
    page.replace_range(begin..begin + length, table);
    page
}

#[test]
fn the_tables_of_the_page_are_what_is_added_and_refused() {
    let there = pages::read(&path());
    let page = put(&put(&there, &added()), &refusals());
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
        "docs/injection.md says something else: run `make golden` and look at the difference"
    );
}
