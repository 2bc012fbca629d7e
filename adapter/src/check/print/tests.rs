//! What an operator sees.

use crate::check::facts::{Asked, By, Condition, Unknown};
use crate::check::judge;
use crate::check::judge::tests::healthy;

use super::*;

/// Much is wrong at once.
fn broken() -> Report {
    let mut facts = healthy();
    facts.services[1].1 = Ok(None);
    facts.rights[0].1 = Ok(false);
    facts.rights[2].1 = Err(Unknown::Forbidden("nobody may".to_owned()));
    let bridges = facts.bridges.as_mut().expect("the healthy have bridges");
    bridges[0].limit = None;
    bridges[1].asked = Asked::Failed {
        class: "timeout",
        text: "no complete answer within the deadline".to_owned(),
        by: By::Address,
    };
    let hpas = facts.autoscalers.as_mut().expect("the healthy have an HPA");
    hpas[0].conditions[2] = Condition {
        kind: "ScalingLimited".to_owned(),
        is_true: true,
        reason: "TooManyReplicas".to_owned(),
        message: "the desired replica count is more than the maximum replica count".to_owned(),
    };
    judge::all(&facts)
}

#[test]
fn a_chain_that_holds_is_a_screen_of_good_news() {
    insta::assert_snapshot!(text(&judge::all(&healthy()), false));
}

#[test]
fn what_is_wrong_is_followed_by_why_and_by_what_mends_it() {
    insta::assert_snapshot!(text(&broken(), false));
}

#[test]
fn a_program_reads_the_same() {
    insta::assert_snapshot!(json(&broken()));
}

#[test]
fn colours_change_nothing_but_colours() {
    let plain = text(&broken(), false);
    let mut stripped = String::new();
    let coloured = text(&broken(), true);
    assert!(coloured.contains("\u{1b}[31merror"), "{coloured:?}");
    for (index, part) in coloured.split('\u{1b}').enumerate() {
        let part = if index == 0 {
            part
        } else {
            part.split_once('m').expect("a sequence ends").1
        };
        stripped.push_str(part);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn without_an_api_server_one_line_says_so() {
    let report = Report::unreachable(&anyhow::anyhow!("nobody answers"));
    assert_eq!(report.exit_code(), 3);
    insta::assert_snapshot!(text(&report, false));
}
