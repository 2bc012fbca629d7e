//! A pod made of a pool's template.

use k8s_openapi::Resource as _;
use scaler_api::BridgePool;
use scaler_injection::{Options, Refusal, inject};
use scaler_policy::Call;
use scaler_policy::world::Pool;
use serde_json::{Map, Value, json};

/// The pod that a creation asks for, as JSON; `None` where the pool has no template. It gets a sidecar of this image where the pool
/// wants one.
///
/// # Errors
/// When the template cannot get it: what is in the way, and what to do.
pub(super) fn pod(pool: &Pool, call: &Call, image: Option<&str>) -> Result<Option<Value>, String> {
    let Call::CreatePod {
        generate_name,
        labels,
        annotations,
        slot,
        owner,
        ..
    } = call
    else {
        return Ok(None);
    };
    if pool.spec.template.is_none() {
        return Ok(None);
    }
    let options = Options { image, slot: *slot };
    let injected = inject(&pool.spec, &options).map_err(|refusals| told(&refusals))?;
    let part = |name: &str| injected.template.get(name).and_then(Value::as_object);
    let mut metadata = part("metadata").cloned().unwrap_or_default();
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
    Ok(Some(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": part("spec"),
    })))
}

/// All refusals in a text.
fn told(refusals: &[Refusal]) -> String {
    let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    refusals.join("; ")
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

#[cfg(test)]
mod tests {
    use scaler_api::cases;

    use super::*;
    use crate::observe;

    fn pool(spec: &Value) -> Pool {
        let metadata =
            json!({ "name": "jvb", "namespace": "jitsi", "uid": "u", "resourceVersion": "1" });
        let object = cases::pool(&json!({ "metadata": metadata, "spec": spec }));
        observe::pool(&serde_json::from_value(object).unwrap()).unwrap()
    }

    fn creation(slot: Option<u32>) -> Call {
        let texts = |key: &str| [(format!("bridgetender.dev/{key}"), "true".to_owned())].into();
        Call::CreatePod {
            creation: "1".to_owned(),
            generate_name: "jvb-".to_owned(),
            labels: texts("protected"),
            annotations: texts("pinned"),
            slot,
            owner: Some(scaler_policy::world::Uid("u".to_owned())),
        }
    }

    #[test]
    fn a_pod_has_the_sidecar_and_what_the_pool_writes() {
        let pool = pool(&json!({}));
        let pod = pod(&pool, &creation(None), Some("sidecar:1"))
            .unwrap()
            .unwrap();
        let init = &pod["spec"]["initContainers"][0];
        assert_eq!(
            (&init["image"], &init["restartPolicy"]),
            (&json!("sidecar:1"), &json!("Always"))
        );
        let annotations = &pod["metadata"]["annotations"];
        assert_eq!(annotations["bridgetender.dev/pinned"], "true");
        assert!(annotations["bridgetender.dev/jvb-conf"].is_string());
        assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], "u");
    }

    #[test]
    fn a_pod_has_the_port_of_its_slot() {
        let slots = json!({
            "maxReplicas": 1, "drain": { "maxConcurrent": 1 }, "update": { "maxSurge": 1 },
            "slots": { "firstPort": 20000, "count": 3 },
        });
        let pod = pod(&pool(&slots), &creation(Some(2)), Some("sidecar:1"))
            .unwrap()
            .unwrap();
        assert_eq!(
            pod["spec"]["containers"][0]["ports"][0]["containerPort"],
            20_002
        );
    }

    #[test]
    fn without_a_sidecar_a_pod_is_the_template_with_a_grace_period() {
        for image in [None, Some("sidecar:1")] {
            let pod = pod(&pool(&json!({ "sidecar": "none" })), &creation(None), image);
            let expected = json!({
                "containers": [{ "name": "jvb", "image": "jitsi/jvb:stable" }],
                "terminationGracePeriodSeconds": 300,
            });
            assert_eq!(pod.unwrap().unwrap()["spec"], expected);
        }
    }

    #[test]
    fn a_sidecar_without_an_image_is_said_with_the_flag() {
        let refused = pod(&pool(&json!({})), &creation(None), None).unwrap_err();
        assert!(refused.contains("--sidecar-image"), "{refused}");
    }
}
