//! Good and bad pools for tests: of this crate, and of the laboratory, which holds the API server to the same words.

use serde_json::{Value, json};

use crate::rules::{self, Rule};

/// Pools of `tests/pools/good.yaml`, as YAML documents with `name`, `spec` and perhaps `metadata`.
pub const GOOD: &str = include_str!("../tests/pools/good.yaml");

/// Pools of `tests/pools/bad.yaml`, in the same form.
pub const BAD: &str = include_str!("../tests/pools/bad.yaml");

/// A value at the end of what a rule about a single field allows, and the next one, which it refuses.
#[derive(Clone, Debug)]
pub struct End {
    /// The last that is allowed.
    pub last: Value,
    /// The first that is not.
    pub beyond: Value,
}

/// Where that ends which a rule allows, by its message: the words that an operator reads are what is held against the rule. Empty
/// for a rule about more than one number or duration.
pub fn ends(rule: &Rule) -> Vec<End> {
    let end = |last: Value, beyond: Value| End { last, beyond };
    let whole = rule.message.strip_prefix("must be a whole number from ");
    let whole = whole.and_then(|bounds| bounds.split_once(" to "));
    let whole = whole.and_then(|(least, most)| {
        let number = |text: &str| text.parse::<i64>().ok();
        Some((number(least)?, number(most)?))
    });
    if let Some((least, most)) = whole {
        vec![
            end(json!(least), json!(least - 1)),
            end(json!(most), json!(most + 1)),
        ]
    } else if rule.message.starts_with("must be longer than 0s") {
        vec![end(json!("1ms"), json!("0s"))]
    } else if rule.message.starts_with("must be above 0 and at most 1,") {
        vec![end(json!(0.001), json!(0)), end(json!(1), json!(1.001))]
    } else {
        Vec::new()
    }
}

/// A pool, in the form of [`BAD`], in which a rule's field has this value and what has to go with it is there.
pub fn with(rule: &Rule, value: &Value) -> Value {
    let mut case = json!({ "name": format!("{}: {value}", rule.at) });
    if rule.at.starts_with("spec.slots.") {
        case["spec"] = json!({
            "maxReplicas": 3,
            "drain": { "maxConcurrent": 2 },
            "slots": { "firstPort": 10_000, "count": 9 },
        });
    }
    let mut field = &mut case;
    for name in rule.at.split('.') {
        field = &mut field[name];
    }
    *field = value.clone();
    case
}

/// A pool for each value just beyond what a rule about a single number or duration allows, in the form of [`BAD`].
pub fn beyond() -> impl Iterator<Item = Value> {
    rules::all().flat_map(|rule| {
        let ends = ends(rule).into_iter();
        ends.map(|end| with(rule, &end.beyond))
    })
}

/// The smallest good pool with a case put upon it, as in a JSON merge patch; a `null` removes what is there and stays.
pub fn pool(case: &Value) -> Value {
    let mut pool = json!({
        "apiVersion": "bridgetender.dev/v1alpha1",
        "kind": "BridgePool",
        "metadata": { "name": "jvb", "namespace": "default" },
        "spec": { "template": { "spec": { "containers": [{ "name": "jvb", "image": "jitsi/jvb:stable" }] } } },
    });
    for block in ["metadata", "spec"] {
        if !case[block].is_null() {
            put_upon(&mut pool[block], &case[block]);
        }
    }
    pool
}

fn put_upon(there: &mut Value, case: &Value) {
    match (there, case) {
        (Value::Object(there), Value::Object(case)) => {
            for (name, value) in case {
                put_upon(there.entry(name).or_insert(Value::Null), value);
            }
        }
        (there, case) => *there = case.clone(),
    }
}
