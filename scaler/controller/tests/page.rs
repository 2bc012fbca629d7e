//! `docs/signing.md` says what the code does.

use std::collections::BTreeSet;
use std::path::Path;

use scaler_token::Denied;

#[test]
fn each_reason_for_which_a_token_is_denied_is_explained_once() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/signing.md");
    let page = pages::read(&path);
    let rows = pages::rows(&page, "reason");
    let told: Vec<&str> = rows
        .iter()
        .flat_map(|row| row[0].split(", "))
        .map(|reason| reason.trim_matches('`'))
        .collect();
    let all: BTreeSet<&str> = Denied::ALL.into_iter().map(Denied::label).collect();
    let once: BTreeSet<&str> = told.iter().copied().collect();
    assert_eq!(once, all);
    assert_eq!(told.len(), all.len(), "one of them is told twice");
}
