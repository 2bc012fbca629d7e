//! Good pools are read, bad ones are refused with words that say the fix.

use scaler_api::{BridgePool, BridgePoolSpec, cases, read, rules};
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

#[test]
fn a_bad_pool_is_refused_with_the_fix() {
    let mut told = String::new();
    for case in documents(cases::BAD) {
        let name = case["name"].as_str().unwrap();
        let problems = read(cases::pool(&case)).expect_err(name);
        let problems = problems.to_string().replace('\n', "\n  ");
        told.extend([name, "\n  ", &problems, "\n"]);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn every_rule_is_broken_by_some_bad_pool() {
    let problems: Vec<_> = documents(cases::BAD)
        .iter()
        .filter_map(|case| read(cases::pool(case)).err())
        .flat_map(|problems| problems.0)
        .collect();
    // Rules that say the same of many fields need not be broken at each.
    for rule in rules::all() {
        let broken = problems
            .iter()
            .any(|problem| problem.message == rule.message);
        let general = ["must be longer than 0s", "must be a whole number"];
        let excused = general.iter().any(|start| rule.message.starts_with(start));
        assert!(broken || excused, "{}: {}", rule.at, rule.message);
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
