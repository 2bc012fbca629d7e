//! Whole pods, and what is said where there is none.

use std::collections::BTreeSet;

use super::pools::{good, refused, told};

#[test]
fn a_pod_is_the_template_with_what_was_added() {
    for case in good() {
        let injected = case.inject();
        let injected = injected.unwrap_or_else(|refusals| panic!("{}: {refusals:?}", case.name));
        let name = case.name.replace([' ', '\''], "_");
        insta::assert_snapshot!(name, told(&injected));
    }
}

#[test]
fn what_is_in_the_way_is_said_with_its_field_and_the_fix() {
    let mut text = String::new();
    for case in refused() {
        let refusals = case.inject().expect_err(&case.name);
        text.extend([case.name.as_str(), "\n"]);
        for refusal in refusals {
            text.extend(["  ", &refusal.to_string(), "\n"]);
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_field_is_added_once_and_for_a_reason() {
    for case in good() {
        let added = case.inject().unwrap().added;
        let paths: BTreeSet<&str> = added.iter().map(|added| added.path.as_str()).collect();
        assert_eq!(paths.len(), added.len(), "{}", case.name);
        for one in &added {
            let said = [&one.path, &one.what, &one.why].map(|text| !text.is_empty());
            assert_eq!(said, [true; 3], "{}: {one:?}", case.name);
        }
    }
}
