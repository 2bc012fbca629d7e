//! The bodies of patches.

use serde_json::{Map, Value, json};

/// Labels or annotations as a merge patch: `null` takes one away.
pub(super) fn texts(texts: Vec<(&'static str, Option<String>)>) -> Value {
    let texts = texts
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.map_or(Value::Null, Value::String)));
    Value::Object(texts.collect::<Map<_, _>>())
}

/// Only what differs from what is there.
pub(super) fn difference(
    before: &[(&'static str, Option<String>)],
    after: Vec<(&'static str, Option<String>)>,
) -> Vec<(&'static str, Option<String>)> {
    after
        .into_iter()
        .filter(|text| !before.contains(text))
        .collect()
}

/// The metadata of a patch that holds for this object alone: of this UID, and of this version where one is given.
pub(super) fn metadata(uid: &str, resource_version: Option<&str>) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert("uid".to_owned(), json!(uid));
    if let Some(version) = resource_version {
        metadata.insert("resourceVersion".to_owned(), json!(version));
    }
    metadata
}
