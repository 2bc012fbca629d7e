//! The cluster's objects as the policy knows them.

use kube::api::DynamicObject;
use ring::digest::{SHA256, digest};
use scaler_api::spec::Template;
use scaler_api::{BridgePool, Problems, read};
use scaler_policy::observe::{self, Missing};
use scaler_policy::world::Pool;
use serde_json::Value;

/// A pool that this version cannot act upon; it is left alone.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Its spec is none that this version knows.
    #[error("{}", .0.to_string().replace('\n', "; "))]
    Spec(#[from] Problems),
    /// The API server told too little of it.
    #[error(transparent)]
    Missing(#[from] Missing),
}

/// A pool.
///
/// # Errors
/// When it is none that this version understands: one of a newer version, or one that the rules do not allow.
pub(crate) fn pool(object: &DynamicObject) -> Result<Pool, Unreadable> {
    let pool = read(value(object))?;
    let revision = pool
        .spec
        .template
        .as_ref()
        .map(revision)
        .unwrap_or_default();
    Ok(observe::pool(pool, revision)?)
}

/// The object as JSON: an object in a list may come without its kind.
fn value(object: &DynamicObject) -> Value {
    let mut value = object.data.clone();
    if let Value::Object(fields) = &mut value {
        let api_version = <BridgePool as k8s_openapi::Resource>::API_VERSION;
        let kind = <BridgePool as k8s_openapi::Resource>::KIND;
        fields.insert("apiVersion".to_owned(), api_version.into());
        fields.insert("kind".to_owned(), kind.into());
        fields.insert(
            "metadata".to_owned(),
            serde_json::to_value(&object.metadata).unwrap_or_default(),
        );
    }
    value
}

/// The revision of a template: the same for the same template, whatever the order of its fields.
fn revision(template: &Template) -> String {
    use std::fmt::Write as _;
    /// Enough to tell a pool's revisions apart, and a label that people can read out.
    const BYTES: usize = 5;
    let text = serde_json::to_vec(template).unwrap_or_default();
    let mut name = String::new();
    for byte in &digest(&SHA256, &text).as_ref()[..BYTES] {
        // A string takes whatever is written to it.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use scaler_api::cases;
    use serde_json::json;

    use super::*;

    fn object(change: &Value) -> DynamicObject {
        let mut object = cases::pool(change);
        object["metadata"]["uid"] = "u".into();
        object["metadata"]["namespace"] = "jitsi".into();
        object["metadata"]["resourceVersion"] = "1".into();
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn a_pool_is_read_with_its_defaults() {
        let pool = pool(&object(&json!({"spec": {"replicas": 4}}))).unwrap();
        assert_eq!((pool.spec.replicas, pool.spec.min_active), (4, 1));
        assert_eq!(pool.revision.len(), 10);
    }

    #[test]
    fn a_revision_is_of_the_template_alone_and_of_no_order() {
        let of = |text: &str| revision(&Template(serde_json::from_str(text).unwrap()));
        let template = of(r#"{"spec":{"a":1,"b":2}}"#);
        assert_eq!(template, of(r#"{"spec":{"b":2,"a":1}}"#));
        assert_ne!(template, of(r#"{"spec":{"a":1,"b":3}}"#));
        let scaled = |replicas: u32| {
            let object = object(&json!({"spec": {"replicas": replicas}}));
            pool(&object).unwrap().revision
        };
        assert_eq!(scaled(1), scaled(2));
    }

    #[test]
    fn a_pool_that_is_not_understood_says_why() {
        let error = pool(&object(
            &json!({"spec": {"drain": {"onDeadline": "Freeze"}}}),
        ))
        .unwrap_err();
        assert!(
            error.to_string().contains("spec.drain.onDeadline"),
            "{error}"
        );
    }
}
