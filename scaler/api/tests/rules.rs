//! Good pools are read, bad ones are refused with words that say the fix.

use scaler_api::rules::{self, Rule};
use scaler_api::{BridgePool, BridgePoolSpec, Problem, cases, read};
use serde_json::{Value, json};

fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).expect("the cases are YAML")
}

#[test]
fn a_good_pool_is_read() {
    for case in documents(cases::GOOD) {
        let pool = read(cases::pool(&case));
        assert!(pool.is_ok(), "{}: {}", case["name"], pool.unwrap_err());
    }
}

/// All bad pools.
fn bad() -> Vec<Value> {
    let mut bad = documents(cases::BAD);
    bad.extend(cases::beyond());
    bad
}

#[test]
fn a_bad_pool_is_refused_with_the_fix() {
    let mut told = String::new();
    for case in bad() {
        let name = case["name"].as_str().unwrap();
        let problems = read(cases::pool(&case)).expect_err(name);
        let problems = problems.to_string().replace('\n', "\n  ");
        told.extend([name, "\n  ", &problems, "\n"]);
    }
    insta::assert_snapshot!(told);
}

/// Whether a pool breaks a rule, at the rule's own field.
fn breaks(case: &Value, rule: &Rule) -> bool {
    let problems = read(cases::pool(case)).err();
    let problems = problems.iter().flat_map(|problems| &problems.0);
    let same = |problem: &Problem| problem.at == rule.at && problem.message == rule.message;
    problems.into_iter().any(same)
}

#[test]
fn every_rule_is_broken_by_some_bad_pool() {
    let bad = bad();
    for rule in rules::all() {
        let broken = bad.iter().any(|case| breaks(case, rule));
        assert!(broken, "{}: {}", rule.at, rule.message);
    }
}

#[test]
fn a_range_ends_where_its_message_says() {
    for rule in rules::all() {
        let ends = cases::ends(rule);
        let ranges = [
            "must be a whole number",
            "must be longer than",
            "must be above",
        ];
        let of_one_value = ranges.iter().any(|start| rule.message.starts_with(start));
        assert_ne!(ends.is_empty(), of_one_value, "{}", rule.at);
        for cases::End { last, beyond } in ends {
            let [last, beyond] = [last, beyond].map(|value| cases::with(rule, &value));
            assert!(!breaks(&last, rule), "{last} is refused: {}", rule.message);
            assert!(breaks(&beyond, rule), "{beyond} passes: {}", rule.message);
        }
    }
}

#[test]
fn what_is_left_out_is_the_default() {
    let pool = read(cases::pool(&json!({}))).unwrap();
    let defaults = BridgePoolSpec {
        template: pool.spec.template.clone(),
        ..BridgePoolSpec::default()
    };
    assert_eq!(pool.spec, defaults);
}

#[test]
fn a_field_of_tomorrow_survives_in_the_template() {
    let tomorrow = json!({ "spec": { "template": { "spec": { "resizePolicyOfTomorrow": [{ "deep": null }] } } } });
    let written = cases::pool(&tomorrow);
    let pool = read(written.clone()).unwrap();
    let again: BridgePool = serde_json::from_value(serde_json::to_value(&pool).unwrap()).unwrap();
    assert_eq!(
        serde_json::to_value(&again).unwrap()["spec"]["template"],
        written["spec"]["template"]
    );
}

#[test]
fn another_kind_is_no_pool() {
    let mut other = cases::pool(&json!({}));
    other["kind"] = json!("Deployment");
    let problems = read(other).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "kind: must be BridgePool, is \"Deployment\""
    );
}

#[test]
fn no_json_makes_reading_fail() {
    for value in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!({ "apiVersion": [], "kind": {} }),
    ] {
        assert!(read(value).is_err());
    }
}
