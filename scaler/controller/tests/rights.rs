//! What operators are told to let the controller do.

use serde_json::Value;

const EVERYWHERE: &str = include_str!("../rbac.yaml");
const IN_ONE: &str = include_str!("../rbac-namespaced.yaml");

/// The rules of each role of a file, by the role's name.
fn rules(file: &str) -> Vec<(Value, Value)> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(file).expect("YAML");
    let roles = objects
        .into_iter()
        .filter(|object| object.get("rules").is_some());
    roles
        .map(|role| (role["metadata"]["name"].clone(), role["rules"].clone()))
        .collect()
}

#[test]
fn a_controller_of_one_namespace_may_do_there_what_one_of_all_may_do_everywhere() {
    assert_eq!(rules(EVERYWHERE), rules(IN_ONE));
    assert!(!IN_ONE.contains("kind: Cluster"));
}
