//! Good and bad pools for tests: of this crate, and of the laboratory, which holds the API server to the same words.

use serde_json::{Value, json};

/// Pools of `tests/pools/good.yaml`, as YAML documents with `name`, `spec` and perhaps `metadata`.
pub const GOOD: &str = include_str!("../tests/pools/good.yaml");

/// Pools of `tests/pools/bad.yaml`, in the same form.
pub const BAD: &str = include_str!("../tests/pools/bad.yaml");

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
