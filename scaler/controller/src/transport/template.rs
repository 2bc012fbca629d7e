//! A pod made of a pool's template.

use k8s_openapi::Resource as _;
use scaler_api::BridgePool;
use scaler_policy::Call;
use scaler_policy::world::Pool;
use serde_json::{Map, Value, json};

/// How long a bridge that somebody else deletes may take to have its people moved, where the template does not say.
const GRACE_SECONDS: u32 = 300;

/// The pod that a creation asks for, as JSON; `None` where the pool has no template.
pub(super) fn pod(pool: &Pool, call: &Call) -> Option<Value> {
    let Call::CreatePod {
        generate_name,
        labels,
        annotations,
        owner,
        ..
    } = call
    else {
        return None;
    };
    let template = pool.spec.template.as_ref()?;
    let mut metadata = template
        .0
        .get("metadata")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    metadata.remove("name");
    metadata.insert("generateName".to_owned(), json!(generate_name));
    metadata.insert("namespace".to_owned(), json!(pool.namespace));
    // What the pool writes comes last: a template cannot take a bridge's protection away.
    add(&mut metadata, "labels", labels);
    add(&mut metadata, "annotations", annotations);
    if let Some(owner) = owner {
        // blockOwnerDeletion stays unset: a pool that is deleted in the foreground would lose its pods before they are drained.
        let owner = json!([{
            "apiVersion": BridgePool::API_VERSION,
            "kind": BridgePool::KIND,
            "name": pool.name,
            "uid": owner,
            "controller": true,
        }]);
        metadata.insert("ownerReferences".to_owned(), owner);
    }
    let mut spec = template.spec()?.clone();
    spec.entry("terminationGracePeriodSeconds")
        .or_insert(json!(GRACE_SECONDS));
    Some(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": spec,
    }))
}

fn add<'a>(
    metadata: &mut Map<String, Value>,
    kind: &str,
    texts: impl IntoIterator<Item = (&'a String, &'a String)>,
) {
    let there = metadata.entry(kind).or_insert_with(|| json!({}));
    if !there.is_object() {
        *there = json!({});
    }
    if let Value::Object(there) = there {
        there.extend(
            texts
                .into_iter()
                .map(|(key, text)| (key.clone(), json!(text))),
        );
    }
}
